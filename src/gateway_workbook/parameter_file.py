"""ARM parameter files of the public connection templates, read as profiles."""

from __future__ import annotations

__all__ = ["from_parameter_file"]

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from gateway_workbook.document import Document

if TYPE_CHECKING:
    from gateway_workbook.profile_rules import Problem

DEFAULT_REFERENCES: Final = {
    "ApiKey": ("apiKey", "env:GATEWAY_API_KEY"),
    "OAuth2": ("clientSecret", "env:GATEWAY_CLIENT_SECRET"),
}


def from_parameter_file(document: Document) -> Document:
    """The parameters' values as a profile's data; raises ProfileError naming every parameter that has none."""
    parameters = document.value["parameters"]
    if not isinstance(parameters, Mapping):
        raise document.refuse([(("parameters",), "wrong type; write a mapping of parameters")])
    data: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, entry in parameters.items():
        try:
            data[name] = _parameter(entry)
        except ValueError as error:
            problems.append((("parameters", name), str(error)))
    if problems:
        raise document.refuse(problems)
    # The template takes the secret as a secure parameter, so the file does not hold it: name where it is.
    field, reference = DEFAULT_REFERENCES.get(str(data.get("authType")), (None, None))
    if field and not data.get(field):
        data[field] = reference
    return Document(document.source, data)


def _parameter(entry: object) -> object:
    if isinstance(entry, Mapping) and "value" in entry:
        return entry["value"]
    if isinstance(entry, Mapping) and "reference" in entry:
        return _vault_reference(entry["reference"])
    raise ValueError('has no value; write {"value": …}')


def _vault_reference(reference: Any) -> str:
    if isinstance(reference, Mapping) and "secretVersion" in reference:
        raise ValueError("pins a secretVersion, which a reference cannot hold; remove it, the newest is used")
    try:
        vault = str(reference["keyVault"]["id"]).rstrip("/").rsplit("/", 1)[1]
        return f"keyvault:{vault}/{reference['secretName']}"
    except (KeyError, TypeError, IndexError) as error:
        raise ValueError(
            'is no Key Vault reference; write {"reference": {"keyVault": {"id": …}, "secretName": …}}'
        ) from error
