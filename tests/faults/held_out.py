"""Answers of gateways that no rule was made for, labelled before they were diagnosed, and never tuned to.

Whoever teaches the rules one of these wordings moves it to `later`, and holds another one out in its place.
"""

from __future__ import annotations

from tests.faults.wordings import Wording, error, says

HELD_OUT: dict[str, Wording] = {
    "Higress: key unseen": says("no-key-seen", 401, "Request denied by Key Auth check. No API key found in request."),
    "Higress: key": says("wrong-key", 401, "Request denied by Key Auth check. Invalid API key."),
    "Higress: consumer": says("forbidden", 403, "Request denied by Key Auth check. Unauthorized consumer."),
    "Higress: quota": says("quota-used-up", 403, "Request denied by ai quota check, No quota left"),
    "APISIX: key unseen": says("no-key-seen", 401, {"message": "Missing API key found in request"}),
    "APISIX: key": says("wrong-key", 401, {"message": "Invalid API key in request"}),
    "APISIX: route": says("wrong-path", 404, {"error_msg": "404 Route Not Found"}),
    "BFE: key": says(
        "wrong-key", 401, error("Invalid API key: a952. Key not found in system.", code="INVALID_API_KEY")
    ),
    "Bifrost: model": says("model-not-allowed", 403, error("Model 'x' is not allowed for this virtual key")),
    "Neon: model": says("model-not-allowed", 403, {"message": "model requires a verified account"}),
    "Vercel, behind another": says(
        "upstream-key", 500, error("Unauthenticated. Configure AI_GATEWAY_API_KEY or use a provider module.")
    ),
    "xAI: header": says(
        "wrong-key", 401, error("No or an invalid authentication header was provided on the request.", code=401)
    ),
    "Vertex: token": says(
        "wrong-key",
        401,
        error("Request had invalid authentication credentials. Expected OAuth 2 access token.", code=401),
    ),
    "AIBrix: key": says("wrong-key", 500, {"error": "Unauthorized"}),
    "SGLang: tokens": says(
        "context-length",
        400,
        {
            "object": "error",
            "message": "The input (9000 tokens) is longer than the model's context length (8192 tokens).",
        },
    ),
    "LocalAI: key unseen": says("no-key-seen", 401, error("An authentication key is required", code=401)),
    "LocalAI: model breaks": says("upstream", 500, error("could not load model: rpc error: code = Unavailable")),
    "Xinference: model": says("unknown-deployment", 400, {"detail": "Model not found in the model list, uid: gpt-4o"}),
    "KServe: model": says("unknown-deployment", 404, {"error": "Model with name gpt-4o does not exist."}),
    "Zuplo: key unseen": says(
        "no-key-seen", 401, {"title": "Unauthorized", "status": 401, "detail": "No Authorization Header"}
    ),
    "watsonx: token": says(
        "token-expired",
        401,
        {
            "errors": [
                {
                    "code": "authentication_token_expired",
                    "message": "Failed to authenticate the request due to an expired token",
                }
            ]
        },
    ),
    "watsonx: model": says(
        "unknown-deployment",
        404,
        {"errors": [{"code": "model_not_supported", "message": "Model 'x' is not supported for this environment."}]},
    ),
    "GitHub Models: key": says("wrong-key", 401, error("Bad credentials", code="unauthorized")),
    "GitHub Models: model": says("unknown-deployment", 400, error("Unknown model: gpt-4o", code="unknown_model")),
    "F5: blocked": says(
        "firewall", 200, "<html><title>Request Rejected</title>The requested URL was rejected. Your support ID is: 1"
    ),
    "Palo Alto: filter": says("proxy", 503, "<html><title>Web Page Blocked</title>Access has been blocked by policy"),
    "Fortinet: filter": says("proxy", 403, "<html><title>Web Filter Violation</title>FortiGuard Intrusion Prevention"),
    "Groq: model": says(
        "unknown-deployment",
        404,
        error("The model `llama` does not exist or you do not have access to it.", code="model_not_found"),
    ),
    "Together: busy": says("upstream", 503, error("The server is overloaded or not ready yet.")),
    "Fireworks: pace": says("rate-limit", 429, error("Rate limit exceeded, please try again later")),
}
