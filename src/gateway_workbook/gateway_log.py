"""Proof that an agent's answer came through the gateway: its request, found in a log.

Only the sandbox offers logs; on Azure the answer is None, not known. The sandbox's Agent Service sends the response's
id as `x-request-id`, which its gateways write down.
"""

from __future__ import annotations

__all__ = ["gateway_log", "log_rows"]

from typing import TYPE_CHECKING, Any

import httpx

from gateway_workbook.errors import ServiceError

if TYPE_CHECKING:
    from gateway_workbook.connection import Connection
    from gateway_workbook.target import Target
    from gateway_workbook.validation import SeenBy


def gateway_log(target: Target, connection: Connection, http: httpx.Client) -> SeenBy:
    """A function from a response's id to whether the log shows it.

    The gateway's own log where the sandbox plays the gateway, otherwise the sandbox's record of what its Agent Service
    called.
    """
    if target.descriptor is None:
        return lambda _: None
    url = target.descriptor.url
    gateway = connection.target.removeprefix(f"{url}/gateways/").split("/")[0]
    if connection.target.startswith(f"{url}/gateways/"):
        return lambda response_id: bool(
            log_rows(http, f"{url}/sandbox/gateways/{gateway}/requests", request_id=response_id)
        )
    calls, below = f"{url}/sandbox/agent-calls", f"{connection.target.rstrip('/')}/"
    return lambda response_id: any(
        row["url"].startswith(below) for row in log_rows(http, calls, response_id=response_id)
    )


def log_rows(http: httpx.Client, url: str, **query: str) -> list[dict[str, Any]]:
    """The rows of one of the sandbox's logs."""
    try:
        response = http.get(url, params=query)
    except httpx.HTTPError as error:
        raise ServiceError(f"GET {url} got no answer ({error}): restart the sandbox") from error
    if not response.is_success:
        raise ServiceError(
            f"GET {url} answered {response.status_code}: restart the sandbox", status=response.status_code
        )
    rows: list[dict[str, Any]] = response.json()["value"]
    return rows
