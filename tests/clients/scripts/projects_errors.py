"""What a user of azure-ai-projects catches when the project says no."""

import os

from azure.ai.projects import AIProjectClient
from azure.ai.projects.models import (
    ApiErrorResponse,
    BingGroundingSearchConfiguration,
    BingGroundingSearchToolParameters,
    BingGroundingTool,
    PromptAgentDefinition,
)
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ResourceNotFoundError
from azure.identity import DefaultAzureCredential
from refusals import refused

ENDPOINT = os.environ["AZURE_AI_PROJECT_ENDPOINT"]


class Fixed:
    """A credential with one token, whatever is asked for."""

    def __init__(self, token: str) -> None:
        self.token = token

    def get_token(self, *_: str, **__: object) -> AccessToken:
        return AccessToken(self.token, 4_000_000_000)


with DefaultAzureCredential() as credential:
    other = credential.get_token("https://management.azure.com/.default").token
    for token in ("forged", other):
        with AIProjectClient(endpoint=ENDPOINT, credential=Fixed(token)) as stranger:
            for call in (
                lambda stranger=stranger: list(stranger.agents.list()),
                lambda stranger=stranger: stranger.connections.get("sandbox-apim"),
                lambda stranger=stranger: list(stranger.deployments.list()),
            ):
                error = refused(call, ClientAuthenticationError)
                assert error.status_code == 401, error

    with AIProjectClient(endpoint=ENDPOINT, credential=credential) as project:
        fine = PromptAgentDefinition(model="sandbox-apim/gpt-4o")
        for name in ("-a", "a-", "a" * 64, "a_b"):
            error = refused(lambda name=name: project.agents.create_version(name, definition=fine), HttpResponseError)
            assert error.status_code == 400, error
            assert isinstance(error.model, ApiErrorResponse), error.model
            assert "is not allowed" in error.model.error.message, error.model
        for definition in ({"kind": "hosted", "image": "x"}, {"kind": "prompt"}, {"kind": "prompt", "model": ""}):
            body = {"definition": definition}
            error = refused(lambda body=body: project.agents.create_version("wrong", body), HttpResponseError)
            assert (error.status_code, error.model.error.code) == (400, "invalid_request_error"), error
        search = BingGroundingSearchConfiguration(project_connection_id="tool")
        bing = BingGroundingTool(bing_grounding=BingGroundingSearchToolParameters(search_configurations=[search]))
        with_bing = PromptAgentDefinition(model="sandbox-apim/gpt-4o", tools=[bing])
        error = refused(lambda: project.agents.create_version("wrong", definition=with_bing), HttpResponseError)
        assert error.status_code == 400, error
        assert "bing_grounding" in error.model.error.message, error.model
        for call in (
            lambda: project.agents.get("nobodys"),
            lambda: project.agents.delete("nobodys"),
            lambda: list(project.agents.list_versions("nobodys")),
            lambda: project.agents.get_version("nobodys", "1"),
        ):
            error = refused(call, ResourceNotFoundError)
            assert error.status_code == 404, error
        for limit in (0, 101):
            error = refused(lambda limit=limit: list(project.agents.list(limit=limit)), HttpResponseError)
            assert "limit" in error.model.error.message, error

    with AIProjectClient(endpoint=ENDPOINT.replace("/workshop", "/elsewhere"), credential=credential) as elsewhere:
        error = refused(lambda: list(elsewhere.agents.list()), ResourceNotFoundError)
        assert error.status_code == 404, error
