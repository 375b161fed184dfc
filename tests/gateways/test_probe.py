"""The search for settings on gateways that are not ours: Envoy, which lists nothing, and LiteLLM, which lists all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway_workbook.probe_session import ProbeOptions, find_settings

from .workbook import Workbook, assert_green

if TYPE_CHECKING:
    from pathlib import Path

    from .envoy import Envoy
    from .server import Server
    from .workbook import Sandbox

pytestmark = pytest.mark.gateways
FEW = 15
SUITE = {
    "name": "probed",
    "prompts": [{"name": "mock", "prompt": "Who are you?", "assertions": [{"contains": "LiteLLM mock"}]}],
}


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/openai",
        "/openai/deployments/gpt-4o/",
        "/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21",
    ],
)
def test_envoy(envoy: Envoy, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROBED_KEY", envoy.key)
    found = find_settings(envoy.url + path, ProbeOptions(key="env:PROBED_KEY"))
    assert found.profile is not None, found.finding
    data = found.profile.to_data()
    assert (data["targetUrl"], data["deploymentInPath"]) == (f"{envoy.url}/openai", True)
    assert [one["name"] for one in data["staticModels"]] == ["gpt-4o"]
    assert "authConfig" not in data
    assert found.requests <= FEW


@pytest.mark.parametrize("path", ["", "/v1", "/v1/chat/completions"])
def test_litellm(litellm: Server, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROBED_KEY", litellm.key)
    found = find_settings(litellm.url + path, ProbeOptions(key="env:PROBED_KEY"))
    assert found.profile is not None, found.finding
    data = found.profile.to_data()
    assert (data["targetUrl"], data["deploymentInPath"]) == (f"{litellm.url}/v1", False)
    assert (data["listModelsEndpoint"], data["deploymentProvider"]) == ("/models", "OpenAI")
    assert found.requests <= FEW


@pytest.mark.parametrize("name", ["envoy", "litellm"])
def test_a_wrong_key_is_what_it_ends_in(
    name: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    server: Server = request.getfixturevalue(name)
    monkeypatch.setenv("PROBED_KEY", "sk-wrong-made-up-key")
    path = "/openai/deployments/gpt-4o/chat/completions" if name == "envoy" else "/v1"
    found = find_settings(server.url + path, ProbeOptions(key="env:PROBED_KEY"))
    assert found.finding is not None
    assert found.finding.code == "wrong-key", found.evidence
    assert found.requests <= FEW


@pytest.fixture
def workbook(sandbox: Sandbox, tmp_path: Path) -> Workbook:
    return Workbook(sandbox=sandbox, folder=tmp_path)


@pytest.mark.parametrize("name", ["envoy", "litellm"])
def test_the_profile_carries_an_agent(
    name: str, request: pytest.FixtureRequest, workbook: Workbook, monkeypatch: pytest.MonkeyPatch
) -> None:
    server: Server = request.getfixturevalue(name)
    monkeypatch.setenv("PROBED_KEY", server.key)
    found = find_settings(server.url, ProbeOptions(key="env:PROBED_KEY", name=f"probed-{name}"))
    assert found.profile is not None, found.finding
    run = workbook.run(found.profile.to_data(), suite=SUITE, PROBED_KEY=server.key)
    assert_green(run, suite=SUITE)
    assert run.files_with(server.key) == []
