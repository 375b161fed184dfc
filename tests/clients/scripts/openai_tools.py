"""Function tools and structured answers as a user of the openai client works with them."""

import json
import os

import openai
from azure.ai.projects import AIProjectClient
from azure.ai.projects.models import FunctionTool, PromptAgentDefinition
from azure.identity import DefaultAzureCredential, get_bearer_token_provider
from pydantic import BaseModel
from refusals import refused

ENDPOINT = os.environ["AZURE_AI_PROJECT_ENDPOINT"]
MODEL = "sandbox-apim/gpt-4o"
PARAMETERS = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
WEATHER = {
    "type": "function",
    "name": "get_weather",
    "description": "Weather of a city",
    "parameters": PARAMETERS,
    "strict": True,
}
CLOCK = {**WEATHER, "name": "get_time", "description": "Clock time in a city"}
ASKED = "What is the weather in Oslo?"


class Step(BaseModel):
    """One step of a plan."""

    number: int
    text: str


class Plan(BaseModel):
    """A plan with nested values."""

    title: str
    steps: list[Step]
    done: bool


def output_of(call: object, text: str) -> dict[str, str]:
    return {"type": "function_call_output", "call_id": call.call_id, "output": text}


def chained(client: openai.OpenAI, **who: object) -> None:
    """Call and result, the one response after the other."""
    first = client.responses.create(input=ASKED, **who)
    (call,) = first.output
    assert (call.type, call.name, list(json.loads(call.arguments))) == ("function_call", "get_weather", ["city"]), call
    second = client.responses.create(input=[output_of(call, "heavy snow")], previous_response_id=first.id, **who)
    assert "heavy snow" in second.output_text, second
    items = list(client.responses.input_items.list(second.id))
    assert [item.type for item in items] == ["function_call_output"], items


def in_conversation(client: openai.OpenAI, **who: object) -> None:
    """Call and result inside a conversation, which keeps all four items."""
    conversation = client.conversations.create()
    first = client.responses.create(input=ASKED, conversation=conversation.id, **who)
    early = {"input": "And now?", "conversation": conversation.id}
    error = refused(lambda: client.responses.create(**early, **who), openai.BadRequestError)
    assert first.output[0].call_id in str(error), error
    result = output_of(first.output[0], "light rain")
    second = client.responses.create(input=[result], conversation=conversation.id, **who)
    assert "light rain" in second.output_text, second
    kinds = [item.type for item in client.conversations.items.list(conversation.id, order="asc")]
    assert kinds == ["message", "function_call", "function_call_output", "message"], kinds
    client.conversations.delete(conversation.id)


def without_state(client: openai.OpenAI, **who: object) -> None:
    """The client sends the whole history itself."""
    history = [{"role": "user", "content": ASKED}]
    first = client.responses.create(input=history, store=False, **who)
    history += [item.to_dict() for item in first.output] + [output_of(first.output[0], "hail")]
    assert "hail" in client.responses.create(input=history, store=False, **who).output_text


def choices(client: openai.OpenAI, **_: object) -> None:
    """Two tools at once, a forced one, a required one, and none."""
    ask = {"model": MODEL, "tools": [WEATHER, CLOCK]}
    both = client.responses.create(input="Tell me weather and clock time in Oslo", **ask)
    assert {call.name for call in both.output} == {"get_weather", "get_time"}, both
    answered = client.responses.create(
        input=[output_of(call, f"{call.name} is fine") for call in both.output], previous_response_id=both.id, **ask
    )
    assert all(f"{call.name} is fine" in answered.output_text for call in both.output), answered
    single = client.responses.create(input="Tell me weather and clock time in Oslo", parallel_tool_calls=False, **ask)
    assert len(single.output) == 1, single
    forced = client.responses.create(input="Hello", tool_choice={"type": "function", "name": "get_time"}, **ask)
    assert [call.name for call in forced.output] == ["get_time"], forced
    required = client.responses.create(input="Hello", tool_choice="required", **ask)
    assert [item.type for item in required.output] == ["function_call"], required
    allowed = {"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "get_time"}]}
    some = client.responses.create(input="Hello", tool_choice=allowed, **ask)
    assert [call.name for call in some.output] == ["get_time"], some
    none = client.responses.create(input=ASKED, tool_choice="none", **ask)
    assert [item.type for item in none.output] == ["message"], none


def structured(client: openai.OpenAI, **_: object) -> None:
    """Answers in the form that was asked for."""
    plan = client.responses.parse(model=MODEL, input="Plan a holiday", text_format=Plan).output_parsed
    assert isinstance(plan, Plan), plan
    schema = {**Plan.model_json_schema(), "additionalProperties": False}
    form = {"type": "json_schema", "name": "plan", "schema": schema}
    answer = client.responses.create(model=MODEL, input="Plan a holiday", text={"format": form})
    assert isinstance(Plan.model_validate_json(answer.output_text), Plan)
    loose = client.responses.create(model=MODEL, input="Answer in JSON", text={"format": {"type": "json_object"}})
    assert isinstance(json.loads(loose.output_text), dict), loose


with (
    DefaultAzureCredential() as credential,
    AIProjectClient(endpoint=ENDPOINT, credential=credential) as project,
):
    function = FunctionTool(name="get_weather", description="Weather of a city", parameters=PARAMETERS, strict=True)
    agent = project.agents.create_version("caller", definition=PromptAgentDefinition(model=MODEL, tools=[function]))
    reference = {"agent_reference": {"type": "agent_reference", "name": agent.name}}
    token = get_bearer_token_provider(credential, "https://ai.azure.com/.default")
    with (
        project.get_openai_client() as through_project,
        project.get_openai_client(agent_name=agent.name) as of_agent,
        openai.OpenAI(
            base_url=f"{ENDPOINT}/openai/v1", api_key=token, max_retries=0, _strict_response_validation=True
        ) as bare,
    ):
        for client, who in (
            (through_project, {"extra_body": reference}),
            (of_agent, {}),
            (bare, {"extra_body": reference}),
            (bare, {"model": MODEL, "tools": [WEATHER]}),
            (bare, {"model": "gpt-4o-mini", "tools": [WEATHER]}),
        ):
            for task in (chained, in_conversation, without_state):
                task(client, **who)
        for client in (through_project, bare):
            for task in (choices, structured):
                task(client)
    project.agents.delete(agent.name)
