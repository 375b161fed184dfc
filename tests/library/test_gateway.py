"""The requests that reach a gateway, as the contract has them, and what their answers are called."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from gateway_workbook.errors import UsageError
from gateway_workbook.gateway import Gateway, chat_url, endpoint_url
from tests.library.wire import KEY, SECRETS, chat_answer, connection, dynamic, gateway, reply, server

if TYPE_CHECKING:
    from gateway_workbook.connection import Connection

HELLO = [{"role": "user", "content": "hello"}]


def sent(which: Connection, deployment: str = "gpt-4o", **options: object) -> httpx.Request:
    client, recorder = gateway(which, lambda _: reply(200, chat_answer()))
    assert client.chat(deployment, HELLO, **options).ok
    return recorder.requests[-1]


def raw(request: httpx.Request) -> str:
    """The URL as it goes over the wire."""
    return f"{request.url.scheme}://{request.url.netloc.decode()}{request.url.raw_path.decode()}"


@pytest.mark.parametrize("target", ["https://gateway.test/v1", "https://gateway.test/v1/"])
@pytest.mark.parametrize(
    ("in_path", "deployment", "path"),
    [
        (True, "gpt-4o", "/deployments/gpt-4o/chat/completions"),
        (True, "meta/llama-3", "/deployments/meta%2Fllama-3/chat/completions"),
        (True, "my model?x=1#y", "/deployments/my%20model%3Fx%3D1%23y/chat/completions"),
        (True, "größe", "/deployments/gr%C3%B6%C3%9Fe/chat/completions"),
        (True, "100%", "/deployments/100%25/chat/completions"),
        (False, "meta/llama-3", "/chat/completions"),
    ],
)
def test_inference_goes_where_the_contract_says(target: str, in_path: bool, deployment: str, path: str) -> None:  # noqa: FBT001  a table's column
    request = sent(connection(targetUrl=target, deploymentInPath=in_path), deployment)
    assert request.method == "POST"
    assert raw(request) == f"https://gateway.test/v1{path}"
    assert raw(request) == chat_url(connection(targetUrl=target, deploymentInPath=in_path), deployment)


def test_the_model_is_named_in_the_body_only_when_it_is_not_in_the_path() -> None:
    by_body, by_path = sent(connection(), "meta/llama-3"), sent(connection(deploymentInPath=True), "meta/llama-3")
    assert json.loads(by_body.content) == {"messages": HELLO, "model": "meta/llama-3"}
    assert json.loads(by_path.content) == {"messages": HELLO}


def test_options_join_the_body() -> None:
    body = json.loads(sent(connection(), tools=[{"type": "function"}], temperature=0).content)
    assert body["tools"] == [{"type": "function"}]
    assert body["temperature"] == 0


@pytest.mark.parametrize(
    ("listing", "url"),
    [
        ("/models", "https://gateway.test/v1/models"),
        ("models", "https://gateway.test/v1/models"),
        ("/openai/models/", "https://gateway.test/v1/openai/models/"),
    ],
)
@pytest.mark.parametrize("slash", ["", "/"])
def test_discovery_goes_below_the_target_with_or_without_slashes(listing: str, url: str, slash: str) -> None:
    which = dynamic("OpenAI", targetUrl=f"https://gateway.test/v1{slash}", listModelsEndpoint=listing)
    client, recorder = gateway(which, lambda _: reply(200, {}))
    client.list_models()
    assert recorder.seen == [f"GET {url}"]


def test_a_deployments_name_is_encoded_into_the_endpoint() -> None:
    client, recorder = gateway(dynamic("OpenAI"), lambda _: reply(200, {}))
    client.get_model("meta/llama 3")
    assert raw(recorder.requests[0]) == "https://gateway.test/v1/models/meta%2Fllama%203"


def test_apim_defaults_are_asked_below_the_target() -> None:
    apim = connection(category="ApiManagement", staticModels=None)
    assert endpoint_url(apim, "list") == "https://gateway.test/v1/deployments"
    assert endpoint_url(apim, "get", "a/b") == "https://gateway.test/v1/deployments/a%2Fb"


def test_a_static_list_is_not_asked_of_the_gateway() -> None:
    client, recorder = gateway(connection(), lambda _: reply(200, {}))
    with pytest.raises(UsageError, match="static list"):
        client.list_models()
    with pytest.raises(UsageError, match="static list"):
        client.get_model("x")
    assert recorder.requests == []


@pytest.mark.parametrize("inference", ["2024-10-21", None])
@pytest.mark.parametrize("deployment", ["2023-05-15", None])
def test_each_api_version_goes_on_its_own_calls_only(inference: str | None, deployment: str | None) -> None:
    which = dynamic("AzureOpenAI", inferenceAPIVersion=inference, deploymentAPIVersion=deployment)
    client, recorder = gateway(which, lambda _: reply(200, {}))
    client.chat("m", HELLO)
    client.list_models()
    client.get_model("m")
    assert [dict(request.url.params) for request in recorder.requests] == [
        {"api-version": version} if version else {} for version in (inference, deployment, deployment)
    ]


@pytest.mark.parametrize(
    ("config", "header", "value"),
    [
        (None, "api-key", KEY),
        ({"name": "X-Gateway-Key"}, "X-Gateway-Key", KEY),
        ({"name": "Authorization", "format": "Bearer {api_key}"}, "Authorization", f"Bearer {KEY}"),
        ({"name": "X-Two", "format": "{api_key}:{api_key}"}, "X-Two", f"{KEY}:{KEY}"),
    ],
)
def test_the_key_goes_where_auth_config_says_on_every_call(
    config: dict[str, str] | None, header: str, value: str
) -> None:
    client, recorder = gateway(dynamic("OpenAI", authConfig=config), lambda _: reply(200, {}))
    client.chat("m", HELLO)
    client.list_models()
    client.get_model("m")
    assert [request.headers[header] for request in recorder.requests] == [value] * 3
    others = {"api-key", "authorization"} - {header.lower()}
    assert all(not others & set(request.headers) for request in recorder.requests)


def test_custom_headers_are_added_to_inference_only() -> None:
    which = dynamic("OpenAI", customHeaders={"X-Team-Token": "env:TEAM_TOKEN", "X-Environment": "production"})
    client, recorder = gateway(which, lambda _: reply(200, {}))
    client.chat("m", HELLO)
    client.list_models()
    client.get_model("m")
    inference, *discovery = recorder.requests
    assert inference.headers["X-Team-Token"] == "team-swordfish"
    assert inference.headers["X-Environment"] == "production"
    assert all("x-team-token" not in request.headers for request in discovery)
    assert all("x-environment" not in request.headers for request in discovery)


def test_a_key_that_cannot_be_had_stops_before_any_request() -> None:
    with pytest.raises(UsageError, match="no secret at env:NOT_SET"):
        gateway(connection(apiKey="env:NOT_SET"), lambda _: reply(200, {}))
    with pytest.raises(UsageError, match="cannot be called with ProjectManagedIdentity"):
        gateway(connection(category="ApiManagement", authType="AAD", apiKey=None), lambda _: reply(200, {}))


@pytest.mark.parametrize(
    ("status", "content", "outcome"),
    [
        (200, {"choices": []}, "200"),
        (404, {"error": {"code": "DeploymentNotFound", "message": "no such deployment"}}, "404 no such deployment"),
        (404, {"error": {"message": {"message": "deep"}}}, "404 deep"),
        (401, {"error": "invalid_client", "error_description": "unused"}, "401 invalid_client"),
        (401, {"statusCode": 401, "message": "Access denied"}, "401 Access denied"),
        (422, {"detail": "bad body"}, "422 bad body"),
        (400, {"error": {}, "message": "second place"}, "400 second place"),
        (404, {"error": {"message": None, "code": "x"}}, '404 {"error": {"message": null, "code": "x"}}'),
        (500, {"error": ["odd"]}, "500 odd"),
        (422, {"detail": [{"loc": ["body"], "msg": "Field required"}]}, "422 Field required"),
        (500, [1, 2], "500 [1, 2]"),
        (404, "Resource not found\n", "404 Resource not found"),
        (502, "<html><h1>Bad Gateway</h1></html>", "502 <html><h1>Bad Gateway</h1></html>"),
        (503, "", "503 "),
        (500, b"\xff\xfe\x00", "500"),
    ],
)
def test_an_answer_is_called_what_it_says(status: int, content: Any, outcome: str) -> None:
    client, _ = gateway(connection(), lambda _: reply(status, content))
    exchange = client.chat("m", HELLO)
    assert exchange.outcome.startswith(outcome)
    assert exchange.ok is (status == 200)
    assert exchange.status == status
    assert len(exchange.outcome) <= 300


def test_a_long_error_is_cut() -> None:
    client, _ = gateway(connection(), lambda _: reply(500, "x" * 10_000))
    assert len(client.chat("m", HELLO).outcome) == 300


def test_nesting_without_end_is_no_json() -> None:
    client, _ = gateway(connection(), lambda _: reply(200, "[" * 200_000))
    assert client.chat("m", HELLO).body is None


def test_a_redirect_is_an_answer_and_the_key_goes_nowhere_else() -> None:
    client, recorder = gateway(
        connection(), lambda _: reply(302, "", headers={"location": "https://elsewhere.test/login"})
    )
    exchange = client.chat("m", HELLO)
    assert (exchange.status, exchange.ok) == (302, False)
    assert recorder.seen == ["POST https://gateway.test/v1/chat/completions"]


def test_a_redirect_is_not_followed_even_by_a_client_that_would() -> None:
    client, recorder = gateway(connection(), lambda _: reply(307, "", headers={"location": "https://elsewhere.test"}))
    with httpx.Client(transport=httpx.MockTransport(recorder), follow_redirects=True) as http:
        assert Gateway(client.connection, http, secrets=SECRETS).chat("m", HELLO).status == 307
    assert len(recorder.requests) == 1


@pytest.mark.parametrize(
    "error", [httpx.ConnectTimeout("out of time"), httpx.ReadTimeout("slow"), httpx.ConnectError("refused")]
)
def test_no_answer_is_data(error: httpx.HTTPError) -> None:
    def respond(_: httpx.Request) -> httpx.Response:
        raise error

    client, _ = gateway(connection(), respond)
    exchange = client.chat("m", HELLO)
    assert exchange.status is None
    assert not exchange.ok
    assert exchange.outcome == f"no answer ({type(error).__name__}: {error})"


def test_a_closed_port_is_data() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        target = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    with httpx.Client() as http:
        exchange = Gateway(connection(targetUrl=target), http, secrets=SECRETS).chat("m", HELLO)
    assert exchange.status is None
    assert exchange.outcome.startswith("no answer (ConnectError: ")


def test_broken_compression_is_data() -> None:
    client, _ = gateway(connection(), lambda _: reply(200, b"no gzip", headers={"content-encoding": "gzip"}))
    assert client.chat("m", HELLO).outcome.startswith("no answer (DecodingError")


def test_over_the_wire_an_exchange_holds_no_header() -> None:
    def echo(method: str, path: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        return (
            200,
            {"x-served-by": "echo"},
            json.dumps({"method": method, "path": path, "body": body.decode()}).encode(),
        )

    with server(echo) as url, httpx.Client() as http:
        which = connection(targetUrl=f"{url}/v1", deploymentInPath=True, inferenceAPIVersion="1")
        exchange = Gateway(which, http, secrets=SECRETS).chat("meta/llama-3", HELLO)
    assert exchange.body["path"] == "/v1/deployments/meta%2Fllama-3/chat/completions?api-version=1"
    assert exchange.milliseconds > 0
    assert KEY not in exchange.model_dump_json()
    assert "x-served-by" not in exchange.model_dump_json()
