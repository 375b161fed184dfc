from __future__ import annotations

import asyncio
import json
import re
from base64 import b64encode
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import openai
import pytest

from foundry_sandbox import portal
from foundry_sandbox.app import build
from foundry_sandbox.notebook_links import NOTEBOOKS
from foundry_sandbox.state import GatewayRequest, ToolCall

from .conftest import DISCOVERY, PROJECT, metadata, properties, started
from .services import ScriptedGateway, call, serving
from .test_responses import WEATHER, agent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from azure.ai.projects import AIProjectClient

    from foundry_sandbox.state import State

    from .conftest import Connect, Running

NASTY = "<script>alert('x')</script>"
STEERING = "\u202e\u200b\x07"
FOLDER = "http://localhost:8888/lab/tree/notebooks"
VOID = {"meta", "input", "wbr", "br"}


@dataclass
class Element:
    """An element of a page as it was served; what stands in it is text or elements."""

    tag: str
    attributes: dict[str, str | None]
    inside: list[Element | str] = field(default_factory=list)

    def all(self, tag: str = "", **wanted: str) -> Iterator[Element]:
        for one in self.inside:
            if isinstance(one, Element):
                if tag in {"", one.tag} and all(one.attributes.get(name) == wanted[name] for name in wanted):
                    yield one
                yield from one.all(tag, **wanted)

    def one(self, tag: str = "", **wanted: str) -> Element:
        (found,) = self.all(tag, **wanted)
        return found

    @property
    def text(self) -> str:
        """The text as it is read: what is in a line of its own is a word of its own."""
        return " ".join("".join(self.texts()).split())

    def texts(self) -> Iterator[str]:
        for one in self.inside:
            yield from one.texts() if isinstance(one, Element) else (one,)
        if self.tag not in {"span", "a", "b", "code", "wbr", "time"}:
            yield " "


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open = [Element("", {})]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, dict(attrs))
        self.open[-1].inside.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop().tag == tag, f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        self.open[-1].inside.append(data)


def parsed(html: str) -> Element:
    parser = _Parser()
    parser.feed(html)
    assert len(parser.open) == 1, f"{parser.open[-1].tag} is not closed"
    return parser.open[0]


def look(running: Running, **query: str) -> Element:
    """Look at the page of a running sandbox."""
    return parsed(httpx.get(running.url, params=query).raise_for_status().text)


def fetch(state: State, path: str = "/", **options: Any) -> httpx.Response:  # options of httpx
    """Ask the application for something, without a process around it."""

    async def get() -> httpx.Response:
        transport = httpx.ASGITransport(build(state))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await client.get(path, **options)

    return asyncio.run(get())


def section(page: Element, name: str) -> Element:
    return page.one("section", id=name)


def row(page: Element, key: str) -> str:
    """The text of one row, found by what makes it that row."""
    return page.one("tr", **{"data-key": key}).text


def ask(strict: openai.OpenAI, model: str, **more: Any) -> None:  # the rest of a body
    """Ask a model, whether or not its gateway answers."""
    with suppress(openai.APIStatusError):
        strict.responses.create(model=model, input="Reply with exactly: here", **more)


def test_an_empty_sandbox_says_what_to_do_first(state: State) -> None:
    page = parsed(fetch(state).text)
    assert "Nothing has come here yet" in page.one("div", **{"class": "first"}).text
    assert "01_create_connections stores one" in section(page, "resources").text
    assert "03_deploy_agent makes one" in section(page, "agents").text
    assert "04_validate_prompts sends prompts" in section(page, "conversations").text
    folds = list(section(page, "gateways").all("details"))
    assert {"gateway-apim", "gateway-oauth"} <= {fold.attributes["id"] for fold in folds}
    assert not any("open" in fold.attributes for fold in folds)
    assert "sandbox://apim/openai" in page.text


def test_a_connection_tells_how_its_latest_calls_went(
    sandbox: Running, connect: Connect, strict: openai.OpenAI
) -> None:
    connect("portal-calls", target="/gateways/static/v1")
    assert row(look(sandbox), "project portal-calls").endswith("✓ no fault seen – not called yet")
    ask(strict, "portal-calls/gpt-4o")
    assert re.search(r"✓ well: 200 OK at \d\d:\d\d:\d\d 1 in all$", row(look(sandbox), "project portal-calls"))
    ask(strict, "Portal-Calls/no-such-model")
    shown = row(look(sandbox), "project portal-calls")
    assert re.search(r"✗ failing: 404 Not Found at \S+ 1 of the latest 2 failed, 2 in all$", shown)
    ask(strict, "portal-calls/gpt-4o")
    shown = row(look(sandbox), "project portal-calls")
    assert re.search(r"✓ well again: 200 OK at \S+ 1 of the latest 3 failed, 3 in all$", shown)
    connect("portal-calls", target="/gateways/static/v1")
    assert row(look(sandbox), "project portal-calls").endswith("– not called since it was changed")


def test_a_gateway_that_is_not_there_fails_without_an_answer(
    sandbox: Running, connect: Connect, strict: openai.OpenAI
) -> None:
    connect("portal-nobody", target="http://127.0.0.1:9/v1")
    ask(strict, "portal-nobody/gpt-4o")
    page = look(sandbox)
    assert "✗ failing: no answer at" in row(page, "project portal-nobody")
    assert "portal-nobody gpt-4o POST http://127.0.0.1:9/v1/chat/completions ✗ no answer" in section(page, "calls").text


def test_a_connection_that_gets_no_token_is_failing(sandbox: Running, connect: Connect, strict: openai.OpenAI) -> None:
    wrong = {"credentials": {"clientId": "sandbox-client", "clientSecret": "swordfish"}}
    connect("portal-token", **{**properties(sandbox, "oauth"), **wrong})
    ask(strict, "portal-token/gpt-4o")
    page = look(sandbox)
    assert "✗ failing: 401 Unauthorized" in row(page, "project portal-token")
    shown = f"portal-token gpt-4o POST {sandbox.url}/gateways/oauth/token ✗ 401 Unauthorized"
    assert shown in section(page, "calls").text
    nowhere = {"tokenUrl": "http://key:swordfish@127.0.0.1:9/token?key=swordfish"}
    connect("portal-token", **{**properties(sandbox, "oauth"), **nowhere})
    ask(strict, "portal-token/gpt-4o")
    page = look(sandbox)
    assert "✗ failing: no answer" in row(page, "project portal-token")
    assert "POST http://127.0.0.1:9/token ✗ no answer" in section(page, "calls").text
    assert "swordfish" not in page.text


@pytest.mark.parametrize(
    ("name", "change", "fault"),
    [
        ("portal-f1", {"metadata": {"models": [], "deploymentInPath": "false"}}, "metadata.models is not text"),
        ("portal-f3", {"metadata": metadata(modelDiscovery=DISCOVERY)}, "both models and modelDiscovery"),
        ("portal-f4", {"authType": "AAD", "credentials": {}}, "audience is missing"),
        ("portal-f5", {"authType": "AAD", "audience": "x", "scope": "account"}, "make the connection in the project"),
        ("portal-f6", {"target": "/gateways/apmi/openai"}, "the sandbox has no gateway 'apmi': there are apim,"),
        ("portal-f7", {"target": "/gateways/apim/v1"}, "/gateways/apim/openai only"),
        ("portal-f8", {"target": "http://localhost:9/gateways/apim/openai"}, "it leads to another sandbox"),
    ],
)
def test_a_connection_tells_what_is_wrong_with_it_as_stored(
    sandbox: Running, connect: Connect, *, name: str, change: dict[str, Any], fault: str
) -> None:
    connect(name, **{**properties(sandbox, "static"), **change})
    shown = row(look(sandbox), f"{change.get('scope', 'project')} {name}")
    assert "✗ fault: " in shown
    assert fault in shown


def test_connections_that_are_no_gateway_or_hidden_are_not_called(sandbox: Running, connect: Connect) -> None:
    connect("portal-storage", target="https://storage.example/", category="AzureBlob")
    connect("portal-twice", target="/gateways/static/v1", scope="account")
    connect("Portal-Twice", target="/gateways/static/v1")
    page = look(sandbox)
    assert row(page, "project portal-storage").endswith("– no gateway – never called")
    assert "✗ fault: hidden, because the project has a connection of the same name" in row(page, "account portal-twice")
    assert "✓ no fault seen" in row(page, "project Portal-Twice")


def test_secrets_are_not_shown(sandbox: Running, connect: Connect) -> None:
    connect("portal-secret", target="/gateways/static/v1", credentials={"key": "swordfish"})
    assert "swordfish" not in httpx.get(sandbox.url).text


def test_an_agent_shows_its_versions_its_tools_and_whether_its_connection_is_there(
    sandbox: Running, connect: Connect, project: AIProjectClient
) -> None:
    connect("portal-home", target="/gateways/static/v1")
    mcp = {"type": "mcp", "server_label": "tables", "server_url": "http://127.0.0.1:9/mcp"}
    agent(project, "portal-agent", model="gpt-4o-mini")
    agent(project, "portal-agent", model="portal-gone/gpt-4o", instructions="Be brief.")
    agent(project, "portal-agent", model="Portal-Home/gpt-4o", tools=[WEATHER, mcp])
    fold = section(look(sandbox), "agents").one("details", id="agent-portal-agent")
    assert fold.one("summary").text == "portal-agent ✓ connection Portal-Home 3 versions"
    assert [found.attributes["data-key"] for found in fold.one("tbody").all("tr")] == ["3", "2", "1"]
    assert "3 answers" in row(fold, "3")
    assert row(fold, "3").endswith("✓ connection Portal-Home function get_weather, mcp tables")
    assert row(fold, "2").endswith("portal-gone/gpt-4o ✗ connection portal-gone is not there none Be brief.")
    assert "– the project itself, past every gateway" in row(fold, "1")


def test_an_agent_whose_traffic_goes_nowhere_says_so(sandbox: Running, project: AIProjectClient) -> None:
    for _ in range(2):
        agent(project, "portal-lost", model="gpt-4o-mini")
    rule = {"agent_version": "1", "traffic_percentage": 100, "type": "FixedRatio"}
    endpoint = {"version_selector": {"version_selection_rules": [rule]}}
    project.agents.update_details("portal-lost", agent_endpoint=endpoint)
    assert "1 answers" in row(look(sandbox).one("details", id="agent-portal-lost"), "1")
    project.agents.delete_version("portal-lost", "1", force=True)
    assert "✗ no version answers" in look(sandbox).one("details", id="agent-portal-lost").text


def test_a_conversation_is_told_turn_by_turn(
    sandbox: Running, connect: Connect, strict: openai.OpenAI, project: AIProjectClient
) -> None:
    connect("portal-talk", target="/gateways/static/v1")
    talker = agent(project, "portal-talker", model="portal-talk/gpt-4o")
    greeting: Any = {"type": "message", "role": "developer", "content": "The user is called Ada."}
    conversation = strict.conversations.create(items=[greeting])
    said = [
        strict.responses.create(conversation=conversation.id, input=f"Reply with exactly: {word}", extra_body=talker)
        for word in ("tea", "cups")
    ]
    fold = section(look(sandbox), "conversations").one("details", **{"data-key": conversation.id})
    assert fold.one("summary").text.startswith("Reply with exactly: cups cups portal-talker, 3 turns,")
    turns = list(fold.one("ol").all("li"))
    assert "developer The user is called Ada." in turns[0].text
    assert "Put in by a client" in turns[0].text
    for response, turn, word in zip(said, turns[1:], ("tea", "cups"), strict=True):
        assert turn.attributes["id"] == response.id
        assert "✓ completed" in turn.text
        assert "agent portal-talker version 1, model portal-talk/gpt-4o" in turn.text
        assert "through connection portal-talk: ✓ 200 OK after" in turn.text
        assert f"user Reply with exactly: {word} assistant {word}" in turn.text


def test_responses_that_follow_one_another_are_one_conversation(sandbox: Running, strict: openai.OpenAI) -> None:
    first = strict.responses.create(model="gpt-4o-mini", input="Reply with exactly: portal one")
    again = strict.responses.create(model="gpt-4o-mini", input="Say no more", previous_response_id=first.id)
    fold = section(look(sandbox), "conversations").one("details", **{"data-key": first.id})
    assert [turn.attributes["id"] for turn in fold.one("ol").all("li")] == [first.id, again.id]
    assert "gpt-4o-mini, 2 turns" in fold.one("summary").text
    assert "past every gateway" in fold.text
    strict.responses.delete(first.id)
    assert "1 turn," in section(look(sandbox), "conversations").one("details", **{"data-key": again.id}).text


def test_a_conversation_that_was_deleted_lives_on_in_its_responses(sandbox: Running, strict: openai.OpenAI) -> None:
    conversation = strict.conversations.create()
    assert "Empty conversation" in look(sandbox).one("details", **{"data-key": conversation.id}).text
    response = strict.responses.create(model="gpt-4o-mini", input="hello", conversation=conversation.id)
    strict.conversations.delete(conversation.id)
    fold = look(sandbox).one("details", **{"data-key": conversation.id})
    assert [turn.attributes["id"] for turn in fold.one("ol").all("li")] == [response.id]


def test_work_of_tools_is_folded_into_its_turn(sandbox: Running, connect: Connect, strict: openai.OpenAI) -> None:
    tools: Any = [
        {"type": "code_interpreter", "container": {"type": "auto"}},
        {"type": "function", "name": "get_weather", "parameters": {"type": "object"}},
    ]
    gateway = ScriptedGateway(
        lambda body: (
            {"tool_calls": [call("get_weather", "call_2")]}
            if any(message["role"] == "tool" for message in body["messages"])
            else {"tool_calls": [call("code_interpreter", code="6 * 7")]}
        )
    )
    with serving(gateway.app) as url:
        model = f"{connect('portal-tools', target=url)}/gpt-4o"
        first = strict.responses.create(model=model, input="What is it?", tools=tools)
    waiting = first.output[-1]
    assert waiting.type == "function_call"
    answer: Any = {"type": "function_call_output", "call_id": waiting.call_id, "output": "It rains."}
    asking = look(sandbox).one("details", **{"data-key": first.id})
    assert next(asking.all("summary")).text.startswith("What is it? function: get_weather")
    strict.responses.create(model="gpt-4o-mini", input=[answer], previous_response_id=first.id)
    page = look(sandbox)
    turns = list(page.one("details", **{"data-key": first.id}).one("ol").all("li"))
    work = [one.text for one in turns[0].all("div", **{"class": "work"})]
    assert work[0].startswith('code_interpreter: code_interpreter {"code": "6 * 7"}')
    assert work[1].startswith("function: get_weather")
    assert "answer of a function It rains." in turns[1].text
    assert all("open" not in fold.attributes for fold in turns[0].all("details"))
    assert next(page.one("details", **{"data-key": first.id}).all("summary")).text.startswith("What is it?")
    assert first.id in section(page, "calls").text
    assert "code_interpreter" in section(page, "calls").text


def test_a_response_that_broke_off_tells_why(sandbox: Running, connect: Connect, strict: openai.OpenAI) -> None:
    tools: Any = [{"type": "code_interpreter", "container": {"type": "auto"}}]
    gateway = ScriptedGateway(lambda _: {"tool_calls": [call("code_interpreter", code="1")]})
    with serving(gateway.app) as url:
        model = f"{connect('portal-endless', target=url)}/gpt-4o"
        conversation = strict.conversations.create().id
        before = strict.responses.create(model="gpt-4o-mini", input="hello", conversation=conversation)
        response = strict.responses.create(model=model, input="go on", tools=tools, conversation=conversation)
        after = strict.responses.create(model="gpt-4o-mini", input="well?", conversation=conversation)
    assert response.status == "failed"
    turns = look(sandbox).one("details", **{"data-key": conversation}).one("ol")
    assert [turn.attributes["id"] for turn in turns.all("li")] == [before.id, response.id, after.id]
    turn = turns.one("li", id=response.id)
    assert "✗ failed" in turn.text
    assert "✗ the model called tools in 8 rounds running" in turn.text
    assert turn.text.count("through connection portal-endless: ✓ 200 OK") == 8


def test_the_log_of_a_gateway_shows_the_routing_newest_first(sandbox: Running) -> None:
    by_path = f"{sandbox.url}/gateways/apim-static/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21"
    key = {"api-key": sandbox.api_key, "User-Agent": "somebody/1.0", "x-request-id": "portal-r1"}
    question = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}]}
    httpx.post(f"{by_path}&key=swordfish", headers=key, json=question).raise_for_status()
    httpx.post(f"{sandbox.url}/gateways/apim-static/openai/chat/completions", headers=key, json=question)
    html = httpx.get(sandbox.url).text
    rows = list(parsed(html).one("details", id="gateway-apim-static").one("tbody").all("tr"))
    assert re.search(r"chat/completions ✗ 404 Not Found \d+\.\d body gpt-4o-mini somebody/1.0 portal-r1$", rows[0].text)
    assert re.search(
        r"^\d\d:\d\d:\d\d POST /gateways/apim-static/openai/deployments/gpt-4o/chat/completions ✓ 200 OK"
        r" \d+\.\d path gpt-4o 2024-10-21 somebody/1.0 portal-r1$",
        rows[1].text,
    )
    assert "swordfish" not in html


def test_a_call_of_the_agent_service_links_to_what_it_was_for(
    sandbox: Running, connect: Connect, strict: openai.OpenAI
) -> None:
    connect("portal-link", target="/gateways/static/v1")
    response = strict.responses.create(model="portal-link/gpt-4o", input="hello")
    page = look(sandbox, notebooks=FOLDER)
    newest = next(section(page, "gateways").one("details", id="gateway-static").one("tbody").all("tr"))
    assert "Agent Service" in newest.text
    assert newest.one("a").attributes["href"] == f"#{response.id}"
    assert page.one("li", id=response.id)


def reached(state: State, gateway: str, **change: Any) -> None:  # fields of any type
    usual = {"method": "POST", "path": f"/gateways/{gateway}/v1", "query": "", "deployment": "gpt-4o"}
    more = {"routing": "body", "status": 200, "milliseconds": 1, "user_agent": "curl", "request_id": None, "time": 1.0}
    state.log_gateway_request(GatewayRequest(**{**usual, **more, "gateway": gateway, **change}))


def test_gateways_with_traffic_stand_first_and_open(state: State) -> None:
    reached(state, "oauth", time=20)
    reached(state, "static", time=10)
    folds = list(section(parsed(fetch(state).text), "gateways").all("details"))
    assert [fold.attributes["id"] for fold in folds[:2]] == ["gateway-static", "gateway-oauth"]
    assert ["open" in fold.attributes for fold in folds[:3]] == [True, True, False]


def test_every_list_is_bounded_and_says_so(tmp_path: Path) -> None:
    with started(tmp_path / "state", "--port", "0", "--quiet") as running:
        fill(running, times=60)
        page = look(running)
    gateway = page.one("details", id="gateway-static")
    assert len(list(gateway.one("tbody").all("tr"))) == 50
    assert "The newest 50 of 60 requests." in gateway.text
    assert "many-60" in gateway.text
    assert "many-10" not in gateway.text
    assert len(list(section(page, "conversations").all("ol"))) == 25
    assert "60 responses kept" in section(page, "conversations").text
    assert "The newest 50 of 60 agents." in section(page, "agents").text
    assert "The newest 50 of 61 versions." in page.one("details", id="agent-many-60").text


def fill(running: Running, *, times: int) -> None:
    """Make more of everything than the page shows."""
    headers = {"Authorization": f"Bearer {running.token(PROJECT)}"}
    definition = {"definition": {"kind": "prompt", "model": "gpt-4o-mini"}}
    with httpx.Client(base_url=running.descriptor["project_endpoint"], headers=headers) as client:
        for number in range(1, times + 1):
            client.post(f"/agents/many-{number}/versions", json=definition).raise_for_status()
            client.post("/openai/v1/responses", json={"model": "gpt-4o-mini", "input": "hi"}).raise_for_status()
            client.get(f"{running.url}/gateways/static/v1", headers={"x-request-id": f"many-{number}"})
        for _ in range(times):
            client.post(f"/agents/many-{times}/versions", json=definition).raise_for_status()


def worked(state: State, *, name: str, outcome: str = "simulated", status: int | None = None) -> None:
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
    page = section(parsed(fetch(state).text), "calls")
    assert f"{state.url}/examples/openapi.json" in page.text
    assert f"{state.url}/examples/mcp" in page.text
    worked(state, name="get_forecast", outcome="answered 500", status=500)
    worked(state, name="count_tables")
    rows = [one.text for one in section(parsed(fetch(state).text), "calls").one("tbody").all("tr")]
    assert rows == [
        "1970-01-01 00:00:30 helper openapi count_tables GET http://127.0.0.1:9/forecast simulated 12.5 resp_7",
        "1970-01-01 00:00:30 helper openapi get_forecast GET http://127.0.0.1:9/forecast ✗ answered 500 12.5 resp_7",
    ]


def test_what_clients_wrote_is_only_text(sandbox: Running, connect: Connect, strict: openai.OpenAI) -> None:
    connect("portal-nasty", target=f"http://127.0.0.1:9/{NASTY}")
    ask(strict, f"portal-nasty/{NASTY}")
    hostile = {"User-Agent": NASTY, "x-request-id": NASTY, "api-key": sandbox.api_key}
    httpx.post(f"{sandbox.url}/gateways/static/v1/{NASTY}", headers=hostile)
    body = {"model": f"{NASTY}{STEERING}", "messages": []}
    httpx.post(f"{sandbox.url}/gateways/static/v1/chat/completions", headers=hostile, json=body)
    response = strict.responses.create(model="gpt-4o-mini", input=f"Reply with exactly: {NASTY}{STEERING}")
    half = {"items": [{"role": "user", "content": "half \ud800 a character"}]}
    httpx.post(
        f"{strict.base_url}conversations",
        content=json.dumps(half),
        headers={"Authorization": f"Bearer {strict.api_key}", "Content-Type": "application/json"},
    ).raise_for_status()
    html = httpx.get(sandbox.url).raise_for_status().text
    page = parsed(html)
    assert len(list(page.all("script"))) == 1
    assert f"{NASTY}⟨U+202E⟩⟨U+200B⟩⟨U+0007⟩" in page.one("li", id=response.id).text
    assert "half ⟨U+D800⟩ a character" in section(page, "conversations").text
    assert not set(STEERING) & set(html)
    assert NASTY in section(page, "resources").text
    assert section(page, "gateways").text.count(NASTY) >= 4
    assert NASTY in section(page, "calls").text


def test_the_page_needs_nothing_from_elsewhere_and_runs_only_its_own_script(sandbox: Running) -> None:
    response = httpx.get(sandbox.url)
    page = parsed(response.text)
    policy = dict(part.strip().partition(" ")[::2] for part in response.headers["content-security-policy"].split(";"))
    for tag, directive in (("script", "script-src"), ("style", "style-src")):
        served = "".join(str(part) for part in page.one(tag).inside)
        assert policy[directive] == f"'sha256-{b64encode(sha256(served.encode()).digest()).decode()}'"
    assert policy["default-src"] == policy["base-uri"] == policy["form-action"] == "'none'"
    every = [name for element in page.all() for name in element.attributes]
    assert not [name for name in every if name in {"style", "src", "srcset", "action"} or name.startswith("on")]
    assert all(str(link.attributes["href"]).startswith("#") for link in page.all("a"))


def test_the_page_can_be_read_without_seeing_it(sandbox: Running, connect: Connect, strict: openai.OpenAI) -> None:
    connect("portal-structure", target="/gateways/static/v1")
    ask(strict, "portal-structure/gpt-4o")
    page = look(sandbox, notebooks=FOLDER)
    assert page.one("html").attributes["lang"] == "en"
    levels = [int(one.tag[1]) for one in page.all() if re.fullmatch(r"h\d", one.tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    tables = list(page.all("table"))
    assert tables
    assert all(table.one("caption").text for table in tables)
    assert all(header.attributes.get("scope") in {"col", "row"} for header in page.all("th"))
    names = [one.attributes["id"] for one in page.all() if "id" in one.attributes]
    assert len(names) == len(set(names))
    assert {one.tag for one in page.all()} >= {"header", "nav", "main"}
    inner = [str(link.attributes["href"])[1:] for link in page.all("a") if str(link.attributes["href"])[0] == "#"]
    assert inner[0] == page.one("main").attributes["id"]
    assert set(inner) <= set(names)
    assert all(one.attributes.get("aria-label") for one in page.all("div", **{"class": "wide"}))


def test_the_notebooks_are_those_of_the_workbook() -> None:
    folder = Path(__file__).parents[2] / "notebooks"
    assert list(NOTEBOOKS) == sorted(path.stem for path in folder.glob("[0-9]*.ipynb"))


HOME = {
    "resources": "01_create_connections",
    "agents": "03_deploy_agent",
    "conversations": "04_validate_prompts",
    "calls": "04_validate_prompts",
    "gateways": "02_discover_models",
}


def links(page: Element) -> list[str]:
    found = [str(link.attributes["href"]) for link in page.all("a")]
    return [href for href in found if not href.startswith("#")]


@pytest.mark.parametrize(
    ("given", "folder"),
    [
        (FOLDER, FOLDER),
        (f"{FOLDER}/", FOLDER),
        (f"{FOLDER}?token=swordfish#cell", FOLDER),
        ("https://127.0.0.1/lab/tree", "https://127.0.0.1/lab/tree"),
        ("HTTP://LOCALHOST:8888/a b".replace(" ", "%20"), "http://localhost:8888/a%20b"),
        ("http://[::1]:8888/lab/tree/übung", "http://[::1]:8888/lab/tree/%C3%BCbung"),
        ('http://localhost:8888/"onclick="', "http://localhost:8888/%22onclick%3D%22"),
    ],
)
def test_the_sections_link_to_their_notebooks(sandbox: Running, given: str, folder: str) -> None:
    page = look(sandbox, notebooks=given)
    workbook = page.one("nav", **{"aria-labelledby": "workbook"})
    assert links(workbook) == [f"{folder}/{name}.ipynb" for name in NOTEBOOKS]
    for name, home in HOME.items():
        assert f"{folder}/{home}.ipynb" in links(section(page, name))
    part = httpx.get(f"{sandbox.url}{page.one('main').attributes['data-refresh']}").raise_for_status().text
    assert links(parsed(part)) == links(page.one("main"))
    assert "swordfish" not in part


@pytest.mark.parametrize(
    "given",
    [
        "",
        "javascript:alert(1)",
        "javascript://localhost/%0aalert(1)",
        "data:text/html,hello",
        "//evil.example/lab",
        "//localhost/lab",
        "/lab/tree",
        "localhost:8888/lab",
        "ftp://localhost/lab",
        "http://user:pass@localhost:8888/lab",
        "http://user@localhost/lab",
        "http://localhost@evil.example/lab",
        "http://localhost.evil.example/lab",
        "http://evil.example/?http://localhost/",
        "http://localhost\\@evil.example/lab",
        "http://evil.example\\@localhost/lab",
        "http:\\\\localhost\\lab",
        "http://localhost:99999/lab",
        "http://localhost:80x/lab",
        "http://[::1/lab",
        "http://127.0.0.2/lab",
        " http://localhost/lab",
        "http://local\thost/lab",
        "http://localhost/\nlab",
        f"http://localhost/{'x' * 3000}",
    ],
)
def test_an_address_that_leads_elsewhere_is_ignored(sandbox: Running, given: str) -> None:
    page = look(sandbox, notebooks=given)
    assert links(page) == []
    assert page.one("main").attributes["data-refresh"] == portal.REFRESH
    assert "05_clean_up" in page.one("nav", **{"aria-labelledby": "workbook"}).text


def test_the_part_that_is_fetched_again_is_the_part_that_was_there(state: State) -> None:
    reached(state, "static")
    assert fetch(state, portal.REFRESH).text.strip() in fetch(state).text


def test_what_did_not_change_is_not_sent_again(state: State) -> None:
    seen = fetch(state, portal.REFRESH)
    # Another process of the application writes another mark; within one it stays until something is written.
    app = httpx.ASGITransport(build(state))

    async def again() -> tuple[httpx.Response, httpx.Response, httpx.Response]:
        async with httpx.AsyncClient(transport=app, base_url="http://127.0.0.1") as client:
            first = await client.get(portal.REFRESH)
            mark = {"If-None-Match": first.headers["etag"]}
            same = await client.get(portal.REFRESH, headers=mark)
            reached(state, "static", path="/gateways/static/v1/news")
            return first, same, await client.get(portal.REFRESH, headers=mark)

    first, same, news = asyncio.run(again())
    assert first.text == seen.text
    assert (same.status_code, same.text) == (304, "")
    assert news.status_code == 200
    assert "/gateways/static/v1/news" in parsed(news.text).text
