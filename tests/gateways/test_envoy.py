"""Envoy as a platform team's gateway: its key in, LiteLLM's key out, one route, a line per request."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import httpx
import pytest

from .workbook import AGENT_SERVICE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .envoy import Envoy
    from .server import Server

pytestmark = pytest.mark.gateways
PATH = "/openai/deployments/gpt-4o/chat/completions"
QUESTION = {"messages": [{"role": "user", "content": "Who are you?"}]}


@pytest.fixture
def client(envoy: Envoy) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=envoy.url, timeout=30, trust_env=False) as client:
        yield client


@pytest.fixture
def request_id() -> str:
    return f"resp_{uuid4().hex}"


@pytest.mark.parametrize("deployment", ["gpt-4o", "gpt-4o-mini", "meta/llama-3", "meta%2Fllama-3"])
def test_the_right_key_reaches_the_model(client: httpx.Client, envoy: Envoy, deployment: str) -> None:
    answer = client.post(
        f"/openai/deployments/{deployment}/chat/completions", json=QUESTION, headers={"api-key": envoy.key}
    )

    content = answer.raise_for_status().json()["choices"][0]["message"]["content"]
    assert content == f"LiteLLM mock of {deployment.replace('%2F', '/')}"


def test_streams(client: httpx.Client, envoy: Envoy) -> None:
    with client.stream("POST", PATH, json={**QUESTION, "stream": True}, headers={"api-key": envoy.key}) as answer:
        lines = [line for line in answer.iter_lines() if line]

    assert answer.headers["content-type"].startswith("text/event-stream")
    assert len(lines) > 2
    assert lines[-1] == "data: [DONE]"


@pytest.mark.parametrize(
    "headers", [{}, {"api-key": "wrong"}, {"api-key": ""}, {"Authorization": "Bearer envoy-made-up-key"}]
)
def test_a_wrong_or_missing_key_is_401_in_plain_text(client: httpx.Client, headers: Mapping[str, str]) -> None:
    answer = client.post(PATH, json=QUESTION, headers=dict(headers))

    assert answer.status_code == 401
    assert answer.headers["content-type"] == "text/plain"


def test_litellms_own_key_opens_nothing(client: httpx.Client, litellm: Server) -> None:
    answer = client.post(
        PATH, json=QUESTION, headers={"api-key": litellm.key, "Authorization": f"Bearer {litellm.key}"}
    )

    assert answer.status_code == 401


def test_the_callers_authorization_does_not_reach_litellm(client: httpx.Client, envoy: Envoy) -> None:
    answer = client.post(PATH, json=QUESTION, headers={"api-key": envoy.key, "Authorization": "Bearer sk-wrong"})

    assert answer.status_code == 200


def test_an_unknown_deployment_is_litellms_400(client: httpx.Client, envoy: Envoy) -> None:
    answer = client.post("/openai/deployments/gpt-nope/chat/completions", json=QUESTION, headers={"api-key": envoy.key})

    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    "path", ["/openai/deployments", "/openai/deployments/gpt-4o", "/v1/models", "/v1/chat/completions"]
)
def test_there_is_no_other_route(client: httpx.Client, envoy: Envoy, path: str) -> None:
    answer = client.get(path, headers={"api-key": envoy.key})

    assert (answer.status_code, answer.text) == (404, "no such route\n")


def test_the_log_says_who_called_and_for_which_response(client: httpx.Client, envoy: Envoy, request_id: str) -> None:
    client.post(
        f"{PATH}?api-version=2024-10-21",
        json=QUESTION,
        headers={"api-key": envoy.key, "User-Agent": AGENT_SERVICE, "x-request-id": request_id},
    )

    entry = envoy.request(request_id)
    assert (entry["method"], entry["path"], entry["status"]) == (
        "POST",
        f"{PATH}?api-version=2024-10-21",
        200,
    )
    assert entry["user_agent"] == AGENT_SERVICE


def test_the_log_says_why_a_call_was_refused(client: httpx.Client, envoy: Envoy, request_id: str) -> None:
    client.post(PATH, json=QUESTION, headers={"api-key": "wrong-made-up-key", "x-request-id": request_id})

    entry = envoy.request(request_id)
    assert (entry["status"], entry["details"]) == (401, "unknown_api_key")


def test_no_key_is_in_any_log(client: httpx.Client, envoy: Envoy, litellm: Server, request_id: str) -> None:
    client.post(PATH, json=QUESTION, headers={"api-key": envoy.key, "x-request-id": request_id})

    envoy.request(request_id)
    written = "".join(path.read_text(encoding="utf-8") for path in (envoy.access_log, envoy.log, litellm.log))
    assert envoy.key not in written
    assert litellm.key not in written
