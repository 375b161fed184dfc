"""The pages that stand by themselves, the sandbox's portal and a run's report, keep nobody out."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conftest import COMMAND

from .accessibility import serious_findings

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from .conftest import Screenshot, Window

pytestmark = pytest.mark.browser

LOOKS = [("light", 1280), ("dark", 1280), ("light", 360), ("dark", 360)]
WRONG_SUITE = """
name: wrong
prompts:
  - {name: nonsense, prompt: "Reply with exactly: pong", assertions: [{equals: something else}]}
"""
# The last one keeps what it made, so that the portal has something to show.
RUNS: dict[str, tuple[list[str], int]] = {
    "failed": (["-p", "suite=wrong.yaml"], 1),
    "kept": (["--profile", "modelgateway-openai", "-p", "tools=mcp", "--keep"], 0),
}
OPEN_ALL = "document.querySelectorAll('details').forEach(one => one.open = true)"
OVERHANG = "document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth"


@pytest.fixture(scope="module")
def folder(sandbox: dict[str, str]) -> Path:
    """The folder with the runs, and with the state of the sandbox, which is still running."""
    folder = Path(sandbox["GATEWAY_WORKBOOK_SANDBOX"]).parent
    (folder / "wrong.yaml").write_text(WRONG_SUITE, encoding="utf-8")
    for name, (words, code) in RUNS.items():
        command = [COMMAND, "run", "--run-dir", name, *words]
        done = subprocess.run(command, cwd=folder, env=sandbox, check=False, capture_output=True, text=True)
        assert done.returncode == code, done.stdout + done.stderr
    return folder


@pytest.fixture(params=LOOKS, ids=lambda look: f"{look[0]}-{look[1]}")
def page(window: Window, request: pytest.FixtureRequest) -> Page:
    scheme, width = request.param
    return window(width=width, color_scheme=scheme)


def check(page: Page) -> None:
    """No serious finding, folds open, and nothing that makes the page wider than the window."""
    page.evaluate(OPEN_ALL)
    assert serious_findings(page) == []
    assert page.evaluate(OVERHANG) == 0


@pytest.mark.parametrize("run", RUNS)
def test_a_report_keeps_nobody_out(run: str, page: Page, folder: Path, screenshot: Screenshot) -> None:
    page.goto((folder / run / "report.html").as_uri())
    screenshot(page)
    check(page)


def test_the_portal_keeps_nobody_out(page: Page, folder: Path, screenshot: Screenshot) -> None:
    page.goto(json.loads((folder / "sandbox" / "sandbox.json").read_text())["portal"])
    page.get_by_text("sandbox-openai-agent").first.wait_for()
    screenshot(page)
    check(page)
