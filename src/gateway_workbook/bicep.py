"""Bicep parameter files: the profile's plain values, and secrets that whoever compiles them has in the environment."""

from __future__ import annotations

__all__ = ["bicep_deployment", "from_bicepparam", "is_bicepparam", "template_of", "to_bicepparam"]

import re
from typing import TYPE_CHECKING, Any, Final

from gateway_workbook.arm_template import parameter_names, passed_secrets
from gateway_workbook.bicep_value import Variable, parameters, spelled
from gateway_workbook.parameter_file import HIDDEN_HEADERS, parameter_values
from gateway_workbook.profile_note import read_comment, rest, to_comment, with_note
from gateway_workbook.shell import project_options

if TYPE_CHECKING:
    from gateway_workbook.profile import Profile

_USING: Final = re.compile(r"^using\s+'([^'\n]+)'", re.MULTILINE)


def to_bicepparam(profile: Profile) -> str:
    """The parameter file of the template beside it."""
    variables = passed_secrets(profile)
    plain = parameter_values(profile, parameter_names(profile.category))
    secret = {place: Variable(variables[place]) for place in variables.references}
    headers = {place.partition(".")[2]: value for place, value in secret.items() if place.startswith("customHeaders.")}
    values: dict[str, Any] = plain | {place: value for place, value in secret.items() if "." not in place}
    values |= {HIDDEN_HEADERS: headers} if headers else {}
    told = {place for place, reference in variables.references.items() if reference.scheme == "env"}
    note = to_comment(rest(profile, held={*plain, *told}), mark="//")
    rows = "".join(f"param {name} = {spelled(value)}\n" for name, value in values.items())
    return f"using './{profile.connection_name}.bicep'\n{note}\n{rows}"


def bicep_deployment(profile: Profile) -> str:
    """The command that compiles and deploys both files; the secrets have to be exported variables."""
    variables, name = passed_secrets(profile), profile.connection_name
    return (
        f"{variables.fetched(export=True)}{variables.required()}"
        f"az deployment group create {project_options(str(profile.project_resource_id))} --name {name} \\\n"
        f"  --parameters {name}.bicepparam\n"
    )


def is_bicepparam(text: str) -> bool:
    """Whether the text is a Bicep parameter file."""
    return _USING.search(text) is not None


def template_of(text: str) -> str:
    """The path of the template that a Bicep parameter file uses, from its own place."""
    found = _USING.search(text)
    return found[1] if found else ""


def from_bicepparam(text: str, *, source: str) -> dict[str, Any]:
    """The parameters as a profile's data; raises ProfileError for what only Bicep itself can evaluate."""
    data = parameters(text, source=source)
    headers = data.pop(HIDDEN_HEADERS, {})
    return with_note(with_note(data, {"customHeaders": headers}), read_comment(text, source=source))
