"""A file of any form, told by its content, as a profile's data."""

from __future__ import annotations

__all__ = ["Reading", "read_file", "with_default_secret"]

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from gateway_workbook.arm_resource import from_resource
from gateway_workbook.document import Document
from gateway_workbook.errors import UsageError
from gateway_workbook.parameter_file import from_parameter_file
from gateway_workbook.profile_rules import SECRETS

if TYPE_CHECKING:
    from pathlib import Path

_SECRET_OF: Final = {"ApiKey": "apiKey", "OAuth2": "clientSecret"}


@dataclass(frozen=True)
class Reading:
    """A profile's data as some form gave it, and a sentence for each thing the reader had to decide."""

    document: Document
    told: tuple[str, ...] = ()


def read_file(path: Path) -> Reading:
    """Read a profile, or a form of one; raises UsageError or ProfileError."""
    document = Document.read(path)
    if not isinstance(document.value, Mapping):
        return Reading(document)
    if "resources" in document.value:
        return with_default_secret(_template(document, path))
    if "parameters" in document.value:
        return with_default_secret(Reading(from_parameter_file(document)))
    if "properties" in document.value:
        return with_default_secret(Reading(*from_resource(document)))
    return Reading(document)


def with_default_secret(reading: Reading) -> Reading:
    """The same with a reference where the form is silent about the secret: no form holds its value."""
    data = reading.document.value
    field = _SECRET_OF.get(str(data.get("authType")))
    if field is None or data.get(field):
        return reading
    variable = SECRETS[field]
    told = f"{field} is a secret that no form holds: set {variable} to it before a run"
    return Reading(Document(reading.document.source, data | {field: f"env:{variable}"}), (*reading.told, told))


def _template(document: Document, path: Path) -> Reading:
    stem = path.name.removesuffix(".json").removesuffix(".template")
    beside = path.with_name(f"{stem}.parameters.json")
    if not beside.is_file():
        raise UsageError(
            f"{path} is a template, and its values are in a parameter file: put it beside as {beside.name}, or give it"
        )
    data = from_parameter_file(Document.read(beside))
    return Reading(Document(document.source, {"category": _category(document.value)} | data.value))


def _category(template: Mapping[str, Any]) -> str | None:
    parameters = template.get("parameters")
    names = set(parameters) if isinstance(parameters, Mapping) else set()
    return "ApiManagement" if "apimResourceId" in names else "ModelGateway" if "targetUrl" in names else None
