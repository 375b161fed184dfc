"""The requests that a connection means, as text: dots where a secret will stand, a name where a deployment will."""

from __future__ import annotations

__all__ = ["foundry_request", "gateway_requests"]

import json
from typing import TYPE_CHECKING, Any, Final

from gateway_workbook.discovery import PROMPT
from gateway_workbook.gateway import request_url
from gateway_workbook.secrets import is_reference

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from gateway_workbook.connection import Connection

_DOTS: Final = "•••"


def foundry_request(connection: Connection, url: str) -> str:
    """The PUT that makes the connection at its ARM URL."""
    headers = [("Authorization", f"Bearer {_DOTS}"), ("Content-Type", "application/json")]
    return _request("PUT", url, headers, body=connection.preview())


def gateway_requests(connection: Connection, deployment: str) -> str:
    """What is sent to the gateway: the look-up of models, where there is one, and the call of a deployment."""
    signed = [_signature(connection)]
    asked = [] if connection.effective_discovery == "static" else ["list", "get"]
    looked_up = [_request("GET", request_url(connection, kind, deployment), signed) for kind in asked]
    custom = [(name, _DOTS if is_reference(value) else value) for name, value in connection.custom_headers.items()]
    body: dict[str, Any] = {"messages": [{"role": "user", "content": PROMPT}]}
    if not connection.deployment_in_path:
        body["model"] = deployment
    called = [*signed, *custom, ("Content-Type", "application/json")]
    return "\n\n".join([*looked_up, _request("POST", request_url(connection, "chat", deployment), called, body=body)])


def _signature(connection: Connection) -> tuple[str, str]:
    if connection.auth_type != "ApiKey":
        return "Authorization", f"Bearer {_DOTS}"
    config = connection.auth_config
    return (config.name, config.format.replace("{api_key}", _DOTS)) if config else ("api-key", _DOTS)


def _request(
    method: str, url: str, headers: Iterable[tuple[str, str]], *, body: Mapping[str, Any] | None = None
) -> str:
    told = [f"{method} {url}", *(f"{name}: {value}" for name, value in headers)]
    return "\n".join(told if body is None else [*told, "", json.dumps(body, indent=2, ensure_ascii=False)])
