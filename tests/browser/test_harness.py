"""The watch and axe find what they are there to find."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .accessibility import serious_findings
from .watch import Watch

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

ELSEWHERE = "https://elsewhere.example/pixel.png"


@pytest.fixture
def bad(browser: Browser) -> tuple[Page, Watch]:
    """A window whose page nobody expects to be good."""
    context, watch = browser.new_context(), Watch()
    watch.follow(context)
    return context.new_page(), watch


def test_a_request_to_elsewhere_is_seen_and_goes_nowhere(bad: tuple[Page, Watch]) -> None:
    page, watch = bad
    with page.expect_event("requestfailed") as failed:
        page.set_content(f"<img alt='' src='{ELSEWHERE}'>")
    assert "ERR_NAME_NOT_RESOLVED" in failed.value.failure
    assert watch.outward == [ELSEWHERE]


def test_an_error_of_a_script_is_seen(bad: tuple[Page, Watch]) -> None:
    page, watch = bad
    with page.expect_event("pageerror"):
        page.set_content("<script>console.error('told'); nowhere();</script>")
    assert [error for error in watch.errors if "told" in error]
    assert [error for error in watch.errors if "nowhere is not defined" in error]


def test_axe_finds_what_cannot_be_read_and_what_has_no_name(page: Page) -> None:
    page.set_content(
        "<html lang=en><title>Bad</title><main><p style='color:#ccc;background:#fff'>pale</p><input></main>"
    )
    rules = [finding.partition(":")[0] for finding in serious_findings(page)]
    assert sorted(rules) == ["color-contrast", "label"]
    assert [finding.partition(":")[0] for finding in serious_findings(page, within="p")] == ["color-contrast"]
