"""Notebook 10 by plain papermill and in its own folder: the profile it writes, and how it ends where none works."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import nbformat
import pytest
from nbclient import NotebookClient

from gateway_workbook.profile import load_profile

from .conftest import LIMIT_SECONDS, NOTEBOOKS, Workbook

if TYPE_CHECKING:
    from pathlib import Path

NOTEBOOK = "10_find_settings"


def papermill(folder: Path, environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "papermill", str(NOTEBOOKS / f"{NOTEBOOK}.ipynb"), "out.ipynb", *words]
    return subprocess.run(
        [*command, "--no-progress-bar"],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )


def test_as_it_stands_it_writes_a_profile_that_runs(
    tmp_path: Path, environment: dict[str, str], workbook: Workbook
) -> None:
    done = papermill(tmp_path, environment)
    assert done.returncode == 0, done.stderr
    profile = tmp_path / "runs" / "found.yaml"
    assert load_profile(profile).target_url == "sandbox://apim/openai"
    assert "✓ 10_find_settings: gpt-4o answers" in (tmp_path / "out.ipynb").read_text(encoding="utf-8")
    assert papermill(tmp_path, environment).returncode == 0, "the same again is in nobody's way"
    assert workbook.run("--profile", str(profile)).code == 0


def test_another_profile_stays_unless_told(tmp_path: Path, environment: dict[str, str]) -> None:
    words = ("-p", "url", "sandbox://openai", "-p", "out", "profile.yaml")
    (tmp_path / "profile.yaml").write_text("mine", encoding="utf-8")
    done = papermill(tmp_path, environment, *words)
    assert done.returncode == 1
    assert "profile.yaml is there already" in done.stderr
    assert (tmp_path / "profile.yaml").read_text(encoding="utf-8") == "mine"
    assert papermill(tmp_path, environment, *words, "-p", "overwrite", "True").returncode == 0
    assert load_profile(tmp_path / "profile.yaml").auth_config is not None


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("-p", "url", "sandbox://custom"), "add --header 'X-Environment: VALUE'"),
        (("-p", "key", "sk-swordfish"), "key: is no reference to a secret"),
        (("-p", "URL", "sandbox://apim"), "unknown parameter 'URL'"),
    ],
)
def test_it_fails_in_a_sentence(
    words: tuple[str, ...], sentence: str, tmp_path: Path, environment: dict[str, str]
) -> None:
    done = papermill(tmp_path, environment, *words)
    assert done.returncode == 1
    assert sentence in done.stderr
    assert not (tmp_path / "runs").exists()


def test_run_all_in_the_folder_it_lives_in(
    tmp_path: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As JupyterLab does: the kernel starts in notebooks/, and the profile lies beside that folder."""
    monkeypatch.setenv("GATEWAY_WORKBOOK_SANDBOX", environment["GATEWAY_WORKBOOK_SANDBOX"])
    folder = tmp_path / "notebooks"
    shutil.copytree(NOTEBOOKS, folder)
    notebook = nbformat.read(folder / f"{NOTEBOOK}.ipynb", as_version=4)  # type: ignore[no-untyped-call]
    NotebookClient(notebook, timeout=LIMIT_SECONDS, resources={"metadata": {"path": str(folder)}}).execute()
    assert (tmp_path / "runs" / "found.yaml").is_file()
    (asked,) = [cell for cell in notebook.cells if "find_settings(" in cell.source]
    shown = json.dumps(asked.outputs)
    assert "/openai/deployments" in shown
    assert "What it means" in shown
