"""Where a run goes: addresses, credentials, trust and proxies."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest
from azure.core.exceptions import ClientAuthenticationError

from gateway_workbook import target as targets
from gateway_workbook.errors import UsageError
from gateway_workbook.secrets import SecretReference
from tests.library.wire import PROJECT, server

if TYPE_CHECKING:
    from gateway_workbook.target import Target


def test_a_project_is_known_by_its_resource_id() -> None:
    found = targets.azure(PROJECT)
    assert (found.kind, found.arm) == ("azure", "https://management.azure.com")
    assert found.project_endpoint == "https://contoso.services.ai.azure.com/api/projects/workshop"
    assert targets.azure(PROJECT, project_endpoint="https://mine.test").project_endpoint == "https://mine.test"


@pytest.mark.parametrize("given", [None, "", "workshop", "/subscriptions/1/accounts/a", PROJECT + "/connections/x"])
def test_without_a_project_the_mend_is_said(given: str | None) -> None:
    with pytest.raises(UsageError, match=r"no Foundry project: write projectResourceId into the profile \(portal: "):
        targets.azure(given)


def test_sandbox_urls_are_located_there_and_refused_on_azure(sandbox: Target, azure: Target) -> None:
    assert sandbox.descriptor is not None
    assert sandbox.locate("sandbox://apim/openai") == f"{sandbox.descriptor.url}/gateways/apim/openai"
    for url in ("https://gateway.test/v1", "http://127.0.0.1:9/v1"):
        assert sandbox.locate(url) == azure.locate(url) == url
    with pytest.raises(UsageError, match="exists in the sandbox only"):
        azure.locate("sandbox://apim/openai")


def test_the_sandboxs_sign_in_leaves_the_environment_as_it_was(
    sandbox: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IDENTITY_ENDPOINT", "http://mine.test")
    before = dict(os.environ)
    credential = sandbox.credential()
    assert dict(os.environ) == before
    for audience in targets.AUDIENCES.values():
        assert credential.get_token(audience).token.count(".") == 2
    assert dict(os.environ) == before
    assert "IDENTITY_HEADER" not in os.environ


def test_a_sign_in_that_fails_leaves_the_environment_too(sandbox: Target) -> None:
    assert sandbox.descriptor is not None
    wrong = sandbox.descriptor.environment | {"IDENTITY_HEADER": "wrong"}
    credential = sandbox.model_copy(
        update={"descriptor": sandbox.descriptor.model_copy(update={"environment": wrong})}
    ).credential()
    before = dict(os.environ)
    with pytest.raises(ClientAuthenticationError):
        credential.get_token(targets.AUDIENCES["arm"])
    assert dict(os.environ) == before


def test_the_sandboxs_keys_resolve_but_are_neither_shown_nor_stored(sandbox: Target) -> None:
    assert sandbox.descriptor is not None
    values = list(sandbox.descriptor.environment.values())
    key = sandbox.secrets().resolve(SecretReference.parse("env:SANDBOX_API_KEY")).get_secret_value()
    assert key in values
    secrets = [value for value in values if "://" not in value]
    shown = f"{sandbox!r} {sandbox} {sandbox.secrets()!r} {sandbox.without_secrets().model_dump_json()}"
    assert not [secret for secret in secrets if secret in shown]
    assert json.loads(sandbox.without_secrets().model_dump_json())["descriptor"]["environment"] == {}


def test_azure_has_no_secrets_of_its_own(azure: Target) -> None:
    with pytest.raises(UsageError, match="no secret at env:SANDBOX_API_KEY"):
        azure.secrets().resolve(SecretReference.parse("env:SANDBOX_API_KEY"))


def test_a_busy_service_is_asked_again_when_it_says(azure: Target) -> None:
    answers = [(429, {"retry-after": "0"}), (503, {}), (200, {})]

    def respond(*_: object) -> tuple[int, dict[str, str], bytes]:
        status, headers = answers.pop(0)
        return status, headers, b"{}"

    with server(respond) as url, targets.http_client(azure) as http:
        assert http.post(f"{url}/chat/completions", json={}).status_code == 200
    assert answers == []


@pytest.mark.parametrize("status", [400, 401, 404, 500])
def test_other_answers_are_final(status: int, azure: Target) -> None:
    asked: list[str] = []

    def respond(_: str, path: str, __: bytes) -> tuple[int, dict[str, str], bytes]:
        asked.append(path)
        return status, {}, b""

    with server(respond) as url, targets.http_client(azure) as http:
        assert http.post(f"{url}/x").status_code == status
    assert asked == ["/x"]


def test_a_proxy_is_used_except_for_this_machine(azure: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    def proxy(_: str, path: str, __: bytes) -> tuple[int, dict[str, str], bytes]:
        return 200, {}, f"proxied {path}".encode()

    with server(proxy) as through, server(lambda *_: (200, {}, b"direct")) as direct:
        monkeypatch.setenv("http_proxy", through)
        with targets.http_client(azure) as http:
            assert http.get("http://gateway.test/v1").text == "proxied http://gateway.test/v1"
            assert http.get(direct).text == "direct"


def test_a_proxy_is_not_used_for_the_hosts_it_is_told(azure: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        server(lambda *_: (200, {}, b"proxied")) as through,
        server(lambda *_: (200, {}, b"direct"), host="127.0.0.2") as direct,
    ):
        monkeypatch.setenv("http_proxy", through)
        monkeypatch.setenv("no_proxy", "other.test, 127.0.0.2")
        with targets.http_client(azure) as http:
            assert http.get(direct).text == "direct"
