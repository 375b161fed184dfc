"""Conversations as a user of the openai client keeps them: items added, paged through, deleted, and talked in."""

import os
from collections.abc import Callable

import openai
from azure.ai.projects import AIProjectClient
from azure.ai.projects.models import PromptAgentDefinition
from azure.identity import DefaultAzureCredential, get_bearer_token_provider
from refusals import refused

ENDPOINT = os.environ["AZURE_AI_PROJECT_ENDPOINT"]
MODEL = "sandbox-apim/gpt-4o"
MANY = 45


def missing(call: Callable[[], object]) -> str:
    return str(refused(call, openai.NotFoundError))


def kept(client: openai.OpenAI, **_: object) -> None:
    """Created, read, changed, deleted."""
    first = {"type": "message", "role": "user", "content": "hello"}
    made = client.conversations.create(items=[first], metadata={"topic": "demo"})
    assert client.conversations.retrieve(made.id) == made
    assert client.conversations.update(made.id, metadata={"topic": "changed"}).metadata == {"topic": "changed"}
    assert client.conversations.retrieve(made.id).metadata == {"topic": "changed"}
    assert client.conversations.delete(made.id).deleted
    assert made.id in missing(lambda: client.conversations.retrieve(made.id))
    assert made.id in missing(lambda: client.conversations.items.list(made.id))
    assert client.conversations.create().metadata == {}


def paged(client: openai.OpenAI, **_: object) -> None:
    """Many items, in pages of several sizes, both ways, from the middle."""
    conversation = client.conversations.create()
    for start in range(0, MANY, 15):
        batch = [{"role": "user", "content": f"number {number}"} for number in range(start, start + 15)]
        added = client.conversations.items.create(conversation.id, items=batch)
        assert [item.content[0].text for item in added.data] == [item["content"] for item in batch], added
    expected = [f"number {number}" for number in range(MANY)]
    items = client.conversations.items
    for options in ({}, {"limit": 1}, {"limit": 10}, {"limit": 15}, {"limit": 100}):
        assert [one.content[0].text for one in items.list(conversation.id, order="asc", **options)] == expected
    backward = list(items.list(conversation.id, limit=10))
    assert [one.content[0].text for one in backward] == expected[::-1]
    part = items.list(conversation.id, after=backward[9].id, limit=5)
    assert [one.id for one in part.data] == [one.id for one in backward[10:15]], part
    assert part.has_more, part
    middle = backward[20]
    assert items.retrieve(middle.id, conversation_id=conversation.id) == middle
    items.delete(middle.id, conversation_id=conversation.id)
    assert middle.id in missing(lambda: items.retrieve(middle.id, conversation_id=conversation.id))
    assert len(list(items.list(conversation.id, limit=10))) == MANY - 1
    client.conversations.delete(conversation.id)


def talked(client: openai.OpenAI, **who: object) -> None:
    """What is said in a conversation stays in it; a response may add its own input or take what is there."""
    hello = {"role": "user", "content": "My dog's name is Rex. My favourite dish is soup."}
    conversation = client.conversations.create(items=[hello])
    noted = client.responses.create(conversation=conversation.id, input="Reply with exactly: noted", **who)
    assert noted.conversation.id == conversation.id, noted
    client.conversations.items.create(
        conversation.id, items=[{"role": "user", "content": "What is my favourite dish?"}]
    )
    answered = client.responses.create(conversation=conversation.id, **who)
    assert "soup" in answered.output_text, answered
    said = [(item.role, item.content[0].text) for item in client.conversations.items.list(conversation.id, order="asc")]
    assert [role for role, _ in said] == ["user", "user", "assistant", "user", "assistant"], said
    assert said[-1][1] == answered.output_text, said
    with client.responses.create(
        conversation=conversation.id, input="What is my favourite dish?", stream=True, **who
    ) as stream:
        last = list(stream)[-1].response
    assert "soup" in last.output_text, last
    assert len(list(client.conversations.items.list(conversation.id))) == 7
    both = {"conversation": conversation.id, "previous_response_id": noted.id}
    error = refused(lambda: client.responses.create(input="x", **both, **who), openai.BadRequestError)
    assert "exclude" in str(error), error
    assert "conv_nobodys" in missing(lambda: client.responses.create(conversation="conv_nobodys", input="x", **who))


with (
    DefaultAzureCredential() as credential,
    AIProjectClient(endpoint=ENDPOINT, credential=credential) as project,
):
    agent = project.agents.create_version("talker", definition=PromptAgentDefinition(model=MODEL))
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
        ):
            for task in (kept, paged, talked):
                task(client, **who)
    project.agents.delete(agent.name)
