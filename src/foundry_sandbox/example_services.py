"""Services for workshops on the sandbox's own URL: one that OpenAPI describes, and one that speaks MCP.

Their data is made up by rule, the same every time, and says so.
"""

from __future__ import annotations

import asyncio
import hashlib
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from foundry_sandbox.body import json_object
from foundry_sandbox.refusal import RefusalError

if TYPE_CHECKING:
    from types import ModuleType

    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

    from foundry_sandbox.state import State

BASE = "/examples"
SOURCE = "example data of the sandbox, no real forecast and no real restaurant"
SKIES = ("sunny", "cloudy", "rain", "snow showers", "wind and sun")
LONGEST_FORECAST = 7  # days
LARGEST_PARTY = 12


@dataclass(frozen=True, kw_only=True)
class Addresses:
    """Where the example services are: the OpenAPI document, and the MCP server."""

    openapi: str
    mcp: str


def addresses(state: State) -> Addresses:
    """Return the URLs of the example services."""
    return Addresses(openapi=f"{state.url}{BASE}/openapi.json", mcp=f"{state.url}{BASE}/mcp")


def routes(state: State) -> list[BaseRoute]:
    """Return everything under /examples."""

    async def described(_: Request) -> Response:
        return JSONResponse(document(state.url))

    return [
        Route(f"{BASE}/openapi.json", described),
        Route(f"{BASE}/forecast/{{city}}", _forecast, methods=["GET"]),
        Route(f"{BASE}/reservations", _reserve, methods=["POST"]),
        Route(f"{BASE}/mcp", _Mcp(), methods=["POST"]),
    ]


def document(url: str) -> dict[str, Any]:
    """Write the OpenAPI document of the service at `url`."""
    city = {"type": "string", "description": "Name of the city", "minLength": 1}
    days = {"type": "integer", "minimum": 1, "maximum": LONGEST_FORECAST, "default": 1}
    party = {"type": "integer", "minimum": 1, "maximum": LARGEST_PARTY, "default": 2}
    reservation = {"type": "object", "properties": {"city": city, "guests": party}, "required": ["city"]}
    answer = {"description": "The answer", "content": {"application/json": {"schema": {"type": "object"}}}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Example service of the Foundry sandbox", "version": "1.0", "description": SOURCE},
        "servers": [{"url": f"{url}{BASE}"}],
        "paths": {
            "/forecast/{city}": {
                "get": {
                    "operationId": "get_forecast",
                    "summary": "Weather forecast for a city.",
                    "parameters": [
                        {"name": "city", "in": "path", "required": True, "schema": city},
                        {"name": "days", "in": "query", "description": "How many days ahead", "schema": days},
                    ],
                    "responses": {"200": answer},
                }
            },
            "/reservations": {
                "post": {
                    "operationId": "reserve_table",
                    "summary": "Reserve a table at the restaurant of a city.",
                    "requestBody": {
                        "required": True,
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Reservation"}}},
                    },
                    "responses": {"201": {**answer, "description": "The reservation"}},
                }
            },
        },
        "components": {"schemas": {"Reservation": reservation}},
    }


def drawn(*words: object, below: int) -> int:
    """Draw a number from 0 to below `below` by the words: the same words, the same number."""
    digest = hashlib.sha256(" ".join(str(word).lower() for word in words).encode()).digest()
    return int.from_bytes(digest[:4]) % below


async def _forecast(request: Request) -> Response:
    city, text = request.path_params["city"], request.query_params.get("days", "1")
    if not text.isdecimal() or not 1 <= int(text) <= LONGEST_FORECAST:
        raise _bad(f"days is {text!r}: send a number from 1 to {LONGEST_FORECAST}")
    forecast = [
        {"day": day, "sky": SKIES[drawn(city, day, below=len(SKIES))], "celsius": drawn(city, day, below=30)}
        for day in range(1, int(text) + 1)
    ]
    return JSONResponse({"city": city, "forecast": forecast, "source": SOURCE})


async def _reserve(request: Request) -> Response:
    body = await json_object(request)
    city, guests = body.get("city"), body.get("guests", 2)
    if not isinstance(city, str) or not city:
        raise _bad("city is missing: send its name")
    if not isinstance(guests, int) or not 1 <= guests <= LARGEST_PARTY:
        raise _bad(f"guests is {guests!r}: send a number from 1 to {LARGEST_PARTY}")
    number = f"R{drawn(city, guests, below=10_000):04}"
    reserved = {"reservation": number, "city": city, "guests": guests, "source": SOURCE}
    return JSONResponse(reserved, status_code=201)


def _bad(message: str) -> RefusalError:
    return RefusalError(message, status=400, code="InvalidParameter")


class _Mcp:
    """The MCP server as an ASGI application; the SDK is imported when the first request comes."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        sdk = await asyncio.to_thread(_sdk)
        await sdk.answer(scope, receive, send)


def _sdk() -> ModuleType:
    # See `mcp_tool`: without it jsonschema does not take a second to build a grammar of foreign addresses.
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]  # None is how Python marks "not there"
    from foundry_sandbox import example_mcp

    return example_mcp
