"""azure-mgmt-resource-deployments deploys, forecasts, fails and forgets on the sandbox."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.sandbox.template import PROJECT, connection, template

from .conftest import SCRIPTS

if TYPE_CHECKING:
    from tests.sandbox.conftest import Running

    from .conftest import Clients

pytestmark = pytest.mark.clients


def test_the_official_client_of_deployments(clients: Clients, sandbox: Running) -> None:
    parameters = {"key": {"type": "securestring"}}
    identifier = f"{PROJECT}/connections/sdk-good"
    whole = template(
        connection("sdk-good", credentials={"key": "[parameters('key')]"}),
        parameters=parameters,
        outputs={"category": {"type": "string", "value": f"[reference('{identifier}', '2025-06-01').category]"}},
    )
    given = {
        "template": whole,
        "failing": template(connection("sdk-bad", authType="Nonsense"), parameters=parameters),
        "parameters": {"key": {"value": "made-up-secret"}},
    }
    output = clients.run(
        SCRIPTS / "resource_deployments.py",
        given=json.dumps(given),
        PROJECT_RESOURCE_ID=str(sandbox.descriptor["project_resource_id"]),
    )
    assert "made-up-secret" not in output
    found = json.loads(output)
    assert found["forecasts"] == [["Create"], ["NoChange"]]
    assert found["state"] == "Succeeded"
    assert found["outputs"] == {"category": {"type": "String", "value": "ModelGateway"}}
    assert found["parameters"] == {"key": {"type": "SecureString"}}
    assert found["operations"] == [identifier]
    assert "'properties.authType' is 'Nonsense'" in found["failure"]["ValidationError"]
    assert found["codes"] == ["DeploymentFailed", "InvalidTemplateDeployment", "InvalidTemplate", "DeploymentNotFound"]
    assert "outputs.it.value" in found["invalid"]
