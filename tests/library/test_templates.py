"""The ARM and Bicep templates: the public parameters, metadata as text, no secret let out, and one content."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

import pytest
from pycep import BicepParser

from gateway_workbook import target as targets
from gateway_workbook.arm import APIM_API_VERSION
from gateway_workbook.arm_template import parameter_names, template
from gateway_workbook.connection import API_VERSION
from gateway_workbook.export import export
from gateway_workbook.profile import Profile
from tests.library.parameter_files import PROJECT, SHAPES
from tests.library.wire import profile

if TYPE_CHECKING:
    from gateway_workbook.profile import Category

CATEGORIES: Final[tuple[Category, ...]] = ("ApiManagement", "ModelGateway")
AZURE = targets.azure(PROJECT)
# The public templates' parameters, as facts.
_COMMON: Final = {
    "projectResourceId": "string",
    "connectionName": "string",
    "authType": "string",
    "isSharedToAll": "bool",
    "deploymentInPath": "string",
    "inferenceAPIVersion": "string",
    "deploymentAPIVersion": "string",
    "listModelsEndpoint": "string",
    "getModelEndpoint": "string",
    "deploymentProvider": "string",
    "staticModels": "array",
    "customHeaders": "object",
    "authConfig": "object",
}
PUBLIC: Final = {
    "ApiManagement": _COMMON | {"apimResourceId": "string", "apiName": "string", "apimSubscriptionName": "string"},
    "ModelGateway": _COMMON
    | {
        "targetUrl": "string",
        "gatewayName": "string",
        "apiKey": "securestring",
        "clientId": "securestring",
        "clientSecret": "securestring",
        "tokenUrl": "string",
        "scopes": "array",
    },
}
PLAIN: Final = {"securestring": "string", "secureObject": "object"}


def arm(category: Category) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(template(category))
    return document


def bicep(text: str) -> dict[str, Any]:
    parsed: dict[str, Any] = BicepParser().parse(text=text)
    return parsed


def as_template(bicepparam: str) -> str:
    """The parameter file as variables of a template, which is all that this parser knows."""
    return re.sub(r"^param ", "var ", re.sub(r"^using .*\n", "", bicepparam), flags=re.MULTILINE)


@pytest.mark.parametrize("category", CATEGORIES)
def test_the_parameters_are_the_public_ones_and_more(category: Category) -> None:
    types = {name: parameter["type"] for name, parameter in arm(category)["parameters"].items()}
    assert PUBLIC[category].items() <= types.items()
    secret = {name for name, type_ in types.items() if type_.startswith("secure")}
    assert secret == {"apiKey", "secretHeaders"} | (
        {"clientId", "clientSecret"} if category == "ModelGateway" else set()
    )


@pytest.mark.parametrize("category", CATEGORIES)
def test_every_field_of_a_profile_is_a_parameter_or_cannot_be_one(category: Category) -> None:
    fields = {str(field.alias) for field in Profile.model_fields.values()}
    missing = fields - parameter_names(category)
    other = PUBLIC["ModelGateway" if category == "ApiManagement" else "ApiManagement"]
    assert missing - {"category", "audience"} <= other.keys()


@pytest.mark.parametrize("category", CATEGORIES)
def test_versions_are_those_of_the_workbooks_own_requests(category: Category) -> None:
    versions = set(re.findall(r"'(\d{4}-\d\d-\d\d[a-z-]*)'", template(category)))
    assert {resource["apiVersion"] for resource in arm(category)["resources"]} == {API_VERSION}
    assert versions == ({APIM_API_VERSION} if category == "ApiManagement" else set())


@pytest.mark.parametrize("category", CATEGORIES)
def test_no_secret_is_an_output_or_an_objects_place_in_metadata(category: Category) -> None:
    document = arm(category)
    secrets = [name for name, parameter in document["parameters"].items() if parameter["type"].startswith("secure")]
    assert not [name for name in secrets if f"'{name}'" in json.dumps(document["outputs"])]
    assert set(document["outputs"]) == {"connectionName", "connectionId", "targetUrl"}
    for name in ("staticModels", "authConfig"):
        assert f"string(parameters('{name}'))" in document["variables"]["metadata"]
    for name in ("discovery", "headers"):
        assert f"string(variables('{name}'))" in document["variables"]["metadata"]


@pytest.mark.parametrize("category", CATEGORIES)
def test_bicep_says_what_the_arm_template_says(category: Category) -> None:
    one, other = arm(category), bicep(template(category, "bicep"))
    assert list(other["parameters"]) == list(one["parameters"])
    for name, parameter in one["parameters"].items():
        twin = other["parameters"][name]
        decorators = {item["type"]: item.get("argument") for item in twin["decorators"]}
        assert twin["type"] == PLAIN.get(parameter["type"], parameter["type"])
        assert ("secure" in decorators) == parameter["type"].startswith("secure")
        assert twin["default"] == parameter.get("defaultValue")
        assert decorators.get("allowed") == parameter.get("allowedValues")
        assert decorators.get("min_length") == parameter.get("minLength")
    assert [(item["type"], item["api_version"]) for item in other["resources"].values()] == [
        (item["type"], item["apiVersion"]) for item in one["resources"]
    ]
    assert set(other["outputs"]) == set(one["outputs"])


@pytest.mark.parametrize("category", CATEGORIES)
def test_bicep_calls_the_same_functions(category: Category) -> None:
    def called(text: str) -> set[str]:
        return set(re.findall(r"\b(string|union|split|empty|listSecrets|reference)\(", text))

    assert called(template(category, "bicep")) == called(template(category))


@pytest.mark.parametrize("shape", SHAPES)
def test_another_parser_reads_the_values_of_a_bicep_parameter_file(shape: str) -> None:
    data = {"apiKey": "env:KEY"} if SHAPES[shape]["authType"] == "ApiKey" else {"apiKey": None, "clientSecret": "env:S"}
    base: dict[str, Any] = {"targetUrl": None, "staticModels": None, "category": None, **SHAPES[shape], **data}
    files = dict(export(profile(**base), "bicep", target=AZURE).files)
    values = {
        name: item["value"] for name, item in bicep(as_template(files["contoso.bicepparam"]))["variables"].items()
    }
    expected = {name: value for name, value in SHAPES[shape].items() if value not in ("", False)}
    for name, value in expected.items():
        assert json.loads(json.dumps(values[name]).replace("'", "")) == value, name
    secret = {"KEY": "apiKey", "S": "clientSecret"}[str(next(iter({*data.values()} - {None}))).removeprefix("env:")]
    assert values[secret]["function"]["type"] == "readEnvironmentVariable"
