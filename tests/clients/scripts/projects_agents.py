"""Agents and their versions as a user of azure-ai-projects makes, pages through and deletes them."""

import os

from azure.ai.projects import AIProjectClient
from azure.ai.projects.models import (
    AgentEndpointConfig,
    FixedRatioVersionSelectionRule,
    PromptAgentDefinition,
    ProtocolConfiguration,
    ResponsesProtocolConfiguration,
    VersionSelector,
)
from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.identity import DefaultAzureCredential
from refusals import refused

MANY = 45
MODEL = "sandbox-apim/gpt-4o"

with (
    DefaultAzureCredential() as credential,
    AIProjectClient(endpoint=os.environ["AZURE_AI_PROJECT_ENDPOINT"], credential=credential) as project,
):
    agents = project.agents
    definition = PromptAgentDefinition(model=MODEL, instructions="Be brief.", temperature=0.2)
    made = [agents.create_version(f"herd-{number:02}", definition=definition) for number in range(MANY)]
    assert {one.version for one in made} == {"1"}, made
    herd = [one.name for one in made]

    # A list that never ends is the trap here: the client ignores has_more and follows last_id.
    for options in ({}, {"limit": 7}, {"limit": 1}, {"limit": 100}, {"limit": 15}):
        listed = [agent.name for agent in agents.list(kind="prompt", **options) if agent.name in herd]
        assert listed == herd[::-1], (options, listed)
    oldest_first = [agent.name for agent in agents.list(order="asc", limit=10) if agent.name in herd]
    assert oldest_first == herd, oldest_first
    assert len(list(agents.list(limit=10).by_page())) >= MANY // 10

    for number in range(2, 26):
        version = agents.create_version("herd-00", definition=definition, description=f"number {number}")
        assert version.version == str(number), version
    versions = [one.version for one in agents.list_versions("herd-00", limit=4)]
    assert versions == [str(number) for number in range(25, 0, -1)], versions
    assert [one.version for one in agents.list_versions("herd-00", order="asc", limit=1)] == versions[::-1]

    third = agents.get_version("herd-00", "3")
    assert (third.name, third.description, third.status) == ("herd-00", "number 3", "active"), third
    assert isinstance(third.definition, PromptAgentDefinition), third.definition
    assert (third.definition.model, third.definition.temperature) == (MODEL, 0.2), third.definition
    agent = agents.get("herd-00")
    assert (agent.name, agent.versions.latest.version) == ("herd-00", "25"), agent

    endpoint = AgentEndpointConfig(
        version_selector=VersionSelector(
            version_selection_rules=[FixedRatioVersionSelectionRule(agent_version="3", traffic_percentage=100)]
        ),
        protocol_configuration=ProtocolConfiguration(responses=ResponsesProtocolConfiguration()),
    )
    changed = agents.update_details("herd-00", agent_endpoint=endpoint)
    rules = changed.agent_endpoint.version_selector.version_selection_rules
    assert [rule.agent_version for rule in rules] == ["3"], changed
    assert agents.get("herd-00").agent_endpoint == changed.agent_endpoint
    with project.get_openai_client(agent_name="herd-00") as client:
        assert client.responses.create(input="Hello").model_extra["agent_reference"]["version"] == "3"

    assert refused(lambda: agents.delete_version("herd-00", "3"), ResourceExistsError).status_code == 409
    assert agents.delete_version("herd-00", "3", force=True).deleted
    assert agents.delete_version("herd-00", "25").version == "25"
    assert agents.get("herd-00").versions.latest.version == "24"
    for name in herd:
        gone = agents.delete(name)
        assert (gone.name, gone.deleted) == (name, True), gone
    for call in (lambda: agents.get(herd[0]), lambda: agents.get_version(herd[0], "1"), lambda: agents.delete(herd[0])):
        assert herd[0] in str(refused(call, ResourceNotFoundError))
