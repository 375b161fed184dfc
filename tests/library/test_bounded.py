"""Answers without an end: by their size, by their pace, packed, and from the token endpoint."""

from __future__ import annotations

import gzip
from itertools import count
from typing import TYPE_CHECKING

import httpx
import pytest

from gateway_workbook.bounded import MOST_BYTES, MOST_SECONDS, Bounded, TooLarge, TooSlow, read_within
from gateway_workbook.diagnosis import diagnose
from gateway_workbook.gateway import Gateway
from tests.library.wire import CLIENT_SECRET, KEY, SECRETS, Recorder, chat_answer, connection, oauth2, reply

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway_workbook.connection import Connection
    from gateway_workbook.exchange import Exchange

HELLO = [{"role": "user", "content": "hello"}]
PIECE = b"x" * 100_000


class Endless(httpx.SyncByteStream):
    """Sends until nobody listens any more; `sent` is how much that was."""

    def __init__(self) -> None:
        self.sent, self.closed = 0, False

    def __iter__(self) -> Iterator[bytes]:
        while True:
            self.sent += len(PIECE)
            yield PIECE

    def close(self) -> None:
        self.closed = True


def called(which: Connection, response: httpx.Response) -> Exchange:
    return Gateway(which, Recorder(lambda _: response).client(), secrets=SECRETS).chat("gpt-4o", HELLO)


def test_an_endless_answer_is_a_fault_and_its_connection_is_closed() -> None:
    stream = Endless()
    exchange = called(connection(), httpx.Response(200, stream=stream))
    assert (exchange.fault, exchange.status, exchange.text) == ("too large", None, "")
    assert MOST_BYTES < stream.sent <= MOST_BYTES + len(PIECE)
    assert stream.closed
    finding = diagnose(exchange, connection())
    assert (finding.code, finding.confidence) == ("too-large", "certain")
    assert "the answer is longer than 5 MB" in finding.found
    assert KEY not in finding.model_dump_json()


def test_an_answer_as_long_as_the_bound_is_read() -> None:
    exchange = called(connection(), reply(200, "x" * MOST_BYTES))
    assert (exchange.status, len(exchange.text)) == (200, MOST_BYTES)


def test_what_counts_is_what_was_unpacked() -> None:
    packed = gzip.compress(b"0" * 50_000_000)
    assert len(packed) < MOST_BYTES / 50
    exchange = called(connection(), reply(200, packed, headers={"content-encoding": "gzip"}))
    assert exchange.fault == "too large"


def test_a_packed_answer_is_unpacked_once() -> None:
    packed = gzip.compress(b'{"choices": [1]}')
    exchange = called(connection(), reply(200, packed, headers={"content-encoding": "gzip"}))
    assert (exchange.ok, exchange.body) == (True, {"choices": [1]})


def test_an_answer_that_trickles_ends() -> None:
    seconds = count(step=MOST_SECONDS / 10)
    stream = Endless()
    with pytest.raises(TooSlow, match="not whole after 120 seconds"):
        read_within(httpx.Response(200, stream=stream), clock=lambda: next(seconds))
    assert stream.sent < MOST_BYTES
    assert stream.closed


def test_a_token_endpoint_without_end_is_the_token_endpoints_fault() -> None:
    stream = Endless()
    exchange = called(oauth2(), httpx.Response(200, stream=stream))
    finding = diagnose(exchange, oauth2())
    assert (exchange.asked, finding.code) == ("token", "too-large")
    assert finding.request == "POST https://login.test/token"
    assert "tokenUrl" in finding.mend
    assert "client_secret@-" in finding.curl
    assert CLIENT_SECRET not in finding.model_dump_json()
    assert stream.closed


def test_a_refusal_without_end_does_not_hold_up_the_second_token() -> None:
    answers = iter([reply(200, {"access_token": "a-token"}), httpx.Response(401, stream=Endless())])
    client = Gateway(oauth2(), Recorder(lambda _: next(answers)).client(), secrets=SECRETS)
    assert client.chat("gpt-4o", HELLO).fault == "too large"


def test_the_bounds_hold_where_httpx_reads_itself() -> None:
    with pytest.raises(TooLarge):
        httpx.Response(200, stream=Bounded(Endless())).read()
    with pytest.raises(TypeError, match="AsyncByteStream"):
        Bounded(httpx.AsyncByteStream())
    assert httpx.Response(200, stream=Bounded(reply(200, chat_answer()).stream)).read()


def test_an_answer_that_pauses_longer_than_the_clients_patience_is_silence() -> None:
    def silent(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("no answer", request=request)

    client = Gateway(connection(), Recorder(silent).client(), secrets=SECRETS)
    assert client.chat("gpt-4o", HELLO).fault == "read timeout"
