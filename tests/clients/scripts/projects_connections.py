"""Connections and deployments as a user of azure-ai-projects reads them."""

import os

from azure.ai.projects import AIProjectClient
from azure.ai.projects.models import ApiKeyCredentials, ConnectionType, ModelDeployment
from azure.core.exceptions import ResourceNotFoundError
from azure.identity import DefaultAzureCredential
from refusals import refused

MANY = int(os.environ["MANY_CONNECTIONS"])

with (
    DefaultAzureCredential() as credential,
    AIProjectClient(endpoint=os.environ["AZURE_AI_PROJECT_ENDPOINT"], credential=credential) as project,
):
    connections = list(project.connections.list())
    names = [connection.name for connection in connections]
    assert len(names) == len(set(names)), names
    assert {"sandbox-apim", "sandbox-oauth2", "sandbox-apim-identity", "sandbox-shared"} <= set(names), names

    pages = list(project.connections.list(connection_type=ConnectionType.APPLICATION_CONFIGURATION).by_page())
    assert len(pages) > 1, "all of them came in one page"
    assert len({connection.name for page in pages for connection in page}) == MANY

    gateways = [connection.name for connection in project.connections.list(connection_type="ModelGateway")]
    assert "sandbox-oauth2" in gateways, gateways
    assert not {"sandbox-apim", "beside-00"} & set(gateways), gateways
    assert "sandbox-apim" not in [one.name for one in project.connections.list(default_connection=True)]

    apim = project.connections.get("sandbox-apim")
    assert (apim.type, apim.is_default) == ("ApiManagement", False), apim
    assert apim.target.endswith("/gateways/apim/openai"), apim.target
    assert apim.metadata["deploymentInPath"] == "true", apim.metadata
    assert apim.credentials.type == "ApiKey", apim.credentials
    assert apim.id.endswith("/projects/workshop/connections/sandbox-apim"), apim.id
    assert getattr(apim.credentials, "api_key", None) is None, "a key nobody asked for"

    with_key = project.connections.get("sandbox-apim", include_credentials=True)
    assert isinstance(with_key.credentials, ApiKeyCredentials), with_key.credentials
    assert with_key.credentials.api_key, "no key"

    oauth2 = project.connections.get("sandbox-oauth2", include_credentials=True)
    assert oauth2.credentials.type == "OAuth2", oauth2.credentials
    assert oauth2.credentials["clientId"] == "sandbox-client", oauth2.credentials.keys()
    identity = project.connections.get("sandbox-apim-identity", include_credentials=True)
    assert identity.credentials.type == "ProjectManagedIdentity", identity.credentials

    default = project.connections.get_default(ConnectionType.AZURE_OPEN_AI, include_credentials=True)
    assert (default.name, default.is_default) == ("sandbox-default", True), default
    assert "nobodys" in str(refused(lambda: project.connections.get("nobodys"), ResourceNotFoundError))

    deployments = list(project.deployments.list())
    assert all(isinstance(deployment, ModelDeployment) for deployment in deployments), deployments
    own = project.deployments.get(deployments[0].name)
    assert (own.model_name, own.model_publisher) == ("gpt-4o-mini", "OpenAI"), own
    assert own.sku.capacity == 10, own.sku
    assert [one.name for one in project.deployments.list(model_publisher="OpenAI")] == [own.name]
    assert [one.name for one in project.deployments.list(model_name=own.model_name)] == [own.name]
    assert not list(project.deployments.list(model_publisher="Nobody"))
    assert [one.name for one in project.deployments.list(deployment_type="ModelDeployment")] == [own.name]
    assert "gpt-4o-mini" in str(refused(lambda: project.deployments.get("nobodys"), ResourceNotFoundError))
