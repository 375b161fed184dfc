"""The sandbox as one ASGI application: Azure, the project, the gateways, and a window onto all of it."""

from __future__ import annotations

import ssl
import time
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING

import httpx
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from foundry_sandbox import __version__, arm, azure, example_services, gateways, identity, portal, project
from foundry_sandbox.access import HostCheck
from foundry_sandbox.agent_service import TIMEOUT, AgentService
from foundry_sandbox.refusal import RefusalError, answer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

    from foundry_sandbox.state import State


class Activity:
    """Middleware that remembers when somebody last wanted something; `since` is in seconds.

    The portal's own refreshes do not count: a forgotten browser tab should not keep the sandbox up.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._open = 0
        self._last = time.monotonic()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, remembering its beginning and its end."""
        if scope["type"] != "http" or scope["path"] == portal.REFRESH:
            await self.app(scope, receive, send)
            return
        self._open += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self._open -= 1
            self._last = time.monotonic()

    @property
    def since(self) -> float:
        """Return how long nothing has been wanted; 0 while a request is being answered."""
        return 0.0 if self._open else time.monotonic() - self._last


def build(state: State, *, ca: Path | None = None) -> Starlette:
    """Assemble the application; `state.url` must be set, `ca` is the sandbox's own authority under TLS."""
    trust = _trust(ca)
    http = _client(trust)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[gateways.Held]:
        async with http, gateways.lifespan() as held:
            yield held

    return Starlette(
        routes=[
            *portal.routes(state),
            *_window(state),
            *identity.routes(state),
            *arm.routes(state),
            *example_services.routes(state),
            *project.routes(state, service=AgentService(state, http=http, trust=trust)),
            *gateways.routes(state),
        ],
        middleware=[Middleware(HostCheck)],
        exception_handlers={RefusalError: answer, HTTPException: _no_route},
        lifespan=lifespan,
    )


def _trust(ca: Path | None) -> ssl.SSLContext:
    trust = ssl.create_default_context()
    if ca is not None:
        trust.load_verify_locations(ca)
    return trust


def _client(trust: ssl.SSLContext) -> httpx.AsyncClient:
    # A proxy configured for the outside cannot reach this machine's loopback.
    direct = {f"all://{host}": None for host in ("127.0.0.1", "localhost", "[::1]")}
    return httpx.AsyncClient(verify=trust, timeout=TIMEOUT, follow_redirects=False, mounts=direct)


def _window(state: State) -> list[BaseRoute]:
    async def about(_: Request) -> Response:
        known = [
            {"name": gateway.name, "target": gateway.target, "summary": gateway.summary}
            for gateway in gateways.gateways(state)
        ]
        endpoint = f"{state.url}{azure.PROJECT_PATH}"
        examples = asdict(example_services.addresses(state))
        return JSONResponse(
            {"version": __version__, "project_endpoint": endpoint, "gateways": known, "examples": examples}
        )

    async def requests(request: Request) -> Response:
        query = request.query_params
        found = state.gateway_requests(
            request.path_params["name"], after=_number(query.get("after")), request_id=query.get("request_id")
        )
        return JSONResponse({"value": [asdict(one) for one in found]})

    async def calls(request: Request) -> Response:
        found = state.agent_calls(response_id=request.query_params.get("response_id"))
        return JSONResponse({"value": [asdict(one) for one in found]})

    async def tools(request: Request) -> Response:
        found = state.tool_calls(response_id=request.query_params.get("response_id"))
        return JSONResponse({"value": [asdict(one) for one in found]})

    return [
        Route("/sandbox", about),
        Route("/sandbox/gateways/{name}/requests", requests),
        Route("/sandbox/agent-calls", calls),
        Route("/sandbox/tool-calls", tools),
    ]


def _number(text: str | None) -> int:
    if text is None or text == "":
        return 0
    if not text.isdecimal():
        raise RefusalError(f"after must be a number, not {text!r}", status=400, code="InvalidParameter")
    return int(text)


def _no_route(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    code = "MethodNotAllowed" if status == 405 else "NotFound"  # noqa: PLR2004  # the HTTP status
    message = f"the sandbox has no {request.method} {request.url.path}"
    return answer(request, RefusalError(message, status=status, code=code))
