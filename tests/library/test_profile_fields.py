"""A profile goes into the form's fields and comes back the same; what is wrong stands at its field."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given, settings

from gateway_workbook.document import Document
from gateway_workbook.profile import Profile, load_profile
from gateway_workbook.profile_fields import PROFILE_FIELDS
from gateway_workbook.profile_values import from_profile, problems, to_profile
from gateway_workbook.workbook import ready_names

from .profiles import profiles

READY = ready_names("gateways")


def applying(values: dict[str, Any]) -> set[str]:
    return {field.name for field in PROFILE_FIELDS if field.applies(values)}


@given(profiles())
@settings(max_examples=300, deadline=None)
def test_nothing_is_lost_on_the_way_through_the_form(profile: Profile) -> None:
    assume(all(scope.strip() for scope in profile.scopes))  # a line of blanks is no line
    values = from_profile(profile)
    assert not problems(values)
    assert Profile.parse(Document("the form", to_profile(values))) == profile


@pytest.mark.parametrize("name", READY)
def test_choices_offer_what_a_profile_says(name: str) -> None:
    values = from_profile(load_profile(name))
    for field in PROFILE_FIELDS:
        if field.kind == "choice" and field.applies(values):
            assert values[field.name] in [value for _, value in field.choices(values)], field.name


def test_only_what_applies_is_asked() -> None:
    key = applying(from_profile(load_profile("modelgateway-openai")))
    assert {"apiKey", "headerName", "headerFormat", "listModelsEndpoint"} <= key
    assert not {"clientId", "tokenUrl", "audience", "place", "apimResourceId", "staticModels"} & key
    client = applying(from_profile(load_profile("modelgateway-oauth2")))
    assert {"clientId", "clientSecret", "tokenUrl", "scopes", "staticModels"} <= client
    assert not {"apiKey", "headerName", "listModelsEndpoint", "deploymentAPIVersion"} & client
    identity = applying(from_profile(load_profile("apim-identity")))
    assert {"audience", "place"} <= identity
    assert not {"apiKey", "clientId", "gatewayName"} & identity


def test_an_api_is_found_by_its_service_and_name() -> None:
    values = from_profile(load_profile("apim-defaults")) | {
        "place": "api",
        "apimResourceId": "nonsense",
        "apiName": "a",
    }
    assert {"apimResourceId", "apiName"} <= applying(values)
    assert "targetUrl" not in applying(values)
    assert list(problems(values)) == ["apimResourceId"]


@pytest.mark.parametrize(
    ("change", "field", "word"),
    [
        ({"connectionName": "a"}, "connectionName", "3 to 33 letters"),
        ({"targetUrl": "gateway"}, "targetUrl", "not a URL"),
        ({"targetUrl": ""}, "targetUrl", "missing"),
        ({"apiKey": "sk-1234567890"}, "apiKey", "holds a secret or no reference"),
        ({"headerName": "X Key"}, "headerName", "not a header's name"),
        ({"headerName": "X-Key", "headerFormat": "Bearer"}, "headerFormat", "{api_key}"),
        ({"customHeaders": "X-Team-Token: abc"}, "customHeaders", "written out"),
        ({"customHeaders": "X-Team"}, "customHeaders", "no header can carry it"),
        ({"discovery": "static", "staticModels": ""}, "staticModels", "missing"),
        ({"discovery": "static", "staticModels": "a\na"}, "staticModels", "there already"),
        ({"getModelEndpoint": "/models/one"}, "getModelEndpoint", "{deploymentName}"),
        ({"authType": "OAuth2"}, "clientId", "missing"),
        ({"category": "ApiManagement", "authType": "OAuth2"}, "authType", "not offered"),
    ],
)
def test_a_mistake_is_told_at_its_field(change: dict[str, Any], field: str, word: str) -> None:
    found = problems(from_profile(load_profile("modelgateway-openai")) | change)
    assert field in found
    assert word in found[field]


def test_a_problem_never_repeats_what_may_be_a_secret() -> None:
    found = problems(from_profile(load_profile("modelgateway-openai")) | {"apiKey": "sk-canary-1"})
    assert "canary" not in str(found)


def test_a_line_names_a_deployment_and_what_is_known_of_it() -> None:
    values = from_profile(load_profile("modelgateway-static")) | {
        "staticModels": "gpt-5\nllama | Llama 3 | 1 | NonOpenAI"
    }
    first, second = to_profile(values)["staticModels"]
    assert first["properties"]["model"] == {"name": "gpt-5", "version": "", "format": "OpenAI"}
    assert second == {
        "name": "llama",
        "properties": {"model": {"name": "Llama 3", "version": "1", "format": "NonOpenAI"}},
    }
