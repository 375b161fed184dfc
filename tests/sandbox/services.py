"""Services the tests start on loopback themselves: any application, and a gateway that answers from a script."""

from __future__ import annotations

import itertools
import json
import threading
import time
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

    # What a scripted gateway says to the body it is asked with: a chat message, or something else entirely.
    Script = Callable[[dict[str, Any]], dict[str, Any] | Response]


SERVED: dict[str, ASGIApp] = {}
NUMBERS = itertools.count(1)


@contextmanager
def serving(app: ASGIApp) -> Iterator[str]:
    """Serve an application for a while; give its URL. One server has them all, under a number each."""
    number = str(next(NUMBERS))
    SERVED[number] = app
    try:
        yield f"{_server()}/{number}"
    finally:
        del SERVED[number]


@cache
def _server() -> str:
    return _started(_dispatch, lifespan="off")[0]


async def _dispatch(scope: Scope, receive: Receive, send: Send) -> None:
    number = scope["path"].split("/")[1]
    cut = len(number) + 1
    inner = {**scope, "path": scope["path"][cut:], "raw_path": scope["raw_path"][cut:]}
    await SERVED[number](inner, receive, send)


@contextmanager
def running(app: ASGIApp) -> Iterator[str]:
    """Run an application that has a lifespan, on a port of its own."""
    url, server = _started(app, lifespan="on")
    yield url
    server.should_exit = True


def _started(app: ASGIApp, *, lifespan: Literal["on", "off"]) -> tuple[str, uvicorn.Server]:
    config = uvicorn.Config(app, port=0, log_config=None, lifespan=lifespan, timeout_graceful_shutdown=0)
    server = uvicorn.Server(config)
    threading.Thread(target=server.run, daemon=True).start()
    while not server.started:
        time.sleep(0.01)
    return f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}", server


class ScriptedGateway:
    """A gateway whose model is a function of the request; `asked` has the bodies it was sent."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.asked: list[dict[str, Any]] = []
        self.app = Starlette(routes=[Route("/chat/completions", self.answer, methods=["POST"])])

    async def answer(self, request: Request) -> Response:
        body = await request.json()
        self.asked.append(body)
        said = self.script(body)
        if isinstance(said, Response):
            return said
        message = {"role": "assistant", "content": None, **said}
        finish = "tool_calls" if message.get("tool_calls") else "stop"
        usage = {"prompt_tokens": 10, "completion_tokens": 1, "total_tokens": 11}
        if not body.get("stream"):
            choice = {"index": 0, "message": message, "finish_reason": finish}
            return JSONResponse({"choices": [choice], "usage": usage})
        calls = [{**call, "index": index} for index, call in enumerate(message.get("tool_calls") or [])]
        chunks = [
            {"choices": [{"index": 0, "delta": {**message, "tool_calls": calls}, "finish_reason": None}]},
            {"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]},
            {"choices": [], "usage": usage},
        ]
        lines = [f"data: {json.dumps(chunk)}\n\n" for chunk in chunks]
        return StreamingResponse(iter([*lines, "data: [DONE]\n\n"]), media_type="text/event-stream")


def call(name: str, /, identifier: str = "call_1", **arguments: Any) -> dict[str, Any]:  # of the tool
    """Write a tool call as a model makes it."""
    return {
        "id": identifier,
        "type": "function",
        "function": {"name": name, "arguments": json.dumps(arguments)},
    }
