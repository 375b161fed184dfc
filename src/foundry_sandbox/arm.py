"""Azure Resource Manager over HTTP: who may ask, and how a request is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.convertors import StringConvertor, register_url_convertor
from starlette.middleware import Middleware
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from foundry_sandbox import resource_path, resources, template_deployments
from foundry_sandbox.access import BearerCheck
from foundry_sandbox.body import json_object
from foundry_sandbox.refusal import RefusalError
from foundry_sandbox.resource_path import Asked

if TYPE_CHECKING:
    from starlette.requests import Request

    from foundry_sandbox.resource_path import Handlers
    from foundry_sandbox.state import State

HANDLERS: Handlers = {**resource_path.HANDLERS, **template_deployments.handlers(resource_path.GROUP)}


class _Subscriptions(StringConvertor):
    """The first word of a resource path, in any case: resource ids ignore it."""

    regex = "(?i:subscriptions)"


register_url_convertor("subscriptions", _Subscriptions())


def audiences(state: State) -> set[str]:
    """Return what a token for this ARM may be made out to, the sandbox's own URL among them."""
    hosts = {"https://management.azure.com", "https://management.core.windows.net", state.url}
    hosts.add(state.url.replace("//127.0.0.1:", "//localhost:"))
    return {form for host in hosts if host for form in (host, f"{host}/")}


def routes(state: State) -> list[BaseRoute]:
    """Return /subscriptions… (bearer token, api-version) and /metadata/endpoints (open to all)."""
    guard = [Middleware(BearerCheck, state=state, audiences=audiences(state))]

    async def resource(request: Request) -> Response:
        _demand_api_version(request)
        path = request.url.path
        body = await (template_deployments.body if template_deployments.concerned(path) else json_object)(request)
        asked = Asked(method=request.method, path=path, query=request.query_params, body=body)
        return resource_path.answer(state, asked, handlers=HANDLERS)

    async def subscriptions(request: Request) -> Response:
        _demand_api_version(request)
        return JSONResponse({"value": [resources.subscription()], "count": {"type": "Total", "value": 1}})

    async def metadata(_: Request) -> Response:
        return JSONResponse(resources.cloud_metadata(state.url))

    methods = ["GET", "PUT", "PATCH", "DELETE", "POST"]
    return [
        Route("/metadata/endpoints", metadata),
        Route("/{root:subscriptions}", subscriptions, middleware=guard),
        Route("/{root:subscriptions}/{rest:path}", resource, methods=methods, middleware=guard),
    ]


def _demand_api_version(request: Request) -> None:
    if not request.query_params.get("api-version"):
        message = "The api-version query parameter (?api-version=) is required for all requests."
        raise RefusalError(message, status=400, code="MissingApiVersionParameter")
