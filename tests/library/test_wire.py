"""What went over HTTP, as it is shown: every exchange, and no secret in any spelling."""

from __future__ import annotations

import gzip
import json
import os
import pickle
import re
import subprocess
import threading
import time
from base64 import b64encode, urlsafe_b64encode
from concurrent.futures import ThreadPoolExecutor
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, quote_plus

import httpx
import pytest
from azure.core.credentials import AccessToken
from httpx_retries import Retry, RetryTransport
from hypothesis import given
from hypothesis import strategies as st

from gateway_workbook import bounded
from gateway_workbook.agents import Agents
from gateway_workbook.arm import Connections
from gateway_workbook.errors import ServiceError
from gateway_workbook.gateway import Gateway
from gateway_workbook.masking import Masking, shown
from gateway_workbook.probe_session import ProbeOptions, find_settings
from gateway_workbook.profile import load_profile
from gateway_workbook.secrets import Secrets
from gateway_workbook.step import Step
from gateway_workbook.target import Target
from gateway_workbook.wire import MOST_CHARACTERS, Wire
from gateway_workbook.wire_view import Traffic
from tests.library.wire import PROJECT, Recorder, chat_answer, connection, oauth2, reply, server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from gateway_workbook.connection import Connection
    from gateway_workbook.run import Run
    from gateway_workbook.wire_exchange import WireExchange

HELLO = [{"role": "user", "content": "hello"}]
# What a careless text would garble: quotes, a backslash, what URLs and HTML escape.
KEY = 'sk-Canary/7+"quo\\te"\'&=<1234>'
CLIENT_SECRET = 'cs-Canary~/8+"x\\y"%&'
TEAM = "team-Canary/9+&abc"
TOKEN = "tok-Canary-aaaa.bbbb/cccc+dddd=="
ENTRA = "eyJ-Canary-entra.eyJ-payload_x.sig-nature"
CANARIES = {"KEY": KEY, "CLIENT_SECRET": CLIENT_SECRET, "TEAM": TEAM, "TOKEN": TOKEN, "ENTRA": ENTRA}


class Entra:
    """Gives out one token."""

    def get_token(self, *_: str, **__: object) -> AccessToken:
        return AccessToken(ENTRA, 4_000_000_000)


def spellings(secret: str) -> set[str]:
    """A secret as programs write it, also as a user's password in Basic form."""
    once = json.dumps(secret)[1:-1]
    texts = {secret, once, json.dumps(once)[1:-1], quote(secret), quote(secret, safe=""), quote_plus(secret)}
    texts |= {escape(secret), secret.replace("/", "\\/"), repr(secret)[1:-1], repr(secret.encode())[2:-1]}
    texts |= {re.sub("%..", lambda code: code[0].lower(), quote(secret, safe="")), quote(quote(secret, safe=""))}
    texts |= {re.sub("[^A-Za-z0-9]", lambda char: f"\\u{ord(char[0]):04X}", secret)}  # as .NET writes JSON
    longer = [f"{before}{secret}{after}".encode() for before in ("", "u:", "me:", "you:") for after in ("", ":x")]
    return texts | {encode(text).decode() for text in longer for encode in (b64encode, urlsafe_b64encode)}


def traces(secret: str) -> set[str]:
    """What must be in no view: every spelling, of base64 without the edges that it shares with other texts."""
    plain = {text for text in spellings(secret) if len(text) < len(secret) * 4 / 3}
    coded = {b64encode(("\0" * before + secret).encode()).decode()[4:-4] for before in range(3)}
    return plain | coded | {text.replace("+", "-").replace("/", "_") for text in coded}


def echoes(*secrets: str) -> str:
    """A refusal that repeats the secrets in every spelling there is."""
    told = [text for secret in secrets for text in sorted(spellings(secret))]
    return json.dumps({"error": {"code": "401", "message": " | ".join(told)}, "raw": "plain"}) + "\n".join(told)


def views(wire: Wire) -> str:
    """Everything that can be seen, stored or sent on of a wire."""
    traffic = wire.traffic
    told = [repr(wire), wire._repr_html_(), wire.text(), wire.curl(), repr(traffic), repr(traffic.exchanges)]
    told += [pickle.dumps(wire).decode("latin-1"), pickle.dumps(traffic).decode("latin-1")]
    told += [one.model_dump_json() for one in traffic.exchanges]
    return "\n".join(told)


def leaks(wire: Wire) -> list[str]:
    """The canaries that are in any view, in any spelling."""
    seen = views(wire)
    found = [name for name, secret in CANARIES.items() for text in traces(secret) if text in seen]
    return [*found, *(["Canary"] if "Canary" in seen else [])]


def client(wire: Wire, respond: Callable[[httpx.Request], httpx.Response]) -> tuple[httpx.Client, Recorder]:
    recorder = Recorder(respond)
    return httpx.Client(transport=wire.transport(httpx.MockTransport(recorder))), recorder


def gateway(
    which: Connection, respond: Callable[[httpx.Request], httpx.Response], *, credential: Any = None
) -> tuple[Gateway, Wire, Recorder]:
    """A gateway's client as a step makes it, the wire, and what really went over it."""
    wire = Wire()
    http, recorder = client(wire, respond)
    signed = wire.credential(credential) if credential else None
    return Gateway(which, http, secrets=wire.secrets(Secrets(CANARIES)), credential=signed), wire, recorder


def only(wire: Wire) -> WireExchange:
    [one] = wire.traffic.exchanges
    return one


def header(one: WireExchange, name: str) -> str:
    return next(shown(value) for found, value in one.headers if found.casefold() == name.casefold())


def raw(recorder: Recorder) -> str:
    return "\n".join(f"{one.url} {one.headers.raw} {one.content.decode()}" for one in recorder.requests)


# What is recorded


def test_an_exchange_is_shown_with_everything_that_went_over_the_wire() -> None:
    calls, wire, _ = gateway(connection(), lambda _: reply(200, chat_answer("hi"), headers={"via": "1.1 proxy"}))
    calls.chat("gpt-4o", HELLO, temperature=0)
    one = only(wire)
    assert (one.method, shown(one.url), one.status, one.ok) == (
        "POST",
        "https://gateway.test/v1/chat/completions",
        200,
        True,
    )
    assert header(one, "api-key") == "•••"
    assert [name for name, _ in one.headers if name.islower()] == ["api-key"]  # the rest as httpx spells it
    assert header(one, "content-type") == "application/json"
    assert json.loads(shown(one.body)) == {"messages": HELLO, "model": "gpt-4o", "temperature": 0}
    assert json.loads(shown(one.answer)) == chat_answer("hi")
    assert one.answer_size == len(json.dumps(chat_answer("hi")))
    assert ("via", ("1.1 proxy",)) in one.answer_headers
    assert one.milliseconds >= one.first_milliseconds > 0
    assert repr(wire).splitlines()[0] == "1 exchange over HTTP"
    assert "✓ POST https://gateway.test/v1/chat/completions → 200 in" in repr(wire)
    assert '    >   "model": "gpt-4o"' in wire.text()
    assert "    > api-key: •••" in wire.text()


def test_cookies_of_an_answer_are_not_kept() -> None:
    calls, wire, _ = gateway(connection(), lambda _: reply(200, {}, headers={"set-cookie": "session=abc"}))
    calls.chat("gpt-4o", HELLO)
    assert "session" not in views(wire)


def test_the_page_is_folds_and_tables_without_script_and_with_untrusted_text_made_visible() -> None:
    calls, wire, _ = gateway(connection(), lambda _: reply(404, "<script>alert(1)</script>\x1b[31m $x$"))
    calls.chat("gpt-4o", HELLO)
    calls.chat("gpt-4o", HELLO)
    page = wire._repr_html_()
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;␛[31m" in page
    assert "mathjax_ignore" in page
    assert page.count("<details") == page.count("</details>") == 1 + 2
    assert "<summary>✗ POST https://gateway.test/v1/chat/completions → 404 Not Found in" in page
    assert "<caption>Request headers</caption>" in page
    assert "<th scope='row'>api-key</th><td>•••</td>" in page
    assert "\x1b" not in wire.text() + repr(wire)
    assert "2 exchanges over HTTP, 2 with an error" in page


def test_no_answer_is_an_exchange_too() -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError(f"no route, key {request.headers['api-key']}", request=request)

    calls, wire, _ = gateway(connection(), respond)
    assert calls.chat("gpt-4o", HELLO).status is None
    assert only(wire).line.startswith(
        "✗ POST https://gateway.test/v1/chat/completions → no answer (ConnectError: no ro"
    )
    assert "given up after" in wire.text()
    assert leaks(wire) == []


def test_a_header_that_cannot_be_sent_is_not_quoted() -> None:
    wire = Wire()
    with (
        server(lambda *_: (200, {}, b"{}")) as url,
        httpx.Client(transport=wire.transport(httpx.HTTPTransport())) as http,
        pytest.raises(httpx.LocalProtocolError, match="Canary"),
    ):
        http.get(url, headers={"X-Contoso": "of-nobody\nCanary"})
    assert only(wire).outcome == "no answer (LocalProtocolError)"


def test_the_latest_are_kept_and_the_rest_is_counted() -> None:
    wire = Wire(most=3)
    http, _ = client(wire, lambda request: reply(500 if request.url.path == "/3" else 200, request.url.path))
    for number in range(5):
        http.get(f"https://gateway.test/{number}")
    assert [one.number for one in wire.traffic.exchanges] == [3, 4, 5]
    assert repr(wire).splitlines()[0] == "3 exchanges over HTTP, 1 with an error; 2 older no longer kept"
    assert "2 older no longer kept" in wire._repr_html_()
    assert [shown(one.url) for one in wire.failed.exchanges] == ["https://gateway.test/3"]
    assert [one.number for one in wire.latest(2).exchanges] == [4, 5]
    assert len(wire.latest(0)) == 0
    assert [one.number for one in wire.to("GET https://gateway.test/4").exchanges] == [5]
    assert repr(Wire()) == "nothing went over HTTP"


def test_each_retry_is_an_exchange() -> None:
    wire, answers = Wire(), iter((429, 503, 200))
    recorder = Recorder(lambda _: reply(next(answers), {}))
    inner = wire.transport(httpx.MockTransport(recorder))
    http = httpx.Client(transport=RetryTransport(inner, retry=Retry(total=3, backoff_factor=0)))
    assert http.get("https://gateway.test/").status_code == 200
    assert [one.status for one in wire.traffic.exchanges] == [429, 503, 200]
    assert "was not read to its end" in wire.latest(3).text()  # a retry reads no refusal


def test_many_threads_record_at_once() -> None:
    wire = Wire()
    http, _ = client(wire, lambda request: reply(200, {"path": request.url.path}))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: http.get(f"https://gateway.test/{number}"), range(150)))
    kept = wire.traffic.exchanges
    assert [one.number for one in kept] == list(range(1, 151))
    assert all(json.loads(shown(one.answer))["path"] == httpx.URL(shown(one.url)).path for one in kept)
    assert len({shown(one.url) for one in kept}) == 150


def test_what_is_left_out_is_sent_and_not_recorded() -> None:
    wire = Wire(leave_out="https://gateway.test/sandbox/")
    http, recorder = client(wire, lambda _: reply(200, {}))
    http.get("https://gateway.test/sandbox/log")
    http.get("https://gateway.test/other")
    assert len(recorder.requests) == 2
    assert shown(only(wire).url) == "https://gateway.test/other"


# What an answer is made of


class Pieces(httpx.SyncByteStream):
    """Notes when each of its pieces is asked for."""

    def __init__(self, *pieces: bytes, broken: bool = False) -> None:
        self.pieces, self.broken, self.given, self.closed = pieces, broken, 0, False

    def __iter__(self) -> Iterator[bytes]:
        for piece in self.pieces:
            self.given += 1
            yield piece
        if self.broken:
            raise httpx.ReadError("the wire broke")

    def close(self) -> None:
        self.closed = True


def test_a_stream_is_not_held_back() -> None:
    wire, stream = Wire(), Pieces(b"data: one\n\n", b"data: two\n\n")
    http, _ = client(wire, lambda _: httpx.Response(200, stream=stream))
    with http.stream("GET", "https://gateway.test/") as response:
        pieces = response.iter_raw()
        assert next(pieces) == b"data: one\n\n"
        assert stream.given == 1
        assert wire.traffic.exchanges == ()
        assert list(pieces) == [b"data: two\n\n"]
    assert stream.closed
    assert shown(only(wire).answer) == "data: one\n\ndata: two\n\n"
    assert only(wire).answer_size == 22


def test_a_reader_that_has_enough_leaves_what_it_has_read() -> None:
    wire, stream = Wire(), Pieces(b"one", b"two", b"three")
    http, _ = client(wire, lambda _: httpx.Response(200, stream=stream))
    with http.stream("GET", "https://gateway.test/") as response:
        next(response.iter_raw())
    assert (shown(only(wire).answer), only(wire).answer_size, stream.given) == ("one", -1, 1)
    assert only(wire).ok


def test_reading_within_bounds_stays_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "MOST_BYTES", 100_000)
    endless = Pieces(*[b"x" * 10_000] * 1000)
    calls, wire, _ = gateway(connection(), lambda _: httpx.Response(200, stream=endless))
    assert calls.chat("m", HELLO).fault == "too large"
    assert endless.given == 11
    assert endless.closed
    assert (len(shown(only(wire).answer)), only(wire).answer_cut) == (MOST_CHARACTERS, True)


@pytest.mark.parametrize("seen", range(1, 12))
def test_a_wire_that_breaks_within_a_secret_leaves_no_part_of_it(seen: int) -> None:
    stream = Pieces(f"your key {KEY[:seen]}".encode(), broken=True)
    calls, wire, _ = gateway(connection(), lambda _: httpx.Response(200, stream=stream))
    assert calls.chat("m", HELLO).fault
    assert only(wire).outcome == "200 (ReadError: the wire broke)"
    assert not only(wire).ok
    left = shown(only(wire).answer)
    assert left == ("your key •••" if seen >= 4 else f"your key {KEY[:seen]}")


@pytest.mark.parametrize("letter", ["x", "é", "界", "🌍"])
@pytest.mark.parametrize("before", range(MOST_CHARACTERS - len(KEY) - 1, MOST_CHARACTERS + 2, 6))
def test_a_long_body_is_cut_and_never_within_a_secret(letter: str, before: int) -> None:
    text = f"{letter * before}{KEY}{letter * 50_000}"
    wire = Wire()
    http, _ = client(wire, lambda _: reply(200, text))
    wire.masking.learn(KEY, "${KEY}")
    http.post("https://gateway.test/", content=text.encode())
    one = only(wire)
    for body, cut in ((shown(one.body), one.body_cut), (shown(one.answer), one.answer_cut)):
        assert cut
        assert body in (letter * before + "•••" + letter * (len(body) - before - 3), letter * MOST_CHARACTERS)
        assert len(body) <= MOST_CHARACTERS + 3
    assert f"… cut after {len(body)} characters of {len(text.encode())} bytes" in wire.text()
    assert wire.curl().startswith("# POST https://gateway.test/: its body of ")
    assert "Canary" not in views(wire)


def test_what_is_packed_is_shown_unpacked_and_a_bomb_is_not() -> None:
    wire = Wire()
    wire.masking.learn(KEY, "${KEY}")
    bodies = iter((gzip.compress(f"it was {KEY}".encode()), gzip.compress(b"\0" * 50_000_000), b"no archive"))
    http, _ = client(
        wire, lambda _: httpx.Response(200, headers={"content-encoding": "gzip"}, stream=Pieces(next(bodies)))
    )
    with http.stream("GET", "https://gateway.test/") as response:
        list(response.iter_raw())
    assert shown(only(wire).answer) == "it was •••"
    started = time.perf_counter()
    for _ in range(2):
        with http.stream("GET", "https://gateway.test/") as response:
            list(response.iter_raw())
    assert time.perf_counter() - started < 1
    _, bomb, broken = wire.traffic.exchanges
    assert (len(shown(bomb.answer)), bomb.answer_cut) == (MOST_CHARACTERS, True)
    assert shown(broken.answer) == "(packed in a way that it does not say)"


# Secrets


def test_a_key_and_a_custom_header_are_never_recorded_though_the_gateway_repeats_them() -> None:
    which = connection(customHeaders={"X-Team": "env:TEAM", "X-Environment": "production"})
    headers = {
        "www-authenticate": f'Key realm="{quote(KEY)}"',
        "location": f"https://else.test/?key=abc&u={quote(TEAM)}",
    }
    calls, wire, recorder = gateway(which, lambda _: reply(401, echoes(KEY, TEAM), headers=headers))
    calls.chat("gpt-4o", HELLO)
    sent = recorder.requests[0].headers
    assert (sent["api-key"], sent["x-team"]) == (KEY, TEAM)  # it did go over the wire
    assert leaks(wire) == []
    one = only(wire)
    assert (header(one, "x-team"), header(one, "x-environment")) == ("•••", "production")
    assert dict(one.answer_headers)["location"][0] == "https://else.test/?key="
    assert '"raw": "plain"' in shown(one.answer)
    curl = wire.curl()
    assert 'printf \'%s\\n\' "X-Team: ${TEAM}" "api-key: ${KEY}" | curl' in curl
    assert "--header 'X-Environment: production'" in curl


@pytest.mark.parametrize(
    ("name", "template", "kept"),
    [
        ("X-Contoso", "{api_key}", "•••"),
        ("Authorization", "Bearer {api_key}", "Bearer •••"),
        ("X-Contoso", "id=7;{api_key}", "id=7;•••"),
        ("X-Two", "{api_key}:{api_key}", "•••:•••"),
    ],
)
def test_the_header_of_auth_config_is_masked_whatever_its_name(name: str, template: str, kept: str) -> None:
    which = connection(authConfig={"name": name, "format": template})
    calls, wire, recorder = gateway(which, lambda _: reply(401, echoes(KEY)))
    calls.chat("gpt-4o", HELLO)
    assert KEY in recorder.requests[0].headers[name]
    assert header(only(wire), name) == kept
    assert leaks(wire) == []


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("Authorization", "Bearer unheard-of-Canary", "Bearer •••"),
        ("Authorization", f"Basic {b64encode(b'user:unheard-of-Canary').decode()}", "Basic •••"),
        ("x-functions-key", "unheard-of-Canary", "•••"),
        ("Ocp-Apim-Subscription-Key", "unheard-of-Canary", "•••"),
        ("X-Auth-Ticket", "unheard-of-Canary", "•••"),
        ("Cookie", "session=unheard-of-Canary; theme=dark", "•••"),
    ],
)
def test_a_header_that_carries_secrets_by_its_name_is_masked_and_so_is_its_echo(
    name: str, value: str, kept: str
) -> None:
    wire = Wire()
    http, _ = client(wire, lambda request: reply(401, f"refused: {request.headers[name].split(' ', 1)[-1]}"))
    http.get("https://gateway.test/", headers={name: value})
    assert header(only(wire), name) == kept
    assert "Canary" not in views(wire)
    assert b64encode(b"unheard-of-Canary").decode()[4:-4] not in views(wire)


def token_server(request: httpx.Request) -> httpx.Response:
    """Gives out a token, and repeats what it was sent; the gateway repeats the token."""
    if request.url.host == "login.test":
        form = parse_qs(request.content.decode())
        return reply(200, {"access_token": TOKEN, "expires_in": 300, "was": form["client_secret"][0], "all": str(form)})
    return reply(403, echoes(TOKEN, CLIENT_SECRET))


def test_an_oauth2_client_leaves_neither_its_secret_nor_its_token() -> None:
    calls, wire, recorder = gateway(oauth2(), token_server)
    calls.chat("gpt-4o", HELLO)
    assert quote_plus(CLIENT_SECRET) in raw(recorder)
    assert recorder.requests[-1].headers["authorization"] == f"Bearer {TOKEN}"
    assert leaks(wire) == []
    token, chat = wire.traffic.exchanges
    assert shown(token.body) == (
        "grant_type=client_credentials&client_id=client&client_secret=•••&scope=models.read+models.invoke"
    )
    assert '"access_token": "•••", "expires_in": 300, "was": "•••"' in shown(token.answer)
    assert header(chat, "authorization") == "Bearer •••"


@pytest.mark.parametrize(
    "answer",
    [
        json.dumps({"padding": "x" * 30_000, "access_token": TOKEN}),
        json.dumps({"access_token": "x" * 50 + TOKEN * 2000}),
        f"access_token={quote(TOKEN)}&expires_in=300",
        f'{{"access_token": "{TOKEN}"',
        json.dumps({"refresh_token": TOKEN, "id_token": TOKEN, "accessToken": TOKEN, "clientSecret": TOKEN}),
        json.dumps({"inner": json.dumps({"access_token": TOKEN})}),
    ],
)
def test_a_token_is_masked_by_its_name_in_any_form_of_answer(answer: str) -> None:
    calls, wire, _ = gateway(oauth2(), lambda _: reply(200, answer))
    calls.chat("gpt-4o", HELLO)
    assert leaks(wire) == []


def test_a_managed_identitys_token_is_never_recorded() -> None:
    which = connection(
        category="ApiManagement",
        authType="ProjectManagedIdentity",
        apiKey=None,
        audience="https://cognitiveservices.azure.com",
    )
    calls, wire, recorder = gateway(which, lambda _: reply(401, echoes(ENTRA)), credential=Entra())
    calls.chat("gpt-4o", HELLO)
    assert ENTRA in raw(recorder)
    assert leaks(wire) == []
    asked = (
        "az account get-access-token --resource https://cognitiveservices.azure.com --query accessToken --output tsv"
    )
    assert wire.curl().startswith(f'TOKEN="$({asked})"\nprintf \'%s\\n\' "Authorization: Bearer $TOKEN" | curl ')


def azure_target(url: str) -> Target:
    return Target(kind="azure", arm=url, project_resource_id=PROJECT, project_endpoint=f"{url}/api/projects/workshop")


@pytest.mark.parametrize(
    "which",
    [
        connection(customHeaders={"X-Team": "env:TEAM"}),
        oauth2(customHeaders={"X-Team": "env:TEAM"}),
    ],
    ids=["key", "oauth2"],
)
def test_the_credentials_of_a_put_are_never_recorded(which: Connection) -> None:
    wire = Wire()
    secrets, credential = wire.secrets(Secrets(CANARIES)), wire.credential(Entra())

    def respond(request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content or b"{}")
        return reply(200, body | {"echo": echoes((which.api_key and KEY) or CLIENT_SECRET, TEAM, ENTRA)})

    http, recorder = client(wire, respond)
    connections = Connections(azure_target("https://arm.test"), http, credential=credential, secrets=secrets)
    connections.put(which)
    sent = json.loads(recorder.requests[0].content)["properties"]
    assert {KEY, CLIENT_SECRET} & set(sent["credentials"].values())
    assert json.loads(sent["metadata"]["customHeaders"]) == {"X-Team": TEAM}
    assert leaks(wire) == []
    recorded = json.loads(shown(only(wire).body))["properties"]
    assert recorded["authType"] == which.auth_type
    assert recorded["metadata"]["customHeaders"] == '{"X-Team":"•••"}'
    assert recorded["metadata"]["models"] == sent["metadata"]["models"]
    assert recorded["credentials"] in ({"key": "•••"}, {"clientId": "client", "clientSecret": "•••"})


def test_credentials_that_others_stored_are_masked_and_known_from_then_on() -> None:
    stored = {"key": 'their "Canary" key', "extra": "their-other-Canary", "clientId": "theirs"}
    wire, answers = Wire(), iter(({"properties": {"credentials": stored}}, {"echo": list(stored.values())}))
    http, _ = client(wire, lambda _: reply(200, next(answers)))
    http.post("https://arm.test/listSecrets")
    http.post("https://arm.test/else")
    assert "Canary" not in views(wire)
    assert '"clientId": "theirs"' in shown(wire.traffic.exchanges[0].answer)


def test_a_key_in_a_url_is_masked() -> None:
    wire, url = (
        Wire(),
        "https://gateway.test/v1?api-version=2024&sig=a%2BCanary%3D&subscription-key=Canary&code=Canary&max=3",
    )
    http, recorder = client(wire, lambda _: reply(200, {"nextLink": url, "error": {"code": "NotFound"}}))
    http.get(url)
    assert "Canary" in str(recorder.requests[0].url)
    assert (
        shown(only(wire).url) == "https://gateway.test/v1?api-version=2024&sig=•••&subscription-key=•••&code=•••&max=3"
    )
    assert '"code": "NotFound"' in shown(only(wire).answer)
    assert "Canary" not in views(wire)


def test_what_is_no_secret_is_left_as_it_is() -> None:
    body = {
        "usage": {"total_tokens": 7, "completion_tokens": 1},
        "authType": "ApiKey",
        "metadata": {"authConfig": '{"type":"api_key","name":"api-key","format":"{api_key}"}'},
        "error": {"code": "DeploymentNotFound", "message": "no key? see https://docs.test/?topic=keys&lang=en"},
        "keywords": "a b",
        "author": "me",
    }
    wire = Wire()
    http, _ = client(wire, lambda _: reply(200, body))
    http.get("https://gateway.test/")
    assert json.loads(shown(only(wire).answer)) == body


SECRET = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=8, max_size=40)
WRAPPED = {
    "plain": str,
    "JSON": lambda text: json.dumps(text)[1:-1],
    "JSON in JSON, as UTF-8": lambda text: json.dumps(json.dumps(text, ensure_ascii=False), ensure_ascii=False),
    "JSON in JSON in JSON": lambda text: json.dumps(json.dumps(json.dumps(text))),
    "URL": lambda text: quote(text, safe=""),
    "form": quote_plus,
    "HTML": escape,
    "Python": repr,
    "bytes": lambda text: repr(text.encode()),
}


@given(secret=SECRET, around=st.tuples(st.text(max_size=20), st.text(max_size=20)), way=st.sampled_from([*WRAPPED]))
def test_no_secret_is_left_in_any_spelling(secret: str, around: tuple[str, str], way: str) -> None:
    masking = Masking()
    masking.learn(secret, "${KEY}")
    written = WRAPPED[way](secret)
    left = shown(masking.text(f"{around[0]} {written} {around[1]}"))
    assert "•••" in left
    assert written.strip("'\"b\\") not in left.replace(around[0], "").replace(around[1], "")


@given(secret=SECRET, before=st.binary(max_size=5), after=st.binary(max_size=5))
def test_no_secret_is_left_in_base64(secret: str, before: bytes, after: bytes) -> None:
    masking = Masking()
    masking.learn(secret, "${KEY}")
    for encode in (b64encode, urlsafe_b64encode):
        assert shown(masking.text(f"Basic {encode(before + secret.encode() + after).decode()}.")) == "Basic •••."


@given(secret=SECRET, text=st.text(max_size=200))
def test_masking_takes_nothing_but_secrets(secret: str, text: str) -> None:
    masking = Masking()
    masking.learn(secret, "${KEY}")
    if "=" not in text and '"' not in text and not any(mark in secret or mark in text for mark in "%&\\+"):
        assert shown(masking.text(text)) == text.replace(secret, "•••")


def test_a_very_long_secret_goes_whole() -> None:
    masking, secret = Masking(), "x+/" * 20_000
    masking.learn(secret, "${KEY}")
    assert shown(masking.text(f"<{secret}> <{secret[:50_000]}", whole=False)) == "<•••> <•••"


def test_a_short_secret_garbles_no_text() -> None:
    masking = Masking()
    masking.learn("abc", "${KEY}")
    assert masking.text("abc") == ("abc",)


def test_a_wire_holds_no_secret_that_its_stored_form_or_repr_could_tell() -> None:
    calls, wire, _ = gateway(connection(), lambda _: reply(200, chat_answer()))
    calls.chat("m", HELLO)
    stored = pickle.loads(pickle.dumps(wire))  # noqa: S301  our own
    assert isinstance(stored, Traffic)
    assert repr(stored) == repr(wire)
    assert "Canary" not in repr(wire.masking) + repr(vars(wire)) + repr(wire.secrets(Secrets(CANARIES)))


# Curl: the same request again, by a real shell


@pytest.fixture
def heard() -> list[tuple[str, str, bytes]]:
    return []


@pytest.fixture
def echo(heard: list[tuple[str, str, bytes]]) -> Iterator[str]:
    """A server that keeps what it hears, and gives out a token to whom asks for one."""

    def respond(method: str, path: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        heard.append((method, path, body))
        return 200, {"content-type": "application/json"}, json.dumps({"access_token": TOKEN, "id": "x"}).encode()

    with server(respond) as url:
        yield url


def run(script: str) -> str:
    """What a POSIX shell makes of the lines; the secrets are in its variables."""
    done = subprocess.run(
        ["/bin/sh", "-c", script], env=os.environ | CANARIES, capture_output=True, text=True, check=False, timeout=30
    )
    assert done.stderr == ""
    return done.stdout


def alike(one: bytes, other: bytes) -> bool:
    """Bodies of the same meaning: a shell's form is in another order, its document ends in a line feed."""
    forms = parse_qs(one.decode()), parse_qs(other.decode())
    return one.strip() == other.strip() or (forms[0] == forms[1] != {})


@pytest.mark.parametrize("text", ["hello", 'it\'s $HOME `id` \\n "quoted" @file ${KEY} $(id)', "Grüße\n世界 🌍"])
@pytest.mark.parametrize("kind", ["key", "oauth2"])
def test_the_lines_repeat_a_call_with_the_secrets_of_the_shell(
    text: str, kind: str, echo: str, heard: list[tuple[str, str, bytes]]
) -> None:
    custom = {"X-Team": "env:TEAM", "X-Note": "it's 5 $"}
    which = (
        connection(
            targetUrl=f"{echo}/v1",
            inferenceAPIVersion="2024-10-21",
            authConfig={"name": "X-K", "format": "$1 {api_key}"},
            customHeaders=custom,
        )
        if kind == "key"
        else oauth2(targetUrl=f"{echo}/v1", tokenUrl=f"{echo}/token", customHeaders=custom)
    )
    wire = Wire()
    with httpx.Client(transport=wire.transport(httpx.HTTPTransport())) as http:
        Gateway(which, http, secrets=wire.secrets(Secrets(CANARIES))).chat("m", [{"role": "user", "content": text}])
    sent, _ = list(heard), heard.clear()
    assert run(wire.latest().curl()).count("HTTP/1.1 200 OK") == 1
    assert len(heard) == len(sent) == (1 if kind == "key" else 2)
    for (method, path, body), (method_again, path_again, body_again) in zip(sent, heard, strict=True):
        assert (method, path) == (method_again, path_again)
        assert alike(body, body_again)
    assert leaks(wire) == []


def test_the_lines_repeat_a_put_with_credentials(echo: str, heard: list[tuple[str, str, bytes]]) -> None:
    wire = Wire()
    line = 'TOKEN="$(printf \'%s\' "${ENTRA}")"'
    with httpx.Client(transport=wire.transport(httpx.HTTPTransport())) as http:
        Connections(
            azure_target(echo),
            http,
            credential=wire.credential(Entra(), line=lambda _: line),
            secrets=wire.secrets(Secrets(CANARIES)),
        ).put(connection(customHeaders={"X-Team": "env:TEAM", "X-Key": "env:KEY"}))
    run(wire.curl())
    (_, _, body), (method, path, again) = heard
    assert (method, path) == ("PUT", f"{PROJECT}/connections/contoso?api-version=2025-04-01-preview")
    assert json.loads(body) == json.loads(again)
    assert json.loads(json.loads(again)["properties"]["metadata"]["customHeaders"])["X-Key"] == KEY
    assert leaks(wire) == []


def test_a_key_in_a_url_is_the_shells_too(echo: str, heard: list[tuple[str, str, bytes]]) -> None:
    wire = Wire()
    with httpx.Client(transport=wire.transport(httpx.HTTPTransport())) as http:
        http.get(f"{echo}/v1?a=b&client_secret={quote(CLIENT_SECRET, safe='')}")
    lines = f'CLIENT_SECRET="{quote(CLIENT_SECRET, safe="")}"\n{wire.curl()}'
    assert "HTTP/1.1 200 OK" in run(lines)
    assert heard[0] == heard[1]
    assert leaks(wire) == []


def test_a_token_is_fetched_once_for_the_lines_that_need_it() -> None:
    calls, wire, _ = gateway(oauth2(), token_server)
    calls.chat("a", HELLO)
    calls.chat("b", HELLO)
    assert wire.curl().count("TOKEN=") == 1
    assert wire.latest().curl().count("TOKEN=") == 1


# The official clients, and a step


def test_the_sdks_calls_are_recorded_too_with_each_retry_and_without_the_token() -> None:
    answers = iter([503, 200])

    def respond(_: str, path: str, __: bytes) -> tuple[int, dict[str, str], bytes]:
        if "/connections" in path:
            return next(answers), {"retry-after": "0", "content-type": "application/json"}, b'{"value": []}'
        return 401, {"content-type": "application/json", "x-should-retry": "false"}, echoes(ENTRA).encode()

    wire = Wire()
    with server(respond) as url, Agents(azure_target(url), credential=wire.credential(Entra()), wire=wire) as agents:
        assert agents.connections() == {}
        assert agents.ask("somebody", "hello").problem
        with pytest.raises(ServiceError):
            agents.versions("somebody")
    assert [(one.method, one.status) for one in wire.traffic.exchanges] == [
        ("GET", 503),
        ("GET", 200),
        ("POST", 401),
        ("GET", 401),
    ]
    assert all(header(one, "authorization") == "Bearer •••" for one in wire.traffic.exchanges)
    assert json.loads(shown(wire.to("POST").exchanges[0].body))["input"] == "hello"
    assert leaks(wire) == []


def test_an_sdk_that_gets_no_answer_is_recorded() -> None:
    wire = Wire()
    with Agents(azure_target("http://127.0.0.1:1"), credential=wire.credential(Entra()), wire=wire) as agents:
        assert agents.ask("somebody", "hello").problem
    assert {one.status for one in wire.traffic.exchanges} == {None}
    assert all(one.outcome.startswith("no answer (ConnectError") for one in wire.traffic.exchanges)


def variables(step: Step) -> Iterable[str]:
    assert step.target.descriptor is not None
    return step.target.descriptor.environment.values()


def test_a_step_shows_what_it_sent_and_its_lines_repeat_it_on_the_sandbox(run: Run, sandbox: Target) -> None:
    step = Step.begin("05_clean_up", run.folder)
    wanted = step.connections.describe(load_profile("modelgateway-oauth2"))
    step.connections.put(wanted)
    assert step.gateway(wanted).chat("gpt-4o", HELLO).ok
    step.agents().latest("nobody")
    seen = [
        (one.method, httpx.URL(shown(one.url)).path.rsplit("/", 1)[-1], one.status)
        for one in step.wire.traffic.exchanges
    ]
    assert seen == [
        ("PUT", wanted.name, 200),
        ("POST", "token", 200),
        ("POST", "completions", 200),
        ("GET", "nobody", 404),
    ]
    told = views(step.wire)
    assert not [value for value in variables(step) if "://" not in value and value in told]
    assert sandbox.descriptor is not None
    for one in step.wire.traffic.exchanges:
        done = subprocess.run(
            ["/bin/sh", "-c", Traffic((one,)).curl()],
            env=os.environ | sandbox.descriptor.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
        assert f"HTTP/1.1 {one.status}" in done.stdout or '"access_token"' in done.stdout
    step.checkpoint(holds=True, found="done")
    assert len(step.wire.traffic) == 4  # to be read after the checkpoint


def test_a_probe_is_recorded_where_it_is_given_a_wire(sandbox: Target) -> None:
    wire = Wire()
    probed = find_settings("sandbox://apim", ProbeOptions(key="env:SANDBOX_API_KEY"), wire=wire)
    assert probed.profile is not None
    assert len(wire.traffic) == len(probed.evidence)
    assert sandbox.descriptor is not None
    assert sandbox.descriptor.environment["SANDBOX_API_KEY"] not in views(wire)


def test_recording_holds_no_lock_while_it_waits(tmp_path: Path) -> None:
    del tmp_path
    wire, go = Wire(), threading.Event()

    def respond(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/slow":
            assert go.wait(10)
        return reply(200, {})

    http, _ = client(wire, respond)
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(http.get, "https://gateway.test/slow")
        http.get("https://gateway.test/fast")
        assert [shown(one.url) for one in wire.traffic.exchanges] == ["https://gateway.test/fast"]
        go.set()
        assert slow.result().status_code == 200
    assert len(wire.traffic) == 2
