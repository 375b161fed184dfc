from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import openai
import pytest
from azure.ai.projects.models import (
    AgentEndpointConfig,
    ApiKeyCredentials,
    CodeInterpreterTool,
    FixedRatioVersionSelectionRule,
    FunctionTool,
    MCPTool,
    ModelDeployment,
    PromptAgentDefinition,
    VersionSelector,
    WebSearchTool,
)
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceExistsError,
    ResourceNotFoundError,
)

from .conftest import PROJECT, InsecureHttp, metadata

if TYPE_CHECKING:
    from azure.ai.projects import AIProjectClient

    from .conftest import Connect, Running

FUNCTION = FunctionTool(
    name="get_weather",
    description="Weather of a city",
    parameters={"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    strict=True,
)


def definition(model: str = "gpt-4o-mini", **more: object) -> PromptAgentDefinition:
    return PromptAgentDefinition(model=model, instructions="Be brief.", **more)  # type: ignore[call-overload]  # options


def test_connections_are_read_as_the_client_expects(
    project: AIProjectClient, connect: Connect, sandbox: Running
) -> None:
    connect("project-key", target="/gateways/static/v1")
    connect("project-api", target="/gateways/apim/openai", category="ApiManagement")
    plain = project.connections.get("project-key")
    assert (plain.type, plain.target, plain.is_default) == (
        "ModelGateway",
        f"{sandbox.url}/gateways/static/v1",
        False,
    )
    assert plain.metadata == metadata()
    assert not getattr(plain.credentials, "api_key", None)
    full = project.connections.get("project-key", include_credentials=True)
    assert isinstance(full.credentials, ApiKeyCredentials)
    assert full.credentials.api_key == sandbox.api_key
    kinds = {one.name: one.type for one in project.connections.list()}
    assert (kinds["project-key"], kinds["project-api"]) == ("ModelGateway", "ApiManagement")
    assert "project-key" not in {one.name for one in project.connections.list(connection_type="ApiManagement")}  # type: ignore[arg-type]  # no member for it
    with pytest.raises(ResourceNotFoundError, match="Connection 'nowhere' not found"):
        project.connections.get("nowhere")


def test_the_projects_own_deployment_is_listed(project: AIProjectClient) -> None:
    (own,) = project.deployments.list()
    assert isinstance(own, ModelDeployment)
    assert (own.name, own.model_name, own.model_version) == ("gpt-4o-mini", "gpt-4o-mini", "2024-07-18")
    assert project.deployments.get("gpt-4o-mini").name == "gpt-4o-mini"
    assert list(project.deployments.list(model_publisher="Somebody")) == []
    with pytest.raises(ResourceNotFoundError):
        project.deployments.get("gpt-4o")


def test_versions_count_on_and_never_come_back(project: AIProjectClient) -> None:
    first = project.agents.create_version("counted", definition=definition(), description="d", metadata={"a": "b"})
    second = project.agents.create_version("counted", definition=definition())
    assert (first.version, second.version) == ("1", "2")
    assert (first.name, first.description, first.metadata) == ("counted", "d", {"a": "b"})
    assert project.agents.get("counted").versions.latest.version == "2"
    assert project.agents.get_version("counted", "1").definition.as_dict() == definition().as_dict()
    assert project.agents.delete_version("counted", "2").deleted
    assert project.agents.create_version("counted", definition=definition()).version == "3"
    with pytest.raises(ResourceNotFoundError):
        project.agents.get_version("counted", "2")
    assert project.agents.delete("counted").deleted
    with pytest.raises(ResourceNotFoundError, match="Agent 'counted' not found"):
        project.agents.get("counted")
    with pytest.raises(ResourceNotFoundError):
        project.agents.delete("counted")


def test_the_last_version_takes_the_agent_with_it(project: AIProjectClient) -> None:
    project.agents.create_version("fleeting", definition=definition())
    project.agents.delete_version("fleeting", "1")
    with pytest.raises(ResourceNotFoundError):
        project.agents.get("fleeting")


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_listing_ends_and_misses_nothing(project: AIProjectClient, size: int) -> None:
    for _ in range(3):
        project.agents.create_version("paged", definition=definition())
    newest_first = [one.version for one in project.agents.list_versions("paged", limit=size)]
    oldest_first = [one.version for one in project.agents.list_versions("paged", limit=size, order="asc")]
    assert newest_first == ["3", "2", "1"]
    assert oldest_first == ["1", "2", "3"]
    project.agents.create_version("paged-too", definition=definition())
    names = [one.name for one in project.agents.list(limit=1, kind="prompt")]
    assert {"paged", "paged-too"} <= set(names)
    assert len(names) == len(set(names))
    project.agents.delete("paged")
    project.agents.delete("paged-too")


def test_an_endpoint_is_pointed_at_a_version_which_then_resists(project: AIProjectClient) -> None:
    for _ in range(2):
        project.agents.create_version("pointed", definition=definition())
    rule = FixedRatioVersionSelectionRule(agent_version="1", traffic_percentage=100)
    endpoint = AgentEndpointConfig(version_selector=VersionSelector(version_selection_rules=[rule]))
    details = project.agents.update_details("pointed", agent_endpoint=endpoint)
    assert details.agent_endpoint is not None
    assert details.agent_endpoint.as_dict() == endpoint.as_dict()
    with pytest.raises(ResourceExistsError):
        project.agents.delete_version("pointed", "1")
    missing = FixedRatioVersionSelectionRule(agent_version="9", traffic_percentage=100)
    absent = AgentEndpointConfig(version_selector=VersionSelector(version_selection_rules=[missing]))
    with pytest.raises(ResourceNotFoundError, match="has no version '9'"):
        project.agents.update_details("pointed", agent_endpoint=absent)
    assert project.agents.delete_version("pointed", "1", force=True).deleted
    project.agents.delete("pointed")


@pytest.mark.parametrize("name", ["-a", "a-", "a" * 64, "a_b", "a.b"])
def test_a_bad_agent_name_is_refused(project: AIProjectClient, name: str) -> None:
    with pytest.raises(HttpResponseError, match="is not allowed") as raised:
        project.agents.create_version(name, definition=definition())
    assert raised.value.status_code == 400


def test_only_prompt_agents_are_played(project: AIProjectClient) -> None:
    with pytest.raises(HttpResponseError, match="only 'prompt' agents"):
        project.agents.create_version("hosted", {"definition": {"kind": "hosted", "image": "x"}})


def test_tools_that_no_gateway_model_can_use_are_refused_by_name(project: AIProjectClient) -> None:
    fine = [FUNCTION, CodeInterpreterTool(), MCPTool(server_label="kb", server_url="https://kb.example/mcp")]
    made = project.agents.create_version("tooled", definition=definition("conn/gpt-4o", tools=fine))
    assert [tool.type for tool in made.definition.tools] == ["function", "code_interpreter", "mcp"]
    with pytest.raises(HttpResponseError, match="tool web_search does not work with the gateway model"):
        project.agents.create_version("tooled", definition=definition("conn/gpt-4o", tools=[WebSearchTool()]))
    own = project.agents.create_version("tooled", definition=definition("gpt-4o-mini", tools=[WebSearchTool()]))
    assert own.version == "2"
    project.agents.delete("tooled")


def test_connections_come_in_pages(project: AIProjectClient, connect: Connect) -> None:
    made = {connect(f"paged-{number:02}", target="https://x.example", category="Paged") for number in range(41)}
    pages = [[one.name for one in page] for page in project.connections.list(connection_type="Paged").by_page()]
    assert [len(page) for page in pages] == [20, 20, 1]
    assert {name for page in pages for name in page} == made


def test_a_page_that_is_none_is_refused(sandbox: Running) -> None:
    headers = {"Authorization": f"Bearer {sandbox.token(PROJECT)}"}
    url = f"{sandbox.descriptor['project_endpoint']}/connections"
    response = httpx.get(url, params={"api-version": "v1", "skip": "-1"}, headers=headers)
    assert (response.status_code, response.json()["error"]["message"]) == (400, "skip must be a number, not '-1'")


def test_a_token_for_something_else_is_refused(sandbox: Running) -> None:
    url = f"{sandbox.descriptor['project_endpoint']}/agents"
    assert httpx.get(url).status_code == 401
    other = {"Authorization": f"Bearer {sandbox.token('https://management.azure.com')}"}
    response = httpx.get(url, headers=other)
    assert response.status_code == 401
    assert response.json()["error"]["type"] == "authentication_error"


def test_the_client_understands_the_refusal(sandbox: Running) -> None:
    from azure.ai.projects import AIProjectClient  # only here at run time
    from azure.core.credentials import AccessToken

    class Forged:
        def get_token(self, *_: str, **__: object) -> AccessToken:
            return AccessToken("forged", 2_000_000_000)

    endpoint = sandbox.descriptor["project_endpoint"]
    with (
        AIProjectClient(endpoint=endpoint, credential=Forged(), per_call_policies=[InsecureHttp()]) as client,
        pytest.raises(ClientAuthenticationError),
    ):
        client.agents.get("x")


def test_conversations_and_their_items(strict: openai.OpenAI) -> None:
    conversation = strict.conversations.create(
        items=[{"type": "message", "role": "user", "content": "hello"}], metadata={"a": "b"}
    )
    assert strict.conversations.retrieve(conversation.id).metadata == {"a": "b"}
    added = strict.conversations.items.create(
        conversation.id,
        items=[
            {"type": "message", "role": "assistant", "content": "hi"},
            {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "call_1", "output": "done"},
        ],
    )
    assert [one.type for one in added.data] == ["message", "function_call", "function_call_output"]
    forward = list(strict.conversations.items.list(conversation.id, order="asc", limit=1))
    assert [one.id for one in forward][1:] == [one.id for one in added.data]
    assert [one.id for one in strict.conversations.items.list(conversation.id)] == [one.id for one in forward[::-1]]
    first = forward[0]
    assert first.id is not None
    assert strict.conversations.items.retrieve(first.id, conversation_id=conversation.id) == first
    strict.conversations.items.delete(first.id, conversation_id=conversation.id)
    assert len(list(strict.conversations.items.list(conversation.id))) == 3
    assert strict.conversations.update(conversation.id, metadata={"c": "d"}).metadata == {"c": "d"}
    assert strict.conversations.delete(conversation.id).deleted
    with pytest.raises(openai.NotFoundError, match="not found"):
        strict.conversations.retrieve(conversation.id)


@pytest.mark.parametrize(
    ("item", "why"),
    [
        ({"type": "web_search_call", "id": "x"}, "is not played here"),
        ({"type": "message", "role": "user"}, "needs content"),
        ({"type": "message", "role": "king", "content": "x"}, "is not known"),
        (
            {"type": "message", "role": "user", "content": [{"type": "input_file", "file_id": "f"}]},
            "input_file",
        ),
        ("just text", "must be an object"),
    ],
)
def test_an_item_that_cannot_be_used_is_refused(strict: openai.OpenAI, item: object, why: str) -> None:
    with pytest.raises(openai.BadRequestError, match=why):
        strict.conversations.create(items=[item])  # type: ignore[list-item]  # wrong on purpose


def test_a_conversation_takes_twenty_items_at_a_time(strict: openai.OpenAI) -> None:
    twenty: list[Any] = [{"role": "user", "content": "x"}] * 20
    conversation = strict.conversations.create(items=twenty)
    strict.conversations.items.create(conversation.id, items=twenty)
    with pytest.raises(openai.BadRequestError, match="21 items: add at most 20 at a time"):
        strict.conversations.items.create(conversation.id, items=[*twenty, *twenty[:1]])
    assert len(list(strict.conversations.items.list(conversation.id))) == 40
    with pytest.raises(openai.BadRequestError, match="add at most 20"):
        strict.conversations.create(items=[*twenty, *twenty[:1]])


@pytest.mark.parametrize(
    "metadata", [{"a": 1}, {"a" * 65: "b"}, {"a": "b" * 513}, dict.fromkeys("abcdefghijklmnopq", "x")]
)
def test_metadata_that_is_too_much_is_refused(strict: openai.OpenAI, metadata: dict[str, Any]) -> None:
    with pytest.raises(openai.BadRequestError, match="'metadata'"):
        strict.conversations.create(metadata=metadata)
    conversation = strict.conversations.create()
    with pytest.raises(openai.BadRequestError, match="'metadata'"):
        strict.conversations.update(conversation.id, metadata=metadata)
    assert strict.conversations.retrieve(conversation.id).metadata == {}


def test_what_only_background_responses_allow_is_refused(strict: openai.OpenAI) -> None:
    response = strict.responses.create(model="gpt-4o-mini", input="x")
    with pytest.raises(openai.BadRequestError, match="can be cancelled"):
        strict.responses.cancel(response.id)
    # Answered whole, it would be a stream without an event: nothing would tell.
    with pytest.raises(openai.BadRequestError, match="can be streamed again"):
        strict.responses.retrieve(response.id, stream=True)


def test_the_choice_of_some_tools_is_passed_on(strict: openai.OpenAI) -> None:
    tools: list[Any] = [
        {"type": "function", "name": name, "parameters": {}, "strict": False} for name in ("one", "two")
    ]
    choice: Any = {"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "two"}]}
    response = strict.responses.create(model="gpt-4o-mini", input="Hello", tools=tools, tool_choice=choice)
    assert [(item.type, getattr(item, "name", None)) for item in response.output] == [("function_call", "two")]
