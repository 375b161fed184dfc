"""What gateways do that the sandbox's own never do: a scripted transport stands in their place."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from starlette.applications import Starlette

from foundry_sandbox import connections
from foundry_sandbox import project as project_routes
from foundry_sandbox.agent_service import AgentService, Prompt
from foundry_sandbox.connections import Connection
from foundry_sandbox.identity import issue_token
from foundry_sandbox.refusal import RefusalError, answer

from .conftest import PROJECT, metadata

if TYPE_CHECKING:
    from foundry_sandbox.state import State


class Scripted:
    """An Agent Service whose gateway answers from a script; it keeps the requests it saw."""

    def __init__(self, state: State, *answers: httpx.Response | Exception, **change: Any) -> None:  # properties
        self.requests: list[httpx.Request] = []
        self.answers = list(answers)
        self.state = state
        whole = {"category": "ModelGateway", "authType": "ApiKey", "target": "https://gateway.example/v1"}
        credentials = change.pop("credentials", {"key": "the-key"})
        connections.save(
            state,
            Connection(
                name="scripted",
                scope="project",
                properties={**whole, "metadata": metadata(), **change},
                credentials=credentials,
                created="",
                changed="",
            ),
        )
        self.service = AgentService(state, http=httpx.AsyncClient(transport=httpx.MockTransport(self.play)))

    def play(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        scripted = self.answers.pop(0)
        if isinstance(scripted, Exception):
            raise scripted
        return scripted

    def complete(self) -> dict[str, Any]:
        return asyncio.run(self.service.complete(PROMPT))

    def stream(self) -> list[dict[str, Any]]:
        async def listen() -> list[dict[str, Any]]:
            async with self.service.stream(PROMPT) as chunks:
                return [chunk async for chunk in chunks]

        return asyncio.run(listen())


PROMPT = Prompt(
    response_id="resp_1",
    agent=None,
    connection="scripted",
    deployment="gpt-4o",
    body={"messages": [{"role": "user", "content": "hi"}]},
)
SAID = {"choices": [{"message": {"role": "assistant", "content": "hello"}, "finish_reason": "stop"}]}


def test_the_request_is_what_the_contract_says(state: State) -> None:
    scripted = Scripted(state, httpx.Response(200, json=SAID))
    assert scripted.complete() == SAID
    (request,) = scripted.requests
    assert str(request.url) == "https://gateway.example/v1/chat/completions"
    assert json.loads(request.content) == {"messages": PROMPT.body["messages"], "model": "gpt-4o"}
    assert request.headers["api-key"] == "the-key"
    assert request.headers["x-request-id"] == "resp_1"
    assert "authorization" not in request.headers


def test_the_path_may_carry_the_deployment_instead(state: State) -> None:
    by_path = metadata(deploymentInPath="true", inferenceAPIVersion="2024 10")
    scripted = Scripted(state, httpx.Response(200, json=SAID), target="https://g.example/x/", metadata=by_path)
    asyncio.run(
        scripted.service.complete(
            Prompt(response_id="r", agent=None, connection="scripted", deployment="meta/llama 3", body={})
        )
    )
    (request,) = scripted.requests
    raw = request.url.raw_path.decode()
    assert raw == "/x/deployments/meta%2Fllama%203/chat/completions?api-version=2024+10"
    assert json.loads(request.content) == {}


@pytest.mark.parametrize(
    ("given", "status", "why"),
    [
        (
            httpx.Response(200, html="<html>Sign in</html>"),
            424,
            "200 with text/html.*, not a chat completion",
        ),
        (httpx.Response(200, json={"choices": []}), 424, "not a chat completion"),
        (httpx.Response(302, headers={"Location": "https://login.example"}), 424, "a redirect"),
        (httpx.Response(500, text="boom"), 424, "answered 500: boom"),
        (
            httpx.Response(400, text="key the-key, Authorization: Bearer abc.def"),
            424,
            r"key \*\*\*, .* Bearer \*\*\*",
        ),
        (httpx.Response(429, text="slow down"), 429, "answered 429: slow down"),
        (httpx.ReadTimeout("too slow"), 424, "failed: ReadTimeout: too slow"),
        (httpx.ConnectError("no such host"), 424, "failed: ConnectError: no such host"),
    ],
)
def test_every_kind_of_failure_has_its_sentence(
    state: State, given: httpx.Response | Exception, status: int, why: str
) -> None:
    with pytest.raises(RefusalError, match=why) as raised:
        Scripted(state, given).complete()
    assert (raised.value.status, raised.value.code) == (status, "model_gateway_error")


def test_too_many_requests_keeps_the_time_to_wait(state: State) -> None:
    with pytest.raises(RefusalError) as raised:
        Scripted(state, httpx.Response(429, headers={"Retry-After": "7"})).complete()
    assert raised.value.headers == {"Retry-After": "7"}


def test_a_long_answer_is_cut_and_no_query_secret_is_shown(state: State) -> None:
    target = "https://user:pass@gateway.example/v1"
    by_path = metadata(inferenceAPIVersion="1")
    scripted = Scripted(state, httpx.Response(500, text="§" * 1000), target=target, metadata=by_path)
    with pytest.raises(RefusalError) as raised:
        scripted.complete()
    assert raised.value.message.count("§") == 300
    assert "pass@" not in raised.value.message
    (call,) = state.agent_calls()
    assert call.url == "https://gateway.example/v1/chat/completions?api-version=1"
    assert call.status == 500


def test_a_key_that_http_does_not_allow_is_not_shown(state: State) -> None:
    torn = httpx.LocalProtocolError("Illegal header value b'half\\nhush'")
    with pytest.raises(RefusalError, match="a header is not allowed in HTTP") as raised:
        Scripted(state, torn, credentials={"key": "half\nhush"}).complete()
    assert "hush" not in raised.value.message


def oauth(**change: Any) -> dict[str, Any]:  # connection properties
    return {
        "authType": "OAuth2",
        "tokenUrl": "https://login.example/token",
        "scopes": ["a", "b"],
        "credentials": {"clientId": "me", "clientSecret": "hush"},
        **change,
    }


def granted(token: str, *, seconds: float = 300) -> httpx.Response:
    return httpx.Response(200, json={"access_token": token, "expires_in": seconds})


def test_a_token_is_fetched_once_and_again_after_a_refusal(state: State) -> None:
    scripted = Scripted(
        state,
        granted("one"),
        httpx.Response(200, json=SAID),
        httpx.Response(200, json=SAID),
        httpx.Response(401),
        granted("two"),
        httpx.Response(200, json=SAID),
        **oauth(),
    )
    for _ in range(3):
        scripted.complete()
    sent = [request.headers.get("authorization", request.content.decode()) for request in scripted.requests]
    form = "grant_type=client_credentials&client_id=me&client_secret=hush&scope=a+b"
    assert sent == [form, "Bearer one", "Bearer one", "Bearer one", form, "Bearer two"]
    assert [call.status for call in state.agent_calls()] == [200, 200, 401, 200]


def test_a_second_refusal_is_final(state: State) -> None:
    scripted = Scripted(
        state, granted("a"), httpx.Response(401), granted("b"), httpx.Response(401, text="no"), **oauth()
    )
    with pytest.raises(RefusalError, match="answered 401: no"):
        scripted.complete()
    assert scripted.answers == []


def test_an_expiring_token_is_fetched_before_its_end(state: State) -> None:
    scripted = Scripted(
        state,
        granted("short", seconds=0.05),
        httpx.Response(200, json=SAID),
        granted("next"),
        httpx.Response(200, json=SAID),
        **oauth(),
    )
    scripted.complete()
    time.sleep(0.05)
    scripted.complete()
    assert scripted.requests[-1].headers["authorization"] == "Bearer next"


@pytest.mark.parametrize(
    "given",
    [httpx.Response(200, text="<html>"), httpx.Response(200, json={}), httpx.ConnectError("refused")],
)
def test_a_token_endpoint_without_a_token_is_told(state: State, given: httpx.Response | Exception) -> None:
    with pytest.raises(RefusalError, match=r"login.example/token \(token\)"):
        Scripted(state, given, **oauth()).complete()


def events(*lines: str) -> httpx.Response:
    content = "".join(f"{line}\n\n" for line in lines).encode()
    return httpx.Response(200, content=content, headers={"Content-Type": "text/event-stream"})


def test_a_stream_is_asked_for_with_usage_and_read_to_its_end(state: State) -> None:
    scripted = Scripted(
        state, events(": ping", 'data: {"a": 1}', "event: x", 'data:{"a": 2}', "data: [DONE]", "data: x")
    )
    assert scripted.stream() == [{"a": 1}, {"a": 2}]
    sent = json.loads(scripted.requests[0].content)
    assert (sent["stream"], sent["stream_options"]) == (True, {"include_usage": True})


def test_a_gateway_that_ignores_stream_is_still_understood(state: State) -> None:
    (chunk,) = Scripted(state, httpx.Response(200, json={**SAID, "usage": {"total_tokens": 3}})).stream()
    assert chunk["choices"][0]["delta"]["content"] == "hello"
    assert chunk["choices"][0]["finish_reason"] == "stop"
    assert chunk["usage"] == {"total_tokens": 3}


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("data: {nope", "not JSON"),
        ('data: {"error": {"message": "quota"}}', "broke off with an error.*quota"),
    ],
)
def test_a_stream_that_goes_wrong_is_told(state: State, line: str, why: str) -> None:
    with pytest.raises(RefusalError, match=why):
        Scripted(state, events('data: {"a": 1}', line)).stream()


def told(scripted: Scripted) -> list[dict[str, Any]]:
    """Ask the project for a stream, its gateway being the script; return the events."""
    routes = project_routes.routes(scripted.state, service=scripted.service)
    app = Starlette(routes=routes, exception_handlers={RefusalError: answer})
    token = issue_token(scripted.state, audience=PROJECT, subject="test")

    async def ask() -> str:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            response = await client.post(
                "/api/projects/workshop/openai/v1/responses",
                json={"model": "scripted/gpt-4o", "input": "hi", "stream": True},
                headers={"Authorization": f"Bearer {token}"},
            )
            assert response.headers["content-type"].startswith("text/event-stream")
            return response.text

    lines = asyncio.run(ask()).splitlines()
    return [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]


def delta(**fields: Any) -> str:  # JSON
    finish = fields.pop("finish", None)
    return "data: " + json.dumps({"choices": [{"index": 0, "delta": fields, "finish_reason": finish}]})


def test_a_stream_that_breaks_off_ends_in_a_failed_response(state: State) -> None:
    events_seen = told(Scripted(state, events(delta(content="half"))))
    assert [event["type"] for event in events_seen][-2:] == ["response.output_text.delta", "response.failed"]
    failed = events_seen[-1]["response"]
    assert failed["status"] == "failed"
    assert failed["error"]["message"] == "the gateway's stream ended without a finish_reason"
    assert state.get(failed["id"], kind="response") is not None


def test_a_tool_call_without_a_name_ends_in_a_failed_response(state: State) -> None:
    nameless = delta(tool_calls=[{"index": 0, "function": {"arguments": "{}"}}])
    last = told(Scripted(state, events(nameless)))[-1]
    assert "tool call without id and name" in last["response"]["error"]["message"]


def test_text_and_interleaved_tool_calls_are_told_apart(state: State) -> None:
    def piece(index: int, arguments: str, **head: str) -> str:
        name = {"name": head.pop("name")} if "name" in head else {}
        return delta(tool_calls=[{"index": index, **head, "function": {**name, "arguments": arguments}}])

    events_seen = told(
        Scripted(
            state,
            events(
                delta(content="Let me see. "),
                piece(0, "", id="call_a", name="a"),
                piece(1, "", id="call_b", name="b"),
                piece(0, '{"x":'),
                piece(1, '{"y":'),
                piece(0, "1}"),
                piece(1, "2}"),
                delta(finish="tool_calls"),
                "data: [DONE]",
            ),
        )
    )
    output = events_seen[-1]["response"]["output"]
    assert output[0]["content"][0]["text"] == "Let me see. "
    assert [(item["call_id"], item["arguments"]) for item in output[1:]] == [
        ("call_a", '{"x":1}'),
        ("call_b", '{"y":2}'),
    ]
    pieces = [(e["output_index"], e["delta"]) for e in events_seen if e["type"].endswith("arguments.delta")]
    assert pieces == [(1, '{"x":'), (2, '{"y":'), (1, "1}"), (2, "2}")]


def test_an_empty_answer_is_an_empty_message(state: State) -> None:
    output = told(Scripted(state, events(delta(finish="stop"))))[-1]["response"]["output"]
    assert [part["text"] for part in output[0]["content"]] == [""]


def test_a_refusal_is_told_as_text(state: State) -> None:
    output = told(Scripted(state, events(delta(refusal="I cannot."), delta(finish="stop"))))[-1]["response"]["output"]
    assert output[0]["content"][0]["text"] == "I cannot."
