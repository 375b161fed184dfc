"""Agents through the official SDK, against the sandbox over HTTP, and against services that misbehave."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from gateway_workbook.agents import Agents, Equipped
from gateway_workbook.arm import Connections
from gateway_workbook.errors import ServiceError, UsageError
from gateway_workbook.gateway_log import gateway_log
from gateway_workbook.ledger import Ledger
from gateway_workbook.openapi import fetch_spec
from gateway_workbook.profile import load_profile
from gateway_workbook.step import Step
from gateway_workbook.target import Target
from gateway_workbook.tools import Tools, load_tools
from tests.library.wire import PROJECT, Credential, server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gateway_workbook.answer import Answer
    from gateway_workbook.connection import Connection
    from gateway_workbook.run import Run

CONNECTION = "sandbox-apim"
DEFINITION = {"model": f"{CONNECTION}/gpt-4o", "instructions": "Answer in one sentence."}


@pytest.fixture
def agents(sandbox: Target) -> Iterator[Agents]:
    with Agents(sandbox, credential=sandbox.credential()) as opened:
        yield opened


@pytest.fixture
def connected(sandbox: Target) -> Connection:
    """The connection that the agents of these tests answer through."""
    with httpx.Client() as http:
        connections = Connections(sandbox, http, credential=sandbox.credential(), secrets=sandbox.secrets())
        wanted = connections.describe(load_profile("apim-defaults"))
        connections.put(wanted)
    return wanted


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "ledger.jsonl")


@pytest.mark.usefixtures("connected")
def test_deploying_the_same_agent_twice_changes_nothing(agents: Agents, ledger: Ledger) -> None:
    assert agents.deploy("same-agent", DEFINITION, run_id="r1", ledger=ledger) == ("created", "1")
    assert agents.deploy("same-agent", DEFINITION, run_id="r2", ledger=ledger) == ("unchanged", "1")
    assert [(entry.kind, entry.name) for entry in ledger.open_entries()] == [("agent", "same-agent")]
    changed = DEFINITION | {"instructions": "Answer in two."}
    assert agents.deploy("same-agent", changed, run_id="r2", ledger=ledger) == ("replaced", "2")
    latest = agents.latest("same-agent")
    assert latest is not None
    assert latest["metadata"]["gateway-workbook-run"] == "r2"
    assert latest["definition"]["model"] == "sandbox-apim/gpt-4o"


@pytest.mark.usefixtures("connected")
def test_only_the_versions_of_the_run_are_removed(agents: Agents, ledger: Ledger) -> None:
    for number, run_id in enumerate(("mine", "theirs", "mine")):
        agents.deploy("shared-agent", DEFINITION | {"instructions": str(number)}, run_id=run_id, ledger=ledger)
    assert agents.delete_versions_of("shared-agent", run_id="mine") == 2
    assert [version["metadata"]["gateway-workbook-run"] for version in agents.versions("shared-agent")] == ["theirs"]
    assert agents.delete_versions_of("shared-agent", run_id="mine") == 0
    assert agents.delete_versions_of("shared-agent", run_id="theirs") == 1
    assert agents.latest("shared-agent") is None
    assert agents.delete_versions_of("shared-agent", run_id="theirs") == 0


def test_an_agent_that_is_not_there_is_an_answer(agents: Agents) -> None:
    assert agents.latest("nobody") is None
    assert agents.versions("nobody") == []
    answer = agents.ask("nobody", "hello")
    assert answer.text == ""
    assert str(answer.problem).startswith("404 ")
    assert "nobody" in str(answer.problem)


def test_an_answer_comes_through_the_gateway_and_the_log_proves_it(
    agents: Agents, ledger: Ledger, sandbox: Target, connected: Connection
) -> None:
    agents.deploy("asked-agent", DEFINITION, run_id="r", ledger=ledger)
    answer = agents.ask("asked-agent", "Reply with exactly: Grüße, 世界 🌍")
    assert (answer.text, answer.problem) == ("Grüße, 世界 🌍", None)
    assert answer.seconds > 0
    assert answer.tokens
    with httpx.Client() as http:
        seen = gateway_log(sandbox, connected, http)
        assert answer.response_id is not None
        assert seen(answer.response_id) is True
        assert seen("resp_never") is False


@pytest.mark.usefixtures("connected")
def test_a_deployment_that_does_not_answer_is_data(agents: Agents, ledger: Ledger) -> None:
    agents.deploy("stuck-agent", DEFINITION | {"model": "sandbox-apim/gpt-35-turbo"}, run_id="r", ledger=ledger)
    answer = agents.ask("stuck-agent", "hello")
    assert answer.problem
    assert answer.text == ""


@pytest.mark.usefixtures("connected")
def test_what_the_service_refuses_is_withdrawn_from_the_ledger(agents: Agents, ledger: Ledger) -> None:
    with pytest.raises(ServiceError, match="agent -web- cannot be deployed: 400") as caught:
        agents.deploy("-web-", DEFINITION, run_id="r", ledger=ledger)
    assert caught.value.status == 400
    assert ledger.open_entries() == []


@pytest.mark.usefixtures("connected")
@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"kind": "hosted"}, "gets DeploymentNotFound: write kind prompt"),
        ({"kind": "workflow"}, "no agent of kind 'workflow' answers through a gateway: write kind prompt"),
        (
            {"model": "gpt-4o"},
            'names no connection, so Foundry would look .* "AI Gateway in Foundry" is another feature',
        ),
        ({"model": "sandbox-apim/"}, "the model 'sandbox-apim/' names no connection"),
        ({"model": ""}, "the model '' names no connection"),
        (
            {"model": "nobody/gpt-4o"},
            "needs the connection 'nobody', which the project does not have: it has .*sandbox-apim",
        ),
        (
            {"tools": [{"type": "web_search"}]},
            (
                r"tool web_search does not work .*: use Code Interpreter .*, Functions .*, File Search .*, OpenAPI .*"
                r", Foundry IQ .*, SharePoint grounding .*, Fabric data agent .*, MCP .* or browser automation "
                r"\(browser_automation\), the list of 2025-11-10"
            ),
        ),
        ({"tools": [{"type": "bing_grounding", "bing_grounding": {}}]}, "tool bing_grounding does not work"),
        (
            {"tools": [{"type": "mcp", "server_label": "x", "project_connection_id": "/a/b/connections/nowhere"}]},
            "tool mcp needs the connection 'nowhere', which the project does not have: it has",
        ),
    ],
)
def test_what_cannot_answer_through_a_gateway_is_refused_before_anything_is_made(
    agents: Agents, ledger: Ledger, changes: dict[str, Any], told: str
) -> None:
    with pytest.raises(UsageError, match=told):
        agents.deploy("refused-agent", DEFINITION | changes, run_id="r", ledger=ledger)
    assert agents.latest("refused-agent") is None
    assert ledger.open_entries() == []


@pytest.fixture
def step(run: Run) -> Iterator[Step]:
    """Notebook 03 at work."""
    started = Step("03_deploy_agent", run)
    yield started
    started.checkpoint(holds=True, found="closed")


def deployed(step: Step, ledger: Ledger, tools: Tools, *, name: str) -> tuple[str, str]:
    """Deploy an agent with tools as notebook 03 does."""
    agents = step.agents()
    definition = DEFINITION | {"tools": step.deployable(tools, agents)}
    return agents.deploy(name, definition, run_id="r", ledger=ledger)


@pytest.mark.usefixtures("connected")
@pytest.mark.parametrize("name", ["function", "openapi", "mcp"])
def test_the_same_tools_make_no_new_version_and_changed_ones_do(step: Step, ledger: Ledger, name: str) -> None:
    tools, agent = load_tools(name), f"{name}-agent"
    assert deployed(step, ledger, tools, name=agent) == ("created", "1")
    assert deployed(step, ledger, tools, name=agent) == ("unchanged", "1")
    changed = tools.tools[0].model_copy(update={"description": "Another description."})
    assert deployed(step, ledger, Tools(tools=(changed,)), name=agent) == ("replaced", "2")
    assert deployed(step, ledger, Tools(), name=agent) == ("replaced", "3")
    assert deployed(step, ledger, tools, name=agent) == ("replaced", "4")


@pytest.mark.usefixtures("connected")
@pytest.mark.parametrize(
    ("name", "called", "answered"),
    [
        ("function", ("track_order", "function_call"), "shipped"),
        ("openapi", ("get_forecast", "openapi_call"), "example data of the sandbox"),
        ("mcp", ("museum_hours", "mcp_call"), "The museum in Lisbon is open from"),
    ],
)
def test_an_agent_calls_its_tools_and_every_call_is_told_of(
    step: Step, ledger: Ledger, name: str, called: tuple[str, str], answered: str
) -> None:
    tools = load_tools(name)
    deployed(step, ledger, tools, name=f"asked-{name}")
    answers = [Equipped(step.agents(), tools).ask(f"asked-{name}", one.prompt) for one in tools.tries]
    assert tools.problems(answers) == []
    assert [(call.name, call.type) for answer in answers for call in answer.calls] == [called]
    assert answered in answers[0].text


@pytest.mark.usefixtures("connected")
def test_a_web_service_that_is_not_there_is_a_problem_of_its_call(step: Step, ledger: Ledger) -> None:
    tool = load_tools("openapi").tools[0]
    spec = dict(fetch_spec(step.target.locate("sandbox://examples/openapi.json"), http=step.http))
    gone = tool.model_copy(update={"spec": spec | {"servers": [{"url": f"{step.target.arm}/nowhere"}]}})
    tools = Tools(tools=(gone,), tries=load_tools("openapi").tries)
    deployed(step, ledger, tools, name="gone-service")
    answers = [step.agents().ask("gone-service", one.prompt) for one in tools.tries]
    assert tools.problems(answers) == ["'What is the weather forecast for Lisbon?': get_forecast failed (answered 404)"]


@pytest.mark.usefixtures("connected")
def test_a_tools_connection_has_to_be_in_the_project(step: Step, ledger: Ledger) -> None:
    with pytest.raises(UsageError) as caught:
        deployed(step, ledger, load_tools("all-nine"), name="nine")
    assert str(caught.value) == (
        "the project does not have the connections of the tools foundry_iq (contoso-knowledge), "
        "sharepoint (contoso-sharepoint), fabric_data_agent (contoso-fabric), browser_automation (contoso-playwright): "
        "make these connections first, or take the tools out of the file"
    )
    assert step.agents().latest("nine") is None


def test_plain_http_beyond_this_machine_is_refused() -> None:
    away = Target(kind="azure", arm="x", project_resource_id=PROJECT, project_endpoint="http://foundry.test/api")
    with pytest.raises(UsageError, match="is plain http: a token would travel in clear; use https"):
        Agents(away, credential=Credential())


def at(endpoint: str) -> Target:
    return Target(
        kind="azure", arm=endpoint, project_resource_id=PROJECT, project_endpoint=f"{endpoint}/api/projects/p"
    )


@pytest.mark.parametrize(
    ("status", "body", "problem"),
    [
        (400, {"error": {"message": "bad prompt", "code": "x"}}, "400 bad prompt"),
        (403, {"error": {"message": "not you"}}, "403 not you"),
        (404, "<html>nothing</html>", "404 "),
    ],
)
def test_what_the_service_says_becomes_the_problem(status: int, body: Any, problem: str) -> None:
    content = (body if isinstance(body, str) else json.dumps(body)).encode()
    headers = {"content-type": "text/html" if isinstance(body, str) else "application/json"}
    with (
        server(lambda *_: (status, headers, content)) as url,
        Agents(at(url), credential=Credential()) as agents,
    ):
        answer = agents.ask("a", "hello")
    assert str(answer.problem).startswith(problem)


def asked(**response: object) -> Answer:
    """What `ask` makes of one response of the service."""
    whole = {"id": "resp_1", "object": "response", "created_at": 1, "model": "m", "output": []}
    whole |= {"parallel_tool_calls": True, "tool_choice": "auto", "tools": []} | response
    with (
        server(lambda *_: (200, {"content-type": "application/json"}, json.dumps(whole).encode())) as url,
        Agents(at(url), credential=Credential()) as agents,
    ):
        return agents.ask("a", "hello")


def test_a_failed_response_is_a_problem_in_its_own_words() -> None:
    answer = asked(status="failed", error={"code": "server_error", "message": "the gateway hung up"})
    assert (answer.problem, answer.response_id) == ("the gateway hung up", "resp_1")


def test_an_answer_cut_short_by_the_models_limit_is_an_answer() -> None:
    text = {"type": "output_text", "text": "Once upon a", "annotations": []}
    message = {"type": "message", "id": "msg_1", "role": "assistant", "status": "incomplete", "content": [text]}
    answer = asked(status="incomplete", incomplete_details={"reason": "max_output_tokens"}, output=[message])
    assert (answer.text, answer.problem) == ("Once upon a", None)


def test_the_agent_is_named_in_the_body_and_the_token_is_for_foundry() -> None:
    bodies: list[Any] = []

    def respond(method: str, path: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        bodies.append((method, path, json.loads(body)))
        return 400, {"content-type": "application/json"}, b'{"error": {"message": "seen"}}'

    credential = Credential()
    with server(respond) as url, Agents(at(url), credential=credential) as agents:
        agents.ask("my-agent", "hello")
    assert bodies == [
        (
            "POST",
            "/api/projects/p/openai/v1/responses",
            {"input": "hello", "agent_reference": {"type": "agent_reference", "name": "my-agent"}},
        )
    ]
    assert set(credential.scopes) == {"https://ai.azure.com/.default"}
