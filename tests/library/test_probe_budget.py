"""The bounds of a probe: a limit that no request passes, no other host, and patience at 429."""

from __future__ import annotations

import httpx
import pytest

from gateway_workbook.probe_budget import Bounded, BudgetSpent
from tests.library.wire import Recorder, reply

URL = "https://gateway.example/v1"


def bounded(recorder: Recorder, slept: list[float], *, most: int = 40) -> Bounded:
    return Bounded(httpx.MockTransport(recorder), [URL], most=most, sleep=slept.append)


def test_the_limit_is_not_passed() -> None:
    recorder = Recorder(lambda _: reply(404))
    transport = bounded(recorder, [], most=3)
    with httpx.Client(transport=transport) as http:
        for _ in range(3):
            http.get(URL)
        with pytest.raises(BudgetSpent, match="3 requests are sent"):
            http.get(URL)
    assert len(recorder.requests) == transport.sent == 3


@pytest.mark.parametrize(
    "url", ["https://other.example/v1", "http://gateway.example/v1", "https://gateway.example:8443/v1"]
)
def test_nothing_goes_to_another_host_scheme_or_port(url: str) -> None:
    recorder = Recorder(lambda _: reply(200))
    with httpx.Client(transport=bounded(recorder, [])) as http, pytest.raises(BudgetSpent, match="another host"):
        http.get(url)
    assert recorder.requests == []


@pytest.mark.parametrize(
    ("told", "slept", "sent"),
    [
        ("3", [3.0, 3.0], 3),
        ("", [2.0, 5.0], 3),
        ("21", [], 1),
        ("Wed, 21 Oct 2026 07:28:00 GMT", [], 1),
    ],
)
def test_a_429_is_waited_for_twice_and_no_longer_than_a_moment(told: str, slept: list[float], sent: int) -> None:
    recorder = Recorder(lambda _: reply(429, headers={"Retry-After": told} if told else {}))
    waited: list[float] = []
    with httpx.Client(transport=bounded(recorder, waited)) as http:
        assert http.get(URL).status_code == 429
        assert (waited, len(recorder.requests)) == (slept, sent)
        http.get(URL)
    assert len(recorder.requests) == sent + 1, "two waits in a whole probe, not in each call"


def test_a_request_that_is_repeated_is_counted() -> None:
    answers = [reply(429, headers={"Retry-After": "1"}), reply(200, {"data": []})]
    recorder = Recorder(lambda _: answers.pop(0))
    transport = bounded(recorder, [])
    with httpx.Client(transport=transport) as http:
        assert http.post(URL, json={"a": 1}).status_code == 200
    assert transport.sent == 2
    assert [request.content for request in recorder.requests] == [b'{"a":1}', b'{"a":1}']
