from __future__ import annotations

import json
import socket
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import trustme
import uvicorn
from azure.identity import ClientSecretCredential, DefaultAzureCredential
from starlette.applications import Starlette

from foundry_sandbox.identity import TokenRefused, check_token, issue_token, routes, sign
from foundry_sandbox.state import State

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

AUDIENCE = "https://ai.azure.com"
TENANT = "11111111-2222-3333-4444-555555555555"


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    opened = State.open(tmp_path / "state")
    yield opened
    opened.close()


@contextmanager
def served(state: State, **tls: str) -> Iterator[str]:
    """Serve the identity routes on a free port of 127.0.0.1."""
    # Said explicitly, because asyncio turns Nagle's delays off only on sockets that name their protocol.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    listening.listen()
    config = uvicorn.Config(Starlette(routes=routes(state)), log_level="warning", ws="none", **tls)  # type: ignore[arg-type]  # TLS options only
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


@pytest.fixture
def http(state: State) -> Iterator[httpx.Client]:
    with served(state) as url, httpx.Client(base_url=url, trust_env=False) as client:
        yield client


def form(state: State, **changes: str | None) -> dict[str, str]:
    whole = {
        "grant_type": "client_credentials",
        "client_id": state.client_id,
        "client_secret": state.client_secret,
        "scope": f"{AUDIENCE}/.default",
        **changes,
    }
    return {name: value for name, value in whole.items() if value is not None}


def test_a_token_carries_what_was_asked(state: State) -> None:
    token = issue_token(state, audience=AUDIENCE, subject="ada", lifetime=60)
    claims = check_token(state, token, audiences=[AUDIENCE, "https://other"])
    assert (claims["aud"], claims["sub"]) == (AUDIENCE, "ada")
    assert claims["exp"] - claims["iat"] == 60
    assert {"nbf", "tid", "appid", "oid"} <= set(claims)


def test_a_slash_at_the_end_of_the_audience_does_not_matter(state: State) -> None:
    token = issue_token(state, audience=f"{AUDIENCE}/", subject="ada")
    assert check_token(state, token, audiences=[AUDIENCE])["sub"] == "ada"


def test_a_token_for_another_audience_is_refused_by_name(state: State) -> None:
    token = issue_token(state, audience="https://vault.azure.net", subject="ada")
    with pytest.raises(TokenRefused, match=r"https://vault\.azure\.net.*https://ai\.azure\.com"):
        check_token(state, token, audiences=[AUDIENCE])


def test_an_expired_token_is_refused(state: State) -> None:
    token = issue_token(state, audience=AUDIENCE, subject="ada", lifetime=-1)
    with pytest.raises(TokenRefused, match="expired"):
        check_token(state, token, audiences=[AUDIENCE])


def unsigned(claims: dict[str, Any]) -> str:
    from base64 import urlsafe_b64encode

    parts = ({"alg": "none", "typ": "JWT"}, claims)
    return ".".join(urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts) + "."


def test_tokens_of_others_are_refused(state: State, tmp_path: Path) -> None:
    stranger = State.open(tmp_path / "other")
    forged = issue_token(stranger, audience=AUDIENCE, subject="ada")
    stranger.close()
    free = unsigned({"aud": AUDIENCE, "exp": time.time() + 60, "nbf": 0})
    for token in (forged, free, "", "x", "a.b.c", "é.é.é"):
        with pytest.raises(TokenRefused, match="signature"):
            check_token(state, token, audiences=[AUDIENCE])


def test_a_token_without_audience_opens_nothing(state: State) -> None:
    with pytest.raises(TokenRefused, match="audience"):
        check_token(state, sign(state, {}, lifetime=60), audiences=[AUDIENCE])


def test_the_identity_endpoint_wants_its_header(state: State, http: httpx.Client) -> None:
    query = {"api-version": "2019-08-01", "resource": AUDIENCE}
    for headers in ({}, {"X-IDENTITY-HEADER": "wrong"}):
        assert http.get("/msi/token", params=query, headers=headers).status_code == 401
    answer = http.get("/msi/token", params=query, headers={"X-IDENTITY-HEADER": state.identity_header})
    made = answer.json()
    assert set(made) == {"access_token", "expires_on", "resource", "token_type"}
    assert int(made["expires_on"]) == pytest.approx(time.time() + 3600, abs=5)
    assert isinstance(made["expires_on"], str)
    assert check_token(state, made["access_token"], audiences=[AUDIENCE])["aud"] == AUDIENCE


@pytest.mark.parametrize(("left_out", "message"), [("resource", "no resource"), ("api-version", "no api-version")])
def test_the_identity_endpoint_names_what_is_missing(
    state: State, http: httpx.Client, left_out: str, message: str
) -> None:
    query = {"api-version": "2019-08-01", "resource": AUDIENCE}
    query.pop(left_out)
    answer = http.get("/msi/token", params=query, headers={"X-IDENTITY-HEADER": state.identity_header})
    assert answer.status_code == 400
    assert message in answer.json()["message"]


def test_client_credentials_yield_a_token(state: State, http: httpx.Client) -> None:
    answer = http.post(f"/{TENANT}/oauth2/v2.0/token", data=form(state))
    assert answer.status_code == 200
    assert check_token(state, answer.json()["access_token"], audiences=[AUDIENCE])["appid"] == state.client_id
    assert answer.json()["expires_in"] == 3599


def test_the_older_endpoint_takes_a_resource_and_answers_in_text(state: State, http: httpx.Client) -> None:
    request = form(state, scope=None, resource=AUDIENCE, client_id="sp")
    made = http.post(f"/{TENANT}/oauth2/token", data=request).json()
    assert made["expires_in"] == "3599"
    assert check_token(state, made["access_token"], audiences=[AUDIENCE])["appid"] == "sp"
    refused = http.post(f"/{TENANT}/oauth2/token", data=form(state))
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_resource")


@pytest.mark.parametrize(
    ("changes", "status", "error", "code"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client", 7000215),
        ({"client_secret": None}, 401, "invalid_client", 7000215),
        ({"client_id": "nobody"}, 400, "unauthorized_client", 700016),
        ({"grant_type": "password"}, 400, "unsupported_grant_type", 70003),
        ({"scope": "models.read"}, 400, "invalid_scope", 1002012),
        ({"scope": "/.default"}, 400, "invalid_scope", 1002012),
        ({"scope": None}, 400, "invalid_scope", 1002012),
    ],
)
def test_wrong_requests_are_refused_in_the_form_of_entra(  # noqa: PLR0913, PLR0917 - the table's columns
    state: State, http: httpx.Client, changes: dict[str, str | None], status: int, error: str, code: int
) -> None:
    answer = http.post(f"/{TENANT}/oauth2/v2.0/token", data=form(state, **changes))
    body = answer.json()
    assert (answer.status_code, body["error"], body["error_codes"]) == (status, error, [code])
    assert body["error_description"].startswith(f"AADSTS{code}: ")
    assert state.client_secret not in answer.text


def test_the_configuration_points_at_this_sandbox(http: httpx.Client) -> None:
    found = http.get(f"/{TENANT}/v2.0/.well-known/openid-configuration").json()
    assert found["token_endpoint"] == f"{http.base_url}/{TENANT}/oauth2/v2.0/token"
    assert http.get(found["jwks_uri"]).json() == {"keys": []}
    instance = http.get("/common/discovery/instance", params={"api-version": "1.1"}).json()
    assert http.get(instance["tenant_discovery_endpoint"]).status_code == 200


def test_the_default_credential_works_through_the_identity_endpoint(
    state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served(state) as url:
        monkeypatch.setenv("IDENTITY_ENDPOINT", f"{url}/msi/token")
        monkeypatch.setenv("IDENTITY_HEADER", state.identity_header)
        with DefaultAzureCredential() as credential:
            made = credential.get_token(f"{AUDIENCE}/.default")
    assert check_token(state, made.token, audiences=[AUDIENCE])["aud"] == AUDIENCE
    assert made.expires_on == pytest.approx(time.time() + 3600, abs=5)


@pytest.mark.parametrize("tenant", [TENANT, "adfs"])
def test_a_client_secret_credential_works_over_tls(state: State, tmp_path: Path, tenant: str) -> None:
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    ca, chain, key = tmp_path / "ca.pem", tmp_path / "chain.pem", tmp_path / "key.pem"
    authority.cert_pem.write_to_path(ca)
    certificate.private_key_pem.write_to_path(key)
    certificate.cert_chain_pems[0].write_to_path(chain)
    with served(state, ssl_keyfile=str(key), ssl_certfile=str(chain)) as url:
        options: dict[str, Any] = {
            "authority": url,
            "connection_verify": str(ca),
            "disable_instance_discovery": True,
        }
        with ClientSecretCredential(tenant, state.client_id, state.client_secret, **options) as credential:
            made = credential.get_token(f"{AUDIENCE}/.default")
    assert check_token(state, made.token, audiences=[AUDIENCE])["appid"] == state.client_id
