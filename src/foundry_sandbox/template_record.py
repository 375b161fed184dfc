"""What is kept of a deployment: its answer, the operations behind it, and the status its client polls."""

from __future__ import annotations

import hashlib
import json
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from foundry_sandbox import azure
from foundry_sandbox.template_item import Target

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from foundry_sandbox.state import State
    from foundry_sandbox.template_error import ResourceError
    from foundry_sandbox.template_plan import Plan
    from foundry_sandbox.template_world import World

TYPE: Final = "Microsoft.Resources/deployments"
FAILED: Final = "At least one resource deployment operation failed, and nothing was deployed."


@dataclass(frozen=True, kw_only=True)
class Document:
    """A deployment that has ended; `token` names the run of it."""

    resource: Mapping[str, Any]
    operations: list[dict[str, Any]]
    token: str

    @property
    def accepted(self) -> dict[str, Any]:
        """Return the answer to the request that started it: nobody knows yet how it ends."""
        known = {name: value for name, value in self.resource["properties"].items() if name not in _LATER}
        return {**self.resource, "properties": {**known, "provisioningState": "Accepted"}}

    @property
    def status(self) -> dict[str, Any]:
        """Return what its client polls for."""
        properties = self.resource["properties"]
        error = {"error": properties["error"]} if "error" in properties else {}
        return {"status": properties["provisioningState"], **error}


_LATER: Final = ("outputs", "outputResources", "error")


def succeeded(plan: Plan, *, world: World) -> Document:
    """Return the record of a plan that has been carried out, without secrets."""
    targets = [*plan.targets, *(target for nested in plan.nested for target in nested.targets)]
    made = [target for target in targets if target.type.lower() != TYPE.lower()]
    properties = {
        "provisioningState": "Succeeded",
        "parameters": world.shown(plan.parameters),
        "outputs": world.shown(plan.outputs),
        "outputResources": world.shown([{"id": target.id} for target in made]),
        "providers": _providers(plan.targets),
        "validatedResources": world.shown([{"id": target.id} for target in made]),
    }
    return _document(
        plan.name, properties, operations=world.shown([_operation(plan.name, target) for target in plan.targets])
    )


def failed(name: str, *, error: ResourceError, world: World) -> Document:
    """Return the record of a deployment that made nothing."""
    problem = detail(error, world=world)
    properties = {
        "provisioningState": "Failed",
        "error": {"code": "DeploymentFailed", "message": FAILED, "details": [problem]},
    }
    operation = _operation(name, _target(world.shown(error.target)), error=problem)
    return _document(name, properties, operations=[operation])


def detail(error: ResourceError, *, world: World) -> dict[str, str]:
    """Write one resource's error as an entry of `details`."""
    target = {"target": world.shown(error.target)} if error.target else {}
    return {"code": error.code, "message": world.shown(error.message), **target}


def save(state: State, document: Document) -> None:
    """Keep a deployment, in place of one of the same name."""
    content = {"resource": document.resource, "operations": document.operations, "token": document.token}
    # Sealed: a template's own texts may hold what nobody declared as secure.
    sealed = {"sealed": state.seal(json.dumps(content))}
    state.put(sealed, kind="template_deployment", name=document.resource["name"].lower())


def find(state: State, name: str) -> Document | None:
    """Look a deployment up; names ignore case."""
    kept = state.get(name.lower(), kind="template_deployment")
    return None if kept is None else _read(state, kept)


def stored(state: State) -> list[Document]:
    """List the deployments, oldest first."""
    return [_read(state, kept) for kept in state.all("template_deployment")]


def forget(state: State, name: str) -> bool:
    """Delete the record of a deployment and say whether there was one; what it made stays."""
    return state.remove(name.lower(), kind="template_deployment")


def new_id() -> str:
    """Return a fresh id."""
    return str(uuid.uuid4())


def _read(state: State, kept: Mapping[str, Any]) -> Document:
    return Document(**json.loads(state.unseal(kept["sealed"])))


def _document(name: str, properties: dict[str, Any], *, operations: list[dict[str, Any]]) -> Document:
    resource = {
        "id": f"{azure.GROUP_ID}/providers/{TYPE}/{name}",
        "name": name,
        "type": TYPE,
        "properties": {
            "mode": "Incremental",
            "timestamp": _now(),
            "duration": "PT0S",
            "correlationId": new_id(),
            "dependencies": [],
            **properties,
        },
    }
    return Document(resource=resource, operations=operations, token=new_id())


def _operation(name: str, target: Target, *, error: Mapping[str, str] | None = None) -> dict[str, Any]:
    operation = hashlib.sha256(target.id.lower().encode()).hexdigest()[:16].upper()
    properties = {
        "provisioningOperation": "Create",
        "provisioningState": "Failed" if error else "Succeeded",
        "timestamp": _now(),
        "duration": "PT0S",
        "statusCode": "BadRequest" if error else "OK",
        "targetResource": {"id": target.id, "resourceType": target.type, "resourceName": target.name},
        **({"statusMessage": {"error": error}} if error else {}),
    }
    return {
        "id": f"{azure.GROUP_ID}/providers/{TYPE}/{name}/operations/{operation}",
        "operationId": operation,
        "properties": properties,
    }


def _target(identifier: str) -> Target:
    _, _, tail = identifier.rpartition("/providers/")
    provider, *parts = tail.split("/")
    kind = "/".join([provider, *parts[::2]])
    return Target(id=identifier, type=kind, name="/".join(parts[1::2]))


def _providers(targets: Iterable[Target]) -> list[dict[str, Any]]:
    types: dict[str, dict[str, None]] = {}
    for target in targets:
        namespace, _, kind = target.type.partition("/")
        types.setdefault(namespace, {})[kind] = None
    return [
        {"namespace": namespace, "resourceTypes": [{"resourceType": kind, "locations": [None]} for kind in kinds]}
        for namespace, kinds in types.items()
    ]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
