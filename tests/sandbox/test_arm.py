from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

if TYPE_CHECKING:
    from .conftest import Running

PROJECT = (
    "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/sandbox"
    "/providers/Microsoft.CognitiveServices/accounts/sandbox/projects/workshop"
)
ACCOUNT = PROJECT.partition("/projects/")[0]
SERVICE = ACCOUNT.partition("/providers/")[0] + "/providers/Microsoft.ApiManagement/service/sandbox-apim"
OAUTH = {
    "category": "ModelGateway",
    "target": "https://gateway.example/v1/",
    "authType": "OAuth2",
    "tokenUrl": "https://login.example/token",
    "scopes": ["a", "b"],
    "isSharedToAll": False,
    "credentials": {"clientId": "me", "clientSecret": "hush"},
    "metadata": {"deploymentInPath": "false", "models": "[]"},
}


def code(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


@pytest.mark.parametrize("parent", [PROJECT, ACCOUNT])
def test_a_connection_lives_and_dies(arm: httpx.Client, parent: str) -> None:
    url = f"{parent}/connections/Arm-life"
    created = arm.put(url, json={"properties": OAUTH})
    assert created.status_code in {200, 201}
    assert created.json()["id"] == url
    assert created.json()["properties"] == {**OAUTH, "credentials": None}
    read = arm.get(f"{parent.upper()}/CONNECTIONS/arm-LIFE")
    assert read.json()["properties"] == {**OAUTH, "credentials": None}
    assert read.json()["name"] == "Arm-life"
    secrets = arm.post(f"{url}/listSecrets").json()
    assert secrets["properties"]["credentials"] == OAUTH["credentials"]
    assert "hush" not in read.text
    assert arm.delete(url).status_code == 200
    assert arm.delete(url).status_code == 204
    assert code(arm.get(url)) == (404, "ResourceNotFound")
    assert code(arm.post(f"{url}/listSecrets")) == (404, "ResourceNotFound")
    assert code(arm.patch(url, json={"properties": {}})) == (404, "ResourceNotFound")


def test_patch_changes_what_it_names(arm: httpx.Client) -> None:
    url = f"{PROJECT}/connections/arm-patch"
    arm.put(url, json={"properties": OAUTH})
    arm.patch(url, json={"properties": {"target": "https://other.example", "scopes": ["c"]}}).raise_for_status()
    properties = arm.post(f"{url}/listSecrets").json()["properties"]
    assert properties == {**OAUTH, "target": "https://other.example", "scopes": ["c"]}
    assert code(arm.patch(url, json={"properties": {"target": ""}})) == (400, "ValidationError")
    arm.delete(url)


def test_metadata_is_kept_even_when_it_is_wrong(arm: httpx.Client) -> None:
    url = f"{PROJECT}/connections/arm-objects"
    metadata = {"models": [{"name": "gpt-4o"}], "customHeaders": {"a": "b"}}
    arm.put(url, json={"properties": {**OAUTH, "metadata": metadata}}).raise_for_status()
    assert arm.get(url).json()["properties"]["metadata"] == metadata
    arm.delete(url)


@pytest.mark.parametrize("field", ["category", "authType", "target"])
def test_a_missing_field_is_named(arm: httpx.Client, field: str) -> None:
    properties = {key: value for key, value in OAUTH.items() if key != field}
    response = arm.put(f"{PROJECT}/connections/arm-bad", json={"properties": properties})
    assert code(response) == (400, "ValidationError")
    assert f"'properties.{field}'" in response.json()["error"]["message"]


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("ab", {}),
        ("-abc", {}),
        ("a" * 34, {}),
        ("a.b.c", {}),
        ("arm-bad", {"authType": "Nonsense"}),
        ("arm-bad", {"credentials": {"clientId": "only"}}),
        ("arm-bad", {"authType": "ApiKey", "credentials": None}),
        ("arm-bad", {"metadata": ["models"]}),
    ],
)
def test_what_azure_refuses_is_refused(arm: httpx.Client, name: str, change: dict[str, object]) -> None:
    response = arm.put(f"{PROJECT}/connections/{name}", json={"properties": {**OAUTH, **change}})
    assert code(response) == (400, "ValidationError")
    assert arm.get(f"{PROJECT}/connections/{name}").status_code == 404


@pytest.mark.parametrize("body", [b"not json", b"[]", b"{}", b'{"properties": 1}'])
def test_a_malformed_body_is_refused(arm: httpx.Client, body: bytes) -> None:
    assert arm.put(f"{PROJECT}/connections/arm-bad", content=body).status_code == 400


def test_lists_filter_and_keep_the_scopes_apart(arm: httpx.Client) -> None:
    base = {**OAUTH, "target": "https://list.example"}
    arm.put(f"{PROJECT}/connections/arm-list-1", json={"properties": base})
    arm.put(f"{PROJECT}/connections/arm-list-2", json={"properties": {**base, "category": "ApiManagement"}})
    arm.put(f"{ACCOUNT}/connections/arm-list-3", json={"properties": base})

    def names(parent: str, **query: str) -> list[str]:
        value = arm.get(f"{parent}/connections", params={"target": "https://list.example", **query}).json()["value"]
        return [one["name"] for one in value]

    assert names(PROJECT) == ["arm-list-1", "arm-list-2"]
    assert names(PROJECT, includeAll="true") == ["arm-list-1", "arm-list-2", "arm-list-3"]
    assert names(PROJECT, category="ApiManagement") == ["arm-list-2"]
    assert names(ACCOUNT) == ["arm-list-3"]
    for url in (f"{PROJECT}/connections/arm-list-1", f"{PROJECT}/connections/arm-list-2"):
        arm.delete(url)
    arm.delete(f"{ACCOUNT}/connections/arm-list-3")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (PROJECT.replace("00000000-0000", "11111111-0000"), "SubscriptionNotFound"),
        (PROJECT.replace("resourceGroups/sandbox", "resourceGroups/other"), "ResourceGroupNotFound"),
        (PROJECT.replace("accounts/sandbox", "accounts/other"), "ResourceNotFound"),
        (PROJECT.replace("workshop", "other"), "ResourceNotFound"),
        (PROJECT.replace("CognitiveServices", "Storage"), "InvalidResourceType"),
        (f"{PROJECT}/nonsense/x", "InvalidResourceType"),
        (f"{SERVICE}/apis/unheard", "ResourceNotFound"),
    ],
)
def test_other_resources_are_not_found(arm: httpx.Client, path: str, expected: str) -> None:
    assert code(arm.get(path)) == (404, expected)


def test_every_call_needs_a_token_for_arm_and_then_an_api_version(sandbox: Running) -> None:
    url = f"{sandbox.url}{PROJECT}/connections"
    version = {"api-version": "1"}
    assert code(httpx.get(url, params=version)) == (401, "AuthenticationFailed")
    foreign = {"Authorization": f"Bearer {sandbox.token('https://ai.azure.com')}"}
    assert code(httpx.get(url, params=version, headers=foreign)) == (401, "InvalidAuthenticationToken")
    own = {"Authorization": f"Bearer {sandbox.token(sandbox.url)}"}
    assert code(httpx.get(url, headers=own)) == (400, "MissingApiVersionParameter")
    assert httpx.get(url, params=version, headers=own).status_code == 200


def test_the_resources_around_are_there(arm: httpx.Client, sandbox: Running) -> None:
    assert arm.get(SERVICE).json()["properties"]["gatewayUrl"] == f"{sandbox.url}/gateways"
    paths = {name: arm.get(f"{SERVICE}/apis/{name}").json()["properties"]["path"] for name in ("apim", "identity")}
    assert paths == {"apim": "apim/openai", "identity": "identity/openai"}
    assert arm.get(f"{SERVICE}/apis").json()["value"][1]["properties"]["path"] == "apim-static/openai"
    endpoints = arm.get(PROJECT).json()["properties"]["endpoints"]
    assert list(endpoints.values()) == [sandbox.descriptor["project_endpoint"]]
    assert arm.get(ACCOUNT).json()["id"] == ACCOUNT
    (subscription,) = arm.get("/subscriptions").json()["value"]
    assert arm.get(subscription["id"]).json() == subscription
    assert arm.get(PROJECT.partition("/providers/")[0]).json()["name"] == "sandbox"


def test_a_cli_can_learn_the_cloud_without_a_token(sandbox: Running) -> None:
    cloud = httpx.get(f"{sandbox.url}/metadata/endpoints", params={"api-version": "2022-09-01"}).json()
    assert cloud["authentication"]["loginEndpoint"] == sandbox.url
    assert cloud["resourceManager"] == f"{sandbox.url}/"
