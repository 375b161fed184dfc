"""ARM parameter files of the public connection templates, read and written as profiles."""

from __future__ import annotations

__all__ = ["from_parameter_file", "parameter_values", "to_parameter_file"]

import json
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, Final

from gateway_workbook.document import Document
from gateway_workbook.profile_note import noted, rest, with_note
from gateway_workbook.profile_rules import SECRETS
from gateway_workbook.secrets import is_reference

if TYPE_CHECKING:
    from gateway_workbook.profile import Profile
    from gateway_workbook.profile_rules import Problem

HIDDEN_HEADERS: Final = "secretHeaders"
_SCHEMA: Final = "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#"


def to_parameter_file(profile: Profile, names: Collection[str]) -> str:
    """The profile as values of a template's parameters of these names; secrets by reference, in the note beside them.

    The note stands at the file's top level, which `az` leaves at home: it sends `parameters` alone.
    """
    values = parameter_values(profile, names)
    document = {
        "$schema": _SCHEMA,
        "contentVersion": "1.0.0.0",
        "metadata": {"profile": rest(profile, held=values)},
        "parameters": {name: {"value": value} for name, value in values.items()},
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def parameter_values(profile: Profile, names: Collection[str]) -> dict[str, Any]:
    """What a template's parameters of these names are told; no secret and no reference to one."""
    data = profile.to_data() | {"deploymentInPath": "true" if profile.deployment_in_path else "false"}
    plain = {name: value for name, value in profile.custom_headers.items() if not is_reference(value)}
    values = {name: value for name, value in data.items() if name in names and name not in SECRETS}
    return values | ({"customHeaders": plain} if "customHeaders" in values else {})


def from_parameter_file(document: Document) -> Document:
    """The parameters' values as a profile's data; raises ProfileError naming every parameter that has none."""
    parameters = document.value["parameters"]
    if not isinstance(parameters, Mapping):
        raise document.refuse([(("parameters",), "wrong type; write a mapping of parameters")])
    data: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, entry in parameters.items():
        try:
            data[name] = _parameter(name, entry)
        except ValueError as error:
            problems.append((("parameters", name), str(error)))
    if problems:
        raise document.refuse(problems)
    secret = data.pop(HIDDEN_HEADERS, {})
    data = with_note(data, {"customHeaders": secret} if isinstance(secret, Mapping) else {HIDDEN_HEADERS: secret})
    return Document(document.source, with_note(data, noted(document.value)))


def _parameter(name: str, entry: object) -> object:
    if isinstance(entry, Mapping) and "value" in entry:
        return entry["value"]
    if isinstance(entry, Mapping) and "reference" in entry:
        if name not in SECRETS:
            raise ValueError('is no secret, so it is not read from a Key Vault; write {"value": …}')
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
