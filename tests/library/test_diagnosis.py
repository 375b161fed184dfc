"""Every rule of diagnosis by an answer that it must know, and every cause that the contract names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from gateway_workbook.diagnosis import RULES, diagnose
from gateway_workbook.discovery import discover
from tests.library.wire import CLIENT_SECRET, KEY, Credential, chat_answer, connection, dynamic, gateway, oauth2, reply

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway_workbook.connection import Connection
    from gateway_workbook.finding import Finding

HELLO = [{"role": "user", "content": "hello"}]
BY_PATH = {"deploymentInPath": True}
IDENTITY = {
    "category": "ApiManagement",
    "authType": "ProjectManagedIdentity",
    "apiKey": None,
    "audience": "https://cognitiveservices.azure.com",
}


def chat(status: int, content: object = None, **options: Any) -> Finding:
    """The finding on a prompt that is answered so; `headers` are the answer's, the rest is the profile's."""
    headers = options.pop("headers", None)
    which = options.pop("connection", None) or connection(**options)
    client, _ = gateway(which, lambda _: reply(status, content, headers=headers), credential=Credential())
    return diagnose(client.chat("gpt-4o", HELLO), which, deployment="gpt-4o")


def listing(status: int, content: object = None, *, provider: str = "OpenAI", **headers: str) -> Finding:
    """The finding on a list of models that is answered so."""
    which = dynamic(provider)
    client, _ = gateway(which, lambda _: reply(status, content, headers=headers))
    return diagnose(client.list_models(), which)


def token(status: int, content: object = None) -> Finding:
    """The finding where the token endpoint answers so."""
    which = oauth2()
    client, _ = gateway(which, lambda _: reply(status, content))
    return diagnose(client.chat("gpt-4o", HELLO), which)


def error(message: str, code: str = "") -> dict[str, Any]:
    return {"error": {"message": message, "code": code}}


# As gateways word it: API Management, Azure OpenAI, OpenAI, LiteLLM, Envoy, nginx, Kong, MuleSoft, FastAPI, Spring.
PROMPTS: list[tuple[str, int, object, Mapping[str, Any]]] = [
    ("wrong-key", 401, {"statusCode": 401, "message": "Access denied due to invalid subscription key."}, {}),
    ("wrong-key", 401, error("Incorrect API key provided", "invalid_api_key"), {}),
    ("wrong-key", 401, "Unauthorized", {}),
    ("wrong-key", 401, "Client authentication failed.", {"headers": {"content-type": "text/plain"}}),
    ("wrong-key", 400, error("Authentication Error, Invalid proxy server token passed", "400"), {}),
    ("wrong-key", 401, {"message": "Unauthorized"}, {"headers": {"www-authenticate": "Key"}}),
    ("no-key-seen", 401, {"statusCode": 401, "message": "Access denied due to missing subscription key."}, {}),
    ("no-key-seen", 401, {"message": "No API key found in request"}, {}),
    ("no-key-seen", 401, error("You didn't provide an API key."), {}),
    ("no-key-seen", 400, error("No api key passed in."), {}),
    ("no-key-seen", 401, "", {}),
    ("no-key-seen", 403, {"detail": "Not authenticated"}, {}),
    ("wrong-path", 403, {"message": "Missing Authentication Token"}, {}),
    ("no-key-seen", 401, {"fault": {"faultstring": "Failed to resolve API Key variable request.header.key"}}, {}),
    ("wrong-audience", 403, "Audiences in Jwt are not allowed", {}),
    ("context-length", 400, {"error": {"type": "exceed_context_size_error"}}, {}),
    ("upstream", 522, "error code: 522", {}),
    ("upstream", 529, {"error": {"type": "overloaded_error"}}, {}),
    ("wrong-key", 401, "", {"authConfig": {"name": "Authorization", "format": "Bearer {api_key}"}}),
    ("token-expired", 401, error("The access token has expired"), IDENTITY),
    (
        "token-expired",
        401,
        "",
        IDENTITY | {"headers": {"www-authenticate": 'Bearer error_description="token expired"'}},
    ),
    ("wrong-audience", 401, error("JWT validation failed: invalid audience"), IDENTITY),
    ("wrong-audience", 401, error("IDX10214: Audience validation failed"), IDENTITY),
    ("wrong-scope", 403, "", IDENTITY | {"headers": {"www-authenticate": 'Bearer error="insufficient_scope"'}}),
    ("firewall", 403, error("Access denied due to Virtual Network/Firewall rules."), {}),
    ("model-not-allowed", 403, error("This key can only access models ['mini']"), {}),
    ("forbidden", 403, {"message": "Forbidden"}, {}),
    ("quota-used-up", 403, {"statusCode": 403, "message": "Out of call volume quota. Quota exceeded"}, {}),
    ("quota-used-up", 429, error("You exceeded your current quota", "insufficient_quota"), {}),
    ("quota-used-up", 400, error("ExceededBudget: Budget has been exceeded!"), {}),
    ("rate-limit", 429, {"statusCode": 429, "message": "Rate limit is exceeded."}, {"headers": {"retry-after": "7"}}),
    ("rate-limit", 429, "", {}),
    ("content-filter", 400, error("The response was filtered due to the content management policy."), {}),
    ("context-length", 400, error("This model's maximum context length is 8192 tokens"), {}),
    ("context-length", 413, "<html>413 Request Entity Too Large</html>", {}),
    (
        "unknown-deployment",
        404,
        error("The API deployment for this resource does not exist.", "DeploymentNotFound"),
        {},
    ),
    ("unknown-deployment", 404, error("The model `gpt-4o` does not exist", "model_not_found"), {}),
    ("unknown-deployment", 400, error("Invalid model name passed in model=gpt-4o"), {}),
    ("model-missing-in-body", 400, error("you must provide a model parameter"), BY_PATH),
    ("model-missing-in-body", 422, {"detail": [{"loc": ["body", "model"], "msg": "model is required"}]}, BY_PATH),
    ("wrong-path", 404, {"statusCode": 404, "message": "Resource not found"}, {}),
    ("wrong-path", 404, "<html><h1>404 Not Found</h1><hr>nginx</html>", {}),
    ("wrong-path", 404, "", {}),
    ("wrong-path", 404, {"detail": "Not Found"}, {}),
    ("wrong-path", 405, {"detail": "Method Not Allowed"}, {}),
    ("wrong-path", 404, {"message": "no Route matched with those values"}, {}),
    ("wrong-path", 500, error("No static resource v1/chat/completions."), {}),
    ("api-version-missing", 400, error("Missing required query parameter: api-version"), {}),
    ("api-version-missing", 404, error("api-version is required"), {}),
    ("api-version-wrong", 400, error("API version not supported"), {"inferenceAPIVersion": "2020-01-01"}),
    ("api-version-unwanted", 400, error("Unexpected query parameter: api-version"), {"inferenceAPIVersion": "x"}),
    ("unsupported-parameter", 400, error("Unsupported parameter: 'max_tokens' is not supported with this model."), {}),
    ("upstream", 503, "no healthy upstream", {}),
    ("upstream", 502, "<html><h1>502 Bad Gateway</h1></html>", {}),
    ("upstream", 504, {"message": "Gateway Timeout"}, {}),
    ("upstream", 500, error("litellm.InternalServerError: Connection error."), {}),
    ("gateway-error", 500, {"statusCode": 500, "message": "Internal server error"}, {}),
    ("bad-request", 400, error("messages: wrong type"), {}),
    ("proxy", 403, "<html>Blocked by Zscaler</html>", {}),
    ("proxy", 407, "", {}),
    ("tls-port", 400, "<html>The plain HTTP request was sent to HTTPS port</html>", {"targetUrl": "http://g.test/v1"}),
    ("login-redirect", 302, "", {"headers": {"location": "https://login.example/oauth2/authorize"}}),
    ("redirect", 308, "", {"headers": {"location": "https://gateway.test/v1/v1/chat/completions"}}),
    ("html", 200, "<!DOCTYPE html><title>Developer portal</title>", {}),
    ("truncated", 200, '{"choices": [{"message": {"role": "assistant", "content": "o', {}),
    ("empty-answer", 200, "", {}),
    ("error-with-200", 200, error("model overloaded"), {}),
    ("wrong-shape", 200, {"output": []}, {}),
    ("unexplained", 418, "teapot", {}),
    # What the corpus of faults taught.
    ("no-key-seen", 401, {"error": "Authorization field missing"}, {}),
    ("no-key-seen", 401, error("No auth credentials found"), {}),
    ("no-key-seen", 401, {"message": "UNAUTHENTICATED: Method doesn't allow unregistered callers"}, {}),
    ("wrong-key", 401, "Unauthorized. Access token is missing or invalid.", {}),
    ("wrong-key", 401, {"message": "Invalid or missing API key"}, {}),
    ("wrong-key", 403, {"error": "Key not authorised"}, {}),
    ("rate-limit", 429, error("Quota exceeded for quota metric 'requests per minute'"), {}),
    ("unknown-deployment", 503, error("No available channel for model gpt-4o under group default"), {}),
    ("unknown-deployment", 400, error("contoso/x is not a valid model ID"), {}),
    ("context-length", 400, {"message": "Input is too long for requested model."}, {}),
    ("context-length", 422, {"error": "`inputs` tokens + `max_new_tokens` must be <= 2048"}, {}),
    ("content-filter", 400, error("Input text data may contain inappropriate content."), {}),
    ("firewall", 403, "<html>Access Denied: you have no permission. Reference #18</html>", {}),
    ("no-key-seen", 401, "Jwt is missing", {}),
    ("no-key-seen", 401, {"description": "Client ID was not provided"}, {}),
    ("no-key-seen", 401, error("x-api-key header is required"), {}),
    ("no-key-seen", 401, error("Access denied due to missing key."), {}),
    ("wrong-key", 403, error("Invalid API key"), {}),
    ("forbidden", 401, error("The principal lacks the required data action", "PermissionDenied"), {}),
    ("forbidden", 403, error("lacks the required data action on deployments"), {}),
    ("model-not-allowed", 401, error("key not allowed to access model."), {}),
    ("upstream-key", 401, error("AuthenticationError: OpenAIException - Incorrect API key provided"), {}),
    ("upstream-key", 500, error("the upstream returned 401 Unauthorized"), {}),
    ("quota-used-up", 403, {"message": "Quota will be replenished in 01:12:44."}, {}),
    ("quota-used-up", 429, {"message": "Limit Exceeded"}, {}),
    ("rate-limit", 429, {"message": "API rate limit exceeded"}, {}),
    ("upstream", 429, error("No deployments available for selected model"), {}),
    ("upstream", 408, error("Request timed out."), {}),
    ("firewall", 403, "<title>Just a moment...</title>", {}),
    ("firewall", 403, error("Country, region, or territory not supported"), {}),
    ("no-chat-model", 404, error("This is not a chat model"), {}),
    ("no-chat-model", 400, error("The chatCompletion operation does not work with the specified model"), {}),
    ("unknown-deployment", 404, error("model: claude-x", "not_found_error"), {}),
    ("unsupported-parameter", 400, error("llama does not support tools"), {}),
    ("unsupported-parameter", 400, error("auto tool choice requires a parser"), {}),
    ("unsupported-parameter", 422, {"detail": [{"msg": "Extra inputs are not permitted"}]}, {}),
]


@pytest.mark.parametrize(("code", "status", "content", "options"), PROMPTS)
def test_the_answer_to_a_prompt_is_understood(
    code: str, status: int, content: object, options: Mapping[str, Any]
) -> None:
    finding = chat(status, content, **options)
    assert finding.code == code
    assert finding.cause
    assert finding.mend
    assert "{" not in finding.cause + finding.mend.replace("{api_key}", "")
    assert KEY not in finding.model_dump_json()


@pytest.mark.parametrize(
    ("code", "status", "content"),
    [
        ("provider-mismatch", 200, {"value": [{"name": "x"}]}),
        ("empty-list", 200, {"data": []}),
        ("no-discovery", 404, "nothing"),
        ("no-discovery", 500, error("Unknown route")),
        ("wrong-key", 401, "no"),
        ("api-version-missing", 400, error("api-version is required")),
        ("html", 200, "<html>"),
        ("wrong-shape", 200, {"data": [{"name": "no id"}]}),
    ],
)
def test_the_answer_to_a_list_is_understood(code: str, status: int, content: object) -> None:
    assert listing(status, content).code == code


@pytest.mark.parametrize(
    ("code", "status", "content"),
    [
        ("token-client", 401, {"error": "invalid_client"}),
        ("token-client", 400, {"error": "unauthorized_client"}),
        ("token-scope", 400, {"error": "invalid_scope"}),
        ("token-audience", 400, {"error": "invalid_resource"}),
        ("token-audience", 400, {"error": "invalid_target"}),
        ("token-url", 404, "not here"),
        ("token-url", 401, {"message": "Access denied due to missing token."}),
        ("token-url", 200, "<html>Sign in</html>"),
        ("token-url", 200, {"token": "x"}),
        ("token-endpoint", 503, "down"),
    ],
)
def test_the_answer_of_a_token_endpoint_is_understood(code: str, status: int, content: object) -> None:
    finding = token(status, content)
    assert finding.code == code
    assert finding.request == "POST https://login.test/token"
    assert "client_secret@-" in finding.curl
    assert CLIENT_SECRET not in finding.model_dump_json()


@pytest.mark.parametrize(
    ("which", "status", "content", "headers", "change"),
    [
        (connection(), 400, error("api-version is required"), {}, {"inferenceAPIVersion": "2024-10-21"}),
        (
            connection(inferenceAPIVersion="x"),
            400,
            error("unknown parameter: api-version"),
            {},
            {"inferenceAPIVersion": None},
        ),
        (connection(**BY_PATH), 400, error("model is required"), {}, {"deploymentInPath": False}),
        (
            connection(targetUrl="http://g.test:443/v1"),
            400,
            "plain HTTP request was sent to HTTPS port",
            {},
            {"targetUrl": "https://g.test:443/v1"},
        ),
        (connection(), 301, "", {"location": "/api/v1/chat/completions"}, {"targetUrl": "https://gateway.test/api/v1"}),
        (connection(), 301, "", {"location": "https://other.test/v1/chat/completions"}, {}),
        (connection(), 401, "no", {}, {}),
    ],
)
def test_a_change_is_named_where_the_answer_tells_it(
    which: Connection, status: int, content: object, headers: Mapping[str, str], change: Mapping[str, Any]
) -> None:
    assert chat(status, content, connection=which, headers=headers).change == change


def test_the_other_provider_is_a_change_with_its_endpoints() -> None:
    assert listing(200, {"value": []}).change == {
        "listModelsEndpoint": "/models",
        "getModelEndpoint": "/models/{deploymentName}",
        "deploymentProvider": "AzureOpenAI",
    }


def test_what_else_was_answered_tells_one_path_from_all() -> None:
    which = dynamic("OpenAI")

    def respond(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return reply(401, "Unauthorized")
        return reply(200, {"data": [{"id": "gpt-4o"}], "id": "gpt-4o"})

    model = discover(gateway(which, respond)[0]).models[0]
    assert model.finding is not None
    assert (model.finding.code, model.callable) == ("key-on-one-path", "no")
    assert "/v1/chat/completions" in model.finding.mend


def test_listed_is_not_callable() -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return reply(404, error("The model `gpt-4o` does not exist"))
        return reply(200, {"data": [{"id": "gpt-4o"}], "id": "gpt-4o"})

    model = discover(gateway(dynamic("OpenAI"), respond)[0]).models[0]
    assert model.finding is not None
    assert (model.finding.code, model.finding.confidence) == ("listed-not-callable", "certain")


FAULTS: list[tuple[str, Exception]] = [
    ("refused", httpx.ConnectError("refused")),
    ("connect-timeout", httpx.ConnectTimeout("slow")),
    ("read-timeout", httpx.ReadTimeout("slow")),
    ("proxy", httpx.ProxyError("407 Proxy Authentication Required")),
    ("cut-short", httpx.RemoteProtocolError("peer closed connection without sending complete message body")),
    ("reset", httpx.RemoteProtocolError("Server disconnected without sending a response.")),
    ("garbled", httpx.DecodingError("incorrect header check")),
]


@pytest.mark.parametrize(("code", "fault"), FAULTS)
def test_silence_is_understood(code: str, fault: Exception) -> None:
    if code == "refused":
        fault.__cause__ = ConnectionRefusedError(111, "refused")

    def fail(_: httpx.Request) -> httpx.Response:
        raise fault

    which = connection()
    client, _ = gateway(which, fail)
    finding = diagnose(client.chat("gpt-4o", HELLO), which)
    assert finding.code == code
    assert finding.found.startswith("no answer (")


def test_silence_of_a_private_address_is_told_from_that_of_a_public_one() -> None:
    def silent(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectTimeout("slow", request=request)

    for host, code in (
        ("10.20.30.40", "private-address"),
        ("[fd00::1]", "private-address"),
        ("8.8.8.8", "connect-timeout"),
    ):
        which = connection(targetUrl=f"https://{host}/v1")
        assert diagnose(gateway(which, silent)[0].chat("gpt-4o", HELLO), which).code == code


def test_a_prompt_that_is_answered_has_no_finding() -> None:
    found = discover(gateway(connection(), lambda _: reply(200, chat_answer()))[0])
    assert found.models[0].finding is None


def test_the_last_rule_fits_everything_and_codes_are_stable_names() -> None:
    assert RULES[-1].code == "unexplained"
    assert len({rule.code for rule in RULES}) == len(RULES)
    assert all(rule.code == rule.code.lower() and " " not in rule.code for rule in RULES)
