"""Readiness of deployments behind gateways that are not ours: LiteLLM with fixed text, alone and behind Envoy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from gateway_workbook.connection import Connection
from gateway_workbook.document import Document
from gateway_workbook.gateway import Gateway
from gateway_workbook.profile import Profile
from gateway_workbook.readiness import Readiness, examine_readiness
from gateway_workbook.readiness_calls import MOST_CALLS
from gateway_workbook.secrets import Secrets

from .workbook import static_model

if TYPE_CHECKING:
    from .envoy import Envoy
    from .server import Server

pytestmark = pytest.mark.gateways
BEARER = {"type": "api_key", "name": "Authorization", "format": "Bearer {api_key}"}


def examined(server: Server, target: str, *names: str, **fields: Any) -> Readiness:
    models = [static_model(name, model=name, version="1") for name in names]
    data = {"category": "ModelGateway", "connectionName": "other", "targetUrl": target, "authType": "ApiKey"}
    data |= {"apiKey": "env:OTHERS_KEY", "staticModels": models, "deploymentInPath": False, **fields}
    connection = Connection.of(Profile.parse(Document("profile.yaml", data)), locate=str)
    with httpx.Client(trust_env=False) as http:
        return examine_readiness(Gateway(connection, http, secrets=Secrets({"OTHERS_KEY": server.key})), names)


def answers(found: Readiness, name: str) -> dict[str, str]:
    (one,) = (one for one in found.deployments if one.deployment == name)
    assert one.requests <= MOST_CALLS
    return {outcome.check: outcome.answer for outcome in (*one.outcomes, *found.gateway)}


def assert_fixed_text(grid: dict[str, str]) -> None:
    """What any gateway before fixed text must come to: the wire is right, and whatever needs a model is not there."""
    supported = {"chat", "usage", "usage in the stream", "refusing an unknown model", "refusing a wrong key"}
    assert {check for check, answer in grid.items() if answer == "supported"} == supported
    ignored = {"forced tool choice", "response_format", "max_completion_tokens"}
    assert ignored <= {check for check, answer in grid.items() if answer == "refused"}
    assert {grid["system prompt"], grid["several turns"], grid["tool round trip"]} == {"could not tell"}


def test_litellm(litellm: Server) -> None:
    found = examined(litellm, f"{litellm.url}/v1", "gpt-4o", "gpt-4o-tools", authConfig=BEARER)
    grid = answers(found, "gpt-4o")
    assert_fixed_text(grid)
    assert grid["tool call"] == "refused", "its mock counts the prompt's tokens, and tools are not among them"
    assert_fixed_text(answers(found, "gpt-4o-tools"))
    told = {outcome.check: outcome.found for outcome in found.deployments[1].outcomes}
    assert told["tool call"] == "calls get_weather, which it was not offered"
    assert "UnsupportedParamsError" in told["reasoning_effort"]
    assert not found.ready
    assert litellm.key not in found.model_dump_json()


def test_envoy(envoy: Envoy) -> None:
    found = examined(envoy, f"{envoy.url}/openai", "gpt-4o", deploymentInPath=True)
    assert_fixed_text(answers(found, "gpt-4o"))
    assert [outcome.found for outcome in found.gateway][1] == "401 Client authentication failed."
    assert [one.format for one in found.deployments] == ["NonOpenAI"]
    assert envoy.key not in found.model_dump_json()
