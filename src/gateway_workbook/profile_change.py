"""A change of a profile, applied to the file a person wrote: shown as a diff, checked, then written whole."""

from __future__ import annotations

__all__ = ["ProfileChange", "change_profile", "changed", "in_words"]

import difflib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from gateway_workbook.az_rest import is_script
from gateway_workbook.az_yaml import is_az_yaml
from gateway_workbook.bicep import is_bicepparam
from gateway_workbook.document import Document, read_text
from gateway_workbook.errors import ProfileError, UsageError
from gateway_workbook.parameter_file import from_parameter_file
from gateway_workbook.profile import Profile, load_profile
from gateway_workbook.profile_note import noted
from gateway_workbook.reading import Reading, with_default_secret
from gateway_workbook.whole_files import write_files
from gateway_workbook.workbook import folder, ready_file
from gateway_workbook.yaml_edit import edited

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import JsonValue

    from gateway_workbook.finding import Change

_ORDER: Final = tuple(str(field.alias) for field in Profile.model_fields.values())
_OTHERS: Final = {"resources", "properties"}  # a template, a stored resource


@dataclass(frozen=True, kw_only=True)
class ProfileChange:
    """A file's text before and after; nothing is written until `write`."""

    path: Path
    before: str
    after: str

    @property
    def diff(self) -> str:
        """The lines that change, as `diff` shows them."""
        before, after = self.before.splitlines(), self.after.splitlines()
        names = f"{self.path.name} (as it is)", f"{self.path.name} (mended)"
        lines = difflib.unified_diff(before, after, *names, lineterm="", n=1)
        return "\n".join(lines)

    def write(self) -> None:
        """Write it whole; raises UsageError where the file is no longer the one that was shown."""
        if read_text(self.path) != self.before:
            raise UsageError(f"{self.path} has changed meanwhile: diagnose it again")
        place = self.path.resolve()  # a link stays one
        with place.open(encoding="utf-8", newline="") as file:
            start = file.read()
        ending, mark = "\r\n" if "\r\n" in start else "\n", "\ufeff" if start.startswith("\ufeff") else ""
        mode = place.stat().st_mode
        write_files({place: mark + self.after.replace("\n", ending)}, overwrite=True)
        place.chmod(mode)


def change_profile(name_or_path: str | Path, change: Change) -> ProfileChange:
    """The file with the change, in its own form; comments, order and everything else stay.

    Raises UsageError for a ready profile and for forms that are not written back, with the way to a file of one's own;
    ProfileError where the change would make it unusable.
    """
    path = ready_file(name_or_path, kind="gateways")
    if path.resolve().parent == (folder() / "gateways").resolve():
        raise UsageError(f"{path.stem} is the workbook's own profile: copy {path} to a file of yours, and name that")
    before = read_text(path)
    after = _written(path, before, change)
    found, wanted = _parsed(path, after), changed(load_profile(path), change)
    if found != wanted:
        raise UsageError(f"{path} does not take {in_words(change)}: write it by hand")
    return ProfileChange(path=path, before=before, after=after)


def changed(profile: Profile, change: Change) -> Profile:
    """The profile with the fields set, None leaving one out; raises ProfileError where it is then unusable."""
    fields = profile.to_data() | change
    return Profile.parse(Document("the change", {name: value for name, value in fields.items() if value is not None}))


def in_words(change: Change) -> str:
    """The change as one reads it aloud: `write deploymentInPath: true; leave inferenceAPIVersion out`."""
    return "; ".join(
        f"leave {name} out" if value is None else f"write {name}: {_shown(value)}" for name, value in change.items()
    )


def _shown(value: JsonValue) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _written(path: Path, text: str, change: Change) -> str:
    document = _own(path, text)
    if text.lstrip().startswith("{"):
        return _json(document.value, text, change)
    try:
        return edited(text, change, order=_ORDER)
    except ValueError as error:
        raise UsageError(f"{path} {error}") from error


def _own(path: Path, text: str) -> Document:
    """The file's data where it is a profile or a parameter file; other forms are refused."""
    document = None if is_script(text) or is_bicepparam(text) else _document(path, text)
    data = document.value if document else None
    if document is None or not isinstance(data, dict) or _OTHERS & set(data) or is_az_yaml(data):
        raise UsageError(
            f"{path} is of a form that is not written back: make a profile of it "
            f"(gateway-workbook import {path} --out profile.yaml), and name that"
        )
    return document


def _document(path: Path, text: str) -> Document | None:
    if text.lstrip().startswith("{"):
        return Document.parse_json(text, source=str(path))
    try:
        return Document.parse(text, source=str(path))
    except ProfileError:
        load_profile(path)  # Bicep is no YAML, and can be read; what cannot says why
        return None


def _parsed(path: Path, text: str) -> Profile:
    """What the file would then say."""
    document = _own(path, text)
    if "parameters" in document.value:
        document = with_default_secret(Reading(from_parameter_file(document))).document
    return Profile.parse(document)


def _json(data: dict[str, Any], text: str, change: Change) -> str:
    """A profile as JSON, or a parameter file; what stands in its note is changed there, for the note wins."""
    parameters, note = data.get("parameters"), noted(data)
    for name, value in change.items():
        if name in note:
            _set(data["metadata"]["profile"], name, value)
        if parameters is None:
            _set(data, name, value)
        elif name in parameters or name not in note:
            _set_parameter(parameters, name, value)
    indent = re.search(r"^([ \t]+)\S", text, re.MULTILINE)
    return json.dumps(data, indent=indent[1] if indent else None, ensure_ascii=False) + text[len(text.rstrip()) :]


def _set(fields: dict[str, Any], name: str, value: JsonValue) -> None:
    if value is None:
        fields.pop(name, None)
    else:
        fields[name] = value


def _set_parameter(parameters: dict[str, Any], name: str, value: JsonValue) -> None:
    entry = parameters.get(name, {})
    before = entry.get("value")
    if value is None:
        # The public parameter files leave unused parameters empty, and their comments in.
        empty: JsonValue = next((kind() for kind in (str, list, dict) if isinstance(before, kind)), None)
        _set(parameters, name, None if empty is None else {**entry, "value": empty})
        return
    # The public templates take deploymentInPath as text.
    textual = isinstance(value, bool) and (isinstance(before, str) or not entry)
    kept = {key: item for key, item in entry.items() if key != "reference"}
    parameters[name] = {**kept, "value": str(value).lower() if textual else value}
