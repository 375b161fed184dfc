"""Readiness of a real language model, small enough to disobey: what its server honours, never what it says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from gateway_workbook.connection import Connection
from gateway_workbook.document import Document
from gateway_workbook.gateway import Gateway
from gateway_workbook.profile import Profile
from gateway_workbook.readiness import examine_readiness
from gateway_workbook.readiness_calls import MOST_CALLS
from gateway_workbook.secrets import Secrets
from tests.gateways.workbook import static_model

if TYPE_CHECKING:
    from tests.gateways.server import Server

pytestmark = pytest.mark.model
PROFILE = {
    "category": "ModelGateway",
    "connectionName": "local-model",
    "authType": "ApiKey",
    "apiKey": "env:LOCAL_MODEL_KEY",
    "authConfig": {"type": "api_key", "name": "Authorization", "format": "Bearer {api_key}"},
    "deploymentInPath": False,
    "staticModels": [static_model("smollm2", model="SmolLM2-135M-Instruct", version="1", form="NonOpenAI")],
}


def test_what_the_server_honours_is_told_from_what_the_model_does(local_model: Server) -> None:
    data = PROFILE | {"targetUrl": f"{local_model.url}/v1"}
    connection = Connection.of(Profile.parse(Document("profile.yaml", data)), locate=str)
    with httpx.Client(trust_env=False, timeout=60) as http:
        which = Gateway(connection, http, secrets=Secrets({"LOCAL_MODEL_KEY": local_model.key}))
        found = examine_readiness(which, ["smollm2"])
    (one,) = found.deployments
    assert one.requests <= MOST_CALLS
    assert local_model.key not in found.model_dump_json()
    grid = {outcome.check: outcome.answer for outcome in (*one.outcomes, *found.gateway)}
    supported = {"chat", "streaming", "usage", "usage in the stream", "response_format", "max_completion_tokens"}
    assert {grid[check] for check in (*supported, "refusing a wrong key")} == {"supported"}
    # Its template has no place for tools, and the server takes any model's name.
    assert {grid[check] for check in ("tool call", "forced tool choice", "refusing an unknown model")} == {"refused"}
    assert grid["reasoning_effort"] == "could not tell", "accepted, and ignored"
    assert "refused" not in {grid["system prompt"], grid["several turns"]}, "a small model may not obey; that is all"
    assert (one.ready, one.format, set(one.tools.values())) == ("refused", "NonOpenAI", {"refused"})
