"""References to secrets (`env:NAME`, `keyring:SERVICE/USER`, `keyvault:VAULT/NAME`) and their resolution.

papermill writes every parameter into the output notebook, so a secret's value must never be one; its reference may.
"""

from __future__ import annotations

__all__ = ["SecretReference", "Secrets", "is_reference", "looks_secret"]

import os
import re
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, Self, get_args

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, SecretStr
from pydantic_core import CoreSchema, core_schema

from gateway_workbook.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

    from azure.core.exceptions import AzureError

Scheme = Literal["env", "keyring", "keyvault"]
_FORM = re.compile(r"(?P<scheme>env|keyring|keyvault):(?P<name>\S+)")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SECRET_NAME = re.compile(r"auth(?!or\b)|key|token|secret|passw|cookie|credential|signature", re.IGNORECASE)


def is_reference(text: str) -> bool:
    """Whether the text is a usable reference to a secret."""
    try:
        SecretReference.parse(text)
    except ValueError:
        return False
    return True


def looks_secret(name: str) -> bool:
    """Whether a header or parameter of this name usually carries a secret."""
    return _SECRET_NAME.search(name) is not None


@dataclass(frozen=True)
class SecretReference:
    """Where a secret is kept; safe to print, log and store, because it is not the secret."""

    scheme: Scheme
    name: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `scheme:name`; raises ValueError, without repeating the text, which may be a secret."""
        match = _FORM.fullmatch(text)
        if match is None:
            raise ValueError(f"is not a reference to a secret ({', '.join(f'{s}:…' for s in get_args(Scheme))})")
        scheme, name = match["scheme"], match["name"]
        if scheme == "env" and not _VARIABLE.fullmatch(name):
            raise ValueError("names no environment variable (letters, digits and _ only)")
        if scheme != "env" and "/" not in name.strip("/"):
            raise ValueError(f"needs two parts, {scheme}:{'SERVICE/USER' if scheme == 'keyring' else 'VAULT/SECRET'}")
        return cls(scheme, name)  # type: ignore[arg-type]  # the pattern admits only the three schemes

    def __str__(self) -> str:
        return f"{self.scheme}:{self.name}"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Let pydantic models hold a reference as text."""
        del source, handler
        return core_schema.no_info_plain_validator_function(
            lambda value: value if isinstance(value, cls) else cls.parse(_text(value)),
            serialization=core_schema.to_string_ser_schema(),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Text, for a reader of the JSON schema."""
        del schema, handler
        return {"type": "string", "description": "a reference such as env:NAME"}


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    raise ValueError("must be text such as env:NAME")


@dataclass(frozen=True)
class Secrets:
    """Resolves references at the last moment.

    `sandbox` holds the variables a running sandbox offers for its own gateways; the process's environment wins over it.
    """

    sandbox: Mapping[str, str] = field(default_factory=dict, repr=False)

    def resolve(self, reference: SecretReference) -> SecretStr:
        """The secret itself; raises UsageError saying how to provide it."""
        match reference.scheme:
            case "env":
                value = os.environ.get(reference.name) or self.sandbox.get(reference.name)
            case "keyring":
                value = _from_keyring(reference)
            case "keyvault":
                value = _from_keyvault(reference)
        if not value:
            raise UsageError(f"no secret at {reference}: {_MENDS[reference.scheme].format(name=reference.name)}")
        if value != value.strip() or not value.isprintable():
            raise UsageError(
                f"the secret at {reference} has blanks or line ends around or in it: store it without them"
            )
        return SecretStr(value)


_MENDS: dict[Scheme, str] = {
    "env": "set the environment variable {name} before starting the notebook or the command",
    "keyring": "store it with `keyring set` under that service and user",
    "keyvault": "check the vault's and the secret's name",
}


def _from_keyring(reference: SecretReference) -> str | None:
    service, _, user = reference.name.rpartition("/")
    keyring = _extra("keyring", reference)
    try:
        value: str | None = keyring.get_password(service, user)
    except keyring.errors.KeyringError as error:
        why = f"{type(error).__name__}: {error}"
        raise UsageError(f"{reference} cannot be read ({why}): unlock the keyring, or use env:NAME") from error
    return value


def _from_keyvault(reference: SecretReference) -> str | None:
    client_module = _extra("azure.keyvault.secrets", reference)
    from azure.core.exceptions import AzureError
    from azure.identity import DefaultAzureCredential

    vault, _, name = reference.name.rpartition("/")
    url = vault if "://" in vault else f"https://{vault}.vault.azure.net"
    try:
        with DefaultAzureCredential() as credential, client_module.SecretClient(url, credential) as client:
            value: str | None = client.get_secret(name).value
    except AzureError as error:
        raise UsageError(f"{reference} cannot be read {_vault_problem(error, url)}") from error
    except ValueError as error:  # the client's word for a URL, or a challenge, that is no key vault's
        raise UsageError(f"{reference} cannot be read ({error}): check the vault's name") from error
    return value


def _vault_problem(error: AzureError, url: str) -> str:
    """Why the vault gave nothing, and the mend."""
    from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ResourceNotFoundError

    if isinstance(error, ResourceNotFoundError):
        return f"(404): {url} has no such secret; check its name"
    if isinstance(error, ClientAuthenticationError):
        return "(nobody is signed in): sign in with `az login`, or set the AZURE_* variables of a service principal"
    if isinstance(error, HttpResponseError):
        return f"({error.status_code} {error.reason}): ask for the role Key Vault Secrets User on {url}"
    return f"({type(error).__name__}): no answer from {url}; check the vault's name and the network"


def _extra(module: str, reference: SecretReference) -> ModuleType:
    try:
        return import_module(module)
    except ImportError as error:
        extra = reference.scheme
        raise UsageError(f"{reference} needs the extra '{extra}': pip install 'gateway-workbook[{extra}]'") from error
