"""What a deployment would change: the planned connections beside the stored ones, property by property."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from foundry_sandbox import connection_resource, connections
from foundry_sandbox.template_text_functions import same
from foundry_sandbox.template_world import HIDDEN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from foundry_sandbox.connections import Connection
    from foundry_sandbox.template_world import World


def changes(world: World) -> list[dict[str, Any]]:
    """Compare what a deployment has planned with what is there; no secret is in the answer."""
    return [_change(world, connection) for connection in world.connections.values()]


def _change(world: World, planned: Connection) -> dict[str, Any]:
    stored = connections.find(world.state, planned.name, scope=planned.scope)
    identifier = connection_resource.connection_id(planned)
    after = world.shown(_visible(planned))
    if stored is None:
        return {"resourceId": identifier, "changeType": "Create", "before": None, "after": after, "delta": []}
    delta = [*_differences(stored.properties, planned.properties, path="properties"), *_credentials(stored, planned)]
    return {
        "resourceId": identifier,
        "changeType": "Modify" if delta else "NoChange",
        "before": world.shown(_visible(stored)),
        "after": after,
        "delta": world.shown(delta),
    }


def _visible(connection: Connection) -> dict[str, Any]:
    resource = connection_resource.resource(connection)
    properties = {name: value for name, value in resource["properties"].items() if name != "credentials"}
    if connection.credentials:
        properties["credentials"] = dict.fromkeys(connection.credentials, HIDDEN)
    return {name: resource[name] for name in ("id", "name", "type")} | {"properties": properties}


def _differences(old: Mapping[str, Any], new: Mapping[str, Any], *, path: str) -> Iterator[dict[str, Any]]:
    for name in dict.fromkeys([*old, *new]):
        before, after, here = old.get(name), new.get(name), f"{path}.{name}"
        if isinstance(before, dict) and isinstance(after, dict):
            yield from _differences(before, after, path=here)
        elif not same(before, after):
            yield _difference(here, before, after)


def _credentials(old: Connection, new: Connection) -> Iterator[dict[str, Any]]:
    before, after = old.credentials or {}, new.credentials or {}
    for name in dict.fromkeys([*before, *after]):
        if not same(before.get(name), after.get(name)):
            shown = [HIDDEN if name in side else None for side in (before, after)]
            yield _difference(f"properties.credentials.{name}", *shown)


def _difference(path: str, before: Any, after: Any) -> dict[str, Any]:
    kind = "Create" if before is None else "Delete" if after is None else "Modify"
    return {"path": path, "propertyChangeType": kind, "before": before, "after": after, "children": None}
