"""The whole workbook on text that a language model really generates; never on what it says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.gateways.workbook import AGENT_SERVICE, Sandbox, Workbook, assert_green, static_model

if TYPE_CHECKING:
    from pathlib import Path

    from tests.gateways.server import Server

pytestmark = pytest.mark.model
MODELS = [static_model("smollm2", model="SmolLM2-135M-Instruct", version="1", form="NonOpenAI")]
SUITE: dict[str, Any] = {
    "name": "generated",
    "prompts": [
        {
            "name": "capital",
            "prompt": "What is the capital of France?",
            "assertions": ["not_empty", {"max_seconds": 60}],
        },
        {
            "name": "story",
            "prompt": "Tell me about the sea.",
            "assertions": ["not_empty", {"max_seconds": 60}],
        },
    ],
}


@pytest.fixture
def workbook(sandbox: Sandbox, tmp_path: Path) -> Workbook:
    return Workbook(sandbox=sandbox, folder=tmp_path)


def test_straight_to_the_model(workbook: Workbook, local_model: Server) -> None:
    profile = {
        "category": "ModelGateway",
        "connectionName": "local-model",
        "targetUrl": f"{local_model.url}/v1",
        "authType": "ApiKey",
        "apiKey": "env:LOCAL_MODEL_KEY",
        "authConfig": {"type": "api_key", "name": "Authorization", "format": "Bearer {api_key}"},
        "deploymentInPath": False,
        "staticModels": MODELS,
    }

    run = workbook.run(profile, suite=SUITE, LOCAL_MODEL_KEY=local_model.key)

    assert_green(run, suite=SUITE)
    assert not run.files_with(local_model.key)


def test_behind_the_sandboxs_gateway(workbook: Workbook, sandbox: Sandbox) -> None:
    profile = {
        "category": "ModelGateway",
        "connectionName": "local-gateway",
        "targetUrl": "sandbox://local/v1",
        "authType": "ApiKey",
        "apiKey": "env:SANDBOX_API_KEY",
        "deploymentInPath": False,
        "staticModels": MODELS,
    }

    run = workbook.run(profile, suite=SUITE)

    assert_green(run, suite=SUITE)
    agents = [call for call in sandbox.requests("local") if call["user_agent"] == AGENT_SERVICE]
    assert len(agents) >= len(SUITE["prompts"])
    assert {(call["path"].removeprefix("/gateways/local"), call["status"]) for call in agents} == {
        ("/v1/chat/completions", 200)
    }
