"""The asynchronous azure-ai-projects: the same project over aiohttp."""

import asyncio
import os

from azure.ai.projects.aio import AIProjectClient
from azure.ai.projects.models import (
    AgentEndpointConfig,
    ConnectionType,
    FixedRatioVersionSelectionRule,
    PromptAgentDefinition,
    VersionSelector,
)
from azure.core.exceptions import ResourceNotFoundError
from azure.identity.aio import DefaultAzureCredential
from refusals import refused_later

MANY = 24


async def connections(project: AIProjectClient) -> None:
    names = [connection.name async for connection in project.connections.list()]
    assert {"sandbox-apim", "sandbox-oauth2", "sandbox-apim-identity"} <= set(names), names
    many = [one async for one in project.connections.list(connection_type=ConnectionType.APPLICATION_CONFIGURATION)]
    assert len(many) == int(os.environ["MANY_CONNECTIONS"]), len(many)
    assert (await project.connections.get("sandbox-apim", include_credentials=True)).credentials.api_key
    default = await project.connections.get_default(ConnectionType.AZURE_OPEN_AI)
    assert default.name == "sandbox-default", default
    deployments = [deployment.name async for deployment in project.deployments.list()]
    assert (await project.deployments.get(deployments[0])).name == "gpt-4o-mini"


async def agents(project: AIProjectClient) -> None:
    definition = PromptAgentDefinition(model="sandbox-apim/gpt-4o")
    names = [f"flock-{number:02}" for number in range(MANY)]
    made = await asyncio.gather(*(project.agents.create_version(name, definition=definition) for name in names))
    assert sorted(one.name for one in made) == names, made
    listed = [agent.name async for agent in project.agents.list(limit=5) if agent.name in names]
    assert sorted(listed) == names, listed
    await project.agents.create_version("flock-00", definition=definition)
    assert [one.version async for one in project.agents.list_versions("flock-00", limit=1)] == ["2", "1"]
    rule = FixedRatioVersionSelectionRule(agent_version="1", traffic_percentage=100)
    endpoint = AgentEndpointConfig(version_selector=VersionSelector(version_selection_rules=[rule]))
    await project.agents.update_details("flock-00", agent_endpoint=endpoint)
    async with project.get_openai_client(agent_name="flock-00") as client:
        answers = await asyncio.gather(
            *(client.responses.create(input=f"Reply with exactly: word{number}") for number in range(8))
        )
        assert [answer.output_text for answer in answers] == [f"word{number}" for number in range(8)]
    assert (await project.agents.delete_version("flock-00", "2")).deleted
    await asyncio.gather(*(project.agents.delete(name) for name in names))
    assert (await refused_later(project.agents.get("flock-00"), ResourceNotFoundError)).status_code == 404


async def main() -> None:
    async with (
        DefaultAzureCredential() as credential,
        AIProjectClient(endpoint=os.environ["AZURE_AI_PROJECT_ENDPOINT"], credential=credential) as project,
    ):
        await connections(project)
        await agents(project)


asyncio.run(main())
