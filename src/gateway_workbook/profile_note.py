"""What a form has no field for, kept beside it as a note, so that reading the form gives the whole profile back.

The note is part of a profile under the template's names: in JSON forms under `metadata.profile`, in the others a
comment `profile: {…}`. Azure's clients pass over both.
"""

from __future__ import annotations

__all__ = ["noted", "read_comment", "rest", "to_comment", "with_note"]

import json
import re
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, Final

from gateway_workbook.errors import ProfileError

if TYPE_CHECKING:
    from gateway_workbook.profile import Profile

_COMMENT: Final = re.compile(r"^(?:#|//) profile: (\{.*\})$", re.MULTILINE)


def rest(profile: Profile, *, held: Collection[str]) -> dict[str, Any]:
    """The part of the profile that a form does not hold; `held` are fields, and `customHeaders.NAME` for its secrets.

    A custom header that is no reference counts as held with `customHeaders`.
    """
    data = profile.to_data()
    left = {name: value for name, value in data.items() if name not in held}
    headers = {
        place.partition(".")[2]: str(reference)
        for place, reference in profile.references.items()
        if place.startswith("customHeaders.") and place not in held
    }
    return left | ({"customHeaders": headers} if headers and "customHeaders" in held else {})


def with_note(data: Mapping[str, Any], note: Mapping[str, Any]) -> dict[str, Any]:
    """The profile's data from both; the note wins, except that headers come from both."""
    headers = {**_mapping(data.get("customHeaders")), **_mapping(note.get("customHeaders"))}
    return {**data, **note} | ({"customHeaders": headers} if headers else {})


def noted(document: Mapping[str, Any]) -> dict[str, Any]:
    """The note of a JSON form; empty when it has none."""
    return _mapping(_mapping(document.get("metadata")).get("profile"))


def to_comment(note: Mapping[str, Any], *, mark: str) -> str:
    """The note as a line of comment; nothing for an empty one."""
    # Escaped, so that no character can end the line.
    return f"{mark} profile: {json.dumps(note)}\n" if note else ""


def read_comment(text: str, *, source: str) -> dict[str, Any]:
    """The note in a text's comments; empty when there is none. Raises ProfileError for a damaged one."""
    found = _COMMENT.search(text)
    try:
        return _mapping(json.loads(found[1])) if found else {}
    except ValueError as error:
        raise ProfileError(source, ["the comment `profile: {…}` is no JSON; restore it, or remove it"]) from error


def _mapping(value: object) -> dict[str, Any]:
    return dict(value) if isinstance(value, Mapping) else {}
