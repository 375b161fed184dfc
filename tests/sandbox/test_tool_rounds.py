"""Several rounds in one response: their items, their usage, their end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import openai
import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .services import ScriptedGateway, call, serving
from .test_tool_openapi import operation, spec, tool
from .test_tools import tool_calls

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.requests import Request

    from .conftest import Connect, Running

WEATHER: Any = {"type": "function", "name": "get_weather", "parameters": {"type": "object"}}


@pytest.fixture(scope="module")
def stock() -> Iterator[Any]:
    """An OpenAPI tool with two operations whose service is up."""

    async def count(request: Request) -> JSONResponse:
        return JSONResponse({request.path_params["thing"]: 7})

    app = Starlette(routes=[Route("/{thing}", count)])
    with serving(app) as url:
        yield tool(spec(url, {f"/{thing}": {"get": operation(f"count_{thing}")} for thing in ("tea", "cups")}))


def rounds(*messages: dict[str, Any]) -> ScriptedGateway:
    """A gateway that says one thing after the other, and the last one from then on."""
    left = list(messages)
    return ScriptedGateway(lambda _: left.pop(0) if len(left) > 1 else left[0])


def test_every_round_is_in_the_log_and_in_the_usage(
    sandbox: Running, connect: Connect, strict: openai.OpenAI, stock: Any
) -> None:
    gateway = rounds(
        {"content": "Let me see.", "tool_calls": [call("count_tea"), call("code_interpreter", "call_2", code="1")]},
        {"tool_calls": [call("count_cups", "call_3")]},
        {"content": "Seven of each."},
    )
    tools = [stock, {"type": "code_interpreter", "container": {"type": "auto"}}]
    with serving(gateway.app) as url:
        model = f"{connect('rounds', target=url)}/gpt-4o"
        events = list(strict.responses.create(model=model, input="x", tools=tools, tool_choice="required", stream=True))
    response = events[-1].response  # type: ignore[union-attr]  # it is the completed one
    assert [item.type for item in response.output] == ["message", "code_interpreter_call", "message"]
    assert [item.content[0].text for item in (response.output[0], response.output[2])] == [
        "Let me see.",
        "[simulated: code_interpreter] Seven of each.",
    ]
    added = [event for event in events if event.type == "response.output_item.added"]
    assert [(event.output_index, event.item.id) for event in added] == [
        (index, item.id) for index, item in enumerate(response.output)
    ]
    for event in events:
        place = getattr(event, "output_index", None)
        identifier = getattr(event, "item_id", None)
        assert identifier is None or response.output[place].id == identifier
    assert (response.usage.input_tokens, response.usage.output_tokens, response.usage.total_tokens) == (30, 3, 33)
    calls = httpx.get(f"{sandbox.url}/sandbox/agent-calls", params={"response_id": response.id}).json()["value"]
    assert [one["status"] for one in calls] == [200, 200, 200]
    # Calls of one round are made at once, and logged as they end.
    logged = [one["name"] for one in tool_calls(sandbox, response.id)]
    assert (sorted(logged[:2]), logged[2:]) == (["code_interpreter", "count_tea"], ["count_cups"])
    # What must be called is called once: the choice is not made again in later rounds.
    assert [body.get("tool_choice") for body in gateway.asked] == ["required", None, None]
    assert [message["role"] for message in gateway.asked[2]["messages"]] == [
        *("user", "assistant", "tool", "tool", "assistant", "tool")
    ]
    assert gateway.asked[2]["messages"][1]["content"] == "Let me see."
    assert gateway.asked[2]["messages"][2] == {"role": "tool", "tool_call_id": "call_1", "content": '{"tea":7}'}


@pytest.mark.parametrize("streamed", [False, True])
def test_a_model_that_never_answers_is_stopped(
    connect: Connect, strict: openai.OpenAI, stock: Any, *, streamed: bool
) -> None:
    gateway = rounds({"tool_calls": [call("count_tea")]})
    with serving(gateway.app) as url:
        asked: dict[str, Any] = {"model": f"{connect('endless', target=url)}/gpt-4o", "input": "x", "tools": [stock]}
        if streamed:
            last = list(strict.responses.create(**asked, stream=True))[-1]
            assert last.type == "response.failed"
            response = last.response
        else:
            response = strict.responses.create(**asked)
    assert response.status == "failed"
    assert response.error is not None
    assert "called tools in 8 rounds running and did not answer" in response.error.message
    assert len(gateway.asked) == 8


def test_a_gateway_that_refuses_a_later_round_is_told(connect: Connect, strict: openai.OpenAI, stock: Any) -> None:
    gateway = ScriptedGateway(
        lambda body: (
            {"tool_calls": [call("count_tea")]} if len(body["messages"]) == 1 else Response("quota", status_code=500)
        )
    )
    with serving(gateway.app) as url:
        asked: dict[str, Any] = {"model": f"{connect('refusing', target=url)}/gpt-4o", "input": "x", "tools": [stock]}
        with pytest.raises(openai.APIStatusError, match="answered 500") as raised:
            strict.responses.create(**asked)
        assert raised.value.status_code == 424
        last = list(strict.responses.create(**asked, stream=True))[-1]
    assert last.type == "response.failed"
    assert last.response.error is not None
    assert "answered 500" in last.response.error.message


@pytest.mark.parametrize("kept", ["conversation", "previous_response_id"])
def test_what_the_service_did_is_not_forgotten_while_the_client_works(
    connect: Connect, strict: openai.OpenAI, stock: Any, *, kept: str
) -> None:
    gateway = rounds(
        {"tool_calls": [call("count_tea"), call("get_weather", "call_2"), call("file_search", "call_3", query="x")]},
        {"content": "Seven, and rain."},
    )
    tools: Any = [stock, WEATHER, {"type": "file_search", "vector_store_ids": ["vs"]}]
    with serving(gateway.app) as url:
        model = f"{connect('mixed', target=url)}/gpt-4o"
        conversation = strict.conversations.create()
        way: dict[str, Any] = {"conversation": conversation.id} if kept == "conversation" else {}
        first = strict.responses.create(model=model, input="x", tools=tools, **way)
        assert [item.type for item in first.output] == ["function_call", "file_search_call"]
        output: Any = [{"type": "function_call_output", "call_id": "call_2", "output": "rain"}]
        way = way or {"previous_response_id": first.id}
        second = strict.responses.create(model=model, input=output, tools=tools, **way)
        items = [item.type for item in strict.conversations.items.list(conversation.id, order="asc")]
    assert second.output_text == "[simulated: file_search] Seven, and rain."
    messages = gateway.asked[-1]["messages"]
    assert [message["role"] for message in messages] == ["user", "assistant", "tool", "tool", "tool"]
    said = {message["tool_call_id"]: message["content"] for message in messages[2:]}
    names = {one["id"]: one["function"]["name"] for one in messages[1]["tool_calls"]}
    assert {names[identifier]: text for identifier, text in said.items()} == {
        "get_weather": "rain",
        "count_tea": '{"tea":7}',
        "file_search": "SIMULATED by the sandbox: no file was searched.",
    }
    shown = ["message", "function_call", "file_search_call", "function_call_output", "message"]
    assert items == (shown if kept == "conversation" else [])


def test_a_call_cut_short_is_not_made(connect: Connect, strict: openai.OpenAI, stock: Any, sandbox: Running) -> None:
    async def cut(_: Request) -> JSONResponse:
        message = {"role": "assistant", "content": None, "tool_calls": [call("count_tea")]}
        return JSONResponse({"choices": [{"index": 0, "message": message, "finish_reason": "length"}]})

    with serving(Starlette(routes=[Route("/chat/completions", cut, methods=["POST"])])) as url:
        model = f"{connect('cut', target=url)}/gpt-4o"
        response = strict.responses.create(model=model, input="x", tools=[stock])
    assert response.status == "incomplete"
    assert tool_calls(sandbox, response.id) == []


def test_names_that_clash_are_told_apart(connect: Connect, strict: openai.OpenAI, stock: Any) -> None:
    mine: Any = {"type": "function", "name": "count_tea", "parameters": {"type": "object"}}
    other = {**stock, "openapi": {**stock["openapi"], "name": "Lager 2"}}
    gateway = rounds({"content": "fine"})
    with serving(gateway.app) as url:
        model = f"{connect('clash', target=url)}/gpt-4o"
        strict.responses.create(model=model, input="x", tools=[mine, stock, other])
    assert [one["function"]["name"] for one in gateway.asked[0]["tools"]] == [
        *("count_tea", "shop_count_tea", "count_cups", "Lager_2_count_tea", "Lager_2_count_cups")
    ]


@pytest.mark.parametrize(
    ("choice", "sent"),
    [
        ("none", "none"),
        ({"type": "function", "name": "get_weather"}, {"type": "function", "function": {"name": "get_weather"}}),
        ({"type": "file_search"}, {"type": "function", "function": {"name": "file_search"}}),
        ({"type": "openapi"}, "required"),
        ({"type": "image_generation"}, None),
    ],
)
def test_a_tool_can_be_chosen(connect: Connect, strict: openai.OpenAI, stock: Any, *, choice: Any, sent: Any) -> None:
    gateway = rounds({"content": "fine"})
    tools: Any = [stock, WEATHER, {"type": "file_search", "vector_store_ids": ["vs"]}]
    with serving(gateway.app) as url:
        model = f"{connect('choice', target=url)}/gpt-4o"
        # Strict clients know no choice of an OpenAPI tool, and the answer repeats it.
        loose = strict.with_options(_extra_kwargs={"_strict_response_validation": False})
        loose.responses.create(model=model, input="x", tools=tools, tool_choice=choice)
    assert gateway.asked[0].get("tool_choice") == sent


def test_a_choice_of_some_tools_holds_in_every_round(connect: Connect, strict: openai.OpenAI, stock: Any) -> None:
    gateway = rounds({"tool_calls": [call("count_tea")]}, {"content": "fine"})
    choice: Any = {"type": "allowed_tools", "mode": "required", "tools": [{"type": "openapi"}]}
    with serving(gateway.app) as url:
        model = f"{connect('some', target=url)}/gpt-4o"
        loose = strict.with_options(_extra_kwargs={"_strict_response_validation": False})
        loose.responses.create(model=model, input="x", tools=[stock, WEATHER], tool_choice=choice)
    first, second = (body["tool_choice"]["allowed_tools"] for body in gateway.asked)
    assert (first["mode"], second["mode"]) == ("required", "auto")
    assert first["tools"] == second["tools"]
    assert [one["function"]["name"] for one in second["tools"]] == ["count_tea", "count_cups"]
