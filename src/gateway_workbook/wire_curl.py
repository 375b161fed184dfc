"""An exchange of the wire as lines for a shell that repeat it; secrets stay in variables, never in arguments."""

from __future__ import annotations

__all__ = ["curl", "first_lines"]

import shlex
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl

from gateway_workbook.curl import QUOTED
from gateway_workbook.masking import Hidden, Masked, shown
from gateway_workbook.shell import ESCAPE, literal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gateway_workbook.wire_exchange import WireExchange

_FORM: Final = "application/x-www-form-urlencoded"
# What a client says of itself and of the wire: curl says its own.
_OWN: Final = ("accept-encoding", "connection", "content-length", "host", "user-agent", "traceparent")
_OF_AN_SDK: Final = ("x-stainless-", "x-ms-client-")
_PLACES: Final = 0xE000  # private characters, which no form-encoded text holds


def first_lines(exchange: WireExchange) -> tuple[str, ...]:
    """The lines that fetch what the command needs: a token, say."""
    texts = [exchange.url, exchange.body, *(value for _, value in exchange.headers)]
    hidden = [part for text in texts for part in text if isinstance(part, Hidden)]
    escape = [ESCAPE] if any(part.depth for part in exchange.body if isinstance(part, Hidden)) else []
    return tuple(dict.fromkeys([*(part.first for part in hidden if part.first), *escape]))


def curl(exchange: WireExchange, *, into: str = "") -> str:
    """The command without its first lines, piped `into` another.

    Headers with a secret come over a pipe, a body or URL with one from a document.
    """
    if exchange.body_cut:
        return f"# {exchange.method} {shown(exchange.url)}: its body of {exchange.body_size} bytes was not kept whole"
    headers = [(name, value) for name, value in exchange.headers if _is_told(name, value)]
    piped = [f'"{name.translate(QUOTED)}: {_in_quotes(value)}"' for name, value in headers if _secret(value)]
    plain = [f"{name}: {shown(value)}" for name, value in headers if not _secret(value)]
    if _is_form(exchange) and _secret(exchange.body) and not piped:
        return _form(exchange, into)
    words = ["curl", "--silent", "--show-error", "--include", *(["--header", "@-"] if piped else [])]
    if exchange.method != ("POST" if exchange.body else "GET"):
        words += ["--request", exchange.method]
    words += [word for header in plain for word in ("--header", shlex.quote(header))]
    before = f"printf '%s\\n' {' '.join(piped)} | " if piped else ""
    return _command(exchange, before + " ".join(words), into)


def _command(exchange: WireExchange, words: str, into: str) -> str:
    told, documents = _body_and_url(exchange)
    return "\n".join([" ".join([words, *told, *([f"| {into}"] if into else [])]), *documents])


def _body_and_url(exchange: WireExchange) -> tuple[list[str], list[str]]:
    """The words that say body and URL, and the documents in which those with a secret stand."""
    words, documents = [], []
    if _secret(exchange.body):
        words += ["--data-binary", "@/dev/fd/3", "3<<END_OF_BODY"]
        documents += [_in_document(exchange.body), "END_OF_BODY"]
    elif exchange.body:
        words += ["--data-raw", shlex.quote(shown(exchange.body))]
    if _secret(exchange.url):
        words += ["--config", "/dev/fd/4", "4<<END_OF_URL"]
        documents += [f'url = "{_in_document(exchange.url)}"', "END_OF_URL"]
    else:
        words.append(shlex.quote(shown(exchange.url)))
    return words, documents


def _form(exchange: WireExchange, into: str) -> str:
    """A form, as token endpoints want it: its secret comes over the pipe."""
    secrets = [part for part in exchange.body if isinstance(part, Hidden)]
    places = iter(range(len(secrets)))
    text = "".join(part if isinstance(part, str) else chr(_PLACES + next(places)) for part in exchange.body)
    fields = parse_qsl(text, keep_blank_values=True)
    name = next(name for name, value in fields if value == chr(_PLACES))
    plain = [shlex.quote(f"{field}={value}") for field, value in fields if ord(value[:1] or " ") < _PLACES]
    words = ["curl", "--silent", "--show-error"]
    words += [word for field in plain for word in ("--data-urlencode", field)]
    words += ["--data-urlencode", f"{name}@-"]
    before = f"printf '%s' \"{secrets[0].variable}\" | "
    return _command(exchange.model_copy(update={"body": ()}), before + " ".join(words), into)


def _is_told(name: str, value: Masked) -> bool:
    name = name.casefold()
    return name not in _OWN and not name.startswith(_OF_AN_SDK) and (name, value) != ("accept", ("*/*",))


def _is_form(exchange: WireExchange) -> bool:
    return any(name.casefold() == "content-type" and shown(value).startswith(_FORM) for name, value in exchange.headers)


def _secret(text: Iterable[str | Hidden]) -> bool:
    return any(isinstance(part, Hidden) for part in text)


def _in_quotes(text: Masked) -> str:
    return "".join(part.translate(QUOTED) if isinstance(part, str) else part.variable for part in text)


def _in_document(text: Masked) -> str:
    return "".join(literal(part) if isinstance(part, str) else _filled(part) for part in text)


def _filled(hidden: Hidden) -> str:
    """What the shell puts in the secret's place, escaped as deep as it stood in JSON."""
    inner = f'"{hidden.variable}"'
    for _ in range(hidden.depth):
        inner = f'"$(json {inner})"'
    return inner[1:-1]
