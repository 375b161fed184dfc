"""The pages that stand by themselves, the sandbox's portal and a run's report, keep nobody out."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Literal

import pytest

from tests.conftest import COMMAND

from .accessibility import serious_findings

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from .conftest import Screenshot, Window

pytestmark = pytest.mark.browser

Scheme = Literal["light", "dark"]
looks = pytest.mark.parametrize("scheme", ["light", "dark"])
widths = pytest.mark.parametrize("width", [1280, 360])
OPEN_ALL = "document.querySelectorAll('details').forEach(one => one.open = true)"
OVERHANG = "document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth"


@pytest.fixture(scope="session")
def finished_run(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that went through; the sandbox has seen its traffic."""
    folder = tmp_path_factory.mktemp("finished") / "run"
    command = [COMMAND, "run", "--run-dir", str(folder)]
    done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def check(page: Page) -> None:
    """No serious finding, folds open, and nothing that makes the page wider than the window."""
    page.evaluate(OPEN_ALL)
    assert serious_findings(page) == []
    assert page.evaluate(OVERHANG) == 0


@looks
@widths
def test_a_report_keeps_nobody_out(
    scheme: Scheme, width: int, finished_run: Path, window: Window, screenshot: Screenshot
) -> None:
    page = window(width=width, color_scheme=scheme)
    page.goto((finished_run / "report.html").as_uri())
    screenshot(page, f"report-{scheme}-{width}")
    check(page)


@looks
@widths
@pytest.mark.usefixtures("finished_run")
def test_the_portal_keeps_nobody_out(
    scheme: Scheme, width: int, sandbox_state: Path, window: Window, screenshot: Screenshot
) -> None:
    page = window(width=width, color_scheme=scheme)
    page.goto(json.loads((sandbox_state / "sandbox.json").read_text())["portal"])
    page.get_by_text("This page follows along by itself.").wait_for()
    screenshot(page, f"portal-{scheme}-{width}")
    check(page)
