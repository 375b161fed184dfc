"""Plain values in Bicep's spelling: text, flags, lists and objects, and secrets by the functions that fetch them."""

from __future__ import annotations

__all__ = ["Variable", "parameters", "spelled"]

import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any, Final

from gateway_workbook.errors import ProfileError

_TOKEN: Final = re.compile(
    r"(?P<skip>[ \t\r]+|//[^\n]*|/\*.*?\*/)"
    r"|(?P<block>'''.*?''')"
    r"|(?P<text>'(?:[^'\\\n]|\\.)*')"
    r"|(?P<word>[A-Za-z_][A-Za-z0-9_.]*|-?[0-9]+)"
    r"|(?P<mark>[\n=:,()\[\]{}])",
    re.DOTALL,
)
_ESCAPE: Final = re.compile(r"\\u\{(?P<code>[0-9A-Fa-f]{1,6})\}|\\(?P<char>.)|(?P<open>\$\{)", re.DOTALL)
_CHARACTERS: Final = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\", "'": "'", "$": "$"}
_WORDS: Final[Mapping[str, bool | None]] = {"true": True, "false": False, "null": None}
_NO_VALUE: Final = "no plain value; write the value itself, or fetch a secret with readEnvironmentVariable"
_END: Final = ("end", "")
_CLOSING: Final = {"{": "}", "[": "]", "(": ")"}


class Variable(str):
    """The name of an environment variable that holds the value."""

    __slots__ = ()


def spelled(value: object, *, indent: str = "") -> str:
    """The value as Bicep writes it."""
    deeper = f"{indent}  "
    if isinstance(value, Variable):
        return f"readEnvironmentVariable('{value}')"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        rows = [f"{deeper}{_key(str(name))}: {spelled(item, indent=deeper)}\n" for name, item in value.items()]
        return f"{{\n{''.join(rows)}{indent}}}" if rows else "{}"
    if isinstance(value, list):
        rows = [f"{deeper}{spelled(item, indent=deeper)}\n" for item in value]
        return f"[\n{''.join(rows)}{indent}]" if rows else "[]"
    return _quoted(str(value))


def parameters(text: str, *, source: str) -> dict[str, Any]:
    """The values of every `param NAME = …`; a fetched secret as the reference to it.

    Raises ProfileError for what only Bicep itself can evaluate, without repeating it: it may be a secret.
    """
    reader = _Reader(text, source)
    try:
        return dict(reader.statements())
    except RecursionError as error:
        raise ProfileError(source, ["nested too deep; a parameter file is flat"]) from error


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) and name not in _WORDS else _quoted(name)


def _quoted(text: str) -> str:
    escaped = re.sub(r"[\\']|\$(?=\{)", lambda found: f"\\{found[0]}", text)
    return "'" + "".join(char if char.isprintable() else f"\\u{{{ord(char):x}}}" for char in escaped) + "'"


class _Reader:
    def __init__(self, text: str, source: str) -> None:
        self._source, self._line = source, 1
        self._tokens = self._split(text)
        self._next = next(self._tokens, _END)

    def statements(self) -> Iterator[tuple[str, Any]]:
        while self._next[0] != "end":
            kind, word = self._take()
            if (kind, word) == ("word", "param"):
                _, name = self._take()
                self._expect("=")
                yield name, self._value()
                if self._next not in (("mark", "\n"), _END):
                    raise self._refusal("an expression is evaluated by Bicep alone; write the value itself")
            elif word != "\n":
                self._skip_statement()

    def _value(self) -> Any:
        kind, text = self._take()
        if kind == "word":
            return self._fetched(text) if self._next == ("mark", "(") else self._word(text)
        if kind in ("text", "block"):
            return self._unescaped(text[1:-1]) if kind == "text" else re.sub(r"^\r?\n", "", text[3:-3])
        if text == "[":
            return list(self._items("["))
        if text == "{":
            return dict(self._entries())
        raise self._refusal(_NO_VALUE)

    def _word(self, word: str) -> object:
        if word in _WORDS:
            return _WORDS[word]
        if word.lstrip("-").isdigit():
            return int(word)
        raise self._refusal(_NO_VALUE)

    def _items(self, opening: str) -> Iterator[Any]:
        while not self._closed(opening):
            yield self._value()

    def _entries(self) -> Iterator[tuple[str, Any]]:
        while not self._closed("{"):
            kind, key = self._take()
            self._expect(":")
            yield (self._unescaped(key[1:-1]) if kind == "text" else key), self._value()

    def _closed(self, opening: str) -> bool:
        while self._next in (("mark", "\n"), ("mark", ",")):
            self._take()
        if self._next == ("mark", _CLOSING[opening]):
            self._take()
            return True
        return False

    def _fetched(self, function: str) -> str:
        self._expect("(")
        arguments = list(self._items("("))
        match function.removeprefix("sys.").removeprefix("az."), arguments:
            case "readEnvironmentVariable", [str(name), *_]:
                return f"env:{name}"
            case "getSecret", [_, _, str(vault), str(secret)]:
                return f"keyvault:{vault}/{secret}"
        raise self._refusal(f"{function} is evaluated by Bicep alone; write the value itself")

    def _skip_statement(self) -> None:
        while self._next not in (("mark", "\n"), _END):
            self._take()

    def _unescaped(self, text: str) -> str:
        return _ESCAPE.sub(self._character, text)

    def _character(self, found: re.Match[str]) -> str:
        if found["open"]:
            raise self._refusal("text with ${…} in it is evaluated by Bicep alone; write the whole text")
        if found["code"] and int(found["code"], 16) <= sys.maxunicode:
            return chr(int(found["code"], 16))
        if found["char"] in _CHARACTERS:
            return _CHARACTERS[found["char"]]
        raise self._refusal("no such escape in Bicep; write \\\\ for a backslash")

    def _take(self) -> tuple[str, str]:
        taken, self._next = self._next, next(self._tokens, _END)
        if taken[0] == "end":
            raise self._refusal("the file ends in the middle of a value; complete it")
        self._line += taken[1].count("\n")
        return taken

    def _expect(self, mark: str) -> None:
        if self._take() != ("mark", mark):
            raise self._refusal(f"{mark} is missing; write it")

    def _refusal(self, problem: str) -> ProfileError:
        return ProfileError(self._source, [f"line {self._line}: {problem}"])

    def _split(self, text: str) -> Iterator[tuple[str, str]]:
        place = 0
        while place < len(text):
            found = _TOKEN.match(text, place)
            if found is None:
                yield ("other", text[place])
                place += 1
                continue
            if found.lastgroup != "skip":
                yield (str(found.lastgroup), found[0])
            place = found.end()
