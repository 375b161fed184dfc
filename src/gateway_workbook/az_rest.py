"""A shell script that sends the connection's resource with `az rest`, its secrets from variables over a pipe."""

from __future__ import annotations

__all__ = ["from_script", "is_script", "to_script"]

import json
import re
import shlex
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, unquote

from gateway_workbook.arm_resource import from_resource, held, resource_id
from gateway_workbook.document import Document
from gateway_workbook.errors import ProfileError
from gateway_workbook.profile_note import read_comment, rest, to_comment, with_note
from gateway_workbook.shell import ESCAPE, Variables, filled, here_document, literal, read_body

if TYPE_CHECKING:
    from gateway_workbook.connection import Connection
    from gateway_workbook.profile import Profile

_MARK: Final = "\udc00"  # half of a character, which no text of a profile can hold
_SCRIPT: Final = re.compile(r"^az rest --method put\b", re.MULTILINE)
_SENT: Final = re.compile(
    r"^az rest --method put --url '?https?://[^/\s]+(?P<id>/[^?'\s]+).*? <<(?P<end>\w+)\n(?P<body>.*?)\n(?P=end)$",
    re.DOTALL | re.MULTILINE,
)


def to_script(profile: Profile, connection: Connection, *, address: str, api_version: str) -> str:
    """The script; `address` is ARM's own. What it sends is the body of the PUT and nothing else."""
    variables = Variables(profile)
    names = {reference: variables[place] for place, reference in variables.references.items()}
    body = connection.with_references(lambda reference: f"{_MARK}{names[reference]}{_MARK}")
    url = shlex.quote(f"{address}{quote(resource_id(profile))}?api-version={api_version}")
    told = {place for place, reference in variables.references.items() if reference.scheme == "env"}
    note = to_comment(rest(profile, held=held(profile) - ({*variables.references} - told)), mark="#")
    secrets = f"{ESCAPE}\n{variables.fetched()}{variables.required()}" if variables else ""
    sent = here_document(f"az rest --method put --url {url} --body @-", _body(body))
    return f"#!/bin/sh\n{note}set -eu\n{secrets}{sent}"


def is_script(text: str) -> bool:
    """Whether the text is such a script."""
    return _SCRIPT.search(text) is not None


def from_script(text: str, *, source: str) -> tuple[Document, tuple[str, ...]]:
    """The resource that the script sends, as a profile's data."""
    found = _SENT.search(text)
    if found is None:
        raise ProfileError(source, ["az rest takes its body from elsewhere; give the file with that body instead"])
    sent = Document.parse_json(read_body(found["body"]), source=source)
    document, told = from_resource(Document(source, {"id": unquote(found["id"]), **sent.value}))
    return Document(source, with_note(document.value, read_comment(text, source=source))), told


def _body(body: object) -> str:
    pieces = re.split(rf"{_MARK}(\w+){_MARK}", json.dumps(body, indent=2, ensure_ascii=False))
    texts, names = pieces[::2], pieces[1::2]
    # Custom headers are JSON text inside JSON: there a value's quotation mark is escaped already.
    secrets = [filled(name, depth=2 if text.endswith('\\"') else 1) for text, name in zip(texts, names, strict=False)]
    return "".join(literal(text) + secret for text, secret in zip(texts, [*secrets, ""], strict=True))
