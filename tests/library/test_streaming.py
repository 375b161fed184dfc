"""`Gateway.stream`: events as they come, masked, bounded, and with what broke them."""

from __future__ import annotations

import json
import time
from itertools import count
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from gateway_workbook import streaming
from gateway_workbook.gateway import Gateway
from gateway_workbook.streaming import StreamReader
from tests.library.model_server import SPOKEN, Reply, error, plain, serving, streamed, words
from tests.library.wire import CLIENT_SECRET, KEY, SECRETS, connection, oauth2

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway_workbook.streaming import Streamed

HELLO = [{"role": "user", "content": "hello"}]


def asked(reply: Reply, **options: Any) -> Streamed:
    with serving(lambda _: reply) as served, httpx.Client() as http:
        return Gateway(connection(targetUrl=served.url), http, secrets=SECRETS).stream("gpt-4o", HELLO, **options)


def lines(*pieces: bytes, broken: bool = False) -> Reply:
    return Reply(kind="text/event-stream", pieces=tuple((0.01, piece) for piece in pieces), broken=broken)


def test_the_call_is_chat_with_stream_and_its_curl_line() -> None:
    with serving() as served, httpx.Client() as http:
        which = Gateway(connection(targetUrl=served.url), http, secrets=SECRETS)
        found = which.stream("gpt-4o", HELLO, stream_options={"include_usage": True})
    assert served.asked == [
        {"model": "gpt-4o", "messages": HELLO, "stream": True, "stream_options": {"include_usage": True}}
    ]
    assert served.keys == [KEY]
    assert '"stream": true' in found.exchange.curl
    assert (found.exchange.ok, found.done, found.whole) == (True, True, True)
    assert found.usage == {"prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 14}
    assert "".join(piece for _, piece in found.deltas).startswith("word0 word1 ")


def test_arrival_is_measured_and_not_at_the_end() -> None:
    found = asked(streamed(SPOKEN, pause=0.02))
    times = [at for at, _ in found.deltas]
    assert times == sorted(times)
    assert times[-1] - times[0] >= 0.02 * 11 * 1000 * 0.9
    assert found.exchange.milliseconds >= times[-1]


def test_a_lump_arrives_at_once() -> None:
    times = [at for at, _ in asked(streamed(SPOKEN, pause=0, first=0.05)).deltas]
    assert times[0] >= 50
    assert times[-1] - times[0] < 5


@pytest.mark.parametrize(
    ("pieces", "events"),
    [
        ([b"data: a\n\ndata: b\n\n"], ["a", "b"]),
        ([b"data: a\r\n\r\ndata: b\r\n\r\n"], ["a", "b"]),
        ([b"da", b"ta: a\r", b"\n\r\nd", b"ata: b\n", b"\n"], ["a", "b"]),
        ([b": ping\n\nevent: x\nid: 7\ndata: a\n\n"], ["a"]),
        ([b"data: a\ndata: b\n\n"], ["a\nb"]),
        ([b"data:a\n\ndata:  b\n\n"], ["a", " b"]),
        ([b"data: a\n\ndata: without an end"], ["a", "without an end"]),
        (["data: größe\n\n".encode()[:9], "data: größe\n\n".encode()[9:]], ["größe"]),
        ([b"data: \xff\n\n"], ["�"]),
        ([b"nothing of the kind\n\n"], []),
        ([b""], []),
    ],
)
def test_events_are_read_as_the_standard_has_them(pieces: list[bytes], events: list[str]) -> None:
    found = asked(lines(*(piece for piece in pieces if piece)))
    assert [event.data for event in found.events] == events


def test_secrets_are_masked_in_events_and_text() -> None:
    found = asked(lines(b"data: " + KEY.encode() + b"\n\n"))
    assert KEY not in found.model_dump_json()
    assert found.events[0].data == "•••"


def test_an_oauth2_stream_is_not_held_back_and_its_token_is_masked() -> None:
    token = "token-swordfish"

    def respond(body: dict[str, Any]) -> Reply:
        assert body["stream"]
        return streamed([{"content": f"{token} "}, *SPOKEN], pause=0.02)

    with serving(respond) as served, httpx.Client(mounts={"https://": _Tokens(token)}) as http:
        found = Gateway(oauth2(targetUrl=served.url), http, secrets=SECRETS).stream("gpt-4o", HELLO)
    times = [at for at, _ in found.deltas]
    assert times[-1] - times[0] >= 200
    assert token not in found.model_dump_json()
    assert CLIENT_SECRET not in found.model_dump_json()


class _Tokens(httpx.BaseTransport):
    """The token endpoint."""

    def __init__(self, token: str) -> None:
        self._token = token

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        body = json.dumps({"access_token": self._token, "expires_in": 3600}).encode()
        return httpx.Response(200, stream=httpx.ByteStream(body), request=request)


def test_a_refusal_is_an_exchange_as_ever() -> None:
    found = asked(error(404, "no such deployment"))
    assert (found.exchange.status, found.exchange.told, found.events) == (404, "no such deployment", ())
    assert found.exchange.headers["content-type"] == "application/json"


def test_a_whole_answer_has_no_events() -> None:
    found = asked(words("all of it"))
    assert (found.exchange.ok, found.events, found.done) == (True, (), False)
    assert found.exchange.body["choices"]


def test_a_broken_stream_keeps_what_came_and_names_the_fault() -> None:
    found = asked(lines(b'data: {"choices": []}\n\n', broken=True))
    assert [event.data for event in found.events] == ['{"choices": []}']
    assert (found.exchange.status, found.exchange.fault) == (None, "cut short")


def test_nobody_there_is_a_fault() -> None:
    with httpx.Client() as http:
        found = Gateway(connection(targetUrl="http://127.0.0.1:9/v1"), http, secrets=SECRETS).stream("gpt-4o", HELLO)
    assert (found.exchange.fault, found.events) == ("refused", ())


@pytest.mark.parametrize(
    "chunk",
    [7, "text", [], {}, {"choices": None}, {"choices": [None, 7]}, {"choices": [{"delta": "text"}]}, {"usage": 7}]
    + [{"choices": [{"delta": {"tool_calls": tool_calls, "content": 7}}]} for tool_calls in (7, [7], None)],
)
def test_chunks_of_any_shape_are_data(chunk: object) -> None:
    found = asked(lines(f"data: {json.dumps(chunk)}\n\n".encode()))
    assert (found.deltas, found.call_pieces, found.usage) == ([], [], None)


class _Endless(httpx.SyncByteStream):
    def __iter__(self) -> Iterator[bytes]:
        for number in count():
            yield f"data: {number}\n\n".encode()


def test_an_endless_stream_is_cut_off_by_its_size() -> None:
    reader = StreamReader(hidden=set)
    exchange = reader(httpx.Response(200, stream=_Endless()), {"method": "POST", "url": "https://gateway.test"})
    assert exchange.ok
    assert reader.whole is False
    assert len(exchange.text) <= streaming.MOST_BYTES + 100


def test_an_endless_stream_is_cut_off_by_its_time() -> None:
    seconds = count(0, streaming.MOST_SECONDS / 10)
    reader = StreamReader(hidden=set, clock=lambda: next(seconds))
    started = time.monotonic()
    reader(httpx.Response(200, stream=_Endless()), {"method": "POST", "url": "https://gateway.test"})
    assert reader.whole is False
    assert len(reader.events) < 20
    assert time.monotonic() - started < 5


def test_what_is_compressed_is_read() -> None:
    import gzip

    body = gzip.compress(b"data: a\n\ndata: [DONE]\n\n")
    found = asked(Reply(kind="text/event-stream", pieces=((0, body),), headers={"content-encoding": "gzip"}))
    assert [event.data for event in found.events] == ["a", "[DONE]"]
    assert found.done


def test_a_plain_text_error_is_kept() -> None:
    assert asked(plain(401, "who are you?")).exchange.outcome == "401 who are you?"
