"""The small tables of the notebooks: every row there, no secret in any."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway_workbook import frames
from gateway_workbook.answer import Answer, ToolCall
from gateway_workbook.difference import Difference
from gateway_workbook.finding import error, warning
from gateway_workbook.prerequisites import Prerequisite
from gateway_workbook.run import AgentRecord
from gateway_workbook.suite import load_suite
from gateway_workbook.tools import load_tools
from tests.library.wire import connection, dynamic

if TYPE_CHECKING:
    import pandas as pd

    from gateway_workbook.run import Run
    from gateway_workbook.target import Target


def rows(frame: pd.DataFrame) -> list[list[str]]:
    return [[str(value) for value in row] for row in frame.itertuples(index=False)]


def test_a_target_is_shown_with_its_portal_and_no_secret(sandbox: Target, azure: Target) -> None:
    assert sandbox.descriptor is not None
    shown = dict(rows(frames.target(sandbox)))
    assert shown["Portal"] == sandbox.descriptor.portal
    assert not [secret for secret in sandbox.descriptor.environment.values() if secret in str(shown)]
    assert rows(frames.target(azure)) == [
        ["Target", "azure"],
        ["Project", "workshop"],
        ["Project endpoint", "https://contoso.services.ai.azure.com/api/projects/workshop"],
    ]


def test_the_requests_of_discovery_are_shown_as_they_will_be() -> None:
    assert rows(frames.discovery(dynamic("OpenAI", deploymentInPath=True))) == [
        ["List", "GET https://gateway.test/v1/models"],
        ["Get", "GET https://gateway.test/v1/models/{deployment}"],
        ["Call", "POST https://gateway.test/v1/deployments/{deployment}/chat/completions"],
    ]
    assert rows(frames.discovery(connection()))[0] == ["List", "no request: the connection lists its models"]


def test_prerequisites_show_what_is_missing_and_the_mend() -> None:
    shown = rows(
        frames.prerequisites([Prerequisite(what="a", there=True), Prerequisite(what="b", there=False, mend="do")])
    )
    assert [row[0] for row in shown] == ["a", "b"]
    assert shown[0][1] != shown[1][1]
    assert shown[1][2] == "do"


def test_findings_are_marked_beyond_colour() -> None:
    found = [
        error("auth-type", "authType", found="is X", mend="write Y"),
        warning("target-slash", "target", found="ends in /", mend="remove it"),
    ]
    assert rows(frames.findings(found)) == [
        ["✗ error", "authType", "is X", "write Y"],
        ["! warning", "target", "ends in /", "remove it"],
    ]
    assert len(frames.findings([])) == 0


def test_a_ledger_and_resources_say_whose_a_connection_is(run: Run) -> None:
    with run.ledger.creating("connection", "shared", scope="account"):
        assert rows(frames.ledger(run.ledger))[0][:3] == ["connection", "shared", "account"]
    before_scopes = {"name": "a", "category": "b", "authType": "c", "target": "d"}
    assert rows(frames.resources([before_scopes])) == [["a", "project", "b", "c", "d"]]


def test_differences_agents_suites_and_ledgers_have_their_rows(run: Run) -> None:
    found = rows(frames.differences([Difference(field="target", wanted="a", found="b")]))
    assert found == [["target", "a", "b"]]
    record = AgentRecord(name="x", version="2", model="c/d", outcome="replaced")
    equipped = record.model_copy(update={"tools": load_tools("function")})
    assert ["Tools", "track_order (function)"] in rows(frames.agent(equipped))
    assert rows(frames.agent(record.model_copy(update={"model": "c/d/e"}))) == [
        ["Agent", "x"],
        ["Version", "2"],
        ["Model", "c/d/e"],
        ["Connection", "c"],
        ["Sent to the gateway", "d/e"],
        ["Outcome", "replaced"],
    ]
    smoke = load_suite("smoke")
    assert [row[0] for row in rows(frames.suite(smoke))] == [prompt.name for prompt in smoke.prompts]
    with run.ledger.creating("connection", "contoso"):
        pass
    assert rows(frames.ledger(run.ledger))[0][:2] == ["connection", "contoso"]


def test_the_tools_of_a_file_and_the_calls_of_an_agent_have_their_rows() -> None:
    assert rows(frames.tools(load_tools("function"))) == [
        ["track_order", "Functions", "Track an order, where it is and when it arrives."]
    ]
    fine = ToolCall(name="track_order", type="function_call", arguments='{"number": 1}', output="shipped")
    failed = ToolCall(name="search", type="mcp_call", problem="401")
    assert rows(frames.calls([Answer(calls=(fine,)), Answer(), Answer(calls=(failed,))])) == [
        ["track_order", "function_call", '{"number": 1}', "shipped", "✓ yes"],
        ["search", "mcp_call", "", "401", "✗ no"],
    ]
