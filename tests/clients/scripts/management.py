"""What both releases of azure-mgmt-cognitiveservices are asked with: the client, and a resource as it sees one."""

from __future__ import annotations

import os
from typing import Any

from azure.identity import DefaultAzureCredential
from azure.mgmt.cognitiveservices import CognitiveServicesManagementClient

SUBSCRIPTION, GROUP, ACCOUNT, PROJECT = (os.environ["PROJECT_RESOURCE_ID"].split("/")[at] for at in (2, 4, 8, 10))
PLACE = {"resource_group_name": GROUP, "account_name": ACCOUNT, "project_name": PROJECT}
ON_ACCOUNT = {"resource_group_name": GROUP, "account_name": ACCOUNT}


def client() -> CognitiveServicesManagementClient:
    """A client of the sandbox's ARM; use it as a context."""
    return CognitiveServicesManagementClient(
        DefaultAzureCredential(), SUBSCRIPTION, base_url=os.environ["AZURE_RESOURCE_MANAGER"]
    )


def seen(resource: Any) -> dict[str, Any]:
    """A connection as attributes of the client's model, under ARM's names."""
    properties = resource.properties
    return {
        "id": resource.id,
        "type": resource.type,
        "category": properties.category,
        "target": properties.target,
        "authType": properties.auth_type,
        "isSharedToAll": properties.is_shared_to_all,
        "metadata": dict(properties.metadata or {}),
        "credentials": getattr(properties, "credentials", None),
    }
