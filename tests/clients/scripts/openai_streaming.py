"""Streams as a user of the openai client reads them: event by event, and through the stream helper."""

import os

import openai
from azure.ai.projects import AIProjectClient
from azure.ai.projects.models import PromptAgentDefinition
from azure.identity import DefaultAzureCredential, get_bearer_token_provider
from pydantic import BaseModel
from refusals import refused

ENDPOINT = os.environ["AZURE_AI_PROJECT_ENDPOINT"]
MODEL = "sandbox-apim/gpt-4o"
WORDS = "one two three four five"
ASKED = f"Say {WORDS} and nothing else"
WEATHER = {
    "type": "function",
    "name": "get_weather",
    "description": "Weather of a city",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    "strict": False,
}
FRAME = [
    *("response.created", "response.in_progress", "response.output_item.added", "response.content_part.added"),
    *("response.output_text.done", "response.content_part.done", "response.output_item.done", "response.completed"),
]


class City(BaseModel):
    """What the structured answer must be."""

    city: str
    population: int


def events(client: openai.OpenAI, **who: object) -> None:
    """Every event, in order, and the whole at the end."""
    told = list(client.responses.create(input=ASKED, stream=True, **who))
    assert [event.sequence_number for event in told] == list(range(len(told))), told
    pieces = [event.delta for event in told if event.type == "response.output_text.delta"]
    assert len(pieces) > 1, pieces
    assert "".join(pieces) == WORDS, pieces
    assert [event.type for event in told if event.type != "response.output_text.delta"] == FRAME, told
    last = told[-1].response
    assert (last.output_text, last.status) == (WORDS, "completed"), last
    assert last.usage.output_tokens > 0, last
    assert client.responses.retrieve(last.id).output_text == WORDS


def helper(client: openai.OpenAI, **who: object) -> None:
    """The same through `responses.stream`, which puts the pieces together itself."""
    with client.responses.stream(input=ASKED, **who) as stream:
        snapshots = [event.snapshot for event in stream if event.type == "response.output_text.delta"]
        final = stream.get_final_response()
    assert snapshots[-1] == WORDS, snapshots
    assert final.output_text == WORDS, final


def parsed(client: openai.OpenAI, **who: object) -> None:
    """A stream of JSON that ends as a value."""
    with client.responses.stream(input="Which city?", text_format=City, **who) as stream:
        for _ in stream:
            pass
        final = stream.get_final_response()
    assert isinstance(final.output_parsed, City), final


def called(client: openai.OpenAI, **who: object) -> None:
    """A function call arrives in pieces, and its result is taken back in a second stream."""
    first = list(client.responses.create(input="What is the weather in Oslo?", tools=[WEATHER], stream=True, **who))
    assert first[-1].type == "response.completed", first[-1]
    (call,) = first[-1].response.output
    pieces = [event.delta for event in first if event.type == "response.function_call_arguments.delta"]
    assert "".join(pieces) == call.arguments, pieces
    done = next(event for event in first if event.type == "response.function_call_arguments.done")
    assert (done.name, done.arguments) == ("get_weather", call.arguments), done
    result = {"type": "function_call_output", "call_id": call.call_id, "output": "snow"}
    before = first[-1].response.id
    second = list(client.responses.create(input=[result], previous_response_id=before, stream=True, **who))
    assert "snow" in second[-1].response.output_text, second[-1]


def left(client: openai.OpenAI, **who: object) -> None:
    """A stream that its reader leaves half-way does no harm to the next one."""
    with client.responses.create(input=ASKED, stream=True, **who) as stream:
        assert next(iter(stream)).type == "response.created"
    assert client.responses.create(input="Reply with exactly: next", **who).output_text == "next"


def early(client: openai.OpenAI, **who: object) -> None:
    """A refusal comes before the stream begins, as an error and not as an event."""
    wrong = {"input": "x", "previous_response_id": "resp_nobodys"}
    error = refused(lambda: client.responses.create(stream=True, **wrong, **who), openai.NotFoundError)
    assert "resp_nobodys" in str(error), error


with (
    DefaultAzureCredential() as credential,
    AIProjectClient(endpoint=ENDPOINT, credential=credential) as project,
):
    agent = project.agents.create_version("streamer", definition=PromptAgentDefinition(model=MODEL))
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
            (through_project, {"extra_body": reference, "model": MODEL}),
            (of_agent, {"model": MODEL}),
            (bare, {"model": MODEL}),
            (bare, {"model": "gpt-4o-mini"}),
            (bare, {"model": "sandbox-oauth2/gpt-4o"}),
        ):
            for task in (events, helper, parsed, called, left, early):
                task(client, **who)
    project.agents.delete(agent.name)
