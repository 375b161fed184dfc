"""The grammar of a template expression: calls, texts, whole numbers, properties and indexes.

expression := primary { "." name | ".?" name | "[" expression "]" | "[?" expression "]" }
primary    := 'text' | number | name "(" [ expression { "," expression } ] ")"
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from foundry_sandbox.template_error import TemplateError

TOKEN: Final = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>[+-]?\d+)|(?P<name>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*(?=\s*\())?)"
    r"|(?P<mark>\.\?|\[\?|[().,\[\]]))"
)
LONGEST: Final = 24_576  # characters, as Azure
DEEPEST: Final = 64


@dataclass(frozen=True, kw_only=True)
class Literal:
    """A text or a whole number."""

    value: str | int


@dataclass(frozen=True, kw_only=True)
class Call:
    """A function with its arguments; `at` counts characters from 1."""

    name: str
    arguments: tuple[Node, ...]
    at: int


@dataclass(frozen=True, kw_only=True)
class Access:
    """A property or an element; a `safe` one is null where there is none."""

    of: Node
    key: Node
    safe: bool
    at: int


Node = Literal | Call | Access


def is_expression(text: str) -> bool:
    """Say whether a text of a template is to be evaluated."""
    return text.startswith("[") and text.endswith("]") and not text.startswith("[[")


def unescaped(text: str) -> str:
    """Return a text that is not an expression as it is meant: `[[` stands for `[` when `]` ends it."""
    return text[1:] if text.startswith("[[") and text.endswith("]") else text


def parse(text: str) -> Node:
    """Read one expression with its brackets. Raises TemplateError, which says after how many characters."""
    if len(text) > LONGEST:
        raise TemplateError(f"the expression has {len(text)} characters: the limit is {LONGEST}")
    parser = _Parser(text)
    node = parser.expression(depth=0)
    parser.finish()
    return node


@dataclass(frozen=True, kw_only=True)
class _Token:
    kind: str
    text: str
    at: int


def _tokens(text: str) -> list[_Token]:
    tokens, at, end = [], 1, len(text) - 1
    while text[at:end].strip():
        match = TOKEN.match(text, at, end)
        if match is None:
            raise TemplateError(f"character {at + 1} of the expression cannot be read")
        kind = str(match.lastgroup)
        tokens.append(_Token(kind=kind, text=match[kind], at=match.start(kind) + 1))
        at = match.end()
    return [*tokens, _Token(kind="end", text="]", at=end + 1)]


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._next = 0

    def expression(self, *, depth: int) -> Node:
        if depth > DEEPEST:
            raise TemplateError(f"the expression nests more than {DEEPEST} levels")
        node = self._primary(depth=depth)
        while (token := self._token).kind == "mark" and token.text in {".", ".?", "[", "[?"}:
            self._next += 1
            key = self._property() if token.text.startswith(".") else self._index(depth=depth)
            node = Access(of=node, key=key, safe=token.text.endswith("?"), at=token.at)
        return node

    def finish(self) -> None:
        if self._token.kind != "end":
            self._refuse("the end of the expression")

    @property
    def _token(self) -> _Token:
        return self._tokens[self._next]

    def _primary(self, *, depth: int) -> Node:
        token = self._token
        self._next += token.kind in {"text", "number", "name"}
        if token.kind == "text":
            return Literal(value=token.text[1:-1].replace("''", "'"))
        if token.kind == "number":
            return Literal(value=int(token.text))
        if token.kind != "name":
            self._refuse("a function, a text in single quotes or a number")
        if self._token.text != "(" or self._token.kind != "mark":
            self._refuse(f"'(' after '{token.text}'")
        return Call(name=token.text, arguments=self._arguments(depth=depth + 1), at=token.at)

    def _arguments(self, *, depth: int) -> tuple[Node, ...]:
        found: list[Node] = []
        self._take("(")
        while self._token.text != ")" or self._token.kind != "mark":
            if found:
                self._take(",")
            found.append(self.expression(depth=depth))
        self._take(")")
        return tuple(found)

    def _property(self) -> Node:
        token = self._token
        if token.kind != "name":
            self._refuse("a property name")
        self._next += 1
        return Literal(value=token.text)

    def _index(self, *, depth: int) -> Node:
        key = self.expression(depth=depth + 1)
        self._take("]")
        return key

    def _take(self, mark: str) -> None:
        if (self._token.kind, self._token.text) != ("mark", mark):
            self._refuse(f"'{mark}'")
        self._next += 1

    def _refuse(self, wanted: str) -> NoReturn:
        token: Any = self._token
        found = "the end" if token.kind == "end" else f"a {token.kind}"
        raise TemplateError(f"character {token.at} of the expression: {wanted} is wanted, not {found}")
