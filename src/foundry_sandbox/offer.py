"""What the model is offered on behalf of a tool, and what came of it when the model called."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

Item = dict[str, Any]

LONGEST_DESCRIPTION = 1024  # characters, as OpenAI's models bound it


class NotCalledError(Exception):
    """A call that is not made; the message says why, for the model and for people."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """A call the model makes: the name it was offered, and arguments that should be a JSON object."""

    id: str
    name: str
    arguments: str

    def values(self) -> dict[str, Any]:
        """Return the arguments; raises NotCalledError when they are no JSON object."""
        try:
            values = json.loads(self.arguments or "{}")
        except ValueError as error:
            raise NotCalledError(f"not called: the arguments are not JSON: {error}") from error
        if not isinstance(values, dict):
            raise NotCalledError("not called: the arguments are not a JSON object")
        return values


@dataclass(frozen=True, kw_only=True)
class Work:
    """What came of a call: the item that keeps it, and what the log says of it.

    `told` is for the model; `status` is None where no HTTP answer was had.
    """

    item: Item
    told: str
    where: str
    outcome: str
    status: int | None = None


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A function for the model; `ask` is there when a person must agree before `work` may begin.

    `label` tells the tools of one type apart.
    """

    tool: str
    label: str
    name: str
    description: str
    parameters: Mapping[str, Any]
    work: Callable[[Call], Awaitable[Work]]
    ask: Callable[[Call], Item] | None = None

    def function(self) -> dict[str, Any]:
        """Write the offer as chat completions want it."""
        described = {
            "name": self.name,
            "description": self.description[:LONGEST_DESCRIPTION],
            # OpenAI's models refuse an object schema without properties, which MCP servers like to list.
            "parameters": {"properties": {}, **self.parameters},
        }
        return {"type": "function", "function": described}
