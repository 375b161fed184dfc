"""One browser and one JupyterLab for all tests; a window, a folder and a watch over them for each."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.conftest import COMMAND
from tests.gateways.server import (
    pytest_runtest_makereport,  # noqa: F401  pytest finds hooks by name
)

from .chromium import OPTIONS, find
from .lab import Lab, running_lab
from .lab_page import HEIGHT, LabPage
from .watch import Watch

if TYPE_CHECKING:
    from collections.abc import Iterator

# How the `window` fixture is called: window(width=360, color_scheme="dark").
Window = Callable[..., Page]
# How the `note` fixture is called: note("2.1 s until it can be used").
Note = Callable[[str], None]
# How the `screenshot` fixture is called: screenshot(page), or screenshot(page, "folded").
Screenshot = Callable[..., Path]
NOTES = pytest.StashKey[list[str]]()


def file_name(words: str) -> str:
    return re.sub(r"\W+", "-", words.removeprefix("test_")).strip("-")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(), args=list(OPTIONS))
        yield browser
        browser.close()


@pytest.fixture
def watch() -> Iterator[Watch]:
    """What the test's pages ask of others and complain of; the test fails when it is anything."""
    watch = Watch()
    yield watch
    assert watch.outward == [], "a page asked for something that is not on this machine"
    assert watch.errors == [], "a page complained in its console"


@pytest.fixture
def window(browser: Browser, watch: Watch) -> Iterator[Window]:
    """Opens windows of a person who has not been here before."""
    contexts = []

    def open_window(*, width: int = 1280, **more: Any) -> Page:
        context = browser.new_context(viewport={"width": width, "height": HEIGHT}, **more)
        contexts.append(context)
        watch.follow(context)
        return context.new_page()

    yield open_window
    for context in contexts:
        context.close()


@pytest.fixture
def page(window: Window) -> Page:
    return window()


@pytest.fixture(scope="module")
def sandbox(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of a sandbox that only the tests of one module use: nobody else's connections are in it."""
    surroundings = environment | {"GATEWAY_WORKBOOK_SANDBOX": str(tmp_path_factory.mktemp("pages") / "sandbox")}
    yield surroundings
    subprocess.run([COMMAND, "sandbox", "--stop"], env=surroundings, check=True, capture_output=True)


@pytest.fixture(scope="session")
def lab(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with running_lab(tmp_path_factory.mktemp("lab"), environment) as lab:
        yield lab


@pytest.fixture
def lab_page(lab: Lab, page: Page, request: pytest.FixtureRequest) -> Iterator[LabPage]:
    """JupyterLab as it is for somebody new, with a folder of notebooks that nobody has run."""
    yield LabPage(page=page, lab=lab, folder=lab.folder(file_name(request.node.name)))
    page.close()  # before its kernels end: a page complains of those that vanish
    lab.forget()


@pytest.fixture(scope="session")
def screenshots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pictures go for people to look at."""
    folder = os.environ.get("GATEWAY_WORKBOOK_SCREENSHOTS")
    path = Path(folder) if folder else tmp_path_factory.mktemp("screenshots")
    path.mkdir(parents=True, exist_ok=True)
    return path


@pytest.fixture
def screenshot(screenshots: Path, request: pytest.FixtureRequest) -> Screenshot:
    """Takes pictures named after the test."""

    def take(page: Page, what: str = "") -> Path:
        path = screenshots / f"{file_name(f'{request.node.name} {what}')}.png"
        page.screenshot(path=path)
        return path

    return take


@pytest.fixture
def note(pytestconfig: pytest.Config) -> Note:
    """Keeps a figure that was measured, to be told at the end."""
    return pytestconfig.stash.setdefault(NOTES, []).append


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    notes = config.stash.get(NOTES, [])
    if notes:
        terminalreporter.section("measured in the browser")
        for line in notes:
            terminalreporter.write_line(line)
