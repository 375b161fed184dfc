"""What a deployment of the exported template stores is what the workbook itself would send."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings

from gateway_workbook.arm_resource import resource_id
from gateway_workbook.arm_template import passed_secrets, template
from gateway_workbook.connection import Connection
from gateway_workbook.export import export
from gateway_workbook.parameter_file import HIDDEN_HEADERS
from gateway_workbook.profile import load_profile
from tests.library.parameter_files import SHAPES, parameter_file
from tests.library.profiles import profiles

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gateway_workbook.profile import Profile
    from gateway_workbook.secrets import SecretReference
    from gateway_workbook.target import Target

TEXTS = ("models", "modelDiscovery", "authConfig", "customHeaders")


class Arm:
    """ARM of the sandbox, by plain requests."""

    def __init__(self, target: Target, http: httpx.Client) -> None:
        self._target, self._http = target, http
        self._token = target.credential().get_token("https://management.azure.com/.default").token

    def call(self, method: str, resource: str, *, version: str, body: object = None) -> dict[str, Any]:
        answer = self._http.request(
            method,
            f"{self._target.arm}{resource}",
            params={"api-version": version},
            json=body,
            headers={"Authorization": f"Bearer {self._token}"},
        )
        assert answer.is_success, answer.text
        found: dict[str, Any] = answer.json() if answer.content else {}
        return found

    def deploy(self, text: str, parameters: dict[str, Any]) -> dict[str, Any]:
        """What the deployment gives out; it has to have succeeded."""
        properties = {"mode": "Incremental", "template": json.loads(text), "parameters": parameters}
        group = self._target.project_resource_id.partition("/providers/")[0]
        deployment = f"{group}/providers/Microsoft.Resources/deployments/test"
        self.call("PUT", deployment, version="2025-04-01", body={"properties": properties})
        done = self.call("GET", deployment, version="2025-04-01")["properties"]
        assert done["provisioningState"] == "Succeeded", done.get("error")
        outputs: dict[str, Any] = done["outputs"]
        return {name: output["value"] for name, output in outputs.items()}


@pytest.fixture
def arm(sandbox: Target) -> Iterator[Arm]:
    with httpx.Client(timeout=30) as http:
        yield Arm(sandbox, http)


def value(reference: SecretReference) -> str:
    """A secret as awkward as the reference to it."""
    return f'the "secret" at {reference}'


def with_secrets(what: Profile, parameters: dict[str, Any]) -> dict[str, Any]:
    """The parameters as the printed command completes them."""
    whole, headers = dict(parameters), {}
    for place, reference in passed_secrets(what).references.items():
        field, _, header = place.partition(".")
        if header:
            headers[header] = value(reference)
        else:
            whole[field] = {"value": value(reference)}
    return whole | ({HIDDEN_HEADERS: {"value": headers}} if headers else {})


def comparable(properties: dict[str, Any]) -> dict[str, Any]:
    """The same with JSON text as what it says: its order and its blanks mean nothing."""
    metadata = properties["metadata"]
    assert all(isinstance(item, str) for item in metadata.values())
    read = {name: json.loads(item) if name in TEXTS else item for name, item in metadata.items()}
    kept = ("category", "target", "authType", "isSharedToAll", "tokenUrl", "scopes", "audience")
    return {name: properties[name] for name in kept if properties.get(name) is not None} | {"metadata": read}


@given(generated=profiles())
@settings(
    max_examples=100,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
def test_a_deployment_stores_what_the_workbook_would_send(arm: Arm, sandbox: Target, generated: Profile) -> None:
    assert sandbox.descriptor is not None
    service = sandbox.descriptor.apim_resource_id if generated.apim_resource_id else None
    api = "apim" if generated.apim_resource_id else None
    what = generated.model_copy(
        update={
            "project_resource_id": sandbox.project_resource_id,
            "apim_resource_id": service,
            "api_name": api,
            "apim_subscription_name": "master" if generated.apim_subscription_name else None,
        }
    )
    files = dict(export(what, "template", target=sandbox).files)
    parameters = json.loads(files[f"{what.connection_name}.parameters.json"])["parameters"]
    outputs = arm.deploy(files[f"{what.connection_name}.template.json"], with_secrets(what, parameters))
    stored = arm.call("GET", resource_id(what), version="2025-04-01-preview")

    wanted = Connection.of(what, locate=str, target=outputs["targetUrl"]).with_references(value)["properties"]
    assert comparable(stored["properties"]) == comparable(wanted)
    assert outputs == {
        "connectionName": what.connection_name,
        "connectionId": resource_id(what),
        "targetUrl": wanted["target"],
    }
    secrets = arm.call("POST", f"{resource_id(what)}/listSecrets", version="2025-04-01-preview")
    arm.call("DELETE", resource_id(what), version="2025-04-01-preview")
    if not service or not what.apim_subscription_name:
        assert secrets["properties"]["credentials"] == wanted["credentials"]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_public_parameter_file_is_deployed_as_it_is(shape: str, arm: Arm, sandbox: Target, tmp_path: Path) -> None:
    assert sandbox.descriptor is not None
    values = SHAPES[shape] | {"projectResourceId": sandbox.project_resource_id}
    if "apiName" in values:
        values |= {"apimResourceId": sandbox.descriptor.apim_resource_id, "apiName": "apim"}
    path = tmp_path / "public.json"
    path.write_text(json.dumps(parameter_file(values)), encoding="utf-8")
    what = load_profile(path)
    secret = {"clientSecret": "s"} if what.auth_type == "OAuth2" else {"apiKey": "k"} if what.target_url else {}

    parameters = parameter_file(values)["parameters"] | {name: {"value": text} for name, text in secret.items()}
    outputs = arm.deploy(template(what.category), parameters)

    stored = arm.call("GET", resource_id(what), version="2025-04-01-preview")
    wanted = Connection.of(what, locate=str, target=outputs["targetUrl"]).preview()["properties"]
    assert comparable(stored["properties"]) == comparable(wanted)
    kept = arm.call("POST", f"{resource_id(what)}/listSecrets", version="2025-04-01-preview")["properties"][
        "credentials"
    ]
    arm.call("DELETE", resource_id(what), version="2025-04-01-preview")
    looked_up = {"key": sandbox.descriptor.environment["SANDBOX_API_KEY"]}
    assert kept == {"OAuth2": {"clientId": "client", "clientSecret": "s"}}.get(
        what.auth_type, {"key": "k"} if what.target_url else looked_up
    )
