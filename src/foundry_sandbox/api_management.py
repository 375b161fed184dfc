"""The API Management service in front of this sandbox's gateways: its APIs, and the subscriptions with their keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response

from foundry_sandbox import azure
from foundry_sandbox.refusal import RefusalError
from foundry_sandbox.resources import named_resource

if TYPE_CHECKING:
    from foundry_sandbox.resources import Call, Handler

APIS = {"apim": "apim/openai", "apim-static": "apim-static/openai", "identity": "identity/openai"}
SUBSCRIPTIONS = {"master": "/", "workshop": "/apis"}
TYPE = "Microsoft.ApiManagement/service"


def handlers(service: tuple[str, ...]) -> dict[tuple[tuple[str, ...], str], dict[str, Handler]]:
    """Return what can be asked of the service, by the types in the path and its tail."""
    subscription = (*service, "subscriptions")
    return {
        (service, ""): {"GET": _get_service},
        (service, "apis"): {"GET": _list_apis},
        ((*service, "apis"), ""): {"GET": _get_api},
        (service, "subscriptions"): {"GET": _list_subscriptions},
        (subscription, ""): {"GET": _get_subscription},
        (subscription, "listsecrets"): {"POST": _list_secrets},
    }


def _get_service(call: Call) -> Response:
    properties = {"provisioningState": "Succeeded", "gatewayUrl": f"{call.state.url}/gateways"}
    return named_resource(azure.SERVICE_ID, TYPE, properties)


def _api(name: str) -> dict[str, Any]:
    properties = {"displayName": name, "path": APIS[name], "protocols": ["http"], "isCurrent": True}
    return _child("apis", name, properties)


def _subscription(name: str) -> dict[str, Any]:
    scope = f"{azure.SERVICE_ID}{SUBSCRIPTIONS[name]}"
    return _child("subscriptions", name, {"displayName": name, "scope": scope, "state": "active"})


def _child(kind: str, name: str, properties: dict[str, Any]) -> dict[str, Any]:
    identifier = f"{azure.SERVICE_ID}/{kind}/{name}"
    return {"id": identifier, "name": name, "type": f"{TYPE}/{kind}", "properties": properties}


def _known(call: Call, *, what: str, names: dict[str, str]) -> str:
    if call.name.lower() not in names:
        message = f"{what} '{call.name}' was not found: the service has {', '.join(names)}."
        raise RefusalError(message, status=404, code="ResourceNotFound")
    return call.name.lower()


def _get_api(call: Call) -> Response:
    return JSONResponse(_api(_known(call, what="API", names=APIS)))


def _list_apis(_: Call) -> Response:
    return JSONResponse({"value": [_api(name) for name in APIS], "count": len(APIS)})


def _get_subscription(call: Call) -> Response:
    return JSONResponse(_subscription(_known(call, what="Subscription", names=SUBSCRIPTIONS)))


def _list_subscriptions(_: Call) -> Response:
    return JSONResponse({"value": [_subscription(name) for name in SUBSCRIPTIONS], "count": len(SUBSCRIPTIONS)})


def _list_secrets(call: Call) -> Response:
    _known(call, what="Subscription", names=SUBSCRIPTIONS)
    # The gateways of the sandbox know one key, whichever subscription it is asked through.
    return JSONResponse({"primaryKey": call.state.api_key, "secondaryKey": call.state.api_key})
