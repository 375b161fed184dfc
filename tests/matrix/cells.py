"""The cells of the matrix: one gateway's settings each, as a profile says them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from itertools import combinations, product
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

NAMES = ("gpt-4o", "meta/llama-3", "my model", "größe", "50%", "what?", "c#")
MODEL = {"model": {"name": "gpt-4o", "version": "2024-08-06", "format": "OpenAI"}}
DISCOVERIES: Mapping[str, Mapping[str, object]] = {
    "static": {"staticModels": [{"name": name, "properties": MODEL} for name in NAMES]},
    "openai": {
        "listModelsEndpoint": "/models",
        "getModelEndpoint": "/models/{deploymentName}",
        "deploymentProvider": "OpenAI",
    },
    "openai-bare": {
        "listModelsEndpoint": "models",
        "getModelEndpoint": "models/{deploymentName}",
        "deploymentProvider": "OpenAI",
    },
    "azure": {
        "listModelsEndpoint": "/catalogue",
        "getModelEndpoint": "/catalogue/{deploymentName}/details",
        "deploymentProvider": "AzureOpenAI",
    },
    "azure-bare": {
        "listModelsEndpoint": "catalogue",
        "getModelEndpoint": "catalogue/{deploymentName}/details",
        "deploymentProvider": "AzureOpenAI",
    },
    "defaults": {},
}
AUTH_CONFIGS: Mapping[str, Mapping[str, object]] = {
    "": {},
    "name": {"authConfig": {"name": "X-Gateway-Key"}},
    "bearer": {"authConfig": {"type": "api_key", "name": "Authorization", "format": "Bearer {api_key}"}},
}
SIGN_INS: Mapping[str, Mapping[str, object]] = {
    "ApiKey": {"apiKey": "env:KEY"},
    "OAuth2": {"clientId": "client", "clientSecret": "env:CLIENT_SECRET", "scopes": ["models.read", "models.invoke"]},
    "ProjectManagedIdentity": {"audience": "https://cognitiveservices.azure.com"},
}
OFFERED = (
    ("ApiManagement", "ApiKey"),
    ("ApiManagement", "ProjectManagedIdentity"),
    ("ModelGateway", "ApiKey"),
    ("ModelGateway", "OAuth2"),
)
# These settings make one URL together: every combination of them is a cell.
TOGETHER = ("discovery", "in_path", "inference_version", "deployment_version", "slash")


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One combination of settings that the contract allows; versions are "" where none is sent."""

    category: str
    auth: str
    discovery: str
    in_path: bool
    inference_version: str
    deployment_version: str
    slash: bool
    auth_config: str
    headers: bool
    shared: bool
    scope: str
    name: str

    def __str__(self) -> str:
        words = (getattr(self, field.name) for field in fields(self))
        return "-".join(str(word).replace("/", "~") for word in words if word != "")

    def profile(self, origin: str, number: int) -> dict[str, Any]:
        """The profile that says so, of a gateway at `origin`."""
        optional = {
            "inferenceAPIVersion": self.inference_version,
            "deploymentAPIVersion": self.deployment_version,
            "customHeaders": {"X-Environment": "production", "X-Team-Token": "env:TEAM_TOKEN"} if self.headers else {},
            "tokenUrl": f"{origin}{base(number)}/token" if self.auth == "OAuth2" else "",
            "gatewayName": "matrix" if self.category == "ModelGateway" else "",
        }
        return {
            "category": self.category,
            "connectionName": f"cell-{number}",
            "connectionScope": self.scope,
            "targetUrl": f"{origin}{base(number)}/v1{'/' if self.slash else ''}",
            "authType": self.auth,
            "deploymentInPath": self.in_path,
            "isSharedToAll": self.shared,
            **SIGN_INS[self.auth],
            **AUTH_CONFIGS[self.auth_config],
            **DISCOVERIES[self.discovery],
            **{name: value for name, value in optional.items() if value},
        }


def base(number: int) -> str:
    """The path that keeps one cell's requests apart from another's."""
    return f"/cell/{number}"


def cells() -> list[Cell]:
    """For each sign-in that is offered every triple of settings, and every combination of those of `TOGETHER`."""
    return [
        Cell(category=category, auth=auth, **row)
        for category, auth in OFFERED
        for row in covering(axes(category, auth), together=TOGETHER)
    ]


def axes(category: str, auth: str) -> dict[str, Sequence[Any]]:
    """The values each setting can have, once category and authType are chosen."""
    return {
        "discovery": [name for name in DISCOVERIES if category == "ApiManagement" or name != "defaults"],
        "in_path": (True, False),
        "inference_version": ("", "2024-10-21"),
        "deployment_version": ("", "2023-05-15"),
        "slash": (False, True),
        "auth_config": tuple(AUTH_CONFIGS) if auth == "ApiKey" else ("",),
        "headers": (False, True),
        "shared": (False, True),
        "scope": ("project",) if auth == "ProjectManagedIdentity" else ("project", "account"),
        "name": NAMES,
    }


Row = dict[str, Any]


def covering(values: Mapping[str, Sequence[Any]], *, together: Sequence[str]) -> Iterator[Row]:
    """Rows that hold every combination of the settings `together`, and any three values of any three settings."""
    left = {
        triple
        for names in combinations(values, 3)
        for triple in product(*([(name, value) for value in values[name]] for name in names))
    }
    starts: list[Row] = [
        dict(zip(together, chosen, strict=True)) for chosen in product(*(values[name] for name in together))
    ]
    while starts or left:
        row = starts.pop(0) if starts else dict(min(left, key=repr))
        for name in values:
            if name not in row:
                row[name] = max(values[name], key=lambda value: len(triples(row | {name: value}, values) & left))
        left -= triples(row, values)
        yield row


def triples(row: Row, values: Mapping[str, Sequence[Any]]) -> set[tuple[tuple[str, Any], ...]]:
    """The triples a row holds, whole or not yet."""
    return set(combinations([(name, row[name]) for name in values if name in row], 3))
