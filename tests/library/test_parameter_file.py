"""ARM parameter files, as people have them, are profiles."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from gateway_workbook.errors import ProfileError
from gateway_workbook.profile import load_profile
from tests.library.parameter_files import SERVICE, SHAPES, parameter_file

if TYPE_CHECKING:
    from collections.abc import Callable

PUBLIC = sorted((Path(__file__).parents[3] / "shared" / "spec" / "parameters").glob("*.json"))
PLACEHOLDER = re.compile(r"YOUR-[A-Z0-9-]+|<[a-z-]+>")


@pytest.fixture
def write(tmp_path: Path) -> Callable[[object], Path]:
    def to_file(content: object) -> Path:
        path = tmp_path / "parameters.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return path

    return to_file


@pytest.mark.parametrize("shape", SHAPES)
def test_every_public_shape_loads(shape: str, write: Callable[[object], Path]) -> None:
    values = SHAPES[shape]
    profile = load_profile(write(parameter_file(values)))
    assert profile.category == ("ApiManagement" if shape.startswith("apim") else "ModelGateway")
    assert profile.target_url == values.get("targetUrl")
    assert profile.apim_resource_id == values.get("apimResourceId")
    assert profile.deployment_in_path is (values["deploymentInPath"] == "true")
    assert profile.inference_api_version == (values.get("inferenceAPIVersion") or None)
    assert [model.name for model in profile.static_models] == [m["name"] for m in values.get("staticModels", [])]
    assert profile.list_models_endpoint == values.get("listModelsEndpoint")
    assert profile.custom_headers == values.get("customHeaders", {})
    assert profile.scopes == tuple(values.get("scopes", ()))
    assert profile.is_shared_to_all is False


def test_the_secret_that_the_template_asks_for_is_a_reference(write: Callable[[object], Path]) -> None:
    assert str(load_profile(write(parameter_file(SHAPES["apim-static-models"]))).api_key) == "env:GATEWAY_API_KEY"
    profile = load_profile(write(parameter_file(SHAPES["modelgateway-oauth2"])))
    assert str(profile.client_secret) == "env:GATEWAY_CLIENT_SECRET"
    assert profile.api_key is None


@pytest.mark.parametrize("spelled", ["ProjectManagedIdentity", "AAD"])
def test_managed_identity_needs_no_secret_and_has_an_audience(spelled: str, write: Callable[[object], Path]) -> None:
    profile = load_profile(write(parameter_file(SHAPES["apim-static-models"] | {"authType": spelled})))
    assert profile.auth_type == "ProjectManagedIdentity"
    assert profile.audience == "https://cognitiveservices.azure.com"
    assert profile.api_key is None


def test_a_key_vault_reference_names_where_the_secret_is(write: Callable[[object], Path]) -> None:
    content = parameter_file(SHAPES["modelgateway-static"])
    vault = "/subscriptions/1/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/contoso-vault"
    content["parameters"]["apiKey"] = {"reference": {"keyVault": {"id": vault}, "secretName": "gateway-key"}}
    assert str(load_profile(write(content)).api_key) == "keyvault:contoso-vault/gateway-key"


@pytest.mark.parametrize(
    "reference", [{}, {"keyVault": {}}, {"keyVault": {"id": "/v/x"}}, {"keyVault": {"id": "x"}, "secretName": "s"}, "x"]
)
def test_a_broken_key_vault_reference_is_refused(reference: object, write: Callable[[object], Path]) -> None:
    content = parameter_file(SHAPES["modelgateway-static"])
    content["parameters"]["apiKey"] = {"reference": reference}
    with pytest.raises(ProfileError, match=r"parameters\.apiKey: is no Key Vault reference; write"):
        load_profile(write(content))


def test_every_parameter_without_a_value_is_named(write: Callable[[object], Path]) -> None:
    content = parameter_file(SHAPES["modelgateway-static"])
    content["parameters"] |= {"targetUrl": {}, "gatewayName": "plain", "authType": {"valu": "ApiKey"}}
    with pytest.raises(ProfileError) as caught:
        load_profile(write(content))
    assert sorted(problem.split(":")[0] for problem in caught.value.problems) == [
        "parameters.authType",
        "parameters.gatewayName",
        "parameters.targetUrl",
    ]
    assert all('write {"value": …}' in problem for problem in caught.value.problems)


@pytest.mark.parametrize("parameters", [None, [], "text", 5])
def test_parameters_must_be_a_mapping(parameters: Any, write: Callable[[object], Path]) -> None:
    with pytest.raises(ProfileError, match="parameters: wrong type; write a mapping"):
        load_profile(write({"parameters": parameters}))


def test_a_key_written_into_the_file_is_refused_and_not_repeated(write: Callable[[object], Path]) -> None:
    values = SHAPES["modelgateway-static"] | {"apiKey": "sk-swordfish"}
    with pytest.raises(ProfileError, match=r"apiKey: holds a secret .* write apiKey: env:GATEWAY_API_KEY") as caught:
        load_profile(write(parameter_file(values)))
    chain: BaseException | None = caught.value
    while chain:
        assert "swordfish" not in f"{chain} {chain!r}"
        chain = chain.__cause__


def test_an_api_of_a_service_stands_for_the_url(write: Callable[[object], Path]) -> None:
    profile = load_profile(write(parameter_file(SHAPES["apim-dynamic-discovery"])))
    assert (profile.apim_resource_id, profile.api_name, profile.target_url) == (SERVICE, "openai", None)


@pytest.mark.parametrize("path", PUBLIC, ids=lambda path: path.stem)
def test_the_public_files_name_every_placeholder(path: Path) -> None:
    values = json.loads(path.read_text(encoding="utf-8"))["parameters"]
    wanted = set(PLACEHOLDER.findall(json.dumps([entry["value"] for entry in values.values()])))
    with pytest.raises(ProfileError) as caught:
        load_profile(path)
    text = "\n".join(caught.value.problems)
    assert {found for found in wanted if f"placeholder {found} is not filled in" not in text} == set()
    assert len(caught.value.problems) == text.count("is not filled in"), "placeholders are the only problems"


@pytest.mark.parametrize("path", PUBLIC, ids=lambda path: path.stem)
def test_the_public_files_load_once_filled(path: Path, tmp_path: Path) -> None:
    text = path.read_text(encoding="utf-8").replace("YOUR-MODEL-GATEWAY-URL", "https://gateway.test/v1")
    text = text.replace("YOUR-TOKEN-URL", "https://login.test/token")
    filled = tmp_path / path.name
    filled.write_text(PLACEHOLDER.sub(lambda found: found[0].strip("<>").lower(), text), encoding="utf-8")
    profile = load_profile(filled)
    assert profile.category == ("ApiManagement" if path.stem.startswith("apim") else "ModelGateway")
