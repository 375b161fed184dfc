"""Asking with tools: functions go round, approvals are given when asked to, and every call is told of."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from gateway_workbook.agents import MOST_ROUNDS, Agents, Equipped
from gateway_workbook.answer import ToolCall
from gateway_workbook.tools import load_tools
from tests.library.test_agents import at
from tests.library.wire import Credential, server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway_workbook.answer import Answer

JSON = {"content-type": "application/json"}


def said(text: str) -> dict[str, Any]:
    content = [{"type": "output_text", "text": text, "annotations": []}]
    return {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": content}


def call(name: str, arguments: str, *, number: int = 1) -> dict[str, Any]:
    return {"type": "function_call", "id": f"fc_{number}", "call_id": f"call_{number}", "name": name} | {
        "arguments": arguments,
        "status": "completed",
    }


APPROVAL = {"type": "mcp_approval_request", "id": "mcpr_1", "server_label": "guide", "name": "hours", "arguments": "{}"}


@contextmanager
def service(*outputs: list[dict[str, Any]]) -> Iterator[tuple[Agents, list[dict[str, Any]]]]:
    """Agents whose service answers each round in turn, the last one for ever; and the bodies it was sent."""
    bodies: list[dict[str, Any]] = []

    def respond(_method: str, _path: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        bodies.append(json.loads(body))
        number = len(bodies)
        response = {
            "id": f"resp_{number}",
            "object": "response",
            "created_at": 1,
            "model": "m",
            "status": "completed",
            "output": outputs[min(number, len(outputs)) - 1],
            "parallel_tool_calls": True,
            "tool_choice": "auto",
            "tools": [],
            "usage": {
                "input_tokens": 1,
                "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
                "output_tokens": 1,
                "output_tokens_details": {"reasoning_tokens": 0},
                "total_tokens": 10 * number,
            },
        }
        return 200, JSON, json.dumps(response).encode()

    with server(respond) as url, Agents(at(url), credential=Credential()) as agents:
        yield agents, bodies


def test_a_function_answers_and_the_agent_goes_on() -> None:
    with service([call("double", '{"n": 21}')], [said("It is 42.")]) as (agents, bodies):
        answer = agents.ask("a", "What is twice 21?", functions={"double": lambda n: {"result": 2 * n}})
    assert (answer.text, answer.problem, answer.tokens, answer.response_id) == ("It is 42.", None, 30, "resp_2")
    assert answer.seconds > 0
    assert answer.calls == (
        ToolCall(name="double", type="function_call", arguments='{"n": 21}', output='{"result": 42}'),
    )
    reference = {"agent_reference": {"type": "agent_reference", "name": "a"}}
    output = {"type": "function_call_output", "call_id": "call_1", "output": '{"result": 42}'}
    assert bodies == [
        {"input": "What is twice 21?"} | reference,
        {"input": [output], "previous_response_id": "resp_1"} | reference,
    ]


def test_calls_made_at_once_are_answered_together() -> None:
    both = [call("double", '{"n": 1}'), call("double", '{"n": 2}', number=2)]
    with service(both, [said("2 and 4")]) as (agents, bodies):
        answer = agents.ask("a", "x", functions={"double": lambda n: str(2 * n)})
    assert [item["output"] for item in bodies[1]["input"]] == ["2", "4"]
    assert [found.output for found in answer.calls] == ["2", "4"]


@pytest.mark.parametrize(
    ("called", "told"),
    [
        (call("treble", "{}"), "no function 'treble' here: there is double"),
        (call("double", "{n: 1"), "the arguments of double are not JSON: call it with an object"),
        (call("double", '{"m": 1}'), "double does not take these arguments: missing a required argument: 'n'"),
        (call("double", '{"n": "x"}'), "TypeError: "),
    ],
)
def test_a_call_that_cannot_be_made_is_told_to_the_agent(called: dict[str, Any], told: str) -> None:
    with service([called], [said("I could not.")]) as (agents, bodies):
        answer = agents.ask("a", "x", functions={"double": lambda n: n - n})
    assert answer.text == "I could not."
    assert str(answer.calls[0].problem).startswith(told)
    assert json.loads(bodies[1]["input"][0]["output"])["error"].startswith(told)


def test_a_function_nobody_gave_ends_the_answer() -> None:
    with service([call("double", "{}")]) as (agents, bodies):
        answer = agents.ask("a", "x")
    assert answer.problem == "the agent calls the function double, and none was given: pass it in functions"
    assert len(bodies) == 1


def test_an_agent_that_never_stops_calling_is_stopped() -> None:
    with service([call("double", '{"n": 1}')]) as (agents, bodies):
        answer = agents.ask("a", "x", functions={"double": lambda n: n})
    assert str(answer.problem).startswith(f"the agent still calls tools after {MOST_ROUNDS} rounds: say in")
    assert len(bodies) == len(answer.calls) == MOST_ROUNDS


def test_approval_is_given_when_asked_to() -> None:
    done = {"type": "mcp_call", "id": "mcp_1", "server_label": "guide", "name": "hours", "arguments": "{}"}
    with service([APPROVAL], [done | {"output": "9 to 5"}, said("9 to 5")]) as (agents, bodies):
        answer = agents.ask("a", "x", approve=True)
    reply = {"type": "mcp_approval_response", "approval_request_id": "mcpr_1", "approve": True}
    assert bodies[1]["input"] == [reply]
    assert (answer.text, answer.problem) == ("9 to 5", None)
    assert answer.calls == (ToolCall(name="hours", type="mcp_call", server="guide", arguments="{}", output="9 to 5"),)


def test_approval_is_not_given_unasked() -> None:
    with service([APPROVAL]) as (agents, bodies):
        answer = agents.ask("a", "x")
    assert answer.problem == (
        "the agent asks for approval to call hours of the MCP server guide: "
        "ask with approve=True, or write require_approval: never"
    )
    assert len(bodies) == 1


def test_calls_of_every_kind_are_told_of_and_long_ones_shortened() -> None:
    items = [
        {"type": "mcp_list_tools", "id": "l", "server_label": "guide", "tools": []},
        {"type": "mcp_call", "id": "m", "server_label": "guide", "name": "hours", "arguments": "{}", "error": "gone"},
        {"type": "code_interpreter_call", "id": "c", "status": "completed", "container_id": "x", "code": "1"}
        | {"outputs": []},
        {"type": "file_search_call", "id": "f", "status": "failed", "queries": ["q"]},
        {"type": "openapi_call", "id": "o", "call_id": "k", "name": "town_get", "arguments": "a" * 1000},
        {"type": "openapi_call_output", "id": "p", "call_id": "k", "output": '{"sky": "sunny"}'},
        said("done"),
    ]
    answer = told(items)
    assert [(found.name, found.type, found.problem) for found in answer.calls] == [
        ("hours", "mcp_call", "gone"),
        ("code_interpreter", "code_interpreter_call", None),
        ("file_search", "file_search_call", "the call is failed"),
        ("town_get", "openapi_call", None),
    ]
    assert answer.calls[3].arguments == "a" * 299 + "…"
    assert answer.calls[3].output == '{"sky": "sunny"}'


def told(items: list[dict[str, Any]]) -> Answer:
    with service(items) as (agents, _):
        return agents.ask("a", "x")


def test_a_client_equipped_with_a_tools_file_answers_by_its_samples() -> None:
    with service([call("track_order", '{"number": 1}')], [said("shipped")]) as (agents, bodies):
        answer = Equipped(agents, load_tools("function")).ask("a", "x")
    assert answer.text == "shipped"
    assert json.loads(bodies[1]["input"][0]["output"])["status"] == "shipped"
    with service([APPROVAL], [said("fine")]) as (agents, _):
        assert Equipped(agents, load_tools("mcp")).ask("a", "x").text == "fine"
