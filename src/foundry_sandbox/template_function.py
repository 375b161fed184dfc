"""One function of the template language: its name, how many arguments it takes, and what they must be."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NoReturn, TypeVar

from foundry_sandbox.template_error import TemplateError

T = TypeVar("T")
Body = Callable[..., Any]
ANY_NUMBER: Final = 1_000


@dataclass(frozen=True, kw_only=True)
class Function:
    """A function by its documented name; errors of `body` carry no values, only their kinds."""

    name: str
    least: int
    most: int
    body: Body

    def __call__(self, arguments: Sequence[Any]) -> Any:
        """Call it, after counting the arguments."""
        if not self.least <= len(arguments) <= self.most:
            raise TemplateError(f"function '{self.name}' takes {self._wanted()}, not {len(arguments)}")
        try:
            return self.body(*arguments)
        except TemplateError as error:
            if error.place or error.at:
                raise  # from a variable or a lambda, which has told already where it went wrong
            raise TemplateError(f"function '{self.name}': {error.message}") from error

    def _wanted(self) -> str:
        if self.most == ANY_NUMBER:
            return f"{self.least} or more arguments"
        few = str(self.least) if self.least == self.most else f"{self.least} to {self.most}"
        return f"{few} argument{'' if few == '1' else 's'}"


class Functions(dict[str, Function]):
    """A table of functions, keyed by lower-case name: the language ignores case there."""

    def define(self, name: str, least: int = 1, most: int | None = None) -> Callable[[Body], Body]:
        """Register the decorated function; `most` defaults to `least`."""

        def register(body: Body) -> Body:
            self[name.lower()] = Function(name=name, least=least, most=least if most is None else most, body=body)
            return body

        return register


def kind(value: object) -> str:
    """Name the kind of a value, for errors."""
    if isinstance(value, bool):
        return "bool"
    names: dict[type, str] = {str: "text", int: "int", float: "number", dict: "object", list: "array"}
    return next((name for known, name in names.items() if isinstance(value, known)), "null")


def wanted(what: str, value: object) -> NoReturn:
    """Refuse a value of the wrong kind."""
    raise TemplateError(f"{what} is wanted, not {kind(value)}")


def as_text(value: object) -> str:
    """Demand a text."""
    return value if isinstance(value, str) else wanted("text", value)


def as_int(value: object) -> int:
    """Demand a whole number; a truth value is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) else wanted("int", value)


def as_bool(value: object) -> bool:
    """Demand a truth value."""
    return value if isinstance(value, bool) else wanted("bool", value)


def as_array(value: object) -> list[Any]:
    """Demand an array."""
    return value if isinstance(value, list) else wanted("array", value)


def as_object(value: object) -> dict[str, Any]:
    """Demand an object."""
    return value if isinstance(value, dict) else wanted("object", value)


def written(value: object) -> str:
    """Write a value as the language does: truth values with a capital, arrays and objects as JSON without spaces."""
    if isinstance(value, bool):
        return str(value)
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def find_key(members: dict[str, Any], key: str) -> str | None:
    """Find a property as the language does: the exact name first, then one in another case."""
    if key in members:
        return key
    return next((name for name in members if name.lower() == key.lower()), None)
