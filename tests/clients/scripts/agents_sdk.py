"""The OpenAI Agents SDK, which calls Responses in ways of its own: tool loops, sessions, handoffs."""

import asyncio
import os

from agents import (
    Agent,
    ModelSettings,
    OpenAIConversationsSession,
    OpenAIResponsesModel,
    Runner,
    function_tool,
    set_tracing_disabled,
)
from azure.identity.aio import DefaultAzureCredential, get_bearer_token_provider
from openai import AsyncOpenAI
from pydantic import BaseModel

ASKED = "What is the weather in Oslo?"
WEATHER = "get_weather returned snow in"


class City(BaseModel):
    """What the structured answer must be."""

    name: str


@function_tool
def get_weather(city: str) -> str:
    """Weather of a city."""
    return f"snow in {city}"


async def in_one_go(model: OpenAIResponsesModel) -> None:
    """A loop around a tool, whole and streamed, with settings; an answer in a form; a handoff."""
    settings = ModelSettings(temperature=0.1, max_tokens=100, parallel_tool_calls=False, verbosity="low")
    agent = Agent(name="Teller", instructions="Be brief.", model=model, tools=[get_weather], model_settings=settings)
    assert WEATHER in (await Runner.run(agent, ASKED)).final_output
    streamed = Runner.run_streamed(agent, ASKED)
    kinds = [event.type async for event in streamed.stream_events()]
    assert {"raw_response_event", "run_item_stream_event"} <= set(kinds), kinds
    assert WEATHER in streamed.final_output, streamed
    formed = await Runner.run(Agent(name="Former", model=model, output_type=City), "Which city?")
    assert isinstance(formed.final_output, City), formed
    specialist = Agent(name="Specialist", handoff_description="weather specialist", model=model)
    desk = Agent(name="Desk", handoffs=[specialist], model=model)
    assert (await Runner.run(desk, "Transfer to the weather specialist, please")).last_agent is specialist


async def over_several(model: OpenAIResponsesModel, client: AsyncOpenAI) -> None:
    """What was said is known later: by the previous response, in a session, in a conversation."""
    agent = Agent(name="Teller", model=model, tools=[get_weather])
    first = await Runner.run(agent, "My favourite fruit is mango.", auto_previous_response_id=True)
    second = await Runner.run(agent, "What is my favourite fruit?", previous_response_id=first.last_response_id)
    assert "mango" in second.final_output, second
    session = OpenAIConversationsSession(openai_client=client)
    for text in ("My favourite fruit is mango.", ASKED):
        await Runner.run(agent, text, session=session)
    assert "mango" in (await Runner.run(agent, "What is my favourite fruit?", session=session)).final_output
    assert len(await session.get_items()) == 8
    await session.clear_session()
    conversation = await client.conversations.create()
    answer = await Runner.run(agent, ASKED, conversation_id=conversation.id)
    assert WEATHER in answer.final_output, answer


async def main() -> None:
    async with DefaultAzureCredential() as credential:
        token = get_bearer_token_provider(credential, "https://ai.azure.com/.default")
        base = f"{os.environ['AZURE_AI_PROJECT_ENDPOINT']}/openai/v1"
        async with AsyncOpenAI(base_url=base, api_key=token, max_retries=0) as client:
            for name in ("gpt-4o-mini", "sandbox-apim/gpt-4o"):
                model = OpenAIResponsesModel(model=name, openai_client=client)
                await in_one_go(model)
                await over_several(model, client)


set_tracing_disabled(True)
asyncio.run(main())
