"""`gateway-workbook diagnose` on gateways of others: one wrong setting each, mended by what they really answer."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import COMMAND

if TYPE_CHECKING:
    from pathlib import Path

    from .envoy import Envoy
    from .server import Server

pytestmark = pytest.mark.gateways
BEARER = {"name": "Authorization", "format": "Bearer {api_key}"}
LITELLM: dict[str, Any] = {
    "category": "ModelGateway",
    "connectionName": "litellm",
    "authType": "ApiKey",
    "apiKey": "env:MY_KEY",
    "authConfig": BEARER,
    "deploymentInPath": False,
    "listModelsEndpoint": "/models",
    "getModelEndpoint": "/models/{deploymentName}",
    "deploymentProvider": "OpenAI",
}


def diagnose(path: Path, profile: dict[str, Any], *, key: str) -> subprocess.CompletedProcess[str]:
    """Write the profile, and have it diagnosed and mended."""
    lines = [f"{name}: {json.dumps(value)}" for name, value in profile.items() if value is not None]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return subprocess.run(
        [COMMAND, "diagnose", str(path), "--apply", "--deployment", "gpt-4o"],
        env={name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        | {"MY_KEY": key},
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )


@pytest.mark.parametrize(
    "fault",
    [
        {"deploymentProvider": "AzureOpenAI"},
        {"listModelsEndpoint": "/v1/models", "getModelEndpoint": "/v1/models/{deploymentName}"},
        {"deploymentInPath": True},
        {"authConfig": {"name": "X-Key"}},
        {"targetUrl": "/v1/completions"},
    ],
)
def test_litellm(fault: dict[str, Any], litellm: Server, tmp_path: Path) -> None:
    target = f"{litellm.url}{fault.get('targetUrl', '/v1')}"
    seen = diagnose(tmp_path / "mine.yaml", LITELLM | fault | {"targetUrl": target}, key=litellm.key)
    assert seen.returncode == 0, seen.stdout + seen.stderr
    assert "the same call then succeeds" in seen.stdout
    assert seen.stdout.count("wrote ") == 1
    assert litellm.key not in seen.stdout + seen.stderr


def test_a_wrong_key_of_litellm(litellm: Server, tmp_path: Path) -> None:
    seen = diagnose(tmp_path / "mine.yaml", LITELLM | {"targetUrl": f"{litellm.url}/v1"}, key="sk-no-such-key-at-all")
    assert seen.returncode == 1, seen.stdout + seen.stderr
    assert "400 No connected db." in seen.stdout, "what it says of a key that it does not know"
    assert "and do not help" in seen.stdout
    assert "wrote " not in seen.stdout
    assert "no-such-key-at-all" not in seen.stdout + seen.stderr


@pytest.mark.parametrize("fault", [{"authConfig": BEARER}, {"targetUrl": ""}])
def test_envoy(fault: dict[str, Any], envoy: Envoy, tmp_path: Path) -> None:
    seen = diagnose_envoy(fault, envoy, tmp_path)
    assert seen.returncode == 0, seen.stdout + seen.stderr


def test_header_path_routing_and_discovery_are_mended_one_after_the_other(envoy: Envoy, tmp_path: Path) -> None:
    seen = diagnose_envoy({"targetUrl": "/nowhere", "authConfig": BEARER}, envoy, tmp_path)
    assert seen.returncode == 0, seen.stdout + seen.stderr
    assert "✓ gpt-4o answers" in seen.stdout


def test_too_much_wrong_at_once_is_the_affair_of_probe(envoy: Envoy, tmp_path: Path) -> None:
    seen = diagnose_envoy({"targetUrl": "/some/other/place", "authConfig": BEARER}, envoy, tmp_path)
    assert seen.returncode == 1, seen.stdout + seen.stderr
    assert f"gateway-workbook probe {envoy.url}/some/other/place --key env:MY_KEY" in seen.stdout


def diagnose_envoy(fault: dict[str, Any], envoy: Envoy, folder: Path) -> subprocess.CompletedProcess[str]:
    """What is wrong beside the fault: this Envoy wants the deployment in the path, and lists nothing."""
    target = f"{envoy.url}{fault.get('targetUrl', '/v1')}"
    profile = LITELLM | {"authConfig": None} | fault | {"targetUrl": target}
    seen = diagnose(folder / "mine.yaml", profile, key=envoy.key)
    assert envoy.key not in seen.stdout + seen.stderr
    return seen
