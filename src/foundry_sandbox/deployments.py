"""The deployments behind the sandbox's own gateways, in both providers' forms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """A model under the name a gateway is sent; a retired one is listed and got, and not callable."""

    name: str
    model: str
    version: str
    format: str
    created: int
    retired: bool = False

    def azure(self) -> dict[str, Any]:
        """Return the AzureOpenAI form."""
        described = {"format": self.format, "name": self.model, "version": self.version}
        return {"name": self.name, "properties": {"model": described}}

    def openai(self) -> dict[str, Any]:
        """Return the OpenAI form, which knows no version."""
        return {"id": self.name, "object": "model", "created": self.created, "owned_by": "sandbox"}


DEPLOYMENTS: Final = (
    Deployment(name="gpt-4o", model="gpt-4o", version="2024-08-06", format="OpenAI", created=1722902400),
    Deployment(name="gpt-4o-mini", model="gpt-4o-mini", version="2024-07-18", format="OpenAI", created=1721260800),
    Deployment(name="meta/llama-3", model="Llama-3.3-70B", version="1", format="NonOpenAI", created=1733443200),
    Deployment(
        name="gpt-35-turbo",
        model="gpt-35-turbo",
        version="0125",
        format="OpenAI",
        created=1706140800,
        retired=True,
    ),
)
