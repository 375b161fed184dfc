"""The notebooks without our command line: plain papermill, and run-all in the folder they live in."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import httpx
import nbformat
from nbclient import NotebookClient

from gateway_workbook import target as targets
from gateway_workbook.arm import Connections
from gateway_workbook.run import Run

from .conftest import NOTEBOOKS, Workbook

if TYPE_CHECKING:
    from pathlib import Path

STEPS = [path.stem for path in sorted(NOTEBOOKS.glob("0*.ipynb"))]


def test_one_notebook_after_the_other_by_plain_papermill(workbook: Workbook) -> None:
    for name in STEPS:
        outcome = workbook.papermill(name)
        assert outcome.code == 0, outcome.output
        assert outcome.states()[name] == "passed"


def test_a_notebook_opened_too_early_says_which_comes_first(workbook: Workbook) -> None:
    early = workbook.papermill("02_discover_models")
    assert early.code == 1
    assert "run 00_start_here.ipynb first" in early.output
    assert workbook.papermill("00_start_here").code == 0
    early = workbook.papermill("03_deploy_agent")
    assert early.code == 1
    assert "run 01_create_connections.ipynb first" in early.output
    assert workbook.papermill("05_clean_up").code == 0, "cleaning up needs nothing but a run folder"


def test_an_unknown_parameter_fails_under_plain_papermill_too(workbook: Workbook) -> None:
    outcome = workbook.papermill("00_start_here", "-p", "profil", "apim-static")
    assert outcome.code == 1
    assert "unknown parameter 'profil': did you mean profile?" in outcome.output


def connections(http: httpx.Client) -> Connections:
    where = targets.sandbox(start=False)
    return Connections(where, http, credential=where.credential(), secrets=where.secrets())


def deploy(folder: Path, http: httpx.Client, **secrets: str) -> None:
    """What `az deployment group create` does with the files: ARM is sent template and parameters."""
    where = targets.sandbox(start=False)
    (template,), (parameters,) = folder.glob("*.template.json"), folder.glob("*.parameters.json")
    given = json.loads(parameters.read_text(encoding="utf-8"))["parameters"]
    properties = {
        "mode": "Incremental",
        "template": json.loads(template.read_text(encoding="utf-8")),
        "parameters": given | {name: {"value": value} for name, value in secrets.items()},
    }
    group = where.project_resource_id.partition("/providers/")[0]
    token = where.credential().get_token("https://management.azure.com/.default").token
    answer = http.put(
        f"{where.arm}{group}/providers/Microsoft.Resources/deployments/by-hand?api-version=2025-04-01",
        json={"properties": properties},
        headers={"Authorization": f"Bearer {token}"},
    )
    assert answer.is_success, answer.text


def test_files_for_a_persons_own_tools_make_nothing_until_they_are_deployed(
    workbook: Workbook, environment: dict[str, str], monkeypatch: Any
) -> None:
    first = workbook.run("-p", "way=files")
    assert first.code == 2, first.output
    assert first.states() == {
        "00_start_here": "passed",
        "01_create_connections": "refused",
        "05_clean_up": "passed",
    }
    script = workbook.folder / "deployment" / "deploy.sh"
    assert first.found("01_create_connections") == (
        f"connection sandbox-apim is not there yet: run sh {script}, then this notebook again"
    )
    assert "az deployment group create" in script.read_text(encoding="utf-8")
    assert Run.open(workbook.folder).ledger.entries() == []
    monkeypatch.setenv("GATEWAY_WORKBOOK_SANDBOX", environment["GATEWAY_WORKBOOK_SANDBOX"])
    with httpx.Client() as http:
        made, key = connections(http), targets.sandbox(start=False).secrets().sandbox["SANDBOX_API_KEY"]
        assert made.get("sandbox-apim") is None
        assert not [path for path in workbook.folder.rglob("*") if path.is_file() and key.encode() in path.read_bytes()]
        deploy(workbook.folder / "deployment", http, apiKey=key)
        second = workbook.run("-p", "way=files")
        assert second.code == 0, second.output
        assert second.found("01_create_connections").startswith("connection sandbox-apim unchanged")
        assert second.found("05_clean_up") == "removed agent sandbox-apim-agent"
        assert made.delete("sandbox-apim"), "what the person deployed stays"


def test_a_connection_of_the_account_runs_to_the_end_and_goes(workbook: Workbook, profile: Any) -> None:
    outcome = workbook.run("--profile", profile("apim-defaults", connectionName="shared", connectionScope="account"))
    assert outcome.code == 0, outcome.output
    assert "connection shared of the account" in outcome.found("05_clean_up")
    record = json.loads((workbook.folder / "connection.json").read_text(encoding="utf-8"))
    assert [row["scope"] for row in record["resources"] if row["name"] == "shared"] == ["account"]
    assert record["findings"] == []


def test_a_stored_connection_that_cannot_work_fails_the_checkpoint(
    workbook: Workbook, environment: dict[str, str], monkeypatch: Any
) -> None:
    assert workbook.papermill("00_start_here").code == 0
    monkeypatch.setenv("GATEWAY_WORKBOOK_SANDBOX", environment["GATEWAY_WORKBOOK_SANDBOX"])
    with httpx.Client() as http:
        made = connections(http)
        body = made.describe(Run.open(workbook.folder).profile()).resource(made.secrets)
        body["properties"]["metadata"]["deploymentInPath"] = True
        made._require("PUT", made.url("sandbox-apim"), body=body)  # noqa: SLF001  the library would write text
        outcome = workbook.papermill("01_create_connections")
        assert outcome.code == 1
        assert outcome.states()["01_create_connections"] == "failed"
        assert "metadata.deploymentInPath is stored as a truth value instead of text" in outcome.output
        mended = workbook.papermill("01_create_connections", "-p", "replace", "True")
        assert mended.code == 0, mended.output
        assert made.delete("sandbox-apim")


def test_an_unknown_way_makes_nothing(workbook: Workbook) -> None:
    outcome = workbook.run("-p", "way=bicep")
    assert outcome.code == 2
    assert outcome.found("01_create_connections") == "way: no such choice 'bicep': write rest or files"
    assert Run.open(workbook.folder).ledger.entries() == []


def run_all(folder: Path, name: str) -> Any:
    """What "Restart and run all" does: the notebook's own folder, its defaults, a fresh kernel."""
    notebook = nbformat.read(folder / f"{name}.ipynb", as_version=4)  # type: ignore[no-untyped-call]
    NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    ).execute()
    return notebook


def test_restart_and_run_all_works_in_the_notebooks_folder(
    tmp_path: Path, environment: dict[str, str], monkeypatch: Any
) -> None:
    monkeypatch.setenv("GATEWAY_WORKBOOK_SANDBOX", environment["GATEWAY_WORKBOOK_SANDBOX"])
    folder = tmp_path / "notebooks"
    shutil.copytree(NOTEBOOKS, folder)
    for name in STEPS:
        notebook = run_all(folder, name)
        printed = [output.text for cell in notebook.cells for output in cell.get("outputs", []) if "text" in output]
        assert any(f"✓ {name}" in text for text in printed)
    assert (tmp_path / "runs" / "workbook" / "report.html").exists()
