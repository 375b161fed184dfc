"""Where a stored connection is not what the profile says, field by field."""

from __future__ import annotations

__all__ = ["Difference", "differences"]

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel, ConfigDict

from gateway_workbook.connection import without_query
from gateway_workbook.secrets import is_reference, looks_secret

if TYPE_CHECKING:
    from gateway_workbook.connection import Connection
    from gateway_workbook.secrets import Secrets

_HEADERS: Final = "metadata.customHeaders"
_JSON_TEXT: Final = ("models", "modelDiscovery", "authConfig", "customHeaders")


class Difference(BaseModel):
    """One field in which a stored connection is not what the profile says; secret values are masked."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    field: str
    wanted: str
    found: str


def differences(connection: Connection, stored: Mapping[str, Any], *, secrets: Secrets) -> tuple[Difference, ...]:
    """Compare with what ARM stores, field by field; credentials are never returned by ARM and so not compared."""
    wanted, found = _comparable(connection.resource(secrets)["properties"]), _comparable(stored.get("properties") or {})
    hidden = {f"{_HEADERS}.{name}" for name, value in connection.custom_headers.items() if is_reference(value)}
    return tuple(
        Difference(field=key, wanted=_shown(key, wanted, hidden), found=_shown(key, found, hidden))
        for key in sorted(wanted.keys() | found.keys())
        if wanted.get(key) != found.get(key)
    )


def _comparable(properties: Mapping[str, Any]) -> dict[str, Any]:
    flat = {key: properties.get(key) for key in ("category", "target", "authType", "tokenUrl", "scopes", "audience")}
    flat["authType"] = "ProjectManagedIdentity" if flat["authType"] == "AAD" else flat["authType"]
    flat["isSharedToAll"] = bool(properties.get("isSharedToAll"))
    metadata = properties.get("metadata")
    for key, value in metadata.items() if isinstance(metadata, Mapping) else ():
        parsed = _parsed(value, json_text=key in _JSON_TEXT)
        if key == "customHeaders" and isinstance(parsed, dict):
            flat |= {f"{_HEADERS}.{name}": text for name, text in parsed.items()}
        else:
            flat[f"metadata.{key}"] = parsed
    return {key: value for key, value in flat.items() if value not in (None, "", [])}


def _parsed(value: object, *, json_text: bool) -> object:
    if not isinstance(value, str):
        return f"stored as {'an object' if json_text else _compact(value)} instead of text"
    if not json_text:
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return "not JSON text"


def _shown(key: str, values: Mapping[str, Any], hidden: set[str]) -> str:
    if key not in values:
        return "absent"
    value = values[key]
    if key in hidden or _may_hold_secret(key):
        return "•••"
    if key == "metadata.authConfig" and isinstance(value, dict) and "{api_key}" not in str(value.get("format")):
        value = value | {"format": "•••"}  # the key itself may stand where {api_key} should
    if key in ("target", "tokenUrl"):
        return without_query(str(value))
    return value if isinstance(value, str) else _compact(value)


def _may_hold_secret(key: str) -> bool:
    # A header, or a key of metadata, that is not the profile's own; only its name tells.
    own = key == "metadata.authConfig" or not key.startswith("metadata.")
    return not own and looks_secret(key.removeprefix(_HEADERS))


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
