"""The whole workbook through gateways that nobody here wrote, with the sandbox as Foundry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .workbook import AGENT_SERVICE, Sandbox, Workbook, assert_green, static_model

if TYPE_CHECKING:
    from pathlib import Path

    from .envoy import Envoy
    from .server import Server

pytestmark = pytest.mark.gateways
MODELS = [
    static_model("gpt-4o", model="gpt-4o", version="2024-08-06"),
    static_model("gpt-4o-mini", model="gpt-4o-mini", version="2024-07-18"),
]
# The mocked text occurs nowhere else, so an agent that says it has been answered by LiteLLM.
SUITE: dict[str, Any] = {
    "name": "mocked",
    "prompts": [
        {
            "name": "who",
            "prompt": "Who are you?",
            "assertions": ["not_empty", {"contains": "LiteLLM mock of gpt-4o"}],
        },
        {
            "name": "capital",
            "prompt": "What is the capital of Norway?",
            "assertions": [{"not_contains": "Oslo"}],
        },
    ],
}


@pytest.fixture
def workbook(sandbox: Sandbox, tmp_path: Path) -> Workbook:
    return Workbook(sandbox=sandbox, folder=tmp_path)


def test_through_envoy_by_path(workbook: Workbook, envoy: Envoy) -> None:
    before = len(envoy.requests())
    profile = {
        "category": "ApiManagement",
        "connectionName": "behind-envoy",
        "targetUrl": f"{envoy.url}/openai",
        "authType": "ApiKey",
        "apiKey": "env:ENVOY_KEY",
        "deploymentInPath": True,
        "inferenceAPIVersion": "2024-10-21",
        "staticModels": MODELS,
    }

    run = workbook.run(profile, suite=SUITE, ENVOY_KEY=envoy.key)

    assert_green(run, suite=SUITE)
    assert not run.files_with(envoy.key)
    calls = envoy.requests()[before:]
    # Readiness asks with an invented key once, and of what LiteLLM refuses.
    assert [call["details"] for call in calls if call["status"] == 401] == ["unknown_api_key"]
    assert {call["status"] for call in calls} <= {200, 400, 401}
    agents = [call for call in calls if call["user_agent"] == AGENT_SERVICE]
    assert len(agents) >= len(SUITE["prompts"])
    assert {call["status"] for call in agents} == {200}
    assert {call["path"] for call in agents} == {"/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21"}
    assert all(call["request_id"].startswith("resp_") for call in agents), agents


def test_a_wrong_key_at_envoy_is_red(workbook: Workbook, envoy: Envoy) -> None:
    before = len(envoy.requests())
    profile = {
        "category": "ApiManagement",
        "connectionName": "behind-envoy-locked",
        "targetUrl": f"{envoy.url}/openai",
        "authType": "ApiKey",
        "apiKey": "env:ENVOY_KEY",
        "deploymentInPath": True,
        "staticModels": MODELS,
    }

    run = workbook.run(profile, suite=SUITE, ENVOY_KEY="not-the-key")

    assert run.exit_code == 1, run.output
    assert "401" in run.output
    # The search for a mend tries other headers, too, which Envoy does not look at.
    assert {call["details"] for call in envoy.requests()[before:]} == {"unknown_api_key", "missing_api_key"}


def test_straight_to_litellm_by_body_with_openai_discovery(workbook: Workbook, litellm: Server) -> None:
    profile = {
        "category": "ModelGateway",
        "connectionName": "litellm",
        "targetUrl": f"{litellm.url}/v1",
        "authType": "ApiKey",
        "apiKey": "env:LITELLM_KEY",
        "authConfig": {"type": "api_key", "name": "Authorization", "format": "Bearer {api_key}"},
        "deploymentInPath": False,
        "listModelsEndpoint": "/models",
        "getModelEndpoint": "/models/{deploymentName}",
        "deploymentProvider": "OpenAI",
    }

    run = workbook.run(profile, suite=SUITE, LITELLM_KEY=litellm.key)

    assert_green(run, suite=SUITE)
    assert not run.files_with(litellm.key)
    asked = litellm.log.read_text(encoding="utf-8")
    for request in ("GET /v1/models ", "GET /v1/models/gpt-4o ", "POST /v1/chat/completions "):
        assert f'"{request}HTTP/1.1" 200' in asked, request
