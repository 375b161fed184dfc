"""What LiteLLM really answers: facts about somebody else's gateway that our code has to live with."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .server import Server

pytestmark = pytest.mark.gateways
QUESTION = {"messages": [{"role": "user", "content": "Who are you?"}]}
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}


@pytest.fixture
def client(litellm: Server) -> Iterator[httpx.Client]:
    with httpx.Client(
        base_url=litellm.url, headers={"Authorization": f"Bearer {litellm.key}"}, timeout=30, trust_env=False
    ) as client:
        yield client


def completion(client: httpx.Client, model: str, **more: object) -> httpx.Response:
    return client.post("/v1/chat/completions", json={"model": model, **QUESTION, **more})


def chunks(answer: httpx.Response) -> list[dict[str, Any]]:
    lines = [line.removeprefix("data: ") for line in answer.text.splitlines() if line]
    assert lines[-1] == "[DONE]"
    return [json.loads(line) for line in lines[:-1]]


@pytest.mark.parametrize("model", ["gpt-4o", "gpt-4o-mini", "meta/llama-3"])
def test_answers_by_the_model_in_the_body(client: httpx.Client, model: str) -> None:
    message = completion(client, model).raise_for_status().json()["choices"][0]["message"]

    assert message["content"] == f"LiteLLM mock of {model}"


@pytest.mark.parametrize("deployment", ["gpt-4o", "meta/llama-3", "meta%2Fllama-3"])
def test_answers_by_the_deployment_in_the_path(client: httpx.Client, deployment: str) -> None:
    answer = client.post(f"/openai/deployments/{deployment}/chat/completions?api-version=2024-10-21", json=QUESTION)

    content = answer.raise_for_status().json()["choices"][0]["message"]["content"]
    assert content == f"LiteLLM mock of {deployment.replace('%2F', '/')}"


def test_the_slash_of_a_target_without_v1_matters_not(client: httpx.Client) -> None:
    answer = client.post("/chat/completions", json={"model": "gpt-4o", **QUESTION})

    assert answer.status_code == 200


def test_an_api_version_nobody_needs_is_ignored(client: httpx.Client) -> None:
    answer = client.post("/v1/chat/completions?api-version=1999-01-01", json={"model": "gpt-4o", **QUESTION})

    assert answer.status_code == 200


def test_streams_text_and_usage(client: httpx.Client) -> None:
    answer = completion(client, "gpt-4o", stream=True, stream_options={"include_usage": True})

    assert answer.headers["content-type"].startswith("text/event-stream")
    pieces = chunks(answer)
    text = "".join(choice["delta"].get("content") or "" for piece in pieces for choice in piece["choices"])
    assert text == "LiteLLM mock of gpt-4o"
    assert pieces[-1]["usage"]["total_tokens"] > 0


def test_a_stream_ends_twice_and_the_second_end_has_no_reason(client: httpx.Client) -> None:
    pieces = chunks(completion(client, "gpt-4o", stream=True, stream_options={"include_usage": True}))

    assert pieces[-2]["choices"][0]["finish_reason"] == "stop"
    assert "finish_reason" not in pieces[-1]["choices"][0]  # OpenAI's usage chunk has no choices at all


def test_a_tool_call_comes_with_text_and_the_reason_stop(client: httpx.Client) -> None:
    choice = completion(client, "gpt-4o-tools", tools=[WEATHER]).raise_for_status().json()["choices"][0]

    call = choice["message"]["tool_calls"][0]
    assert (call["id"], call["function"]["name"]) == ("call_1", "get_weather")
    assert json.loads(call["function"]["arguments"]) == {"city": "Oslo"}
    assert choice["finish_reason"] == "stop"  # not "tool_calls": the message decides, never the reason


def test_a_mocked_tool_call_is_lost_in_a_stream(client: httpx.Client) -> None:
    pieces = chunks(completion(client, "gpt-4o-tools", tools=[WEATHER], stream=True))

    assert not [choice for piece in pieces for choice in piece["choices"] if choice["delta"].get("tool_calls")]


def test_an_unknown_model_is_400_not_404(client: httpx.Client) -> None:
    answer = completion(client, "gpt-nope")

    assert answer.status_code == 400
    assert "Invalid model name passed in model=gpt-nope" in answer.json()["error"]["message"]


def test_an_unknown_deployment_in_the_path_is_400_too(client: httpx.Client) -> None:
    answer = client.post("/openai/deployments/gpt-nope/chat/completions", json=QUESTION)

    assert answer.status_code == 400
    assert "model=gpt-nope" in answer.json()["error"]["message"]


def test_a_wrong_key_is_400_about_a_database(client: httpx.Client) -> None:
    answer = client.get("/v1/models", headers={"Authorization": "Bearer sk-wrong"})

    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "no_db_connection"


def test_a_missing_key_is_refused_without_json(litellm: Server) -> None:
    answer = httpx.post(f"{litellm.url}/v1/chat/completions", json={"model": "gpt-4o", **QUESTION}, trust_env=False)

    assert answer.status_code == 500  # its own error handler fails without a database driver
    assert answer.headers["content-type"].startswith("text/plain")


def test_takes_its_key_in_azures_header_too(litellm: Server) -> None:
    answer = httpx.get(f"{litellm.url}/v1/models", headers={"api-key": litellm.key}, trust_env=False)

    assert answer.status_code == 200


def test_lists_models_in_openai_form(client: httpx.Client) -> None:
    listing = client.get("/v1/models").raise_for_status().json()

    assert listing["object"] == "list"
    assert [model["id"] for model in listing["data"]] == [
        "gpt-4o",
        "gpt-4o-mini",
        "meta/llama-3",
        "gpt-4o-tools",
    ]


def test_gets_one_model(client: httpx.Client) -> None:
    assert client.get("/v1/models/gpt-4o").raise_for_status().json()["id"] == "gpt-4o"


@pytest.mark.parametrize("name", ["gpt-nope", "meta/llama-3", "meta%2Fllama-3"])
def test_gets_neither_unknown_models_nor_names_with_a_slash(client: httpx.Client, name: str) -> None:
    assert client.get(f"/v1/models/{name}").status_code == 404


@pytest.mark.parametrize(("path", "status"), [("/deployments", 404), ("/openai/deployments", 500)])
def test_lists_no_deployments(client: httpx.Client, path: str, status: int) -> None:
    assert client.get(path).status_code == status
