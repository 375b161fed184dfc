"""The portal follows along without getting in the way of who reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.sandbox.conftest import ARM, PROJECT, Running, metadata, started

from .accessibility import serious_findings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Locator, Page

    from .conftest import Screenshot, Window

pytestmark = pytest.mark.browser

FOLDER = "http://localhost:8888/lab/tree/notebooks"
FOLLOWS = "This page follows along by itself."


class Traffic:
    """Somebody who works with a sandbox while another one looks at its portal."""

    def __init__(self, running: Running) -> None:
        self.running = running
        self.project = httpx.Client(
            base_url=running.descriptor["project_endpoint"],
            headers={"Authorization": f"Bearer {running.token(PROJECT)}"},
        )

    def connect(self, name: str, *, key: str) -> None:
        properties = {"category": "ModelGateway", "target": f"{self.running.url}/gateways/static/v1"}
        how = {"authType": "ApiKey", "credentials": {"key": key}, "metadata": metadata()}
        httpx.put(
            f"{self.running.url}{self.running.descriptor['project_resource_id']}/connections/{name}",
            params={"api-version": "2025-04-01-preview"},
            headers={"Authorization": f"Bearer {self.running.token(ARM)}"},
            json={"properties": {**properties, **how}},
        ).raise_for_status()

    def ask(self, words: str, *, model: str = "team/gpt-4o") -> httpx.Response:
        return self.project.post("/openai/v1/responses", json={"model": model, "input": f"Reply with exactly: {words}"})

    def reach(self, path: str) -> None:
        httpx.get(f"{self.running.url}/gateways/static/{path}")


@pytest.fixture
def traffic(tmp_path: Any) -> Iterator[Traffic]:
    with started(tmp_path / "state", "--port", "0", "--quiet") as running:
        traffic = Traffic(running)
        traffic.connect("team", key=running.api_key)
        traffic.ask("tea").raise_for_status()
        yield traffic
        traffic.project.close()


@pytest.fixture
def portal(page: Page, traffic: Traffic) -> Page:
    page.goto(f"{traffic.running.url}/?notebooks={FOLDER}")
    page.get_by_text(FOLLOWS).wait_for()
    return page


def log(page: Page) -> Locator:
    return page.locator("#gateway-static tbody tr")


def wait_for_request(page: Page, path: str) -> None:
    log(page).filter(has_text=path).first.wait_for(state="attached")


def test_news_come_in_and_leave_folds_focus_selection_and_scrolling(portal: Page, traffic: Traffic) -> None:
    portal.locator("#gateway-apim > summary").click()
    portal.locator("#gateway-static > summary").click()
    portal.locator("#conversations > details > summary").first.click()
    portal.evaluate("getSelection().selectAllChildren(document.querySelector('#conversations dd'))")
    portal.locator("#gateway-apim > summary").focus()
    portal.evaluate("document.querySelector('#gateway-static .wide').known = true")
    selected = portal.evaluate("String(getSelection())")
    top = portal.evaluate("document.activeElement.getBoundingClientRect().top")
    assert "Reply with exactly: tea" in selected
    traffic.reach("news")
    wait_for_request(portal, "/gateways/static/news")
    assert portal.evaluate("String(getSelection())") == selected
    assert portal.evaluate("document.activeElement.parentElement.id") == "gateway-apim"
    assert abs(portal.evaluate("document.activeElement.getBoundingClientRect().top") - top) < 2
    assert portal.locator("#gateway-apim").get_attribute("open") is not None
    assert portal.locator("#gateway-static").get_attribute("open") is None
    assert portal.locator("#conversations > details").first.get_attribute("open") is not None
    assert portal.evaluate("document.querySelector('#gateway-static .wide').known")


def test_only_what_changed_is_replaced(portal: Page, traffic: Traffic) -> None:
    portal.evaluate(
        "window.replaced = new Set();"
        "new MutationObserver(all => all.forEach(one => replaced.add(one.target.parentElement.closest('[data-key]')"
        "?.closest('section').id))).observe(document.querySelector('main'), {childList: true, subtree: true})"
    )
    traffic.reach("news")
    wait_for_request(portal, "/gateways/static/news")
    assert portal.evaluate("[...replaced]") == ["gateways"]


def test_a_focus_whose_place_is_gone_stays_in_its_section(portal: Page, traffic: Traffic) -> None:
    portal.locator("#conversations > details > summary").first.focus()
    identifier = traffic.project.post("/openai/v1/responses", json={"model": "gpt-4o-mini", "input": "x"}).json()["id"]
    portal.locator(f"[data-key={identifier}]").first.wait_for(state="attached")
    portal.locator(f"#conversations > details[data-key={identifier}] > summary").focus()
    traffic.project.delete(f"/openai/v1/responses/{identifier}").raise_for_status()
    portal.locator(f"[data-key={identifier}]").first.wait_for(state="detached")
    assert portal.evaluate("document.activeElement.id") == "conversations"


def test_the_filter_hides_requests_and_stays_when_news_come_in(portal: Page, traffic: Traffic) -> None:
    for path in ("apple", "pear", "apple/pear"):
        traffic.reach(path)
    wait_for_request(portal, "/gateways/static/apple/pear")
    box = portal.get_by_role("searchbox", name="Show only requests with these words")
    portal.context.set_offline(True)
    box.fill("APPLE 401")
    assert portal.locator("#found").inner_text() == "2 of the 4 requests shown"
    portal.context.set_offline(False)
    traffic.reach("apple/again")
    traffic.reach("pear/again")
    wait_for_request(portal, "/gateways/static/pear/again")
    assert [row.is_visible() for row in log(portal).all()] == [False, True, True, False, True, False]
    assert portal.locator("#found").inner_text() == "3 of the 6 requests shown"
    assert box.input_value() == "APPLE 401"
    box.fill("")
    assert all(row.is_visible() for row in log(portal).all())


def test_it_stands_still_when_it_is_told_to(portal: Page, traffic: Traffic) -> None:
    pause = portal.get_by_role("button", name="Pause")
    pause.click()
    portal.get_by_text("The page stands still.").wait_for()
    traffic.reach("unseen")
    portal.wait_for_timeout(5000)  # more than two refreshes
    assert log(portal).filter(has_text="unseen").count() == 0
    pause.click()
    wait_for_request(portal, "/gateways/static/unseen")


def test_a_request_leads_to_the_turn_it_was_for(portal: Page) -> None:
    turn = portal.locator("#conversations li").first
    assert not turn.is_visible()
    log(portal).first.get_by_role("link").click()
    assert turn.is_visible()
    assert portal.url.endswith(f"?notebooks={FOLDER}#{turn.get_attribute('id')}")


def test_a_connection_that_fails_shows_at_once(portal: Page, traffic: Traffic) -> None:
    traffic.connect("stranger", key="not-the-key")
    assert traffic.ask("tea", model="stranger/gpt-4o").status_code == 424
    portal.get_by_role("row", name="stranger").filter(has_text="failing: 401 Unauthorized").first.wait_for()


def test_the_keyboard_comes_first_to_the_way_past_the_links(portal: Page) -> None:
    portal.keyboard.press("Tab")
    assert portal.evaluate("document.activeElement.textContent") == "Skip to what is there"
    assert portal.evaluate("document.activeElement.getBoundingClientRect().top") >= 0
    assert portal.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    portal.keyboard.press("Enter")
    assert portal.evaluate("document.activeElement.id") == "content"


def test_a_phone_shows_cards_that_are_still_rows_of_a_table(
    window: Window, traffic: Traffic, screenshot: Screenshot
) -> None:
    page = window(width=360)
    page.goto(traffic.running.url)
    page.get_by_text(FOLLOWS).wait_for()
    cell = page.get_by_role("table", name="Connections").get_by_role("row").nth(1).get_by_role("cell").first
    assert cell.evaluate("one => getComputedStyle(one, '::before').content") == '"Target"'
    assert cell.bounding_box()["width"] < 360  # type: ignore[index]  # it is visible
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert page.evaluate("document.scrollingElement.scrollWidth") == 360
    assert serious_findings(page) == []
    screenshot(page)


def test_it_says_when_the_sandbox_has_stopped(browser: Browser, traffic: Traffic) -> None:
    with browser.new_context() as context:  # unwatched: the console complains of what does not answer
        page = context.new_page()
        page.goto(traffic.running.url)
        page.get_by_text(FOLLOWS).wait_for()
        traffic.running.process.terminate()
        traffic.running.process.wait()
        page.get_by_text("The sandbox does not answer").wait_for()
        assert page.locator("#gateway-static tbody tr").first.is_visible()
