"""How products word it: status, body and headers as their users report them, and what each means."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, kw_only=True)
class Wording:
    """What a product answers a prompt with."""

    code: str
    status: int
    body: object = ""
    headers: Mapping[str, str] = field(default_factory=dict)


def says(code: str, status: int, body: object = "", **headers: str) -> Wording:
    return Wording(code=code, status=status, body=body, headers=headers)


def error(message: str, **more: object) -> dict[str, Any]:
    return {"error": {"message": message, **more}}


def fault(text: str, code: str) -> dict[str, Any]:
    return {"fault": {"faultstring": text, "detail": {"errorcode": code}}}


WORDINGS: dict[str, Wording] = {
    "API Management: quota": says(
        "quota-used-up",
        403,
        {"statusCode": 403, "message": "Out of call volume quota. Quota will be replenished in 01:12:44."},
    ),
    "API Management: token limit": says(
        "rate-limit",
        429,
        {"statusCode": 429, "message": "Token limit is exceeded. Try again in 35 seconds."},
        retry_after="35",
    ),
    "API Management: backend": says("gateway-error", 500, {"statusCode": 500, "message": "Internal server error"}),
    "Azure OpenAI: role": says(
        "forbidden",
        401,
        error(
            "The principal `0000` lacks the required data action "
            "`Microsoft.CognitiveServices/accounts/OpenAI/deployments/chat/completions/action`",
            code="PermissionDenied",
        ),
    ),
    "Azure OpenAI: private": says(
        "firewall", 403, error("Public access is disabled. Please configure private endpoint.", code="403")
    ),
    "Azure OpenAI: filter": says(
        "content-filter",
        400,
        error(
            "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
            code="content_filter",
        ),
    ),
    "Azure OpenAI: no chat": says(
        "no-chat-model",
        400,
        error(
            "The chatCompletion operation does not work with the specified model, text-embedding-3-small.",
            code="OperationNotSupported",
        ),
    ),
    "Azure OpenAI: tokens a minute": says(
        "rate-limit",
        429,
        error("Requests have exceeded call rate limit of your current pricing tier. Please retry after 12 seconds."),
        retry_after="12",
    ),
    "OpenAI: no chat": says(
        "no-chat-model",
        404,
        error("This is not a chat model and thus not supported in the v1/chat/completions endpoint."),
    ),
    "OpenAI: project": says(
        "model-not-allowed",
        403,
        error("Project `proj_x` does not have access to model `gpt-4o`", code="model_not_found"),
    ),
    "OpenAI: URL": says("wrong-path", 404, error("Invalid URL (POST /v1/v1/chat/completions)")),
    "OpenAI: country": says(
        "firewall",
        403,
        error("Country, region, or territory not supported", code="unsupported_country_region_territory"),
    ),
    "OpenAI: tokens": says(
        "context-length",
        400,
        error("This model's maximum context length is 128000 tokens.", code="context_length_exceeded"),
    ),
    "LiteLLM: key's models": says(
        "model-not-allowed",
        401,
        error("key not allowed to access model. This key can only access models=['mini']. Tried to access gpt-4o"),
    ),
    "LiteLLM: the key behind": says(
        "upstream-key",
        401,
        error("litellm.AuthenticationError: AuthenticationError: OpenAIException - Incorrect API key provided: sk-xx"),
    ),
    "LiteLLM: no deployment free": says(
        "upstream", 429, error("No deployments available for selected model, Try again in 5 seconds.")
    ),
    "LiteLLM: time": says("upstream", 408, error("litellm.Timeout: APITimeoutError - Request timed out.")),
    "LiteLLM: team's budget": says(
        "quota-used-up", 400, error("Budget has been exceeded! Current cost: 1.2, Max budget: 1.0")
    ),
    "Envoy: no token": says("no-key-seen", 401, "Jwt is missing"),
    "Envoy: token's end": says("token-expired", 401, "Jwt is expired"),
    "Envoy: audience": says("wrong-audience", 403, "Audiences in Jwt are not allowed"),
    "Envoy: role": says("forbidden", 403, "RBAC: access denied"),
    "Envoy: limit": says("rate-limit", 429, "local_rate_limited"),
    "Envoy: backend": says(
        "upstream",
        503,
        "upstream connect error or disconnect/reset before headers. reset reason: connection refused",
    ),
    "Envoy: route": says("wrong-path", 404, "", server="envoy"),
    "nginx: size": says("context-length", 413, "<html><h1>413 Request Entity Too Large</h1><hr>nginx/1.27</html>"),
    "nginx: address": says("forbidden", 403, "<html><h1>403 Forbidden</h1><hr><center>nginx</center></html>"),
    "nginx: backend": says("upstream", 504, "<html><h1>504 Gateway Time-out</h1><hr>nginx</html>"),
    "nginx: sign-in": says(
        "wrong-key", 401, "<html><h1>401 Authorization Required</h1></html>", www_authenticate='Basic realm="api"'
    ),
    "Kong: key": says("wrong-key", 401, {"message": "Unauthorized", "request_id": "1"}),
    "Kong: route": says("wrong-path", 404, {"message": "no Route matched with those values", "request_id": "1"}),
    "Kong: limit": says("rate-limit", 429, {"message": "API rate limit exceeded"}),
    "Kong: backend": says("upstream", 503, {"message": "failure to get a peer from the ring-balancer"}),
    "Kong: address": says("firewall", 403, {"message": "IP address not allowed: 10.1.2.3"}),
    "Kong: consumer": says("forbidden", 403, {"message": "You cannot consume this service"}),
    "MuleSoft: client": says("wrong-key", 401, {"error": "Invalid client id or secret"}),
    "MuleSoft: client unseen": says(
        "no-key-seen", 401, {"error": "Authentication denied", "description": "Client ID was not provided"}
    ),
    "MuleSoft: route": says("wrong-path", 404, "No listener for endpoint: /v1/chat/completions"),
    "Apigee: key": says("wrong-key", 401, fault("Invalid ApiKey", "oauth.v2.InvalidApiKey")),
    "Apigee: key unseen": says(
        "no-key-seen",
        401,
        fault(
            "Failed to resolve API Key variable request.header.x-apikey",
            "steps.oauth.v2.FailedToResolveAPIKey",
        ),
    ),
    "Apigee: quota": says(
        "quota-used-up",
        429,
        fault("Rate limit quota violation. Quota limit  exceeded. Identifier : x", "policies.ratelimit.QuotaViolation"),
    ),
    "Apigee: spike": says(
        "rate-limit",
        429,
        fault(
            "Spike arrest violation. Allowed rate : MessageRate{messagesPerPeriod=5}",
            "policies.ratelimit.SpikeArrestViolation",
        ),
    ),
    "Apigee: route": says(
        "wrong-path",
        404,
        fault(
            "Unable to identify proxy for host: default and url: /v1/chat/completions",
            "messaging.adaptors.http.flow.ApplicationNotFound",
        ),
    ),
    "Apigee: token": says(
        "token-expired", 401, fault("Access Token expired", "keymanagement.service.access_token_expired")
    ),
    "AWS: route": says(
        "wrong-path",
        403,
        {"message": "Missing Authentication Token"},
        x_amzn_errortype="MissingAuthenticationTokenException",
    ),
    "AWS: key": says("forbidden", 403, {"message": "Forbidden"}, x_amzn_errortype="ForbiddenException"),
    "AWS: plan": says("quota-used-up", 429, {"message": "Limit Exceeded"}, x_amzn_errortype="LimitExceededException"),
    "AWS: pace": says("rate-limit", 429, {"message": "Too Many Requests"}),
    "AWS: time": says("upstream", 504, {"message": "Endpoint request timed out"}),
    "AWS: role": says(
        "forbidden",
        403,
        {"Message": "User: arn:aws:sts::1:x is not authorized to perform: execute-api:Invoke with an explicit deny"},
    ),
    "AWS: backend": says("upstream", 502, {"message": "Internal server error"}),
    "Traefik: route": says("wrong-path", 404, "404 page not found\n"),
    "Traefik: backend": says("upstream", 503, "no available server\n"),
    "Cloudflare: token": says(
        "wrong-key", 401, {"success": False, "result": [], "error": [{"code": 2009, "message": "Unauthorized"}]}
    ),
    "Cloudflare: origin": says("upstream", 522, "<html><title>x | 522: Connection timed out</title></html>"),
    "Cloudflare: origin's code": says("upstream", 524, "error code: 524"),
    "Cloudflare: blocked": says(
        "firewall",
        403,
        "<!DOCTYPE html><title>Attention Required! | Cloudflare</title><h1>Sorry, you have been blocked</h1>",
    ),
    "Cloudflare: challenge": says("firewall", 403, "<!DOCTYPE html><title>Just a moment...</title>"),
    "Spring: route": says(
        "wrong-path",
        404,
        {"timestamp": "2026-11-01T00:00:00Z", "status": 404, "error": "Not Found", "path": "/v1/chat/completions"},
    ),
    "Spring: fails": says("gateway-error", 500, {"status": 500, "error": "Internal Server Error", "path": "/v1"}),
    "Spring: backend": says("upstream", 503, {"status": 503, "error": "Service Unavailable", "path": "/v1"}),
    "FastAPI: key unseen": says("no-key-seen", 403, {"detail": "Not authenticated"}),
    "FastAPI: key": says("wrong-key", 401, {"detail": "Could not validate credentials"}),
    "FastAPI: body": says(
        "bad-request", 422, {"detail": [{"type": "missing", "loc": ["body", "prompt"], "msg": "Field required"}]}
    ),
    "vLLM: key": says("wrong-key", 401, {"error": "Unauthorized"}),
    "vLLM: model": says(
        "unknown-deployment",
        404,
        {"object": "error", "message": "The model `gpt-4o` does not exist.", "type": "NotFoundError", "code": 404},
    ),
    "vLLM: tokens": says(
        "context-length",
        400,
        {"object": "error", "message": "This model's maximum context length is 2048 tokens.", "code": 400},
    ),
    "vLLM: tools": says(
        "unsupported-parameter",
        400,
        error('"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'),
    ),
    "Ollama: model": says("unknown-deployment", 404, error('model "gpt-4o" not found, try pulling it first')),
    "Ollama: tools": says("unsupported-parameter", 400, error("registry.ollama.ai/library/x does not support tools")),
    "llama.cpp: key": says("wrong-key", 401, error("Invalid API Key", type="authentication_error", code=401)),
    "llama.cpp: tokens": says(
        "context-length",
        400,
        error(
            "the request exceeds the available context size. try increasing the context size",
            type="exceed_context_size_error",
        ),
    ),
    "llama.cpp: starting": says("upstream", 503, error("Loading model", type="unavailable_error", code=503)),
    "llama.cpp: route": says("wrong-path", 404, error("File Not Found", type="not_found_error", code=404)),
    "Anthropic: key": says(
        "wrong-key", 401, {"type": "error", **error("invalid x-api-key", type="authentication_error")}
    ),
    "Anthropic: key unseen": says(
        "no-key-seen", 401, {"type": "error", **error("x-api-key header is required", type="authentication_error")}
    ),
    "Anthropic: model": says(
        "unknown-deployment", 404, {"type": "error", **error("model: claude-x", type="not_found_error")}
    ),
    "Anthropic: busy": says("upstream", 529, {"type": "error", **error("Overloaded", type="overloaded_error")}),
    "Anthropic: credit": says(
        "quota-used-up", 400, {"type": "error", **error("Your credit balance is too low to access the Anthropic API.")}
    ),
    "Anthropic: tokens": says(
        "context-length", 400, {"type": "error", **error("prompt is too long: 210000 tokens > 200000 maximum")}
    ),
}
