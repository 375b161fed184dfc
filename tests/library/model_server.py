"""A model server on loopback that honours the whole contract, and can be told to fail at one thing."""

from __future__ import annotations

import json
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from tests.library.wire import KEY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Body = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What goes over the wire: each piece after its pause; `broken` hangs up instead of ending."""

    status: int = 200
    kind: str = "application/json"
    pieces: tuple[tuple[float, bytes], ...] = ()
    headers: dict[str, str] = field(default_factory=dict)
    broken: bool = False


def plain(status: int, content: object) -> Reply:
    """An answer in one piece; what is no text goes as JSON."""
    kind = "text/plain" if isinstance(content, str) else "application/json"
    text = content if isinstance(content, str) else json.dumps(content)
    return Reply(status=status, kind=kind, pieces=((0, text.encode()),))


def error(status: int, sentence: str = "This is not supported.") -> Reply:
    """A refusal as OpenAI words it."""
    return plain(status, {"error": {"message": sentence, "type": "invalid_request_error"}})


def words(text: str, *, finish: str = "stop", tokens: int = 5, prompt: int = 9, **more: object) -> Reply:
    """A completion."""
    message = {"role": "assistant", "content": text, **more}
    usage = {"prompt_tokens": prompt, "completion_tokens": tokens, "total_tokens": prompt + tokens}
    return plain(200, {"choices": [{"index": 0, "message": message, "finish_reason": finish}], "usage": usage})


def called(*names: str, ids: tuple[str, ...] = ("call_1", "call_2"), arguments: str = '{"city": "Lisbon"}') -> Reply:
    """A completion that calls these functions."""
    made = [
        {"id": id_, "type": "function", "function": {"name": name, "arguments": arguments}}
        for name, id_ in zip(names, ids, strict=False)
    ]
    message = {"role": "assistant", "content": None, "tool_calls": made}
    usage = {"prompt_tokens": 60, "completion_tokens": 5, "total_tokens": 65}
    return plain(200, {"choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}], "usage": usage})


def streamed(
    deltas: list[Body], *, pause: float = 0.004, first: float = 0.0, usage: bool = True, done: bool = True
) -> Reply:
    """Chunks of a completion: the first after `first` seconds, the others `pause` apart."""
    chunks: list[Body] = [{"choices": [{"index": 0, "delta": delta}]} for delta in deltas]
    if usage:
        chunks.append({"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 14}})
    lines = [f"data: {json.dumps(chunk)}\n\n" for chunk in chunks] + (["data: [DONE]\n\n"] if done else [])
    if pause:
        pieces = tuple((pause if index else first, line.encode()) for index, line in enumerate(lines))
    else:
        pieces = ((first, "".join(lines).encode()),)
    return Reply(kind="text/event-stream", pieces=pieces)


SPOKEN = [{"role": "assistant", "content": ""}, *({"content": f"word{index} "} for index in range(12))]
CALLED = [
    {"tool_calls": [{"index": 0, "id": "call_1", "function": {"name": "get_reading", "arguments": ""}}]},
    {"tool_calls": [{"index": 0, "function": {"arguments": '{"city": '}}]},
    {"tool_calls": [{"index": 0, "function": {"arguments": '"Lisbon"}'}}]},
]


def good(body: Body) -> Reply:
    """What a model that honours everything answers."""
    messages = body["messages"]
    if not messages:
        return error(400, "messages is empty: send at least one")
    if body.get("reasoning_effort") not in (None, "low"):
        return error(400, "reasoning_effort is none of low, medium, high")
    if body.get("stream"):
        counted = bool((body.get("stream_options") or {}).get("include_usage"))
        return streamed(CALLED if body.get("tools") else SPOKEN, usage=counted)
    return _whole(body, messages)


def _whole(body: Body, messages: list[Body]) -> Reply:
    names = [tool["function"]["name"] for tool in body.get("tools") or []]
    if messages[-1]["role"] == "tool":
        return words(f"The reading is {messages[-1]['content']}.")
    if names:
        return called(*names)
    if "response_format" in body:
        return words('{"serial": 7, "colour": "green"}')
    limit = body.get("max_completion_tokens") or body.get("max_tokens")
    if limit:
        return words("one two three", finish="length", tokens=limit)
    return words("heliotrope" if "heliotrope" in json.dumps(messages) else "ok")


@dataclass
class Served:
    """A running server: where it is, and what it was asked."""

    url: str
    asked: list[Body] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)


class _Handler(BaseHTTPRequestHandler):
    """Answers by `answer`, and keeps in `served` what was asked."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else small pieces wait for each other
    served: Served
    answer: Callable[[Body, str], Reply]

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("content-length") or 0))
        body, key = json.loads(raw), self.headers.get("api-key", "")
        self.served.asked.append(body)
        self.served.keys.append(key)
        self._send(self.answer(body, key))

    def _send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, value in {"content-type": reply.kind, "transfer-encoding": "chunked", **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        for pause, piece in reply.pieces:
            time.sleep(pause)
            self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        if not reply.broken:
            self.wfile.write(b"0\r\n\r\n")
        self.close_connection = reply.broken

    def log_message(self, *_: object) -> None:
        """Keep the tests' output clean."""


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A client that hangs up is no news."""


def _admitted(body: Body, key: str) -> Reply:
    if key != KEY:
        return error(401, "the key is not known")
    if body.get("model") not in ("gpt-4o", "mini"):
        return error(404, "the model does not exist")
    return good(body)


@contextmanager
def serving(override: Callable[[Body], Reply | None] = lambda _: None, *, anyone: bool = False) -> Iterator[Served]:
    """The good model, but for what `override` answers; `anyone` lets every key and every model name in."""
    served = Served("")

    def answer(_: object, body: Body, key: str) -> Reply:
        return override(body) or (good(body) if anyone else _admitted(body, key))

    httpd = _Quiet(("127.0.0.1", 0), type("Handler", (_Handler,), {"served": served, "answer": answer}))
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    served.url = f"http://127.0.0.1:{httpd.server_address[1]}/v1"
    try:
        yield served
    finally:
        httpd.shutdown()
        httpd.server_close()
        thread.join()
