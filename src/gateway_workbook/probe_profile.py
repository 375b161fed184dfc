"""From what a person gives to the connection that a probe calls, and from what it found to the profile."""

from __future__ import annotations

__all__ = ["Given", "Settings", "base_connection", "settings_profile"]

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import httpx

from gateway_workbook.connection import Connection, Discovery
from gateway_workbook.document import Document
from gateway_workbook.gateway import endpoint_url
from gateway_workbook.profile import AuthConfig, Category, Profile

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway_workbook.discovery import DiscoveredModel
    from gateway_workbook.probe_asking import Told
    from gateway_workbook.probe_url import Clue

_APIM_HOST: Final = ".azure-api.net"
_SUBSCRIPTION: Final = "Ocp-Apim-Subscription-Key"


@dataclass(frozen=True, kw_only=True)
class Given:
    """What a person tells a probe: the URL as read, one of the credentials, and what is known beyond.

    `credentials` are the profile's fields for one: apiKey; clientId, clientSecret, tokenUrl, scopes; or audience.
    """

    clue: Clue
    auth_type: str
    credentials: dict[str, Any] = field(repr=False)
    model: str = ""
    header: AuthConfig | None = None
    custom_headers: dict[str, str] = field(default_factory=dict)
    category: Category | None = None
    name: str = ""
    project: str | None = None


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What works: the call that was answered, the list at the same target, whether one model can be got."""

    called: Told
    listing: Told | None = None
    gettable: bool = False
    told: tuple[Told, ...] = ()


def base_connection(given: Given, *, locate: Callable[[str], str]) -> Connection:
    """The connection without what is searched; raises ProfileError where no profile could hold what is given."""
    draft = _data(given, given.clue.base, "ModelGateway") | {"staticModels": [_model("any")]}
    connection = Connection.of(Profile.parse(Document("what is given", draft)), locate=locate)
    return connection.model_copy(update={"models": (), "target": given.clue.base})


def settings_profile(given: Given, settings: Settings) -> Profile:
    """The profile of what works."""
    called = settings.called.connection
    data = _data(given, called.target, _category(given, settings))
    data |= {
        "deploymentInPath": called.deployment_in_path,
        "inferenceAPIVersion": called.inference_api_version,
        "authConfig": called.auth_config and called.auth_config.model_dump(),
        **_models(settings),
    }
    return Profile.parse(Document("what was found", {name: value for name, value in data.items() if value is not None}))


def _data(given: Given, target: str, category: Category) -> dict[str, Any]:
    kept = {
        "connectionName": given.name or _name(given.clue.written),
        "projectResourceId": given.project,
        "authConfig": given.header and given.header.model_dump(),
        "customHeaders": given.custom_headers or None,
    }
    fixed = "ApiManagement" if given.auth_type == "ProjectManagedIdentity" else category
    data: dict[str, Any] = {"category": fixed, "targetUrl": given.clue.spelled(target), "authType": given.auth_type}
    data |= {"deploymentInPath": False} | given.credentials
    return data | {name: value for name, value in kept.items() if value}


def _category(given: Given, settings: Settings) -> Category:
    """API Management shows in its host, in its own header, and in the form of its refusals."""
    if given.category:
        return given.category
    if given.auth_type == "OAuth2":
        return "ModelGateway"
    config = settings.called.connection.auth_config
    shows = (
        (httpx.URL(given.clue.home).host.endswith(_APIM_HOST))
        or (config is not None and config.name == _SUBSCRIPTION)
        or any(_is_api_management(one) for one in settings.told)
    )
    return "ApiManagement" if shows else "ModelGateway"


def _is_api_management(told: Told) -> bool:
    body = told.exchange.body
    return isinstance(body, dict) and body.get("statusCode") == told.exchange.status and "message" in body


def _models(settings: Settings) -> dict[str, Any]:
    """How models are discovered: where they are listed and can be got, else as a static list."""
    listing, called = settings.listing, settings.called
    if listing and listing.connection.discovery and settings.gettable:
        discovery = discovery_below(listing, called.connection.target)
        if discovery:
            return {
                "deploymentAPIVersion": listing.connection.deployment_api_version,
                "listModelsEndpoint": discovery.list_endpoint,
                "getModelEndpoint": discovery.get_endpoint,
                "deploymentProvider": discovery.provider,
            }
    known = {model.deployment: model for model in (listing.models if listing else ())}
    names = dict.fromkeys([called.deployment, *known])
    return {"staticModels": [_model(name, known.get(name)) for name in names]}


def discovery_below(listing: Told, target: str) -> Discovery | None:
    """The listing's endpoints as paths below the target, or None where they are elsewhere."""
    discovery = listing.connection.discovery
    url = endpoint_url(listing.connection, "list")
    if discovery is None or not url.startswith(f"{target}/"):
        return None
    found = url.removeprefix(target)
    return Discovery(list_endpoint=found, get_endpoint=f"{found}/{{deploymentName}}", provider=discovery.provider)


def _model(name: str, listed: DiscoveredModel | None = None) -> dict[str, Any]:
    details = {"name": listed.model if listed else name, "version": listed.version if listed else ""}
    return {"name": name, "properties": {"model": details | {"format": (listed and listed.format) or "OpenAI"}}}


def _name(url: str) -> str:
    """A connection's name made of the host's."""
    host = httpx.URL(url).host
    first = host.removeprefix("api.").partition(".")[0]
    wanted = re.sub(r"[^A-Za-z0-9_-]+", "-", first if re.search("[a-z]", first) else "gateway").strip("-_")[:33]
    return wanted if len(wanted) >= 3 else f"{wanted}-gateway"  # noqa: PLR2004  a name has three characters
