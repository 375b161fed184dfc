"""A profile in the forms that Azure's own tools take: files that hold no secret, and the command to run next."""

from __future__ import annotations

__all__ = ["FORMS", "Export", "Form", "export"]

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, get_args

from gateway_workbook.arm_resource import to_resource
from gateway_workbook.arm_template import deployment, parameter_names, template
from gateway_workbook.az_rest import to_script
from gateway_workbook.az_yaml import to_az_yaml, yaml_command
from gateway_workbook.bicep import bicep_deployment, to_bicepparam
from gateway_workbook.connection import API_VERSION, Connection
from gateway_workbook.errors import UsageError
from gateway_workbook.parameter_file import to_parameter_file
from gateway_workbook.whole_files import write_files

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gateway_workbook.profile import Profile
    from gateway_workbook.target import Target

Form = Literal["arm", "template", "bicep", "parameters", "az-yaml", "az-rest"]
FORMS: Final[tuple[Form, ...]] = get_args(Form)


@dataclass(frozen=True)
class Export:
    """The files of one form, by name, and the command to run in their folder."""

    files: tuple[tuple[str, str], ...]
    command: str

    def write(self, folder: Path, *, overwrite: bool = False) -> list[Path]:
        """Write all files or none; raises UsageError where one is there already."""
        return write_files({Path(folder) / name: text for name, text in self.files}, overwrite=overwrite)


def export(profile: Profile, form: Form = "template", *, target: Target) -> Export:
    """The profile in one form for a target's project; raises UsageError when the form cannot hold all of it."""
    if form not in _WRITERS:
        raise UsageError(f"no form '{form}': there is {', '.join(FORMS)}")
    return _WRITERS[form](_located(profile, target), target)


def _located(profile: Profile, target: Target) -> Profile:
    """The profile as the target calls things: its project, URLs that can be called."""
    urls = {name: getattr(profile, name) for name in ("target_url", "token_url")}
    located = {name: target.locate(url) for name, url in urls.items() if url}
    return profile.model_copy(update={"project_resource_id": target.project_resource_id, **located})


def _connection(profile: Profile, form: Form) -> Connection:
    if profile.target_url is None:
        raise UsageError(
            f"{form} needs the API's URL, which only a deployment looks up: "
            "take --format template or bicep, or write targetUrl instead of apimResourceId and apiName"
        )
    return Connection.of(profile, locate=str)


def _arm(profile: Profile, target: Target) -> Export:
    name = f"{profile.connection_name}.arm.json"
    text = to_resource(profile, _connection(profile, "arm"), api_version=API_VERSION)
    return Export(((name, text),), f"gateway-workbook run --profile {name} --target {target.kind}\n")


def _parameters(profile: Profile, target: Target) -> Export:
    del target
    name = f"{profile.connection_name}.parameters.json"
    text = to_parameter_file(profile, parameter_names(profile.category))
    told = "# The template is written by --format template; the public one takes this parameter file, too.\n"
    return Export(((name, text),), told + deployment(profile))


def _template(profile: Profile, target: Target) -> Export:
    name = f"{profile.connection_name}.template.json"
    return Export(((name, template(profile.category)), *_parameters(profile, target).files), deployment(profile))


def _bicep(profile: Profile, target: Target) -> Export:
    del target
    name = profile.connection_name
    files = (f"{name}.bicep", template(profile.category, "bicep")), (f"{name}.bicepparam", to_bicepparam(profile))
    return Export(files, bicep_deployment(profile))


def _az_yaml(profile: Profile, target: Target) -> Export:
    del target
    text = to_az_yaml(profile, _connection(profile, "az-yaml"))
    return Export(((f"{profile.connection_name}.az.yaml", text),), yaml_command(profile))


def _az_rest(profile: Profile, target: Target) -> Export:
    name = f"{profile.connection_name}.az-rest.sh"
    text = to_script(profile, _connection(profile, "az-rest"), address=target.arm, api_version=API_VERSION)
    return Export(((name, text),), f"sh {name}\n")


_WRITERS: Final[Mapping[Form, Callable[[Profile, Target], Export]]] = {
    "arm": _arm,
    "template": _template,
    "bicep": _bicep,
    "parameters": _parameters,
    "az-yaml": _az_yaml,
    "az-rest": _az_rest,
}
