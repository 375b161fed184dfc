"""ARM parameter files in the shapes of the public connection templates, with values filled in."""

from __future__ import annotations

from typing import Any, Final

PROJECT: Final = (
    "/subscriptions/1/resourceGroups/rg/providers/Microsoft.CognitiveServices/accounts/contoso/projects/workshop"
)
SERVICE: Final = "/subscriptions/1/resourceGroups/rg/providers/Microsoft.ApiManagement/service/contoso"


def _model(name: str) -> dict[str, Any]:
    return {"name": name, "properties": {"model": {"name": name, "version": "2024-08-06", "format": "OpenAI"}}}


_MODELS: Final = [_model("gpt-4o"), _model("gpt-4o-mini")]
_COMMON: Final = {"projectResourceId": PROJECT, "connectionName": "contoso", "authType": "ApiKey"}
_APIM: Final = _COMMON | {
    "apimResourceId": SERVICE,
    "apiName": "openai",
    "isSharedToAll": False,
    "deploymentInPath": "false",
    "inferenceAPIVersion": "",
    "deploymentAPIVersion": "",
}
_GATEWAY: Final = _COMMON | {
    "targetUrl": "https://gateway.test",
    "gatewayName": "gateway",
    "isSharedToAll": False,
    "deploymentInPath": "false",
    "inferenceAPIVersion": "",
}
_BEARER: Final = {"type": "api_key", "name": "Authorization", "format": "Bearer {api_key}"}
_DEPLOYMENTS: Final = {
    "listModelsEndpoint": "/deployments",
    "getModelEndpoint": "/deployments/{deploymentName}",
    "deploymentProvider": "AzureOpenAI",
}

SHAPES: Final[dict[str, dict[str, Any]]] = {
    "apim-custom-auth-config": _APIM
    | {"authConfig": {"type": "api_key", "name": "X-Key", "format": "{api_key}"}, "staticModels": _MODELS},
    "apim-dynamic-discovery": _APIM | _DEPLOYMENTS,
    "apim-static-models": _APIM | {"staticModels": _MODELS},
    "modelgateway-custom-auth-config": _GATEWAY
    | {"staticModels": _MODELS, "authConfig": _BEARER, "customHeaders": {"X-Environment": "production"}},
    "modelgateway-dynamic": _GATEWAY
    | _DEPLOYMENTS
    | {"deploymentAPIVersion": "", "customHeaders": {"X-Environment": "production"}},
    "modelgateway-foundryopenai": _GATEWAY
    | {
        "targetUrl": "https://contoso.openai.test/openai",
        "deploymentInPath": "true",
        "inferenceAPIVersion": "2025-03-01-preview",
        "staticModels": _MODELS,
    },
    "modelgateway-oauth2": _GATEWAY
    | {
        "authType": "OAuth2",
        "clientId": "client",
        "tokenUrl": "https://login.test/token",
        "scopes": ["one", "two"],
        "staticModels": _MODELS,
        "customHeaders": {"X-Environment": "production", "X-Route-Policy": "premium"},
    },
    "modelgateway-openai": {
        **_COMMON,
        "targetUrl": "https://api.openai.test",
        "gatewayName": "openai",
        "listModelsEndpoint": "v1/models",
        "getModelEndpoint": "v1/models/{deploymentName}",
        "deploymentProvider": "OpenAI",
        "deploymentInPath": "false",
        "authConfig": _BEARER,
        "isSharedToAll": False,
    },
    "modelgateway-static": _GATEWAY | {"staticModels": _MODELS},
}


def parameter_file(values: dict[str, Any]) -> dict[str, Any]:
    """The file around the values, comments as the public files have them."""
    parameters = {name: {"_comment": "YOUR-COMMENT stays a comment", "value": value} for name, value in values.items()}
    return {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#",
        "contentVersion": "1.0.0.0",
        "parameters": parameters,
    }
