"""The sandbox's gateways: how a request passes through any of those in the catalogue."""

from __future__ import annotations

import asyncio
import json
import re
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, TypedDict
from urllib.parse import parse_qsl

from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from foundry_sandbox import model, upstream
from foundry_sandbox.admission import admit, grant
from foundry_sandbox.catalogue import GATEWAYS, Gateway, Routing, gateways
from foundry_sandbox.deployments import DEPLOYMENTS, Deployment
from foundry_sandbox.dialect import Refusal, Refused
from foundry_sandbox.state import GatewayRequest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

    import httpx
    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from foundry_sandbox.state import State

__all__ = ["GATEWAYS", "Gateway", "Held", "gateways", "lifespan", "routes"]

_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
_PACE_SECONDS: Final = 0.002  # between two chunks, so that a client can tell a stream from a lump
_LUMP_SECONDS: Final = 0.2
_BY_PATH: Final = re.compile(r"(?P<base>.*?)/deployments/(?P<deployment>.+)/chat/completions")
_BY_BODY: Final = re.compile(r"(?P<base>.*)/chat/completions")


class Held(TypedDict):
    """What the gateways hold open while the app runs: Starlette's lifespan state."""

    gateway_http: httpx.AsyncClient


@dataclass(frozen=True, kw_only=True)
class _Call:
    """What a request asks of a gateway; `kind` is None where the gateway has no such route."""

    gateway: Gateway
    kind: Literal["chat", "list", "get"] | None = None
    routing: Routing | None = None
    deployment: str | None = None
    body: Any = None


@asynccontextmanager
async def lifespan() -> AsyncIterator[Held]:
    """Hold the upstream gateways' HTTP client open; the app's lifespan must yield what this yields."""
    async with upstream.client() as http:
        yield {"gateway_http": http}


def routes(state: State) -> list[BaseRoute]:
    """Return everything under /gateways/."""
    known = {gateway.name: gateway for gateway in gateways(state)}

    async def token(request: Request) -> Response:
        started, call = time.perf_counter(), _Call(gateway=known["oauth"])
        response = await grant(state, request)
        entry = _entry(call, request=request, status=response.status_code, started=started)
        state.log_gateway_request(entry)
        return response

    async def passage(request: Request) -> Response:
        started = time.perf_counter()
        gateway = known.get(request.path_params["name"])
        if gateway is None:
            return _no_gateway(request, known=known)
        call = _understood(gateway, request=request, body=await _json(request))
        try:
            response = await _answer(state, call, request=request)
        except Refused as refused:
            response = gateway.dialect.response(refused.refusal)
        # The log is complete before the answer is out, so that whoever has the answer finds the entry.
        entry = _entry(call, request=request, status=response.status_code, started=started)
        state.log_gateway_request(entry)
        if entry.request_id:
            response.headers["x-request-id"] = entry.request_id
        return response

    return [
        Route("/gateways/oauth/token", token, methods=["POST"]),
        Route("/gateways/{name}/{path:path}", passage, methods=list(_METHODS)),
    ]


async def _json(request: Request) -> Any:
    """Read a body; None when it is no JSON, or such as could not be written again (NaN, half characters)."""
    try:
        value = json.loads(await request.body())
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    return value


def _understood(gateway: Gateway, *, request: Request, body: Any) -> _Call:
    path = f"/{request.path_params['path']}"
    if request.method == "POST":
        return _inference(gateway, path=path, body=body)
    if request.method == "GET" and gateway.discovery:
        listed = gateway.base + gateway.discovery.path
        if path == listed:
            return _Call(gateway=gateway, kind="list")
        if path.startswith(f"{listed}/"):
            return _Call(gateway=gateway, kind="get", deployment=path.removeprefix(f"{listed}/"))
    return _Call(gateway=gateway)


def _inference(gateway: Gateway, *, path: str, body: Any) -> _Call:
    """Tell how an inference request names its deployment, whether or not this gateway takes it so."""
    routing: Routing
    if found := _BY_PATH.fullmatch(path):
        routing, deployment = "path", found["deployment"]
    elif found := _BY_BODY.fullmatch(path):
        routing, deployment = "body", body.get("model") if isinstance(body, dict) else None
    else:
        return _Call(gateway=gateway)
    taken = routing == gateway.routing and found["base"] == gateway.base
    return _Call(
        gateway=gateway,
        kind="chat" if taken else None,
        routing=routing,
        deployment=deployment if isinstance(deployment, str) else None,
        body=body,
    )


async def _answer(state: State, call: _Call, *, request: Request) -> Response:
    """Check in the order of a real gateway (credentials, api-version, route, deployment), then answer."""
    admit(state, call.gateway.auth, request=request)
    _check_version(call.gateway, request=request)
    if call.kind is None:
        raise Refused(Refusal(stage="route", status=404, code="404", message="Resource not found"))
    if call.gateway.upstream is not None:
        return await _forwarded(call, url=call.gateway.upstream, request=request)
    if call.kind == "list":
        return _listing(call.gateway)
    if call.kind == "get":
        return JSONResponse(_form(call.gateway, _deployment(call)))
    return _chat(call)


def _check_version(gateway: Gateway, *, request: Request) -> None:
    discovery = gateway.discovery.version if gateway.discovery else "ignored"
    rule = gateway.version if request.method == "POST" else discovery
    given = request.query_params.get("api-version")
    if rule == "required" and not given:
        # Azure says no more than this; that the query is what lacks is for the caller to find.
        raise Refused(Refusal(stage="backend", status=404, code="404", message="Resource not found"))
    if rule == "refused" and given is not None:
        message = "Unknown query parameter: 'api-version'. Leave it out."
        raise Refused(Refusal(stage="backend", status=400, code="unknown_parameter", message=message))


async def _forwarded(call: _Call, *, url: str, request: Request) -> Response:
    http: httpx.AsyncClient = request.state.gateway_http
    if call.kind == "chat":
        return await upstream.completion(http, url=url, request=request)
    return await upstream.models(http, url=url, name=call.deployment)


def _listing(gateway: Gateway) -> Response:
    forms = [_form(gateway, deployment) for deployment in DEPLOYMENTS]
    if gateway.discovery and gateway.discovery.provider == "OpenAI":
        return JSONResponse({"object": "list", "data": forms})
    return JSONResponse({"value": forms})


def _form(gateway: Gateway, deployment: Deployment) -> dict[str, Any]:
    openai = gateway.discovery is not None and gateway.discovery.provider == "OpenAI"
    return deployment.openai() if openai else deployment.azure()


def _deployment(call: _Call) -> Deployment:
    for deployment in DEPLOYMENTS:
        if deployment.name == call.deployment:
            return deployment
    raise _unknown(call, f"The deployment '{call.deployment}' does not exist here, or not yet.")


def _unknown(call: _Call, message: str) -> Refused:
    code = call.gateway.dialect.unknown
    return Refused(Refusal(stage="backend", status=404, code=code, message=message))


def _chat(call: _Call) -> Response:
    if not isinstance(call.body, dict):
        message = "The request body is not a JSON object."
        raise Refused(Refusal(stage="backend", status=400, code="invalid_json", message=message))
    if call.deployment is None:
        message = "You must provide a model parameter."
        raise Refused(Refusal(stage="backend", status=400, code="missing_model", message=message))
    deployment = _deployment(call)
    if deployment.retired:
        raise _unknown(call, f"The deployment '{deployment.name}' exists no longer: its model is retired.")
    body = deployment.heeded(call.body)
    try:
        if body.get("stream") is True:
            events = _events(model.stream(body, model=deployment.model))
            paced = _in_one_lump(events) if "streaming" in deployment.lacks else events
            return StreamingResponse(paced, media_type="text/event-stream")
        return JSONResponse(model.complete(body, model=deployment.model))
    except model.BadRequest as error:
        return JSONResponse(error.error, status_code=400)


async def _events(chunks: Iterator[dict[str, Any]]) -> AsyncIterator[str]:
    for chunk in chunks:
        yield f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n"
        await asyncio.sleep(_PACE_SECONDS)
    yield "data: [DONE]\n\n"


async def _in_one_lump(events: AsyncIterator[str]) -> AsyncIterator[str]:
    """Hold a stream back until it is complete, and for as long as a model would have taken."""
    held = [event async for event in events]
    await asyncio.sleep(_LUMP_SECONDS)
    yield "".join(held)


def _no_gateway(request: Request, *, known: Mapping[str, Gateway]) -> Response:
    name, names = request.path_params["name"], ", ".join(known)
    message = f"no gateway '{name}' in this sandbox: there are {names}"
    return JSONResponse({"error": {"code": "NotFound", "message": message}}, status_code=404)


def _entry(call: _Call, *, request: Request, status: int, started: float) -> GatewayRequest:
    return GatewayRequest(
        gateway=call.gateway.name,
        method=request.method,
        path=request.scope["raw_path"].decode("latin-1"),
        query=_without_values(request.url.query),
        deployment=call.deployment,
        routing=call.routing,
        status=status,
        milliseconds=round((time.perf_counter() - started) * 1000, 3),
        user_agent=request.headers.get("user-agent", ""),
        request_id=request.headers.get("x-request-id"),
        time=time.time(),
    )


def _without_values(query: str) -> str:
    """Keep api-version; of other parameters only the name, because some people send keys in a query."""
    pairs = parse_qsl(query, keep_blank_values=True)
    return "&".join(f"{name}={value if name == 'api-version' else '***'}" for name, value in pairs)
