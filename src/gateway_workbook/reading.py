"""A file of any form, told by its content, as a profile's data."""

from __future__ import annotations

__all__ = ["Reading", "read_file", "read_stored", "with_default_secret"]

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from gateway_workbook.arm_resource import from_resource
from gateway_workbook.az_rest import from_script, is_script
from gateway_workbook.az_yaml import from_az_yaml, is_az_yaml
from gateway_workbook.bicep import from_bicepparam, is_bicepparam, template_of
from gateway_workbook.document import Document, read_text
from gateway_workbook.errors import ProfileError, UsageError
from gateway_workbook.parameter_file import from_parameter_file
from gateway_workbook.profile_rules import SECRETS

if TYPE_CHECKING:
    from pathlib import Path

_SECRET_OF: Final = {"ApiKey": "apiKey", "OAuth2": "clientSecret"}
_BICEP: Final = re.compile(r"^(?:param \w+ \w+|resource \w+ ')", re.MULTILINE)


@dataclass(frozen=True)
class Reading:
    """A profile's data as some form gave it, and a sentence for each thing the reader had to decide."""

    document: Document
    told: tuple[str, ...] = ()


def read_file(path: Path) -> Reading:
    """Read a profile, or a form of one; raises UsageError or ProfileError."""
    text = read_text(path)
    if not text.strip():
        raise UsageError(f"{path} is empty: give a profile, or a connection in one of the forms of `export`")
    form = _text_form(path, text)
    if form is None:
        document = _document(path, text)
        form = _data_form(path, text, document) if isinstance(document.value, Mapping) else None
        if form is None:
            return Reading(document)
    return with_default_secret(form)


def read_stored(resource: Mapping[str, Any], *, source: str) -> Reading:
    """A connection as ARM gave it, which is never its secrets."""
    return with_default_secret(Reading(*from_resource(Document(source, resource), stored=True)))


def with_default_secret(reading: Reading) -> Reading:
    """The same with a reference where the form is silent about the secret: no form holds its value."""
    data = reading.document.value
    field = _SECRET_OF.get(str(data.get("authType")))
    if field is None or data.get(field):
        return reading
    told = f"{field} is not in it: set {SECRETS[field]} to the secret"
    data = {**data, field: f"env:{SECRETS[field]}"}
    return Reading(Document(reading.document.source, data), (*reading.told, told))


def _text_form(path: Path, text: str) -> Reading | None:
    if is_script(text):
        return Reading(*from_script(text, source=str(path)))
    if is_bicepparam(text):
        template = path.parent / template_of(text)
        category = _category(template.read_text(encoding="utf-8")) if template.is_file() else {}
        return Reading(Document(str(path), category | from_bicepparam(text, source=str(path))))
    if _BICEP.search(text):
        return _text_form(beside := _beside(path, ".bicepparam"), read_text(beside))
    return None


def _data_form(path: Path, text: str, document: Document) -> Reading | None:
    if "resources" in document.value:
        parameters = _document(beside := _beside(path, ".parameters.json"), read_text(beside))
        if not isinstance(parameters.value, Mapping) or "parameters" not in parameters.value:
            raise UsageError(f"{beside} is no parameter file: write the values of {path} into it")
        read = from_parameter_file(parameters)
        return Reading(Document(read.source, _category(text) | read.value))
    if "parameters" in document.value:
        return Reading(from_parameter_file(document))
    if "properties" in document.value:
        return Reading(*from_resource(document))
    if is_az_yaml(document.value):
        return Reading(*from_az_yaml(document, text))
    return None


def _document(path: Path, text: str) -> Document:
    """JSON where the file is, or says it is; else YAML, which JSON would be too, but for its types."""
    named = path.suffix == ".json"
    if not named and not text.lstrip().startswith("{"):
        return Document.parse(text, source=str(path))
    try:
        return Document.parse_json(text, source=str(path))
    except ProfileError:
        if named:
            raise
        return Document.parse(text, source=str(path))


def _beside(path: Path, suffix: str) -> Path:
    """The file with the values of a template."""
    stem = path.name.removesuffix(path.suffix).removesuffix(".template")
    beside = path.with_name(f"{stem}{suffix}")
    if not beside.is_file():
        raise UsageError(f"{path} is a template without values: put its parameter file beside it as {beside.name}")
    return beside


def _category(template: str) -> dict[str, str]:
    """What a template's parameters tell of it, as a file of their values may not."""
    if "apimResourceId" in template:
        return {"category": "ApiManagement"}
    return {"category": "ModelGateway"} if "targetUrl" in template else {}
