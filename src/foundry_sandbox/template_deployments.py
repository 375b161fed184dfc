"""Deployments of templates over HTTP: validate, deploy, what-if, and what became of them.

Not to be confused with the model deployments the gateways list.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import JSONResponse, Response

from foundry_sandbox import connections, resource_path, template_plan, template_text, template_what_if
from foundry_sandbox import template_record as record
from foundry_sandbox.refusal import RefusalError
from foundry_sandbox.resource_path import Asked
from foundry_sandbox.template_error import ResourceError, TemplateError
from foundry_sandbox.template_plan import Order, Plan
from foundry_sandbox.template_world import World

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from foundry_sandbox.resource_path import Handlers
    from foundry_sandbox.resources import Call, Handler
    from foundry_sandbox.state import State

NAME: Final = re.compile(r"[\w.()-]{1,64}")
PATH: Final = re.compile(r"/providers/microsoft\.resources/deployments/[^/]+(/[^/]+)?/?$", re.IGNORECASE)
# Azure CLI waits half a minute when this is missing, or 0.
POLL: Final = {"Retry-After": "1"}
FORETOLD: Final = {"InvalidTemplate", "InvalidTemplateDeployment"}


class InvalidDeployment(RefusalError):  # noqa: N818  # an answer, as its siblings are
    """A deployment that does not start; `details` say which resource is to blame."""

    def __init__(self, message: str, *, code: str, details: list[dict[str, str]] | None = None) -> None:
        super().__init__(message, status=400, code=code)
        self.details = details

    def arm_body(self) -> dict[str, Any]:
        """Write the error as Azure Resource Manager does, details and all."""
        body = super().arm_body()
        return body if self.details is None else {"error": {**body["error"], "details": self.details}}


def handlers(group: tuple[str, ...]) -> dict[tuple[tuple[str, ...], str], dict[str, Handler]]:
    """Return the operations on the deployments of a resource group, by the types in the path and its tail."""
    provider = (*group, "providers")
    one = (*provider, "deployments")
    return {
        (provider, "deployments"): {"GET": _list},
        (one, ""): {"GET": _get, "HEAD": _head, "PUT": _put, "DELETE": _delete},
        (one, "validate"): {"POST": _validate},
        (one, "whatif"): {"POST": _what_if},
        (one, "operations"): {"GET": _operations},
        ((*one, "operationstatuses"), ""): {"GET": _status},
        # The clients leave the provider out here.
        ((*group, "deployments"), "operations"): {"GET": _operations},
    }


def concerned(path: str) -> bool:
    """Say whether a path belongs to one deployment, whose bodies are not quite JSON."""
    return PATH.search(path) is not None


async def body(request: Request) -> dict[str, Any]:
    """Read the body of a deployment: JSON, or what Azure CLI sends."""
    raw = await request.body()
    try:
        read = template_text.read(raw.decode("utf-8") or "{}")
    except (TemplateError, UnicodeDecodeError) as error:
        message = f"The request content was invalid and could not be deserialized: {error}."
        raise InvalidDeployment(message, code="InvalidRequestContent") from error
    if not isinstance(read, dict):
        raise InvalidDeployment("The request content must be an object.", code="InvalidRequestContent")
    return read


def _validate(call: Call) -> Response:
    plan, world = _checked(call)
    document = record.succeeded(plan, world=world)
    return JSONResponse(document.resource)


def _put(call: Call) -> Response:
    world = _world(call.state)
    try:
        plan = _plan(call, world=world)
    except ResourceError as error:
        document = record.failed(call.name, error=error, world=world)
    else:
        for connection in world.connections.values():
            connections.save(call.state, connection)
        document = record.succeeded(plan, world=world)
        for nested in _all_nested(plan):
            record.save(call.state, record.succeeded(nested, world=world))
    record.save(call.state, document)
    return JSONResponse(document.accepted, status_code=201, headers=_polling(call, document))


def _what_if(call: Call) -> Response:
    try:
        _, world = _checked(call)
    except InvalidDeployment as error:
        if error.code not in FORETOLD:
            raise
        # A forecast of failure is a forecast: 200. Azure CLI reads the error there, and trips over a 400.
        return JSONResponse({"status": "Failed", **error.arm_body()})
    changes = template_what_if.changes(world)
    return JSONResponse({"status": "Succeeded", "properties": {"correlationId": record.new_id(), "changes": changes}})


def _get(call: Call) -> Response:
    return JSONResponse(_existing(call.state, call.name).resource)


def _head(call: Call) -> Response:
    return Response(status_code=204 if record.find(call.state, call.name) else 404)


def _list(call: Call) -> Response:
    if call.name.lower() != "microsoft.resources":
        message = f"The provider of 'deployments' is microsoft.resources, not {call.name}."
        raise RefusalError(message, status=404, code="InvalidResourceType")
    return JSONResponse({"value": [one.resource for one in record.stored(call.state)]})


def _delete(call: Call) -> Response:
    record.forget(call.state, call.name)
    return Response(status_code=204)


def _operations(call: Call) -> Response:
    return JSONResponse({"value": _existing(call.state, call.name).operations})


def _status(call: Call) -> Response:
    document = _existing(call.state, call.parent)
    if document.token != call.name:
        message = f"Operation '{call.name}' of deployment '{call.parent}' was not found: a later one took its place."
        raise RefusalError(message, status=404, code="OperationNotFound")
    return JSONResponse(document.status)


def _existing(state: State, name: str) -> record.Document:
    document = record.find(state, name)
    if document is None:
        raise RefusalError(f"Deployment '{name}' could not be found.", status=404, code="DeploymentNotFound")
    return document


def _checked(call: Call) -> tuple[Plan, World]:
    world = _world(call.state)
    try:
        return _plan(call, world=world), world
    except ResourceError as error:
        message = f"The template deployment '{call.name}' is not valid according to the validation procedure."
        details = [record.detail(error, world=world)]
        raise InvalidDeployment(
            f"{message} {details[0]['message']}", code="InvalidTemplateDeployment", details=details
        ) from error


def _plan(call: Call, *, world: World) -> Plan:
    if not NAME.fullmatch(call.name):
        message = f"The deployment name '{call.name}' is not allowed: use up to 64 letters, digits and -_.()"
        raise InvalidDeployment(message, code="InvalidDeploymentName")
    properties = call.body.get("properties")
    if not isinstance(properties, dict):
        raise InvalidDeployment("'properties' is required and must be an object.", code="InvalidRequestContent")
    try:
        return template_plan.plan(_order(call.name, properties), world=world)
    except TemplateError as error:
        message = f"Deployment template validation failed: '{world.shown(str(error))}'."
        raise InvalidDeployment(message, code="InvalidTemplate") from error


def _order(name: str, properties: Mapping[str, Any]) -> Order:
    template_plan.check_mode(properties, place="properties")
    if "template" not in properties:
        raise TemplateError("a template is wanted: links are not played here", place="properties.template")
    parameters = properties.get("parameters") or {}
    if not isinstance(parameters, dict):
        raise TemplateError("an object is wanted", place="properties.parameters")
    return Order(name=name, template=properties["template"], parameters=parameters)


def _world(state: State) -> World:
    def ask(method: str, path: str) -> Mapping[str, Any]:
        handlers = {**resource_path.HANDLERS, **_READABLE}
        answered = resource_path.answer(state, Asked(method=method, path=path), handlers=handlers)
        found: Mapping[str, Any] = json.loads(bytes(answered.body))
        return found

    return World(state, ask=ask)


def _all_nested(plan: Plan) -> list[Plan]:
    return [one for nested in plan.nested for one in (*_all_nested(nested), nested)]


def _polling(call: Call, document: record.Document) -> dict[str, str]:
    version = call.query.get("api-version", "")
    url = f"{call.state.url}{document.resource['id']}/operationStatuses/{document.token}?api-version={version}"
    return {"Azure-AsyncOperation": url, **POLL}


_READABLE: Final[Handlers] = {((*resource_path.GROUP, "providers", "deployments"), ""): {"GET": _get}}
