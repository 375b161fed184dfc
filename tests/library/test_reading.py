"""Forms told by their content, and each thing wrong with one named with its mend."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from gateway_workbook import target as targets
from gateway_workbook.errors import ProfileError, UsageError
from gateway_workbook.export import FORMS, Form, export
from gateway_workbook.importing import import_profile
from gateway_workbook.profile import load_profile
from gateway_workbook.reading import read_file, read_stored
from tests.library.parameter_files import SHAPES, parameter_file
from tests.library.wire import MODELS, PROJECT, profile

if TYPE_CHECKING:
    from pathlib import Path

    from gateway_workbook.target import Target

AZURE = targets.azure(PROJECT)
WHOLE = profile(projectResourceId=PROJECT, gatewayName="blue", customHeaders={"X-Team": "blue"})


def resource(**properties: object) -> dict[str, Any]:
    """A stored connection as ARM returns it: no credentials, and fields of the service's own."""
    base: dict[str, object] = {
        "category": "ModelGateway",
        "target": "https://gateway.test/v1",
        "authType": "ApiKey",
        "isSharedToAll": False,
        "credentials": None,
        "group": "AzureAI",
        "metadata": {"deploymentInPath": "false", "models": json.dumps(MODELS)},
    }
    return {"id": f"{PROJECT}/connections/contoso", "name": "contoso", "properties": base | properties}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["profile.txt", "profile", "profile.yaml"])
def test_a_form_is_told_by_its_content(form: Form, name: str, tmp_path: Path) -> None:
    last = export(WHOLE, form, target=AZURE).files[-1][1]
    (tmp_path / name).write_text(last, encoding="utf-8")
    assert load_profile(tmp_path / name) == WHOLE


def test_yaml_in_braces_is_yaml(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(
        "{category: ApiManagement, connectionName: contoso, targetUrl: https://g.test, authType: ApiKey,\n"
        " apiKey: env:KEY, deploymentInPath: true, inferenceAPIVersion: 2024-10-21}"
    )
    assert load_profile(path).inference_api_version == "2024-10-21"


@pytest.mark.parametrize(("form", "beside"), [("template", "contoso.parameters.json"), ("bicep", "contoso.bicepparam")])
def test_a_template_needs_its_values_beside_it(form: Form, beside: str, tmp_path: Path) -> None:
    template, values = export(WHOLE, form, target=AZURE).write(tmp_path)
    assert load_profile(template) == WHOLE
    values.unlink()
    with pytest.raises(
        UsageError, match=rf"is a template without values: put its parameter file beside it as {beside}"
    ):
        load_profile(template)


def test_what_lies_beside_a_template_has_to_be_a_parameter_file(tmp_path: Path) -> None:
    template, values = export(WHOLE, "template", target=AZURE).write(tmp_path)
    values.write_text("[]")
    with pytest.raises(UsageError, match=r"contoso\.parameters\.json is no parameter file: write the values of"):
        load_profile(template)


def test_a_template_tells_the_category_that_a_parameter_file_may_not(tmp_path: Path) -> None:
    template, values = export(WHOLE, "template", target=AZURE).write(tmp_path)
    values.write_text(
        json.dumps(parameter_file({k: v for k, v in SHAPES["modelgateway-static"].items() if k != "gatewayName"}))
    )
    assert load_profile(template).category == "ModelGateway"
    with pytest.raises(ProfileError, match="category: missing; write ApiManagement for Azure API Management"):
        load_profile(values)


def test_a_bicep_parameter_file_of_the_public_template_is_read(tmp_path: Path) -> None:
    path = tmp_path / "main.bicepparam"
    path.write_text(
        "// comment with 'quotes'\n"
        "using './connection-apim.bicep' /* and\n another */\n\n"
        "var unused = 5\n"
        f"param projectResourceId = '{PROJECT}'\n"
        "param connectionName = 'contoso'\n"
        "param apimResourceId = '/subscriptions/1/resourceGroups/r/providers/Microsoft.ApiManagement/service/s'\n"
        "param apiName = 'it\\'s \\u{1F600} $5'\n"
        "param authType = 'ApiKey'\n"
        "param deploymentInPath = 'true'\n"
        "param isSharedToAll = true\n"
        "param apiKey = az.getSecret('sub', 'rg', 'contoso-vault', 'gateway-key')\n"
        "param customHeaders = { 'X-A': 'b', X_C: readEnvironmentVariable('C', 'none') }\n"
        "param staticModels = [\n"
        "  { name: '''it's''', properties: { model: { name: 'gpt-4o' } } }\n"
        "]\n"
    )
    read = load_profile(path)
    assert (read.category, read.api_name, read.is_shared_to_all) == ("ApiManagement", "it's 😀 $5", True)
    assert str(read.api_key) == "keyvault:contoso-vault/gateway-key"
    assert read.custom_headers == {"X-A": "b", "X_C": "env:C"}
    assert [model.name for model in read.static_models] == ["it's"]


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("uniqueString('swordfish')", "line 2: uniqueString is evaluated by Bicep alone; write the value itself"),
        ("'${swordfish}'", r"text with \$\{…\} in it is evaluated by Bicep alone; write the whole text"),
        ("swordfish", "line 2: no plain value; write the value itself, or fetch a secret with readEnvironmentVariable"),
        ("'swordfish' + 'x'", "line 2: an expression is evaluated by Bicep alone"),
        ("'swordfish\\q'", r"no such escape in Bicep; write"),
        ("'\\u{110000}'", r"no such escape in Bicep; write"),
        ("[ 'swordfish'", "the file ends in the middle of a value; complete it"),
        ("{ 'swordfish' 'b' }", "line 2: : is missing; write it"),
        ("'swordfish", "no plain value"),
        ("[" * 20_000, "nested too deep"),
    ],
)
def test_what_only_bicep_can_evaluate_is_refused_and_not_repeated(value: str, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "x.bicepparam"
    path.write_text(f"using './x.bicep'\nparam connectionName = {value}\n")
    with pytest.raises(ProfileError, match=problem) as caught:
        load_profile(path)
    assert "swordfish" not in str(caught.value)


def test_a_script_with_its_body_elsewhere_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.sh"
    path.write_text("az rest --method put --url https://management.azure.com/x --body @body.json\n")
    with pytest.raises(
        ProfileError, match="az rest takes its body from elsewhere; give the file with that body instead"
    ):
        load_profile(path)


def test_a_file_for_another_type_of_connection_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("type: azure_open_ai\ntarget: https://x.test\n")
    with pytest.raises(ProfileError, match="type: is no gateway's; write api_management or model_gateway"):
        load_profile(path)
    path.write_text("type: model_gateway\ntarget: https://x.test\nmetdata: {}\n")
    with pytest.raises(ProfileError, match="metdata: unknown key; remove it"):
        load_profile(path)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"metadata": {"modells": "[]"}}, "metadata.modells: unknown key; did you mean models?"),
        ({"metadata": {"zzz": "[]"}}, r"metadata\.zzz: unknown key; remove it \(known: authConfig"),
        ({"authtype": "x"}, "authtype: unknown key; did you mean authType?"),
        ({"tokenURL": "x"}, "tokenURL: unknown key; did you mean tokenUrl?"),
        ({"metadata": {"models": "[swordfish"}}, r"metadata\.models: .*not JSON.*; write JSON text"),
        ({"metadata": {"modelDiscovery": "[1]"}}, r"metadata\.modelDiscovery: not a mapping of listModelsEndpoint"),
        ({"metadata": {"modelDiscovery": '{"list": "x"}'}}, r"metadata\.modelDiscovery: not a mapping of"),
        ({"metadata": []}, "metadata: wrong type; write a mapping"),
        ({"credentials": "swordfish"}, "credentials: wrong type; write a mapping"),
        ({"metadata": {"deploymentInPath": "false"}}, "staticModels: missing; a ModelGateway has no default"),
        ({"target": "YOUR-URL"}, "targetUrl: placeholder YOUR-URL is not filled in"),
        ({"category": "AzureOpenAI"}, "category: not a known value; write 'ApiManagement' or 'ModelGateway'"),
    ],
)
def test_a_resource_with_something_wrong_in_it_is_refused(
    changes: dict[str, Any], problem: str, tmp_path: Path
) -> None:
    path = tmp_path / "x.json"
    path.write_text(json.dumps(resource(**changes)))
    with pytest.raises(ProfileError, match=problem) as caught:
        load_profile(path)
    assert "swordfish" not in str(caught.value)


def test_a_stored_connection_becomes_a_profile_with_a_reference_for_its_key() -> None:
    imported = import_profile(read_stored(resource(), source="connection contoso"))
    assert imported.profile == profile(projectResourceId=PROJECT, apiKey="env:GATEWAY_API_KEY")
    assert imported.told == ("apiKey is not in it: set GATEWAY_API_KEY to the secret",)


def test_metadata_stored_as_objects_is_understood_and_said() -> None:
    metadata = {"deploymentInPath": False, "models": MODELS, "customHeaders": {"X-Team": "blue"}}
    imported = import_profile(read_stored(resource(metadata=metadata), source="connection contoso"))
    assert imported.profile.static_models == profile().static_models
    assert imported.profile.custom_headers == {"X-Team": "blue"}
    assert [line.partition(" ")[0] for line in imported.told] == [
        "metadata.deploymentInPath",
        "metadata.models",
        "metadata.customHeaders",
        "apiKey",
    ]
    assert "is no text, and Agent Service reads text alone: create the connection anew" in imported.told[0]


def test_what_a_stored_connection_has_besides_is_left_out_and_said() -> None:
    metadata = resource()["properties"]["metadata"] | {"zzz": "1"}
    imported = import_profile(read_stored(resource(metadata=metadata), source="connection contoso"))
    assert "metadata.zzz: unknown key: left out" in imported.told


def test_a_stored_header_that_looks_secret_becomes_a_reference() -> None:
    headers = json.dumps({"X-Api-Key": "swordfish", "X-Team": "blue"})
    metadata = resource()["properties"]["metadata"] | {"customHeaders": headers}
    imported = import_profile(read_stored(resource(metadata=metadata), source="connection contoso"))
    assert imported.profile.custom_headers == {"X-Api-Key": "env:X_API_KEY", "X-Team": "blue"}
    assert "customHeaders.X-Api-Key is a secret written out: set X_API_KEY to it" in imported.told
    assert "swordfish" not in repr(imported)


def test_a_connection_of_the_account_stays_one() -> None:
    account = resource() | {"id": f"{PROJECT.partition('/projects/')[0]}/connections/contoso"}
    read = import_profile(read_stored(account, source="connection contoso")).profile
    assert (read.connection_scope, read.project_resource_id) == ("account", None)


def test_the_clients_id_that_azure_keeps_to_itself_has_to_be_told() -> None:
    stored = read_stored(
        resource(authType="OAuth2", tokenUrl="https://login.test/token", scopes=["a"]), source="connection contoso"
    )
    with pytest.raises(UsageError, match=r"connection contoso does not tell the clientId .*: add --client-id ID"):
        import_profile(stored)
    imported = import_profile(stored, changes={"clientId": "client", "connectionName": None})
    assert (imported.profile.client_id, str(imported.profile.client_secret)) == ("client", "env:GATEWAY_CLIENT_SECRET")
    assert imported.told == ("clientSecret is not in it: set GATEWAY_CLIENT_SECRET to the secret",)


@pytest.mark.parametrize("spelled", ["AAD", "ProjectManagedIdentity"])
def test_an_identity_needs_no_secret(spelled: str) -> None:
    stored = resource(category="ApiManagement", authType=spelled, audience="api://mine")
    imported = import_profile(read_stored(stored, source="connection contoso"))
    assert (imported.profile.auth_type, imported.profile.audience) == ("ProjectManagedIdentity", "api://mine")
    assert imported.told == ()


def test_secrets_written_out_in_a_file_become_references(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    values = SHAPES["modelgateway-static"] | {"apiKey": "swordfish", "customHeaders": {"X-Auth-Token": "swordfish"}}
    path.write_text(json.dumps(parameter_file(values)))
    imported = import_profile(read_file(path))
    assert str(imported.profile.api_key) == "env:GATEWAY_API_KEY"
    assert imported.profile.custom_headers == {"X-Auth-Token": "env:X_AUTH_TOKEN"}
    assert imported.told == (
        "apiKey is a secret written out: set GATEWAY_API_KEY to it",
        "customHeaders.X-Auth-Token is a secret written out: set X_AUTH_TOKEN to it",
    )
    assert "swordfish" not in repr(imported)


@pytest.mark.parametrize("form", ["bicep", "az-yaml", "az-rest"])
def test_a_damaged_note_is_refused(form: Form, tmp_path: Path) -> None:
    text = export(WHOLE, form, target=AZURE).files[-1][1]
    path = tmp_path / "x.txt"
    path.write_text(text.replace(" profile: {", " profile: {{"))
    with pytest.raises(ProfileError, match=r"the comment `profile: \{…\}` is no JSON; restore it, or remove it"):
        load_profile(path)


@pytest.mark.parametrize("name", ["apim-defaults", "modelgateway-oauth2"])
def test_the_sandboxs_urls_are_written_as_profiles_write_them(name: str, sandbox: Target, tmp_path: Path) -> None:
    (path,) = export(load_profile(name), "arm", target=sandbox).write(tmp_path)
    original = load_profile(name).model_copy(update={"project_resource_id": sandbox.project_resource_id})
    assert load_profile(path) != original
    assert import_profile(read_file(path), target=sandbox).profile == original
