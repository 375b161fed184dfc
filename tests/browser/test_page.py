"""The page of forms that voila serves: all six steps by their buttons, without a line of code to be seen."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

import pytest

from tests.gateways.server import Command, Server, free_port, running

from .accessibility import serious_findings
from .hand import Hand

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from .conftest import Note, Screenshot

pytestmark = pytest.mark.browser

STEPS: Final = {
    "Start": "nothing is missing",
    "Create": "created, read back without a difference",
    "Discover": "3 of 4 deployments answer",
    "Deploy": "answers in",
    "Validate": "10 of 10 verdicts passed",
    "Remove": "removed agent sandbox-apim-agent, connection sandbox-apim",
}
STEP_MS: Final = 90_000


@pytest.fixture
def voila(sandbox: dict[str, str], tmp_path: Path) -> Iterator[Server]:
    port = free_port()
    server = Server(url=f"http://127.0.0.1:{port}", key="", log=tmp_path / "voila.log")
    start = "import os, sys; os.chdir(sys.argv.pop(1)); from gateway_workbook.cli import main; main()"
    words = [sys.executable, "-c", start, str(tmp_path), "page", "--no-browser", "--port", str(port)]
    with running(Command(words=words, ready=f"{server.url}/static/ready", environment=sandbox), log=server.log):
        yield server


def test_all_steps_by_their_buttons(voila: Server, page: Page, note: Note, screenshot: Screenshot) -> None:
    hand = Hand(page)
    page.goto(voila.url)
    for verb, found in STEPS.items():
        hand.click(page.get_by_role("button", name=verb, exact=True))
        page.get_by_role("status").filter(has_text=found).first.wait_for(timeout=STEP_MS)
    screenshot(page)
    assert page.locator(".jp-InputArea-editor:visible").count() == 0
    assert serious_findings(page) == []
    note(f"the page of forms, from start to clean: {hand}")
