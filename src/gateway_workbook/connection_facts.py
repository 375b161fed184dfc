"""A connection in words, for people: every field that decides how Agent Service calls, and no secret."""

from __future__ import annotations

__all__ = ["connection_facts", "showable"]

from typing import TYPE_CHECKING

from gateway_workbook.connection import without_query
from gateway_workbook.errors import UsageError
from gateway_workbook.secrets import SecretReference, looks_secret

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway_workbook.connection import Connection

_HIDDEN = "•••"


def connection_facts(connection: Connection) -> list[tuple[str, str]]:
    """Label and value, in the order in which one would explain the connection; secrets as the references they are."""
    facts = [
        ("Name", connection.name),
        ("Belongs to", "the account" if connection.scope == "account" else "the project"),
        ("Category", connection.category),
        ("Target", without_query(connection.target)),
        ("Authentication", connection.auth_type),
        *_authentication(connection),
        ("Routing", _routing(connection)),
        ("api-version on inference", connection.inference_api_version or "none sent"),
        ("api-version on discovery", connection.deployment_api_version or "none sent"),
        ("Discovery", _discovery(connection)),
        *((f"Custom header {name}", _header(name, value)) for name, value in connection.custom_headers.items()),
        ("Shared with all projects", "yes" if connection.shared else "no"),
    ]
    return [(label, value) for label, value in facts if value]


def showable(connection: Connection) -> Connection:
    """The connection without what may be a secret in the wrong place; its references stay, they are none."""
    config = connection.auth_config
    if config and "{api_key}" not in config.format:  # the key itself may stand where {api_key} should
        config = config.model_copy(update={"format": _HIDDEN})
    return connection.model_copy(
        update={
            "target": without_query(connection.target),
            "token_url": connection.token_url and without_query(connection.token_url),
            "custom_headers": {name: _header(name, value) for name, value in connection.custom_headers.items()},
            "auth_config": config,
        }
    )


def _authentication(connection: Connection) -> Iterator[tuple[str, str]]:
    if connection.auth_type == "ApiKey":
        config = showable(connection).auth_config
        header = f"{config.name}: {config.format}" if config else "api-key: {api_key}"
        yield "Key", f"{connection.api_key or 'none'}, sent as {header}"
    elif connection.auth_type == "OAuth2":
        yield "Client", f"{connection.client_id or 'none'}, secret {connection.client_secret or 'none'}"
        yield "Token URL", without_query(connection.token_url or "none")
        yield "Scopes", " ".join(connection.scopes) or "none"
    else:
        yield "Audience", connection.audience or "none"


def _routing(connection: Connection) -> str:
    by_path = "by path: POST …/deployments/{deployment}/chat/completions"
    return by_path if connection.deployment_in_path else 'by body: POST …/chat/completions with "model": "{deployment}"'


def _discovery(connection: Connection) -> str:
    try:
        discovery = connection.effective_discovery
    except UsageError as error:
        return str(error)
    if discovery == "static":
        return f"static: {len(connection.models)} in the connection's metadata"
    whose = "dynamic" if connection.discovery else "dynamic, API Management's defaults"
    return f"{whose}: {discovery.list_endpoint}, {discovery.get_endpoint} in {discovery.provider} form"


def _header(name: str, value: str) -> str:
    try:
        return str(SecretReference.parse(value))
    except ValueError:
        return _HIDDEN if looks_secret(name) else value
