"""A connection as ARM stores it, read leniently: whoever made it, and whatever is wrong with it."""

from __future__ import annotations

__all__ = ["JSON_TEXT", "KEYS", "Stored", "scope_of", "shown_url", "split_url"]

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import SplitResult, urlsplit

from gateway_workbook.connection import without_query

if TYPE_CHECKING:
    from gateway_workbook.profile import Scope

# The metadata keys that hold JSON text, and what that text must be.
JSON_TEXT: Final[Mapping[str, type]] = {
    "models": list,
    "modelDiscovery": dict,
    "authConfig": dict,
    "customHeaders": dict,
}
KEYS: Final = ("deploymentInPath", "inferenceAPIVersion", "deploymentAPIVersion", *JSON_TEXT)


@dataclass(frozen=True)
class Stored:
    """One stored connection; what is absent or of the wrong kind reads as empty."""

    scope: Scope
    properties: Mapping[str, Any]

    @classmethod
    def of(cls, resource: Mapping[str, Any]) -> Self:
        """Read a resource as ARM returns it."""
        properties = resource.get("properties")
        return cls(scope_of(resource), properties if isinstance(properties, Mapping) else {})

    def text(self, field: str) -> str:
        """A property that should be text."""
        value = self.properties.get(field)
        return value if isinstance(value, str) else ""

    @property
    def metadata(self) -> Mapping[str, Any]:
        """The metadata, when it is an object."""
        value = self.properties.get("metadata")
        return value if isinstance(value, Mapping) else {}

    @property
    def has_metadata(self) -> bool:
        """Whether the metadata can be read: an object, or none at all."""
        return self.properties.get("metadata") is None or isinstance(self.properties["metadata"], Mapping)

    def has(self, key: str) -> bool:
        """Whether the metadata says anything under that key."""
        return self.metadata.get(key) not in (None, "", [], {})

    def parsed(self, key: str) -> Any:
        """What the JSON text of a key says, or None; a value stored without being made text is read as it is."""
        value = self.metadata.get(key)
        if isinstance(value, str):
            try:
                value = json.loads(value)
            except (ValueError, RecursionError):
                return None
        return value if isinstance(value, JSON_TEXT[key]) else None

    @property
    def endpoints(self) -> dict[str, str]:
        """The paths of dynamic discovery that are given, by the name of their field."""
        discovery = self.parsed("modelDiscovery") or {}
        given = {name: discovery.get(name) for name in ("listModelsEndpoint", "getModelEndpoint")}
        return {name: value for name, value in given.items() if isinstance(value, str) and value}

    @property
    def address(self) -> SplitResult | None:
        """The target taken apart; None when it is no URL."""
        return split_url(self.text("target"))

    @property
    def chat_url(self) -> str:
        """Where Agent Service will send prompts."""
        routed = "/deployments/{deployment}" if str(self.metadata.get("deploymentInPath")).lower() == "true" else ""
        version = self.metadata.get("inferenceAPIVersion")
        query = f"?api-version={version}" if version else ""
        return f"{shown_url(self.text('target')).rstrip('/')}{routed}/chat/completions{query}"

    def endpoint_url(self, path: str) -> str:
        """Where Agent Service will look models up, for one of `endpoints`."""
        return path if "://" in path else f"{shown_url(self.text('target')).rstrip('/')}/{path.lstrip('/')}"


def split_url(url: str) -> SplitResult | None:
    """An http or https URL taken apart; None for anything else."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    return parts if usable else None


def shown_url(url: str) -> str:
    """The URL for showing: without what can be a secret in it."""
    scheme, separator, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    return without_query(f"{scheme}{separator}{authority.rpartition('@')[2]}{slash}{path}".partition("#")[0])


def scope_of(resource: Mapping[str, Any]) -> Scope:
    """Whose a stored connection is: its id tells."""
    resource_id = str(resource.get("id") or "/projects/").lower()
    return "project" if "/projects/" in resource_id else "account"
