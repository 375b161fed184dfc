"""Changes of a profile that an answer itself asks for, as fields to set; None leaves a field out."""

from __future__ import annotations

__all__ = ["FIRST_VERSION", "in_body", "other_provider", "other_scheme", "redirect_target", "version"]

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import httpx

from gateway_workbook.usual import VERSIONS

if TYPE_CHECKING:
    from gateway_workbook.finding import Change
    from gateway_workbook.observation import Observation

FIRST_VERSION: Final = VERSIONS[0]
_PROVIDERS: Final = {"data": "OpenAI", "value": "AzureOpenAI"}


def other_scheme(seen: Observation) -> Change:
    """Http for https, or the other way round, where it is the target that was called."""
    if seen.asked == "token":
        return {}
    scheme, _, rest = seen.connection.target.partition("://")
    return {"targetUrl": f"{'http' if scheme == 'https' else 'https'}://{rest}"}


def redirect_target(seen: Observation) -> Change:
    """The target under which the call ends where the redirect points; {} where it points to another host or path."""
    called, location = seen.bare_url, seen.location.partition("?")[0]
    target = seen.connection.target.rstrip("/")
    below = called.removeprefix(target)
    if not called.startswith(target) or not location.endswith(below) or not below:
        return {}
    moved = location.removesuffix(below)
    return {"targetUrl": moved} if httpx.URL(moved).host == httpx.URL(target).host else {}


def other_provider(seen: Observation) -> Change:
    """The provider whose form the list has, where the profile names the other one."""
    discovery = seen.connection.effective_discovery
    if discovery == "static" or not isinstance(seen.body, Mapping):
        return {}
    found = [provider for key, provider in _PROVIDERS.items() if isinstance(seen.body.get(key), list)]
    if found in ([], [discovery.provider]) or len(found) > 1:
        return {}
    # The endpoints go along: a profile has all three or none.
    return {
        "listModelsEndpoint": discovery.list_endpoint,
        "getModelEndpoint": discovery.get_endpoint,
        "deploymentProvider": found[0],
    }


def version(seen: Observation, wanted: str | None) -> Change:
    """The api-version of the kind of call that failed."""
    return {"inferenceAPIVersion" if seen.asked == "chat" else "deploymentAPIVersion": wanted}


def in_body(_: Observation) -> Change:
    """The deployment's name in the body."""
    return {"deploymentInPath": False}
