"""The resources that only need to be there: subscription, group, account, project."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from starlette.responses import JSONResponse, Response

from foundry_sandbox import azure

if TYPE_CHECKING:
    from foundry_sandbox.connections import Scope
    from foundry_sandbox.state import State


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request to ARM, its path read: which scope, and the names of the last resource and the one before it."""

    state: State
    scope: Scope
    name: str
    parent: str = ""
    query: Mapping[str, str]
    body: Mapping[str, Any] = field(repr=False)


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


def named_resource(identifier: str, kind: str, properties: Mapping[str, Any]) -> Response:
    """Answer a resource by its id."""
    name = identifier.rpartition("/")[2]
    return JSONResponse({"id": identifier, "name": name, "type": kind, "location": "local", "properties": properties})


def get_account(call: Call) -> Response:
    """Answer the account."""
    properties = {
        "provisioningState": "Succeeded",
        "endpoint": call.state.url,
        "allowProjectManagement": True,
    }
    return named_resource(azure.ACCOUNT_ID, "Microsoft.CognitiveServices/accounts", properties)


def get_project(call: Call) -> Response:
    """Answer the project."""
    endpoint = f"{call.state.url}{azure.PROJECT_PATH}"
    properties = {"provisioningState": "Succeeded", "endpoints": {"AI Foundry API": endpoint}}
    return named_resource(azure.PROJECT_ID, "Microsoft.CognitiveServices/accounts/projects", properties)


def get_subscription(_: Call) -> Response:
    """Answer the one subscription."""
    return JSONResponse(subscription())


def get_group(_: Call) -> Response:
    """Answer the resource group."""
    return named_resource(azure.GROUP_ID, "Microsoft.Resources/resourceGroups", {"provisioningState": "Succeeded"})


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
