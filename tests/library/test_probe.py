"""The search on gateways that are odd, each in its own way: what it finds, what it asks, and where it stops."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway_workbook.errors import ProfileError, UsageError
from gateway_workbook.probe import Probed, probe
from gateway_workbook.probe_asking import Access
from gateway_workbook.probe_budget import MOST, Bounded
from gateway_workbook.probe_header import REFUSALS
from gateway_workbook.probe_session import ProbeOptions
from gateway_workbook.probe_url import read_url
from gateway_workbook.profile import AuthConfig
from tests.library.wire import KEY, SECRETS, Recorder, chat_answer, reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway_workbook.finding import Finding

HOST = "https://gateway.example"
TOKEN_URL = "https://login.example/token"
NOT_FOUND = {"error": {"code": "model_not_found", "message": "The model does not exist"}}


@dataclass(frozen=True)
class Outcome:
    probed: Probed
    requests: list[httpx.Request]
    slept: list[float]

    @property
    def code(self) -> str:
        return self.probed.finding.code if self.probed.finding else ""

    @property
    def finding(self) -> Finding:
        assert self.probed.finding is not None
        return self.probed.finding

    @property
    def data(self) -> dict[str, Any]:
        assert self.probed.profile is not None, self.probed.finding
        return self.probed.profile.to_data()


def search(
    respond: Callable[[httpx.Request], httpx.Response], url: str = HOST, *, most: int = MOST, **options: Any
) -> Outcome:
    recorder, slept = Recorder(respond), []
    told = ProbeOptions(**({"key": "env:KEY"} | options))
    transport = Bounded(httpx.MockTransport(recorder), [HOST, TOKEN_URL], most=most, sleep=slept.append)
    found = probe(told.given(read_url(url)), transport, access=Access(secrets=SECRETS))
    assert len(recorder.requests) == found.requests
    assert KEY not in found.model_dump_json()
    return Outcome(found, recorder.requests, slept)


def model(request: httpx.Request) -> str:
    return str(json.loads(request.content).get("model", ""))


def chat(request: httpx.Request, *models: str) -> httpx.Response:
    """A chat completion of one of the models named in the body."""
    return reply(200, chat_answer()) if model(request) in models else reply(404, NOT_FOUND)


def kong(request: httpx.Request) -> httpx.Response:
    """Routes first, then a key in `apikey`; lists nothing."""
    if request.url.path != "/llm/v1/chat/completions" or request.method != "POST":
        return reply(404, {"message": "no Route matched with those values"})
    if "apikey" not in request.headers:
        challenge = {"WWW-Authenticate": 'Key realm="kong"'}
        return reply(401, {"message": "No API key found in request"}, headers=challenge)
    if request.headers["apikey"] != KEY:
        return reply(401, {"message": "Unauthorized"})
    return chat(request, "gpt-4o-mini")


def test_kong_with_its_own_header_and_no_list() -> None:
    found = search(kong, f"{HOST}/llm")
    assert found.data["authConfig"]["name"] == "apikey"
    assert found.data["targetUrl"] == f"{HOST}/llm/v1"
    assert [one["name"] for one in found.data["staticModels"]] == ["gpt-4o-mini"]
    assert found.probed.requests <= 15


def test_a_wrong_key_is_told_from_a_wrong_header_and_stops_early() -> None:
    found = search(
        lambda request: (
            reply(401, {"message": "Unauthorized"})
            if request.headers.get("apikey")
            else reply(401, {"message": "No API key found in request"}, headers={"WWW-Authenticate": "Key"})
        ),
        f"{HOST}/v1",
    )
    assert found.code == "wrong-key"
    assert "reads the header apikey" in found.finding.cause
    assert sum("apikey" in request.headers for request in found.requests) <= 4


@pytest.mark.parametrize(
    ("words", "challenge", "code"),
    [
        ("the token is not one of this tenant", 'Bearer error="invalid_token"', "token-wanted"),
        ("Unauthorized", 'Bearer error="invalid_token"', "token-wanted"),
        ("Unauthorized. Access token is missing or invalid.", "", "token-wanted"),
        ("Jwt is not in the form of Header.Payload.Signature with two dots", 'Bearer realm="gateway"', "token-wanted"),
        ("Unauthorized", "Bearer", "wrong-key"),
        ("Invalid API key", 'Bearer error="invalid_token"', "wrong-key"),
        ("Invalid proxy server token passed. Received API Key = sk-...1234", "", "wrong-key"),
    ],
)
def test_a_key_where_a_token_is_wanted(words: str, challenge: str, code: str) -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        seen = request.headers.get("authorization", "").startswith("Bearer ")
        headers = {"WWW-Authenticate": challenge if seen else "Bearer"} if challenge else {}
        return reply(401, {"message": words if seen or not challenge else "missing"}, headers=headers)

    found = search(respond, f"{HOST}/v1")
    assert found.code == code
    assert ("--client-id" in found.finding.mend, "--identity" in found.finding.mend) == (code == "token-wanted",) * 2
    assert "env:KEY" in found.finding.mend


def nginx(request: httpx.Request) -> httpx.Response:
    if request.headers.get("authorization") != f"Bearer {KEY}":
        return reply(401, "<html><h1>401 Authorization Required</h1></html>", headers={"content-type": "text/html"})
    if request.url.path == "/v1/models":
        return reply(200, {"object": "list", "data": [{"id": "llama"}, {"id": "phi"}]})
    if request.url.path == "/v1/chat/completions":
        return chat(request, "llama", "phi")
    return reply(404, "404 page not found", headers={"content-type": "text/plain"})


@pytest.mark.parametrize("path", ["", "/", "/v1", "/v1/models", "/v1/chat/completions", "/openai", "/openai/v1/"])
def test_a_401_without_a_hint(path: str) -> None:
    found = search(nginx, HOST + path)
    assert found.data["targetUrl"] == f"{HOST}/v1"
    assert found.data["authConfig"]["format"] == "Bearer {api_key}"
    assert found.data["staticModels"][1]["name"] == "phi", "listed, and none can be got"
    assert found.probed.requests <= 15


def test_a_gateway_that_fails_where_others_refuse() -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        if request.headers.get("authorization") != f"Bearer {KEY}":
            return reply(500, "Internal Server Error")
        if request.url.path.startswith("/v1/models"):
            return reply(200, {"data": [{"id": "a"}], "id": "a"})
        if request.url.path == "/v1/chat/completions":
            return reply(200, chat_answer()) if model(request) == "a" else reply(400, NOT_FOUND)
        return reply(500, "Internal Server Error")

    found = search(respond)
    assert (found.data["targetUrl"], found.data["listModelsEndpoint"]) == (f"{HOST}/v1", "/models")
    assert found.probed.requests <= 15


def test_a_list_open_to_all_does_not_settle_the_header() -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        if request.url.path.startswith("/api/v1/models"):
            return reply(200, {"data": [{"id": "a/b"}], "id": "a/b"})
        if request.url.path != "/api/v1/chat/completions":
            return reply(404, "Not Found")
        if request.headers.get("x-api-key") != KEY:
            return reply(401, {"error": {"message": "No auth credentials found", "code": 401}})
        return chat(request, "a/b")

    found = search(respond, f"{HOST}/api/v1")
    assert found.data["authConfig"]["name"] == "x-api-key"
    assert found.data["getModelEndpoint"] == "/models/{deploymentName}"


def test_a_key_that_is_taken_for_calls_only() -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return reply(401, {"message": "Sign in"})
        return chat(request, "gpt-4o") if request.headers.get("api-key") == KEY else reply(401, {"message": "Sign in"})

    found = search(respond, f"{HOST}/v1/chat/completions")
    assert found.data["staticModels"][0]["name"] == "gpt-4o"
    assert found.probed.requests <= 15


def test_a_key_that_is_taken_for_the_list_only() -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        if request.headers.get("api-key") == KEY and request.method == "GET":
            return reply(200, {"data": [{"id": "a"}], "id": "a"})
        return reply(401, {"message": "Access denied"})

    found = search(respond, f"{HOST}/v1")
    assert found.code in ("key-on-one-path", "wrong-key")
    assert sum(request.method == "POST" and KEY in str(request.headers.raw) for request in found.requests) <= REFUSALS


def amazon(request: httpx.Request) -> httpx.Response:
    if request.url.path != "/prod/chat/completions":
        return reply(403, {"message": "Missing Authentication Token"})
    return chat(request, "gpt-4o") if request.headers.get("x-api-key") == KEY else reply(403, {"message": "Forbidden"})


def test_a_403_that_means_no_such_path() -> None:
    found = search(amazon, f"{HOST}/prod/chat/completions")
    assert (found.data["authConfig"]["name"], found.data["targetUrl"]) == ("x-api-key", f"{HOST}/prod")


def test_a_header_somebody_names_is_the_only_one() -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        good = request.headers.get("client_secret") == f"{KEY}" and request.headers.get("client_id") == "team"
        return chat(request, "gpt-4o") if good and request.method == "POST" else reply(401, "Invalid client")

    headers = ("client_secret: {api_key}", "client_id: team")
    found = search(respond, f"{HOST}/api/llm/chat/completions", headers=headers, model="gpt-4o")
    assert found.data["authConfig"] == {"type": "api_key", "name": "client_secret", "format": "{api_key}"}
    assert found.data["customHeaders"] == {"client_id": "team"}
    assert not any("api-key" in request.headers or "authorization" in request.headers for request in found.requests)


def everything(content: Any) -> Callable[[httpx.Request], httpx.Response]:
    return lambda _: reply(200, content, headers={"content-type": "text/html"} if isinstance(content, str) else {})


def test_200_for_everything_says_that_it_proves_nothing() -> None:
    found = search(everything(chat_answer()), f"{HOST}/v1")
    assert {one.code for one in found.probed.warnings} == {"unknown-model-answered", "key-not-looked-at"}
    assert found.probed.profile is not None


@pytest.mark.parametrize(
    ("content", "code"),
    [("<!doctype html><title>Sign in</title>", "html"), ({"status": "ok"}, "wrong-shape"), ([], "wrong-shape")],
)
def test_200_without_an_answer_is_no_success(content: Any, code: str) -> None:
    found = search(everything(content))
    assert found.code == code
    assert found.probed.profile is None
    assert found.probed.requests <= 30


def test_a_storm_of_429_ends_after_two_waits() -> None:
    found = search(lambda _: reply(429, {"message": "Rate limit"}))
    assert (found.code, len(found.requests), found.slept) == ("rate-limit", 3, [2.0, 5.0])
    assert found.probed.beside == "2 were sent again after a 429"


def test_a_429_in_the_middle_costs_a_moment_only() -> None:
    calls = iter(range(100))

    def respond(request: httpx.Request) -> httpx.Response:
        return reply(429, headers={"Retry-After": "1"}) if next(calls) == 2 else nginx(request)

    found = search(respond, f"{HOST}/v1")
    assert found.slept == [1.0]
    assert found.probed.beside == "1 was sent again after a 429"
    assert found.data["targetUrl"] == f"{HOST}/v1"


@pytest.mark.parametrize(
    ("location", "code"),
    [("https://other.example/v1", "redirect"), ("https://login.example/oauth2/authorize", "login-redirect")],
)
def test_a_redirect_is_told_and_never_followed(location: str, code: str) -> None:
    found = search(lambda _: reply(302, "", headers={"Location": location}))
    assert found.code == code
    assert {request.url.host for request in found.requests} == {"gateway.example"}


def test_a_redirect_on_the_same_host_comes_with_its_mend() -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        return reply(308, "", headers={"Location": f"{HOST}/new{request.url.path}"})

    found = search(respond, f"{HOST}/v1")
    assert found.finding.change == {"targetUrl": f"{HOST}/new/v1"}


@pytest.mark.parametrize(
    ("error", "code", "requests"),
    [
        (httpx.ConnectTimeout, "connect-timeout", 1),
        (httpx.ReadTimeout, "read-timeout", 2),
        (httpx.RemoteProtocolError, "garbled", 2),
    ],
)
def test_silence_ends_the_search_at_once(error: type[httpx.TransportError], code: str, requests: int) -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        raise error("nothing came", request=request)

    found = search(respond, HOST)
    assert (found.code, len(found.requests)) == (code, requests)


def reasoning(request: httpx.Request) -> httpx.Response:
    """Takes its limit of tokens by the newer name only."""
    if request.url.path != "/v1/chat/completions" or request.method != "POST":
        return reply(404, "Not Found")
    if "max_tokens" in json.loads(request.content):
        message = "Unsupported parameter: 'max_tokens' is not supported with this model."
        return reply(400, {"error": {"message": message, "code": "unsupported_parameter"}})
    return chat(request, "o3")


def test_a_model_that_takes_another_limit_of_tokens() -> None:
    found = search(reasoning, f"{HOST}/v1", model="o3")
    assert found.data["staticModels"][0]["name"] == "o3"
    calls = [request for request in found.requests if request.method == "POST"]
    assert sum("max_tokens" in json.loads(request.content) for request in calls) == 1
    assert all(len(request.content) < 200 for request in calls)


def versioned(request: httpx.Request) -> httpx.Response:
    """Azure's words for an api-version that is missing, or is none of its own."""
    version = request.url.params.get("api-version")
    if version is None:
        return reply(400, {"error": {"code": "MissingApiVersion", "message": "The api-version query is required."}})
    if version != "2025-03-01":
        message = "The API version is not supported. Supported: 2024-12-01-preview, 2025-03-01, 2024-02-01."
        return reply(400, {"error": {"code": "UnsupportedApiVersion", "message": f"api-version {version}. {message}"}})
    return chat(request, "gpt-4o") if request.url.path == "/ai/chat/completions" else reply(404, "Not Found")


def test_the_api_version_that_a_refusal_names() -> None:
    found = search(versioned, f"{HOST}/ai/chat/completions")
    assert found.data["inferenceAPIVersion"] == "2025-03-01"
    assert found.probed.requests <= 15


def test_nothing_at_all_is_there() -> None:
    found = search(lambda _: reply(404, "Not Found"))
    assert found.code == "wrong-path"
    assert "--model" in found.finding.mend
    assert found.probed.requests <= MOST


def test_an_api_version_that_is_not_taken_outweighs_no_path_that_is_not_there() -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        if "api-version" in request.url.params:
            return reply(400, {"error": {"message": "Unknown query parameter: 'api-version'. Leave it out."}})
        return reply(404, {"error": {"message": "Resource not found"}})

    found = search(respond, f"{HOST}/llm")
    assert (found.code, found.finding.confidence) == ("wrong-path", "likely")
    assert "usual paths for chat completions at this URL" in found.finding.cause
    assert found.finding.mend.startswith("check the path")


def test_an_api_version_that_is_not_taken_shows_that_the_key_is() -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        if request.headers.get("authorization") != f"Bearer {KEY}":
            return reply(401, {"message": "Unauthorized"})
        if "api-version" in request.url.params:
            return reply(400, {"message": "Unknown query parameter: 'api-version'. Leave it out."})
        return reply(404, {"message": "Resource not found"})

    rows = search(respond, f"{HOST}/openai").probed.evidence
    assert next(row.meaning for row in rows if row.outcome.startswith("400")) == (
        "the key is taken; the api-version is not"
    )
    assert not any(row.meaning.endswith("the key is refused") for row in rows)


def test_only_the_deployment_is_wrong() -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path.startswith("/openai/deployments/") and path.endswith("/chat/completions"):
            return reply(404, {"error": {"code": "DeploymentNotFound", "message": "The deployment does not exist."}})
        return reply(404, {"statusCode": 404, "message": "Resource not found"})

    found = search(respond, f"{HOST}/openai/deployments/nope/chat/completions?api-version=2024-06-01")
    finding = found.finding
    assert (finding.code, finding.confidence) == ("unknown-deployment", "certain")
    assert "none of nope" in finding.cause


def test_a_model_service_that_is_down_is_not_the_paths_fault() -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        return reply(503, "no healthy upstream") if request.method == "POST" else reply(404, "Not Found")

    assert search(respond, f"{HOST}/v1/chat/completions").code == "upstream"


def test_the_limit_ends_a_search_in_a_finding_all_the_same() -> None:
    found = search(lambda _: reply(404, "Not Found"), most=4)
    assert len(found.requests) == 4
    assert "4 requests are sent" in found.finding.cause


def test_a_key_that_the_gateway_repeats_is_shown_nowhere() -> None:
    found = search(lambda request: reply(401, f"wrong: {request.headers.get('api-key')}"), f"{HOST}/v1")
    assert found.code == "wrong-key"
    assert KEY not in str(found.probed)


CLIENT = {
    "key": "",
    "client_id": "team",
    "client_secret": "env:CLIENT_SECRET",
    "token_url": TOKEN_URL,
    "scopes": ("models",),
}


def oauth(request: httpx.Request) -> httpx.Response:
    if request.url.host == "login.example":
        return reply(200, {"access_token": "a-token-that-lasts", "expires_in": 3600, "token_type": "Bearer"})
    if request.headers.get("authorization") != "Bearer a-token-that-lasts":
        return reply(401, {"message": "Unauthorized"}, headers={"WWW-Authenticate": "Bearer"})
    if request.method == "GET" and request.url.path.startswith("/v1/models"):
        return reply(200, {"data": [{"id": "a"}], "id": "a"})
    return chat(request, "a") if request.url.path == "/v1/chat/completions" else reply(404, "Not Found")


def test_a_client_gets_one_token_for_the_whole_search() -> None:
    found = search(oauth, HOST, **CLIENT)
    assert (found.data["authType"], found.data["tokenUrl"]) == ("OAuth2", TOKEN_URL)
    assert sum(request.url.host == "login.example" for request in found.requests) == 1
    assert found.probed.beside == "1 went for a token"
    assert found.probed.requests <= 15


def test_a_token_and_a_repeated_call_are_told_apart() -> None:
    calls = iter(range(100))

    def respond(request: httpx.Request) -> httpx.Response:
        return reply(429, headers={"Retry-After": "1"}) if next(calls) == 2 else oauth(request)

    found = search(respond, HOST, **CLIENT)
    assert found.probed.beside == "1 went for a token, 1 was sent again after a 429"


def test_a_client_that_is_refused_ends_the_search() -> None:
    found = search(lambda _: reply(401, {"error": "invalid_client"}), HOST, **CLIENT)
    assert (found.code, len(found.requests)) == ("token-client", 1)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"key": "sk-swordfish"}, "--key is no reference to a secret"),
        ({"key": ""}, "no credential: give --key"),
        ({"identity": True}, "more than one credential"),
        (CLIENT | {"token_url": ""}, "tokenUrl is missing"),
        (CLIENT | {"client_secret": "hunter2"}, "--client-secret is no reference"),
        ({"headers": ("Authorization",)}, "a --header is 'name: format'"),
        ({"headers": ("A: {api_key}", "B: {api_key}")}, "keep a single --header"),
        ({"category": "Apim"}, "no category 'Apim'"),
    ],
)
def test_what_is_refused_before_anything_is_asked(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence) as refused:
        search(lambda _: pytest.fail("asked"), HOST, **options)
    assert "swordfish" not in str(refused.value)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    "options",
    [
        {"name": "a b"},
        {"headers": ("X-Team-Token: hunter2",)},
        {"project": "contoso"},
        {"headers": ("Bad Name: {api_key}",)},
    ],
)
def test_what_no_profile_could_hold_is_refused_too(options: dict[str, Any]) -> None:
    with pytest.raises(ProfileError) as refused:
        search(lambda _: pytest.fail("asked"), HOST, **options)
    assert "hunter2" not in str(refused.value)


def test_what_somebody_says_stands_in_the_profile() -> None:
    found = search(nginx, HOST, name="team-gateway", category="ModelGateway", model="phi")
    assert (found.data["connectionName"], found.probed.deployment) == ("team-gateway", "phi")


@pytest.mark.parametrize(
    ("text", "header"),
    [
        ("Send the header X-Team-Key: Key <key>", AuthConfig(name="X-Team-Key", format="Key {api_key}")),
        ("missing required header 'x-api-key'", AuthConfig(name="x-api-key")),
        ("The `X-Auth` header is required", AuthConfig(name="X-Auth")),
    ],
)
def test_a_header_that_a_refusal_names_is_tried_next(text: str, header: AuthConfig) -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        if request.headers.get(header.name) != header.format.replace("{api_key}", KEY):
            return reply(401, {"message": text})
        return chat(request, "gpt-4o") if request.method == "POST" else reply(404, "Not Found")

    found = search(respond, f"{HOST}/v1/chat/completions", model="gpt-4o")
    assert found.data["authConfig"] == header.model_dump()
    assert [request.method for request in found.requests][:3] == ["POST"] * 3, "api-key, no key, and this one"


def test_a_listed_model_that_does_not_chat_is_passed_over() -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        if request.url.path.startswith("/v1/models"):
            return reply(200, {"data": [{"id": "text-embed"}, {"id": "draw"}, {"id": "talk"}], "id": "talk"})
        if request.url.path != "/v1/chat/completions":
            return reply(404, "Not Found")
        if model(request) == "draw":
            return reply(400, {"error": {"message": "draw takes no messages"}})
        return chat(request, "talk")

    found = search(respond)
    assert found.probed.deployment == "talk"
    assert not any(b"text-embed" in request.content for request in found.requests)


def test_a_catalogue_is_no_list_of_deployments() -> None:
    """As Azure OpenAI has it: every model of the region is listed, and deployments have names of their own."""

    def respond(request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if request.headers.get("api-key") != KEY or "api-version" not in request.url.params:
            return reply(404, {"error": {"code": "404", "message": "Resource not found"}})
        if path == "/openai/models":
            return reply(200, {"data": [{"id": f"gpt-{number}"} for number in range(9)], "object": "list"})
        if path == "/openai/deployments/gpt-4o/chat/completions":
            return reply(200, chat_answer())
        code = "DeploymentNotFound" if path.startswith("/openai/deployments/") else "404"
        return reply(404, {"error": {"code": code, "message": "Resource not found"}})

    found = search(respond)
    assert (found.probed.deployment, found.data["targetUrl"]) == ("gpt-4o", f"{HOST}/openai")
    assert found.probed.requests <= 20


BODIES = st.sampled_from(
    [
        *("", "[", "null", "[]", "<html>", '{"data": null}', '{"data": [{"id": 7}]}', '{"data": [{"id": ""}]}'),
        *('{"data": [{"id": "\\ud800"}]}', '{"data": [{"id": "a/../b?c#d"}], "id": "x"}', '{"value": [{"name": "a"}]}'),
        *('{"choices": []}', '{"choices": [{}]}', '{"error": {"message": "api-version 1 is not supported"}}'),
        *('{"error": "unsupported parameter"}', '{"message": "the header X-Any: Any <key> is missing"}', "[" * 9000),
        *(
            '{"error": {"message": "missing api-version"}}',
            '{"error": {"message": "unknown query parameter api-version"}}',
        ),
        *(
            '{"error": {"code": "model_not_found"}}',
            '{"detail": "invalid api key"}',
            '{"statusCode": 401, "message": 1}',
        ),
    ]
)


@settings(max_examples=200, deadline=None)
@given(answers=st.data(), path=st.sampled_from(["", "/v1", "/openai/deployments/a/chat/completions"]))
def test_whatever_comes_the_search_ends_within_its_bounds(answers: st.DataObject, path: str) -> None:
    def respond(_: httpx.Request) -> httpx.Response:
        status = answers.draw(st.sampled_from([200, 204, 302, 400, 401, 403, 404, 422, 429, 500, 503]))
        return reply(status, answers.draw(BODIES))

    found = search(respond, HOST + path)
    assert len(found.requests) <= MOST
    assert sum(found.slept) <= 7
    assert (found.probed.profile is None) == (found.probed.finding is not None)
    refused = [row for row in found.probed.evidence if row.outcome.startswith("401") and row.signed != "no key"]
    assert len(refused) <= REFUSALS
