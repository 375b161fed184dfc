"""Tools of agents on gateway models: which are taken, which are simulated, and what the log says."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import httpx
import openai
import pytest
from azure.ai.projects.models import (
    AutoCodeInterpreterToolParam,
    BrowserAutomationPreviewTool,
    BrowserAutomationTool,
    BrowserAutomationToolConnectionParameters,
    BrowserAutomationToolParameters,
    CodeInterpreterTool,
    FabricDataAgentToolParameters,
    FileSearchTool,
    FunctionTool,
    MCPTool,
    MicrosoftFabricPreviewTool,
    OpenApiAnonymousAuthDetails,
    OpenApiFunctionDefinition,
    OpenApiTool,
    PromptAgentDefinition,
    SharepointGroundingToolParameters,
    SharepointPreviewTool,
    ToolProjectConnection,
)

from .conftest import PROJECT, properties
from .services import ScriptedGateway, call, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from azure.ai.projects import AIProjectClient
    from azure.ai.projects.models import Tool

    from .conftest import Connect, Running

SPEC = {
    "openapi": "3.0.3",
    "info": {"title": "t", "version": "1"},
    "servers": [{"url": "http://127.0.0.1:9/api"}],
    "paths": {"/x": {"get": {"operationId": "x", "responses": {"200": {"description": "x"}}}}},
}
BROWSER = BrowserAutomationToolParameters(
    connection=BrowserAutomationToolConnectionParameters(project_connection_id="browser")
)
SITES = [ToolProjectConnection(project_connection_id="site")]
ALL: list[Tool] = [
    CodeInterpreterTool(container=AutoCodeInterpreterToolParam()),
    FunctionTool(name="f", description="", parameters={"type": "object"}, strict=False),
    FileSearchTool(vector_store_ids=["vs_1"]),
    OpenApiTool(openapi=OpenApiFunctionDefinition(name="x", spec=SPEC, auth=OpenApiAnonymousAuthDetails())),
    MCPTool(server_label="docs", server_url="https://docs.example/mcp", require_approval="never"),
    MCPTool(server_label="iq", server_url="https://s.search.windows.net/knowledgebases/kb/mcp", allowed_tools=["a"]),
    SharepointPreviewTool(sharepoint_grounding_preview=SharepointGroundingToolParameters(project_connections=SITES)),
    MicrosoftFabricPreviewTool(fabric_dataagent_preview=FabricDataAgentToolParameters(project_connections=SITES)),
    BrowserAutomationTool(browser_automation=BROWSER),
    BrowserAutomationPreviewTool(browser_automation_preview=BROWSER),
]


def tool_calls(running: Running, response_id: str) -> list[dict[str, Any]]:
    url = f"{running.url}/sandbox/tool-calls"
    found: list[dict[str, Any]] = httpx.get(url, params={"response_id": response_id}).json()["value"]
    return found


def test_every_tool_of_the_article_is_taken(project: AIProjectClient) -> None:
    definition = PromptAgentDefinition(model="some/gpt-4o", tools=ALL)
    made = project.agents.create_version("all-tools", definition=definition)
    assert [tool["type"] for tool in made.definition.as_dict()["tools"]] == [tool.as_dict()["type"] for tool in ALL]


@pytest.fixture(scope="module")
def raw(sandbox: Running) -> Iterator[httpx.Client]:
    """The project, for what the official client would not send."""
    headers = {"Authorization": f"Bearer {sandbox.token(PROJECT)}"}
    with httpx.Client(base_url=sandbox.descriptor["project_endpoint"], headers=headers) as client:
        yield client


def openapi(**change: Any) -> dict[str, Any]:  # fields of the document
    auth = change.pop("auth", {"type": "anonymous"})
    spec = {key: value for key, value in {**SPEC, **change}.items() if value is not None}
    return {"type": "openapi", "openapi": {"name": "x", "spec": spec, "auth": auth}}


def path(operation: dict[str, Any]) -> dict[str, Any]:
    return {"/x": {"get": {"responses": {}, **operation}}}


MCP = {"type": "mcp", "server_label": "docs", "server_url": "http://127.0.0.1:9/mcp"}
LINK = {"type": "project_connection", "security_scheme": {}}


@pytest.mark.parametrize(
    ("tool", "why"),
    [
        ({"type": "web_search"}, "tool web_search does not work with the gateway model.*browser_automation"),
        ({"type": "bing_grounding"}, "tool bing_grounding does not work"),
        ({"type": "azure_ai_search"}, "tool azure_ai_search does not work"),
        ({"type": ["function"]}, "each with a 'type'"),
        ({"type": "function"}, r"'tools\[0\].name' is missing: give the function a name"),
        ({"type": "function", "function": {"name": "f"}}, "stand flat beside 'type'"),
        ({"type": "function", "name": "two words"}, "is 'two words': use 1 to 64 letters"),
        ({"type": "function", "name": "f", "parameters": "{}"}, "parameters' is not an object: send a JSON schema"),
        ({"type": "file_search"}, r"'tools\[0\].vector_store_ids' is missing: list the ids"),
        ({"type": "file_search", "vector_store_ids": []}, "names no vector store"),
        ({"type": "code_interpreter", "container": {"type": "big"}}, "container.type' is 'big': send 'auto'"),
        ({"type": "code_interpreter", "container": 3}, "neither an id nor an object"),
        ({"type": "openapi"}, r"'tools\[0\].openapi' is missing"),
        ({"type": "openapi", "openapi": {"name": "x"}}, r"'tools\[0\].openapi.spec' is missing: put the service's"),
        ({"type": "openapi", "openapi": {"name": "x", "spec": SPEC}}, "openapi.auth' is missing: send .*anonymous"),
        (openapi(auth={"type": "magic"}), "auth.type' is 'magic': use anonymous, project_connection"),
        (openapi(auth=LINK), "security_scheme.project_connection_id' is missing"),
        (openapi(openapi="2.0"), r"spec.openapi' is '2.0': send an OpenAPI 3.0 or 3.1"),
        (openapi(servers=None), "spec.servers' is missing: say where the service is"),
        (openapi(servers=[{"url": "/api"}]), "servers.0..url' is '/api': send an absolute"),
        (openapi(paths={}), "spec.paths' has no operation"),
        (openapi(paths={"/x": 3}), "spec' is malformed"),
        (openapi(paths={"/x": {"get": None}}), "spec' is malformed"),
        (openapi(security=["key"]), "spec' is malformed"),
        (openapi(components=[]), "spec' is malformed"),
        (openapi(paths=path({"parameters": [{"$ref": "#/nowhere"}]})), "'#/nowhere|#/nowhere that points nowhere"),
        (openapi(paths=path({"parameters": [{"$ref": "other.yaml#/a"}]})), "out of the document"),
        (openapi(paths={"/x": {"$ref": "#/paths/~1x"}}), "points at itself"),
        ({"type": "mcp", "server_url": MCP["server_url"]}, "server_label' is missing"),
        ({"type": "mcp", "server_label": "docs"}, r"'tools\[0\].server_url' is missing: send the URL"),
        ({**MCP, "server_url": "docs.example"}, "server_url' is 'docs.example': send an absolute"),
        ({**MCP, "require_approval": "perhaps"}, "require_approval' is 'perhaps': use always, never"),
        ({**MCP, "require_approval": {"maybe": {}}}, "require_approval.maybe' is not known"),
        ({**MCP, "allowed_tools": "all"}, "allowed_tools' is no choice of tools"),
        ({**MCP, "headers": ["a"]}, "headers' is not an object"),
        ({"type": "sharepoint_grounding_preview"}, "sharepoint_grounding_preview' is missing: send"),
        (
            {"type": "fabric_dataagent_preview", "fabric_dataagent_preview": {"project_connections": []}},
            "names no connection",
        ),
        ({"type": "browser_automation", "browser_automation": {}}, "browser_automation.connection' is missing"),
        (
            {"type": "browser_automation_preview", "browser_automation_preview": {"connection": {}}},
            "connection.project_connection_id' is missing",
        ),
    ],
)
def test_a_malformed_tool_is_refused_with_field_and_mend(raw: httpx.Client, tool: dict[str, Any], why: str) -> None:
    definition = {"kind": "prompt", "model": "some/gpt-4o", "tools": [tool]}
    response = raw.post("/agents/broken/versions", json={"definition": definition})
    assert response.status_code == 400
    assert re.search(why, response.json()["error"]["message"])


def test_names_and_labels_are_had_once(strict: openai.OpenAI) -> None:
    function: Any = {"type": "function", "name": "f"}
    with pytest.raises(openai.BadRequestError, match="two tools have the function 'name' 'f'"):
        strict.responses.create(model="gpt-4o-mini", input="x", tools=[function, function])
    server: Any = MCP
    with pytest.raises(openai.BadRequestError, match="two tools have the 'server_label' 'docs'"):
        strict.responses.create(model="gpt-4o-mini", input="x", tools=[server, server])


SIMULATED = [
    ("code_interpreter", ALL[0], "Run the code interpreter", "code_interpreter_call"),
    ("file_search", ALL[2], "Use the file search", "file_search_call"),
    ("sharepoint_grounding_preview", ALL[6], "Look into the connected SharePoint", None),
    ("fabric_dataagent_preview", ALL[7], "Ask the Fabric data agent", None),
    ("browser_automation", ALL[8], "Use browser automation", None),
    ("browser_automation_preview", ALL[9], "Use browser automation", None),
]


@pytest.mark.parametrize(("kind", "tool", "question", "item"), SIMULATED, ids=[row[0] for row in SIMULATED])
def test_what_is_not_done_here_says_so(  # noqa: PLR0913  # fixtures and a table's columns
    sandbox: Running,
    connect: Connect,
    strict: openai.OpenAI,
    project: AIProjectClient,
    *,
    kind: str,
    tool: Tool,
    question: str,
    item: str | None,
) -> None:
    name = connect("simulations", **properties(sandbox, "static"))
    agent = f"simulating-{kind.replace('_', '-')}"
    project.agents.create_version(agent, definition=PromptAgentDefinition(model=f"{name}/gpt-4o", tools=[tool]))
    extra = {"agent_reference": {"type": "agent_reference", "name": agent}}
    whole = strict.responses.create(input=question, extra_body=extra)
    events = list(strict.responses.create(input=question, extra_body=extra, stream=True))
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert item is None or f"response.{item}.completed" in {event.type for event in events}
    streamed = events[-1].response  # type: ignore[union-attr]  # it is the completed one
    for response in (whole, streamed):
        assert response.output_text.startswith(f"[simulated: {kind}] ")
        assert "SIMULATED by the sandbox: no " in response.output_text
        assert response.metadata == {"simulated": kind}
        assert [one.type for one in response.output] == [*([item] if item else []), "message"]
        (seen,) = tool_calls(sandbox, response.id)
        assert (seen["tool"], seen["outcome"], seen["status"], seen["agent"]) == (kind, "simulated", None, agent)


def test_the_label_does_not_hang_on_the_model(connect: Connect, strict: openai.OpenAI) -> None:
    def silent(body: dict[str, Any]) -> dict[str, Any]:
        if body["messages"][-1]["role"] == "tool":
            return {"content": '{"sum": 4}'}
        return {"tool_calls": [call("code_interpreter", code="print(2 + 2)")]}

    tools: Any = [{"type": "code_interpreter", "container": {"type": "auto"}}]
    with serving(ScriptedGateway(silent).app) as url:
        asked: dict[str, Any] = {"model": f"{connect('silent', target=url)}/gpt-4o", "input": "2 + 2?", "tools": tools}
        assert strict.responses.create(**asked).output_text == '[simulated: code_interpreter] {"sum": 4}'
        with strict.responses.stream(**asked) as stream:
            assert stream.get_final_response().output_text == '[simulated: code_interpreter] {"sum": 4}'
        document: Any = {"format": {"type": "json_object"}}
        whole = strict.responses.create(**asked, text=document)
        assert json.loads(whole.output_text) == {"sum": 4}
        assert whole.metadata == {"simulated": "code_interpreter"}
        item = whole.output[0]
        assert item.type == "code_interpreter_call"
        assert item.code == "print(2 + 2)"


def test_the_next_question_is_not_labelled(connect: Connect, strict: openai.OpenAI) -> None:
    gateway = ScriptedGateway(
        lambda body: (
            {"content": "fine"}
            if "hello" in str(body["messages"][-1]["content"]) or body["messages"][-1]["role"] == "tool"
            else {"tool_calls": [call("file_search", query="x")]}
        )
    )
    tools: Any = [{"type": "file_search", "vector_store_ids": ["vs_1"]}]
    with serving(gateway.app) as url:
        model = f"{connect('next', target=url)}/gpt-4o"
        first = strict.responses.create(model=model, input="find x", tools=tools)
        assert first.output_text == "[simulated: file_search] fine"
        second = strict.responses.create(model=model, input="hello", tools=tools, previous_response_id=first.id)
    assert second.output_text == "fine"
    # What was found stays in the history, in the form the gateway knows.
    roles = [message["role"] for message in gateway.asked[-1]["messages"]]
    assert roles == ["user", "assistant", "tool", "assistant", "user"]
    assert "SIMULATED" in gateway.asked[-1]["messages"][2]["content"]
