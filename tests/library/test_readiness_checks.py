"""Every check of readiness against a real server that honours all, fails at one thing, or leaves it open."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from jsonschema import Draft202012Validator

from gateway_workbook import chat_checks
from gateway_workbook.gateway import Gateway
from gateway_workbook.readiness_calls import Calls
from gateway_workbook.readiness_checks import CHECKS, GATEWAY_CHECKS
from tests.library.model_server import CALLED, SPOKEN, Body, Reply, called, error, plain, serving, streamed, words
from tests.library.wire import SECRETS, connection

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway_workbook.readiness_calls import Judged

BY_NAME = {check.name: check for check in (*CHECKS, *GATEWAY_CHECKS)}


def judged(check: str, override: Callable[[Body], Reply | None] = lambda _: None, *, anyone: bool = False) -> Judged:
    with serving(override, anyone=anyone) as served, httpx.Client() as http:
        gateway = Gateway(connection(targetUrl=served.url), http, secrets=SECRETS)
        if check == "refusing a wrong key":
            gateway = gateway.with_invented_key()
        calls = Calls(gateway, "nobody" if check == "refusing an unknown model" else "gpt-4o")
        found = BY_NAME[check].judge(calls)
        assert calls.made == len(served.asked) <= 4
        return found


def when(test: Callable[[Body], Any], reply: Reply) -> Callable[[Body], Reply | None]:
    return lambda body: reply if test(body) else None


def has(field: str) -> Callable[[Body], Any]:
    return lambda body: field in body


def role(name: str) -> Callable[[Body], Any]:
    return lambda body: any(message["role"] == name for message in body["messages"])


def always(_: Body) -> bool:
    return True


def unstreamed(body: Body) -> bool:
    return not body.get("stream")


TEXT_WITH_TOOL = when(lambda body: unstreamed(body) and body.get("tools"), words("I cannot.", prompt=60))
DROPPED = when(lambda body: unstreamed(body) and body.get("tools"), words("I cannot.", prompt=9))
BAD_CALL = [{"tool_calls": [{"index": 0, "function": {"name": "get_reading", "arguments": '{"city": "Lisbon"}'}}]}]

REFUSED: list[tuple[str, Callable[[Body], Reply | None], str]] = [
    ("chat", when(always, error(404, "no such deployment")), "404 no such deployment"),
    ("chat", when(always, plain(200, {"result": "ok"})), "200 without a choice"),
    ("chat", when(always, plain(200, {"choices": ["ok"]})), "no message"),
    ("chat", when(always, plain(200, "<html>sign in</html>")), "200 without a choice"),
    ("system prompt", when(role("system"), error(400)), "400 This is not supported."),
    ("several turns", when(role("assistant"), error(422)), "422 This is not supported."),
    ("streaming", when(has("stream"), words("A whole answer.")), "ignored"),
    ("streaming", when(has("stream"), error(400, "stream must be false")), "400 stream must be false"),
    ("streaming", when(has("stream"), error(501)), "501"),
    ("streaming", when(has("stream"), streamed(SPOKEN, pause=0, first=0.25)), "in one lump: 12 pieces"),
    (
        "streaming",
        when(has("stream"), streamed([{"content": "all of it comes at once after a while"}], pause=0, first=0.2)),
        "in one lump: 1 piece, ",
    ),
    ("usage in the stream", when(has("stream"), streamed(SPOKEN, usage=False)), "no chunk has usage"),
    ("usage in the stream", when(has("stream_options"), error(400, "unknown field stream_options")), "stream_options"),
    ("usage", when(always, plain(200, {"choices": [{"message": {"content": "ok"}}]})), "no usage"),
    ("usage", when(always, plain(200, {"choices": [{"message": {"content": "ok"}}], "usage": [7]})), "no usage"),
    ("tool call", when(has("tools"), error(400, "tools are not supported")), "400 tools are not supported"),
    ("tool call", when(has("tools"), error(404, "no endpoint supports tool use")), "404 no endpoint"),
    ("tool call", DROPPED, "taken and dropped: 9 tokens"),
    ("tool call", when(has("tools"), called("get_reading", arguments="city=Lisbon")), "without an id, a name"),
    ("tool call", when(has("tools"), called("get_reading", ids=("",))), "without an id, a name"),
    ("tool call in a stream", when(has("stream"), streamed(BAD_CALL)), "make no id, name and arguments"),
    ("tool call in a stream", when(has("stream"), streamed(CALLED[:2])), "make no id, name and arguments"),
    ("tool call in a stream", when(has("stream"), called("get_reading")), "not streamed"),
    ("tool round trip", when(role("tool"), error(400, "tool_call_id not found")), "400 tool_call_id not found"),
    ("parallel tool calls", when(has("parallel_tool_calls"), error(400)), "400"),
    ("parallel tool calls", when(has("tools"), called("a", "b", ids=("call_1", "call_1"))), "share the id call_1"),
    ("forced tool choice", when(has("tool_choice"), words("Good morning!")), "taken and ignored"),
    ("forced tool choice", when(has("tool_choice"), called("another")), "taken and ignored"),
    ("forced tool choice", when(has("tool_choice"), error(400, "only auto")), "400 only auto"),
    ("response_format", when(has("response_format"), words("Good morning!")), "no JSON"),
    ("response_format", when(has("response_format"), words('{"serial": "7", "colour": "red"}')), "breaks the schema"),
    ("response_format", when(has("response_format"), words("[]")), "breaks the schema"),
    ("response_format", when(has("response_format"), error(400, "json_schema unknown")), "400 json_schema unknown"),
    ("max_completion_tokens", when(has("max_completion_tokens"), error(400)), "max_tokens: supported"),
    ("max_completion_tokens", when(has("max_completion_tokens"), words("…", tokens=90)), "90 tokens came"),
    ("reasoning_effort", when(has("reasoning_effort"), error(400, "unknown argument")), "400 unknown argument"),
    ("error shape", when(lambda body: not body["messages"], error(500, "index out of range")), "own fault"),
    ("error shape", when(lambda body: not body["messages"], plain(400, "bad request")), "400 without a sentence"),
    ("error shape", when(lambda body: not body["messages"], plain(422, {})), "422 without a sentence"),
]
OPEN: list[tuple[str, Callable[[Body], Reply | None], str]] = [
    ("chat", when(always, error(503, "no capacity")), "503 no capacity"),
    ("chat", when(always, error(401, "who are you?")), "401 who are you?"),
    ("system prompt", when(role("system"), words("Good morning!")), "did not follow"),
    ("system prompt", when(role("system"), plain(400, {"error": {"code": "content_filter"}})), "400"),
    ("several turns", when(role("assistant"), words("Which code word?")), "did not use"),
    ("several turns", when(role("assistant"), error(413, "too long")), "413"),
    ("streaming", when(has("stream"), streamed(SPOKEN[:3], pause=0)), "too short or too fast"),
    ("streaming", when(has("stream"), streamed(SPOKEN, pause=0)), "too short or too fast"),
    ("streaming", when(has("stream"), streamed([{"refusal": "No."}])), "without text"),
    ("streaming", when(has("stream"), error(502, "upstream")), "502 upstream"),
    (
        "streaming",
        when(has("stream"), Reply(kind="text/event-stream", pieces=((0, b'data: {"choices": []}\n\n'),), broken=True)),
        "the stream broke",
    ),
    ("usage in the stream", when(has("stream"), streamed(SPOKEN[:4], usage=False, done=False)), "ended early"),
    ("usage in the stream", when(has("stream"), words("A whole answer.")), "not streamed"),
    ("usage", when(always, error(503)), "503"),
    ("tool call", TEXT_WITH_TOOL, "answered in words"),
    ("tool call", when(has("tools"), called("get_weather")), "calls get_weather, which it was not offered"),
    ("tool call in a stream", when(has("stream"), streamed(SPOKEN)), "answered in words"),
    ("tool round trip", when(role("tool"), words("I see.")), "did not use"),
    ("parallel tool calls", when(has("tools"), called("get_reading")), "1 call where two"),
    ("parallel tool calls", when(has("tools"), words("I cannot.")), "no calls where two"),
    ("forced tool choice", when(has("tool_choice"), words("", finish="length")), "cut short"),
    ("response_format", when(has("response_format"), words('{"serial":', finish="length")), "cut short"),
    ("response_format", when(has("response_format"), words("", refusal="I will not.")), "declined"),
    ("max_completion_tokens", when(has("max_completion_tokens"), words("one")), "short by itself"),
    ("reasoning_effort", when(has("reasoning_effort"), words("ok")), "probably ignored"),
    ("error shape", when(lambda body: not body["messages"], words("Hello.")), "200"),
]


@pytest.mark.parametrize("check", [check.name for check in (*CHECKS, *GATEWAY_CHECKS)])
def test_a_model_that_honours_the_contract_is_supported(check: str) -> None:
    found = judged(check)
    assert found.answer == "supported", found.found
    assert found.found
    assert "curl" in found.curl


@pytest.mark.parametrize(("check", "override", "told"), REFUSED, ids=[f"{c}-{t}" for c, _, t in REFUSED])
def test_refused_or_ignored_is_refused(check: str, override: Callable[[Body], Reply | None], told: str) -> None:
    found = judged(check, override)
    assert (found.answer, told in found.found) == ("refused", True), found.found


@pytest.mark.parametrize(("check", "override", "told"), OPEN, ids=[f"{c}-{t}" for c, _, t in OPEN])
def test_what_does_not_decide_is_left_open(check: str, override: Callable[[Body], Reply | None], told: str) -> None:
    found = judged(check, override)
    assert (found.answer, told in found.found) == ("could not tell", True), found.found


@pytest.mark.parametrize("check", ["refusing an unknown model", "refusing a wrong key"])
def test_a_gateway_that_lets_anything_in(check: str) -> None:
    assert judged(check, anyone=True).answer == "refused"
    assert judged(check, when(always, error(503))).answer == "could not tell"
    assert judged(check, when(always, error(400, "Authentication Error"))).answer == "supported"


def test_every_check_has_all_three_answers_tested() -> None:
    names = {check.name for check in CHECKS}
    assert names == {check for check, _, _ in REFUSED} == {check for check, _, _ in OPEN}


@pytest.mark.parametrize(
    "document",
    [
        {"serial": 7, "colour": "red"},
        {"serial": 7, "colour": "blue"},
        {"serial": "7", "colour": "red"},
        {"serial": True, "colour": "red"},
        {"serial": 1.5, "colour": "red"},
        {"serial": None, "colour": "red"},
        {"colour": "red"},
        {"serial": 7, "colour": "red", "more": 1},
        {"serial": 7, "colour": None},
        [],
        "red",
        None,
        10**30,
    ],
)
def test_the_answer_is_held_to_the_schema_as_jsonschema_would(document: object) -> None:
    schema = chat_checks._FORMAT["json_schema"]["schema"]  # type: ignore[index]  # noqa: SLF001  what was really sent
    found = judged("response_format", when(has("response_format"), words(json.dumps(document))))
    assert (found.answer == "supported") is Draft202012Validator(schema).is_valid(document)


def test_a_lump_counts_when_it_comes_twice() -> None:
    lumps = iter([streamed(SPOKEN, pause=0, first=0.25), streamed(SPOKEN)])
    assert judged("streaming", lambda body: next(lumps) if body.get("stream") else None).answer == "supported"


def test_a_stream_is_asked_for_without_usage_where_that_is_refused() -> None:
    found = judged("streaming", when(has("stream_options"), error(400, "unknown field stream_options")))
    assert found.answer == "supported"
