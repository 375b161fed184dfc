"""Example values for a JSON schema, taken from a text where something in it fits."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

Schema = Mapping[str, Any] | bool

_DEEP: Final = 4  # below this only what a schema requires is made, so that recursive schemas end
_PHRASE: Final = re.compile(r"\b(?:in|for|of)\s+(?:the\s+|an?\s+)?([A-Z][\w'-]*(?:\s+[A-Z][\w'-]*)*|[\w'-]+)")
_QUOTED: Final = re.compile(r"[\"“]([^\"”]+)[\"”]")
_NUMBER: Final = re.compile(r"(?<![\w.-])-?\d+(?:\.\d+)?(?![\w-])")
_FORMATS: Final[Mapping[str, str]] = {
    "date": "2025-11-10",
    "date-time": "2025-11-10T12:00:00Z",
    "time": "12:00:00Z",
    "duration": "PT1H",
    "email": "ada@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.com/",
    "uuid": "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
}
# Tried in this order against `pattern`, which in general has no readable inverse.
_SHAPES: Final = (
    *_FORMATS.values(),
    *("1", "12", "123", "1234", "12345", "123456", "A", "AB", "ABC", "a", "abc", "A1"),
    *("AB-123", "ABC-123", "ABC123", "AB123", "12:00", "+15550100", "#a1b2c3", "1.0.0"),
)
_SPOKEN: Final = ("answer", "content", "message", "reply", "response", "result", "summary", "text")
_SCALARS: Final = ("string", "integer", "number", "boolean", "null")
_REFUSED: Final = ("not", "if", "dependentRequired", "dependentSchemas", "patternProperties", "contains")


class NoExampleError(ValueError):
    """No value is made for a schema; the message says which part of it and why."""


class Examples:
    """Makes values for one schema document (`root`, where its $refs point) out of one text."""

    def __init__(self, root: Schema, *, text: str, answer: str | None = None) -> None:
        self._root = root
        self._text = text
        self._answer = answer
        self._phrases = _distinct([*_QUOTED.findall(text), *_PHRASE.findall(text)])
        self._numbers = [float(number) for number in _NUMBER.findall(text)]

    def value(self) -> Any:
        """Return a value that is valid against the root schema; raises NoExampleError where none is known."""
        try:
            return self._value(self._root, name="", depth=0)
        except (AttributeError, TypeError) as error:  # a keyword holds something of another type than it must
            raise NoExampleError(f"the schema is malformed: {error}") from error

    def _value(self, schema: Schema, *, name: str, depth: int) -> Any:
        if isinstance(schema, bool):
            if not schema:
                raise NoExampleError(f"'{name}' allows no value: its schema is false")
            return "example"
        schema = self._resolved(schema)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return self._choice(schema["enum"])
        for key in ("anyOf", "oneOf"):
            if key in schema:
                rest = {k: v for k, v in schema.items() if k != key}
                branch = self._branch(schema[key], depth=depth)
                return self._value(_merged([rest, self._resolved(branch)]), name=name, depth=depth + 1)
        return self._makers()[_kind(schema, depth=depth)](schema, name, depth)

    def _makers(self) -> dict[str, Callable[[Mapping[str, Any], str, int], Any]]:
        return {
            "object": self._object,
            "array": self._array,
            "string": lambda schema, name, _: self._string(schema, name=name),
            "integer": lambda schema, _, __: int(self._number(schema, step=1)),
            "number": lambda schema, _, __: self._number(schema, step=0.5),
            "boolean": lambda *_: True,
            "null": lambda *_: None,
        }

    def _resolved(self, schema: Schema) -> Mapping[str, Any]:
        """Follow $ref inside this document and fold allOf in."""
        if isinstance(schema, bool):
            return {} if schema else {"enum": []}
        seen: set[str] = set()
        while "$ref" in schema:
            reference = schema["$ref"]
            if reference in seen:
                raise NoExampleError(f"'$ref' {reference} points at itself")
            seen.add(reference)
            rest = {key: value for key, value in schema.items() if key != "$ref"}
            schema = _merged([self._pointed(reference), rest])
        if "allOf" in schema:
            rest = {key: value for key, value in schema.items() if key != "allOf"}
            schema = _merged([rest, *(self._resolved(part) for part in schema["allOf"])])
        refused = [key for key in _REFUSED if key in schema]
        if refused:
            raise NoExampleError(f"'{refused[0]}' is not permitted in a schema here: leave it out")
        return schema

    def _pointed(self, reference: str) -> Mapping[str, Any]:
        found: Any = self._root
        if not reference.startswith("#"):
            raise NoExampleError(f"'$ref' {reference} points outside the schema: use #/$defs/…")
        for step in reference[1:].strip("/").split("/") if reference != "#" else ():
            key = step.replace("~1", "/").replace("~0", "~")
            if not isinstance(found, Mapping) or key not in found:
                raise NoExampleError(f"'$ref' {reference} points nowhere in the schema")
            found = found[key]
        if not isinstance(found, Mapping):
            raise NoExampleError(f"'$ref' {reference} points at no schema")
        return found

    def _branch(self, branches: list[Schema], *, depth: int) -> Schema:
        """Take the first branch, or the one that ends a recursion."""
        if not branches:
            raise NoExampleError("'anyOf' has no branch")
        ends = [b for b in branches if isinstance(b, Mapping) and b.get("type") in _SCALARS]
        return ends[-1] if depth >= _DEEP and ends else branches[0]

    def _choice(self, values: list[Any]) -> Any:
        if not values:
            raise NoExampleError("'enum' allows no value")
        named = [value for value in values if isinstance(value, str) and _occurs(value, self._text)]
        return (named or values)[0]

    def _object(self, schema: Mapping[str, Any], name: str, depth: int) -> dict[str, Any]:
        known, required = schema.get("properties", {}), schema.get("required", [])
        if depth > _DEEP * 8:
            raise NoExampleError(f"'{name}' requires itself without end")
        wanted = required if depth >= _DEEP else [*known, *(key for key in required if key not in known)]
        rest = schema.get("additionalProperties", True)
        made = {key: self._value(known.get(key, rest), name=key, depth=depth + 1) for key in wanted}
        if len(made) < schema.get("minProperties", 0):
            raise NoExampleError(f"'{name}' wants more properties than it names: list them in 'properties'")
        return made

    def _array(self, schema: Mapping[str, Any], name: str, depth: int) -> list[Any]:
        first = [self._value(item, name=name, depth=depth + 1) for item in schema.get("prefixItems", [])]
        least = schema.get("minItems", 0)
        wanted = least if depth >= _DEEP else max(least, min(1, schema.get("maxItems", 1)))
        items = schema.get("items", True)
        rest = [self._value(items, name=name, depth=depth + 1) for _ in range(wanted - len(first))]
        made = first + rest
        if schema.get("uniqueItems") and any(item in made[:index] for index, item in enumerate(made)):
            raise NoExampleError(f"'{name}' wants {len(made)} different items, which is beyond this model")
        return made

    def _string(self, schema: Mapping[str, Any], *, name: str) -> str:
        spoken = [self._answer] if self._answer and name.lower() in _SPOKEN else []
        given = [item for item in _suggested(schema) if isinstance(item, str)]
        shaped = [_FORMATS[schema["format"]]] if schema.get("format") in _FORMATS else []
        padded = "example".ljust(schema.get("minLength", 0), "e")[: schema.get("maxLength")]
        taken = [] if shaped else [*spoken, *self._phrases]
        shapes = _SHAPES if "pattern" in schema else ()
        for candidate in (*taken, *given, *shaped, padded, *shapes):
            if _fits(candidate, schema):
                return candidate
        raise NoExampleError(f"'{name}' has a pattern this model knows no text for: {schema.get('pattern')}")

    def _number(self, schema: Mapping[str, Any], *, step: float) -> float:
        given = [item for item in _suggested(schema) if isinstance(item, int | float)]
        for candidate in (*self._numbers, *given, *_steps(schema, step=step)):
            if _counts(candidate, schema, whole=step == 1):
                if candidate in self._numbers:  # the next number of the text is for the next property
                    self._numbers.remove(candidate)
                return int(candidate) if float(candidate).is_integer() else candidate
        raise NoExampleError(f"no number is as the schema wants it: {json.dumps(schema)}")


def _suggested(schema: Mapping[str, Any]) -> list[Any]:
    return [*schema.get("examples", []), schema.get("default")]


def _steps(schema: Mapping[str, Any], *, step: float) -> list[float]:
    """List numbers near the schema's bounds, on its grid."""
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    high = schema.get("maximum", schema.get("exclusiveMaximum"))
    grain = schema.get("multipleOf", step)
    found: list[float] = [1, 0] if low is None else []
    if low is not None:
        found += [math.ceil(low / grain) * grain, (math.floor(low / grain) + 1) * grain]
    if high is not None:
        found += [math.floor(high / grain) * grain, (math.ceil(high / grain) - 1) * grain]
    return [*found, (low + high) / 2] if low is not None and high is not None else found


def _kind(schema: Mapping[str, Any], *, depth: int) -> str:
    """Say which type to make: the declared one, or what the other keywords tell."""
    declared = schema.get("type")
    if isinstance(declared, list):
        return "null" if depth >= _DEEP and "null" in declared else str(declared[0])
    if declared is None:
        return "object" if "properties" in schema else "array" if "items" in schema else "string"
    if declared not in ("object", "array", "string", "integer", "number", "boolean", "null"):
        raise NoExampleError(f"'type' is {declared!r}, which JSON schema does not know")
    return str(declared)


def _fits(text: str, schema: Mapping[str, Any]) -> bool:
    if not schema.get("minLength", 0) <= len(text) <= schema.get("maxLength", len(text)):
        return False
    try:
        return re.search(schema.get("pattern", ""), text) is not None
    except re.error as error:
        raise NoExampleError(f"'pattern' {schema['pattern']} is no regular expression: {error}") from error


def _counts(number: float, schema: Mapping[str, Any], *, whole: bool) -> bool:
    grain = schema.get("multipleOf")
    return (
        (not whole or float(number).is_integer())
        and schema.get("minimum", -math.inf) <= number <= schema.get("maximum", math.inf)
        and schema.get("exclusiveMinimum", -math.inf) < number < schema.get("exclusiveMaximum", math.inf)
        and (grain is None or math.isclose(number / grain, round(number / grain)))
    )


def _merged(parts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Fold schemas that hold together: properties and required are united, other keywords: the later one."""
    whole: dict[str, Any] = {}
    for part in parts:
        united = {
            "properties": {**whole.get("properties", {}), **part.get("properties", {})},
            "required": _distinct([*whole.get("required", []), *part.get("required", [])]),
        }
        whole = {**whole, **part, **{key: value for key, value in united.items() if value}}
    return whole


def _distinct(items: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(items))


def _occurs(word: str, text: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE) is not None
