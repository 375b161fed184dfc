"""Shell text in which secrets travel from variables over pipes: never in a file, never in a process's arguments."""

from __future__ import annotations

__all__ = ["ESCAPE", "Variables", "fetch", "filled", "here_document", "literal", "project_options", "read_body"]

import re
import shlex
from typing import TYPE_CHECKING, Final

from gateway_workbook.profile_rules import SECRETS, header_variable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway_workbook.profile import Profile
    from gateway_workbook.secrets import SecretReference

# printf belongs to the shell, so its arguments are no process's; sed reads the secret from a pipe.
ESCAPE: Final = r"""json() { printf '%s' "$1" | sed 's/[\\"]/\\&/g'; }"""
_FILLED: Final = re.compile(
    r"""\$\(json "(?:\$\(json "\$(?P<nested>\w+)"\)|\$(?P<name>\w+))"\)|\\(?P<escaped>[\\$`])"""
)
_SEGMENTS: Final = {"subscription": 2, "resource-group": 4}


class Variables:
    """The shell variable of each secret of a profile, by the place of its reference."""

    def __init__(self, profile: Profile, *, without: frozenset[str] = frozenset()) -> None:
        self.references: Mapping[str, SecretReference] = {
            place: reference for place, reference in profile.references.items() if place not in without
        }
        self._names: dict[SecretReference, str] = {
            reference: reference.name for reference in self.references.values() if reference.scheme == "env"
        }
        for place, reference in self.references.items():
            self._names.setdefault(reference, self._free(_suggested(place)))

    def __getitem__(self, place: str) -> str:
        return self._names[self.references[place]]

    def __bool__(self) -> bool:
        return bool(self._names)

    def fetched(self, *, export: bool = False) -> str:
        """One line for each secret that is in no variable yet: the command that puts it into one."""
        lines = [
            f'{name}="$({fetch(reference)})"' for reference, name in self._names.items() if reference.scheme != "env"
        ]
        return "".join(f"{'export ' if export else ''}{line}\n" for line in lines)

    def required(self) -> str:
        """Stops a command before it sends an empty secret."""
        return "".join(f': "${{{name}:?is not set}}" &&\n' for name in dict.fromkeys(self._names.values()))

    def _free(self, wanted: str) -> str:
        name, number = wanted, 2
        while name in self._names.values():
            name, number = f"{wanted}_{number}", number + 1
        return name


def here_document(command: str, body: str) -> str:
    """The command with the body on its standard input; the shell fills in `$(…)` of the body as it stands there."""
    return f"{command} <<END_OF_BODY\n{body}\nEND_OF_BODY\n"


def literal(text: str) -> str:
    """The text for a here-document in which the shell is to find nothing to fill in."""
    return re.sub(r"([\\$`])", r"\\\1", text)


def filled(name: str, *, depth: int = 1) -> str:
    """What the shell replaces by the variable's value, escaped for JSON text as deep as that text is nested."""
    inner = f'"${name}"'
    for _ in range(depth):
        inner = f'"$(json {inner})"'
    return inner.strip('"')


def read_body(text: str) -> str:
    """The body of a here-document, with a reference where the shell would fill in a variable."""
    return _FILLED.sub(lambda found: found["escaped"] or f"env:{found['nested'] or found['name']}", text)


def project_options(project_resource_id: str) -> str:
    """The options of `az` that name the project's subscription and resource group."""
    segments = project_resource_id.split("/")
    return " ".join(f"--{option} {shlex.quote(segments[index])}" for option, index in _SEGMENTS.items())


def _suggested(place: str) -> str:
    header = re.match(r"customHeaders\.(.+)", place)
    return header_variable(header[1]) if header else SECRETS[place]


def fetch(reference: SecretReference) -> str:
    """The command that prints a secret of a keyring or a Key Vault."""
    place, _, name = reference.name.rpartition("/")
    if reference.scheme == "keyring":
        return f"keyring get {shlex.quote(place)} {shlex.quote(name)}"
    where = (
        f"--id {shlex.quote(f'{place}/secrets/{name}')}"
        if "://" in place
        else f"--vault-name {shlex.quote(place)} --name {shlex.quote(name)}"
    )
    return f"az keyvault secret show {where} --query value --output tsv"
