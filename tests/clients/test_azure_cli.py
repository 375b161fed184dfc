"""Azure CLI as everybody has it: templates deployed, compared and refused; exported files carried out and checked."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx
import pytest
import yaml

from tests.gateways.server import environment_without, python_named_by
from tests.sandbox.conftest import ARM, started
from tests.sandbox.template import PROJECT, SERVICE, connection, nested, template

from .azure_cli import GROUP, TENANT, AzureCli
from .conftest import count

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.sandbox.conftest import Running

    from .azure_cli import Answer

pytestmark = pytest.mark.clients

VARIABLE: Final = "GATEWAY_WORKBOOK_AZURE_CLI_PYTHON"
COMMAND: Final = Path(sys.executable).with_name("gateway-workbook")
DEPLOYMENT: Final = ("deployment", "group")
PROJECT_CONNECTION: Final = ("cognitiveservices", "account", "project", "connection")
WHERE: Final = ("--name", "sandbox", *GROUP, "--project-name", "workshop")
VERSION: Final = "api-version=2025-04-01-preview"
PROFILES: Final = {
    "apim-defaults": "sandbox-apim",
    "apim-identity": "sandbox-apim-identity",
    "apim-static": "sandbox-apim-static",
    "modelgateway-azure-openai": "sandbox-azure",
    "modelgateway-custom-headers": "sandbox-custom",
    "modelgateway-oauth2": "sandbox-oauth2",
    "modelgateway-openai": "sandbox-openai",
    "modelgateway-static": "sandbox-static",
}
# The form of `az cognitiveservices` has no place for OAuth2 or an identity.
FORMS: Final = [
    *((profile, "template") for profile in PROFILES),
    *((profile, "az-rest") for profile in ("apim-identity", "modelgateway-custom-headers", "modelgateway-oauth2")),
    *((profile, "az-yaml") for profile in ("apim-defaults", "modelgateway-openai")),
]
# Comments, one with a brace in it, one over two lines, an expression over two lines: Azure CLI lets them all pass.
COMMENTED: Final = """// the connection of a test, with braces in words: }
{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "contentVersion": "1.0.0.0", /* two
  lines */
  "parameters": {
    "name": {"type": "string"}, // which
    "host": {"type": "string", "defaultValue": "gateway.example"},
    "key": {"type": "securestring"}
  },
  "resources": [
    {
      "type": "Microsoft.CognitiveServices/accounts/projects/connections",
      "apiVersion": "2025-04-01-preview",
      "name": "[format('sandbox/workshop/{0}', parameters('name'))]",
      "properties": {
        "category": "ModelGateway",
        "target": "[concat('https://',
          parameters('host'), '/v1')]",
        "authType": "ApiKey",
        "credentials": {"key": "[parameters('key')]"},
        "metadata": {"deploymentInPath": "false"}
      }
    }
  ],
  "outputs": {"target": {"type": "string", "value": "[reference(resourceId('Microsoft.CognitiveServices/accounts/\
projects/connections', 'sandbox', 'workshop', parameters('name')), '2025-04-01-preview').target]"}}
}
"""


NAMED, API, MASTER = "variables('n')", "parameters('api')", "'master'"


@pytest.fixture(scope="module")
def az(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[AzureCli]:
    """Azure CLI, logged in once to a sandbox of its own."""
    python = python_named_by(VARIABLE, target="test-clients")
    folder = tmp_path_factory.mktemp("az")
    log = folder / "state.access.jsonl"
    with started(folder / "state", "--port", "0", "--tls", "--quiet", "--access-log", str(log)) as sandbox:
        cli = AzureCli(bin=python.parent, sandbox=sandbox, folder=folder)
        cli.log_in()
        yield cli
    count(log, request.config)


@pytest.fixture
def commented(tmp_path: Path) -> Path:
    path = tmp_path / "commented.json"
    path.write_text(COMMENTED, encoding="utf-8")
    return path


def values(path: Path, **parameters: Any) -> Path:
    """A parameter file."""
    path.write_text(json.dumps({"parameters": {name: {"value": value} for name, value in parameters.items()}}))
    return path


def written(path: Path, whole: Mapping[str, Any]) -> Path:
    path.write_text(json.dumps(whole, indent=2), encoding="utf-8")
    return path


def secret_of(az: AzureCli, name: str) -> dict[str, str]:
    """The credentials of a connection, asked for with az rest."""
    url = f"{PROJECT}/connections/{name}/listSecrets?{VERSION}"
    found: dict[str, str] = az("rest", "--method", "post", "--url", url).json()["properties"]["credentials"]
    return found


def test_the_login_sees_the_sandboxs_subscription(az: AzureCli) -> None:
    account = az("account", "show").json()
    assert (account["environmentName"], account["id"], account["tenantId"]) == ("Sandbox", TENANT, TENANT)


def test_a_deployment_from_its_forecast_to_its_operations(az: AzureCli, commented: Path, tmp_path: Path) -> None:
    parameters = values(tmp_path / "values.json", name="cli-life", key="made-up-secret")
    asked = (*GROUP, "--name", "cli-life", "--template-file", commented, "--parameters", f"@{parameters}")

    def forecast(*more: str) -> list[Any]:
        found = az(*DEPLOYMENT, "what-if", *asked, *more, "--no-pretty-print").json()["changes"]
        return [(one["changeType"], [delta["path"] for delta in one["delta"] or []]) for one in found]

    assert az(*DEPLOYMENT, "validate", *asked).json()["properties"]["provisioningState"] == "Succeeded"
    assert forecast() == [("Create", [])]
    for _ in range(2):
        made = az(*DEPLOYMENT, "create", *asked).json()["properties"]
        assert made["provisioningState"] == "Succeeded"
        assert made["outputs"]["target"]["value"] == "https://gateway.example/v1"
    assert forecast() == [("NoChange", [])]
    assert forecast("--parameters", "host=new.example") == [("Modify", ["properties.target"])]
    shown = az(*DEPLOYMENT, "show", *GROUP, "--name", "cli-life").json()["properties"]
    assert shown["parameters"]["key"] == {"type": "SecureString"}
    assert shown["outputResources"][0]["id"] == f"{PROJECT}/connections/cli-life"
    (operation,) = az("deployment", "operation", "group", "list", *GROUP, "--name", "cli-life").json()
    assert operation["properties"]["targetResource"]["resourceName"] == "sandbox/workshop/cli-life"
    assert secret_of(az, "cli-life") == {"key": "made-up-secret"}


def test_the_forecast_is_readable(az: AzureCli, commented: Path, tmp_path: Path) -> None:
    parameters = values(tmp_path / "values.json", name="cli-seen", key="made-up-secret")
    answer = az(*DEPLOYMENT, "what-if", *GROUP, "--template-file", commented, "--parameters", f"@{parameters}")
    assert answer.exit_code == 0
    assert "+ Microsoft.CognitiveServices/accounts/sandbox/projects/workshop/connections/cli-seen" in answer.output
    assert 'properties.target:                    "https://gateway.example/v1"' in answer.output
    assert "made-up-secret" not in answer.output


def test_a_secret_goes_over_standard_input(az: AzureCli, commented: Path) -> None:
    given = json.dumps({"key": {"value": 'made-up "quoted" secret'}})
    asked = (*GROUP, "--name", "cli-stdin", "--template-file", commented, "--parameters", "name=cli-stdin")
    answer = az(*DEPLOYMENT, "create", *asked, "--parameters", "@-", given=given)
    assert answer.json()["properties"]["provisioningState"] == "Succeeded"
    assert "quoted" not in answer.output
    assert secret_of(az, "cli-stdin") == {"key": 'made-up "quoted" secret'}


def test_a_broken_template_ends_in_an_error_that_tells_the_place(az: AzureCli, commented: Path, tmp_path: Path) -> None:
    commented.write_text(COMMENTED.replace("[format(", "[fromat("), encoding="utf-8")
    parameters = values(tmp_path / "values.json", name="cli-broken", key="made-up-secret")
    asked = (*GROUP, "--template-file", commented, "--parameters", f"@{parameters}")
    line = 1 + next(at for at, text in enumerate(COMMENTED.splitlines()) if "[format(" in text)
    for verb in ("validate", "create", "what-if"):
        answer = az(*DEPLOYMENT, verb, *asked)
        assert answer.exit_code == 1
        assert "InvalidTemplate" in answer.errors
        assert f"resources[0].name (line {line}, column 15, character 2 of the expression)" in answer.errors
        assert "function 'fromat' is not one the sandbox knows" in answer.errors
        assert "Traceback" not in answer.errors


def test_a_resource_that_cannot_be_is_refused_in_words(az: AzureCli, tmp_path: Path) -> None:
    file = written(tmp_path / "bad.json", template(connection("cli-good"), connection("cli-bad", authType="Nonsense")))
    for verb in ("create", "what-if"):
        answer = az(*DEPLOYMENT, verb, *GROUP, "--template-file", file)
        assert answer.exit_code == 1
        assert "'properties.authType' is 'Nonsense'" in answer.errors
        assert "Traceback" not in answer.errors
    assert az("rest", "--url", f"{PROJECT}/connections/cli-good?{VERSION}").exit_code != 0


def test_a_template_of_the_public_shape(az: AzureCli, tmp_path: Path) -> None:
    def of_service(kind: str, names: str) -> str:
        return (
            f"extensionResourceId(resourceGroup().id, 'Microsoft.ApiManagement/service{kind}', {names}), '2021-08-01'"
        )

    url = f"reference({of_service('', NAMED)}).gatewayUrl"
    path = f"reference({of_service('/apis', f'{NAMED}, {API}')}).path"
    key = f"listSecrets({of_service('/subscriptions', f'{NAMED}, {MASTER}')}).primaryKey"
    inside = template(
        connection(
            "cli-public",
            category="ApiManagement",
            target=f"[format('{{0}}/{{1}}', {url}, {path})]",
            credentials={"key": f"[{key}]"},
        ),
        parameters={"api": {"type": "string"}, "service": {"type": "string"}},
        variables={"n": "[last(split(parameters('service'), '/'))]"},
        outputs={"target": {"type": "string", "value": f"[format('{{0}}/{{1}}', {url}, {path})]"}},
    )
    script = {"type": "Microsoft.Resources/deploymentScripts", "apiVersion": "2023-08-01", "name": "never"}
    made = "resourceId('Microsoft.Resources/deployments', 'cli-inside')"
    outputs = {"target": {"type": "string", "value": f"[reference({made}, '2022-09-01').outputs.target.value]"}}
    within = nested("cli-inside", inside, scope="inner", api="apim", service=SERVICE)
    file = written(tmp_path / "public.json", template({**script, "condition": False}, within, outputs=outputs))
    properties = az(*DEPLOYMENT, "create", *GROUP, "--name", "cli-public", "--template-file", file).json()["properties"]
    assert properties["outputs"]["target"]["value"] == f"{az.sandbox.url}/gateways/apim/openai"
    assert secret_of(az, "cli-public") == {"key": az.sandbox.api_key}
    names = [one["name"] for one in az(*DEPLOYMENT, "list", *GROUP).json()]
    assert {"cli-inside", "cli-public"} <= set(names)


def test_az_rest_writes_and_reads_a_connection(az: AzureCli) -> None:
    url = f"{PROJECT}/connections/cli-rest?{VERSION}"
    content = json.dumps({"properties": connection("x")["properties"]})
    assert az("rest", "--method", "put", "--url", url, "--body", "@-", given=content).json()["name"] == "cli-rest"
    assert az("rest", "--method", "get", "--url", url).json()["properties"]["credentials"] is None
    assert az("rest", "--method", "delete", "--url", f"{az.sandbox.url}{url}").exit_code == 0
    missing = az("rest", "--method", "get", "--url", url)
    assert missing.exit_code != 0
    assert "Connection 'cli-rest' was not found on the project" in missing.errors


def test_the_connection_commands_of_azure_cli(az: AzureCli, tmp_path: Path) -> None:
    file = tmp_path / "connection.yaml"
    properties = {"type": "model_gateway", "target": "https://gateway.example/v1", "api_key": "made-up-secret"}
    file.write_text(yaml.safe_dump({**properties, "metadata": {"deploymentInPath": "false"}}))
    named = (*WHERE, "--connection-name", "cli-own")
    made = az(*PROJECT_CONNECTION, "create", *named, "--file", file).json()["properties"]
    assert (made["category"], made["authType"], made["credentials"]) == ("ModelGateway", "ApiKey", None)
    assert secret_of(az, "cli-own") == {"key": "made-up-secret"}
    assert az(*PROJECT_CONNECTION, "show", *named).json()["properties"]["target"] == properties["target"]
    assert "cli-own" in [one["name"] for one in az(*PROJECT_CONNECTION, "list", *WHERE).json()]
    az(*PROJECT_CONNECTION, "delete", *named).json()
    assert "cli-own" not in [one["name"] for one in az(*PROJECT_CONNECTION, "list", *WHERE).json()]


def workbook(az: AzureCli, *words: str | Path) -> str:
    """Run our own command line on the same sandbox, and return what it prints."""
    environment = environment_without("GATEWAY_", "AZURE_", "SANDBOX_")
    done = subprocess.run(
        [COMMAND, *words],
        env={**environment, "GATEWAY_WORKBOOK_SANDBOX": str(az.sandbox.folder)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def forget(sandbox: Running, name: str) -> None:
    """Delete what another form has made, so that this one cannot lean on it."""
    headers = {"Authorization": f"Bearer {sandbox.token(ARM)}"}
    url = f"{sandbox.url}{PROJECT}/connections/{name}?{VERSION}"
    httpx.delete(url, headers=headers, verify=sandbox.trust).raise_for_status()


def carried_out(az: AzureCli, exported: str) -> Answer:
    """Run the command that export printed, as a person would paste it."""
    _, _, command = exported.partition("Next:\n")
    variables = az.sandbox.descriptor["environment"]
    secrets = {name: variables[name] for name in ("SANDBOX_API_KEY", "SANDBOX_CLIENT_SECRET")}
    return az.script(command, **secrets)


@pytest.mark.parametrize(("profile", "form"), FORMS)
def test_what_export_writes_is_carried_out_and_nothing_is_wrong(
    az: AzureCli, tmp_path: Path, profile: str, form: str
) -> None:
    forget(az.sandbox, PROFILES[profile])
    exported = workbook(az, "export", profile, "--format", form, "--out", tmp_path, "--target", "sandbox")
    carried_out(az, exported).json()
    # It exits with 1 when the connection cannot work or is not what the profile says.
    checked = workbook(az, "check", PROFILES[profile], "--profile", profile, "--compare-secrets")
    assert "differs" not in checked
    assert ("same" in checked) == (profile != "apim-identity")


def test_an_api_is_looked_up_by_the_deployment_with_its_key(az: AzureCli, tmp_path: Path) -> None:
    profile = written(
        tmp_path / "looked-up.yaml",
        {
            "connectionName": "cli-looked-up",
            "category": "ApiManagement",
            "apimResourceId": SERVICE,
            "apiName": "apim",
            "authType": "ApiKey",
            "apiKey": "env:SANDBOX_API_KEY",
            "deploymentInPath": "true",
            "inferenceAPIVersion": "2024-10-21",
        },
    )
    exported = workbook(az, "export", profile, "--out", tmp_path / "out", "--target", "sandbox")
    made = carried_out(az, exported).json()["properties"]
    assert made["outputs"]["targetUrl"]["value"] == f"{az.sandbox.url}/gateways/apim/openai"
    assert "nothing is wrong" in workbook(az, "check", "cli-looked-up", "--profile", profile)
    forget(az.sandbox, "cli-looked-up")
    template_file, parameters = (tmp_path / "out" / f"cli-looked-up.{kind}.json" for kind in ("template", "parameters"))
    asked = (*GROUP, "--template-file", template_file, "--parameters", f"@{parameters}")
    az(*DEPLOYMENT, "create", *asked).json()
    assert secret_of(az, "cli-looked-up") == {"key": az.sandbox.api_key}


def test_azure_cli_kept_no_key_of_a_gateway(az: AzureCli) -> None:
    """Runs last: of all commands above, none left the key in a file; the login's own store is Azure CLI's affair."""
    files = [path for path in az.folder.rglob("*") if path.is_file() and az.sandbox.folder not in path.parents]
    assert files
    assert not [path for path in files if az.sandbox.api_key.encode() in path.read_bytes()]
