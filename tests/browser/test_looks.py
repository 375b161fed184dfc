"""Notebooks in a dark theme and in a narrow window: everything can be read, and nothing sticks out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from .accessibility import serious_findings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .conftest import Screenshot
    from .lab_page import LabPage, Theme
    from .notebook import Notebook

pytestmark = pytest.mark.browser

NARROW: Final = 480
# What is wider than its output and does not scroll by itself; a figure keeps its size, and its output scrolls.
STICKS_OUT: Final = """panel => [...panel.querySelectorAll('.jp-OutputArea-output')].flatMap(output => {
  const edge = output.getBoundingClientRect().right + 1;
  const scrolls = one => one.scrollWidth > one.clientWidth && getComputedStyle(one).overflowX !== 'visible';
  const within = one => one !== output && (scrolls(one) || within(one.parentElement));
  return [...output.querySelectorAll(':not(img)')]
    .filter(one => one.checkVisibility() && one.getBoundingClientRect().right > edge && !within(one))
    .map(one => one.outerHTML.slice(0, 200));
})"""
WALK: Final = ("00_start_here", "01_create_connections", "02_discover_models", "03_deploy_agent", "04_validate_prompts")


def walked(lab_page: LabPage, first: Notebook, screenshot: Screenshot) -> Iterator[Notebook]:
    """Each notebook after it was run, with a picture of its first output."""
    notebook = first
    for name in WALK:
        notebook = notebook if notebook.name == name else notebook.follow(name)
        assert notebook.run_all().errors() == []
        notebook.panel.locator(".jp-OutputArea-output").first.scroll_into_view_if_needed()
        screenshot(lab_page.page, name)
        yield notebook


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_outputs_keep_nobody_out(theme: Theme, lab_page: LabPage, screenshot: Screenshot) -> None:
    first = lab_page.open(WALK[0])
    lab_page.set_theme(theme)
    for notebook in walked(lab_page, first, screenshot):
        assert serious_findings(lab_page.page, within=f"[id='{notebook.identity}'] .jp-OutputArea-output") == []


def test_nothing_sticks_out_of_a_narrow_window(lab_page: LabPage, screenshot: Screenshot) -> None:
    first = lab_page.open(WALK[0])
    lab_page.resize(NARROW)
    for notebook in walked(lab_page, first, screenshot):
        assert notebook.panel.evaluate(STICKS_OUT) == []
