"""Profiles: what is usable loads, what is not is refused at once, each problem with its place and its mend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml
from pydantic import ValidationError

from gateway_workbook.document import Document
from gateway_workbook.errors import ProfileError, UsageError
from gateway_workbook.profile import Profile, load_profile
from gateway_workbook.workbook import ready_names
from tests.library.parameter_files import SERVICE
from tests.library.wire import MODELS, profile

if TYPE_CHECKING:
    from pathlib import Path

READY = ready_names("gateways")
STATIC = {"staticModels": None}
ENDPOINTS = {
    "listModelsEndpoint": "/models",
    "getModelEndpoint": "/models/{deploymentName}",
    "deploymentProvider": "OpenAI",
}
APIM = {"category": "ApiManagement"}
OAUTH2 = {
    "authType": "OAuth2",
    "apiKey": None,
    "clientId": "c",
    "clientSecret": "env:S",
    "tokenUrl": "https://login.test/token",
}


def refused(**changes: object) -> list[str]:
    with pytest.raises(ProfileError) as caught:
        profile(**changes)
    return list(caught.value.problems)


@pytest.mark.parametrize(
    ("changes", "place", "mend"),
    [
        ({"category": None}, "category", "missing; write ApiManagement for Azure API Management, ModelGateway for any"),
        ({"category": "Apim"}, "category", "not a known value; write 'ApiManagement' or 'ModelGateway'"),
        ({"connectionName": None}, "connectionName", "missing; write it"),
        ({"connectionName": "a"}, "connectionName", "use 3 to 33 letters, digits, - and _"),
        ({"connectionName": "../x"}, "connectionName", "use 3 to 33 letters"),
        ({"connectionName": "x" * 34}, "connectionName", "use 3 to 33 letters"),
        ({"connectionName": "abc\n"}, "connectionName", "use 3 to 33 letters"),
        ({"projectResourceId": "workshop"}, "projectResourceId", "write /subscriptions/…/resourceGroups/"),
        ({"projectResourceId": "/a/b?x=/projects/y"}, "projectResourceId", "write /subscriptions/"),
        ({"targetUrl": None}, "targetUrl", "missing; write the URL that stands before /chat/completions"),
        ({"targetUrl": ""}, "targetUrl", "missing; write the URL"),
        ({"targetUrl": "gateway.test/v1"}, "targetUrl", "not a URL; write https://host/path"),
        ({"targetUrl": "ftp://gateway.test"}, "targetUrl", "not a URL"),
        ({"targetUrl": "https:///v1"}, "targetUrl", "not a URL"),
        ({"targetUrl": "https://[::1/v1"}, "targetUrl", "not a URL"),
        ({"targetUrl": "https://me:pass@gateway.test"}, "targetUrl", "remove it, a secret goes into apiKey"),
        (
            {"targetUrl": "https://g.test/v1?api-version=1"},
            "targetUrl",
            "the api-version goes into inferenceAPIVersion",
        ),
        ({"targetUrl": "https://g.test/v1#x"}, "targetUrl", "has a query; remove it"),
        ({"targetUrl": "https://g.test/v1/chat/completions"}, "targetUrl", "end it before /deployments"),
        ({"targetUrl": "https://g.test/openai/deployments/gpt-4o/"}, "targetUrl", "end it before /deployments"),
        ({"apimResourceId": SERVICE, "apiName": "a"}, "apimResourceId", "remove it, or write category: ApiManagement"),
        (
            APIM | {"apimResourceId": SERVICE, "apiName": "a"},
            "apimResourceId",
            "keep targetUrl, or apimResourceId with",
        ),
        (APIM | {"targetUrl": None, "apimResourceId": SERVICE}, "apiName", "missing; apimResourceId needs it"),
        (APIM | {"targetUrl": None, "apiName": "a"}, "apimResourceId", "missing; apiName needs it"),
        (APIM | {"targetUrl": None}, "targetUrl", "(or apimResourceId with apiName)"),
        (APIM | {"deploymentInPath": None}, "deploymentInPath", "write true when the API has /deployments/{name}"),
        ({"deploymentInPath": "yes"}, "deploymentInPath", "not a yes-or-no value; write true or false"),
        ({"deploymentInPath": 1}, "deploymentInPath", "write true or false"),
        ({"isSharedToAll": "si"}, "isSharedToAll", "write true or false"),
        ({"authType": None}, "authType", "missing; write ApiKey or OAuth2"),
        (APIM | {"authType": None}, "authType", "missing; write ApiKey or ProjectManagedIdentity"),
        ({"authType": "Basic"}, "authType", "not a known value; write 'ApiKey', 'OAuth2' or 'ProjectManagedIdentity'"),
        ({"authType": "ProjectManagedIdentity", "apiKey": None}, "authType", "is not offered for ModelGateway; write"),
        (APIM | OAUTH2, "authType", "OAuth2 is not offered for ApiManagement; write ApiKey or ProjectManagedIdentity"),
        ({"apiKey": None}, "apiKey", "missing; write apiKey: env:GATEWAY_API_KEY"),
        ({"apiKey": "sk-swordfish"}, "apiKey", "write apiKey: env:GATEWAY_API_KEY"),
        ({"apiKey": 5}, "apiKey", "must be text such as env:NAME"),
        (OAUTH2 | {"clientSecret": "swordfish"}, "clientSecret", "write clientSecret: env:GATEWAY_CLIENT_SECRET"),
        (OAUTH2 | {"clientSecret": None}, "clientSecret", "missing; write clientSecret: env:GATEWAY_CLIENT_SECRET"),
        (OAUTH2 | {"clientId": None}, "clientId", "missing; OAuth2 needs it"),
        (OAUTH2 | {"tokenUrl": ""}, "tokenUrl", "missing; OAuth2 needs it"),
        (OAUTH2 | {"tokenUrl": "login"}, "tokenUrl", "not a URL"),
        (OAUTH2 | {"scopes": "a b"}, "scopes", "wrong type; write a list"),
        (OAUTH2 | {"apiKey": "env:K"}, "apiKey", "belongs to authType ApiKey; remove it, or write authType: ApiKey"),
        (OAUTH2 | {"authConfig": {"name": "X"}}, "authConfig", "belongs to authType ApiKey"),
        ({"clientId": "c"}, "clientId", "belongs to authType OAuth2"),
        ({"audience": "https://x"}, "audience", "belongs to authType ProjectManagedIdentity"),
        (ENDPOINTS, "listModelsEndpoint", "keep the static list or the discovery endpoints, not both"),
        (STATIC, "staticModels", "a ModelGateway has no default discovery: list its models, or write"),
        (STATIC | ENDPOINTS | {"deploymentProvider": None}, "deploymentProvider", "need it too"),
        (STATIC | {"listModelsEndpoint": "/m"}, "getModelEndpoint", "missing; listModelsEndpoint needs it too"),
        (
            STATIC | ENDPOINTS | {"getModelEndpoint": "/models/"},
            "getModelEndpoint",
            "has no {deploymentName}; write it",
        ),
        (
            STATIC | {"customHeaders": {"API-Key": "env:OTHER"}},
            "customHeaders.API-Key",
            "carries the credential already",
        ),
        (
            STATIC | {"authConfig": {"name": "X-Key"}, "customHeaders": {"x-key": "env:OTHER"}},
            "customHeaders.x-key",
            "remove it, or name another in authConfig",
        ),
        (STATIC | {"staticModels": [{"name": ""}]}, "staticModels[0].name", "empty; write it, or leave the field out"),
        (
            STATIC | ENDPOINTS | {"listModelsEndpoint": "https://models.test/v1/models"},
            "listModelsEndpoint",
            "is on another host than targetUrl, which would be sent the credential; write the path below targetUrl",
        ),
        (STATIC | ENDPOINTS | {"deploymentProvider": "Azure"}, "deploymentProvider", "write 'OpenAI' or 'AzureOpenAI'"),
        ({"staticModels": MODELS * 2}, "staticModels[1].name", "each deployment's name stands once"),
        ({"staticModels": {"name": "x"}}, "staticModels", "wrong type; write a list"),
        ({"staticModels": ["gpt-4o"]}, "staticModels[0]", "wrong type; write a mapping"),
        ({"staticModels": [{"name": "x"}]}, "staticModels[0].properties", "missing; write it"),
        (
            {"staticModels": [{"name": "x", "properties": {"model": {"name": "x", "version": 1}}}]},
            "staticModels[0].properties.model.version",
            "wrong type; write text",
        ),
        ({"staticModels": [MODELS[0] | {"nmae": "x"}]}, "staticModels[0].nmae", "unknown key; did you mean name?"),
        ({"authConfig": {"name": "X", "format": "Bearer"}}, "authConfig.format", "has no {api_key}; write it where"),
        ({"authConfig": {"format": "{api_key}"}}, "authConfig.name", "missing; write it"),
        ({"authConfig": {"type": "basic", "name": "X"}}, "authConfig.type", "not a known value; write 'api_key'"),
        ({"authConfig": "Bearer"}, "authConfig", "wrong type; write a mapping"),
        ({"customHeaders": {"X-Api-Key": "swordfish"}}, "customHeaders.X-Api-Key", "write env:X_API_KEY"),
        ({"customHeaders": {"X-Team": 5}}, "customHeaders.X-Team", "wrong type; write text"),
        ({"customHeaders": {"X-Team": ""}}, "customHeaders.X-Team", "no header can carry it"),
        ({"customHeaders": ["X"]}, "customHeaders", "wrong type; write a mapping"),
        ({"inferenceAPIVersion": 2024}, "inferenceAPIVersion", "wrong type; write text"),
        ({"gatewayName": "\ud83d"}, "gatewayName", "holds half of a character; write the whole one"),
        (
            {"staticModels": [MODELS[0] | {"name": "\udc00"}]},
            "staticModels[0].name",
            "holds half of a character; write the whole one",
        ),
        ({"targeturl": "x"}, "targeturl", "unknown key; did you mean targetUrl?"),
        ({"zzz": "x"}, "zzz", "unknown key; remove it (known: apiKey, "),
        ({"gatewayName": "YOUR-GATEWAY"}, "gatewayName", "placeholder YOUR-GATEWAY is not filled in"),
        ({"targetUrl": "https://<your-host>/v1"}, "targetUrl", "placeholder <your-host> is not filled in"),
    ],
)
def test_every_rule_names_the_place_and_the_mend(changes: dict[str, object], place: str, mend: str) -> None:
    problems = refused(**changes)
    told = [problem for problem in problems if problem.partition(": ")[0] == place]
    assert len(told) == 1, problems
    assert mend in told[0]
    assert "swordfish" not in str(problems)


def test_all_problems_come_at_once_with_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "profile.yaml"
    path.write_text(
        "category: ModelGateway\n"
        "connectionName: x\n"
        "targetUrl: YOUR-URL\n"
        "authType: ApiKey\n"
        "apiKey: sk-swordfish\n"
        "deploymentInPath: maybe\n"
        "listModelsEndpoint: /models\n"
        "staticModels:\n"
        "  - name: a\n"
        "    properties: {model: {nam: a}}\n"
        "tergetUrl: x\n"
    )
    with pytest.raises(ProfileError) as caught:
        load_profile(path)
    places = [problem.split(": ", 1)[0] for problem in caught.value.problems]
    assert places == [
        "line 2, connectionName",
        "line 3, targetUrl",
        "line 5, apiKey",
        "line 6, deploymentInPath",
        "line 7, listModelsEndpoint",
        "line 10, staticModels[0].properties.model.nam",
        "line 11, tergetUrl",
        "line 10, staticModels[0].properties.model.name",  # what is not there stands nowhere in the file
    ]
    assert str(caught.value).startswith(f"{path}: 8 problems\n")
    assert "swordfish" not in str(caught.value)


@pytest.mark.parametrize("text", ["", " \n\n"])
def test_an_empty_file_is_said_to_be(text: str, tmp_path: Path) -> None:
    path = tmp_path / "profile.yaml"
    path.write_text(text)
    with pytest.raises(UsageError, match="is empty: give a profile, or a connection in one of the forms"):
        load_profile(path)


@pytest.mark.parametrize("text", ["# nothing\n", "[]", "- category: x", "text", "null", "true"])
def test_what_is_no_mapping_is_no_profile(text: str, tmp_path: Path) -> None:
    path = tmp_path / "profile.yaml"
    path.write_text(text)
    with pytest.raises(ProfileError, match="is not a profile: write `category`"):
        load_profile(path)


@pytest.mark.parametrize("spelled", [True, "true", "True", "TRUE"])
def test_flags_are_read_as_files_spell_them(spelled: object) -> None:
    assert profile(deploymentInPath=spelled).deployment_in_path is True


def test_yaml_versions_stay_text(tmp_path: Path) -> None:
    path = tmp_path / "profile.yaml"
    path.write_text(
        "category: ModelGateway\nconnectionName: contoso\ntargetUrl: https://g.test\nauthType: ApiKey\napiKey: env:K\n"
        "inferenceAPIVersion: 2024-10-21\n"
        "customHeaders: {X-Answer: no, X-Number: 1.10}\n"
        "staticModels: [{name: 007, properties: {model: {name: on, version: 1}}}]\n"
    )
    loaded = load_profile(path)
    assert loaded.inference_api_version == "2024-10-21"
    assert loaded.custom_headers == {"X-Answer": "no", "X-Number": "1.10"}
    assert (loaded.static_models[0].name, loaded.static_models[0].properties.model.version) == ("007", "1")


def test_the_category_follows_from_what_only_one_has() -> None:
    assert profile(category=None, gatewayName="x").category == "ModelGateway"
    apim = {"category": None, "targetUrl": None, "apimResourceId": "/subscriptions/1/resourceGroups/r/providers/"}
    apim["apimResourceId"] += "Microsoft.ApiManagement/service/contoso"
    assert profile(**apim, apiName="a").category == "ApiManagement"


def test_apim_needs_no_discovery() -> None:
    assert profile(**APIM, **STATIC).static_models == ()


def test_an_older_name_of_managed_identity_is_the_same() -> None:
    fields: dict[str, Any] = {**APIM, "apiKey": None}
    old, new = profile(**fields, authType="AAD"), profile(**fields, authType="ProjectManagedIdentity")
    assert old == new
    assert profile(**fields, authType="AAD", audience="api://mine").audience == "api://mine"


@pytest.mark.parametrize("name", READY)
def test_ready_profiles_survive_being_written_down(name: str, tmp_path: Path) -> None:
    loaded, path = load_profile(name), tmp_path / "profile.yaml"
    path.write_text(loaded.to_yaml(), encoding="utf-8")
    assert load_profile(path) == loaded
    assert yaml.safe_load(loaded.to_yaml())["deploymentInPath"] is loaded.deployment_in_path


@pytest.mark.parametrize(
    "value",
    [
        "true",
        "null",
        "~",
        "2024-10-21",
        "1",
        "no",
        "a: b",
        "- a",
        "#x",
        "'",
        '"',
        " padded ",
        "Grüße 世界 🌍",
        "a\\n",
        "{x}",
        "word " * 60 + "end",
        "*a",
        "&a",
        "!x",
        "%x",
        "@x",
        "`x`",
        "<<",
        "=",
        "a\tb",
    ],
)
def test_awkward_text_survives_being_written_down(value: str) -> None:
    before = profile(gatewayName=value)
    assert Profile.parse(Document.parse(before.to_yaml(), source="x")) == before


def test_a_profile_never_shows_a_secret_written_out() -> None:
    document = Document(
        "profile.yaml", {"category": "ModelGateway", "apiKey": "sk-swordfish", "clientSecret": ["sk-swordfish"]}
    )
    with pytest.raises(ProfileError) as caught:
        Profile.parse(document)
    chain: BaseException | None = caught.value
    while chain:
        assert "swordfish" not in f"{chain} {chain!r}"
        chain = chain.__cause__ or chain.__context__


def test_an_unknown_profile_names_those_there_are() -> None:
    with pytest.raises(UsageError, match=r"no profile 'nope' .*: give a file, or one of apim-defaults, ") as caught:
        load_profile("nope")
    assert all(name in str(caught.value) for name in READY)


def test_the_ready_profiles_cover_every_shape() -> None:
    profiles = [load_profile(name) for name in READY]
    assert {(p.category, p.auth_type) for p in profiles} == {
        ("ApiManagement", "ApiKey"),
        ("ApiManagement", "ProjectManagedIdentity"),
        ("ModelGateway", "ApiKey"),
        ("ModelGateway", "OAuth2"),
    }
    assert {p.deployment_provider for p in profiles if p.category == "ModelGateway"} == {None, "OpenAI", "AzureOpenAI"}
    assert any(p.custom_headers and p.auth_config for p in profiles)
    assert any(p.category == "ApiManagement" and p.static_models for p in profiles)


def test_profiles_are_values() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        profile().target_url = "x"  # type: ignore[misc]  # the point


def test_an_identity_at_account_scope_is_refused_with_the_mend() -> None:
    problems = refused(
        **APIM, authType="ProjectManagedIdentity", apiKey=None, deploymentInPath=True, connectionScope="account"
    )
    assert problems == [
        (
            "connectionScope: account has no project whose identity could sign in, and Agent Service would not find "
            "the connection; write connectionScope: project"
        )
    ]


def test_a_connection_belongs_to_the_project_unless_the_profile_says_account() -> None:
    assert profile().connection_scope == "project"
    assert profile(connectionScope="account").connection_scope == "account"
    assert "connectionScope: not a known value; write 'project' or 'account'" in refused(connectionScope="hub")
