"""The asynchronous openai client, strictly validating: many things at once."""

import asyncio
import os

import openai
from azure.identity.aio import DefaultAzureCredential, get_bearer_token_provider
from pydantic import BaseModel
from refusals import refused_later

ENDPOINT = os.environ["AZURE_AI_PROJECT_ENDPOINT"]
MODEL = "sandbox-apim/gpt-4o"


class City(BaseModel):
    """What the structured answer must be."""

    name: str


async def asked(client: openai.AsyncOpenAI, number: int) -> None:
    response = await client.responses.create(model=MODEL, input=f"Reply with exactly: word{number}")
    assert response.output_text == f"word{number}", response
    assert (await client.responses.retrieve(response.id)) == response
    await client.responses.delete(response.id)


async def streamed(client: openai.AsyncOpenAI, number: int) -> None:
    words = f"{number} two three"
    stream = await client.responses.create(model=MODEL, input=f"Say {words} and nothing else", stream=True)
    pieces = [event.delta async for event in stream if event.type == "response.output_text.delta"]
    assert "".join(pieces) == words, pieces
    async with client.responses.stream(model=MODEL, input=f"Say {words} and nothing else") as helper:
        final = await helper.get_final_response()
    assert final.output_text == words, final


async def talked(client: openai.AsyncOpenAI, number: int) -> None:
    items = [{"role": "user", "content": f"My favourite number is {number}."} for _ in range(12)]
    conversation = await client.conversations.create(items=items)
    asked_for = {"model": MODEL, "conversation": conversation.id, "input": "What is my favourite number?"}
    assert str(number) in (await client.responses.create(**asked_for)).output_text
    listed = [item async for item in client.conversations.items.list(conversation.id, limit=5)]
    assert len(listed) == 14, listed
    assert (await client.conversations.delete(conversation.id)).deleted
    await refused_later(client.conversations.retrieve(conversation.id), openai.NotFoundError)


async def main() -> None:
    async with DefaultAzureCredential() as credential:
        token = get_bearer_token_provider(credential, "https://ai.azure.com/.default")
        async with openai.AsyncOpenAI(
            base_url=f"{ENDPOINT}/openai/v1", api_key=token, max_retries=0, _strict_response_validation=True
        ) as client:
            tasks = (task(client, number) for task in (asked, streamed, talked) for number in range(6))
            await asyncio.gather(*tasks)
            parsed = await client.responses.parse(model=MODEL, input="Which city?", text_format=City)
            assert isinstance(parsed.output_parsed, City), parsed
            busy = client.responses.create(model="busy-gateway/gpt-4o", input="x")
            assert (await refused_later(busy, openai.RateLimitError)).type == "rate_limit_error"


asyncio.run(main())
