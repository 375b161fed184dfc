"""Resource paths: which one means which resource, and which names this subscription has."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from foundry_sandbox import api_management, azure, connection_resource, resources
from foundry_sandbox.refusal import RefusalError
from foundry_sandbox.resources import Call

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response

    from foundry_sandbox.connections import Scope
    from foundry_sandbox.resources import Handler
    from foundry_sandbox.state import State

    Handlers = Mapping[tuple[tuple[str, ...], str], Mapping[str, Handler]]

GROUP = ("subscriptions", "resourcegroups")
ACCOUNT = (*GROUP, "providers", "accounts")
PROJECT = (*ACCOUNT, "projects")
SERVICE = (*GROUP, "providers", "service")

NAMES = {
    "resourcegroups": (azure.GROUP, "ResourceGroupNotFound"),
    "accounts": (azure.ACCOUNT, "ResourceNotFound"),
    "projects": (azure.PROJECT, "ResourceNotFound"),
    "service": (azure.SERVICE, "ResourceNotFound"),
}
PROVIDERS = {
    "accounts": "microsoft.cognitiveservices",
    "service": "microsoft.apimanagement",
    "deployments": "microsoft.resources",
}

HANDLERS: Handlers = {
    (("subscriptions",), ""): {"GET": resources.get_subscription},
    (GROUP, ""): {"GET": resources.get_group},
    (ACCOUNT, ""): {"GET": resources.get_account},
    (PROJECT, ""): {"GET": resources.get_project},
    **api_management.handlers(SERVICE),
    **connection_resource.handlers(ACCOUNT),
    **connection_resource.handlers(PROJECT),
}


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request to ARM, before anybody knows what its path means."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict, repr=False)


def answer(state: State, asked: Asked, *, handlers: Handlers = HANDLERS) -> Response:
    """Answer a request with the handler its path means. Raises RefusalError."""
    segments = [segment for segment in asked.path.split("/") if segment]
    pairs = list(zip(segments[::2], segments[1::2], strict=False))
    types = tuple(kind.lower() for kind, _ in pairs)
    tail = segments[-1].lower() if len(segments) % 2 else ""
    handler = handlers.get((types, tail), {}).get(asked.method)
    _check_names(pairs)
    if handler is None:
        message = f"the sandbox has no {asked.method} {asked.path}"
        raise RefusalError(message, status=404, code="InvalidResourceType")
    scope: Scope = "project" if "projects" in types else "account"
    parent = pairs[-2][1] if len(pairs) > 1 else ""
    return handler(Call(state=state, scope=scope, name=pairs[-1][1], parent=parent, query=asked.query, body=asked.body))


def _check_names(pairs: list[tuple[str, str]]) -> None:
    given = [(kind.lower(), name) for kind, name in pairs]
    # API Management has subscriptions too: only the first are Azure's.
    if given[0][0] == "subscriptions":
        _demand(*given[0], expected=azure.SUBSCRIPTION, code="SubscriptionNotFound")
    provider = next((name for kind, name in given if kind == "providers"), "")
    for kind, name in given[1:]:
        if kind in NAMES:
            _demand(kind, name, expected=NAMES[kind][0], code=NAMES[kind][1])
        if provider and PROVIDERS.get(kind, provider.lower()) != provider.lower():
            message = f"The provider of '{kind}' is {PROVIDERS[kind]}, not {provider}."
            raise RefusalError(message, status=404, code="InvalidResourceType")


def _demand(kind: str, name: str, *, expected: str, code: str) -> None:
    if name.lower() != expected.lower():
        message = f"The resource '{kind}/{name}' was not found: the sandbox has '{kind}/{expected}'."
        raise RefusalError(message, status=404, code=code)
