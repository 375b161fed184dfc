"""The page of forms that voila serves: all six steps by their buttons, without a line of code to be seen."""

from __future__ import annotations

import contextlib
import re
import sys
import time
from typing import TYPE_CHECKING, Final

import httpx
import psutil
import pytest

from tests.gateways.server import Command, Server, free_port, running

from .accessibility import serious_findings
from .hand import Hand

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from .conftest import Note, Screenshot, Window

pytestmark = pytest.mark.browser

STEPS: Final = {
    "Start": "nothing is missing",
    "Create": "created, read back without a difference",
    "Discover": "3 of 4 deployments answer",
    "Deploy": "answers in",
    "Validate": "10 of 10 verdicts passed",
    "Remove": "removed agent sandbox-apim-agent, connection sandbox-apim",
}
TOGGLES: Final = ["Profile", "To Foundry", "To the gateway"]
STEP_MS: Final = 90_000


@pytest.fixture
def voila(sandbox: dict[str, str], tmp_path: Path) -> Iterator[Server]:
    """The page as a person serves it; `key` is its token."""
    place, log = f"http://127.0.0.1:{free_port()}", tmp_path / "voila.log"
    start = "import os, sys; os.chdir(sys.argv.pop(1)); from gateway_workbook.cli import main; main()"
    words = [sys.executable, "-c", start, str(tmp_path), "page", "--no-browser", "--port", place.rpartition(":")[2]]
    with running(Command(words=words, ready=place, environment=sandbox), log=log):
        told = re.search(rf"^page:  {place}/\?token=(\S+)", log.read_text(), re.MULTILINE)
        assert told, log.read_text()
        yield Server(url=place, key=told[1], log=log)


def opened(page: Page, voila: Server) -> Page:
    page.goto(f"{voila.url}/?token={voila.key}")
    page.get_by_role("button", name="Start", exact=True).wait_for(timeout=STEP_MS)
    return page


def kernels(below: Path) -> list[psutil.Process]:
    """Processes of kernels that know the folder the page was started in."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            words = process.cmdline()
            if "ipykernel_launcher" in words and process.environ().get("GATEWAY_WORKBOOK_FOLDER") == str(below):
                found.append(process)
    return found


def test_all_steps_by_their_buttons(voila: Server, page: Page, note: Note, screenshot: Screenshot) -> None:
    hand = Hand(opened(page, voila))
    for verb, found in STEPS.items():
        hand.click(page.get_by_role("button", name=verb, exact=True))
        page.get_by_role("status").filter(has_text=found).first.wait_for(timeout=STEP_MS)
    screenshot(page)
    assert page.locator(".jp-InputArea-editor:visible").count() == 0
    assert page.get_by_text("removed=(").count() == 0, "what was removed is told in words"
    assert page.locator(".gateway-workbook-rail a").count() == 0, "there is no notebook to go to"
    assert serious_findings(page) == []
    note(f"the page of forms, from start to clean: {hand}")


def test_while_a_step_works_no_other_can_be_pressed(voila: Server, page: Page) -> None:
    opened(page, voila).get_by_role("button", name="Start", exact=True).click()
    page.get_by_role("button", name="Starting").wait_for()
    assert page.locator("button.jupyter-button:not([disabled])").all_inner_texts() == TOGGLES
    page.get_by_role("status").filter(has_text=STEPS["Start"]).first.wait_for(timeout=STEP_MS)
    page.locator("button:not([disabled])", has_text="Create").wait_for()


def test_its_kernel_ends_with_the_page(voila: Server, window: Window, tmp_path: Path) -> None:
    page = opened(window(), voila)
    assert len(kernels(tmp_path)) == 1
    page.close(run_before_unload=True)
    deadline = time.monotonic() + 20
    while kernels(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not kernels(tmp_path)


def test_it_is_for_the_person_who_started_it(voila: Server) -> None:
    with httpx.Client(base_url=voila.url, trust_env=False) as stranger:
        assert stranger.get("/").is_redirect, "to a place that asks for the token"
        assert stranger.get("/voila/files/images/report.png").status_code == httpx.codes.FORBIDDEN
        elsewhere = {"Host": "gateway.example"}  # a name of somebody's that leads to this machine
        asked = stranger.get("/", params={"token": voila.key}, headers=elsewhere)
        assert asked.status_code == httpx.codes.FORBIDDEN
