from __future__ import annotations

import json
import socket
import threading
import time
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any, Final

import httpx
import openai
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from foundry_sandbox.gateways import GATEWAYS, gateways, lifespan, routes
from foundry_sandbox.identity import issue_token
from foundry_sandbox.state import State

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from starlette.requests import Request

MESSAGES: list[Any] = [{"role": "user", "content": "What is 17 + 25?"}]
ANSWER = "[scripted gpt-4o] 17 + 25 is 42."
COGNITIVE = "https://cognitiveservices.azure.com"
# Written down here once more, apart from the sandbox's own table, so that each checks the other.
TARGETS = {
    "apim": "/openai",
    "apim-static": "/openai",
    "static": "/v1",
    "openai": "/v1",
    "azure": "",
    "oauth": "/v1",
    "custom": "/v1",
    "identity": "/openai",
    "model-server": "/v1",
}
BY_PATH = ("apim", "apim-static", "identity")
BUILT_IN = tuple(name for name in TARGETS if name != "model-server")
AZURE_LISTS = ("apim", "azure", "identity")
OPENAI_LISTS = ("openai", "custom")
NO_LISTS = ("apim-static", "static", "oauth")


@contextmanager
def served(app: Starlette) -> Iterator[str]:
    """Serve an app on a free port of 127.0.0.1."""
    # Said explicitly, because asyncio turns Nagle's delays off only on sockets that name their protocol.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    listening.listen()
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", ws="none"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


class ModelServer:
    """A model server that remembers what reached it and does what the model's name says."""

    def __init__(self) -> None:
        self.seen: list[tuple[dict[str, str], bytes]] = []

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/v1/chat/completions", self.complete, methods=["POST"]),
                Route("/v1/models", self.models),
                Route("/v1/models/{name:path}", self.models),
            ]
        )

    async def complete(self, request: Request) -> Response:
        content = await request.body()
        self.seen.append((dict(request.headers), content))
        model = json.loads(content)["model"]
        if model == "moved":
            return RedirectResponse("/elsewhere")
        if model == "busy":
            return JSONResponse({"error": "busy"}, status_code=429, headers={"Retry-After": "7"})
        if model == "breaks":
            return StreamingResponse(self.broken(), media_type="text/event-stream")
        if model == "streams":
            return StreamingResponse(self.events(), media_type="text/event-stream")
        return PlainTextResponse('{"from": "upstream"}', media_type="application/json")

    async def models(self, request: Request) -> Response:
        self.seen.append((dict(request.headers), b""))
        return JSONResponse({"path": request.scope["raw_path"].decode()})

    async def events(self) -> AsyncIterator[str]:
        for word in ("one", "two", "[DONE]"):
            yield f"data: {word}\n\n"

    async def broken(self) -> AsyncIterator[str]:
        yield "data: one\n\n"
        raise ConnectionError("as if the machine had gone")


@pytest.fixture(scope="module")
def model_server() -> ModelServer:
    return ModelServer()


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory, model_server: ModelServer) -> Iterator[State]:
    closed = socket.create_server(("127.0.0.1", 0))
    nowhere = f"http://127.0.0.1:{closed.getsockname()[1]}/v1"
    closed.close()
    with served(model_server.app()) as url:
        upstreams = {"model-server": f"{url}/v1/", "nowhere": nowhere}
        opened = State.open(tmp_path_factory.mktemp("sandbox"), upstreams=upstreams)
        yield opened
        opened.close()


@asynccontextmanager
async def held(_: Starlette) -> AsyncIterator[dict[str, Any]]:
    async with lifespan() as what:
        yield dict(what)


@pytest.fixture(scope="module")
def http(state: State) -> Iterator[httpx.Client]:
    app = Starlette(routes=routes(state), lifespan=held)
    with served(app) as url, httpx.Client(base_url=f"{url}/gateways", trust_env=False) as client:
        yield client


def credentials(name: str, *, state: State, http: httpx.Client) -> dict[str, str]:
    if name == "openai":
        return {"Authorization": f"Bearer {state.api_key}"}
    if name == "custom":
        return {"X-Gateway-Key": f"Key {state.api_key}", "X-Environment": "test"}
    if name == "identity":
        return {"Authorization": f"Bearer {issue_token(state, audience=COGNITIVE, subject='project')}"}
    if name == "oauth":
        return {"Authorization": f"Bearer {oauth(state, http).json()['access_token']}"}
    return {"api-key": state.api_key}


def oauth(state: State, http: httpx.Client, **changes: str) -> httpx.Response:
    form = {
        "grant_type": "client_credentials",
        "client_id": "sandbox-client",
        "client_secret": state.client_secret,
        "scope": "models.read models.invoke",
        **changes,
    }
    return http.post("/oauth/token", data=form)


class Caller:
    """Speaks to one gateway as its documentation says; each call can be made wrong on purpose."""

    def __init__(self, name: str, *, state: State, http: httpx.Client) -> None:
        self.name = name
        self.http = http
        self.headers = credentials(name, state=state, http=http)
        self.by_path = name in BY_PATH

    def chat(self, deployment: str = "gpt-4o", **body: object) -> httpx.Response:
        return self.chat_by("path" if self.by_path else "body", deployment, **body)

    def chat_by(self, routing: str, deployment: str = "gpt-4o", **body: object) -> httpx.Response:
        content: dict[str, object] = {"messages": MESSAGES, **body}
        path = f"/deployments/{deployment}" if routing == "path" else ""
        if routing == "body":
            content["model"] = deployment
        return self.post(f"{path}/chat/completions", json=content)

    def post(self, path: str, **options: Any) -> httpx.Response:
        params = options.pop("params", {"api-version": "2024-10-21"} if self.by_path else {})
        url = f"/{self.name}{TARGETS[self.name]}{path}"
        return self.http.post(url, params=params, **{"headers": self.headers, **options})

    def get(self, path: str, *, headers: dict[str, str] | None = None) -> httpx.Response:
        params = {"api-version": "2023-05-01"} if self.name == "azure" else {}
        url = f"/{self.name}{TARGETS[self.name]}{path}"
        return self.http.get(url, params=params, headers=self.headers if headers is None else headers)


@pytest.fixture
def caller(request: pytest.FixtureRequest, state: State, http: httpx.Client) -> Caller:
    return Caller(request.param, state=state, http=http)


def every(*names: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("caller", names, indirect=True)


def message(response: httpx.Response) -> str:
    body = response.json()
    found = body.get("message") or body["error"]["message"]
    assert isinstance(found, str)
    return found


def test_the_table_says_what_is_written_down_here(state: State) -> None:
    assert {gateway.name: gateway.target for gateway in GATEWAYS} == {
        name: f"sandbox://{name}{path}" for name, path in TARGETS.items() if name in BUILT_IN
    }
    assert [gateway.name for gateway in gateways(state)] == [*BUILT_IN, "model-server", "nowhere"]
    assert all(gateway.summary.endswith(".") for gateway in gateways(state))


def test_an_upstream_cannot_take_a_name_of_the_table(tmp_path: Any) -> None:
    opened = State.open(tmp_path, upstreams={"apim": "http://127.0.0.1:1/v1"})
    with pytest.raises(ValueError, match=r"'apim'.*another name"):
        gateways(opened)
    opened.close()


@every(*BUILT_IN)
def test_each_gateway_answers_when_called_rightly(caller: Caller) -> None:
    response = caller.chat()
    assert response.status_code == 200, response.text
    assert response.json()["choices"][0]["message"]["content"] == ANSWER


@every(*BUILT_IN)
def test_each_gateway_streams(caller: Caller) -> None:
    response = caller.chat(stream=True)
    assert response.headers["content-type"].startswith("text/event-stream")
    *events, done, end = response.text.split("\n\n")
    assert (done, end) == ("data: [DONE]", "")
    deltas = [json.loads(event.removeprefix("data: "))["choices"][0]["delta"] for event in events]
    assert "".join(delta.get("content", "") for delta in deltas) == ANSWER


@every(*BUILT_IN)
def test_the_other_routing_is_not_found(caller: Caller) -> None:
    response = caller.chat_by("body" if caller.by_path else "path")
    assert response.status_code == 404
    assert "DeploymentNotFound" not in response.text


@every(*BUILT_IN)
def test_too_much_or_too_little_path_is_not_found(caller: Caller) -> None:
    assert caller.post("/v9/chat/completions", json={"model": "gpt-4o", "messages": MESSAGES}).status_code == 404
    assert caller.post("/embeddings", json={}).status_code == 404
    assert caller.get("/chat/completions").status_code == 404


@every(*BUILT_IN)
@pytest.mark.parametrize("deployment", ["meta/llama-3", "meta%2Fllama-3"])
def test_a_slash_in_a_deployment_name_is_understood(caller: Caller, deployment: str) -> None:
    response = caller.chat(deployment if caller.by_path else "meta/llama-3")
    assert response.status_code == 200, response.text
    assert response.json()["model"] == "Llama-3.3-70B"


@every(*BUILT_IN)
@pytest.mark.parametrize("deployment", ["gpt-9", "gpt-35-turbo"])
def test_unknown_and_retired_deployments_answer_404_in_the_gateways_dialect(caller: Caller, deployment: str) -> None:
    response = caller.chat(deployment)
    azure = caller.name in {*BY_PATH, "azure"}
    assert response.status_code == 404
    assert response.json()["error"]["code"] == ("DeploymentNotFound" if azure else "model_not_found")
    assert deployment in message(response)


@every(*BUILT_IN, "model-server")
def test_a_missing_and_a_wrong_credential_are_told_apart(caller: Caller) -> None:
    missing = caller.post("/chat/completions", json={}, headers={})
    wrong = {name: value[:-3] + "xyz" for name, value in caller.headers.items()}
    invalid = caller.post("/chat/completions", json={}, headers=wrong)
    assert (missing.status_code, invalid.status_code) == (401, 401)
    assert "missing" in message(missing)
    assert "invalid" in message(invalid)


@every("apim", "static", "openai", "custom")
def test_the_right_key_in_the_wrong_header_is_refused(caller: Caller, state: State) -> None:
    for headers in (
        {"x-key": state.api_key},
        {"Authorization": state.api_key},
        {"X-Gateway-Key": state.api_key},
    ):
        assert caller.post("/chat/completions", json={}, headers=headers).status_code == 401


def test_the_custom_gateway_names_the_header_that_inference_lacks(http: httpx.Client, state: State) -> None:
    headers = {"X-Gateway-Key": f"Key {state.api_key}"}
    response = http.post("/custom/v1/chat/completions", json={}, headers=headers)
    assert response.status_code == 403
    assert "X-Environment" in message(response)
    assert http.get("/custom/v1/models", headers=headers).status_code == 200


@every(*BY_PATH)
def test_path_gateways_demand_an_api_version_on_inference_only(caller: Caller) -> None:
    response = caller.post("/deployments/gpt-4o/chat/completions", json={"messages": MESSAGES}, params={})
    assert response.status_code == 404
    assert response.json() == {"error": {"code": "404", "message": "Resource not found"}}
    if caller.name in AZURE_LISTS:
        assert caller.get("/deployments").status_code == 200


@every("openai", "azure")
def test_an_api_version_is_refused_where_it_is_unknown(caller: Caller) -> None:
    body = {"model": "gpt-4o", "messages": MESSAGES}
    response = caller.post("/chat/completions", json=body, params={"api-version": "2024-10-21"})
    assert response.status_code == 400
    assert "api-version" in message(response)


def test_discovery_takes_api_version_as_each_gateway_says(http: httpx.Client, state: State) -> None:
    version, key = {"api-version": "2023-05-01"}, {"api-key": state.api_key}
    assert http.get("/azure/deployments", headers=key).status_code == 404
    assert http.get("/azure/deployments", headers=key, params=version).status_code == 200
    bearer = {"Authorization": f"Bearer {state.api_key}"}
    assert http.get("/openai/v1/models", headers=bearer, params=version).status_code == 400


@every(*AZURE_LISTS)
def test_azure_discovery_lists_and_gets(caller: Caller) -> None:
    listed = caller.get("/deployments").json()["value"]
    models = {item["name"]: item["properties"]["model"] for item in listed}
    assert set(models) == {"gpt-4o", "gpt-4o-mini", "meta/llama-3", "gpt-35-turbo"}
    assert models["meta/llama-3"] == {"format": "NonOpenAI", "name": "Llama-3.3-70B", "version": "1"}
    for item in listed:
        assert caller.get(f"/deployments/{item['name']}").json() == item
        assert caller.get(f"/deployments/{item['name'].replace('/', '%2F')}").json() == item
    assert caller.get("/deployments/gpt-9").json()["error"]["code"] == "DeploymentNotFound"


@every(*OPENAI_LISTS)
def test_openai_discovery_lists_and_gets(caller: Caller) -> None:
    listed = caller.get("/models").json()
    assert listed["object"] == "list"
    assert {item["id"] for item in listed["data"]} >= {"gpt-4o", "gpt-35-turbo"}
    for item in listed["data"]:
        assert set(item) == {"id", "object", "created", "owned_by"}
        assert caller.get(f"/models/{item['id']}").json() == item
    assert caller.get("/models/gpt-9").json()["error"]["code"] == "model_not_found"


@every(*NO_LISTS)
def test_gateways_without_discovery_have_no_such_route(caller: Caller) -> None:
    for path in ("/models", "/deployments", "/deployments/gpt-4o"):
        response = caller.get(path)
        assert response.status_code == 404
        plain = response.headers["content-type"].startswith("text/plain")
        assert plain == (caller.name == "static")


@every(*AZURE_LISTS, *OPENAI_LISTS)
def test_discovery_wants_the_same_credentials(caller: Caller) -> None:
    path = "/deployments" if caller.name in AZURE_LISTS else "/models"
    assert caller.get(path, headers={}).status_code == 401


def test_credentials_are_checked_before_anything_else(http: httpx.Client) -> None:
    assert http.post("/apim/nowhere", json={}).status_code == 401
    assert http.post("/openai/v1/chat/completions", params={"api-version": "1"}, content=b"{").status_code == 401


@every(*BUILT_IN)
def test_malformed_bodies_are_refused(caller: Caller) -> None:
    path = "/deployments/gpt-4o/chat/completions" if caller.by_path else "/chat/completions"
    assert caller.post(path, content=b"{not json").status_code == 400
    assert caller.post(path, content=b"[]").status_code == 400
    assert caller.post(path, content=b"[" * 100_000).status_code == 400
    assert caller.post(path, content=b'{"model": "\\ud800", "messages": []}').status_code == 400
    refused = caller.post(path, json={"model": "gpt-4o", "messages": "hi", "stream": True})
    assert refused.status_code == 400
    assert refused.json()["error"]["param"] == "messages"


@every("static", "openai", "azure")
def test_a_body_without_a_model_is_refused(caller: Caller) -> None:
    response = caller.post("/chat/completions", json={"messages": MESSAGES})
    assert response.status_code == 400
    assert "model" in message(response)


def test_an_unknown_gateway_is_answered_with_those_there_are(http: httpx.Client) -> None:
    response = http.get("/nonesuch/v1/models")
    assert response.status_code == 404
    assert "apim-static" in message(response)


def test_identity_tokens_for_another_audience_are_refused(http: httpx.Client, state: State) -> None:
    token = issue_token(state, audience="https://ai.azure.com", subject="project")
    response = http.get("/identity/openai/deployments", headers={"Authorization": f"Bearer {token}"})
    assert response.status_code == 401
    assert COGNITIVE in message(response)


def test_oauth_tokens_are_granted_by_form_and_by_basic(http: httpx.Client, state: State) -> None:
    granted = oauth(state, http)
    assert granted.json()["expires_in"] == 300
    form = {"grant_type": "client_credentials", "scope": "models.invoke"}
    basic = http.post("/oauth/token", data=form, auth=("sandbox-client", state.client_secret))
    bearer = {"Authorization": f"Bearer {basic.json()['access_token']}"}
    body = {"model": "gpt-4o", "messages": MESSAGES}
    assert http.post("/oauth/v1/chat/completions", json=body, headers=bearer).status_code == 200


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "wrong"}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"scope": ""}, 400, "invalid_scope"),
        ({"scope": "models.write"}, 400, "invalid_scope"),
        ({"lifetime": "0"}, 400, "invalid_request"),
        ({"lifetime": "long"}, 400, "invalid_request"),
    ],
)
def test_wrong_token_requests_are_refused(
    http: httpx.Client, state: State, *, changes: dict[str, str], status: int, error: str
) -> None:
    response = oauth(state, http, **changes)
    assert (response.status_code, response.json()["error"]) == (status, error)


def test_oauth_tokens_expire(http: httpx.Client, state: State) -> None:
    bearer = {"Authorization": f"Bearer {oauth(state, http, lifetime='1').json()['access_token']}"}
    body = {"model": "gpt-4o", "messages": MESSAGES}
    assert http.post("/oauth/v1/chat/completions", json=body, headers=bearer).status_code == 200
    time.sleep(1.1)
    refused = http.post("/oauth/v1/chat/completions", json=body, headers=bearer)
    assert refused.status_code == 401
    assert "expired" in message(refused)
    assert "invalid_token" in refused.headers["WWW-Authenticate"]


def test_an_oauth_token_needs_the_scope_for_inference(http: httpx.Client, state: State) -> None:
    bearer = {"Authorization": f"Bearer {oauth(state, http, scope='models.read').json()['access_token']}"}
    response = http.post("/oauth/v1/chat/completions", json={}, headers=bearer)
    assert response.status_code == 403
    assert "models.invoke" in message(response)


def test_an_entra_token_does_not_open_the_oauth_gateway(http: httpx.Client, state: State) -> None:
    token = issue_token(state, audience=COGNITIVE, subject="project")
    response = http.post("/oauth/v1/chat/completions", json={}, headers={"Authorization": f"Bearer {token}"})
    assert response.status_code == 401


@every("apim")
def test_every_request_is_logged_with_what_it_asked(caller: Caller, state: State) -> None:
    before = max((entry.id for entry in state.gateway_requests("apim")), default=0)
    caller.headers |= {"x-request-id": "resp_1", "User-Agent": "a-caller/1"}
    response = caller.chat("meta%2Fllama-3")
    caller.chat_by("body", "gpt-4o-mini")
    caller.post("/deployments/gpt-4o/chat/completions", json={}, headers={}, params={"code": state.api_key})
    caller.get("/deployments/gpt-4o")
    seen = state.gateway_requests("apim", after=before)
    assert [(e.method, e.status, e.routing, e.deployment) for e in seen] == [
        ("POST", 200, "path", "meta/llama-3"),
        ("POST", 404, "body", "gpt-4o-mini"),
        ("POST", 401, "path", "gpt-4o"),
        ("GET", 200, None, "gpt-4o"),
    ]
    assert seen[0].path == "/gateways/apim/openai/deployments/meta%2Fllama-3/chat/completions"
    assert (seen[0].query, seen[0].user_agent) == ("api-version=2024-10-21", "a-caller/1")
    assert response.headers["x-request-id"] == "resp_1"
    assert [e.id for e in state.gateway_requests("apim", after=before, request_id="resp_1")] == [
        seen[i].id for i in (0, 1, 3)
    ]
    assert seen[0].milliseconds > 0
    assert seen[0].time == pytest.approx(time.time(), abs=30)
    assert state.api_key not in repr(seen)


def test_token_requests_are_logged_without_the_secret(http: httpx.Client, state: State) -> None:
    before = max((entry.id for entry in state.gateway_requests("oauth")), default=0)
    oauth(state, http, client_secret="wrong")
    [entry] = state.gateway_requests("oauth", after=before)
    assert (entry.path, entry.status) == ("/gateways/oauth/token", 401)
    assert "wrong" not in repr(entry)


@every("model-server")
def test_an_upstream_gets_the_request_without_the_callers_key(
    caller: Caller, model_server: ModelServer, state: State
) -> None:
    caller.headers |= {"x-request-id": "resp_2", "Cookie": "a=b", "Authorization": "Bearer mine"}
    response = caller.chat("any", temperature=0.5)
    assert response.json() == {"from": "upstream"}
    headers, content = model_server.seen[-1]
    assert json.loads(content) == {"model": "any", "messages": MESSAGES, "temperature": 0.5}
    assert headers["x-request-id"] == "resp_2"
    assert not {"api-key", "authorization", "cookie"} & set(headers)
    assert state.api_key not in repr(headers)
    assert state.gateway_requests("model-server", request_id="resp_2")[-1].deployment == "any"


@every("model-server")
def test_an_upstreams_models_pass_through(caller: Caller, model_server: ModelServer) -> None:
    assert caller.get("/models").json() == {"path": "/v1/models"}
    assert caller.get("/models/a%2Fb").json() == {"path": "/v1/models/a%2Fb"}
    assert "api-key" not in model_server.seen[-1][0]
    assert caller.get("/models", headers={}).status_code == 401


@every("model-server")
def test_an_upstreams_answers_pass_through(caller: Caller) -> None:
    busy = caller.chat("busy")
    assert (busy.status_code, busy.headers["Retry-After"], busy.json()) == (429, "7", {"error": "busy"})
    streamed = caller.chat("streams", stream=True)
    assert streamed.headers["content-type"].startswith("text/event-stream")
    assert streamed.text == "data: one\n\ndata: two\n\ndata: [DONE]\n\n"


@every("model-server")
def test_an_upstreams_redirect_is_not_followed(caller: Caller) -> None:
    response = caller.chat("moved")
    assert response.status_code == 502
    assert "redirect" in message(response)


@every("model-server")
def test_an_upstream_that_breaks_off_ends_the_stream_with_a_reason(caller: Caller) -> None:
    first, last = [part for part in caller.chat("breaks", stream=True).text.split("\n\n") if part]
    assert first == "data: one"
    assert json.loads(last.removeprefix("data: "))["error"]["code"] == "bad_gateway"


def test_an_upstream_that_is_not_there_is_a_bad_gateway(http: httpx.Client, state: State) -> None:
    body = {"model": "any", "messages": MESSAGES}
    response = http.post("/nowhere/v1/chat/completions", json=body, headers={"api-key": state.api_key})
    assert response.status_code == 502
    assert "did not answer" in message(response)
    assert state.gateway_requests("nowhere")[-1].status == 502


@pytest.fixture
def client(http: httpx.Client, state: State) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(
        base_url=str(http.base_url.join("openai/v1")),
        api_key=state.api_key,
        max_retries=0,
        _strict_response_validation=True,
    ) as made:
        yield made


TOOLS: list[Any] = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "parameters": {
                "type": "object",
                "properties": {"place": {"type": "string"}},
                "required": ["place"],
            },
        },
    }
]


def test_the_official_client_accepts_answers(client: openai.OpenAI) -> None:
    made = client.chat.completions.create(model="gpt-4o", messages=MESSAGES)
    assert made.choices[0].message.content == ANSWER
    assert made.usage is not None
    assert made.usage.total_tokens > 0
    assert next(iter(client.models.list())).id == "gpt-4o"
    assert client.models.retrieve("meta/llama-3").id == "meta/llama-3"


def test_the_official_client_accepts_streams(client: openai.OpenAI) -> None:
    options: dict[str, Any] = {"stream": True, "stream_options": {"include_usage": True}}
    chunks = list(client.chat.completions.create(model="gpt-4o", messages=MESSAGES, **options))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks[:-1]) == ANSWER
    assert chunks[-1].usage.total_tokens > 0


def test_the_official_client_can_hold_a_conversation_with_tools(client: openai.OpenAI) -> None:
    messages: list[Any] = [{"role": "user", "content": "The weather in Oslo?"}]
    made = client.chat.completions.create(model="gpt-4o", messages=messages, tools=TOOLS)
    [call] = made.choices[0].message.tool_calls or []
    assert call.type == "function"
    assert json.loads(call.function.arguments) == {"place": "Oslo"}
    messages += [made.choices[0].message, {"role": "tool", "tool_call_id": call.id, "content": "sleet"}]
    answer = client.chat.completions.create(model="gpt-4o", messages=messages, tools=TOOLS)
    assert "sleet" in (answer.choices[0].message.content or "")


def test_the_official_client_joins_streamed_calls(client: openai.OpenAI) -> None:
    messages: list[Any] = [{"role": "user", "content": "The weather in New York?"}]
    with client.chat.completions.stream(model="gpt-4o", messages=messages, tools=TOOLS) as events:
        final = events.get_final_completion()
    [call] = final.choices[0].message.tool_calls or []
    assert call.type == "function"
    assert json.loads(call.function.arguments) == {"place": "New York"}


def test_the_official_client_raises_its_own_errors(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as unknown:
        client.chat.completions.create(model="gpt-9", messages=MESSAGES)
    assert unknown.value.code == "model_not_found"
    with pytest.raises(openai.BadRequestError) as malformed:
        client.chat.completions.create(model="gpt-4o", messages=[])
    assert malformed.value.param == "messages"
    with pytest.raises(openai.AuthenticationError):
        client.with_options(api_key="wrong").models.list()


READING: Final = {"type": "function", "function": {"name": "get_reading", "parameters": {"type": "object"}}}
TICKET: Final = {
    "type": "json_schema",
    "json_schema": {"name": "t", "schema": {"type": "object", "properties": {"n": {"type": "integer"}}}},
}


def timed(caller: Caller, deployment: str) -> list[float]:
    """When the pieces of a stream arrive, in seconds after the first."""
    url = f"/{caller.name}{TARGETS[caller.name]}/chat/completions"
    body = {"model": deployment, "messages": MESSAGES, "stream": True}
    with caller.http.stream("POST", url, json=body, headers=caller.headers) as response:
        times = [time.perf_counter() for _ in response.iter_bytes()]
    return [at - times[0] for at in times]


@every("openai")
def test_a_deployment_that_lacks_something_takes_it_and_says_nothing(caller: Caller) -> None:
    forced = {"tools": [READING], "tool_choice": {"type": "function", "function": {"name": "get_reading"}}}
    for asked in (forced, {"response_format": TICKET}, {"reasoning_effort": "no such effort"}):
        plain, made = caller.chat("meta/llama-3").json(), caller.chat("meta/llama-3", **asked).json()
        assert made["choices"][0]["message"] == plain["choices"][0]["message"]
        assert made["usage"] == plain["usage"], "the model never saw it"
    assert caller.chat(**forced).json()["choices"][0]["finish_reason"] == "tool_calls"
    assert caller.chat(reasoning_effort="no such effort").status_code == 400
    assert caller.chat(reasoning_effort="low").status_code == 200


@every("openai")
def test_a_good_deployment_streams_and_the_other_sends_one_lump(caller: Caller) -> None:
    assert len(timed(caller, "meta/llama-3")) == 1
    assert len(times := timed(caller, "gpt-4o")) > 3
    assert times[-1] > 0.004
