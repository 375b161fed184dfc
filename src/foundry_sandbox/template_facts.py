"""What a template can ask about where it is deployed, and how the ids of resources are written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from foundry_sandbox import azure, resources
from foundry_sandbox.template_error import TemplateError
from foundry_sandbox.template_function import ANY_NUMBER, Functions, as_text

if TYPE_CHECKING:
    from collections.abc import Sequence

LOCATION: Final = "local"


def facts(deployment: str, *, url: str) -> Functions:
    """Return the functions that tell about the deployment and its surroundings."""
    table = Functions()
    group = {"id": azure.GROUP_ID, "name": azure.GROUP, "type": "Microsoft.Resources/resourceGroups"}
    state = {"provisioningState": "Succeeded"}
    table.define("subscription", 0)(resources.subscription)
    table.define("resourceGroup", 0)(lambda: {**group, "location": LOCATION, "tags": {}, "properties": state})
    table.define("deployment", 0)(lambda: {"name": deployment, "properties": {"mode": "Incremental"}})
    table.define("environment", 0)(lambda: resources.cloud_metadata(url))
    table.define("tenant", 0)(lambda: {"tenantId": azure.TENANT, "displayName": "Sandbox"})
    table.define("resourceId", 2, ANY_NUMBER)(_resource_id)
    table.define("subscriptionResourceId", 2, ANY_NUMBER)(_subscription_resource_id)
    table.define("tenantResourceId", 2, ANY_NUMBER)(lambda kind, *names: resource_id("", kind=kind, names=names))
    table.define("extensionResourceId", 3, ANY_NUMBER)(
        lambda scope, kind, *names: resource_id(as_text(scope), kind=kind, names=names)
    )
    return table


def group_id(*, subscription: str = azure.SUBSCRIPTION, group: str = azure.GROUP) -> str:
    """Return the id of a resource group."""
    return f"/subscriptions/{subscription}/resourceGroups/{group}"


def resource_id(scope: str, *, kind: Any, names: Sequence[Any]) -> str:
    """Weave a type and its names into an id under a scope. Raises TemplateError when they do not fit."""
    provider, *types = as_text(kind).split("/")
    if not types or len(types) != len(names):
        raise TemplateError(f"type '{kind}' wants {len(types)} names, not {len(names)}")
    woven = [part for pair in zip(types, map(as_text, names), strict=True) for part in pair]
    return "/".join([scope.rstrip("/"), "providers", provider, *woven])


def _resource_id(*parts: Any) -> str:
    before, kind, names = _around_type(parts)
    keys = ("subscription", "group")[2 - len(before) :]
    return resource_id(group_id(**dict(zip(keys, before, strict=True))), kind=kind, names=names)


def _subscription_resource_id(*parts: Any) -> str:
    before, kind, names = _around_type(parts)
    return resource_id(f"/subscriptions/{before[-1] if before else azure.SUBSCRIPTION}", kind=kind, names=names)


def _around_type(parts: Sequence[Any]) -> tuple[list[str], str, list[str]]:
    texts = [as_text(part) for part in parts]
    at = next((at for at, text in enumerate(texts) if "/" in text), None)
    if at is None or at > 2:  # noqa: PLR2004  # subscription and resource group may stand before the type
        raise TemplateError("a resource type such as Microsoft.CognitiveServices/accounts is wanted")
    return texts[:at], texts[at], texts[at + 1 :]
