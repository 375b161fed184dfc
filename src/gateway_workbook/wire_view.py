"""Exchanges of the wire as they are read: a foldable list in a notebook, lines in a terminal, curl in a shell."""

from __future__ import annotations

__all__ = ["Traffic"]

import json
from dataclasses import dataclass, replace
from html import escape
from typing import TYPE_CHECKING, Final

from gateway_workbook.masking import shown
from gateway_workbook.visible import visible
from gateway_workbook.wire_curl import curl, first_lines

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gateway_workbook.wire_exchange import Headers, WireExchange

_FEW: Final = 12  # exchanges that a reader would rather see at once
_STYLE: Final = (
    "<style>"
    ".gateway-workbook-wire {border-left: 2px solid var(--jp-border-color2, #bbb); padding-left: .8em; margin: .4em 0} "
    ".gateway-workbook-wire summary {cursor: pointer; overflow-wrap: anywhere} "
    ".gateway-workbook-wire p {margin: .6em 0 .2em 0; font-weight: 600} "
    ".gateway-workbook-wire pre {margin: 0; padding: .4em .6em; white-space: pre-wrap; overflow-wrap: anywhere; "
    "max-height: 24em; overflow: auto; color: var(--jp-content-font-color1, inherit); "
    "background: var(--jp-layout-color2, transparent); border: 1px solid var(--jp-border-color2, #bbb)} "
    ".gateway-workbook-wire table {margin: 0; border-collapse: collapse; text-align: left} "
    ".gateway-workbook-wire caption {caption-side: top; text-align: left; padding: .6em 0 .2em 0; font-weight: 600; "
    "color: var(--jp-content-font-color1, inherit)} "
    ".gateway-workbook-wire th, .gateway-workbook-wire td {text-align: left !important; vertical-align: top; "
    "padding: .1em 1em .1em 0; white-space: pre-wrap; overflow-wrap: anywhere} "
    ".gateway-workbook-wire th {font-weight: 400; white-space: nowrap}"
    "</style>"
)


@dataclass(frozen=True)
class Traffic:
    """Exchanges in their order, and how many older ones are gone."""

    exchanges: tuple[WireExchange, ...] = ()
    dropped: int = 0

    @property
    def failed(self) -> Traffic:
        """Those without an answer, or with a refusal."""
        return replace(self, exchanges=tuple(one for one in self.exchanges if not one.ok))

    def latest(self, number: int) -> Traffic:
        """The last few."""
        return replace(self, exchanges=self.exchanges[-number:] if number > 0 else ())

    def to(self, part: str) -> Traffic:
        """Those whose method and URL hold this text: `PUT`, `/chat/completions`."""
        return replace(self, exchanges=tuple(one for one in self.exchanges if part in f"{one.method} {shown(one.url)}"))

    def curl(self) -> str:
        """Lines for a shell that repeat every exchange; a token is fetched where another one is needed."""
        lines: list[str] = []
        ready: tuple[str, ...] = ()
        for one in self.exchanges:
            first = first_lines(one)
            lines += [line for line in first if line not in ready]
            ready = first or ready
            lines.append(curl(one))
        return "\n".join(lines)

    def text(self) -> str:
        """Everything: headers, bodies and times of each exchange."""
        return "\n\n".join([self.summary, *map(_told, self.exchanges)])

    @property
    def summary(self) -> str:
        """How many there are, and what became of them."""
        number, failed = len(self.exchanges), len(self.failed.exchanges)
        told = "nothing went over HTTP" if not number else f"{number} exchange{'s' if number > 1 else ''} over HTTP"
        told += f", {failed} with an error" if failed else ""
        return told + (f"; {self.dropped} older no longer kept" if self.dropped else "")

    def __len__(self) -> int:
        return len(self.exchanges)

    def __repr__(self) -> str:
        return "\n".join([self.summary, *(f"{one.number:3} {visible(one.line)}" for one in self.exchanges)])

    def _repr_html_(self) -> str:
        opened = " open" if 0 < len(self.exchanges) <= _FEW else ""
        inside = "".join(map(_folded, self.exchanges))
        return (
            f"{_STYLE}<details class='gateway-workbook-wire tex2jax_ignore mathjax_ignore'{opened}>"
            f"<summary>{_safe(self.summary)}</summary>{inside}</details>"
        )


def _folded(one: WireExchange) -> str:
    parts = [
        f"<summary>{_safe(one.line)}</summary>",
        _table("Request headers", one.headers),
        _pre("Request body", _body(shown(one.body), one.body_size, cut=one.body_cut)),
        _table("Answer headers", one.answer_headers),
        _pre("Answer", _body(shown(one.answer), one.answer_size, cut=one.answer_cut)),
        f"<p>Time</p>{_safe(_times(one))}",
        _pre("The same with curl", "\n".join([*first_lines(one), curl(one)])),
    ]
    return f"<details class='gateway-workbook-wire'>{''.join(parts)}</details>"


def _table(caption: str, headers: Headers) -> str:
    rows = "".join(f"<tr><th scope='row'>{_safe(name)}</th><td>{_safe(shown(v))}</td></tr>" for name, v in headers)
    return f"<table><caption>{caption}</caption><tbody>{rows}</tbody></table>" if rows else ""


def _pre(title: str, text: str) -> str:
    return f"<p>{title}</p><pre tabindex='0'>{_safe(text)}</pre>" if text else ""


def _told(one: WireExchange) -> str:
    blocks = [
        *(f"> {name}: {shown(value)}" for name, value in one.headers),
        *_indented("> ", _body(shown(one.body), one.body_size, cut=one.body_cut)),
        *(f"< {name}: {shown(value)}" for name, value in one.answer_headers),
        *_indented("< ", _body(shown(one.answer), one.answer_size, cut=one.answer_cut)),
        f"= {_times(one)}",
    ]
    return "\n".join(map(visible, [f"{one.number:3} {one.line}", *(f"    {line}" for line in blocks)]))


def _indented(mark: str, text: str) -> Iterable[str]:
    return (f"{mark}{line}" for line in text.splitlines())


def _body(text: str, size: int, *, cut: bool) -> str:
    """JSON on lines of its own, other text as it is, and what is missing of it."""
    note = f"\n… cut after {len(text)} characters" + (f" of {size} bytes" if size > 0 else "") if cut else ""
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text + note


def _times(one: WireExchange) -> str:
    told = f"{one.started:%H:%M:%S} UTC, the answer began after {one.first_milliseconds:.0f} ms"
    if one.status is None:
        return f"{one.started:%H:%M:%S} UTC, given up after {one.milliseconds:.0f} ms"
    whole = f"was whole after {one.milliseconds:.0f} ms" if one.answer_size >= 0 else "was not read to its end"
    return f"{told} and {whole}"


def _safe(text: str) -> str:
    return escape(visible(text))
