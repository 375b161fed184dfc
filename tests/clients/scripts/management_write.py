"""Connections as a user of azure-mgmt-cognitiveservices makes them: each resource on standard input, in three ways.

`models` builds the client's own models of it, `dict` gives the client the JSON as it stands, `bytes` sends it as it is.
Prints what became of each: nothing for one that was made, else the code of the refusal.
"""

import io
import json
import os
import sys
from typing import Any

from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.mgmt.cognitiveservices import models
from management import PLACE, client
from refusals import refused


def of_models(resource: dict[str, Any]) -> models.ConnectionPropertiesV2BasicResource:
    """The resource in the client's own models, with everything they have a place for."""
    properties = resource["properties"]
    common = {
        "category": properties["category"],
        "target": properties["target"],
        "is_shared_to_all": properties["isSharedToAll"],
        "metadata": properties["metadata"],
    }
    return models.ConnectionPropertiesV2BasicResource(properties=MODELS[properties["authType"]](properties, common))


def of_key(properties: dict[str, Any], common: dict[str, Any]) -> models.ConnectionPropertiesV2:
    credentials = models.ConnectionApiKey(key=properties["credentials"]["key"])
    return models.ApiKeyAuthConnectionProperties(credentials=credentials, **common)


def of_oauth2(properties: dict[str, Any], common: dict[str, Any]) -> models.ConnectionPropertiesV2:
    given = properties["credentials"]
    credentials = models.ConnectionOAuth2(client_id=given["clientId"], client_secret=given["clientSecret"])
    return models.OAuth2AuthTypeConnectionProperties(credentials=credentials, **common)


def of_identity(properties: dict[str, Any], common: dict[str, Any]) -> models.ConnectionPropertiesV2:
    """Neither release has a model for the project's managed identity: the base class, told what it is."""
    if PREVIEW:
        return models.ConnectionPropertiesV2(auth_type=properties["authType"], **common)
    base = models.ConnectionPropertiesV2(**common)
    base.auth_type = properties["authType"]
    return base


def written(name: str, body: object) -> str | None:
    """Create the connection, and again over it; the code of the refusal where there is one."""
    try:
        made = connections.create(**PLACE, connection_name=name, connection=body())
    except HttpResponseError as error:
        return error.error.code
    assert made.name == name, made
    assert connections.create(**PLACE, connection_name=name, connection=body()).id == made.id
    assert connections.get(**PLACE, connection_name=name).id == made.id
    return None


MODELS = {"ApiKey": of_key, "OAuth2": of_oauth2, "ProjectManagedIdentity": of_identity}
PREVIEW = os.environ["RELEASE"] == "preview"
WAYS = {
    "models": of_models,
    "dict": lambda resource: resource,
    "bytes": lambda resource: io.BytesIO(json.dumps(resource).encode()),
}

with client() as arm:
    connections = arm.project_connections
    outcomes = {
        f"{name}-{way}": written(f"{name}-{way}", lambda make=make, resource=resource: make(resource))
        for name, resource in json.load(sys.stdin).items()
        for way, make in WAYS.items()
    }
    name = next(iter(outcomes))
    connections.delete(**PLACE, connection_name=name)
    refused(lambda: connections.get(**PLACE, connection_name=name), ResourceNotFoundError)

json.dump({"deleted": name, "outcomes": outcomes}, sys.stdout)
