"""What a llama.cpp server really answers; never what the model says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import httpx
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.gateways.server import Server

pytestmark = pytest.mark.model
QUESTION = {"messages": [{"role": "user", "content": "What is the capital of France?"}]}


@pytest.fixture
def client(local_model: Server) -> Iterator[httpx.Client]:
    with httpx.Client(
        base_url=local_model.url,
        headers={"Authorization": f"Bearer {local_model.key}"},
        timeout=60,
        trust_env=False,
    ) as client:
        yield client


def completion(client: httpx.Client, **more: object) -> httpx.Response:
    return client.post("/v1/chat/completions", json={"model": "smollm2", "max_tokens": 16, **QUESTION, **more})


def test_generates_text_and_counts_it(client: httpx.Client) -> None:
    body = completion(client).raise_for_status().json()

    assert body["choices"][0]["message"]["content"]
    assert 0 < body["usage"]["completion_tokens"] <= 16


def test_stops_by_itself_when_nobody_says_how_long(client: httpx.Client) -> None:
    question = {"messages": [{"role": "user", "content": "Count from 1 to 1000."}]}

    body = client.post("/v1/chat/completions", json={"model": "smollm2", **question}).raise_for_status().json()

    assert 0 < body["usage"]["completion_tokens"] <= 64


def test_streams_text_and_then_usage_without_choices(client: httpx.Client) -> None:
    answer = completion(client, stream=True, stream_options={"include_usage": True})

    lines = [line.removeprefix("data: ") for line in answer.text.splitlines() if line]
    pieces = [json.loads(line) for line in lines[:-1]]
    assert lines[-1] == "[DONE]"
    assert "".join(choice["delta"].get("content") or "" for piece in pieces for choice in piece["choices"])
    assert pieces[-1]["choices"] == []
    assert pieces[-1]["usage"]["total_tokens"] > 0


def test_honours_a_json_schema(client: httpx.Client) -> None:
    schema = {
        "type": "object",
        "properties": {"yes": {"type": "boolean"}},
        "required": ["yes"],
        "additionalProperties": False,
    }

    form = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}
    body = completion(client, response_format=form, max_tokens=64).raise_for_status().json()

    assert isinstance(json.loads(body["choices"][0]["message"]["content"])["yes"], bool)


def test_does_not_call_even_a_required_tool(client: httpx.Client) -> None:
    tool = {
        "type": "function",
        "function": {"name": "look_up", "parameters": {"type": "object", "properties": {}}},
    }

    message = (
        completion(client, tools=[tool], tool_choice="required").raise_for_status().json()["choices"][0]["message"]
    )

    assert not message.get("tool_calls")  # its chat template knows no tools, and nothing says so


def test_an_unknown_model_is_answered_all_the_same(client: httpx.Client) -> None:
    answer = completion(client, model="gpt-nope")

    assert answer.status_code == 200
    assert answer.json()["model"] == "smollm2"


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/chat/completions"])
def test_answers_with_and_without_v1(client: httpx.Client, path: str) -> None:
    assert client.post(path, json={"max_tokens": 1, **QUESTION}).status_code == 200


def test_lists_its_model_in_openai_form(client: httpx.Client) -> None:
    assert [model["id"] for model in client.get("/v1/models").raise_for_status().json()["data"]] == ["smollm2"]


@pytest.mark.parametrize("path", ["/v1/models/smollm2", "/deployments", "/openai/deployments/smollm2/chat/completions"])
def test_gets_no_single_model_and_knows_no_deployments(client: httpx.Client, path: str) -> None:
    answer = client.get(path)

    assert answer.status_code == 404
    assert answer.json()["error"]["type"] == "not_found_error"


@pytest.mark.parametrize("form", [{}, {"Authorization": "Bearer wrong"}, {"api-key": "{key}"}])
def test_a_key_missing_wrong_or_in_azures_header_is_401(local_model: Server, form: Mapping[str, str]) -> None:
    headers = {name: value.format(key=local_model.key) for name, value in form.items()}

    answer = httpx.post(f"{local_model.url}/v1/chat/completions", json=QUESTION, headers=headers, trust_env=False)

    assert answer.status_code == 401
    assert answer.json()["error"]["type"] == "authentication_error"


def test_the_keyless_one_asks_for_none(keyless_model: Server) -> None:
    assert httpx.get(f"{keyless_model.url}/v1/models", trust_env=False).status_code == 200
