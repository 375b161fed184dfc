"""YAML and JSON files as people write them: values with the line they stand on, every problem named by its place."""

from __future__ import annotations

__all__ = ["Document", "placeholders", "sentences"]

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
_PLACEHOLDER = re.compile(r"YOUR-[A-Z0-9][A-Z0-9-]*|<[A-Za-z][^<>\s]*>")
_LARGEST = 1_000_000


class _Loader(yaml.SafeLoader):
    """YAML in which only true, false and null are not text: `2024-10-21` stays an api-version, `1` a model version."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        # An alias can make ten lines grow into gigabytes, and no profile needs one.
        if self.check_event(yaml.AliasEvent):
            raise yaml.composer.ComposerError(None, None, "aliases are not allowed here; write the value out", None)
        return super().compose_node(parent, index)


_Loader.yaml_implicit_resolvers = {}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"(?:true|True|false|False)$"), list("tTfF"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"(?:null|~|)$"), ["n", "~", ""])


class _NumberLoader(_Loader):
    """The same with numbers as numbers, for files that hold JSON schemas."""


_NumberLoader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"[-+]?[0-9]+$"), list("-+0123456789"))
_NumberLoader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?[0-9]+\.[0-9]+$"), list("-+0123456789")
)


@dataclass(frozen=True)
class Document:
    """What one file holds: `value` as plain data, `lines` from a value's path to the line it starts on (YAML only)."""

    source: str
    value: Any
    lines: Mapping[Path_, int] = field(default_factory=dict, repr=False)

    @classmethod
    def read(cls, path: Path, *, numbers: bool = False) -> Self:
        """Parse a .json file as JSON, any other as YAML (`numbers`: see `parse`); raises UsageError or ProfileError."""
        try:
            if path.stat().st_size > _LARGEST:
                raise UsageError(f"{path} is larger than {_LARGEST:,} bytes: a file of this kind is a few kilobytes")
            text = path.read_text(encoding="utf-8-sig")
        except OSError as error:
            raise UsageError(f"{path} cannot be read ({error.strerror}): check the path") from error
        except UnicodeDecodeError as error:
            raise UsageError(f"{path} is not UTF-8 text: save it as UTF-8") from error
        return (
            cls._json(str(path), text) if path.suffix == ".json" else cls.parse(text, source=str(path), numbers=numbers)
        )

    @classmethod
    def _json(cls, source: str, text: str) -> Self:
        try:
            return cls(source, json.loads(text))
        except json.JSONDecodeError as error:
            raise ProfileError(source, [f"line {error.lineno}: not JSON ({error.msg})"]) from error

    @classmethod
    def parse(cls, text: str, *, source: str, numbers: bool = False) -> Self:
        """Parse YAML text; aliases, tags and keys written twice are refused. Without `numbers` they stay text."""
        loader = (_NumberLoader if numbers else _Loader)(text)
        try:
            node = loader.get_single_node()
            lines = dict(_lines(node, ())) if node else {}
            value = loader.construct_document(node) if node else None
        except _DuplicateError as error:
            raise ProfileError(source, [str(error)]) from error
        except (yaml.YAMLError, RecursionError, ValueError) as error:
            raise ProfileError(source, [_yaml_problem(error)]) from error
        finally:
            loader.dispose()
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


class _DuplicateError(Exception):
    pass


def _lines(node: yaml.Node, path: Path_) -> Iterator[tuple[Path_, int]]:
    yield path, node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            name = str(key.value)
            if name in seen:
                raise _DuplicateError(
                    f"line {key.start_mark.line + 1}, {dotted((*path, name))}: written twice; keep one"
                )
            seen.add(name)
            yield from _lines(value, (*path, name))
            yield (*path, name), key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _lines(item, (*path, index))


def _yaml_problem(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    where = f"line {mark.line + 1}: " if mark else ""
    what = getattr(error, "problem", None) or "it is nested too deep or has a value YAML cannot hold"
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
