"""Ways to go wrong: what a proxy does with a call, below HTTP, within it, and by what it demands."""

from __future__ import annotations

import gzip
import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from tests.faults.proxy import Answer, Call

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.proxy import Fault, Kind

JSON = {"content-type": "application/json"}
HTML = {"content-type": "text/html; charset=utf-8"}
TEXT = {"content-type": "text/plain"}
PAGE = "<!DOCTYPE html><html><head><title>Sign in</title></head><body>Welcome</body></html>"


def well(call: Call) -> Answer:
    """No fault at all."""
    return call.forward()


def on(kind: Kind, fault: Fault) -> Fault:
    """The fault on this kind of call; the others pass."""
    return lambda call: fault(call) if call.kind == kind else call.forward()


def say(status: int, content: object = "", **headers: str) -> Fault:
    """An answer of the proxy's own; underscores in names of headers are hyphens."""
    text = content if isinstance(content, str) else json.dumps(content)
    kind = HTML if text.startswith("<") else TEXT if isinstance(content, str) else JSON
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = Answer(status=status, headers=(kind if text else {}) | named, body=text.encode())
    return lambda _: answer


def edit(change: Callable[[Answer], Answer]) -> Fault:
    """What the gateway says, changed on the way back."""
    return lambda call: change(call.forward())


# Below HTTP.


def late(_: Call) -> None:
    time.sleep(2.5)


def reset(call: Call) -> None:
    call.reset()


def close(_: Call) -> None:
    """Hang up without a word."""


def not_http(call: Call) -> None:
    call.write(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")


def stalls_within(call: Call) -> None:
    call.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{")
    time.sleep(2.5)


def trickles(call: Call) -> None:
    call.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 9999\r\n\r\n")
    for _ in range(9999):
        call.write(b" ")
        time.sleep(0.1)


def endless(call: Call) -> None:
    call.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n")
    while True:
        call.write(b" " * 100_000)


def cut_chunk(call: Call) -> None:
    call.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n40\r\n{")


def cut_within(answer: Answer) -> Answer:
    """Half the body under the length of the whole."""
    return replace(answer, body=answer.body[: len(answer.body) // 2], length=len(answer.body))


# Within HTTP.


def truncated(answer: Answer) -> Answer:
    return replace(answer, body=answer.body[: len(answer.body) // 2])


def wrong_encoding(answer: Answer) -> Answer:
    return replace(answer, headers={**answer.headers, "content-encoding": "gzip"})


def broken_gzip(answer: Answer) -> Answer:
    packed = gzip.compress(answer.body)
    return replace(answer, headers={**answer.headers, "content-encoding": "gzip"}, body=packed[:10] + b"\xff" * 20)


def of_data(change: Callable[[Any], Any]) -> Fault:
    """The gateway's JSON, changed."""
    return edit(lambda answer: replace(answer, body=json.dumps(change(answer.data)).encode()))


def as_azure(listed: Any) -> Any:
    """An OpenAI list in the other provider's form."""
    return {
        "value": [
            {"name": one["id"], "properties": {"model": {"name": one["id"], "format": "OpenAI", "version": "1"}}}
            for one in listed["data"]
        ]
    }


# Demands.


def demands_version(wanted: str | None, refusal: Fault) -> Fault:
    """Let calls with this api-version pass alone, with any for an empty one, or only those without."""

    def check(call: Call) -> Answer | None:
        path, _, query = call.path.partition("?")
        given = parse_qs(query).get("api-version", [])
        fits = not given if wanted is None else given == [wanted] or (wanted == "" and bool(given))
        return replace(call, path=path).forward() if fits else refusal(call)

    return check


def reads_key_in(name: str, refusal: Fault) -> Fault:
    """A gateway that looks for the key in this header, and hands it on as a bearer token."""

    def check(call: Call) -> Answer | None:
        key = next((value for header, value in call.headers.items() if header.lower() == name.lower()), "")
        if not key:
            return refusal(call)
        signed = {**call.without(name, "authorization").headers, "Authorization": f"Bearer {key}"}
        return replace(call, headers=signed).forward()

    return check


def strips(*names: str) -> Fault:
    """These headers do not arrive."""
    return lambda call: call.without(*names).forward()


def moved(old: str, new: str, status: int = 308) -> Fault:
    """What lay under one path lies under another."""

    def send_on(call: Call) -> Answer:
        if call.path.startswith(new):
            return call.forward()
        return Answer(status=status, headers={"location": call.path.replace(old, new, 1)})

    return send_on


def by_body_only(call: Call) -> Answer | None:
    """A gateway that wants the model in the body, wherever it is called."""
    if b'"model"' not in call.body and call.kind == "chat":
        return say(400, {"error": {"message": "you must provide a model parameter"}})(call)
    return call.forward()
