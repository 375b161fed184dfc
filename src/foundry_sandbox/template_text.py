"""Reading the body of a deployment: JSON as Azure CLI and people write it.

The command line splices the raw file into its request: an unquoted key `template`, comments, and line breaks inside
texts. Exactly these are tolerated; what else is not JSON is refused with its line and column.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn

from foundry_sandbox.template_error import TemplateError

GAP: Final = re.compile(r"(?:[ \t\r\n]|//[^\n]*(?:\n|$)|/\*.*?\*/)*", re.DOTALL)
TEXT: Final = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
NUMBER: Final = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")
NAME: Final = re.compile(r"[A-Za-z_$][\w$]*")
WORDS: Final = {"true": True, "false": False, "null": None}
DEEPEST: Final = 64


class PlacedText(str):
    """A text of the template that knows its line and column there, both counted from 1."""

    __slots__ = ("column", "line")
    line: int
    column: int


def read(body: str) -> Any:
    """Read a body; texts inside its template are PlacedText. Raises TemplateError."""
    return _Reader(body).whole()


def position(value: object) -> str:
    """Return `line 3, column 9` for a text that knows its place, and nothing for any other value."""
    return f"line {value.line}, column {value.column}" if isinstance(value, PlacedText) else ""


@dataclass(kw_only=True)
class _Place:
    at: int = 0
    template: int | None = field(default=None)


class _Reader:
    def __init__(self, body: str) -> None:
        self._body = body.removeprefix("\ufeff")
        self._place = _Place()

    def whole(self) -> Any:
        value = self._value(depth=0)
        if self._peek():
            self._refuse("nothing more")
        return value

    def _value(self, *, depth: int) -> Any:
        first = self._peek()
        if depth > DEEPEST:
            self._refuse(f"no more than {DEEPEST} levels")
        if first == "{":
            return self._object(depth=depth + 1)
        if first == "[":
            return self._array(depth=depth + 1)
        if first == '"':
            return self._text()
        return self._word()

    def _object(self, *, depth: int) -> dict[str, Any]:
        members: dict[str, Any] = {}
        self._take("{")
        while self._peek() != "}":
            if members:
                self._take(",")
            key = self._key()
            self._take(":")
            if key == "template" and self._place.template is None:
                self._place.template = self._place.at  # before any comment: the first line of the file
            members[key] = self._value(depth=depth)
        self._take("}")
        return members

    def _array(self, *, depth: int) -> list[Any]:
        items: list[Any] = []
        self._take("[")
        while self._peek() != "]":
            if items:
                self._take(",")
            items.append(self._value(depth=depth))
        self._take("]")
        return items

    def _key(self) -> str:
        self._peek()
        bare = NAME.match(self._body, self._place.at)
        if bare:
            self._place.at = bare.end()
            return bare[0]
        return str(self._text())

    def _text(self) -> str:
        start = self._place.at
        match = TEXT.match(self._body, start) or self._refuse("a text in double quotes")
        self._place.at = match.end()
        try:
            plain = json.loads(match[0], strict=False)
        except ValueError:
            self._place.at = start
            self._refuse("a text without a wrong escape")
        if self._place.template is None:
            return str(plain)
        placed = PlacedText(plain)
        placed.line, placed.column = self._line_and_column(start)
        return placed

    def _word(self) -> Any:
        match = NUMBER.match(self._body, self._place.at)
        if match:
            self._place.at = match.end()
            return json.loads(match[0])
        word = NAME.match(self._body, self._place.at)
        if word is None or word[0] not in WORDS:
            self._refuse("a value")
        self._place.at = word.end()
        return WORDS[word[0]]

    def _peek(self) -> str:
        gap = GAP.match(self._body, self._place.at)
        self._place.at = gap.end() if gap else self._place.at
        return self._body[self._place.at : self._place.at + 1]

    def _take(self, mark: str) -> None:
        if self._peek() != mark:
            self._refuse(f"'{mark}'")
        self._place.at += 1

    def _line_and_column(self, at: int) -> tuple[int, int]:
        before = self._body[self._place.template or 0 : at]
        return before.count("\n") + 1, len(before) - before.rfind("\n")

    def _refuse(self, wanted: str) -> NoReturn:
        line, column = self._line_and_column(self._place.at)
        whose = "the body" if self._place.template is None else "the template"
        found = repr(mark) if (mark := self._peek()) else "the end"
        raise TemplateError(f"{whose} is not JSON at line {line}, column {column}: {wanted} is wanted, not {found}")
