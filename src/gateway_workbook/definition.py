"""What an agent behind a gateway may be, said before it is deployed, and whether it is deployed already."""

from __future__ import annotations

__all__ = ["MARK", "check_definition", "check_kind", "fingerprint", "same_definition"]

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from gateway_workbook.errors import UsageError
from gateway_workbook.gateway_tools import GATEWAY_TOOLS, tools_in_words

MARK: Final = "gateway-workbook-definition"
_WIRE: Final = frozenset(name for tool in GATEWAY_TOOLS for name in tool.wire)
_SECRETS: Final = ("authorization", "headers")  # of an MCP tool


def check_definition(definition: Mapping[str, Any], *, connections: Collection[str]) -> None:
    """Raise UsageError, saying what to write instead, unless this agent can answer through a gateway.

    Foundry itself would take most of what is refused here, and then answer from elsewhere or fail at the first prompt.
    `connections` are the names of those that the project has.
    """
    check_kind(str(definition.get("kind", "prompt")))
    _check_model(str(definition.get("model") or ""), connections)
    for tool in definition.get("tools") or ():
        if tool.get("type") not in _WIRE:
            raise UsageError(f"tool {tool.get('type')} does not work with a gateway model: use {tools_in_words()}")
        for name in _connections_of(tool):
            _check_connection(name, connections, who=f"tool {tool['type']}")


def check_kind(kind: str) -> None:
    """Refuse what is no prompt agent."""
    if kind == "hosted":
        raise UsageError(
            "a hosted agent sends the name connection/deployment on as it is and gets DeploymentNotFound: "
            "write kind prompt, only prompt agents answer through a gateway"
        )
    if kind != "prompt":
        raise UsageError(f"no agent of kind '{kind}' answers through a gateway: write kind prompt")


def _check_model(model: str, connections: Collection[str]) -> None:
    connection, slash, deployment = model.partition("/")
    if not (connection and slash and deployment):
        raise UsageError(
            f"the model '{model}' names no connection, so Foundry would look for a deployment of its own: write "
            f'connection/deployment, with {_those(connections)} (the portal\'s "AI Gateway in Foundry" is another '
            "feature and routes nothing through your gateway)"
        )
    _check_connection(connection, connections, who=f"the model '{model}'")


def _check_connection(name: str, connections: Collection[str], *, who: str) -> None:
    if name.casefold() not in {known.casefold() for known in connections}:
        raise UsageError(f"{who} needs the connection '{name}', which the project does not have: {_those(connections)}")


def _those(connections: Collection[str]) -> str:
    return f"it has {', '.join(sorted(connections))}" if connections else "it has none, 01_create_connections makes one"


def _connections_of(value: Any) -> Iterator[str]:
    """The names of the project connections a tool refers to, wherever in it; written as names or resource ids."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            if key == "project_connection_id" and isinstance(item, str):
                yield item.rsplit("/", 1)[-1]
            elif key not in ("spec", "parameters"):  # another's words: a property there may be called anything
                yield from _connections_of(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _connections_of(item)


def same_definition(wanted: Mapping[str, Any], version: Mapping[str, Any]) -> bool:
    """Whether a version of an agent was made of this definition.

    The service adds fields of its own to what it gives back, and a field that was taken out cannot be told from one
    that was never there; so a version that the workbook made is known by its mark. Another's is the same when it holds
    all that is wanted, and tools only where some are.
    """
    mark, found = (version.get("metadata") or {}).get(MARK), version.get("definition") or {}
    if mark:
        return bool(mark == fingerprint(wanted))
    return _holds(found, _plain(wanted)) and bool(found.get("tools")) == bool(wanted.get("tools"))


def fingerprint(definition: Mapping[str, Any]) -> str:
    """A short text that is the same for the same definition, kept with its version under MARK.

    Values of secrets are left out of it, so a changed one makes no new version.
    """
    plain = {"kind": "prompt", **_plain(definition)}
    text = json.dumps({key: plain[key] for key in plain if plain[key] != []}, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _holds(found: Any, wanted: Any) -> bool:
    if isinstance(wanted, dict):
        return isinstance(found, Mapping) and all(_holds(found.get(key), item) for key, item in wanted.items())
    if isinstance(wanted, list):
        return isinstance(found, list) and len(found) == len(wanted) and all(map(_holds, found, wanted))
    return bool(found == wanted)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        shown = {str(key): item for key, item in value.items() if item is not None}
        if shown.get("type") == "mcp":
            shown = {key: item for key, item in shown.items() if key not in _SECRETS} | _secret_names(shown)
        return {key: _plain(item) for key, item in shown.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _secret_names(tool: Mapping[str, Any]) -> dict[str, Any]:
    return {f"names of {key}": sorted(tool[key]) if key == "headers" else "set" for key in _SECRETS if tool.get(key)}
