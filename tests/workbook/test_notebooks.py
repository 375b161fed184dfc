"""The notebooks without our command line: plain papermill, and run-all in the folder they live in."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import nbformat
from nbclient import NotebookClient

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
