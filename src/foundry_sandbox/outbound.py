"""A stored connection as the Agent Service uses it: where to send a prompt, with which headers."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

from foundry_sandbox import connections
from foundry_sandbox.refusal import RefusalError, invalid, not_found

if TYPE_CHECKING:
    from collections.abc import Mapping

    from foundry_sandbox.connections import Connection
    from foundry_sandbox.state import State

GATEWAYS = frozenset({"ApiManagement", "ModelGateway"})
IDENTITY = frozenset({"ProjectManagedIdentity", "AAD"})
EXCERPT = 300
BEARER = re.compile(r"(?i)\b(bearer)\s+[\w.~+/=-]+")


@dataclass(frozen=True, kw_only=True)
class Outbound:
    """One way out: `model` is the name to put into the body, None when the path already says it."""

    connection: Connection
    deployment: str
    url: str
    model: str | None
    headers: Mapping[str, str] = field(repr=False)

    @property
    def shown_url(self) -> str:
        """Return the URL as it may be shown: no user, no query but the api-version."""
        parts = urlsplit(self.url)
        version = [pair for pair in parts.query.split("&") if pair.startswith("api-version=")]
        return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "&".join(version), ""))

    def excerpt(self, text: str) -> str:
        """Return the beginning of a gateway's answer, without the connection's own secrets."""
        for name, secret in (self.connection.credentials or {}).items():
            if name != "clientId" and isinstance(secret, str) and secret:
                text = text.replace(secret, "***")
        return " ".join(BEARER.sub(r"\1 ***", text)[:EXCERPT].split())


def resolve(state: State, name: str, *, deployment: str) -> Outbound:
    """Read the connection as the service does; what it cannot use it calls not found."""
    connection = connections.find_for_project(state, name)
    if connection is None or overlooked(connection):
        raise not_found(f"Connection '{name}' not found")
    return way_out(connection, deployment=deployment)


def way_out(connection: Connection, *, deployment: str) -> Outbound:
    """Read where a connection leads; raises RefusalError where the service says what is wrong with it."""
    name = connection.name
    if connection.category not in GATEWAYS:
        kinds = " or ".join(sorted(GATEWAYS))
        raise invalid(f"connection '{name}' is of category {connection.category}: a gateway model needs {kinds}")
    _check_discovery(connection)
    in_path = _deployment_in_path(connection)
    path = f"/deployments/{quote(deployment, safe='')}/chat/completions" if in_path else "/chat/completions"
    version = connection.metadata.get("inferenceAPIVersion")
    query = f"?{urlencode({'api-version': version})}" if version else ""
    return Outbound(
        connection=connection,
        deployment=deployment,
        url=f"{connection.target.rstrip('/')}{path}{query}",
        model=None if in_path else deployment,
        headers=_headers(connection),
    )


def overlooked(connection: Connection) -> str | None:
    """Return why the service calls a connection not found although it is there; None when it sees it."""
    unlike = [name for name, value in connection.metadata.items() if not isinstance(value, str)]
    if unlike:
        return f"metadata.{unlike[0]} is not text: write objects and lists as JSON text"
    if connection.auth_type in IDENTITY and connection.scope == "account":
        return f"authType {connection.auth_type} on the account: make the connection in the project"
    if connection.auth_type in IDENTITY and not connection.properties.get("audience"):
        return f"audience is missing: authType {connection.auth_type} needs one"
    return None


def _check_discovery(connection: Connection) -> None:
    models = _read(connection, "models", list)
    discovery = _read(connection, "modelDiscovery", dict)
    if models is not None and discovery is not None:
        raise _broken(connection, "metadata has both models and modelDiscovery: keep one")
    if models is None and discovery is None and connection.category == "ModelGateway":
        raise _broken(connection, "metadata has neither models nor modelDiscovery: a ModelGateway needs one")


def _deployment_in_path(connection: Connection) -> bool:
    given = connection.metadata.get("deploymentInPath")
    if given is None and connection.category == "ApiManagement":
        raise _broken(connection, "metadata.deploymentInPath is missing: an ApiManagement connection needs it")
    return str(given).lower() == "true"


def _headers(connection: Connection) -> dict[str, str]:
    headers = {str(name): str(value) for name, value in (_read(connection, "customHeaders", dict) or {}).items()}
    if connection.auth_type == "ApiKey":
        config = _read(connection, "authConfig", dict) or {}
        template = str(config.get("format") or "{api_key}")
        key = str((connection.credentials or {}).get("key", ""))
        headers[str(config.get("name") or "api-key")] = template.replace("{api_key}", key)
    return headers


def _read(connection: Connection, name: str, kind: type[list[Any] | dict[str, Any]]) -> Any | None:  # JSON
    text = connection.metadata.get(name)
    if not text:
        return None
    try:
        value = json.loads(text)
    except ValueError as error:
        raise _broken(connection, f"metadata.{name} is not JSON text: {error}") from error
    if not isinstance(value, kind):
        raise _broken(connection, f"metadata.{name} must be a JSON {'array' if kind is list else 'object'}")
    return value


def _broken(connection: Connection, reason: str) -> RefusalError:
    message = f"connection '{connection.name}' cannot be used: {reason}"
    return RefusalError(message, status=400, code="invalid_connection")
