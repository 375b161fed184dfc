from __future__ import annotations

import asyncio
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import httpx
from starlette.applications import Starlette

from foundry_sandbox import connections, portal
from foundry_sandbox.connections import Connection
from foundry_sandbox.state import AgentCall, GatewayRequest, ToolCall

if TYPE_CHECKING:
    from foundry_sandbox.state import State

NASTY = "<script>alert('x')</script>"


class Page(HTMLParser):
    """What the tests look at in a page: tags with attributes, table by caption, and all text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.words.append(data.strip())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def fetch(state: State, path: str = "/") -> httpx.Response:
    async def get() -> httpx.Response:
        transport = httpx.ASGITransport(Starlette(routes=portal.routes(state)))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.get(path)

    return asyncio.run(get())


def reached(state: State, gateway: str, *, time: float, user_agent: str = "curl") -> None:
    state.log_gateway_request(
        GatewayRequest(
            gateway=gateway,
            method="POST",
            path=f"/gateways/{gateway}/{NASTY}",
            query="",
            deployment="gpt-4o",
            routing="body",
            status=404,
            milliseconds=1,
            user_agent=user_agent,
            request_id="resp_42",
            time=time,
        )
    )


def test_an_empty_sandbox_shows_every_gateway_folded(state: State) -> None:
    page = Page(fetch(state).text)
    folds = page.all("details")
    assert "gateway-apim" in {fold["id"] for fold in folds}
    assert len(folds) >= 8
    assert not any("open" in fold for fold in folds)
    assert "No connection yet." in page.words
    assert "sandbox://apim/openai" in page.words


def test_the_latest_traffic_comes_first_and_open(state: State) -> None:
    reached(state, "oauth", time=10)
    reached(state, "static", time=20, user_agent="foundry-sandbox-agent-service/0.1")
    page = Page(fetch(state).text)
    folds = page.all("details")
    assert [fold["id"] for fold in folds[:2]] == ["gateway-static", "gateway-oauth"]
    assert ["open" in fold for fold in folds[:3]] == [True, True, False]
    assert "Agent Service" in page.words
    assert "curl" in page.words
    assert "00:00:20" in page.words
    assert page.words.count("resp_42") == 2


def test_what_is_connected_and_who_answers(state: State) -> None:
    properties = {"category": "ModelGateway", "authType": "OAuth2", "target": "https://gateway.example/v1"}
    connections.save(
        state,
        Connection(
            name="corp",
            scope="account",
            properties=properties,
            credentials={"key": "hush"},
            created="",
            changed="",
        ),
    )
    state.put({"name": "helper", "versions_made": 2}, kind="agent", name="helper")
    for number, model in (("1", "corp/gpt-4o"), ("2", "gpt-4o-mini")):
        version = {"name": "helper", "version": number, "definition": {"kind": "prompt", "model": model}}
        state.put(version, kind="version", name=number, parent="helper")
    html = fetch(state).text
    page = Page(html)
    for shown in (
        "corp",
        "OAuth2",
        "account",
        "https://gateway.example/v1",
        "corp/gpt-4o",
        "connection corp",
    ):
        assert shown in page.words
    assert page.words.index("2") < page.words.index("1")
    assert "the project itself, past every gateway" in page.words
    assert "hush" not in html


def worked(state: State, *, name: str, outcome: str, status: int | None = None) -> None:
    state.log_tool_call(
        ToolCall(
            response_id="resp_7",
            agent="helper",
            tool="openapi",
            name=name,
            where="GET http://127.0.0.1:9/forecast",
            outcome=outcome,
            status=status,
            milliseconds=12.5,
            time=30,
        )
    )


def test_calls_of_tools_are_shown_newest_first_and_failures_marked(state: State) -> None:
    page = Page(fetch(state).text)
    assert f"{state.url}/examples/openapi.json" in page.words
    assert f"{state.url}/examples/mcp" in page.words
    worked(state, name="get_forecast", outcome="answered 500", status=500)
    worked(state, name=NASTY, outcome="simulated")
    page = Page(fetch(state).text)
    assert "Calls of tools" in page.words
    assert page.words.index(NASTY) < page.words.index("get_forecast")
    for shown in ("helper", "GET http://127.0.0.1:9/forecast", "answered 500", "simulated", "12.5", "resp_7"):
        assert shown in page.words
    assert [cell["class"] for cell in page.all("td") if "bad" in (cell.get("class") or "")] == ["number bad"]
    assert len(page.all("script")) == 1


def test_what_clients_wrote_is_only_text(state: State) -> None:
    reached(state, "static", time=1, user_agent=NASTY)
    state.log_agent_call(
        AgentCall(
            response_id="resp_1",
            agent=NASTY,
            connection=NASTY,
            deployment=NASTY,
            method="POST",
            url=NASTY,
            status=None,
            milliseconds=1,
            time=1,
        )
    )
    page = Page(fetch(state).text)
    assert len(page.all("script")) == 1
    assert page.words.count(NASTY) >= 4
    assert "no answer" in page.words


def test_the_page_needs_nothing_from_elsewhere(state: State) -> None:
    reached(state, "static", time=1)
    response = fetch(state)
    page = Page(response.text)
    assert "default-src 'none'" in response.headers["content-security-policy"]
    assert not [attributes for _, attributes in page.tags if "src" in attributes or "href" in attributes]
    assert len(page.all("caption")) == len(page.all("table"))
    assert all(header.get("scope") in {"col", "row"} for header in page.all("th"))
    assert page.all("html")[0]["lang"] == "en"


def test_the_part_that_is_fetched_again_is_the_part_that_was_there(state: State) -> None:
    reached(state, "static", time=1)
    assert fetch(state, portal.REFRESH).text.strip() in fetch(state).text
