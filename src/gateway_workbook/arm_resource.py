"""The connection's ARM resource as a file, and read back as a profile's data: the other direction of `connection`."""

from __future__ import annotations

__all__ = ["from_resource", "to_resource"]

import difflib
import json
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from gateway_workbook.document import Document
from gateway_workbook.errors import ProfileError
from gateway_workbook.profile_note import noted, rest, with_note

if TYPE_CHECKING:
    from gateway_workbook.connection import Connection
    from gateway_workbook.profile import Profile

# What the resource has no field for; the account's id says nothing of the project either.
UNHELD: Final = frozenset({"gatewayName", "apimSubscriptionName"})
_CLOSE: Final = 0.8  # further off lie names of the service's own, such as sharedUserList
_TYPE: Final = "Microsoft.CognitiveServices/accounts{}/connections"
_ID: Final = re.compile(
    r"(?P<account>/subscriptions/.+/accounts/[^/]+)(?P<project>/projects/[^/]+)?/connections/(?P<name>[^/]+)",
    re.IGNORECASE,
)
_PROPERTIES: Final = {
    "category": "category",
    "target": "targetUrl",
    "authType": "authType",
    "isSharedToAll": "isSharedToAll",
    "tokenUrl": "tokenUrl",
    "scopes": "scopes",
    "audience": "audience",
}
_CREDENTIALS: Final = {"key": "apiKey", "clientId": "clientId", "clientSecret": "clientSecret"}
_TEXTS: Final = ("deploymentInPath", "inferenceAPIVersion", "deploymentAPIVersion")
_JSON_TEXTS: Final = ("models", "modelDiscovery", "authConfig", "customHeaders")
_DISCOVERY: Final = ("listModelsEndpoint", "getModelEndpoint", "deploymentProvider")


def held(profile: Profile) -> set[str]:
    """The fields of a profile that its resource holds; secrets count, each in its own place."""
    unheld = UNHELD | ({"projectResourceId"} if profile.connection_scope == "account" else set())
    return {*profile.to_data(), *profile.references} - unheld


def to_resource(profile: Profile, connection: Connection, *, api_version: str) -> str:
    """The resource as JSON, references where the secrets will stand: no client may send it as it is."""
    resource = {
        "id": resource_id(profile),
        "name": connection.name,
        "type": _TYPE.format("/projects" if connection.scope == "project" else ""),
        "apiVersion": api_version,
        **connection.with_references(),
    }
    note = rest(profile, held=held(profile))
    whole = resource | ({"metadata": {"profile": note}} if note else {})
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def resource_id(profile: Profile) -> str:
    """The connection's resource id, on the project or on its account."""
    project = str(profile.project_resource_id)
    parent = (
        project if profile.connection_scope == "project" else re.split("/projects/", project, flags=re.IGNORECASE)[0]
    )
    return f"{parent}/connections/{profile.connection_name}"


def from_resource(document: Document, *, stored: bool = False) -> tuple[Document, tuple[str, ...]]:
    """The resource as a profile's data, and a sentence for each thing in it that is not as it should be.

    `stored`: as the service gave it, with fields of its own; in a file an unknown key is refused with ProfileError.
    """
    resource = document.value
    properties = _mapping(document, resource, "properties")
    metadata, credentials = (_mapping(document, properties, name) for name in ("metadata", "credentials"))
    problems = [*_unknown(properties, {*_PROPERTIES, "metadata", "credentials"}, close_only=True)]
    problems += [f"metadata.{problem}" for problem in _unknown(metadata, {*_TEXTS, *_JSON_TEXTS}, close_only=False)]
    if problems and not stored:
        raise ProfileError(document.source, problems)
    told = [f"{problem.partition(';')[0]}: left out" for problem in problems]
    data = _place(resource)
    data |= {field: properties[name] for name, field in _PROPERTIES.items() if properties.get(name) is not None}
    data |= {field: credentials[name] for name, field in _CREDENTIALS.items() if credentials.get(name)}
    data |= _from_metadata(document.source, metadata)
    return Document(document.source, with_note(data, noted(resource))), (*told, *_objects(metadata))


def _place(resource: Mapping[str, Any]) -> dict[str, Any]:
    found = _ID.fullmatch(str(resource.get("id") or ""))
    name = str(resource.get("name") or (found["name"] if found else "")).rpartition("/")[2]
    data: dict[str, Any] = {"connectionName": name} if name else {}
    if found and found["project"]:
        data["projectResourceId"] = found["account"] + found["project"]
    if (found and not found["project"]) or str(resource.get("type")).lower() == _TYPE.format("").lower():
        data["connectionScope"] = "account"
    return data


def _from_metadata(source: str, metadata: Mapping[str, Any]) -> dict[str, Any]:
    data: dict[str, Any] = {name: _flat(metadata[name]) for name in _TEXTS if metadata.get(name) is not None}
    values = {name: _read(source, name, metadata[name]) for name in _JSON_TEXTS if metadata.get(name)}
    discovery = values.pop("modelDiscovery", {})
    if not isinstance(discovery, Mapping) or set(discovery) - {*_DISCOVERY}:
        raise ProfileError(source, [f"metadata.modelDiscovery: not a mapping of {', '.join(_DISCOVERY)}; write it so"])
    if "models" in values:
        data["staticModels"] = values.pop("models")
    return data | values | dict(discovery)


def _flat(value: object) -> object:
    return json.dumps(value) if isinstance(value, bool | int | float) else value


def _read(source: str, name: str, value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return Document.parse_json(value, source=source).value
    except ProfileError as error:
        raise ProfileError(
            source, [f"metadata.{name}: {problem}; write JSON text" for problem in error.problems]
        ) from None


def _objects(metadata: Mapping[str, Any]) -> Iterator[str]:
    for name, value in metadata.items():
        if not isinstance(value, str):
            yield f"metadata.{name} is no text, and Agent Service reads text alone: create the connection anew"


def _unknown(found: Mapping[str, Any], known: set[str], *, close_only: bool) -> Iterator[str]:
    spelled = {name.lower(): name for name in known}
    for name in sorted(set(found) - known):
        close = difflib.get_close_matches(name.lower(), spelled, n=1, cutoff=_CLOSE)
        if close or not close_only:
            mend = f"did you mean {spelled[close[0]]}?" if close else f"remove it (known: {', '.join(sorted(known))})"
            yield f"{name}: unknown key; {mend}"


def _mapping(document: Document, parent: object, name: str) -> Mapping[str, Any]:
    value = parent.get(name) if isinstance(parent, Mapping) else None
    if value is None and name != "properties":
        return {}
    if not isinstance(value, Mapping):
        raise document.refuse([((name,), "wrong type; write a mapping")])
    return value
