"""Connections as they are kept: what was sent, with the credentials apart and sealed."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from foundry_sandbox.state import State

Scope = Literal["project", "account"]


@dataclass(frozen=True, kw_only=True)
class Connection:
    """A stored connection; `properties` is what was sent, without the credentials."""

    name: str
    scope: Scope
    properties: Mapping[str, Any]
    credentials: Mapping[str, Any] | None = field(default=None, repr=False)
    created: str
    changed: str

    @property
    def category(self) -> str:
        """Return the kind of connection, `ModelGateway` for example."""
        return str(self.properties["category"])

    @property
    def auth_type(self) -> str:
        """Return how the connection authenticates, `ApiKey` for example."""
        return str(self.properties["authType"])

    @property
    def target(self) -> str:
        """Return the URL the connection points at."""
        return str(self.properties["target"])

    @property
    def metadata(self) -> Mapping[str, Any]:
        """Return the metadata exactly as sent; a wrong client may have put objects in it."""
        return self.properties.get("metadata") or {}


def save(state: State, connection: Connection) -> None:
    """Store a connection, replacing one of the same name in the same scope."""
    credentials = connection.credentials
    document = {
        "name": connection.name,
        "properties": connection.properties,
        "sealed": None if credentials is None else state.seal(json.dumps(credentials)),
        "created": connection.created,
        "changed": connection.changed,
    }
    state.put(document, kind="connection", name=connection.name.lower(), parent=connection.scope)


def find(state: State, name: str, *, scope: Scope) -> Connection | None:
    """Look a connection up; names ignore case, as resource names do."""
    document = state.get(name.lower(), kind="connection", parent=scope)
    return None if document is None else _read(state, document, scope=scope)


def find_for_project(state: State, name: str) -> Connection | None:
    """Look a connection up as the project sees it: its own first, then the account's."""
    return find(state, name, scope="project") or find(state, name, scope="account")


def stored(state: State, *, scope: Scope) -> list[Connection]:
    """List the connections of one scope, oldest first."""
    return [_read(state, document, scope=scope) for document in state.all("connection", parent=scope)]


def visible(state: State) -> list[Connection]:
    """List what the project sees: its own connections, and the account's it does not hide by name."""
    own = stored(state, scope="project")
    hidden = {connection.name.lower() for connection in own}
    return own + [other for other in stored(state, scope="account") if other.name.lower() not in hidden]


def forget(state: State, name: str, *, scope: Scope) -> bool:
    """Delete a connection and say whether it was there."""
    return state.remove(name.lower(), kind="connection", parent=scope)


def _read(state: State, document: Mapping[str, Any], *, scope: Scope) -> Connection:
    sealed = document["sealed"]
    return Connection(
        name=document["name"],
        scope=scope,
        properties=document["properties"],
        credentials=None if sealed is None else json.loads(state.unseal(sealed)),
        created=document["created"],
        changed=document["changed"],
    )
