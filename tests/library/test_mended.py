"""What was wrong once: one test per defect, with the input that showed it."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from azure.core.exceptions import ClientAuthenticationError
from pydantic import ValidationError

from gateway_workbook import frames, sandbox_process, suite
from gateway_workbook import target as targets
from gateway_workbook.agents import Agents
from gateway_workbook.arm import Connections
from gateway_workbook.difference import differences
from gateway_workbook.discovery import discover
from gateway_workbook.document import Document
from gateway_workbook.errors import ProfileError, ServiceError, UsageError
from gateway_workbook.gateway import Gateway
from gateway_workbook.gateway_log import gateway_log
from gateway_workbook.ledger import Ledger
from gateway_workbook.prerequisites import check_prerequisites
from gateway_workbook.profile import load_profile
from gateway_workbook.run import STEPS, Run, StepRecord
from gateway_workbook.secrets import SecretReference, Secrets
from gateway_workbook.step import Step
from gateway_workbook.target import Target
from gateway_workbook.validation import Validator
from tests.library.parameter_files import SHAPES, parameter_file
from tests.library.test_cli import COMMAND, call
from tests.library.test_sandbox_process import DESCRIPTOR
from tests.library.wire import (
    CLIENT_SECRET,
    KEY,
    PROJECT,
    SECRETS,
    Credential,
    Recorder,
    chat_answer,
    connection,
    dynamic,
    gateway,
    oauth2,
    profile,
    reply,
    server,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from azure.core.credentials import AccessToken

HELLO = [{"role": "user", "content": "hello"}]


class SignedOut(Credential):
    def get_token(self, *scopes: str, **_: object) -> AccessToken:
        raise ClientAuthenticationError(f"no account found for {scopes[0]}")


# Files as people write them.


@pytest.mark.parametrize("content", ['{"a":' + "[" * 100_000, '{"a": ' + "9" * 5_000 + "}"])
def test_json_that_python_cannot_hold_is_a_persons_mistake(content: str, tmp_path: Path) -> None:
    path = tmp_path / "profile.json"
    path.write_text(content)
    with pytest.raises(ProfileError, match=r"not JSON|nested too deep|cannot hold"):
        load_profile(path)


def test_a_key_written_twice_in_json_is_refused_as_in_yaml(tmp_path: Path) -> None:
    path = tmp_path / "parameters.json"
    path.write_text(
        '{"parameters": {"targetUrl": {"value": "https://a.test"}, "targetUrl": {"value": "https://b.test"}}}'
    )
    with pytest.raises(ProfileError, match=r"targetUrl.*written twice"):
        load_profile(path)


@pytest.mark.parametrize("content", ["a: \x00b", "a: \x1b[31m", "a: \x7f"])
def test_control_characters_in_yaml_are_a_persons_mistake(content: str) -> None:
    with pytest.raises(ProfileError, match="not plain YAML"):
        Document.parse(content, source="profile.yaml")


@pytest.mark.parametrize(
    "content",
    [
        "a: !!bool maybe",
        "a: !!int ''",
        "a: !!timestamp x",
        "a: !!timestamp 2024-10-21",
        "a: !!binary aGk=",
        "a: !!set {x}",
    ],
)
def test_tags_in_yaml_are_refused(content: str) -> None:
    with pytest.raises(ProfileError, match="not plain YAML"):
        Document.parse(content, source="profile.yaml")


@pytest.mark.parametrize("value", [["ApiKey"], {"a": "b"}])
def test_an_auth_type_that_is_no_text_is_one_problem_among_others(value: object) -> None:
    with pytest.raises(ProfileError, match="authType: "):
        profile(authType=value)


@pytest.mark.parametrize(
    "url",
    [
        "https://gateway.test:99999/v1",
        "https://gateway.test:port/v1",
        "https://gateway.test/\nv1",
        "https://gate\u202eway/v1",
    ],
)
@pytest.mark.parametrize("field", ["targetUrl", "tokenUrl"])
def test_a_url_that_no_client_can_call_is_refused_in_the_profile(url: str, field: str) -> None:
    sign_in = {"authType": "OAuth2", "apiKey": None, "clientId": "c", "clientSecret": "env:CLIENT_SECRET"}
    with pytest.raises(ProfileError, match=f"{field}: not a URL"):
        profile(**(sign_in | {"tokenUrl": "https://login.test/token"} | {field: url}))


@pytest.mark.parametrize(
    "empty",
    [{"authConfig": {}}, {"deploymentProvider": ""}, {"clientSecret": ""}, {"scopes": []}, {"customHeaders": {}}],
)
def test_an_empty_optional_field_is_absent_as_in_the_public_template(empty: dict[str, object]) -> None:
    assert profile(**empty) == profile()


@pytest.mark.parametrize("resource_id", [".evil.test/x", "@evil.test/x", "contoso", "/subscriptions/1/../../x"])
def test_an_apim_resource_id_cannot_carry_the_arm_token_to_another_host(resource_id: str) -> None:
    with pytest.raises(ProfileError, match=r"apimResourceId: not .*resource id; write /subscriptions/"):
        profile(category="ApiManagement", targetUrl=None, apimResourceId=resource_id, apiName="openai")


@pytest.mark.parametrize("header", ["X-Functions-Key", "X-Gateway-Key", "x-access-key", "X-Auth", "X-Signature"])
def test_headers_that_carry_keys_by_other_names_are_taken_by_reference_only(header: str) -> None:
    with pytest.raises(ProfileError, match=f"customHeaders.{header}: looks like a secret written out"):
        profile(customHeaders={header: "swordfish"})


@pytest.mark.parametrize("value", ["env:MY-VAR", "keyring:lonely", "keyvault:lonely", "env:"])
def test_a_misspelled_reference_is_not_sent_to_the_gateway_as_text(value: str) -> None:
    with pytest.raises(ProfileError, match=r"customHeaders.X-Team: "):
        profile(customHeaders={"X-Team": value})


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"customHeaders": {"X Team": "a"}}, r"customHeaders\.X Team"),
        ({"customHeaders": {"X-Team": "a\nb"}}, r"customHeaders\.X-Team"),
        ({"customHeaders": {"X-Team": " a"}}, r"customHeaders\.X-Team"),
        ({"authConfig": {"name": "X Key"}}, r"authConfig\.name"),
        ({"authConfig": {"name": "Authorization", "format": "Bearer {api_key}\n"}}, r"authConfig\.format"),
        ({"authConfig": {"name": "Authorization", "format": "Bearer {api_key} "}}, r"authConfig\.format"),
    ],
)
def test_what_no_header_can_carry_is_refused_in_the_profile(fields: dict[str, object], place: str) -> None:
    with pytest.raises(ProfileError, match=place):
        profile(**fields)


def test_the_version_of_a_key_vault_secret_is_not_dropped_in_silence(tmp_path: Path) -> None:
    content = parameter_file(SHAPES["modelgateway-static"])
    reference = {"keyVault": {"id": "/x/vaults/contoso"}, "secretName": "key", "secretVersion": "0123abcd"}
    content["parameters"]["apiKey"] = {"reference": reference}
    path = tmp_path / "parameters.json"
    path.write_text(json.dumps(content))
    try:
        loaded = load_profile(path)
    except ProfileError as error:
        assert "secretVersion" in str(error)  # noqa: PT017  either way is good
    else:
        assert "0123abcd" in str(loaded.api_key)


def test_a_keyring_that_fails_is_a_persons_mistake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "keyring").mkdir()
    (tmp_path / "keyring" / "errors.py").write_text(
        "class KeyringError(Exception): ...\nclass NoKeyringError(KeyringError, RuntimeError): ...\n"
    )
    (tmp_path / "keyring" / "__init__.py").write_text(
        "from keyring import errors\ndef get_password(service, user): raise errors.NoKeyringError('no backend')\n"
    )
    for name in ("keyring", "keyring.errors"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(UsageError, match="keyring:gateway/me"):
        Secrets().resolve(SecretReference.parse("keyring:gateway/me"))


# Suites.


@pytest.mark.parametrize(
    ("written", "value"), [("1.50", "1.50"), ("007", "007"), ("08", "08"), ("+5", "+5"), ("true", "true")]
)
def test_what_an_answer_must_equal_stays_as_it_is_written(written: str, value: str, tmp_path: Path) -> None:
    path = tmp_path / "suite.yaml"
    path.write_text(f"name: s\nprompts: [{{name: p, prompt: x, assertions: [{{equals: {written}}}]}}]\n")
    assertion = suite.load_suite(path).prompts[0].assertions[0]
    assert assertion.failure(value, seconds=0) is None


@pytest.mark.parametrize("schema", ["{$ref: '#/nope'}", "{$ref: '#'}", "{properties: {a: {$ref: 'urn:nowhere'}}}"])
def test_a_schema_that_cannot_be_followed_is_refused_or_fails_but_does_not_break(schema: str, tmp_path: Path) -> None:
    path = tmp_path / "suite.yaml"
    path.write_text(f"name: s\nprompts: [{{name: p, prompt: x, assertions: [{{json_schema: {schema}}}]}}]\n")
    try:
        loaded = suite.load_suite(path)
    except ProfileError as error:
        assert "schema" in str(error)  # noqa: PT017  either way is good
    else:
        assert loaded.prompts[0].assertions[0].failure('{"a": 1}', seconds=0)


# The gateway: secrets.


@pytest.mark.parametrize("template", ["Bearer {api_key} ", "Bearer {api_key}\n"])
def test_a_header_the_client_refuses_to_send_does_not_show_the_key(template: str) -> None:
    broken = connection(authConfig={"name": "Authorization", "format": "Bearer {api_key}"})
    assert broken.auth_config is not None
    config = broken.auth_config.model_copy(update={"format": template})
    with server(lambda *_: (200, {}, b"{}")) as url, httpx.Client() as http:
        which = broken.model_copy(update={"target": url, "auth_config": config})
        exchange = Gateway(which, http, secrets=SECRETS).chat("m", HELLO)
    assert KEY not in exchange.model_dump_json()


def test_a_gateway_that_repeats_the_key_does_not_get_it_into_the_report() -> None:
    client, _ = gateway(connection(), lambda r: reply(401, {"error": {"message": f"bad key {r.headers['api-key']}"}}))
    exchange = client.chat("m", HELLO)
    assert "bad key" in exchange.outcome
    assert KEY not in exchange.model_dump_json()


def test_a_token_endpoint_that_repeats_the_secret_does_not_get_it_into_the_report() -> None:
    client, _ = gateway(oauth2(), lambda _: reply(401, {"error_description": f"wrong secret {CLIENT_SECRET}"}))
    assert CLIENT_SECRET not in client.chat("m", HELLO).model_dump_json()


def test_a_key_in_the_token_urls_query_is_not_shown() -> None:
    client, _ = gateway(oauth2(tokenUrl="https://login.test/token?code=swordfish"), lambda _: reply(401, ""))
    shown = client.chat("m", HELLO).model_dump_json()
    assert "login.test/token" in shown
    assert "swordfish" not in shown


# The gateway: hostile answers.


def test_a_header_of_other_alphabets_does_not_break_the_client() -> None:
    try:
        which = connection(customHeaders={"X-Team": "grüße"})
    except ProfileError as error:
        assert "customHeaders.X-Team" in str(error)  # noqa: PT017  either way is good
        return
    client, recorder = gateway(which, lambda _: reply(200, chat_answer()))
    assert client.chat("m", HELLO).ok
    assert dict(recorder.requests[0].headers.raw)[b"X-Team"] in ("grüße".encode(), "grüße".encode("latin-1"))


@pytest.mark.parametrize("charset", ["undefined", "hex", "rot13", "idna", "zlib", "base64", "punycode", "utf-16"])
def test_an_odd_charset_is_data(charset: str) -> None:
    headers = {"content-type": f"text/plain; charset={charset}"}
    client, _ = gateway(connection(), lambda _: reply(500, b"down\xff", headers=headers))
    assert client.chat("m", HELLO).outcome


def test_half_a_character_in_an_answer_can_be_kept() -> None:
    text = '{"choices": [{"message": {"content": "half \\ud800"}}]}'
    client, _ = gateway(connection(), lambda _: reply(200, text))
    prompts = [{"name": "p", "prompt": "x", "routes": ["gateway"], "assertions": ["not_empty"]}]
    asked = suite.Suite.model_validate({"name": "s", "prompts": prompts})
    nobody: Any = None
    verdict = Validator(client, nobody, deployment="m", agent="a").judge(asked)[0]
    assert "half" in json.loads(verdict.model_dump_json())["answer"]


def test_half_a_character_in_an_error_can_be_kept() -> None:
    client, _ = gateway(connection(), lambda _: reply(404, '{"error": {"message": "half \\ud800"}}'))
    assert "half" in json.loads(discover(client).model_dump_json())["models"][0]["finding"]["found"]


def test_an_item_that_cannot_be_read_is_not_mended_by_the_provider_it_has() -> None:
    client, _ = gateway(dynamic("AzureOpenAI"), lambda _: reply(200, {"value": [{"name": "x"}]}))
    problem = str(discover(client).problem)
    assert "(that is not a list of models in AzureOpenAI form)" in problem
    assert "write deploymentProvider: AzureOpenAI" not in problem


def test_a_deployment_without_a_name_is_not_called_none() -> None:
    client, _ = gateway(dynamic("OpenAI"), lambda _: reply(200, {"data": [{"id": None}]}))
    found = discover(client)
    assert [model.deployment for model in found.models] == []
    assert "(that is not a list of models in OpenAI form)" in str(found.problem)


def test_an_endpoints_own_query_survives_the_api_version() -> None:
    which = dynamic("OpenAI", listModelsEndpoint="/models?kind=chat", deploymentAPIVersion="2024-10-21")
    client, recorder = gateway(which, lambda _: reply(200, {"data": []}))
    client.list_models()
    assert dict(recorder.requests[0].url.params) == {"kind": "chat", "api-version": "2024-10-21"}


def test_one_name_alone_is_one_deployment_as_papermill_passes_it() -> None:
    client, _ = gateway(dynamic("OpenAI"), lambda _: reply(200, {"data": [{"id": "gpt-4o"}]} | chat_answer()))
    assert discover(client, only="gpt-4o").callable == ["gpt-4o"]


# Signing in.


def test_the_token_request_has_a_time_limit() -> None:
    client, recorder = gateway(oauth2(), lambda _: reply(200, {"access_token": "t"}))
    client.chat("m", HELLO)
    token, inference = recorder.requests
    assert inference.extensions["timeout"]["connect"]
    assert token.extensions.get("timeout", {}).get("read"), "a token endpoint that hangs would hang the notebook"


@pytest.mark.parametrize("lifetime", ["soon", [300], {"seconds": 300}, "1e3"])
def test_a_lifetime_that_is_no_number_does_not_break_the_client(lifetime: object) -> None:
    client, _ = gateway(oauth2(), lambda _: reply(200, {"access_token": "t", "expires_in": lifetime} | chat_answer()))
    exchange = client.chat("m", HELLO)
    assert exchange.ok or exchange.problem


def test_parallel_calls_share_one_token() -> None:
    issued: list[str] = []

    def respond(request: httpx.Request) -> httpx.Response:
        if request.url.host == "login.test":
            issued.append("t")
            time.sleep(0.1)
            return reply(200, {"access_token": "t", "expires_in": 300})
        return reply(200, chat_answer())

    client, _ = gateway(oauth2(), respond)
    threads = [threading.Thread(target=client.chat, args=("m", HELLO)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(issued) == 1


def test_a_gateway_call_without_a_sign_in_is_data_or_a_sentence() -> None:
    identity = connection(category="ApiManagement", authType="ProjectManagedIdentity", apiKey=None)
    client, _ = gateway(identity, lambda _: reply(200, chat_answer()), credential=SignedOut())
    try:
        problem = str(client.chat("m", HELLO).problem)
    except (UsageError, ServiceError) as error:
        problem = str(error)
    assert "no account found" in problem


def test_an_arm_call_without_a_sign_in_is_a_sentence(azure: Target) -> None:
    recorder = Recorder(lambda _: reply(200, {"value": []}))
    connections = Connections(azure, recorder.client(), credential=SignedOut(), secrets=SECRETS)
    with pytest.raises((UsageError, ServiceError), match="az login"):
        connections.list()


def test_prerequisites_are_all_told_when_nobody_is_signed_in(azure: Target, tmp_path: Path) -> None:
    class Begun:
        run = Run.start(tmp_path / "run", profile=profile(), target=azure, source="x")
        secrets, credential = SECRETS, SignedOut()
        connections = Connections(
            azure, Recorder(lambda _: reply(200, {"value": []})).client(), credential=SignedOut(), secrets=SECRETS
        )

    begun: Any = Begun()
    found = {row.what: row for row in check_prerequisites(begun)}
    assert not found["Entra sign-in"].there
    assert not found["Foundry project"].there
    assert found["secret env:KEY"].there


def test_an_agent_without_a_sign_in_says_how_to_get_one() -> None:
    target = Target(
        kind="azure", arm="x", project_resource_id=PROJECT, project_endpoint="https://foundry.test/api/projects/p"
    )
    with Agents(target, credential=SignedOut()) as agents, pytest.raises((UsageError, ServiceError)) as caught:
        agents.latest("a")
    assert "None" not in str(caught.value)
    assert "az login" in str(caught.value)


def test_asking_without_a_sign_in_is_data_or_a_sentence() -> None:
    target = Target(
        kind="azure", arm="x", project_resource_id=PROJECT, project_endpoint="https://foundry.test/api/projects/p"
    )
    with Agents(target, credential=SignedOut()) as agents:
        try:
            problem = str(agents.ask("a", "hello").problem)
        except (UsageError, ServiceError) as error:
            problem = str(error)
    assert "no account found" in problem


# ARM.


@pytest.mark.parametrize("content", ["<html>Sign in</html>", "", [], "null"])
def test_200_without_a_resource_is_a_service_error(content: object, azure: Target) -> None:
    recorder = Recorder(lambda _: reply(200, content))
    connections = Connections(azure, recorder.client(), credential=Credential(), secrets=SECRETS)
    calls: list[Callable[[], object]] = [
        connections.list,
        lambda: connections.get("contoso"),
        lambda: connections.put(connection()),
        lambda: connections.api_url("/subscriptions/1", "openai"),
    ]
    for made in calls:
        with pytest.raises(ServiceError, match="answered 200"):
            made()


def test_arm_gets_more_than_five_seconds(azure: Target) -> None:
    recorder = Recorder(lambda _: reply(200, {"value": []}))
    with targets.http_client(azure) as ours:
        limit = ours.timeout.read
    Connections(azure, recorder.client(), credential=Credential(), secrets=SECRETS).list()
    asked = recorder.requests[0].extensions["timeout"]["read"]
    assert max(limit or 0, asked or 0) >= 30, "creating a connection takes ARM several seconds"


def test_metadata_stored_as_a_flag_does_not_look_the_same() -> None:
    wanted = connection()
    properties = wanted.resource(SECRETS)["properties"]
    properties["metadata"] = properties["metadata"] | {"deploymentInPath": False}
    row = differences(wanted, {"properties": properties}, secrets=SECRETS)[0]
    assert row.field == "metadata.deploymentInPath"
    assert row.wanted != row.found


# Agents.


def test_a_missing_project_is_a_service_error_and_withdraws_the_entry(sandbox: Target, tmp_path: Path) -> None:
    nowhere = sandbox.model_copy(update={"project_endpoint": sandbox.project_endpoint.replace("workshop", "nowhere")})
    ledger = Ledger(tmp_path / "ledger.jsonl")
    definition = {"model": "contoso/gpt-4o", "instructions": "x"}
    with (
        Agents(nowhere, credential=sandbox.credential()) as agents,
        pytest.raises(ServiceError, match="the project's connections cannot be read: 404") as caught,
    ):
        agents.deploy("lost-agent", definition, run_id="r", ledger=ledger)
    assert caught.value.status == 404
    assert ledger.open_entries() == []


RESPONSE = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1,
    "model": "m",
    "output": [],
    "parallel_tool_calls": True,
    "tool_choice": "auto",
    "tools": [],
}


@pytest.mark.parametrize(
    "response",
    [
        RESPONSE | {"status": "failed", "error": None},
        RESPONSE | {"status": "failed", "error": {"code": "server_error", "message": ""}},
        RESPONSE | {"status": "incomplete", "incomplete_details": {"reason": "content_filter"}},
        {key: value for key, value in RESPONSE.items() if key != "output"} | {"status": "completed"},
        ["no response"],
        "<html>Sign in</html>",
    ],
)
def test_a_response_that_is_no_answer_is_a_problem(response: object) -> None:
    content = response if isinstance(response, str) else json.dumps(response)
    kind = {"content-type": "text/html" if isinstance(response, str) else "application/json"}
    with server(lambda *_: (200, kind, content.encode())) as url:
        target = Target(kind="azure", arm=url, project_resource_id=PROJECT, project_endpoint=f"{url}/api/projects/p")
        with Agents(target, credential=Credential()) as agents:
            assert agents.ask("a", "hello").problem


# The proof of route.


def test_a_log_that_cannot_be_reached_is_a_service_error(sandbox: Target) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    with pytest.raises(ServiceError, match="refused"):
        gateway_log(sandbox, connection(), Recorder(refuse).client())("resp_1")


def test_a_call_to_a_longer_path_is_no_proof(sandbox: Target) -> None:
    rows = [{"url": "https://gateway.test/v10/chat/completions"}]
    recorder = Recorder(lambda _: reply(200, {"value": rows}))
    assert gateway_log(sandbox, connection(), recorder.client())("resp_1") is False


# The sandbox's process.


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that this process takes for the sandbox's."""
    monkeypatch.setenv("GATEWAY_WORKBOOK_SANDBOX", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xfe{}",
        json.dumps(DESCRIPTOR | {"url": "https://127.0.0.1:9", "ca": "/nowhere/ca.pem"}).encode(),
        json.dumps(DESCRIPTOR | {"url": "http://127.0.0.1:port"}).encode(),
        json.dumps(DESCRIPTOR | {"url": ""}).encode(),
        b"[" * 100_000,
    ],
)
def test_a_descriptor_that_was_damaged_or_outlived_is_no_sandbox(content: bytes, told: Path) -> None:
    (told / "sandbox.json").write_bytes(content)
    assert sandbox_process.find() is None


@pytest.mark.parametrize("pid", [0, -1])
def test_stopping_never_signals_more_than_one_process(pid: int) -> None:
    with pytest.raises(ValidationError):
        sandbox_process.Descriptor.model_validate(DESCRIPTOR | {"pid": pid})


def test_stopping_a_process_that_is_gone_is_no_crash(told: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    with server(lambda *_: (200, {}, b"{}")) as url:
        (told / "sandbox.json").write_text(json.dumps(DESCRIPTOR | {"url": url, "pid": ended.pid}))
        with pytest.raises((ServiceError, UsageError)):
            sandbox_process.stop()


def test_a_sandbox_with_tls_is_found_without_a_warning(told: Path) -> None:
    command = sandbox_process.command("--tls", "--port", "0", "--quiet")
    with subprocess.Popen(command) as process:
        try:
            deadline = time.monotonic() + 20
            while not (told / "sandbox.json").exists():
                assert time.monotonic() < deadline
                time.sleep(0.05)
            found = sandbox_process.find()
            assert found is not None
            assert found.pid == process.pid
            with targets.http_client(targets.sandbox(start=False)) as http:
                assert http.get(f"{found.url}/sandbox").status_code == 200
        finally:
            process.terminate()


def test_starting_the_sandbox_leaves_no_warning_behind(told: Path) -> None:
    start = "import gc; from gateway_workbook.sandbox_process import find_or_start; find_or_start(); gc.collect()"
    done = subprocess.run(
        [sys.executable, "-W", "always", "-c", start], capture_output=True, text=True, check=True, timeout=60
    )
    try:
        assert (told / "sandbox.json").exists()
        assert "Warning" not in done.stderr
    finally:
        sandbox_process.stop()


def test_ending_the_sandbox_command_ends_the_sandbox(told: Path) -> None:
    with subprocess.Popen([COMMAND, "sandbox", "--port", "0"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=10)
    deadline = time.monotonic() + 3
    while (found := sandbox_process.find()) and time.monotonic() < deadline:
        time.sleep(0.05)
    sandbox_process.stop()
    assert found is None
    assert not (told / "sandbox.json").exists()


@pytest.mark.parametrize(
    ("name", "value"), [("NO_PROXY", "127.0.0.2"), ("no_proxy", "*"), ("no_proxy", "127.0.0.2:{port}")]
)
def test_hosts_without_a_proxy_are_understood_as_elsewhere(
    name: str, value: str, azure: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        server(lambda *_: (200, {}, b"proxied")) as through,
        server(lambda *_: (200, {}, b"direct"), host="127.0.0.2") as direct,
    ):
        monkeypatch.setenv("HTTP_PROXY", through)
        monkeypatch.setenv(name, value.format(port=direct.rpartition(":")[2]))
        with targets.http_client(azure) as http:
            assert http.get(direct).text == "direct"


def test_a_domain_without_a_proxy_takes_its_hosts_along(azure: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    real = socket.getaddrinfo

    def resolve(host: str, *rest: Any, **named: Any) -> Any:
        asked.append(host)
        return real("127.0.0.1", 1, *rest[1:], **named) if host.endswith(".test") else real(host, *rest, **named)

    with server(lambda *_: (200, {}, b"proxied")) as through:
        monkeypatch.setenv("http_proxy", through)
        monkeypatch.setenv("no_proxy", ".corp.test")
        with targets.http_client(azure) as http:
            assert http.get("http://gateway.elsewhere.test/").text == "proxied"
            monkeypatch.setattr(socket, "getaddrinfo", resolve)
            with pytest.raises(httpx.ConnectError):
                http.get("http://gateway.corp.test/")
    assert asked == ["gateway.corp.test"]


# The run folder.


@pytest.mark.parametrize("separator", ["\u2028", "\x85", "\x0c"])
def test_a_name_with_a_line_separator_is_not_lost_from_the_ledger(separator: str, tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl")
    with ledger.creating("agent", f"a{separator}b"):
        pass
    assert [entry.name for entry in ledger.open_entries()] == [f"a{separator}b"]


def test_a_damaged_run_can_be_begun_again_or_says_how(tmp_path: Path, azure: Target) -> None:
    (tmp_path / "run.json").write_text("{")
    try:
        run = Run.start(tmp_path, profile=profile(), target=azure, source="x")
    except UsageError as error:
        assert "run_dir" in str(error)  # noqa: PT017  either way is good
        assert "run 00_start_here.ipynb again" not in str(error)  # noqa: PT017  that notebook is the one which says so
    else:
        assert run.info().target == azure


def test_a_damaged_record_of_a_step_is_a_sentence(run: Run) -> None:
    (run.folder / "steps").mkdir(exist_ok=True)
    (run.folder / "steps" / f"{STEPS[0]}.json").write_text('{"step": 1')
    with pytest.raises(UsageError, match=rf"{STEPS[0]}.*run {STEPS[0]}\.ipynb again"):
        Step.begin(STEPS[1], run.folder)


def test_what_was_overtaken_no_longer_counts(run: Run) -> None:
    begun = run.info().created
    for name, minutes in ((STEPS[0], 10), (STEPS[1], 0)):
        started = begun + timedelta(minutes=minutes)
        run.record(StepRecord(step=name, state="passed", started=started, finished=started, found=""))
    assert [stage for stage in frames.steps(run)["Verdict"] if "overtaken" in stage], "the report says so"
    with pytest.raises(UsageError, match=rf"run {STEPS[1]}\.ipynb"):
        Step.begin(STEPS[2], run.folder)


# What people see.


def test_a_url_that_holds_the_word_name_is_shown_as_it_is() -> None:
    shown = frames.discovery(dynamic("OpenAI", targetUrl="https://gateway.test/NAMESPACE")).to_string()
    assert "https://gateway.test/NAMESPACE/models" in shown


def test_a_run_dir_that_is_a_file_is_a_persons_mistake(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("mine")
    done = call("run", "--run-dir", "taken", cwd=tmp_path)
    assert "Traceback" not in done.stderr
    assert done.returncode == 2
    assert "taken" in done.stderr
    assert (tmp_path / "taken").read_text() == "mine"


@pytest.mark.parametrize("seconds", ["-1", "nan"])
def test_a_timeout_that_cannot_be_is_refused_before_anything_runs(seconds: str, tmp_path: Path) -> None:
    done = call("run", "--timeout", seconds, "--profile", "nope", cwd=tmp_path)
    assert done.returncode == 2
    assert "timeout" in done.stderr


def test_a_file_cannot_steer_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text('category: ModelGateway\n"\\e]0;owned\\a\\e[2J": x\n')
    done = call("run", "--profile", str(path), cwd=tmp_path)
    assert done.returncode == 2
    assert "owned" in done.stderr
    assert "\x1b" not in done.stderr
    assert "\a" not in done.stderr
