"""A gateway's settings as people keep them: YAML in the public template's names, or its ARM parameter file."""

from __future__ import annotations

__all__ = ["AuthConfig", "Model", "ModelDetails", "Profile", "load_profile"]

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Self

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError
from pydantic.alias_generators import to_camel

from gateway_workbook.document import Document, placeholders, sentences
from gateway_workbook.profile_rules import Problem, broken_rules
from gateway_workbook.reading import read_file
from gateway_workbook.secrets import SecretReference, is_reference
from gateway_workbook.workbook import ready_file

if TYPE_CHECKING:
    from pathlib import Path

IDENTITY_AUDIENCE: Final = "https://cognitiveservices.azure.com"

Category = Literal["ApiManagement", "ModelGateway"]
AuthType = Literal["ApiKey", "OAuth2", "ProjectManagedIdentity"]
Provider = Literal["OpenAI", "AzureOpenAI"]
Scope = Literal["project", "account"]
Text = Annotated[str, StringConstraints(strict=True, min_length=1)]


def _flag(value: object) -> object:
    spelled = {"true": True, "false": False}.get(str(value).lower())
    if spelled is None:
        raise ValueError("not a yes-or-no value; write true or false")
    return spelled


Flag = Annotated[bool, BeforeValidator(_flag)]
OptionalText = Text | None


class _Strict(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        hide_input_in_errors=True,  # the input may be a secret in the wrong place
    )


class ModelDetails(_Strict):
    """What a model is, for people and catalogues; never sent to the gateway."""

    name: Text
    version: str = ""
    format: Text = "OpenAI"


class ModelProperties(_Strict):
    """The one-field wrapper that ARM puts around a model's details."""

    model: ModelDetails


class Model(_Strict):
    """One entry of `staticModels`; `name` is the deployment, the name the gateway is sent."""

    name: Text
    properties: ModelProperties


class AuthConfig(_Strict):
    """The header that carries the key; `{api_key}` in `format` is replaced by it."""

    type: Literal["api_key"] = "api_key"
    name: Text
    format: Text = "{api_key}"


class Profile(_Strict):
    """One gateway connection as a person writes it; field names in files are those of the public template.

    Rules that join fields are in `profile_rules`; construct with `Profile.parse`, which names every problem.
    """

    category: Category
    connection_name: Annotated[Text, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{2,32}$")]
    project_resource_id: OptionalText = None
    connection_scope: Scope = "project"
    target_url: OptionalText = None
    gateway_name: OptionalText = None
    apim_resource_id: OptionalText = None
    api_name: OptionalText = None
    apim_subscription_name: OptionalText = None
    auth_type: AuthType
    api_key: SecretReference | None = None
    client_id: OptionalText = None
    client_secret: SecretReference | None = None
    token_url: OptionalText = None
    scopes: tuple[Text, ...] = ()
    audience: OptionalText = None
    is_shared_to_all: Flag = False
    deployment_in_path: Flag = False
    inference_api_version: Annotated[OptionalText, Field(alias="inferenceAPIVersion")] = None
    deployment_api_version: Annotated[OptionalText, Field(alias="deploymentAPIVersion")] = None
    static_models: tuple[Model, ...] = ()
    list_models_endpoint: OptionalText = None
    get_model_endpoint: OptionalText = None
    deployment_provider: Provider | None = None
    auth_config: AuthConfig | None = None
    custom_headers: dict[Text, Text] = Field(default_factory=dict)

    @classmethod
    def parse(cls, document: Document) -> Self:
        """Check plain data; raises ProfileError with every problem, its place and its mend."""
        profile, found = cls._read(document)
        if profile is None or found:
            raise document.refuse(found)
        return profile

    @classmethod
    def problems(cls, document: Document) -> list[Problem]:
        """What `parse` would refuse, as (path, sentence with the mend); empty where it is a profile."""
        return cls._read(document)[1]

    @classmethod
    def _read(cls, document: Document) -> tuple[Self | None, list[Problem]]:
        if not isinstance(document.value, Mapping) or not document.value:
            told = "is not a profile: write `category`, `connectionName`, `targetUrl`, … as a mapping"
            return None, [((), told)]
        data = _normalized(document.value)
        found: list[Problem] = [
            (path, f"placeholder {placeholder} is not filled in; write your own value")
            for path, placeholder in placeholders(data)
        ]
        unfilled = {path for path, _ in found}
        found += [problem for problem in broken_rules(data) if tuple(problem[0]) not in unfilled]
        try:
            return cls.model_validate(data), found
        except ValidationError as error:
            return None, found + [problem for problem in sentences(error, cls) if not _covered(problem, found)]

    def to_data(self) -> dict[str, Any]:
        """The profile as plain data under the template's names, without what is at its default."""
        whole, changed = (self.model_dump(mode="json", by_alias=True, exclude_defaults=only) for only in (False, True))
        # deploymentInPath always: without it an ApiManagement profile is refused.
        return {name: value for name, value in whole.items() if name in changed or name == "deploymentInPath"}

    @property
    def references(self) -> dict[str, SecretReference]:
        """Every reference to a secret, by the field it stands in; of a custom header by `customHeaders.NAME`."""
        fields = {"apiKey": self.api_key, "clientSecret": self.client_secret}
        headers = {f"customHeaders.{name}": value for name, value in self.custom_headers.items() if is_reference(value)}
        return {name: value for name, value in fields.items() if value} | {
            name: SecretReference.parse(value) for name, value in headers.items()
        }

    def to_yaml(self) -> str:
        """The profile as YAML that `load_profile` reads back to an equal profile."""
        return yaml.safe_dump(self.to_data(), sort_keys=False, allow_unicode=True, width=110)


def load_profile(name_or_path: str | Path) -> Profile:
    """Read a profile of any form by its path, or a ready one of notebooks/gateways by its name.

    Raises UsageError when there is no such file, ProfileError when it is not a usable profile.
    """
    return Profile.parse(read_file(ready_file(name_or_path, kind="gateways")).document)


def _normalized(value: Mapping[str, Any]) -> dict[str, Any]:
    known = {field.alias for field in Profile.model_fields.values()}
    # The public template's files leave unused parameters empty.
    data = {key: item for key, item in value.items() if key not in known or item not in (None, "", [], {})}
    if "category" not in data:
        told = {"ApiManagement": {"apimResourceId", "apiName"}, "ModelGateway": {"gatewayName"}}
        data.update(("category", category) for category, keys in told.items() if keys & set(data))
    if data.get("authType") == "AAD":  # older texts; the same thing
        data["authType"] = "ProjectManagedIdentity"
    if data.get("authType") == "ProjectManagedIdentity":
        data.setdefault("audience", IDENTITY_AUDIENCE)
    return data


def _covered(problem: Problem, problems: list[Problem]) -> bool:
    return any(tuple(problem[0]) == tuple(other[0]) for other in problems)
