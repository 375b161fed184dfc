"""The ARM and Bicep templates of a connection: one of each for a category, taking the public template's parameters."""

from __future__ import annotations

__all__ = ["deployment", "parameter_names", "passed_secrets", "template"]

import json
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final, Literal

from gateway_workbook.parameter_file import HIDDEN_HEADERS
from gateway_workbook.shell import ESCAPE, Variables, filled, here_document, literal, project_options

if TYPE_CHECKING:
    from gateway_workbook.profile import Category, Profile

_KINDS: Final = {"ApiManagement": "apim", "ModelGateway": "modelgateway"}


@cache
def template(category: Category, language: Literal["template.json", "bicep"] = "template.json") -> str:
    """The template's text; it is the same for every connection of the category."""
    name = f"connection-{_KINDS[category]}.{language}"
    return (files("gateway_workbook") / "templates" / name).read_text(encoding="utf-8")


@cache
def parameter_names(category: Category) -> frozenset[str]:
    """The names of the template's parameters."""
    return frozenset(json.loads(template(category))["parameters"])


def passed_secrets(profile: Profile) -> Variables:
    """The secrets a deployment is passed: not the key that it takes from a subscription of API Management itself."""
    looked_up = profile.apim_resource_id and profile.apim_subscription_name
    return Variables(profile, without=frozenset({"apiKey"} if looked_up else ()))


def deployment(profile: Profile) -> str:
    """The command that deploys the template with its parameter file; secrets come from variables, over stdin."""
    name, project = profile.connection_name, str(profile.project_resource_id)
    variables = passed_secrets(profile)
    command = (
        f"az deployment group create {project_options(project)} --name {name} \\\n"
        f"  --template-file {name}.template.json --parameters @{name}.parameters.json"
    )
    if not variables:
        return f"{command}\n"
    body = _secret_parameters(variables)
    return f"{ESCAPE}\n{variables.fetched()}{variables.required()}{here_document(f'{command} --parameters @-', body)}"


def _secret_parameters(variables: Variables) -> str:
    entries, headers = [], []
    for place in variables.references:
        name, _, header = place.partition(".")
        secret = f'"{filled(variables[place])}"'
        if header:
            headers.append(f"{literal(json.dumps(header))}: {secret}")
        else:
            entries.append(f'"{name}": {{"value": {secret}}}')
    if headers:
        entries.append(f'"{HIDDEN_HEADERS}": {{"value": {{{", ".join(headers)}}}}}')
    return f"{{{', '.join(entries)}}}"
