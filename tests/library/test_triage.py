"""Whose fault it is: every combination of the two routes, and the words by which Agent Service refuses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from gateway_workbook.agent_rules import agent_code
from gateway_workbook.answer import Answer
from gateway_workbook.diagnosis import RULES
from gateway_workbook.finding import Finding
from gateway_workbook.triage import AGENT_CODES, GATEWAY_CODES, Triage, agent_finding, judge, triage
from tests.library.wire import chat_answer, connection, gateway, reply

if TYPE_CHECKING:
    import httpx

NAMES = {"connection": "contoso", "deployment": "gpt-4o"}


def straight(code: str) -> Finding:
    return Finding(code=code, field="targetUrl", request="POST x", found="404", cause="because", mend="mend it")


def through(problem: str) -> Finding | None:
    return agent_finding(Answer(problem=problem), "helper", NAMES)


@pytest.mark.parametrize(
    ("problem", "code"),
    [
        ("404 Connection 'contoso' not found", "connection-not-found"),
        ("400 connection 'contoso' cannot be used: metadata has both models and modelDiscovery", "connection-unusable"),
        ("424 connection 'contoso': POST https://g.test/chat/completions answered 401: no", "gateway-refused-key"),
        ("424 connection 'contoso': POST https://g.test/chat/completions answered 404: no", "gateway-path"),
        ("424 connection 'contoso': POST https://g.test/x answered 302, a redirect, which is not", "gateway-path"),
        ("429 connection 'contoso': POST https://g.test/x answered 429: slow down", "gateway-limit"),
        ("424 connection 'contoso': POST https://g.test/x answered 503: down", "gateway-error"),
        ("424 connection 'contoso': POST https://g.test/x failed: ConnectError: refused", "gateway-unreachable"),
        (
            "424 connection 'contoso': POST https://g.test/x answered 200 with text/html, not a chat completion",
            "not-chat",
        ),
        ("404 no deployment 'gpt-4o' in the project: it has gpt-4o-mini", "deployment-not-found"),
        ("404 DeploymentNotFound", "deployment-not-found"),
        ("400 The response was filtered due to the content management policy", "content-filter"),
        ("403 The principal lacks the required role", "sign-in"),
        ("no Entra token (nobody is signed in)", "sign-in"),
        ("the agent calls the function track_order, and none was given: pass it in functions", "tool"),
        ("APITimeoutError Request timed out.", "timeout"),
        ("500 internal", "service"),
        ("418 something new", "agent-error"),
    ],
)
def test_the_words_of_agent_service_are_read(problem: str, code: str) -> None:
    assert agent_code(problem) == code
    assert code in AGENT_CODES


@pytest.mark.parametrize(
    ("gateway_code", "problem", "seen", "party"),
    [
        (None, None, True, "nobody"),
        (None, None, None, "nobody"),
        (None, None, False, "profile"),
        (None, "404 Connection 'contoso' not found", None, "Foundry"),
        (None, "424 POST x answered 401: no", None, "profile"),
        (None, "424 POST x answered 404: no", None, "Foundry"),
        (None, "429 POST x answered 429: no", None, "gateway"),
        (None, "424 POST x failed: ConnectTimeout", None, "network"),
        (None, "500 internal", None, "Foundry"),
        (None, "418 something new", None, "could not tell"),
        ("refused", None, None, "network"),
        ("wrong-key", None, None, "profile"),
        ("gateway-error", None, None, "could not tell"),
        ("refused", "424 POST x failed: ConnectError", None, "network"),
        ("wrong-path", "424 POST x answered 404: no", None, "profile"),
        ("upstream", "424 POST x answered 503: no", None, "upstream"),
        ("rate-limit", "429 POST x answered 429: no", None, "gateway"),
        ("truncated", "424 not json", None, "gateway"),
        ("unexplained", "424 POST x answered 418: no", None, "could not tell"),
    ],
)
def test_two_routes_together_tell_who_has_to_act(
    gateway_code: str | None,
    problem: str | None,
    seen: bool | None,  # noqa: FBT001  three answers
    party: str,
) -> None:
    agent = through(problem) if problem else None
    found = judge(straight(gateway_code) if gateway_code else None, agent, seen=seen, names=NAMES)
    assert found.party == party
    assert found.why
    assert bool(found.mend) == (found.party != "nobody")
    assert "{" not in str(found)


def test_every_finding_of_a_gateway_has_somebody_to_act() -> None:
    assert {rule.code for rule in RULES} == set(GATEWAY_CODES)


class Agents:
    """An agent that answers so."""

    def __init__(self, **answer: Any) -> None:
        self._answer = Answer(**answer)

    def ask(self, agent: str, prompt: str) -> Answer:
        assert (agent, bool(prompt)) == ("helper", True)
        return self._answer


def asked(status: int, content: object, *, seen: bool | None = None, **answer: Any) -> Triage:
    def respond(request: httpx.Request) -> httpx.Response:
        assert json.loads(request.content)["model"] == "gpt-4o"
        return reply(status, content)

    client, _ = gateway(connection(), respond)
    agents: Any = Agents(**answer)
    return triage(client, agents, agent="helper", deployment="gpt-4o", seen_by_gateway=lambda _: seen)


def test_both_routes_are_asked_and_read() -> None:
    assert asked(200, chat_answer(), text="ok", response_id="r1", seen=True).party == "nobody"
    elsewhere = asked(200, chat_answer(), text="ok", response_id="r1", seen=False)
    assert (elsewhere.party, elsewhere.through_gateway) == ("profile", False)
    assert "contoso/gpt-4o" in elsewhere.mend
    both = asked(401, "Unauthorized", problem="424 connection 'contoso': POST x answered 401: no")
    assert both.party == "profile"
    assert both.gateway is not None
    assert both.agent is not None
    assert (both.gateway.code, both.agent.code) == ("wrong-key", "gateway-refused-key")
    assert asked(200, {"odd": True}, text="ok", response_id="r1").gateway is not None
