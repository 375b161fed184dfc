"""More answers of gateways, held out once: 21 of these 36 were named rightly when they were first diagnosed.

The rules have learned from them since, as far as the words are a meaning and not a product's habit.
"""

from __future__ import annotations

from tests.faults.wordings import Wording, error, says

LATER: dict[str, Wording] = {
    "Gravitee: key": says("wrong-key", 401, {"message": "Unauthorized", "http_status_code": 401}),
    "WSO2: key unseen": says(
        "no-key-seen",
        401,
        {
            "code": "900902",
            "message": "Missing Credentials",
            "description": "Make sure your API invocation call has a header: 'Authorization : Bearer ACCESS_TOKEN'",
        },
    ),
    "WSO2: key": says(
        "wrong-key",
        401,
        {"code": "900901", "message": "Invalid Credentials", "description": "Access failure for API: /chat/1.0.0"},
    ),
    "WSO2: quota": says(
        "quota-used-up",
        429,
        {"code": "900804", "message": "Message throttled out", "description": "You have exceeded your quota"},
    ),
    "WSO2: route": says(
        "wrong-path", 404, {"code": "404", "message": "Not Found", "description": "The requested resource is not there"}
    ),
    "Tyk: key unseen": says("no-key-seen", 401, {"error": "Authorization field missing"}),
    "Tyk: key": says("wrong-key", 403, {"error": "Key not authorised"}),
    "Tyk: policy": says("forbidden", 403, {"error": "Access to this API has been disallowed"}),
    "HAProxy: backend": says(
        "upstream", 503, "<html><h1>503 Service Unavailable</h1>No server is available to handle this request.</html>"
    ),
    "Google: key": says(
        "wrong-key",
        400,
        [error("API key not valid. Please pass a valid API key.", code=400, status="INVALID_ARGUMENT")],
    ),
    "Google: key unseen": says(
        "no-key-seen",
        401,
        {
            "code": 16,
            "message": "UNAUTHENTICATED: Method doesn't allow unregistered callers. Please use API Key or other form "
            "of API consumer identity to call this API.",
        },
    ),
    "Google: pace": says(
        "rate-limit",
        429,
        error(
            "Quota exceeded for quota metric 'Generate Content API requests per minute'", status="RESOURCE_EXHAUSTED"
        ),
    ),
    "OpenRouter: key unseen": says("no-key-seen", 401, error("No auth credentials found", code=401)),
    "OpenRouter: credit": says("quota-used-up", 402, error("Insufficient credits", code=402)),
    "OpenRouter: model": says("unknown-deployment", 400, error("contoso/x is not a valid model ID", code=400)),
    "one-api: key": says("wrong-key", 401, error("无效的令牌", type="one_api_error")),
    "one-api: model": says(
        "unknown-deployment", 503, error("No available channel for model gpt-4o under group default")
    ),
    "Databricks: model": says(
        "unknown-deployment",
        404,
        {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "The given endpoint does not exist, please retry."},
    ),
    "Databricks: key": says("wrong-key", 403, {"error_code": 403, "message": "Invalid access token."}),
    "TGI: tokens": says(
        "context-length",
        422,
        {"error": "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 2048. Given: 3000 tokens"},
    ),
    "Bedrock: tokens": says("context-length", 400, {"message": "Input is too long for requested model."}),
    "Bedrock: model": says(
        "model-not-allowed", 403, {"message": "You don't have access to the model with the specified model ID."}
    ),
    "Mistral: model": says(
        "unknown-deployment", 400, {"object": "error", "message": "Invalid model: gpt-4o", "type": "invalid_model"}
    ),
    "DataPower: client": says(
        "wrong-key",
        401,
        {"httpCode": "401", "httpMessage": "Unauthorized", "moreInformation": "Invalid client id or secret."},
    ),
    "DataPower: route": says(
        "wrong-path", 404, {"httpCode": "404", "moreInformation": "No resources match requested URI"}
    ),
    "Application Gateway: backend": says(
        "upstream", 502, "<html><h1>502 Bad Gateway</h1><hr>Microsoft-Azure-Application-Gateway/v2</html>"
    ),
    "Application Gateway: blocked": says(
        "firewall", 403, "<html><h1>403 Forbidden</h1><hr>Microsoft-Azure-Application-Gateway/v2</html>"
    ),
    "Front Door: route": says(
        "wrong-path", 404, "<!DOCTYPE html><h2>Oops! We weren't able to find your Azure Front Door configuration.</h2>"
    ),
    "Akamai: blocked": says(
        "firewall",
        403,
        "<HTML><TITLE>Access Denied</TITLE>You don't have permission to access this server. Reference #18</HTML>",
    ),
    "DeepSeek: credit": says("quota-used-up", 402, error("Insufficient Balance")),
    "NIM: model": says(
        "unknown-deployment",
        404,
        {"status": 404, "title": "Not Found", "detail": "Function 'x': Not found for account"},
    ),
    "Portkey: key": says("wrong-key", 401, {"status": "failure", "message": "Invalid API Key. Error Code: 03"}),
    "Caddy: backend": says("upstream", 502, "", server="Caddy"),
    "LM Studio: route": says("wrong-path", 200, {"error": "Unexpected endpoint or method. (POST /chat/completions)"}),
    "DashScope: filter": says(
        "content-filter",
        400,
        error("Input text data may contain inappropriate content.", code="data_inspection_failed"),
    ),
    "Snowflake: model": says("unknown-deployment", 400, {"message": "unknown model gpt-4o", "error_code": "370001"}),
}
