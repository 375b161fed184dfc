"""Prompts and the assertions their answers must hold: data, read from YAML."""

from __future__ import annotations

__all__ = ["Assertion", "Prompt", "Route", "Suite", "load_suite"]

import json
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    StringConstraints,
    ValidationError,
    model_validator,
)

from gateway_workbook.document import Document, sentences
from gateway_workbook.workbook import ready_file

if TYPE_CHECKING:
    from pathlib import Path

Kind = Literal["not_empty", "equals", "contains", "not_contains", "matches", "json_schema", "max_seconds"]
Route = Literal["gateway", "agent"]
ROUTES: Final[tuple[Route, ...]] = ("gateway", "agent")
Text = Annotated[str, StringConstraints(strict=True, min_length=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Assertion(_Strict):
    """One thing an answer must hold. In YAML: `contains: Paris`, or `not_empty` alone."""

    kind: Kind
    value: Any = None

    @model_validator(mode="after")
    def _usable(self) -> Self:
        _USABLE.get(self.kind, lambda _: None)(self.value)
        return self

    def failure(self, text: str, *, seconds: float) -> str | None:
        """None when the answer holds, otherwise the fact that it does not; `seconds` is how long the answer took."""
        return _CHECKS[self.kind](self.value, text, seconds)

    def __str__(self) -> str:
        return (
            self.kind
            if self.value is None
            else f"{self.kind}: {self.value if isinstance(self.value, str) else json.dumps(self.value)}"
        )


def _from_yaml(value: object) -> object:
    if isinstance(value, str):
        return {"kind": value}
    if isinstance(value, Mapping) and len(value) == 1:
        kind, expected = next(iter(value.items()))
        return {"kind": kind, "value": expected}
    return value


class Prompt(_Strict):
    """One prompt, the routes it takes and what its answer must hold on each of them."""

    name: Text
    prompt: Text
    routes: tuple[Route, ...] = ROUTES
    assertions: tuple[Annotated[Assertion, BeforeValidator(_from_yaml)], ...]


class Suite(_Strict):
    """Prompts that belong together; names are unique."""

    name: Text
    description: str = ""
    prompts: tuple[Prompt, ...]

    @property
    def tasks(self) -> tuple[tuple[Prompt, Route], ...]:
        """Every prompt on every route it takes, in order."""
        return tuple((prompt, route) for prompt in self.prompts for route in prompt.routes)

    @model_validator(mode="after")
    def _told_apart(self) -> Self:
        names = [prompt.name for prompt in self.prompts]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"has two prompts of the same name ({', '.join(twice)}); rename one")
        if not names or any(not prompt.assertions or not prompt.routes for prompt in self.prompts):
            raise ValueError("has nothing to check; give it prompts, each with routes and assertions")
        return self


def load_suite(name_or_path: str | Path) -> Suite:
    """Read a suite by its path, or a ready one of notebooks/prompts by its name.

    Raises UsageError when there is no such file, ProfileError naming every problem in it.
    """
    document = Document.read(ready_file(name_or_path, kind="prompts"))
    try:
        return Suite.model_validate(document.value)
    except ValidationError as error:
        problems = sentences(error, Suite)
    raise document.refuse(problems)


def _check_pattern(value: object) -> None:
    try:
        re.compile(_check_text(value))
    except re.error as error:
        raise ValueError(f"is not a regular expression ({error}); mend the pattern") from None


def _check_bare(value: object) -> None:
    if value is not None:
        raise ValueError("takes no value; write not_empty alone")


def _check_text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("needs a text to compare with; write it after the colon")
    return value


def _check_schema(value: Any) -> None:
    from jsonschema import Draft202012Validator, SchemaError  # a second, where its optional grammars are installed

    try:
        Draft202012Validator.check_schema(value)
    except SchemaError as error:
        raise ValueError(f"is not a JSON schema ({error.message}); mend it") from None


def _check_seconds(value: object) -> None:
    try:
        positive = float(str(value)) > 0
    except ValueError:
        positive = False
    if not positive:
        raise ValueError("needs a number of seconds above 0")


def _json_failure(schema: Any, text: str) -> str | None:
    from jsonschema import Draft202012Validator
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return "the answer is not JSON"
    try:
        # With a registry of its own jsonschema fetches nothing, wherever a $ref may point.
        error = next(iter(Draft202012Validator(schema, registry=Registry()).iter_errors(document)), None)
    except (Unresolvable, RecursionError):
        return "the schema cannot be followed: mend its $ref"
    return None if error is None else f"the answer does not fit the schema: {error.message[:200]}"


def _unless(held: object, failure: str) -> str | None:
    return None if held else failure


_USABLE: Final[Mapping[str, Callable[[Any], object]]] = {
    "not_empty": _check_bare,
    "equals": _check_text,
    "contains": _check_text,
    "not_contains": _check_text,
    "matches": _check_pattern,
    "json_schema": _check_schema,
    "max_seconds": _check_seconds,
}
_CHECKS: Final[Mapping[str, Callable[[Any, str, float], str | None]]] = {
    "not_empty": lambda _, text, __: _unless(text.strip(), "the answer is empty"),
    "equals": lambda value, text, _: _unless(text.strip() == value.strip(), f"the answer is not '{value}'"),
    "contains": lambda value, text, _: _unless(
        value.casefold() in text.casefold(), f"the answer does not contain '{value}'"
    ),
    "not_contains": lambda value, text, _: _unless(
        value.casefold() not in text.casefold(), f"the answer contains '{value}'"
    ),
    "matches": lambda value, text, _: _unless(re.search(value, text), f"the answer does not match /{value}/"),
    "json_schema": lambda value, text, _: _json_failure(value, text),
    "max_seconds": lambda value, _, seconds: _unless(
        seconds <= float(value), f"took {seconds:.1f} s, more than {value}"
    ),
}
