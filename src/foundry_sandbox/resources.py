"""The resources that only need to be there: subscription, group, account, project, API Management."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from starlette.responses import JSONResponse, Response

from foundry_sandbox import azure
from foundry_sandbox.refusal import RefusalError

if TYPE_CHECKING:
    from foundry_sandbox.connections import Scope
    from foundry_sandbox.state import State

APIS = {"apim": "apim/openai", "apim-static": "apim-static/openai", "identity": "identity/openai"}


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request to ARM, its path read: which scope, and the name of the last resource."""

    state: State
    scope: Scope
    name: str
    query: Mapping[str, str]
    body: Mapping[str, Any]


Handler = Callable[[Call], Response]


def subscription() -> dict[str, Any]:
    """Return the one subscription."""
    return {
        "id": f"/subscriptions/{azure.SUBSCRIPTION}",
        "subscriptionId": azure.SUBSCRIPTION,
        "tenantId": azure.TENANT,
        "displayName": "Sandbox",
        "state": "Enabled",
    }


def _named_resource(identifier: str, kind: str, properties: Mapping[str, Any]) -> Response:
    name = identifier.rpartition("/")[2]
    return JSONResponse({"id": identifier, "name": name, "type": kind, "location": "local", "properties": properties})


def get_account(call: Call) -> Response:
    """Answer the account."""
    properties = {
        "provisioningState": "Succeeded",
        "endpoint": call.state.url,
        "allowProjectManagement": True,
    }
    return _named_resource(azure.ACCOUNT_ID, "Microsoft.CognitiveServices/accounts", properties)


def get_project(call: Call) -> Response:
    """Answer the project."""
    endpoint = f"{call.state.url}{azure.PROJECT_PATH}"
    properties = {"provisioningState": "Succeeded", "endpoints": {"AI Foundry API": endpoint}}
    return _named_resource(azure.PROJECT_ID, "Microsoft.CognitiveServices/accounts/projects", properties)


def get_service(call: Call) -> Response:
    """Answer the API Management service; the gateways of this sandbox stand behind it."""
    properties = {"provisioningState": "Succeeded", "gatewayUrl": f"{call.state.url}/gateways"}
    return _named_resource(azure.SERVICE_ID, "Microsoft.ApiManagement/service", properties)


def _api(name: str) -> dict[str, Any]:
    return {
        "id": f"{azure.SERVICE_ID}/apis/{name}",
        "name": name,
        "type": "Microsoft.ApiManagement/service/apis",
        "properties": {"displayName": name, "path": APIS[name], "protocols": ["http"], "isCurrent": True},
    }


def get_api(call: Call) -> Response:
    """Answer one API of the service."""
    if call.name.lower() not in APIS:
        message = f"API '{call.name}' was not found: the service has {', '.join(APIS)}."
        raise RefusalError(message, status=404, code="ResourceNotFound")
    return JSONResponse(_api(call.name.lower()))


def list_apis(_: Call) -> Response:
    """Answer the APIs of the service."""
    return JSONResponse({"value": [_api(name) for name in APIS], "count": len(APIS)})


def get_subscription(_: Call) -> Response:
    """Answer the one subscription."""
    return JSONResponse(subscription())


def get_group(_: Call) -> Response:
    """Answer the resource group."""
    return _named_resource(azure.GROUP_ID, "Microsoft.Resources/resourceGroups", {"provisioningState": "Succeeded"})


def cloud_metadata(url: str) -> dict[str, Any]:
    """Describe this cloud as `az cloud register` wants it."""
    host = urlsplit(url).netloc
    login = {"loginEndpoint": url, "audiences": [f"{url}/"], "tenant": "common", "identityProvider": "AAD"}
    return {
        "name": "FoundrySandbox",
        "authentication": login,
        "resourceManager": f"{url}/",
        "graph": f"{url}/",
        "graphAudience": f"{url}/",
        "microsoftGraphResourceId": f"{url}/",
        "media": url,
        "batch": url,
        "gallery": url,
        "portal": f"{url}/",
        "sqlManagement": url,
        "vmImageAliasDoc": url,
        "activeDirectoryDataLake": url,
        "suffixes": {"storage": host, "keyVaultDns": host, "sqlServerHostname": host},
    }
