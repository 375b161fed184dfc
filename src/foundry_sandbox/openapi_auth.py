"""What an OpenAPI tool's request carries to prove who calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from foundry_sandbox import azure, connections
from foundry_sandbox.identity import issue_token
from foundry_sandbox.offer import NotCalledError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from foundry_sandbox.connections import Connection
    from foundry_sandbox.openapi_document import Operation
    from foundry_sandbox.state import State

Proof = tuple[dict[str, str], list[tuple[str, str]]]


def credentials(state: State, described: Mapping[str, Any], *, operation: Operation) -> Proof:
    """Return headers and query parameters; raises NotCalledError when the connection has nothing to send.

    A managed identity sends a token of the sandbox's own Entra. A project connection fills the first of the
    operation's security schemes that wants a key or a bearer token.
    """
    auth = described["auth"]
    if auth["type"] == "anonymous":
        return {}, []
    if auth["type"] == "managed_identity":
        audience = auth["security_scheme"]["audience"]
        return {"Authorization": f"Bearer {issue_token(state, audience=audience, subject=azure.PROJECT_ID)}"}, []
    connection = connected(state, auth["security_scheme"]["project_connection_id"])
    for name, scheme in operation.security:
        proof = _proof(scheme, secret=_secret(connection, name))
        if proof:
            return proof
    raise NotCalledError("not called: the document's 'security' asks for no key and no bearer token of the connection")


def connected(state: State, identifier: str) -> Connection:
    """Return the project connection a tool names, by its name or its whole id; raises NotCalledError."""
    name = identifier.rstrip("/").rpartition("/")[2]
    connection = connections.find_for_project(state, name)
    if connection is None:
        raise NotCalledError(f"not called: the project has no connection {name!r}")
    return connection


def keys(connection: Connection) -> dict[str, str]:
    """Return a connection's custom keys by name; an ApiKey connection has its one key as `key`."""
    kept = dict(connection.credentials or {})
    custom = kept.pop("keys", None)
    given = custom if isinstance(custom, dict) else kept
    return {str(name): str(value) for name, value in given.items()}


def _secret(connection: Connection, scheme: str) -> str | None:
    known = keys(connection)
    return known.get(scheme) or known.get("key") or (next(iter(known.values())) if len(known) == 1 else None)


def _proof(scheme: Mapping[str, Any], *, secret: str | None) -> Proof | None:
    if secret is None:
        return None
    if scheme.get("type") == "apiKey" and scheme.get("in") == "header":
        return {str(scheme["name"]): secret}, []
    if scheme.get("type") == "apiKey" and scheme.get("in") == "query":
        return {}, [(str(scheme["name"]), secret)]
    if scheme.get("type") == "http" and str(scheme.get("scheme")).lower() == "bearer":
        return {"Authorization": f"Bearer {secret.removeprefix('Bearer ')}"}, []
    return None
