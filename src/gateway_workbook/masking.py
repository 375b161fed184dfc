"""Secrets in texts: known values in whatever spelling they come, and what stands where a secret usually stands."""

from __future__ import annotations

__all__ = ["DOTS", "Hidden", "Masked", "Masking", "shown"]

import json
import re
from base64 import b64encode
from functools import lru_cache
from html import escape
from threading import Lock
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict

from gateway_workbook.profile_rules import header_variable
from gateway_workbook.secrets import looks_secret

if TYPE_CHECKING:
    from collections.abc import Iterator

DOTS: Final = "•••"
_SHORTEST: Final = 4  # masking a shorter one would garble every text
_SHORTEST_FOUND: Final = 8  # the same of one that nobody named as a secret
_LONGEST: Final = 4000  # of a longer one the beginning is looked for, and what follows it goes with it
_REST: Final = r"""[^\s"'\\<>&]*"""
_ENCODED: Final = "A-Za-z0-9+/_=-"  # base64 of either alphabet
_SCHEME: Final = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9-]* )(?P<value>\S+)")
_SECRET_FIELD: Final = re.compile(
    r"(^|_)(api_?key|key|token|secret|pass(word|wd|phrase)?|pwd|signature|sig|sas|assertion|authorization|cookie"
    r"|credentials?|connection_string)\d*$"
)
_IN_QUERIES_ONLY: Final = "code"  # in an answer it says what went wrong
_FIELD: Final = re.compile(r'"(?P<name>[^"\\]{1,80})"\s*:\s*"(?P<value>(?:\\.|[^"\\])*)', re.DOTALL)
# The same within JSON text that is a value of JSON, as all lists and objects of a connection's metadata are.
_NESTED: Final = re.compile(
    r'\\"(?P<name>[^"\\]{1,80})\\"\s*:\s*\\"(?P<value>(?:\\\\(?:\\["\\]|[^"\\])|[^"\\])*)', re.DOTALL
)
_CREDENTIALS: Final = re.compile(r'"credentials"\s*:\s*\{(?P<value>(?:"(?:\\.|[^"\\])*"?|[^{}"])*)', re.DOTALL)
_QUERY: Final = re.compile(r"""(?:^|[?&;]|\\u0026)(?P<name>[^=&?#;\s"'\\]{1,80})=(?P<value>[^&#;\s"'\\<>]+)""")


class Hidden(BaseModel):
    """Where a secret stood: how a shell spells it within double quotes, and the line that fetches it first, if any.

    `depth` is how often JSON escaped it there.
    """

    model_config = ConfigDict(frozen=True)

    variable: str
    first: str = ""
    depth: int = 0


Masked = tuple[str | Hidden, ...]


def shown(masked: Masked) -> str:
    """The text with dots where secrets stood."""
    return "".join(part if isinstance(part, str) else DOTS for part in masked)


class _Span(NamedTuple):
    start: int
    end: int
    hidden: Hidden


class _Secret:
    """One known value, found in texts."""

    def __init__(self, secret: str, hidden: Hidden) -> None:
        rest = _REST if len(secret) > _LONGEST else ""
        secret = secret[:_LONGEST]
        self._hidden, self._cores = hidden, _cores(secret)
        self._pattern = re.compile(_pattern(secret) + rest)
        once = _escaped(secret)
        self._forms = {_escaped(once): 2, once: 1, quote(secret, safe=""): 0, secret: 0}
        # No text without this run of letters holds the secret: most are told apart by it, and that is fast.
        self._run = max(re.split("[^A-Za-z0-9]", secret), key=len)

    def spans(self, text: str) -> Iterator[_Span]:
        """Where it stands, in any spelling."""
        if self._run in text:
            for match in self._pattern.finditer(text):
                yield _Span(*match.span(), self._hidden.model_copy(update={"depth": self._forms.get(match[0], 0)}))
        for core in self._cores:
            if core in text:
                for match in re.finditer(f"[{_ENCODED}]*{re.escape(core)}[{_ENCODED}]*", text):
                    yield _Span(*match.span(), Hidden(variable="${ENCODED}"))

    def begun(self, text: str) -> Iterator[_Span]:
        """Where it begins at the end of a text that was cut off."""
        for form in (*self._forms, *self._cores):
            tail = text[-len(form) + 1 :]
            starts = (match.start() for match in re.finditer(re.escape(form[:_SHORTEST]), tail))
            if (at := next((at for at in starts if form.startswith(tail[at:])), None)) is not None:
                yield _Span(len(text) - len(tail) + at, len(text), self._hidden)


class Masking:
    """Takes secrets out of texts before anybody keeps these; holds the secrets, so it is neither shown nor pickled."""

    def __init__(self) -> None:
        self._learning = Lock()
        self._known: frozenset[str] = frozenset()
        self._secrets: tuple[_Secret, ...] = ()

    def learn(self, secret: str, variable: str, *, first: str = "") -> None:
        """Mask this value from now on; who names it first decides how it is spelled."""
        with self._learning:
            if len(secret) < _SHORTEST or secret in self._known:
                return
            self._known |= {secret}
            self._secrets = (*self._secrets, _Secret(secret, Hidden(variable=variable, first=first)))

    def text(self, text: str, *, most: int | None = None, whole: bool = True) -> Masked:
        """The text up to `most` characters without its secrets; pass more of it, so that none is cut in two.

        Of a text that is not `whole`, what may be the beginning of a secret at its end goes too.
        """
        most = len(text) if most is None else most
        spans = [*self._by_value(text), *self._by_name(text), *(() if whole else self._begun(text))]
        spans.sort(key=lambda span: (span.start, -span.end))  # stable: a known one goes before one found by its name
        return tuple(_parts(text, spans, most))

    def header(self, name: str, value: str) -> Masked:
        """A header's value; of one that usually carries a secret, only the scheme is left."""
        masked = self.text(value)
        match = _SCHEME.fullmatch(value)
        scheme, secret = (match["scheme"], match["value"]) if match else ("", value)
        left = sum(len(part) for part in masked if isinstance(part, str)) - len(scheme)
        known = any(isinstance(part, Hidden) for part in masked) and left < _SHORTEST_FOUND
        if known or not looks_secret(name):
            return masked
        variable = "$TOKEN" if scheme.casefold() == "bearer " else f"${{{header_variable(name)}}}"
        self._found(secret, variable)
        return (scheme, Hidden(variable=variable)) if scheme else (Hidden(variable=variable),)

    def _found(self, secret: str, variable: str) -> None:
        """Learn what nobody named, unless it could stand in any text."""
        if len(secret) >= _SHORTEST_FOUND and not secret.isdigit():
            self.learn(secret, variable)

    def _by_value(self, text: str) -> Iterator[_Span]:
        for secret in self._secrets:
            yield from secret.spans(text)

    def _begun(self, text: str) -> Iterator[_Span]:
        for secret in self._secrets:
            yield from secret.begun(text)

    def _by_name(self, text: str) -> Iterator[_Span]:
        # The sign without which a pattern cannot match is looked for first: that is fast.
        for sign, pattern, depth in (('"', _FIELD, 1), ('\\"', _NESTED, 2), ("=", _QUERY, 0)):
            for match in pattern.finditer(text) if sign in text else ():
                name = match["name"]
                if _is_secret(name) or (name == _IN_QUERIES_ONLY and not depth):
                    yield _Span(*match.span("value"), _unknown(name, depth))
        for inside in _CREDENTIALS.finditer(text) if '"credentials"' in text else ():
            for match in _FIELD.finditer(text, *inside.span("value")):
                if match["name"] != "clientId":
                    self._found(_unescaped(match["value"]), _unknown(match["name"], 1).variable)
                    yield _Span(*match.span("value"), _unknown(match["name"], 1))


def _parts(text: str, spans: list[_Span], most: int) -> Iterator[str | Hidden]:
    at = 0
    for start, end, hidden in spans:
        if start >= most:
            break
        if start >= at and end > start:
            if start > at:
                yield text[at:start]
            yield hidden
        at = max(at, end)
    if at < most and text[at:most]:
        yield text[at:most]


def _unknown(name: str, depth: int) -> Hidden:
    return Hidden(variable=f"${{{header_variable(_words(name))}}}", depth=depth)


@lru_cache(maxsize=1024)
def _is_secret(name: str) -> bool:
    words = _words(name).replace("-", "_").lower()
    return _SECRET_FIELD.search(words) is not None or ("-" in name and looks_secret(name))


def _words(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)


def _unescaped(value: str) -> str:
    try:
        return str(json.loads(f'"{value}"', strict=False))
    except ValueError:  # cut off within an escape
        return value


def _escaped(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _pattern(secret: str) -> str:
    """The secret as programs write it: escaped by JSON however often, for URLs, for HTML, or as Python shows it."""
    return "".join(char if char.isalnum() and char.isascii() else _written(char) for char in secret)


def _written(char: str) -> str:
    units = char.encode("utf-16-be")
    escaped = "".join(rf"\\+u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
    in_bytes = "".join(rf"\\+x{byte:02x}" for byte in char.encode())
    in_urls = "".join(f"%(?:25)*{byte:02x}" for byte in char.encode())
    in_html = f"&#(?:0*{ord(char)}|x0*{ord(char):x});|{re.escape(escape(char))}"
    plain = r"\\+" if char == "\\" else rf"\\*{re.escape(char)}"
    blank = r"|\+" if char == " " else ""
    return f"(?:{plain}|(?i:{escaped}|{in_bytes}|{in_urls}|{in_html}){blank})"


def _cores(secret: str) -> set[str]:
    """What base64 makes of the secret wherever it stands in a longer text, without the edges it shares with that."""
    raw, cores = secret.encode(), set()
    for before in range(3):
        coded = b64encode(b"\0" * before + raw).decode().rstrip("=")
        whole = (before + len(raw)) * 8 // 6  # characters that hold nothing but the secret's bits, and those before
        core = coded[-(-before * 8 // 6) : whole]
        cores |= {core, core.replace("+", "-").replace("/", "_")}
    return {core for core in cores if len(core) >= _SHORTEST}
