"""Agents with tools through the command line and papermill, on the real sandbox."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import nbformat
import pytest
import yaml

from .conftest import NOTEBOOKS, Workbook
from .test_run import STEPS, descriptor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

DEPLOY = "03_deploy_agent"
NEEDED = ("contoso-knowledge", "contoso-sharepoint", "contoso-fabric", "contoso-playwright")


def tool_calls(environment: dict[str, str]) -> list[dict[str, Any]]:
    """What the sandbox's Agent Service called, newest last, from its own log."""
    return list(httpx.get(f"{descriptor(environment)['url']}/sandbox/tool-calls").json()["value"])


def shown(outcome: Any, cell: str) -> str:
    """What a cell of notebook 03 showed."""
    notebook = nbformat.read(outcome.folder / "notebooks" / f"{DEPLOY}.ipynb", as_version=4)  # type: ignore[no-untyped-call]
    (found,) = (one for one in notebook.cells if one.id == cell)
    return "\n".join(output.get("text") or output.data["text/plain"] for output in found.outputs)


@pytest.mark.parametrize(
    ("name", "called", "where"),
    [
        ("function", "track_order", None),
        ("openapi", "get_forecast", "/examples/forecast/{city}"),
        ("mcp", "museum_hours", "/examples/mcp"),
    ],
)
def test_every_ready_tools_file_runs_green_and_its_tools_are_really_called(
    workbook: Workbook, environment: dict[str, str], name: str, called: str, where: str | None
) -> None:
    outcome = workbook.run("-p", f"tools={name}")
    assert outcome.code == 0, outcome.output
    assert outcome.states() == dict.fromkeys(STEPS, "passed")
    assert outcome.found(DEPLOY).endswith(f"calls {called}")
    assert called in shown(outcome, "03-18")
    assert f"({name})" in shown(outcome, "03-07")
    assert f"({name})" in (outcome.folder / "report.html").read_text(encoding="utf-8")
    if where:
        mine = [call for call in tool_calls(environment) if call["name"] == called]
        assert mine
        assert mine[-1]["where"].endswith(where)
        assert mine[-1]["status"] == 200


@pytest.fixture
def contoso(workbook: Workbook, environment: dict[str, str], profile: Callable[..., str]) -> Iterator[None]:
    """The four connections that the file of all nine needs, made and removed over ARM as an owner would."""
    workbook.papermill("00_start_here", "-p", "profile", profile("apim-static"))
    sandbox = descriptor(environment)
    secrets = sandbox["environment"]
    asked = httpx.get(
        secrets["IDENTITY_ENDPOINT"],
        params={"api-version": "2019-08-01", "resource": "https://management.azure.com"},
        headers={"X-IDENTITY-HEADER": secrets["IDENTITY_HEADER"]},
    )
    properties = {"category": "RemoteTool", "authType": "None", "target": "https://contoso.example"}
    with httpx.Client(
        base_url=f"{sandbox['arm']}{sandbox['project_resource_id']}/connections/",
        params={"api-version": "2025-04-01-preview"},
        headers={"Authorization": f"Bearer {asked.json()['access_token']}"},
    ) as arm:
        for name in NEEDED:
            assert arm.put(name, json={"properties": properties}).is_success
        yield
        for name in NEEDED:
            assert arm.delete(name).is_success


@pytest.mark.usefixtures("contoso")
def test_all_nine_tools_are_deployed_and_called_with_one_agent(workbook: Workbook, tmp_path: Path) -> None:
    outcome = workbook.run("-p", "tools=all-nine", "-p", "suite=answers", folder=tmp_path / "nine")
    assert outcome.code == 0, outcome.output
    for called in ("track_order", "get_forecast", "museum_hours", "code_interpreter"):
        assert called in outcome.found(DEPLOY)
    kept = json.loads((outcome.folder / "agent.json").read_text())["tools"]["tools"]
    assert len(kept) == len({tool["type"] for tool in kept}) == 9


def test_a_connection_that_a_tool_needs_is_named_before_anything_is_deployed(workbook: Workbook) -> None:
    outcome = workbook.run("-p", "tools=all-nine")
    assert outcome.code == 2, outcome.output
    assert outcome.states()[DEPLOY] == "refused"
    assert "sharepoint (contoso-sharepoint), fabric_data_agent (contoso-fabric)" in outcome.found(DEPLOY)
    assert ("intended", "agent") not in outcome.ledger()


def test_a_prompt_that_calls_no_tool_fails_the_checkpoint(workbook: Workbook, tmp_path: Path) -> None:
    data = yaml.safe_load((NOTEBOOKS / "tools" / "function.yaml").read_text(encoding="utf-8"))
    data["try"] = [{"prompt": "Reply with exactly: guessed", "calls": ["track_order"]}]
    path = tmp_path / "tools.yaml"
    path.write_text(yaml.safe_dump(data), encoding="utf-8")
    outcome = workbook.run("-p", f"tools={path}")
    assert outcome.code == 1, outcome.output
    assert outcome.states()[DEPLOY] == "failed"
    assert "'Reply with exactly: guessed': track_order was not called" in outcome.found(DEPLOY)


def test_a_bad_tools_file_and_a_hosted_agent_are_refused_before_anything_runs(
    workbook: Workbook, profile: Callable[..., str], tmp_path: Path
) -> None:
    web = tmp_path / "web.yaml"
    web.write_text("name: web\ntools:\n  - type: web_search\n", encoding="utf-8")
    literal = tmp_path / "literal.yaml"
    literal.write_text(
        "name: l\ntools:\n  - {type: mcp, name: g, url: 'https://g.test', headers: {X-Api-Key: swordfish}}\n",
        encoding="utf-8",
    )
    project = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.CognitiveServices/accounts/a/projects/p"
    azure = profile("apim-static", targetUrl="https://gateway.test/openai", projectResourceId=project)
    for words, told in {
        (
            "-p",
            f"tools={web}",
        ): "line 3, tools[0].type: web_search does not work with a gateway model; use Code Interpreter",
        ("-p", f"tools={literal}"): "write X-Api-Key: env:MCP_X_API_KEY",
        ("-p", "tools=functoin"): "no tools file 'functoin'",
        ("-p", "kind=hosted"): "gets DeploymentNotFound: write kind prompt",
        (
            "--profile",
            azure,
            "--target",
            "azure",
            "-p",
            "tools=mcp",
        ): "exists in the sandbox only: write your service's",
    }.items():
        outcome = workbook.run(*words)
        assert outcome.code == 2, (words, outcome.output)
        assert told in " ".join(outcome.output.split())
        assert "Traceback" not in outcome.output
        assert "swordfish" not in outcome.output
        assert not (outcome.folder / "run.json").exists()


def test_a_secret_of_a_tool_reaches_the_service_and_nothing_else(environment: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "tools.yaml"
    path.write_text(
        (NOTEBOOKS / "tools" / "mcp.yaml")
        .read_text(encoding="utf-8")
        .replace("    allowed_tools:", "    headers: { Authorization: env:GUIDE_KEY }\n    allowed_tools:"),
        encoding="utf-8",
    )
    assert "no secret at env:GUIDE_KEY" in Workbook(environment, tmp_path / "without").run("-p", f"tools={path}").output
    outcome = Workbook(environment | {"GUIDE_KEY": "swordfish-of-the-guide"}, tmp_path / "run").run(
        "-p", f"tools={path}"
    )
    assert outcome.code == 0, outcome.output
    for file in outcome.folder.rglob("*"):
        if file.is_file():
            assert "swordfish-of-the-guide" not in file.read_text(encoding="utf-8"), file


def test_notebook_03_takes_its_tools_by_plain_papermill(workbook: Workbook) -> None:
    for name in STEPS[:3]:
        assert workbook.papermill(name).code == 0
    outcome = workbook.papermill(DEPLOY, "-p", "tools", "openapi")
    assert outcome.code == 0, outcome.output
    assert outcome.found(DEPLOY).endswith("calls get_forecast")
    hosted = workbook.papermill(DEPLOY, "-p", "kind", "hosted")
    assert hosted.code == 1
    assert "UsageError: a hosted agent sends the name connection/deployment on" in hosted.output
    assert workbook.papermill("05_clean_up").code == 0
