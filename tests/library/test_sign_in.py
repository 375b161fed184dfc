"""How a gateway is signed in to with OAuth2 client credentials and with Entra."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import httpx
import pytest

from tests.library.wire import CLIENT_SECRET, Credential, chat_answer, connection, dynamic, gateway, oauth2, reply

if TYPE_CHECKING:
    from collections.abc import Iterator

HELLO = [{"role": "user", "content": "hello"}]


class Login:
    """A token endpoint and a gateway that takes its tokens, each token until it is revoked."""

    def __init__(self, *, lifetime: int | None = 300) -> None:
        self.issued: list[str] = []
        self.revoked: set[str] = set()
        self.lifetime = lifetime

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.host == "login.test":
            self.issued.append(f"token-{len(self.issued) + 1}")
            expiry = {"expires_in": self.lifetime} if self.lifetime else {}
            return reply(200, {"access_token": self.issued[-1], "token_type": "Bearer"} | expiry)
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        return reply(200, chat_answer()) if token in set(self.issued) - self.revoked else reply(401, {"error": "no"})


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """The clock's time, to be moved."""
    clock = [time.time()]
    monkeypatch.setattr(time, "time", lambda: clock[0])
    return clock


def test_the_token_is_asked_for_as_a_form() -> None:
    client, recorder = gateway(oauth2(), Login())
    assert client.chat("m", HELLO).ok
    token, inference = recorder.requests
    assert f"{token.method} {token.url}" == "POST https://login.test/token"
    assert token.headers["content-type"] == "application/x-www-form-urlencoded"
    assert parse_qs(token.content.decode(), strict_parsing=True) == {
        "grant_type": ["client_credentials"],
        "client_id": ["client"],
        "client_secret": [CLIENT_SECRET],
        "scope": ["models.read models.invoke"],
    }
    assert inference.headers["authorization"] == "Bearer token-1"
    assert "api-key" not in inference.headers


def test_without_scopes_none_are_sent() -> None:
    client, recorder = gateway(oauth2(scopes=[]), Login())
    client.chat("m", HELLO)
    assert "scope" not in parse_qs(recorder.requests[0].content.decode())


def test_discovery_signs_in_with_the_same_token() -> None:
    sign_in = {"authType": "OAuth2", "apiKey": None, "clientId": "c", "clientSecret": "env:CLIENT_SECRET"}
    client, recorder = gateway(dynamic("OpenAI", **sign_in, tokenUrl="https://login.test/token"), Login())
    client.list_models()
    client.get_model("m")
    client.chat("m", HELLO)
    assert [request.headers.get("authorization") for request in recorder.requests] == [None] + ["Bearer token-1"] * 3


def test_a_token_is_kept_until_shortly_before_it_expires(now: list[float]) -> None:
    login = Login(lifetime=300)
    client, _ = gateway(oauth2(), login)
    for seconds in (0, 200, 30):
        now[0] += seconds
        assert client.chat("m", HELLO).ok
    assert len(login.issued) == 1
    now[0] += 15  # 55 seconds are left
    assert client.chat("m", HELLO).ok
    assert len(login.issued) == 2


def test_a_token_without_an_end_is_kept(now: list[float]) -> None:
    login = Login(lifetime=None)
    client, _ = gateway(oauth2(), login)
    client.chat("m", HELLO)
    now[0] += 1_000_000
    client.chat("m", HELLO)
    assert len(login.issued) == 1


def test_a_401_fetches_a_token_once_more() -> None:
    login = Login()
    client, recorder = gateway(oauth2(), login)
    client.chat("m", HELLO)
    login.revoked.add("token-1")
    assert client.chat("m", HELLO).ok
    assert recorder.seen[2:] == [
        "POST https://gateway.test/v1/chat/completions",
        "POST https://login.test/token",
        "POST https://gateway.test/v1/chat/completions",
    ]
    assert recorder.requests[2].content == recorder.requests[4].content


def test_a_401_that_stays_is_an_answer_after_one_more_try() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        return reply(200, {"access_token": "t"}) if request.url.host == "login.test" else reply(401, {"error": "never"})

    client, recorder = gateway(oauth2(), refuse)
    assert client.chat("m", HELLO).outcome == "401 never"
    assert len(recorder.requests) == 4


@pytest.mark.parametrize(
    ("status", "content", "outcome"),
    [
        (401, {"error": "invalid_client"}, "401 invalid_client"),
        (302, "", "302 "),
        (200, "<html>sign in</html>", "200 without an access_token"),
        (200, {"token": "x"}, "200 without an access_token"),
        (200, ["x"], "200 without an access_token"),
        (200, {"access_token": ""}, "200 without an access_token"),
    ],
)
def test_a_refused_token_is_the_token_endpoints_exchange(status: int, content: Any, outcome: str) -> None:
    client, recorder = gateway(oauth2(), lambda _: reply(status, content))
    exchange = client.chat("m", HELLO)
    assert (exchange.asked, exchange.url, exchange.status) == ("token", "https://login.test/token", status)
    assert (exchange.ok, exchange.outcome) == (False, outcome)
    assert CLIENT_SECRET not in exchange.model_dump_json()
    assert len(recorder.requests) == 1


def test_a_token_endpoint_that_is_down_is_data() -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    client, _ = gateway(oauth2(), respond)
    assert client.chat("m", HELLO).outcome == "no answer (ConnectError: refused)"


def test_a_token_of_another_shape_is_refetched_only_when_refused() -> None:
    login = Login(lifetime=30)  # shorter than the leeway: good for one call each
    client, _ = gateway(oauth2(), login)
    assert client.chat("m", HELLO).ok
    assert client.chat("m", HELLO).ok
    assert len(login.issued) == 2


@pytest.mark.parametrize("audience", ["https://cognitiveservices.azure.com", "https://cognitiveservices.azure.com/"])
def test_managed_identity_sends_an_entra_token_for_the_audience(audience: str) -> None:
    identity = connection(
        category="ApiManagement",
        staticModels=None,
        authType="ProjectManagedIdentity",
        apiKey=None,
        audience=audience,
        deploymentInPath=True,
    )
    credential = Credential()
    client, recorder = gateway(identity, lambda _: reply(200, chat_answer()), credential=credential)
    client.chat("m", HELLO)
    client.list_models()
    scope = "https://cognitiveservices.azure.com/.default"
    assert credential.scopes == [scope, scope]
    assert [request.headers["authorization"] for request in recorder.requests] == [f"Bearer token for {scope}"] * 2
