"""The project's data plane: connections and deployments as the official projects client reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.middleware import Middleware
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from foundry_sandbox import agents, azure, connections, conversations, responses
from foundry_sandbox.access import BearerCheck
from foundry_sandbox.connection_resource import connection_id
from foundry_sandbox.paging import linked_page
from foundry_sandbox.refusal import not_found

if TYPE_CHECKING:
    from starlette.requests import Request

    from foundry_sandbox.agent_service import AgentService
    from foundry_sandbox.connections import Connection
    from foundry_sandbox.state import State

AUDIENCES = frozenset({"https://ai.azure.com", "https://ai.azure.com/"})

OWN_DEPLOYMENTS = (
    {
        "type": "ModelDeployment",
        "name": azure.OWN_MODEL,
        "modelName": azure.OWN_MODEL,
        "modelVersion": "2024-07-18",
        "modelPublisher": "OpenAI",
        "capabilities": {"chat_completion": "true"},
        "sku": {"name": "GlobalStandard", "capacity": 10, "family": "", "size": "", "tier": ""},
        "connectionName": None,
    },
)
FILTERS = {"modelPublisher": "modelPublisher", "modelName": "modelName", "deploymentType": "type"}


def routes(state: State, *, service: AgentService) -> list[BaseRoute]:
    """Return everything under the project endpoint; all of it wants a token for https://ai.azure.com."""
    guard = Middleware(BearerCheck, state=state, audiences=AUDIENCES)
    agent_base = "/agents/{agent}/endpoint/protocols/openai"
    bases = [
        Mount(base, routes=conversations.routes(state) + responses.routes(state, service=service))
        for base in ("/openai/v1", agent_base)
    ]
    inner = [*_connection_routes(state), *_deployment_routes(), *bases, *agents.routes(state)]
    return [Mount(azure.PROJECT_PATH, routes=inner, middleware=[guard])]


def _connection_routes(state: State) -> list[BaseRoute]:
    async def listed(request: Request) -> Response:
        found = [_connection(one) for one in connections.visible(state)]
        kind, default = (
            request.query_params.get("connectionType"),
            request.query_params.get("defaultConnection"),
        )
        chosen = [one for one in found if kind in {None, one["type"]}]
        wanted = [one for one in chosen if default is None or one["isDefault"] == (default.lower() == "true")]
        return JSONResponse(linked_page(wanted, url=request.url, query=request.query_params))

    async def one(request: Request) -> Response:
        return JSONResponse(_connection(_existing(state, request.path_params["name"])))

    async def with_credentials(request: Request) -> Response:
        connection = _existing(state, request.path_params["name"])
        return JSONResponse({**_connection(connection), "credentials": _credentials(connection)})

    return [
        Route("/connections", listed),
        Route("/connections/{name}", one),
        Route("/connections/{name}/getConnectionWithCredentials", with_credentials, methods=["POST"]),
    ]


def _deployment_routes() -> list[BaseRoute]:
    async def listed(request: Request) -> Response:
        asked = {field: request.query_params.get(query) for query, field in FILTERS.items()}
        value = [
            deployment
            for deployment in OWN_DEPLOYMENTS
            if all(wanted in (None, deployment[field]) for field, wanted in asked.items())
        ]
        return JSONResponse(linked_page(value, url=request.url, query=request.query_params))

    async def one(request: Request) -> Response:
        for deployment in OWN_DEPLOYMENTS:
            if deployment["name"] == request.path_params["name"]:
                return JSONResponse(deployment)
        raise not_found(f"Deployment '{request.path_params['name']}' not found: the project has {azure.OWN_MODEL}")

    return [Route("/deployments", listed), Route("/deployments/{name:path}", one)]


def _existing(state: State, name: str) -> Connection:
    connection = connections.find_for_project(state, name)
    if connection is None:
        raise not_found(f"Connection '{name}' not found")
    return connection


def _connection(connection: Connection) -> dict[str, Any]:
    return {
        "name": connection.name,
        "id": connection_id(connection),
        "type": connection.category,
        "target": connection.target,
        "isDefault": bool(connection.properties.get("isDefault", False)),
        "credentials": {"type": connection.auth_type},
        "metadata": dict(connection.metadata),
    }


def _credentials(connection: Connection) -> dict[str, Any]:
    secrets = dict(connection.credentials or {})
    # Custom keys sit beside "type" here, although ARM keeps them one level down.
    keys = secrets.pop("keys", {}) if connection.auth_type == "CustomKeys" else {}
    return {"type": connection.auth_type, **secrets, **keys}
