"""Every rule on a stored connection: the one mistake, its code, the field, the fact and the mend; nothing else."""

from __future__ import annotations

import ast
import copy
import json
from pathlib import Path
from typing import Any

import pytest

from gateway_workbook import check as checks
from gateway_workbook import metadata_rules, resource_rules
from gateway_workbook.check import check, compare
from gateway_workbook.connection import Connection
from gateway_workbook.finding import is_error
from gateway_workbook.gateway import chat_url, endpoint_url
from gateway_workbook.profile import load_profile
from gateway_workbook.secrets import Secrets
from gateway_workbook.stored import Stored
from gateway_workbook.workbook import ready_names
from tests.library.wire import MODELS, PROJECT, SECRETS, connection, dynamic, oauth2

READY = Secrets({"SANDBOX_API_KEY": "k", "SANDBOX_CLIENT_SECRET": "s"})
ACCOUNT = PROJECT.partition("/projects/")[0]


def stored(of: Connection, scope: str = "project") -> dict[str, Any]:
    """As ARM gives it back."""
    properties = of.resource(SECRETS)["properties"] | {"credentials": None, "group": "AzureAI"}
    parent = PROJECT if scope == "project" else ACCOUNT
    return {"id": f"{parent}/connections/{of.name}", "name": of.name, "properties": properties}


STATIC = stored(connection())
DYNAMIC = stored(dynamic("OpenAI"))
CLIENT = stored(oauth2())
APIM = stored(connection(category="ApiManagement", staticModels=None, deploymentInPath=True))
IDENTITY = stored(
    connection(category="ApiManagement", staticModels=None, authType="ProjectManagedIdentity", apiKey=None)
)


def changed(resource: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """The resource with some properties, or `metadata.…`, set; `...` takes one away."""
    copied = copy.deepcopy(resource)
    for path, value in changes.items():
        where, _, key = ("." + path).rpartition(".")
        place = copied["properties"]["metadata"] if where.endswith("metadata") else copied["properties"]
        place[key] = value
        if value is ...:
            del place[key]
    return copied


def discovery(**changes: object) -> str:
    base = {
        "listModelsEndpoint": "/models",
        "getModelEndpoint": "/models/{deploymentName}",
        "deploymentProvider": "OpenAI",
    }
    return json.dumps({key: value for key, value in (base | changes).items() if value is not None})


def key_config(**changes: object) -> str:
    base = {"type": "api_key", "name": "X-Key", "format": "{api_key}"}
    return json.dumps({key: value for key, value in (base | changes).items() if value is not None})


M = "metadata."
D = f"{M}modelDiscovery"
TABLE: list[tuple[str, dict[str, Any], dict[str, Any], str, str]] = [
    # code, the good resource, its one mistake, the field that is named, and a part of the sentence
    ("category", STATIC, {"category": "AzureOpenAI"}, "category", "is AzureOpenAI, no gateway's: write ApiManagement"),
    ("category", STATIC, {"category": ...}, "category", "is missing"),
    ("target-no-url", STATIC, {"target": ...}, "target", "is missing"),
    ("target-no-url", STATIC, {"target": "gateway.test/v1?sig=abc"}, "target", "is 'gateway.test/v1?…', no URL"),
    ("target-no-url", STATIC, {"target": "https://[::1/v1"}, "target", "no URL"),
    ("target-credentials", STATIC, {"target": "https://me:pass@gateway.test/v1"}, "target", "holds a user name"),
    (
        "target-query",
        STATIC,
        {"target": "https://gateway.test/v1?api-version=1"},
        "target",
        "gateway.test/v1?…: remove",
    ),
    ("target-query", STATIC, {"target": "https://gateway.test/v1#top"}, "target", "has a fragment"),
    (
        "target-too-far",
        STATIC,
        {"target": "https://gateway.test/v1/chat/completions"},
        "target",
        "prompts are sent to https://gateway.test/v1/chat/completions/chat/completions",
    ),
    ("target-too-far", APIM, {"target": "https://gateway.test/openai/deployments"}, "target", "goes too far"),
    (
        "target-too-far",
        APIM,
        {"target": "https://gateway.test/openai/deployments/gpt-4o"},
        "target",
        "prompts are sent to https://gateway.test/openai/deployments/gpt-4o/deployments/{deployment}/chat/completions",
    ),
    ("plain-http", STATIC, {"target": "http://gateway.test/v1"}, "target", "travel readable: write https://"),
    ("plain-http", CLIENT, {"tokenUrl": "http://login.test/token?x=1"}, "tokenUrl", "is http://login.test/token?…"),
    (
        "target-slash",
        STATIC,
        {"target": "https://gateway.test/v1/"},
        "target",
        "calls https://gateway.test/v1/chat/completions, other clients may call https://gateway.test/v1//",
    ),
    (
        "endpoint-slash",
        DYNAMIC,
        {D: discovery(listModelsEndpoint="models")},
        f"{D}.listModelsEndpoint",
        "calls https://gateway.test/v1/models, other clients may call https://gateway.test/v1models: begin it with /",
    ),
    (
        "target-without-v1",
        STATIC,
        {"target": "https://api.openai.com"},
        "target",
        "prompts are sent to https://api.openai.com/chat/completions: write https://api.openai.com/v1",
    ),
    (
        "v1-twice",
        DYNAMIC,
        {D: discovery(listModelsEndpoint="/v1/models")},
        f"{D}.listModelsEndpoint",
        "is called as https://gateway.test/v1/v1/models",
    ),
    (
        "v1-on-discovery-only",
        DYNAMIC,
        {"target": "https://gateway.test", D: discovery(getModelEndpoint="/v1/models/{deploymentName}")},
        f"{D}.getModelEndpoint",
        (
            "is called as https://gateway.test/v1/models/{deploymentName}, but prompts are sent to "
            "https://gateway.test/chat/completions"
        ),
    ),
    (
        "auth-type",
        STATIC,
        {"authType": "ProjectManagedIdentity", "audience": "https://cognitiveservices.azure.com"},
        "authType",
        "is ProjectManagedIdentity, which is not offered for ModelGateway: write ApiKey or OAuth2",
    ),
    ("auth-type", STATIC, {"authType": "AAD", "audience": "https://cognitiveservices.azure.com"}, "authType", "is AAD"),
    ("auth-type", APIM, {"authType": ...}, "authType", "is missing: write ApiKey or ProjectManagedIdentity"),
    ("token-url-missing", CLIENT, {"tokenUrl": ...}, "tokenUrl", "is missing: write it into properties, beside"),
    (
        "token-url-missing",
        CLIENT,
        {"tokenUrl": ..., "credentials": {"tokenUrl": "https://login.test/token"}},
        "tokenUrl",
        "is missing, but stands inside credentials, where it is not read",
    ),
    ("token-url-no-url", CLIENT, {"tokenUrl": "login.test/token"}, "tokenUrl", "is 'login.test/token', no URL"),
    ("scopes-missing", CLIENT, {"scopes": []}, "scopes", "are missing: write them into properties"),
    ("scopes-missing", CLIENT, {"scopes": ..., "credentials": {"scopes": ["a"]}}, "scopes", "inside credentials"),
    ("scopes-shape", CLIENT, {"scopes": "models.read models.invoke"}, "scopes", "are no list of texts"),
    (
        "identity-on-account",
        stored(
            connection(category="ApiManagement", staticModels=None, authType="ProjectManagedIdentity", apiKey=None),
            "account",
        ),
        {},
        "authType",
        "Agent Service does not find it: make the connection on the project",
    ),
    ("audience-missing", IDENTITY, {"audience": ...}, "audience", "is missing: write https://cognitiveservices.azure"),
    ("audience-missing", IDENTITY, {"audience": ..., "authType": "AAD"}, "audience", "is missing"),
    ("audience-unusual", IDENTITY, {"audience": "api://mine"}, "audience", "is api://mine: write https://cognitive"),
    ("metadata-not-object", APIM, {"metadata": []}, "metadata", "is a list: write an object"),
    ("metadata-not-text", STATIC, {f"{M}models": MODELS}, f"{M}models", "is stored as a list instead of text"),
    ("metadata-not-text", DYNAMIC, {D: json.loads(discovery())}, D, "is stored as an object instead of text"),
    ("metadata-not-text", APIM, {f"{M}deploymentInPath": True}, f"{M}deploymentInPath", 'write it as text, "true"'),
    ("metadata-not-text", APIM, {f"{M}inferenceAPIVersion": 1}, f"{M}inferenceAPIVersion", 'write it as text, "1"'),
    ("metadata-not-text", APIM, {f"{M}inferenceAPIVersion": None}, f"{M}inferenceAPIVersion", "is stored as null"),
    ("metadata-not-json", STATIC, {f"{M}models": "[{'name'"}, f"{M}models", "(it breaks at character 3): write a list"),
    ("metadata-not-json", STATIC, {f"{M}models": "[" * 100_000}, f"{M}models", "is not JSON text"),
    (
        "metadata-shape",
        STATIC,
        {f"{M}models": "{}"},
        f"{M}models",
        "is the JSON text of an object: write the JSON text of a l",
    ),
    ("metadata-shape", STATIC, {f"{M}models": json.dumps("[]")}, f"{M}models", "of text (it was made text twice)"),
    ("metadata-shape", DYNAMIC, {f"{M}customHeaders": "[]"}, f"{M}customHeaders", "is the JSON text of a list"),
    ("routing-missing", APIM, {f"{M}deploymentInPath": ...}, f"{M}deploymentInPath", 'is missing: write "true" for'),
    (
        "routing-value",
        APIM,
        {f"{M}deploymentInPath": "yes"},
        f"{M}deploymentInPath",
        'is \'yes\': write "true" or "fal',
    ),
    ("routing-case", APIM, {f"{M}deploymentInPath": "True"}, f"{M}deploymentInPath", "is 'True': write \"true\""),
    ("discovery-both", DYNAMIC, {f"{M}models": json.dumps(MODELS)}, D, "contradicts metadata.models: keep the list or"),
    ("discovery-missing", STATIC, {f"{M}models": ...}, f"{M}models", "are both missing, and a ModelGateway has no def"),
    ("discovery-incomplete", DYNAMIC, {D: discovery(deploymentProvider=None)}, f"{D}.deploymentProvider", "is missing"),
    ("discovery-incomplete", DYNAMIC, {D: discovery(listModelsEndpoint=1)}, f"{D}.listModelsEndpoint", "is a number"),
    (
        "discovery-no-name",
        DYNAMIC,
        {D: discovery(getModelEndpoint="/models")},
        f"{D}.getModelEndpoint",
        "is '/models', wi",
    ),
    (
        "discovery-other-host",
        DYNAMIC,
        {D: discovery(listModelsEndpoint="https://models.test/v1/models?key=k")},
        f"{D}.listModelsEndpoint",
        "is on models.test, and would be sent the credential of gateway.test: write the path below target",
    ),
    (
        "discovery-provider",
        DYNAMIC,
        {D: discovery(deploymentProvider="Azure")},
        f"{D}.deploymentProvider",
        "is 'Azure': write OpenAI or AzureOpenAI",
    ),
    ("models-empty", STATIC, {f"{M}models": "[]"}, f"{M}models", "lists no model"),
    ("model-no-name", STATIC, {f"{M}models": '[{"properties": {}}]'}, f"{M}models[0].name", "is missing"),
    ("model-no-name", STATIC, {f"{M}models": '["gpt-4o"]'}, f"{M}models[0].name", "is missing"),
    ("model-twice", STATIC, {f"{M}models": json.dumps([*MODELS, *MODELS])}, f"{M}models[1].name", "is 'gpt-4o' again"),
    (
        "model-undescribed",
        STATIC,
        {f"{M}models": '[{"name": "gpt-4o"}]'},
        f"{M}models[0].properties.model",
        "has no name",
    ),
    (
        "auth-config-type",
        STATIC,
        {f"{M}authConfig": key_config(type="bearer")},
        f"{M}authConfig.type",
        "is 'bearer': write \"api_k",
    ),
    ("auth-config-name", STATIC, {f"{M}authConfig": key_config(name=None)}, f"{M}authConfig.name", "is missing"),
    (
        "auth-config-format",
        STATIC,
        {f"{M}authConfig": key_config(format="Bearer swordfish")},
        f"{M}authConfig.format",
        "has no {api_key}",
    ),
    (
        "auth-config-unused",
        CLIENT,
        {f"{M}authConfig": key_config()},
        f"{M}authConfig",
        "is for keys, and authType is OAuth2",
    ),
    ("header-not-text", STATIC, {f"{M}customHeaders": '{"X-Team": 1}'}, f"{M}customHeaders.X-Team", "is a number"),
    (
        "header-in-clear",
        STATIC,
        {f"{M}customHeaders": '{"X-Team-Token": "swordfish"}'},
        f"{M}customHeaders.X-Team-Token",
        "ARM keeps headers in clear",
    ),
    (
        "metadata-unknown",
        STATIC,
        {f"{M}inferenceApiVersion": "1"},
        f"{M}inferenceApiVersion",
        "did you mean inferenceAPIVersion?",
    ),
    ("metadata-unknown", STATIC, {f"{M}staticModels": "[]"}, f"{M}staticModels", "is no key of a gateway connection"),
    (
        "metadata-misplaced",
        CLIENT,
        {f"{M}tokenUrl": "https://x.test"},
        f"{M}tokenUrl",
        "write tokenUrl into properties",
    ),
    ("metadata-secret", STATIC, {f"{M}apiKey": "swordfish"}, f"{M}apiKey", "looks like a secret (•••)"),
]


@pytest.mark.parametrize(("code", "good", "mistake", "field", "told"), TABLE, ids=[row[0] for row in TABLE])
def test_one_mistake_is_one_finding(
    code: str, good: dict[str, Any], mistake: dict[str, Any], field: str, told: str
) -> None:
    found = check(changed(good, mistake))
    assert [(finding.code, finding.field) for finding in found] == [(code, field)]
    assert told in str(found[0])
    assert "swordfish" not in str(found)
    assert "pass@" not in str(found)


def codes(*modules: Any) -> set[str]:
    """Every code the modules can give."""
    trees = [ast.parse(Path(module.__file__).read_text(encoding="utf-8")) for module in modules]
    calls = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    made = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id in ("error", "warning")]
    return {call.args[0].value for call in made if isinstance(call.args[0], ast.Constant)}


def test_every_rule_has_its_row_above() -> None:
    assert codes(metadata_rules, resource_rules) == {row[0] for row in TABLE} - {"category"}
    assert len(checks.RULES) == 18


@pytest.mark.parametrize("good", [STATIC, DYNAMIC, CLIENT, APIM, IDENTITY], ids=range(5))
def test_a_good_connection_has_no_finding(good: dict[str, Any]) -> None:
    assert check(good) == ()
    assert check(good | {"id": good["id"].replace(PROJECT, ACCOUNT)}) == () or good is IDENTITY
    if good is IDENTITY:
        assert check(changed(good, {"authType": "AAD"})) == ()


@pytest.mark.parametrize("name", ready_names("gateways"))
def test_the_ready_profiles_make_connections_without_errors(name: str) -> None:
    made = Connection.of(load_profile(name), locate=lambda url: url.replace("sandbox://", "http://127.0.0.1:8765/"))
    found = compare(made, {"id": PROJECT, "properties": made.resource(READY)["properties"]}, secrets=READY)
    assert {finding.code for finding in found} == ({"endpoint-slash"} if name.endswith("headers") else set())


@pytest.mark.parametrize("resource", [{}, {"properties": None}, {"properties": []}, {"properties": {"metadata": 1}}])
def test_what_is_no_connection_at_all_is_a_finding_and_no_crash(resource: dict[str, Any]) -> None:
    assert [finding.code for finding in check(resource)] == ["category"]
    assert is_error(compare(connection(), resource, secrets=SECRETS))


def test_errors_come_first() -> None:
    found = check(changed(STATIC, {"target": "https://gateway.test/v1/", f"{M}models": MODELS}))
    assert [finding.severity for finding in found] == ["error", "warning"]


@pytest.mark.parametrize(
    "which",
    [
        connection(targetUrl="https://gateway.test/v1/", inferenceAPIVersion="2024-10-21"),
        dynamic("OpenAI", listModelsEndpoint="models", deploymentInPath=True),
    ],
    ids=["static", "dynamic"],
)
def test_the_urls_in_findings_are_those_the_gateway_client_calls(which: Connection) -> None:
    seen = Stored.of(stored(which))
    assert seen.chat_url.partition("?")[0].replace("{deployment}", "x") == chat_url(which, "x")
    for name, kind in (("listModelsEndpoint", "list"), ("getModelEndpoint", "get")):
        if seen.endpoints:
            url = seen.endpoint_url(seen.endpoints[name])
            assert url.replace("{deploymentName}", "x") == endpoint_url(which, kind, "x")


@pytest.mark.parametrize(
    ("which", "field", "code", "told"),
    [
        (
            oauth2(),
            "tokenUrl",
            "dropped-token-url",
            "is missing, the profile says https://login.test/token: make it again",
        ),
        (oauth2(), "scopes", "dropped-scopes", 'are missing, the profile says ["models.read","models.invoke"]'),
        (
            connection(category="ApiManagement", authType="ProjectManagedIdentity", apiKey=None),
            "audience",
            "dropped-audience",
            "is missing, the profile says https://cognitiveservices.azure.com",
        ),
        (connection(isSharedToAll=True), "isSharedToAll", "dropped-sharing", "is false, the profile says true"),
    ],
    ids=["tokenUrl", "scopes", "audience", "isSharedToAll"],
)
def test_what_a_client_dropped_is_one_error_with_its_mend(which: Connection, field: str, code: str, told: str) -> None:
    (found,) = compare(which, changed(stored(which), {field: ...}), secrets=SECRETS)
    assert (found.severity, found.code, found.field) == ("error", code, field)
    assert told in str(found)
    assert "with replace = True" in found.mend


def test_what_differs_is_an_error_and_what_is_broken_is_told_once() -> None:
    wanted = connection(inferenceAPIVersion="2", authConfig={"name": "X"})
    there = changed(stored(wanted), {f"{M}inferenceAPIVersion": "1", f"{M}models": MODELS})
    there = changed(there, {f"{M}authConfig": key_config(name=None)})
    assert [(finding.code, finding.field) for finding in compare(wanted, there, secrets=SECRETS)] == [
        ("metadata-not-text", f"{M}models"),
        ("auth-config-name", f"{M}authConfig.name"),
        ("differs", f"{M}inferenceAPIVersion"),
    ]
    assert "is 1, the profile says 2: write over it" in str(compare(wanted, there, secrets=SECRETS)[2])


def test_another_scope_than_the_profiles_is_a_warning() -> None:
    (found,) = compare(connection(), stored(connection(), "account"), secrets=SECRETS)
    assert (found.code, found.severity) == ("scope", "warning")
    assert "is account here, the profile says project: write connectionScope: account" in str(found)
