"""Forwarding to a real model server, for gateways that stand before one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import httpx
from starlette.responses import Response, StreamingResponse

from foundry_sandbox.dialect import Refusal, Refused

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request

_TIMEOUT: Final = httpx.Timeout(300, connect=5)  # seconds; a model on two cores takes its time
_PASSED_ON: Final = ("content-type", "accept", "x-request-id")
_PASSED_BACK: Final = ("content-type", "retry-after")


def client() -> httpx.AsyncClient:
    """Make a client that follows no redirect and heeds no proxy settings of the machine."""
    return httpx.AsyncClient(timeout=_TIMEOUT, follow_redirects=False, trust_env=False)


async def models(http: httpx.AsyncClient, *, url: str, name: str | None = None) -> Response:
    """Ask the model server for its list, or for one model of it."""
    path = "models" if name is None else f"models/{quote(name, safe='')}"
    return await _exchange(http, http.build_request("GET", f"{url.rstrip('/')}/{path}"))


async def completion(http: httpx.AsyncClient, *, url: str, request: Request) -> Response:
    """Send a chat completion on, without the caller's key, and pass the answer back as it comes."""
    headers = {name: value for name in _PASSED_ON if (value := request.headers.get(name))}
    headers["accept-encoding"] = "identity"  # events must not wait in a decompressor
    target = f"{url.rstrip('/')}/chat/completions"
    return await _exchange(http, http.build_request("POST", target, headers=headers, content=await request.body()))


async def _exchange(http: httpx.AsyncClient, outgoing: httpx.Request) -> Response:
    try:
        answer = await http.send(outgoing, stream=True)
        if answer.is_redirect:
            await answer.aclose()
            raise _bad_gateway(f"{outgoing.url} answers with a redirect, which is not followed: correct the URL")
        headers = {name: value for name in _PASSED_BACK if (value := answer.headers.get(name))}
        if answer.headers.get("content-type", "").startswith("text/event-stream"):
            return StreamingResponse(_events(answer), status_code=answer.status_code, headers=headers)
        return Response(await answer.aread(), status_code=answer.status_code, headers=headers)
    except httpx.RequestError as error:
        raise _bad_gateway(_reason(error)) from error


async def _events(answer: httpx.Response) -> AsyncIterator[bytes]:
    """Pass events on; a break becomes a last event, because the status has been sent."""
    try:
        async for piece in answer.aiter_bytes():
            yield piece
    except httpx.RequestError as error:
        body = {"error": {"message": _reason(error), "type": "server_error", "code": "bad_gateway"}}
        yield f"\n\ndata: {json.dumps(body)}\n\n".encode()
    finally:
        await answer.aclose()


def _reason(error: httpx.RequestError) -> str:
    return f"{error.request.url} did not answer: {type(error).__name__}: {error}".rstrip(": ")


def _bad_gateway(message: str) -> Refused:
    return Refused(Refusal(stage="backend", status=502, code="bad_gateway", message=message))
