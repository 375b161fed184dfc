"""What a deployment finds and what it would make: existing resources, and those planned so far on top of them."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from foundry_sandbox import connection_resource
from foundry_sandbox.refusal import RefusalError
from foundry_sandbox.resources import Call
from foundry_sandbox.template_error import ResourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from foundry_sandbox.connections import Connection, Scope
    from foundry_sandbox.state import State
    from foundry_sandbox.template_item import Target

    # How ARM answers a method and a path: the JSON, or a RefusalError.
    Ask = Callable[[str, str], Mapping[str, Any]]

HIDDEN = "*******"
SHORTEST = 6  # characters; a shorter secret is hidden only where it is the whole text


class World:
    """The resources as one deployment sees them; nothing is stored before `connections` are saved."""

    def __init__(self, state: State, *, ask: Ask) -> None:
        self.state = state
        self.connections: dict[str, Connection] = {}
        self._ask = ask
        self._planned: dict[str, Mapping[str, Any]] = {}
        self._secrets: set[str] = set()

    def read(self, identifier: str) -> Mapping[str, Any]:
        """Return a resource, planned or existing. Raises ResourceError."""
        planned = self._planned.get(identifier.lower())
        return planned if planned is not None else self._asked("GET", identifier)

    def secrets(self, identifier: str, *, action: str) -> Mapping[str, Any]:
        """Return what `listSecrets` of a resource answers, planned or existing. Raises ResourceError."""
        planned = self.connections.get(identifier.lower())
        if planned is not None and action == "listSecrets":
            answer: Mapping[str, Any] = connection_resource.with_credentials(planned)
        else:
            answer = self._asked("POST", f"{identifier}/{action}")
        self.hide(answer.get("properties", {}).get("credentials", answer))
        return answer

    def plan_connection(self, scope: Scope, *, identifier: str, properties: Any) -> None:
        """Plan a connection, validated as a PUT is. Raises ResourceError."""
        parent, _, name = identifier.rpartition("/connections/")
        try:
            self._ask("GET", parent)
        except RefusalError as refusal:
            raise ResourceError(refusal.message, code="ParentResourceNotFound", target=identifier) from refusal
        call = Call(state=self.state, scope=scope, name=name, query={}, body={"properties": properties})
        try:
            connection = connection_resource.prepare(call)
        except RefusalError as refusal:
            raise ResourceError(refusal.message, code=refusal.code, target=identifier) from refusal
        self.connections[identifier.lower()] = connection
        self._planned[identifier.lower()] = connection_resource.resource(connection)

    def plan(self, target: Target, properties: Mapping[str, Any]) -> None:
        """Let later expressions see a resource."""
        self._planned[target.id.lower()] = {**asdict(target), "properties": properties}

    def hide(self, value: Any) -> None:
        """Remember the texts in a value as secret."""
        if isinstance(value, dict):
            value = list(value.values())
        if isinstance(value, list):
            for item in value:
                self.hide(item)
        if isinstance(value, str) and value:
            self._secrets.add(value)

    def shown(self, value: Any) -> Any:
        """Return a value for an answer: no text in it holds a secret this deployment was given or has read."""
        if isinstance(value, dict):
            return {key: self.shown(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.shown(item) for item in value]
        return self._shown(value) if isinstance(value, str) else value

    def _shown(self, text: str) -> str:
        if text in self._secrets:
            return HIDDEN
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, HIDDEN) if len(secret) >= SHORTEST else text
        return text

    def _asked(self, method: str, path: str) -> Mapping[str, Any]:
        try:
            return self._ask(method, path)
        except RefusalError as refusal:
            raise ResourceError(refusal.message, code=refusal.code, target=path) from refusal
