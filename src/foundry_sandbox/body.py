"""Reading the JSON body of a request."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from foundry_sandbox.refusal import invalid

if TYPE_CHECKING:
    from starlette.requests import Request


async def json_object(request: Request) -> dict[str, Any]:
    """Return the body, which must be one JSON object; an empty body counts as `{}`."""
    raw = await request.body()
    try:
        value = json.loads(raw or b"{}")
    except ValueError as error:
        raise invalid(f"the body is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise invalid("the body must be a JSON object")
    return value
