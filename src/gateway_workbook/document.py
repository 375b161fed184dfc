"""YAML and JSON files as people write them: values with the line they stand on, every problem named by its place."""

from __future__ import annotations

__all__ = ["Document", "placeholders", "read_text", "sentences"]

import difflib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import yaml

from gateway_workbook.errors import ProfileError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import BaseModel, ValidationError

Path_ = tuple[str | int, ...]
_PLACEHOLDER = re.compile(r"YOUR-[A-Za-z0-9][A-Za-z0-9-]*|<[A-Za-z][^<>\s]*>")
_LARGEST = 1_000_000
_TYPED = "json_schema"
_NULLS = ("", "~", "null")
_JSON_SCALAR = re.compile(r"true|false|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")


@dataclass(frozen=True)
class Document:
    """What one file holds: `value` as plain data, `lines` from a value's path to the line it starts on (YAML only)."""

    source: str
    value: Any
    lines: Mapping[Path_, int] = field(default_factory=dict, repr=False)

    @classmethod
    def read(cls, path: Path, *, typed: bool = False) -> Self:
        """Parse a .json file as JSON, any other as YAML (see `parse`); raises UsageError or ProfileError."""
        text = read_text(path)
        return (
            cls.parse_json(text, source=str(path))
            if path.suffix == ".json"
            else cls.parse(text, source=str(path), typed=typed)
        )

    @classmethod
    def parse_json(cls, text: str, *, source: str) -> Self:
        """Parse JSON text; keys written twice are refused."""
        try:
            return cls(source, json.loads(text, object_pairs_hook=_once))
        except _DuplicateError as error:
            raise ProfileError(source, [str(error)]) from error
        except json.JSONDecodeError as error:
            raise ProfileError(source, [f"line {error.lineno}: not JSON ({error.msg})"]) from error
        except (RecursionError, ValueError) as error:
            raise ProfileError(source, ["not JSON that can be read: nested too deep, or a number too long"]) from error

    @classmethod
    def parse(cls, text: str, *, source: str, typed: bool = False) -> Self:
        """Parse YAML text; aliases, tags and keys written twice are refused.

        Plain scalars stay text (`2024-10-21` is an api-version, `1` a model's version), except null, and except below a
        key `json_schema`, or everywhere with `typed`, where they are what JSON would make of them.
        """
        lines: dict[Path_, int] = {}
        try:
            node = yaml.compose(text, Loader=_Loader)
            value = _value(node, (), lines, typed=typed) if node else None
        except _DuplicateError as error:
            raise ProfileError(source, [str(error)]) from error
        except (yaml.YAMLError, RecursionError) as error:
            raise ProfileError(source, [_yaml_problem(error)]) from error
        return cls(source, value, lines)

    def place(self, path: Sequence[str | int]) -> str:
        """Where a value is, for a person: `line 12, staticModels[0].name`."""
        known = next((tuple(path[:n]) for n in range(len(path), 0, -1) if tuple(path[:n]) in self.lines), None)
        name = dotted(path)
        return f"line {self.lines[known]}, {name}" if known else name

    def refuse(self, problems: Sequence[tuple[Sequence[str | int], str]]) -> ProfileError:
        """The error that names every problem with its place, in the order of the file."""
        ordered = sorted(problems, key=lambda item: self.lines.get(tuple(item[0]), 1 << 30))
        return ProfileError(
            self.source,
            list(dict.fromkeys(f"{self.place(path)}: {text}" if path else text for path, text in ordered)),
        )


def read_text(path: Path) -> str:
    """A file's text; raises UsageError when it cannot be read, is no text, or is far too large."""
    try:
        if path.stat().st_size > _LARGEST:
            raise UsageError(f"{path} is larger than {_LARGEST:,} bytes: a file of this kind is a few kilobytes")
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror}): check the path") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text: save it as UTF-8") from error


class _DuplicateError(Exception):
    pass


class _Loader(yaml.BaseLoader):
    """Composes nodes; refuses aliases, by which ten lines can grow into gigabytes, and tags, which name types."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent) or getattr(event, "tag", None):
            what = "an alias" if isinstance(event, yaml.AliasEvent) else "a tag"
            raise yaml.MarkedYAMLError(
                problem=f"{what} is not allowed here; write the value out", problem_mark=event.start_mark
            )
        return super().compose_node(parent, index)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            raise _DuplicateError(f"{name}: written twice; keep one")
        seen.add(name)
    return dict(pairs)


def _value(node: yaml.Node, path: Path_, lines: dict[Path_, int], *, typed: bool) -> Any:
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, (*path, index), lines, typed=typed) for index, item in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        return {
            name: _value(value, (*path, name), lines, typed=typed or name == _TYPED)
            for name, value in _items(node, path, lines)
        }
    return _scalar(node, typed=typed)


def _items(node: yaml.MappingNode, path: Path_, lines: dict[Path_, int]) -> Iterator[tuple[str, yaml.Node]]:
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            raise yaml.MarkedYAMLError(problem="a key has to be text", problem_mark=key.start_mark)
        if (*path, key.value) in lines:
            raise _DuplicateError(f"line {line}, {dotted((*path, key.value))}: written twice; keep one")
        lines[*path, key.value] = line
        yield key.value, value


def _scalar(node: yaml.Node, *, typed: bool) -> Any:
    text, plain = str(node.value), getattr(node, "style", None) is None
    if plain and text in _NULLS:
        return None
    if plain and typed and _JSON_SCALAR.fullmatch(text):
        return json.loads(text)
    return text


def _yaml_problem(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    where = f"line {mark.line + 1}: " if mark else ""
    what = getattr(error, "problem", None) or getattr(error, "reason", None) or "it is nested too deep"
    return f"{where}not plain YAML ({what})"


def dotted(path: Sequence[str | int]) -> str:
    """`("staticModels", 0, "name")` as `staticModels[0].name`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


def placeholders(value: object, path: Path_ = ()) -> Iterator[tuple[Path_, str]]:
    """Every unfilled `YOUR-…` or `<your-…>` in keys and values, with its path."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from ((path, found) for found in _PLACEHOLDER.findall(str(key)))
            if key != "_comment":
                yield from placeholders(item, (*path, str(key)))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from placeholders(item, (*path, index))
    elif isinstance(value, str):
        yield from ((path, found) for found in _PLACEHOLDER.findall(value))


def sentences(error: ValidationError, model: type[BaseModel]) -> list[tuple[Path_, str]]:
    """Pydantic's findings as (path, sentence with the mend); never repeats a value, which may be a secret."""
    return [
        (problem["loc"], _sentence(problem, model)) for problem in error.errors(include_input=False, include_url=False)
    ]


def _sentence(problem: Mapping[str, Any], model: type[BaseModel]) -> str:
    kind, context = problem["type"], problem.get("ctx", {})
    if kind == "extra_forbidden":
        return _unknown(problem["loc"], model)
    if kind == "missing":
        return "missing; write it"
    if kind == "string_too_short":
        return "empty; write it, or leave the field out"
    if kind == "literal_error":
        return f"not a known value; write {context['expected']}"
    if kind == "value_error":
        return str(context["error"])
    expected = {
        "string_type": "text",
        "list_type": "a list",
        "dict_type": "a mapping",
        "model_type": "a mapping",
        "bool_type": "true or false",
        "tuple_type": "a list",
    }.get(kind)
    return f"wrong type; write {expected}" if expected else problem["msg"][:1].lower() + problem["msg"][1:]


def _unknown(path: Sequence[str | int], model: type[BaseModel]) -> str:
    known = _names(model, path[:-1])
    close = difflib.get_close_matches(str(path[-1]), known, n=1)
    return (
        f"unknown key; did you mean {close[0]}?"
        if close
        else f"unknown key; remove it (known: {', '.join(sorted(known))})"
    )


def _names(model: type[BaseModel], path: Sequence[str | int]) -> list[str]:
    schema: Any = model.model_json_schema(by_alias=True)
    definitions, here = schema.get("$defs", {}), schema
    for part in path:
        here = here.get("items", {}) if isinstance(part, int) else here.get("properties", {}).get(part, {})
        options = [here, *here.get("anyOf", [])]
        here = next(
            (definitions[o["$ref"].rsplit("/", 1)[1]] for o in options if "$ref" in o),
            next((o for o in options if "items" in o), here),
        )
    return list(here.get("properties", {}))
