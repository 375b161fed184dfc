"""Verdicts: what the gateway and the agent answered, judged, with the proof of route."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from gateway_workbook.agents import Answer
from gateway_workbook.suite import Suite
from gateway_workbook.validation import Validator, passed
from tests.library.wire import chat_answer, connection, gateway, reply

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx


def suite(*prompts: str, routes: tuple[str, ...] = ("gateway", "agent"), contains: str = "ok") -> Suite:
    return Suite.model_validate(
        {
            "name": "s",
            "prompts": [
                {"name": text, "prompt": text, "routes": routes, "assertions": [{"contains": contains}, "not_empty"]}
                for text in prompts
            ],
        }
    )


class ScriptedAgents:
    """Answers by the prompt's text."""

    def __init__(self, **answers: Answer) -> None:
        self._answers = answers
        self.asked: list[tuple[str, str]] = []

    def ask(self, agent: str, prompt: str) -> Answer:
        self.asked.append((agent, prompt))
        return self._answers.get(prompt, Answer(text="ok", response_id=f"resp_{prompt}", seconds=1, tokens=3))


def validator(
    respond: Callable[[httpx.Request], httpx.Response] = lambda _: reply(200, chat_answer("all ok")),
    *,
    agents: Any = None,
    seen: Callable[[str], bool | None] = lambda _: True,
) -> Validator:
    return Validator(
        gateway(connection(), respond)[0],
        agents or ScriptedAgents(),
        deployment="gpt-4o",
        agent="contoso-agent",
        seen_by_gateway=seen,
    )


def test_both_routes_are_judged_in_the_suites_order() -> None:
    agents = ScriptedAgents()
    verdicts = validator(agents=agents).judge(suite("one", "two"))
    assert [(verdict.prompt, verdict.route, verdict.judgement) for verdict in verdicts] == [
        ("one", "gateway", "passed"),
        ("one", "agent", "passed"),
        ("two", "gateway", "passed"),
        ("two", "agent", "passed"),
    ]
    assert sorted(agents.asked) == [("contoso-agent", "one"), ("contoso-agent", "two")]
    first, second = verdicts[:2]
    assert (first.answer, first.tokens, first.through_gateway) == ("all ok", 7, None)
    assert (second.answer, second.tokens, second.seconds, second.through_gateway) == ("ok", 3, 1, True)
    assert first.assertions == ("contains: ok", "not_empty")
    assert passed(verdicts)


def test_the_prompt_goes_to_the_gateway_as_a_user_says_it() -> None:
    bodies: list[Any] = []

    def respond(request: httpx.Request) -> httpx.Response:
        bodies.append(json.loads(request.content))
        return reply(200, chat_answer())

    validator(respond).judge(suite("hello", routes=("gateway",)))
    assert bodies == [{"model": "gpt-4o", "messages": [{"role": "user", "content": "hello"}]}]


def test_every_assertion_that_fails_is_named() -> None:
    verdict = validator(lambda _: reply(200, chat_answer(""))).judge(suite("x", routes=("gateway",)))[0]
    assert verdict.judgement == "failed"
    assert verdict.failures == ("the answer does not contain 'ok'", "the answer is empty")


@pytest.mark.parametrize(
    ("status", "content", "problem"),
    [
        (404, {"error": {"message": "gone"}}, "POST https://gateway.test/v1/chat/completions: 404 gone"),
        (200, "<html>", "a page for people answers"),
        (200, {"choices": []}, "that is not a chat completion"),
        (200, {"choices": [{"text": "ok"}]}, "that is not a chat completion"),
        (200, {"choices": None}, "that is not a chat completion"),
        (200, ["ok"], "that is not a chat completion"),
    ],
)
def test_no_answer_is_a_judgement_of_its_own(status: int, content: Any, problem: str) -> None:
    verdict = validator(lambda _: reply(status, content)).judge(suite("x", routes=("gateway",)))[0]
    assert verdict.judgement == "no answer"
    assert problem in verdict.failures[0]
    assert len(verdict.failures) == 1


def test_an_answer_of_tool_calls_alone_is_empty_and_odd_usage_is_none() -> None:
    content = {"choices": [{"message": {"content": None, "tool_calls": []}}], "usage": {"total_tokens": "many"}}
    verdict = validator(lambda _: reply(200, content)).judge(suite("x", routes=("gateway",)))[0]
    assert (verdict.answer, verdict.tokens, verdict.judgement) == ("", None, "failed")


def test_an_agent_that_fails_is_data() -> None:
    agents = ScriptedAgents(x=Answer(problem="404 no such agent", seconds=2))
    verdict = validator(agents=agents).judge(suite("x", routes=("agent",)))[0]
    assert (verdict.judgement, verdict.failures, verdict.seconds) == ("no answer", ("404 no such agent",), 2)
    assert verdict.through_gateway is None


@pytest.mark.parametrize(("seen", "judgement"), [(True, "passed"), (None, "passed"), (False, "failed")])
def test_an_answer_from_elsewhere_fails(seen: bool | None, judgement: str) -> None:  # noqa: FBT001  a table's column
    asked: list[str] = []

    def look(response_id: str) -> bool | None:
        asked.append(response_id)
        return seen

    verdict = validator(seen=look).judge(suite("x", routes=("agent",)))[0]
    assert asked == ["resp_x"]
    assert verdict.judgement == judgement
    assert verdict.through_gateway is seen
    assert any("answered from elsewhere" in failure for failure in verdict.failures) is (seen is False)


def test_the_gateways_route_needs_no_proof() -> None:
    verdict = validator(seen=lambda _: False).judge(suite("x", routes=("gateway",)))[0]
    assert (verdict.judgement, verdict.through_gateway) == ("passed", None)


def test_a_long_answer_is_judged_whole_and_kept_short() -> None:
    text = "x" * 30_000 + "ok"
    verdict = validator(lambda _: reply(200, chat_answer(text))).judge(suite("x", routes=("gateway",)))[0]
    assert verdict.judgement == "passed"
    assert len(verdict.answer) == 20_000


def test_nothing_judged_is_nothing_passed() -> None:
    assert not passed([])
    failed = validator(lambda _: reply(500, "")).judge(suite("x"))
    assert [verdict.judgement for verdict in failed] == ["no answer", "passed"]
    assert not passed(failed)
