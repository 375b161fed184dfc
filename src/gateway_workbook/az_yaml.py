"""The flat YAML of `az cognitiveservices account project connection create --file`, for what it can hold.

The command knows a key and nothing else: it drops what stands beside credentials, and shares with nobody.
"""

from __future__ import annotations

__all__ = ["from_az_yaml", "is_az_yaml", "to_az_yaml", "yaml_command"]

import shlex
from typing import TYPE_CHECKING, Any, Final

import yaml

from gateway_workbook.arm_resource import from_resource
from gateway_workbook.document import Document
from gateway_workbook.errors import UsageError
from gateway_workbook.profile_note import read_comment, rest, to_comment, with_note
from gateway_workbook.shell import ESCAPE, Variables, filled, project_options

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gateway_workbook.connection import Connection
    from gateway_workbook.profile import Profile

_TYPES: Final = {"ApiManagement": "api_management", "ModelGateway": "model_gateway"}
_UNHELD: Final = (
    "connectionName",
    "projectResourceId",
    "gatewayName",
    "apimSubscriptionName",
    "apiKey",
)


def to_az_yaml(profile: Profile, connection: Connection) -> str:
    """The file; raises UsageError naming the first thing that the command would lose."""
    lost = next(_lost(profile), None)
    if lost:
        raise UsageError(f"az-yaml cannot hold {lost}: take --format az-rest, template or bicep")
    held = {name for name in profile.to_data() if name not in _UNHELD}
    properties = connection.with_references()["properties"]
    flat = {"type": _TYPES[profile.category], "target": properties["target"], "metadata": properties["metadata"]}
    note = to_comment(rest(profile, held=held), mark="#")
    return note + yaml.safe_dump(flat, sort_keys=False, allow_unicode=True, width=110)


def yaml_command(profile: Profile) -> str:
    """The command that adds the key to the file's content and creates the connection.

    It reads what `--file` names twice and takes no pipe, so for that moment the key is in a private file.
    """
    project = str(profile.project_resource_id)
    variables, segments = Variables(profile), project.split("/")
    account, name, connection = shlex.quote(segments[8]), shlex.quote(segments[10]), profile.connection_name
    key = filled(variables["apiKey"])
    return (
        f"{ESCAPE}\n{variables.fetched()}{variables.required()}("
        'file="$(mktemp)" && trap \'rm -f "$file"\' EXIT HUP INT TERM &&\n'
        f'  {{ cat {connection}.az.yaml; printf \'api_key: "%s"\\n\' "{key}"; }} > "$file" &&\n'
        f"  az cognitiveservices account project connection create {project_options(project)} \\\n"
        f'    --name {account} --project-name {name} --connection-name {connection} --file "$file")\n'
    )


def is_az_yaml(value: Mapping[str, Any]) -> bool:
    """Whether the data is such a file's."""
    return "type" in value and "category" not in value and "target" in value


def from_az_yaml(document: Document, text: str) -> tuple[Document, tuple[str, ...]]:
    """The file as a profile's data; raises ProfileError for a type that is no gateway's."""
    flat = document.value
    category = next((name for name, spelled in _TYPES.items() if flat["type"] in (spelled, name)), None)
    if category is None:
        raise document.refuse([(("type",), f"is no gateway's; write {' or '.join(_TYPES.values())}")])
    unknown = set(flat) - {"type", "target", "metadata", "api_key", "name"}
    if unknown:
        raise document.refuse([((name,), "unknown key; remove it") for name in sorted(unknown)])
    properties = {
        "category": category,
        "target": flat["target"],
        "authType": "ApiKey",
        "credentials": {"key": flat.get("api_key")},
        "metadata": flat.get("metadata"),
    }
    resource = {"name": flat.get("name"), "properties": properties}
    read, told = from_resource(Document(document.source, resource))
    return Document(document.source, with_note(read.value, read_comment(text, source=document.source))), told


def _lost(profile: Profile) -> Iterator[str]:
    if profile.auth_type == "OAuth2":
        yield "tokenUrl and scopes"
    if profile.auth_type == "ProjectManagedIdentity":
        yield "the audience"
    if profile.connection_scope == "account":
        yield "connectionScope account"
    if profile.is_shared_to_all:
        yield "isSharedToAll"
    yield from (f"the reference in {place}" for place in profile.references if place.startswith("customHeaders."))
