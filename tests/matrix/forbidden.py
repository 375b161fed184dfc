"""What the contract forbids, one thing at a time, and the cells that it can befall."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.matrix.cells import AUTH_CONFIGS, DISCOVERIES, SIGN_INS, Cell, cells

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

ENDPOINTS = DISCOVERIES["openai"]
STATIC = DISCOVERIES["static"]
CLIENT = {**SIGN_INS["OAuth2"], "tokenUrl": "https://login.test/token"}
KEY = {**SIGN_INS["ApiKey"], **AUTH_CONFIGS["bearer"]}


@dataclass(frozen=True, kw_only=True)
class Forbidden:
    """A mistake: fields of the profile that are set (None: left out), and the place and words of the refusal."""

    name: str
    place: str
    told: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    befalls: Callable[[Cell], bool] = lambda _: True

    def profile(self, cell: Cell, number: int) -> dict[str, Any]:
        """The cell's profile with the mistake in it."""
        data = cell.profile("https://gateway.test", number) | self.changes
        return {name: value for name, value in data.items() if value is not None}


def of(category: str) -> Callable[[Cell], bool]:
    return lambda cell: cell.category == category


def by(auth: str) -> Callable[[Cell], bool]:
    return lambda cell: cell.auth == auth


def static(cell: Cell) -> bool:
    return cell.discovery == "static"


def dynamic(cell: Cell) -> bool:
    return cell.discovery not in ("static", "defaults")


MISTAKES = [
    Forbidden(
        name="no category",
        changes={"category": None, "gatewayName": None},
        place="category",
        told="missing; write ApiManagement for",
    ),
    Forbidden(
        name="another category", changes={"category": "AzureOpenAI"}, place="category", told="write 'ApiManagement' or"
    ),
    Forbidden(
        name="OAuth2 of API Management",
        changes={"authType": "OAuth2", "apiKey": None, "authConfig": None, "audience": None, **CLIENT},
        befalls=of("ApiManagement"),
        place="authType",
        told="OAuth2 is not offered for ApiManagement; write ApiKey or ProjectManagedIdentity",
    ),
    Forbidden(
        name="identity of a ModelGateway",
        changes={
            "authType": "ProjectManagedIdentity",
            **dict.fromkeys((*CLIENT, *KEY, "scopes")),
            "connectionScope": "project",
        },
        befalls=of("ModelGateway"),
        place="authType",
        told="ProjectManagedIdentity is not offered for ModelGateway; write ApiKey or OAuth2",
    ),
    Forbidden(name="no authType", changes={"authType": None}, place="authType", told="missing; write "),
    Forbidden(
        name="identity on the account",
        changes={"connectionScope": "account"},
        befalls=by("ProjectManagedIdentity"),
        place="connectionScope",
        told="write connectionScope: project",
    ),
    Forbidden(
        name="another scope", changes={"connectionScope": "subscription"}, place="connectionScope", told="'project' or"
    ),
    Forbidden(
        name="no routing of API Management",
        changes={"deploymentInPath": None},
        befalls=of("ApiManagement"),
        place="deploymentInPath",
        told="missing; write true when",
    ),
    Forbidden(
        name="a routing that is neither",
        changes={"deploymentInPath": "maybe"},
        place="deploymentInPath",
        told="write true or false",
    ),
    Forbidden(name="no target", changes={"targetUrl": None}, place="targetUrl", told="missing; write the URL"),
    Forbidden(name="no URL", changes={"targetUrl": "gateway/v1"}, place="targetUrl", told="not a URL; write https://"),
    Forbidden(
        name="a password in the URL",
        changes={"targetUrl": "https://me:pw@gateway.test/v1"},
        place="targetUrl",
        told="holds a user name or password; remove it",
    ),
    Forbidden(
        name="a query in the URL",
        changes={"targetUrl": "https://gateway.test/v1?api-version=1"},
        place="targetUrl",
        told="has a query; remove it",
    ),
    Forbidden(
        name="the whole URL of inference",
        changes={"targetUrl": "https://gateway.test/v1/chat/completions"},
        place="targetUrl",
        told="goes too far; end it before",
    ),
    Forbidden(
        name="a URL with a deployment",
        changes={"targetUrl": "https://gateway.test/openai/deployments/gpt-4o"},
        place="targetUrl",
        told="goes too far; end it before",
    ),
    Forbidden(
        name="an API and a URL",
        changes={"apimResourceId": "/subscriptions/1/resourceGroups/rg/providers/Microsoft.ApiManagement/service/a"},
        place="apimResourceId",
        told="; ",
    ),
    Forbidden(
        name="no key",
        changes={"apiKey": None},
        befalls=by("ApiKey"),
        place="apiKey",
        told="write apiKey: env:GATEWAY_API",
    ),
    Forbidden(
        name="a literal key",
        changes={"apiKey": "sk-swordfish"},
        befalls=by("ApiKey"),
        place="apiKey",
        told="write apiKey: env:GATEWAY_API_KEY",
    ),
    Forbidden(
        name="a literal client secret",
        changes={"clientSecret": "hunter2"},
        befalls=by("OAuth2"),
        place="clientSecret",
        told="write clientSecret: env:GATEWAY_CLIENT_SECRET",
    ),
    *(
        Forbidden(name=f"no {one}", changes={one: None}, befalls=by("OAuth2"), place=one, told="missing; ")
        for one in ("clientId", "clientSecret", "tokenUrl")
    ),
    *(
        Forbidden(
            name=f"{one} beside a key",
            changes={one: value},
            befalls=by("ApiKey"),
            place=one,
            told=f"belongs to authType {kind}; remove it",
        )
        for one, value, kind in (
            ("clientId", "client", "OAuth2"),
            ("tokenUrl", "https://login.test/token", "OAuth2"),
            ("scopes", ["models.read"], "OAuth2"),
            ("audience", "https://cognitiveservices.azure.com", "ProjectManagedIdentity"),
        )
    ),
    Forbidden(
        name="a key beside a client",
        changes={"apiKey": "env:KEY"},
        befalls=by("OAuth2"),
        place="apiKey",
        told="belongs to authType ApiKey; remove it",
    ),
    *(
        Forbidden(
            name=f"authConfig beside {auth}",
            changes=AUTH_CONFIGS["bearer"],
            befalls=by(auth),
            place="authConfig",
            told="belongs to authType ApiKey; remove it",
        )
        for auth in ("OAuth2", "ProjectManagedIdentity")
    ),
    *(
        Forbidden(
            name=f"authConfig {name}", changes={"authConfig": value}, befalls=by("ApiKey"), place=place, told=told
        )
        for name, value, place, told in (
            ("without the key's place", {"name": "X-Key", "format": "Bearer"}, "authConfig.format", "has no {api_key}"),
            ("without a name", {"format": "{api_key}"}, "authConfig.name", "missing"),
            ("of another type", {"type": "bearer", "name": "X-Key"}, "authConfig.type", "'api_key'"),
            ("with a name no header has", {"name": "X Key"}, "authConfig.name", "not a header's name; use letters"),
        )
    ),
    Forbidden(
        name="no models of a ModelGateway",
        changes=dict.fromkeys(("staticModels", *ENDPOINTS)),
        befalls=of("ModelGateway"),
        place="staticModels",
        told="missing; a ModelGateway has no default discovery",
    ),
    Forbidden(
        name="both discoveries", changes=ENDPOINTS, befalls=static, place="listModelsEndpoint", told="contradicts"
    ),
    Forbidden(
        name="both discoveries, the list last",
        changes=STATIC,
        befalls=dynamic,
        place="listModelsEndpoint",
        told="contradicts staticModels; keep",
    ),
    *(
        Forbidden(name=f"no {one}", changes={one: None}, befalls=dynamic, place=one, told="missing; ")
        for one in ENDPOINTS
    ),
    Forbidden(
        name="no place for the deployment",
        changes={"getModelEndpoint": "/models"},
        befalls=dynamic,
        place="getModelEndpoint",
        told="has no {deploymentName}; write it where",
    ),
    Forbidden(
        name="models of another host",
        changes={"listModelsEndpoint": "https://models.test/v1/models"},
        befalls=dynamic,
        place="listModelsEndpoint",
        told="is on another host than targetUrl",
    ),
    Forbidden(
        name="another provider",
        changes={"deploymentProvider": "Anthropic"},
        befalls=dynamic,
        place="deploymentProvider",
        told="'OpenAI' or 'AzureOpenAI'",
    ),
    Forbidden(
        name="a deployment twice",
        changes={"staticModels": [*STATIC["staticModels"], STATIC["staticModels"][0]]},  # type: ignore[misc, index]  # a list
        befalls=static,
        place="staticModels[7].name",
        told="is there already; each deployment's name stands once",
    ),
    Forbidden(
        name="a deployment without a name",
        changes={"staticModels": [{"properties": {"model": {"name": "m"}}}]},
        befalls=static,
        place="staticModels[0].name",
        told="missing",
    ),
    Forbidden(
        name="a literal secret in a header",
        changes={"customHeaders": {"X-Team-Token": "swordfish"}},
        place="customHeaders.X-Team-Token",
        told="write env:X_TEAM_TOKEN",
    ),
    Forbidden(
        name="a header nobody can send",
        changes={"customHeaders": {"X-Team": "two\nlines"}},
        place="customHeaders.X-Team",
        told="no header can carry it; use plain",
    ),
    Forbidden(name="an unknown field", changes={"inferenceApiVersion": "1"}, place="inferenceApiVersion", told="; "),
]


def bases() -> list[Cell]:
    """One cell for each sign-in, discovery, routing and scope: what forbidden things depend on."""
    found = {(cell.category, cell.auth, cell.discovery, cell.in_path, cell.scope): cell for cell in cells()}
    return list(found.values())


def refused() -> Iterator[tuple[Forbidden, Cell]]:
    """Every mistake in every base it can befall."""
    return ((mistake, cell) for mistake in MISTAKES for cell in bases() if mistake.befalls(cell))
