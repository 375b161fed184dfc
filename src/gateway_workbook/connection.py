"""The connection: what a profile says, in the form ARM stores; the only place that knows metadata is text.

Source of every rule: the public connection contract (category, metadata, credentials, discovery priority).
"""

from __future__ import annotations

__all__ = ["Connection", "Discovery", "without_query"]

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from gateway_workbook.errors import UsageError
from gateway_workbook.profile import AuthConfig, AuthType, Category, Model, Profile, Provider, Scope
from gateway_workbook.secrets import SecretReference, Secrets, is_reference

if TYPE_CHECKING:
    from collections.abc import Callable

API_VERSION: Final = "2025-04-01-preview"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Discovery(_Frozen):
    """Where models are looked up: paths below the target, and the shape the answers have."""

    list_endpoint: str
    get_endpoint: str
    provider: Provider


APIM_DISCOVERY: Final = Discovery(
    list_endpoint="/deployments", get_endpoint="/deployments/{deploymentName}", provider="AzureOpenAI"
)


class Connection(_Frozen):
    """One gateway connection of a Foundry project; secrets in it are references."""

    name: str
    category: Category
    scope: Scope = "project"
    target: str
    auth_type: AuthType
    api_key: SecretReference | None = None
    client_id: str | None = None
    client_secret: SecretReference | None = None
    token_url: str | None = None
    scopes: tuple[str, ...] = ()
    audience: str | None = None
    shared: bool = False
    deployment_in_path: bool = False
    inference_api_version: str | None = None
    deployment_api_version: str | None = None
    models: tuple[Model, ...] = ()
    discovery: Discovery | None = None
    auth_config: AuthConfig | None = None
    custom_headers: dict[str, str] = Field(default_factory=dict)

    @classmethod
    def of(cls, profile: Profile, *, locate: Callable[[str], str], target: str | None = None) -> Connection:
        """The connection a profile describes.

        `locate` turns a URL of the profile into one that can be called (sandbox:// ones); `target` is the API's URL
        where the profile names an API Management API instead of a URL.
        """
        url = profile.target_url or target
        if url is None:
            raise UsageError("the profile names an API Management API: its URL has to be looked up first")
        return cls(
            name=profile.connection_name,
            category=profile.category,
            scope=profile.connection_scope,
            target=locate(url),
            auth_type=profile.auth_type,
            api_key=profile.api_key,
            client_id=profile.client_id,
            client_secret=profile.client_secret,
            token_url=locate(profile.token_url) if profile.token_url else None,
            scopes=profile.scopes,
            audience=profile.audience,
            shared=profile.is_shared_to_all,
            deployment_in_path=profile.deployment_in_path,
            inference_api_version=profile.inference_api_version,
            deployment_api_version=profile.deployment_api_version,
            models=profile.static_models,
            discovery=_discovery(profile),
            auth_config=profile.auth_config,
            custom_headers=profile.custom_headers,
        )

    @property
    def effective_discovery(self) -> Discovery | Literal["static"]:
        """What Agent Service uses: the static list, else the given endpoints, else API Management's defaults."""
        if self.models:
            return "static"
        if self.discovery is None and self.category == "ModelGateway":
            raise UsageError(f"connection {self.name} has neither models nor modelDiscovery: a ModelGateway needs one")
        return self.discovery or APIM_DISCOVERY

    def metadata(self, secrets: Secrets) -> dict[str, str]:
        """The metadata as ARM wants it: every value text, objects and lists as JSON text."""
        discovery = self.discovery and {
            "listModelsEndpoint": self.discovery.list_endpoint,
            "getModelEndpoint": self.discovery.get_endpoint,
            "deploymentProvider": self.discovery.provider,
        }
        values: dict[str, object] = {
            "deploymentInPath": "true" if self.deployment_in_path else "false",
            "inferenceAPIVersion": self.inference_api_version,
            "deploymentAPIVersion": self.deployment_api_version,
            "models": [model.model_dump(by_alias=True) for model in self.models],
            "modelDiscovery": discovery,
            "authConfig": self.auth_config and self.auth_config.model_dump(),
            "customHeaders": self.headers(secrets),
        }
        return {key: value if isinstance(value, str) else _compact(value) for key, value in values.items() if value}

    def headers(self, secrets: Secrets) -> dict[str, str]:
        """The custom headers with references resolved; ARM stores them, and Agent Service sends them, in clear."""
        return {name: _plain(value, secrets) for name, value in self.custom_headers.items()}

    def resource(self, secrets: Secrets) -> dict[str, Any]:
        """The body of the PUT, secrets resolved: pass it on, never show or store it."""
        properties: dict[str, Any] = {
            "category": self.category,
            "target": self.target,
            "authType": self.auth_type,
            "isSharedToAll": self.shared,
            "credentials": self._credentials(secrets),
            "metadata": self.metadata(secrets),
        }
        # Beside `credentials`, not inside: that is where the service reads them.
        beside = {"tokenUrl": self.token_url, "scopes": list(self.scopes), "audience": self.audience}
        return {"properties": properties | {key: value for key, value in beside.items() if value}}

    def preview(self) -> dict[str, Any]:
        """The body of the PUT with references where the secrets will stand: safe to show."""
        return self.with_references(lambda reference: f"<{reference}>")

    def with_references(self, spell: Callable[[SecretReference], str] = str) -> dict[str, Any]:
        """The body of the PUT with what `spell` makes of each reference in its secret's place."""
        return self.resource(_Spelled(spell=spell))

    def _credentials(self, secrets: Secrets) -> dict[str, str]:
        if self.auth_type == "ApiKey" and self.api_key:
            return {"key": secrets.resolve(self.api_key).get_secret_value()}
        if self.auth_type == "OAuth2" and self.client_secret:
            return {
                "clientId": self.client_id or "",
                "clientSecret": secrets.resolve(self.client_secret).get_secret_value(),
            }
        return {}


@dataclass(frozen=True, kw_only=True)
class _Spelled(Secrets):
    spell: Callable[[SecretReference], str]

    def resolve(self, reference: SecretReference) -> SecretStr:
        return SecretStr(self.spell(reference))


def without_query(url: str) -> str:
    """The URL for showing: what follows `?` can be a signature or a key."""
    address, query, _ = url.partition("?")
    return f"{address}?…" if query else address


def _discovery(profile: Profile) -> Discovery | None:
    if not (profile.list_models_endpoint and profile.get_model_endpoint and profile.deployment_provider):
        return None
    return Discovery(
        list_endpoint=profile.list_models_endpoint,
        get_endpoint=profile.get_model_endpoint,
        provider=profile.deployment_provider,
    )


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _plain(value: str, secrets: Secrets) -> str:
    return secrets.resolve(SecretReference.parse(value)).get_secret_value() if is_reference(value) else value
