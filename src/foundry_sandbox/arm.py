"""Azure Resource Manager: which path means which resource, and who may ask."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.convertors import StringConvertor, register_url_convertor
from starlette.middleware import Middleware
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from foundry_sandbox import azure, connection_resource, resources
from foundry_sandbox.access import BearerCheck
from foundry_sandbox.body import json_object
from foundry_sandbox.refusal import RefusalError
from foundry_sandbox.resources import Call

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from foundry_sandbox.connections import Scope
    from foundry_sandbox.resources import Handler
    from foundry_sandbox.state import State

ACCOUNT = ("subscriptions", "resourcegroups", "providers", "accounts")
PROJECT = (*ACCOUNT, "projects")
SERVICE = ("subscriptions", "resourcegroups", "providers", "service")

NAMES = {
    "subscriptions": (azure.SUBSCRIPTION, "SubscriptionNotFound"),
    "resourcegroups": (azure.GROUP, "ResourceGroupNotFound"),
    "accounts": (azure.ACCOUNT, "ResourceNotFound"),
    "projects": (azure.PROJECT, "ResourceNotFound"),
    "service": (azure.SERVICE, "ResourceNotFound"),
}
PROVIDERS = {"accounts": "microsoft.cognitiveservices", "service": "microsoft.apimanagement"}

HANDLERS: Mapping[tuple[tuple[str, ...], str], Mapping[str, Handler]] = {
    (("subscriptions",), ""): {"GET": resources.get_subscription},
    (("subscriptions", "resourcegroups"), ""): {"GET": resources.get_group},
    (ACCOUNT, ""): {"GET": resources.get_account},
    (PROJECT, ""): {"GET": resources.get_project},
    (SERVICE, ""): {"GET": resources.get_service},
    (SERVICE, "apis"): {"GET": resources.list_apis},
    ((*SERVICE, "apis"), ""): {"GET": resources.get_api},
    **connection_resource.handlers(ACCOUNT),
    **connection_resource.handlers(PROJECT),
}


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
        return _answer(state, request, await json_object(request))

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


def _answer(state: State, request: Request, body: Mapping[str, Any]) -> Response:
    segments = [segment for segment in request.url.path.split("/") if segment]
    pairs = list(zip(segments[::2], segments[1::2], strict=False))
    types = tuple(kind.lower() for kind, _ in pairs)
    tail = segments[-1].lower() if len(segments) % 2 else ""
    handler = HANDLERS.get((types, tail), {}).get(request.method)
    _check_names(pairs)
    if handler is None:
        message = f"the sandbox has no {request.method} {request.url.path}"
        raise RefusalError(message, status=404, code="InvalidResourceType")
    scope: Scope = "project" if "projects" in types else "account"
    return handler(Call(state=state, scope=scope, name=pairs[-1][1], query=request.query_params, body=body))


def _demand_api_version(request: Request) -> None:
    if not request.query_params.get("api-version"):
        message = "The api-version query parameter (?api-version=) is required for all requests."
        raise RefusalError(message, status=400, code="MissingApiVersionParameter")


def _check_names(pairs: list[tuple[str, str]]) -> None:
    given = {kind.lower(): name for kind, name in pairs}
    for kind, name in given.items():
        expected, code = NAMES.get(kind, (name, ""))
        if name.lower() != expected.lower():
            message = f"The resource '{kind}/{name}' was not found: the sandbox has '{kind}/{expected}'."
            raise RefusalError(message, status=404, code=code)
        if PROVIDERS.get(kind, given.get("providers", "").lower()) != given.get("providers", "").lower():
            message = f"The provider of '{kind}' is {PROVIDERS[kind]}, not {given.get('providers')}."
            raise RefusalError(message, status=404, code="InvalidResourceType")
