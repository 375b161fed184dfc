"""The sandbox's eight gateways, each probed from every kind of URL somebody may have of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from gateway_workbook import target as targets
from gateway_workbook.connection import Connection
from gateway_workbook.discovery import discover
from gateway_workbook.errors import UsageError
from gateway_workbook.gateway import Gateway
from gateway_workbook.probe_budget import MOST
from gateway_workbook.probe_session import ProbeOptions, find_settings

if TYPE_CHECKING:
    from gateway_workbook.target import Target

FEW = 15
VERSION = "?api-version=2024-10-21"
CLIENT = ProbeOptions(
    client_id="sandbox-client",
    client_secret="env:SANDBOX_CLIENT_SECRET",
    token_url="sandbox://oauth/token",
    scopes=("models.read", "models.invoke"),
)
KEY = ProbeOptions(key="env:SANDBOX_API_KEY")
CUSTOM = ProbeOptions(key="env:SANDBOX_API_KEY", headers=("X-Environment: production",))
IDENTITY = ProbeOptions(identity=True)
BY_PATH = (
    "",
    "/openai",
    "/openai/",
    "/openai/deployments/gpt-4o",
    f"/openai/deployments/gpt-4o/chat/completions{VERSION}",
)
BY_BODY = ("", "/v1", "/v1/", "/v1/models", "/v1/chat/completions")
# By gateway: the credential, the URLs' paths, and what the profile must say.
GATEWAYS: dict[str, tuple[ProbeOptions, tuple[str, ...], dict[str, Any]]] = {
    "apim": (
        KEY,
        (*BY_PATH, "/openai/deployments", "/openai/deployments/gpt-4o/chat/completions", "/v1"),
        {
            "category": "ApiManagement",
            "targetUrl": "sandbox://apim/openai",
            "deploymentInPath": True,
            "inferenceAPIVersion": "2024-10-21",
            "deploymentProvider": "AzureOpenAI",
        },
    ),
    "apim-static": (
        KEY,
        BY_PATH,
        {"category": "ApiManagement", "targetUrl": "sandbox://apim-static/openai", "deploymentInPath": True},
    ),
    "static": (KEY, BY_BODY, {"category": "ModelGateway", "targetUrl": "sandbox://static/v1"}),
    "openai": (
        KEY,
        (*BY_BODY, "/openai", f"/v1/chat/completions{VERSION}"),
        {
            "targetUrl": "sandbox://openai/v1",
            "authConfig": {"type": "api_key", "name": "Authorization", "format": "Bearer {api_key}"},
            "deploymentProvider": "OpenAI",
        },
    ),
    "azure": (
        KEY,
        ("", "/", "/chat/completions", "/deployments", f"/deployments{VERSION}", "/v1"),
        {"targetUrl": "sandbox://azure", "deploymentInPath": False, "deploymentAPIVersion": "2024-10-21"},
    ),
    "oauth": (CLIENT, BY_BODY, {"targetUrl": "sandbox://oauth/v1", "authType": "OAuth2"}),
    "custom": (
        CUSTOM,
        BY_BODY,
        {
            "targetUrl": "sandbox://custom/v1",
            "authConfig": {"type": "api_key", "name": "X-Gateway-Key", "format": "Key {api_key}"},
            "customHeaders": {"X-Environment": "production"},
        },
    ),
    "identity": (
        IDENTITY,
        BY_PATH,
        {"category": "ApiManagement", "targetUrl": "sandbox://identity/openai", "authType": "ProjectManagedIdentity"},
    ),
}


@pytest.mark.parametrize(
    ("gateway", "path"), [(name, path) for name, (_, paths, _) in GATEWAYS.items() for path in paths]
)
def test_finds_the_settings(gateway: str, path: str, sandbox: Target) -> None:
    options, _, expected = GATEWAYS[gateway]
    found = find_settings(f"sandbox://{gateway}{path}", options)
    assert found.profile is not None, found.finding
    data = found.profile.to_data()
    assert {name: data.get(name) for name in expected} == expected
    assert found.requests <= FEW
    assert_answers(found.profile, sandbox, deployment=found.deployment)


@pytest.mark.parametrize(
    ("path", "target", "most"),
    [("openai/v2", "openai/v1", FEW), ("apim/openia", "apim/openai", FEW), ("openai/llm", "openai/v1", MOST)],
)
def test_a_segment_that_is_wrong(path: str, target: str, most: int, sandbox: Target) -> None:
    found = find_settings(f"sandbox://{path}", KEY)
    assert found.profile is not None, found.finding
    assert found.profile.target_url == f"sandbox://{target}"
    assert found.requests <= most
    assert_answers(found.profile, sandbox, deployment=found.deployment)


def assert_answers(profile: Any, sandbox: Target, *, deployment: str) -> None:
    """Another client, by the profile alone, is answered."""
    connection = Connection.of(profile, locate=sandbox.locate)
    with httpx.Client() as http:
        gateway = Gateway(connection, http, secrets=sandbox.secrets(), credential=sandbox.credential())
        models = discover(gateway, only=deployment).models
    (called,) = [model for model in models if model.deployment == deployment]
    assert called.callable == "yes"
    assert called.gettable != "no"


def test_a_url_on_the_sandboxs_own_port_is_known_too(sandbox: Target) -> None:
    found = find_settings(sandbox.locate("sandbox://openai/v1"), KEY)
    assert found.profile is not None
    assert found.profile.target_url == sandbox.locate("sandbox://openai/v1")


def test_a_header_that_lacks_is_named(sandbox: Target) -> None:
    found = find_settings("sandbox://custom/v1", KEY)
    assert found.finding is not None
    assert (found.finding.code, found.finding.confidence) == ("header-missing", "certain")
    assert "add --header 'X-Environment: VALUE'" in found.finding.mend
    assert sandbox.kind == "sandbox"


@pytest.mark.parametrize("gateway", ["apim", "openai", "static", "azure"])
def test_a_wrong_key(gateway: str, sandbox: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WRONG", "sk-swordfish-wrong")
    found = find_settings(sandbox.locate(f"sandbox://{gateway}"), ProbeOptions(key="env:WRONG"))
    assert found.finding is not None
    assert found.finding.code == "wrong-key"
    assert "does not take the key" in found.finding.cause
    assert found.requests <= FEW
    assert "swordfish" not in found.model_dump_json()


@pytest.mark.parametrize("gateway", ["oauth", "identity"])
@pytest.mark.usefixtures("sandbox")
def test_a_key_for_a_gateway_that_wants_a_token(gateway: str) -> None:
    found = find_settings(f"sandbox://{gateway}", KEY)
    assert found.finding is not None
    assert found.finding.code == "token-wanted", found.evidence
    assert found.finding.mend.startswith("sign in instead of --key: --client-id")
    assert found.requests <= FEW


@pytest.mark.parametrize("options", [KEY, CLIENT, IDENTITY])
@pytest.mark.usefixtures("sandbox")
def test_a_gateway_that_the_sandbox_does_not_have(options: ProbeOptions) -> None:
    with pytest.raises(UsageError, match=r"^no gateway 'nosuch' in this sandbox: there are apim, .*, custom"):
        find_settings("sandbox://nosuch/v1", options)


def test_a_client_that_is_refused_and_a_scope_that_is_not_granted(
    sandbox: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WRONG", "hunter2-wrong")
    wrong = {"client_id": "sandbox-client", "token_url": "sandbox://oauth/token"}
    secret = ProbeOptions(client_secret="env:WRONG", scopes=("models.read",), **wrong)
    scope = ProbeOptions(client_secret="env:SANDBOX_CLIENT_SECRET", scopes=("models.delete",), **wrong)
    codes = [
        found.finding.code
        for found in (find_settings("sandbox://oauth", one) for one in (secret, scope))
        if found.finding
    ]
    assert codes == ["token-client", "token-scope"]
    assert sandbox.kind == "sandbox"


def test_asks_the_gateway_no_more_than_it_says(sandbox: Target) -> None:
    """The gateway's own log has every request, and none went beside it."""
    with targets.http_client(sandbox) as http:
        log = f"{sandbox.locate('sandbox://apim').partition('/gateways')[0]}/sandbox/gateways/apim/requests"
        before = len(http.get(log).raise_for_status().json()["value"])
        found = find_settings("sandbox://apim", KEY)
        after = len(http.get(log).raise_for_status().json()["value"])
    assert after - before == found.requests == len(found.evidence)
