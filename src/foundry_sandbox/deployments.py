"""The deployments behind the sandbox's own gateways, in both providers' forms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Lack = Literal["tools", "response_format", "reasoning_effort", "streaming"]
_TOOL_FIELDS: Final = ("tools", "tool_choice", "parallel_tool_calls")


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """A model under the name a gateway is sent; a retired one is listed and got, and not callable.

    `lacks` is what its server takes without a word and does not do, as real ones do: `streaming` comes in one lump.
    """

    name: str
    model: str
    version: str
    format: str
    created: int
    retired: bool = False
    lacks: tuple[Lack, ...] = ()

    def azure(self) -> dict[str, Any]:
        """Return the AzureOpenAI form."""
        described = {"format": self.format, "name": self.model, "version": self.version}
        return {"name": self.name, "properties": {"model": described}}

    def heeded(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Leave out of a request what this model's server ignores."""
        ignored = {*(_TOOL_FIELDS if "tools" in self.lacks else ()), *self.lacks}
        return {name: value for name, value in body.items() if name not in ignored}

    def openai(self) -> dict[str, Any]:
        """Return the OpenAI form, which knows no version."""
        return {"id": self.name, "object": "model", "created": self.created, "owned_by": "sandbox"}


DEPLOYMENTS: Final = (
    Deployment(name="gpt-4o", model="gpt-4o", version="2024-08-06", format="OpenAI", created=1722902400),
    Deployment(name="gpt-4o-mini", model="gpt-4o-mini", version="2024-07-18", format="OpenAI", created=1721260800),
    Deployment(
        name="meta/llama-3",
        model="Llama-3.3-70B",
        version="1",
        format="NonOpenAI",
        created=1733443200,
        lacks=("tools", "response_format", "reasoning_effort", "streaming"),
    ),
    Deployment(
        name="gpt-35-turbo",
        model="gpt-35-turbo",
        version="0125",
        format="OpenAI",
        created=1706140800,
        retired=True,
    ),
)
