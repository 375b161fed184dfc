"""A profile as the values of a form's fields, and back: nothing is lost either way."""

from __future__ import annotations

__all__ = ["from_profile", "problems", "to_profile"]

import json
from typing import TYPE_CHECKING, Any, Final

from gateway_workbook.document import Document
from gateway_workbook.field import Values, lines
from gateway_workbook.profile import IDENTITY_AUDIENCE, Profile
from gateway_workbook.profile_fields import PROFILE_FIELDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Fields of the form that stand for something else in a profile.
_OF_FORM: Final = ("place", "headerName", "headerFormat", "discovery", "target")
_FIELD_OF: Final = {"authConfig.name": "headerName", "authConfig.format": "headerFormat"}
_BY_NAME: Final = {field.name: field for field in PROFILE_FIELDS}


def from_profile(profile: Profile) -> dict[str, Any]:
    """What the form's fields hold for a profile; every field has a value."""
    data = profile.to_data()
    config = data.get("authConfig") or {}
    empty = {"lines": "", "switch": False}
    values = {field.name: data.get(field.name, empty.get(field.kind, "")) for field in PROFILE_FIELDS}
    return values | {
        "place": "api" if profile.apim_resource_id else "url",
        "connectionScope": profile.connection_scope,
        "deploymentInPath": profile.deployment_in_path,
        "deploymentProvider": profile.deployment_provider or "OpenAI",
        "audience": profile.audience or IDENTITY_AUDIENCE,
        "headerName": config.get("name", ""),
        "headerFormat": config.get("format", "{api_key}") if config else "Bearer {api_key}",
        "scopes": "\n".join(profile.scopes),
        "customHeaders": "\n".join(f"{name}: {value}" for name, value in profile.custom_headers.items()),
        "discovery": _discovery(profile),
        "staticModels": "\n".join(map(_line, data.get("staticModels", ()))),
    }


def _discovery(profile: Profile) -> str:
    if profile.static_models:
        return "static"
    return "endpoints" if profile.list_models_endpoint else "defaults"


def to_profile(values: Values) -> dict[str, Any]:
    """The profile's data that the fields mean; what does not apply is left out."""
    data = {
        name: values[name]
        for name, field in _BY_NAME.items()
        if name not in _OF_FORM and field.applies(values) and values[name] not in ("", None, False)
    }
    data["deploymentInPath"] = bool(values["deploymentInPath"])
    for name, read in (("scopes", lines), ("customHeaders", _headers), ("staticModels", _models)):
        if name in data:
            data[name] = read(data[name])
    if values["authType"] == "ApiKey" and values["headerName"]:
        data["authConfig"] = {"type": "api_key", "name": values["headerName"], "format": values["headerFormat"]}
    return data


def problems(values: Values) -> dict[str, str]:
    """What is wrong, by the name of the field to mend; empty where the values make a profile."""
    found: dict[str, str] = {}
    for path, sentence in Profile.problems(Document("the form", to_profile(values))):
        found.setdefault(_field_of(path), sentence)
    return found


def _field_of(path: Sequence[str | int]) -> str:
    name = _FIELD_OF.get(".".join(map(str, path[:2])), str(path[0]) if path else "")
    return name if name in _BY_NAME else "connectionName"


def _line(model: Mapping[str, Any]) -> str:
    """A deployment as one line of the form; as JSON where its texts would not survive that."""
    details = model["properties"]["model"]
    texts = [model["name"], details["name"], details.get("version", ""), details.get("format", "OpenAI")]
    line = " | ".join(texts[:3] if texts[3] == "OpenAI" and texts[2] else texts)
    return line if _model(line) == _whole(texts) else json.dumps(_whole(texts), ensure_ascii=False)


def _models(text: str) -> list[Any]:
    return [_model(line) for line in lines(text)]


def _model(line: str) -> Any:
    if line.startswith("{"):
        try:
            return json.loads(line)
        except ValueError:
            pass  # a deployment may be called so
    parts = [part.strip() for part in line.split("|")]
    name, model, version, kind, *rest = [*parts, "", "", ""]
    return _whole([name, model or name, version, kind or "OpenAI", *filter(None, rest)][:4])


def _whole(texts: Sequence[str]) -> dict[str, Any]:
    name, model, version, kind = texts
    return {"name": name, "properties": {"model": {"name": model, "version": version, "format": kind}}}


def _headers(text: str) -> dict[str, str]:
    pairs = [line.partition(":") for line in lines(text)]
    return {name.strip(): value.strip() for name, _, value in pairs}
