from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import httpx
import openai
import pytest
from azure.ai.projects.models import (
    AgentEndpointConfig,
    FixedRatioVersionSelectionRule,
    FunctionTool,
    PromptAgentDefinition,
    VersionSelector,
)

from .conftest import DISCOVERY, metadata, properties

if TYPE_CHECKING:
    from azure.ai.projects import AIProjectClient

    from .conftest import Connect, Running

WEATHER = FunctionTool(
    name="get_weather",
    description="Weather of a city",
    parameters={"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    strict=True,
)


def gateway_log(running: Running, gateway: str, response_id: str) -> list[dict[str, Any]]:
    url = f"{running.url}/sandbox/gateways/{gateway}/requests"
    found: list[dict[str, Any]] = httpx.get(url, params={"request_id": response_id}).json()["value"]
    return found


def agent_calls(running: Running, response_id: str) -> list[dict[str, Any]]:
    url = f"{running.url}/sandbox/agent-calls"
    found: list[dict[str, Any]] = httpx.get(url, params={"response_id": response_id}).json()["value"]
    return found


def agent(project: AIProjectClient, name: str, **definition: Any) -> dict[str, Any]:  # options
    """Make a version, and return how a request names its agent."""
    project.agents.create_version(name, definition=PromptAgentDefinition(**definition))
    return {"agent_reference": {"type": "agent_reference", "name": name}}


@pytest.mark.parametrize("gateway", ["apim", "apim-static", "static", "openai", "azure", "oauth", "custom", "identity"])
@pytest.mark.parametrize("deployment", ["gpt-4o", "meta/llama-3"])
def test_an_agent_answers_through_every_gateway(  # noqa: PLR0913, PLR0917  # fixtures and a table's columns
    sandbox: Running,
    connect: Connect,
    strict: openai.OpenAI,
    project: AIProjectClient,
    gateway: str,
    deployment: str,
) -> None:
    name = connect(f"through-{gateway}", **properties(sandbox, gateway))
    extra = agent(project, f"via-{gateway}", model=f"{name}/{deployment}", instructions="Be brief.")
    response = strict.responses.create(input="Reply with exactly: PING", extra_body=extra)
    assert response.output_text == "PING"
    assert response.status == "completed"
    assert response.usage is not None
    assert response.usage.input_tokens > 0
    (seen,) = gateway_log(sandbox, gateway, response.id)
    assert (seen["deployment"], seen["status"]) == (deployment, 200)
    assert seen["user_agent"] == "foundry-sandbox-agent-service/0.1"
    (call,) = agent_calls(sandbox, response.id)
    assert (call["agent"], call["connection"], call["deployment"]) == (f"via-{gateway}", name, deployment)
    assert (call["method"], call["status"]) == ("POST", 200)
    assert sandbox.url in call["url"]


def test_a_plain_deployment_name_passes_every_gateway_by(
    sandbox: Running, strict: openai.OpenAI, project: AIProjectClient
) -> None:
    extra = agent(project, "bypass", model="gpt-4o-mini")
    response = strict.responses.create(input="Reply with exactly: PING", extra_body=extra)
    assert response.output_text == "PING"
    assert agent_calls(sandbox, response.id) == []
    events = list(strict.responses.create(model="gpt-4o-mini", input="Reply with exactly: PONG", stream=True))
    assert events[-1].type == "response.completed"
    with pytest.raises(openai.NotFoundError, match="it has gpt-4o-mini") as raised:
        strict.responses.create(model="gpt-9", input="hi")
    assert raised.value.code == "DeploymentNotFound"


def test_the_events_of_a_text_come_in_order(sandbox: Running, connect: Connect, strict: openai.OpenAI) -> None:
    name = connect("events-text", **properties(sandbox, "static"))
    events = list(strict.responses.create(model=f"{name}/gpt-4o", input="Reply with exactly: a b c", stream=True))
    kinds = [event.type for event in events]
    deltas = kinds.count("response.output_text.delta")
    assert deltas > 1
    assert kinds == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        *["response.output_text.delta"] * deltas,
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    assert [event.sequence_number for event in events] == list(range(len(events)))
    whole = events[-1].response
    assert whole.output_text == "a b c"
    assert whole.usage.total_tokens == whole.usage.input_tokens + whole.usage.output_tokens
    assert "".join(event.delta for event in events if event.type.endswith("text.delta")) == "a b c"
    assert strict.responses.retrieve(whole.id) == whole
    assert [one["status"] for one in gateway_log(sandbox, "static", whole.id)] == [200]


def test_the_stream_helper_and_the_async_client_are_content(
    sandbox: Running, connect: Connect, strict: openai.OpenAI
) -> None:
    name = connect("events-helper", **properties(sandbox, "apim"))
    with strict.responses.stream(model=f"{name}/gpt-4o", input="Reply with exactly: x y") as stream:
        assert stream.get_final_response().output_text == "x y"

    async def ask() -> tuple[str, str]:
        async with openai.AsyncOpenAI(
            base_url=str(strict.base_url),
            api_key=strict.api_key,
            max_retries=0,
            _strict_response_validation=True,
        ) as client:
            whole = await client.responses.create(model=f"{name}/gpt-4o", input="Reply with exactly: z")
            parts = await client.responses.create(model=f"{name}/gpt-4o", input="Reply with exactly: z", stream=True)
            last = [event async for event in parts][-1]
            return whole.output_text, last.response.output_text  # type: ignore[union-attr]  # it is the completed one

    assert asyncio.run(ask()) == ("z", "z")


@pytest.mark.parametrize("streamed", [False, True])
def test_a_function_is_called_and_its_output_answered(
    sandbox: Running, connect: Connect, strict: openai.OpenAI, project: AIProjectClient, *, streamed: bool
) -> None:
    name = connect(f"tools-{streamed}", **properties(sandbox, "apim"))
    extra = agent(project, "weather-agent", model=f"{name}/gpt-4o", tools=[WEATHER])
    question = "What is the weather in Paris?"
    if streamed:
        events = list(strict.responses.create(input=question, extra_body=extra, stream=True))
        kinds = [event.type for event in events]
        assert kinds.index("response.output_item.added") < kinds.index("response.function_call_arguments.delta")
        assert kinds[-3:] == [
            "response.function_call_arguments.done",
            "response.output_item.done",
            "response.completed",
        ]
        first = events[-1].response
    else:
        first = strict.responses.create(input=question, extra_body=extra)
    (call,) = first.output
    assert (call.type, call.name) == ("function_call", "get_weather")
    assert json.loads(call.arguments) == {"city": "Paris"}
    second = strict.responses.create(
        input=[{"type": "function_call_output", "call_id": call.call_id, "output": "18 degrees and rain"}],
        previous_response_id=first.id,
        extra_body=extra,
    )
    assert "18 degrees and rain" in second.output_text
    assert second.previous_response_id == first.id
    with pytest.raises(openai.BadRequestError, match="No tool output found for function call"):
        strict.responses.create(input="And now?", previous_response_id=first.id, extra_body=extra)
    project.agents.delete("weather-agent")


def test_several_calls_at_once_go_back_in_one_message(
    sandbox: Running, connect: Connect, strict: openai.OpenAI
) -> None:
    name = connect("tools-both", **properties(sandbox, "static"))
    tools: list[Any] = [
        {"type": "function", "name": word, "description": f"The {word}", "parameters": {"type": "object"}}
        for word in ("weather", "population")
    ]
    asked: dict[str, Any] = {"model": f"{name}/gpt-4o", "tools": tools}
    first = strict.responses.create(input="Tell weather and population of Rome", **asked)
    assert [item.name for item in first.output if item.type == "function_call"] == ["weather", "population"]
    outputs: list[Any] = [
        {"type": "function_call_output", "call_id": item.call_id, "output": f"{item.name} known"}
        for item in first.output
        if item.type == "function_call"
    ]
    second = strict.responses.create(input=outputs, previous_response_id=first.id, **asked)
    assert "weather known" in second.output_text
    assert "population known" in second.output_text


def test_a_conversation_remembers_both_sides(
    sandbox: Running, connect: Connect, strict: openai.OpenAI, project: AIProjectClient
) -> None:
    name = connect("history", **properties(sandbox, "static"))
    extra = agent(project, "rememberer", model=f"{name}/gpt-4o")
    conversation = strict.conversations.create(
        items=[{"type": "message", "role": "user", "content": "My name is Ada."}]
    )
    first = strict.responses.create(conversation=conversation.id, extra_body=extra)
    assert first.conversation is not None
    assert first.conversation.id == conversation.id
    second = strict.responses.create(conversation=conversation.id, input="What is my name?", extra_body=extra)
    assert "Ada" in second.output_text
    items = list(strict.conversations.items.list(conversation.id, order="asc"))
    assert [getattr(item, "role", None) for item in items] == ["user", "assistant", "user", "assistant"]
    third = strict.responses.create(input="My name is Bob.", extra_body=extra)
    fourth = strict.responses.create(input="What is my name?", previous_response_id=third.id, extra_body=extra)
    assert "Bob" in fourth.output_text
    listed = list(strict.responses.input_items.list(fourth.id))
    assert len(listed) == 1
    strict.responses.delete(third.id)
    with pytest.raises(openai.NotFoundError, match="Previous response"):
        strict.responses.create(input="And?", previous_response_id=fourth.id, extra_body=extra)
    with pytest.raises(openai.NotFoundError):
        strict.responses.retrieve(third.id)
    with pytest.raises(openai.BadRequestError, match="exclude each other"):
        strict.responses.create(
            input="x", conversation=conversation.id, previous_response_id=fourth.id, extra_body=extra
        )
    with pytest.raises(openai.BadRequestError, match="nothing to answer"):
        strict.responses.create(extra_body=extra)


def test_settings_reach_the_model(sandbox: Running, connect: Connect, strict: openai.OpenAI) -> None:
    name = connect("settings", **properties(sandbox, "static"))
    schema = {
        "type": "object",
        "properties": {"n": {"type": "integer"}},
        "required": ["n"],
        "additionalProperties": False,
    }
    structured = strict.responses.create(
        model=f"{name}/gpt-4o",
        input="Give a number",
        text={"format": {"type": "json_schema", "name": "number", "schema": schema, "strict": True}},
    )
    assert isinstance(json.loads(structured.output_text)["n"], int)
    loud = strict.responses.create(
        model=f"{name}/gpt-4o", instructions="Always answer in upper case.", input="Tell me something"
    )
    assert loud.output_text.upper() == loud.output_text
    cut = strict.responses.create(
        model=f"{name}/gpt-4o", input="Reply with exactly: one two three four five six", max_output_tokens=2
    )
    assert cut.status == "incomplete"
    assert cut.incomplete_details is not None
    assert cut.incomplete_details.reason == "max_output_tokens"
    events = list(
        strict.responses.create(
            model=f"{name}/gpt-4o",
            input="Reply with exactly: one two three four five six",
            max_output_tokens=2,
            stream=True,
        )
    )
    assert events[-1].type == "response.incomplete"
    with pytest.raises(openai.BadRequestError, match="'temperature' must be of type"):
        strict.responses.create(model=f"{name}/gpt-4o", input="x", temperature="hot")  # type: ignore[arg-type]


def test_the_agents_own_endpoint_follows_its_version(
    sandbox: Running, connect: Connect, project: AIProjectClient
) -> None:
    name = connect("endpoint", **properties(sandbox, "static"))
    for model in (f"{name}/gpt-4o", f"{name}/gpt-4o-mini"):
        project.agents.create_version("endpointed", definition=PromptAgentDefinition(model=model))
    with project.get_openai_client(agent_name="endpointed") as client:
        assert client.responses.create(input="Reply with exactly: A").model == f"{name}/gpt-4o-mini"
        rule = FixedRatioVersionSelectionRule(agent_version="1", traffic_percentage=100)
        selector = VersionSelector(version_selection_rules=[rule])
        project.agents.update_details("endpointed", agent_endpoint=AgentEndpointConfig(version_selector=selector))
        assert client.responses.create(input="Reply with exactly: B").model == f"{name}/gpt-4o"
        conversation = client.conversations.create()
        answer = client.responses.create(input="Reply with exactly: C", conversation=conversation.id)
        assert answer.output_text == "C"
    project.agents.delete("endpointed")


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(
    ("name", "change", "deployment", "why"),
    [
        ("wrong-key", {"credentials": {"key": "not-the-key"}}, "gpt-4o", "answered 401"),
        ("wrong-routing", {"metadata": metadata(deploymentInPath="true")}, "gpt-4o", "answered 404"),
        ("wrong-model", {}, "gpt-9", "answered 404"),
        ("retired", {}, "gpt-35-turbo", "answered 404"),
        ("refused", {"target": "http://127.0.0.1:9/v1"}, "gpt-4o", "failed: ConnectError"),
        ("no-url", {"target": "nonsense"}, "gpt-4o", "failed: UnsupportedProtocol"),
    ],
)
def test_a_failing_gateway_is_told_as_it_is_and_not_retried(  # noqa: PLR0913  # a table's columns
    sandbox: Running,
    connect: Connect,
    project: AIProjectClient,
    *,
    streamed: bool,
    name: str,
    change: dict[str, Any],
    deployment: str,
    why: str,
) -> None:
    connect(name, **{**properties(sandbox, "static"), **change})
    before = len(agent_calls_of(sandbox, name))
    with (
        project.get_openai_client() as client,
        pytest.raises(openai.APIStatusError, match=why) as raised,
    ):
        client.responses.create(model=f"{name}/{deployment}", input="hi", stream=streamed)
    assert (raised.value.status_code, raised.value.code) == (424, "model_gateway_error")
    assert f"connection '{name}': POST " in raised.value.message
    assert sandbox.api_key not in raised.value.message
    assert "not-the-key" not in raised.value.message
    assert len(agent_calls_of(sandbox, name)) == before + 1


def agent_calls_of(running: Running, connection: str) -> list[dict[str, Any]]:
    every = httpx.get(f"{running.url}/sandbox/agent-calls").json()["value"]
    return [call for call in every if call["connection"] == connection]


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("objects", {"metadata": {"deploymentInPath": "false", "models": [{"name": "gpt-4o"}]}}),
        ("no-audience", {"authType": "ProjectManagedIdentity", "credentials": {}}),
        ("account-id", {"authType": "AAD", "audience": "https://x", "scope": "account", "credentials": {}}),
    ],
)
def test_a_connection_the_service_cannot_use_is_not_found(
    sandbox: Running, connect: Connect, strict: openai.OpenAI, name: str, change: dict[str, Any]
) -> None:
    connect(name, **{**properties(sandbox, "static"), **change})
    with pytest.raises(openai.NotFoundError, match=f"Connection '{name}' not found"):
        strict.responses.create(model=f"{name}/gpt-4o", input="hi")


@pytest.mark.parametrize(
    ("name", "change", "why"),
    [
        ("no-routing", {"category": "ApiManagement", "metadata": {}}, "deploymentInPath is missing"),
        ("both-lists", {"metadata": metadata(modelDiscovery=DISCOVERY)}, "keep one"),
        ("no-lists", {"metadata": {"deploymentInPath": "false"}}, "needs one"),
        ("no-json", {"metadata": metadata(authConfig="{nope")}, "authConfig is not JSON text"),
        ("no-object", {"metadata": metadata(customHeaders="[]")}, "customHeaders must be a JSON object"),
        ("storage", {"category": "AzureBlob"}, "needs ApiManagement or ModelGateway"),
    ],
)
def test_a_connection_that_contradicts_itself_says_how(  # noqa: PLR0913  # a table's columns
    sandbox: Running, connect: Connect, strict: openai.OpenAI, *, name: str, change: dict[str, Any], why: str
) -> None:
    connect(name, **{**properties(sandbox, "static"), **change})
    with pytest.raises(openai.BadRequestError, match=why):
        strict.responses.create(model=f"{name}/gpt-4o", input="hi")


def test_a_wrong_client_secret_is_told_of_the_token_url(
    sandbox: Running, connect: Connect, strict: openai.OpenAI
) -> None:
    wrong = {"clientId": "sandbox-client", "clientSecret": "not-the-secret"}
    connect("oauth-wrong", **{**properties(sandbox, "oauth"), "credentials": wrong})
    with pytest.raises(openai.APIStatusError, match=r"/gateways/oauth/token \(token\) answered 401") as raised:
        strict.responses.create(model="oauth-wrong/gpt-4o", input="hi")
    assert raised.value.status_code == 424
    assert "not-the-secret" not in raised.value.message


def test_an_unknown_agent_is_not_found(strict: openai.OpenAI) -> None:
    reference = {"agent_reference": {"type": "agent_reference", "name": "nobody"}}
    with pytest.raises(openai.NotFoundError, match="Agent 'nobody' not found"):
        strict.responses.create(input="hi", extra_body=reference)
