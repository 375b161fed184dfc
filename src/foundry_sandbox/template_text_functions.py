"""Functions of the template language for texts, numbers, truth and encodings."""

from __future__ import annotations

import base64 as coding
import binascii
import hashlib
import json
import re
import uuid
from typing import Any, Final
from urllib.parse import quote, unquote, urljoin

from foundry_sandbox.template_error import TemplateError
from foundry_sandbox.template_function import (
    ANY_NUMBER,
    Functions,
    as_array,
    as_bool,
    as_int,
    as_text,
    kind,
    wanted,
    written,
)

FUNCTIONS: Final = Functions()
define = FUNCTIONS.define

HOLE: Final = re.compile(r"\{\{|\}\}|\{(\d+)\}|[{}]")
# The namespace Azure derives guid() from; a version 5 UUID of it and the joined texts is what Azure gives.
GUID_NAMESPACE: Final = uuid.UUID("11fb06fb-712d-4ddd-98c7-e71bbd588830")

define("toLower")(lambda text: as_text(text).lower())
define("toUpper")(lambda text: as_text(text).upper())
define("trim")(lambda text: as_text(text).strip())
define("replace", 3)(lambda text, old, new: as_text(text).replace(as_text(old), as_text(new)))
define("startsWith", 2)(lambda text, start: as_text(text).lower().startswith(as_text(start).lower()))
define("endsWith", 2)(lambda text, end: as_text(text).lower().endswith(as_text(end).lower()))
define("indexOf", 2)(lambda text, part: as_text(text).lower().find(as_text(part).lower()))
define("lastIndexOf", 2)(lambda text, part: as_text(text).lower().rfind(as_text(part).lower()))
define("uriComponent")(lambda text: quote(as_text(text), safe="-_.!~*'()"))
define("uriComponentToString")(lambda text: unquote(as_text(text)))
define("uri", 2)(lambda base, rest: urljoin(as_text(base), as_text(rest)))
define("base64")(lambda text: coding.b64encode(as_text(text).encode()).decode())
define("string")(written)
define("json")(lambda text: _json(as_text(text)))
define("true", 0)(lambda: True)
define("false", 0)(lambda: False)
define("null", 0)(lambda: None)
define("not")(lambda value: not as_bool(value))
define("and", 2, ANY_NUMBER)(lambda *values: all(map(as_bool, values)))
define("or", 2, ANY_NUMBER)(lambda *values: any(map(as_bool, values)))
define("xor", 2)(lambda one, other: as_bool(one) != as_bool(other))
define("add", 2)(lambda one, other: as_int(one) + as_int(other))
define("sub", 2)(lambda one, other: as_int(one) - as_int(other))
define("mul", 2)(lambda one, other: as_int(one) * as_int(other))
define("div", 2)(lambda one, other: _divided(one, other)[0])
define("mod", 2)(lambda one, other: _divided(one, other)[1])
define("greater", 2)(lambda one, other: _ordered(one, other) > 0)
define("greaterOrEquals", 2)(lambda one, other: _ordered(one, other) >= 0)
define("less", 2)(lambda one, other: _ordered(one, other) < 0)
define("lessOrEquals", 2)(lambda one, other: _ordered(one, other) <= 0)


@define("equals", 2)
def same(one: Any, other: Any) -> bool:
    """Compare two values; unlike Python, 1 is not true, and case counts."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


@define("format", 1, ANY_NUMBER)
def _format(pattern: object, *values: object) -> str:
    def filled(hole: re.Match[str]) -> str:
        if hole[0] in {"{{", "}}"}:
            return hole[0][0]
        if hole[1] is None:
            raise TemplateError("only holes such as {0} are played here, without alignment or format")
        if int(hole[1]) >= len(values):
            raise TemplateError(f"there is no argument for {hole[0]}")
        return written(values[int(hole[1])])

    return HOLE.sub(filled, as_text(pattern))


@define("substring", 2, 3)
def _substring(text: object, start: object, length: object = None) -> str:
    whole, first = as_text(text), as_int(start)
    count = len(whole) - first if length is None else as_int(length)
    if first < 0 or count < 0 or first + count > len(whole):
        raise TemplateError(f"a part of {count} from {first} does not lie within a text of {len(whole)}")
    return whole[first : first + count]


@define("split", 2)
def _split(text: object, marks: object) -> list[str]:
    parts = [as_text(text)]
    for mark in [as_text(one) for one in (marks if isinstance(marks, list) else [marks])]:
        parts = [piece for part in parts for piece in (part.split(mark) if mark else [part])]
    return parts


@define("join", 2)
def _join(items: object, mark: object) -> str:
    return as_text(mark).join(written(item) for item in as_array(items))


@define("padLeft", 2, 3)
def _pad_left(value: object, width: object, mark: object = " ") -> str:
    text = written(value) if kind(value) in {"text", "int"} else wanted("text or int", value)
    return text.rjust(as_int(width), as_text(mark)[:1] or " ")


@define("bool")
def _bool(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in {"true", "false", "1", "0"}:
        return value.lower() in {"true", "1"}
    return as_int(value) != 0


@define("int")
def _int(value: object) -> int:
    try:
        return int(value) if isinstance(value, str) else as_int(value)
    except ValueError as error:
        raise TemplateError("the text is no whole number") from error


@define("guid", 1, ANY_NUMBER)
def _guid(*parts: object) -> str:
    return str(uuid.uuid5(GUID_NAMESPACE, "-".join(as_text(part) for part in parts)))


@define("uniqueString", 1, ANY_NUMBER)
def _unique_string(*parts: object) -> str:
    # Azure's own algorithm is not published: the same length and alphabet, other letters.
    digest = hashlib.sha256("-".join(as_text(part) for part in parts).encode()).digest()
    return coding.b32encode(digest).decode().lower()[:13]


def _decoded(text: object) -> str:
    try:
        return coding.b64decode(as_text(text), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise TemplateError("the text is not base64") from error


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        # The parser's own message is left out: the text may be a secret.
        raise TemplateError("the text is not JSON") from error


def _divided(one: object, other: object) -> tuple[int, int]:
    if as_int(other) == 0:
        raise TemplateError("the divisor is 0")
    quotient = abs(as_int(one)) // abs(as_int(other))  # towards zero, unlike Python's own
    signed = quotient if (as_int(one) < 0) == (as_int(other) < 0) else -quotient
    return signed, as_int(one) - signed * as_int(other)


def _ordered(one: Any, other: Any) -> int:
    if kind(one) != kind(other) or kind(one) not in {"text", "int"}:
        raise TemplateError(f"two texts or two ints are wanted, not {kind(one)} and {kind(other)}")
    return int(one > other) - int(one < other)


define("base64ToString")(_decoded)
define("base64ToJson")(lambda text: _json(_decoded(text)))
