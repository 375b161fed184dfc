"""Responses as a user of the openai client asks for them: through the project, an agent's endpoint, and bare.

The bare client validates every answer strictly: a field that is missing or of another type is an error.
"""

import os

import openai
from azure.ai.projects import AIProjectClient
from azure.ai.projects.models import PromptAgentDefinition
from azure.identity import DefaultAzureCredential, get_bearer_token_provider
from refusals import refused

ENDPOINT = os.environ["AZURE_AI_PROJECT_ENDPOINT"]
MODEL = "sandbox-apim/gpt-4o"


def whole(client: openai.OpenAI, **who: object) -> None:
    """One answer: created, read again, its input listed, deleted."""
    response = client.responses.create(input="Reply with exactly: whole", metadata={"made": "here"}, **who)
    assert (response.output_text, response.status) == ("whole", "completed"), response
    assert response.metadata == {"made": "here"}, response
    assert response.usage.total_tokens == response.usage.input_tokens + response.usage.output_tokens, response.usage
    assert client.responses.retrieve(response.id) == response
    items = list(client.responses.input_items.list(response.id))
    assert [item.content[0].text for item in items] == ["Reply with exactly: whole"], items
    client.responses.delete(response.id)
    assert response.id in str(refused(lambda: client.responses.retrieve(response.id), openai.NotFoundError))


def many_inputs(client: openai.OpenAI, **who: object) -> None:
    """Input of many items is paged through, in both directions."""
    told = [f"My colour number {number} is blue." for number in range(25)]
    given = [{"role": "user", "content": text} for text in [*told, "Reply with exactly: heard"]]
    response = client.responses.create(input=given, **who)
    assert response.output_text == "heard", response
    texts = [item["content"] for item in given]
    for options in ({"limit": 7}, {}, {"limit": 100}):
        forward = list(client.responses.input_items.list(response.id, order="asc", **options))
        assert [item.content[0].text for item in forward] == texts, options
    backward = list(client.responses.input_items.list(response.id, limit=5))
    assert [item.content[0].text for item in backward] == texts[::-1]
    part = client.responses.input_items.list(response.id, order="asc", after=forward[20].id, limit=3)
    assert [item.id for item in part.data] == [item.id for item in forward[21:24]]


def chained(client: openai.OpenAI, **who: object) -> None:
    """What was said before is known through previous_response_id."""
    first = client.responses.create(input="My favourite fruit is mango.", **who)
    second = client.responses.create(input="Reply with exactly: noted", previous_response_id=first.id, **who)
    third = client.responses.create(input="What is my favourite fruit?", previous_response_id=second.id, **who)
    assert "mango" in third.output_text, third
    assert third.previous_response_id == second.id, third
    apart = client.responses.create(input="What is my favourite fruit?", **who)
    assert "mango" not in apart.output_text, apart


def shapes(client: openai.OpenAI, **who: object) -> None:
    """The ways to word one input, and answers cut short."""
    part = {"type": "input_text", "text": "Reply with exactly: part"}
    for given in (
        "Reply with exactly: part",
        [{"role": "user", "content": "Reply with exactly: part"}],
        [{"type": "message", "role": "user", "content": [part]}],
        [{"role": "assistant", "content": "Hello"}, {"role": "user", "content": [part]}],
    ):
        assert client.responses.create(input=given, **who).output_text == "part", given
    shouted = client.responses.create(input="Reply with exactly: x", instructions="Always answer in upper case.", **who)
    assert shouted.instructions.endswith("Always answer in upper case."), shouted.instructions
    cut = client.responses.create(input="Say one two three four five and nothing else", max_output_tokens=2, **who)
    assert (cut.status, cut.incomplete_details.reason) == ("incomplete", "max_output_tokens"), cut
    unstored = client.responses.create(input="Reply with exactly: gone", store=False, **who)
    assert unstored.id in str(refused(lambda: client.responses.retrieve(unstored.id), openai.NotFoundError))


with (
    DefaultAzureCredential() as credential,
    AIProjectClient(endpoint=ENDPOINT, credential=credential) as project,
):
    agent = project.agents.create_version("responder", definition=PromptAgentDefinition(model=MODEL))
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
            (through_project, {"model": MODEL}),
            (of_agent, {}),
            (bare, {"extra_body": reference}),
            (bare, {"model": MODEL}),
            (bare, {"model": "gpt-4o-mini"}),
        ):
            for task in (whole, many_inputs, chained, shapes):
                task(client, **who)
    project.agents.delete(agent.name)
