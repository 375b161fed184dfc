"""The fields of tools that have rules of their own: names, URLs, schemas, documents, and what must be a reference."""

from __future__ import annotations

__all__ = ["Authorization", "Headers", "Name", "Sample", "Schema", "Spec", "Text", "Url"]

import re
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlsplit

from pydantic import AfterValidator, BeforeValidator, StringConstraints

from gateway_workbook.openapi import check_spec
from gateway_workbook.secrets import SecretReference, is_reference, looks_secret

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")  # what the chat-completions contract allows a function
_SECRET_QUERY = ("code", "sig")  # of Azure Functions, of shared access signatures
_HOST = re.compile(r"[^/?#@\s]+")


def _named(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError("not a tool's name; use 1 to 64 letters, digits, - and _")
    return name


def _url(url: str) -> str:
    try:
        parts = urlsplit(url)
        found = parts.scheme in ("https", "http", "sandbox") and _HOST.fullmatch(parts.netloc.rpartition("@")[2])
    except ValueError:
        parts, found = urlsplit(""), None
    if not found or not url.isprintable():
        raise ValueError("not a URL; write https://host/path (sandbox://examples/… for the sandbox's own)")
    if "@" in parts.netloc:
        raise ValueError("holds a user name or password; remove it, and reach the service through a project connection")
    secret = next((name for name, _ in parse_qsl(parts.query) if looks_secret(name) or name in _SECRET_QUERY), None)
    if secret:
        raise ValueError(f"holds a secret in its query ({secret}); keep that in a project connection")
    return url


def _schema(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    from jsonschema import Draft202012Validator, SchemaError

    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise ValueError(f"is not a JSON schema ({error.message}); mend it") from None
    if schema.get("type") != "object":
        raise ValueError("is not the schema of an object; write type: object")
    return schema


def _header_values(headers: Mapping[str, str]) -> Mapping[str, str]:
    for name, value in headers.items():
        if looks_secret(name) and not is_reference(value):
            variable = re.sub(r"[^A-Z0-9]+", "_", name.upper()).strip("_")
            raise ValueError(
                "holds a secret or no reference; put the whole header into an environment variable "
                f"and write {name}: env:MCP_{variable}"
            )
    return headers


def _spec(spec: object) -> str | Mapping[str, Any]:
    if isinstance(spec, str):
        return _url(spec)
    if isinstance(spec, Mapping):
        return check_spec(spec)
    raise ValueError("is no OpenAPI document; write a URL, the name of a file beside this one, or the document itself")


def _authorization(value: object) -> object:
    if value is None or isinstance(value, SecretReference) or (isinstance(value, str) and is_reference(value)):
        return value
    raise ValueError(
        "holds a secret or no reference; put the token into an environment variable "
        "and write authorization: env:MCP_TOKEN"
    )


def _something(value: object) -> object:
    if value in (None, ""):
        raise ValueError("is empty; write what the function gives back, as text or as data")
    return value


Text = Annotated[str, StringConstraints(strict=True, min_length=1)]
Name = Annotated[Text, AfterValidator(_named)]
Url = Annotated[Text, AfterValidator(_url)]
Schema = Annotated[dict[str, Any], AfterValidator(_schema)]
Sample = Annotated[Any, AfterValidator(_something)]
Spec = Annotated[Any, AfterValidator(_spec)]
Headers = Annotated[dict[Text, Text], AfterValidator(_header_values)]
Authorization = Annotated[SecretReference | None, BeforeValidator(_authorization)]
