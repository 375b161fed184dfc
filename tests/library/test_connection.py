"""The ARM resource: exactly the body that is sent, its preview, and what differs from what is stored."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway_workbook.connection import Connection
from gateway_workbook.difference import Difference, differences
from gateway_workbook.errors import UsageError
from gateway_workbook.profile import load_profile
from gateway_workbook.secrets import Secrets
from gateway_workbook.workbook import ready_names
from tests.library.wire import KEY, MODELS, SECRETS, connection, dynamic, oauth2, profile

READY_SECRETS = Secrets({"SANDBOX_API_KEY": "the-key", "SANDBOX_CLIENT_SECRET": "the-secret"})
STATIC_APIM = (
    '[{"name":"gpt-4o","properties":{"model":{"name":"gpt-4o","version":"2024-08-06","format":"OpenAI"}}},'
    '{"name":"gpt-4o-mini","properties":{"model":{"name":"gpt-4o-mini","version":"2024-07-18","format":"OpenAI"}}}]'
)
STATIC_ONE = '[{"name":"gpt-4o","properties":{"model":{"name":"gpt-4o","version":"2024-08-06","format":"OpenAI"}}}]'
STATIC_TWO = (
    STATIC_ONE[:-1]
    + ',{"name":"meta/llama-3","properties":{"model":{"name":"Llama-3.3-70B","version":"1","format":"NonOpenAI"}}}]'
)


def discovery(listing: str, provider: str) -> str:
    return (
        f'{{"listModelsEndpoint":"{listing}","getModelEndpoint":"{listing}/{{deploymentName}}",'
        f'"deploymentProvider":"{provider}"}}'
    )


def key_body(category: str, target: str, **metadata: str) -> dict[str, Any]:
    return {
        "category": category,
        "target": target,
        "authType": "ApiKey",
        "isSharedToAll": False,
        "credentials": {"key": "the-key"},
        "metadata": metadata,
    }


BODIES: dict[str, dict[str, Any]] = {
    "apim-defaults": key_body(
        "ApiManagement", "https://sandbox.test/apim/openai", deploymentInPath="true", inferenceAPIVersion="2024-10-21"
    ),
    "apim-identity": {
        "category": "ApiManagement",
        "target": "https://sandbox.test/identity/openai",
        "authType": "ProjectManagedIdentity",
        "audience": "https://cognitiveservices.azure.com",
        "isSharedToAll": False,
        "credentials": {},
        "metadata": {"deploymentInPath": "true", "inferenceAPIVersion": "2024-10-21"},
    },
    "apim-static": key_body(
        "ApiManagement",
        "https://sandbox.test/apim-static/openai",
        deploymentInPath="true",
        inferenceAPIVersion="2024-10-21",
        models=STATIC_APIM,
    ),
    "modelgateway-azure-openai": key_body(
        "ModelGateway",
        "https://sandbox.test/azure",
        deploymentInPath="false",
        deploymentAPIVersion="2023-05-15",
        modelDiscovery=discovery("/deployments", "AzureOpenAI"),
    ),
    "modelgateway-custom-headers": key_body(
        "ModelGateway",
        "https://sandbox.test/custom/v1",
        deploymentInPath="false",
        modelDiscovery=discovery("models", "OpenAI"),
        authConfig='{"type":"api_key","name":"X-Gateway-Key","format":"Key {api_key}"}',
        customHeaders='{"X-Environment":"production","X-Client-App":"foundry-agents"}',
    ),
    "modelgateway-oauth2": {
        "category": "ModelGateway",
        "target": "https://sandbox.test/oauth/v1",
        "authType": "OAuth2",
        "tokenUrl": "https://sandbox.test/oauth/token",
        "scopes": ["models.read", "models.invoke"],
        "isSharedToAll": False,
        "credentials": {"clientId": "sandbox-client", "clientSecret": "the-secret"},
        "metadata": {"deploymentInPath": "false", "models": STATIC_ONE},
    },
    "modelgateway-openai": key_body(
        "ModelGateway",
        "https://sandbox.test/openai/v1",
        deploymentInPath="false",
        modelDiscovery=discovery("/models", "OpenAI"),
        authConfig='{"type":"api_key","name":"Authorization","format":"Bearer {api_key}"}',
    ),
    "modelgateway-static": key_body(
        "ModelGateway", "https://sandbox.test/static/v1", deploymentInPath="false", models=STATIC_TWO
    ),
}


def located(name: str) -> Connection:
    return Connection.of(load_profile(name), locate=lambda url: url.replace("sandbox://", "https://sandbox.test/"))


def test_every_ready_profile_has_its_body_here() -> None:
    assert sorted(BODIES) == ready_names("gateways")


@pytest.mark.parametrize("name", BODIES)
def test_the_body_of_the_put_is_exactly_this(name: str) -> None:
    assert located(name).resource(READY_SECRETS) == {"properties": BODIES[name]}


@pytest.mark.parametrize("name", BODIES)
def test_the_preview_is_the_body_with_references_for_secrets(name: str) -> None:
    text = json.dumps(located(name).preview())
    shown = text.replace("<env:SANDBOX_API_KEY>", "the-key").replace("<env:SANDBOX_CLIENT_SECRET>", "the-secret")
    assert json.loads(shown) == {"properties": BODIES[name]}
    assert "the-key" not in text
    assert "the-secret" not in text


def test_every_value_of_metadata_is_text() -> None:
    metadata = connection(
        customHeaders={"X-Team": "a"}, authConfig={"name": "X"}, inferenceAPIVersion="1", deploymentAPIVersion="2"
    ).metadata(SECRETS)
    assert all(isinstance(value, str) for value in metadata.values())
    assert json.loads(metadata["models"]) == MODELS
    assert json.loads(metadata["authConfig"]) == {"type": "api_key", "name": "X", "format": "{api_key}"}


def test_a_custom_header_by_reference_is_sent_in_clear_and_shown_as_reference() -> None:
    wanted = connection(customHeaders={"X-Team-Token": "env:TEAM_TOKEN"})
    assert json.loads(wanted.metadata(SECRETS)["customHeaders"]) == {"X-Team-Token": "team-swordfish"}
    assert "swordfish" not in f"{wanted!r} {wanted.preview()} {wanted.model_dump_json()}"
    assert "<env:TEAM_TOKEN>" in json.dumps(wanted.preview())


def test_what_is_stored_survives_the_run_folder() -> None:
    before = oauth2(customHeaders={"X-Team": "a"}, isSharedToAll=True)
    assert Connection.model_validate_json(before.model_dump_json()) == before


def test_an_api_of_a_service_needs_its_url_looked_up() -> None:
    service = "/subscriptions/1/resourceGroups/r/providers/Microsoft.ApiManagement/service/contoso"
    named = profile(category="ApiManagement", targetUrl=None, apimResourceId=service, apiName="openai")
    with pytest.raises(UsageError, match="has to be looked up"):
        Connection.of(named, locate=str)
    assert Connection.of(named, locate=str, target="https://apim.test/openai").target == "https://apim.test/openai"


def test_discovery_goes_static_then_explicit_then_apim_defaults() -> None:
    assert connection().effective_discovery == "static"
    explicit = dynamic("OpenAI", category="ApiManagement").effective_discovery
    assert explicit != "static"
    assert (explicit.list_endpoint, explicit.provider) == ("/models", "OpenAI")
    default = connection(category="ApiManagement", staticModels=None).effective_discovery
    assert default != "static"
    assert (default.list_endpoint, default.get_endpoint, default.provider) == (
        "/deployments",
        "/deployments/{deploymentName}",
        "AzureOpenAI",
    )
    with pytest.raises(UsageError, match="a ModelGateway needs one"):
        _ = connection().model_copy(update={"models": ()}).effective_discovery


def stored(of: Connection, **changes: object) -> dict[str, Any]:
    """As ARM gives it back: without credentials, with fields of its own."""
    properties = of.resource(SECRETS)["properties"] | {"credentials": None, "group": "AzureAI"} | changes
    return {"id": "/x", "name": of.name, "properties": properties}


@pytest.mark.parametrize("which", [connection(), oauth2(), dynamic("OpenAI"), dynamic("AzureOpenAI")])
def test_what_comes_back_as_it_was_sent_does_not_differ(which: Connection) -> None:
    assert differences(which, stored(which), secrets=SECRETS) == ()


def test_the_older_name_of_managed_identity_does_not_differ() -> None:
    identity = connection(category="ApiManagement", authType="ProjectManagedIdentity", apiKey=None)
    assert differences(identity, stored(identity, authType="AAD"), secrets=SECRETS) == ()


def test_json_text_is_compared_by_what_it_says() -> None:
    wanted = connection()
    metadata = wanted.metadata(SECRETS) | {"models": json.dumps(MODELS, indent=2, sort_keys=True)}
    assert differences(wanted, stored(wanted, metadata=metadata), secrets=SECRETS) == ()


def test_differences_go_in_both_directions() -> None:
    wanted = connection(inferenceAPIVersion="2024-10-21")
    metadata = wanted.metadata(SECRETS) | {"deploymentAPIVersion": "1"}
    del metadata["inferenceAPIVersion"]
    found = differences(wanted, stored(wanted, metadata=metadata, target="https://other.test"), secrets=SECRETS)
    assert found == (
        Difference(field="metadata.deploymentAPIVersion", wanted="absent", found="1"),
        Difference(field="metadata.inferenceAPIVersion", wanted="2024-10-21", found="absent"),
        Difference(field="target", wanted="https://gateway.test/v1", found="https://other.test"),
    )


@pytest.mark.parametrize("key", ["models", "authConfig", "modelDiscovery"])
def test_the_classic_mistake_is_found(key: str) -> None:
    wanted = dynamic("OpenAI", authConfig={"name": "X"}) if key != "models" else connection()
    metadata = wanted.metadata(SECRETS)
    broken = metadata | {key: json.loads(metadata[key])}
    found = differences(wanted, stored(wanted, metadata=broken), secrets=SECRETS)
    assert [row.field for row in found] == [f"metadata.{key}"]
    assert "stored as an object instead of text" in found[0].found


def test_metadata_that_is_no_json_is_found() -> None:
    wanted = connection()
    found = differences(wanted, stored(wanted, metadata=wanted.metadata(SECRETS) | {"models": "[{"}), secrets=SECRETS)
    assert "not JSON text" in found[0].found


def test_a_secret_header_that_differs_is_masked() -> None:
    wanted = connection(customHeaders={"X-Team-Token": "env:TEAM_TOKEN", "X-Team": "a"})
    headers = json.dumps({"X-Team-Token": "old-swordfish", "X-Team": "b"})
    found = differences(
        wanted, stored(wanted, metadata=wanted.metadata(SECRETS) | {"customHeaders": headers}), secrets=SECRETS
    )
    assert found == (
        Difference(field="metadata.customHeaders.X-Team", wanted="a", found="b"),
        Difference(field="metadata.customHeaders.X-Team-Token", wanted="•••", found="•••"),
    )


def test_a_key_written_out_where_it_does_not_belong_is_masked() -> None:
    wanted = connection(authConfig={"name": "X"})
    config = json.dumps({"type": "api_key", "name": "X", "format": "Bearer sk-swordfish"})
    metadata = wanted.metadata(SECRETS) | {"authConfig": config, "apiKey": "sk-swordfish", "note": "seen"}
    shown = {row.field: row.found for row in differences(wanted, stored(wanted, metadata=metadata), secrets=SECRETS)}
    assert shown == {
        "metadata.apiKey": "•••",
        "metadata.authConfig": '{"type":"api_key","name":"X","format":"•••"}',
        "metadata.note": "seen",
    }


@pytest.mark.parametrize("metadata", [None, {}, []])
def test_a_connection_without_metadata_is_only_different(metadata: object) -> None:
    wanted = connection()
    fields = [row.field for row in differences(wanted, stored(wanted, metadata=metadata), secrets=SECRETS)]
    assert fields == ["metadata.deploymentInPath", "metadata.models"]


def test_credentials_and_their_values_never_show() -> None:
    for which in (connection(), oauth2()):
        changed = stored(which, credentials={"key": "other", "clientSecret": "other"})
        assert differences(which, changed, secrets=SECRETS) == ()
        assert KEY not in repr(which)
