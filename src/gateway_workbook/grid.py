"""A table for people, as HTML and as text: captioned, its headings said to be headings, at home in any theme."""

from __future__ import annotations

__all__ = ["LONG", "Grid", "folded", "framed"]

import re
import shutil
from dataclasses import dataclass, replace
from html import escape
from io import StringIO
from typing import Final

LONG: Final = 20  # rows; longer tables scroll within themselves, and page where a person is there
_STYLE: Final = (
    "<style>"
    ".gateway-workbook .scroll{overflow:auto;max-width:100%;margin-bottom:1em}"
    ".gateway-workbook .long{max-height:36em;border:1px solid var(--jp-border-color2,#bbb)}"
    ".gateway-workbook .scroll:focus-visible{outline:2px solid var(--jp-brand-color1,Highlight)}"
    ".gateway-workbook table{border-collapse:collapse;table-layout:auto;margin:0;color:inherit;line-height:1.35}"
    ".gateway-workbook caption{caption-side:top;text-align:left;color:inherit;font-weight:600;padding:.4em .6em}"
    # JupyterLab puts text to the right, and says so with more weight.
    ".gateway-workbook th,.gateway-workbook td{text-align:left!important;vertical-align:top!important;"
    "white-space:pre-wrap;overflow-wrap:anywhere;min-width:4em;max-width:45em!important;padding:.35em .6em!important;"
    "border-bottom:1px solid var(--jp-border-color2,#bbb)!important}"
    ".gateway-workbook .n{text-align:right!important;font-variant-numeric:tabular-nums}"
    ".gateway-workbook .n,.gateway-workbook .s,.gateway-workbook thead th{white-space:nowrap}"
    ".gateway-workbook thead th{position:sticky;top:0;"
    "background:var(--jp-layout-color0,var(--vscode-editor-background,Canvas))}"
    ".gateway-workbook tbody tr:nth-child(even){background:var(--jp-rendermime-table-row-background,transparent)}"
    # Mixed with the text's own colour they keep their distance from the page, light or dark.
    ".gateway-workbook .good{color:color-mix(in srgb,#1a7f37 60%,currentColor)}"
    ".gateway-workbook .bad{color:color-mix(in srgb,#cf222e 60%,currentColor)}"
    ".gateway-workbook .open{color:color-mix(in srgb,#9a6700 60%,currentColor)}"
    ".gateway-workbook pre{white-space:pre-wrap;overflow-wrap:anywhere;margin:.3em 0 1em 1em}"
    "@media print{.gateway-workbook .long{max-height:none}}"
    "</style>"
)
_TONES: Final = {"✓": "good", "✗": "bad", "!": "open", "?": "open", "↺": "open"}
_MARKED: Final = re.compile(rf"\A[{''.join(map(re.escape, _TONES))}](?= \S)")
_HERE: Final = re.compile(r"http://(?:127\.0\.0\.1|localhost):\d+/(?:\?\S*)?")  # others are told, and lead nowhere
_DIGITS: Final = re.compile(r"(\d+)")
_WIDE: Final = 2  # columns; more may not fit and then scroll
_SHORT: Final = 20  # characters; a column of short texts does not break them
_COLUMNS: Final = 110  # characters of a line where no terminal says how many


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Cells under columns; `named`: the first cell names its row; `numbers`: the positions of columns of numbers.

    Texts are shown as they are: escaped, and made visible before.
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]
    numbers: frozenset[int] = frozenset()
    named: bool = True
    ordered: tuple[int, bool] | None = None

    def sorted(self, column: int | None, *, descending: bool = False) -> Grid:
        """The rows by a column, numbers in texts as numbers, what is missing last; None leaves them as they are."""
        if column is None:
            return self
        there = [row for row in self.rows if row[column] not in (None, "")]
        missing = [row for row in self.rows if row[column] in (None, "")]
        there.sort(key=lambda row: _key(row[column]), reverse=descending)
        return replace(self, rows=(*there, *missing), ordered=(column, descending))

    def part(self, first: int, last: int) -> Grid:
        """The rows from `first` up to `last`, counted from 0."""
        return replace(self, rows=self.rows[first:last])

    def html(self, *, bounded: bool = True) -> str:
        """The table in a region that scrolls where it must; `bounded`: a long one in a window of its own."""
        long = bounded and len(self.rows) > LONG
        label = escape(self.caption or "Table", quote=True)
        focus = f' role="region" aria-label="{label}" tabindex="0"' if long or len(self.columns) > _WIDE else ""
        caption = f"<caption>{escape(self.caption)}</caption>" if self.caption else ""
        kinds = [self._kind(position) for position in range(len(self.columns))]
        heads = "".join(map(self._heading, range(len(kinds)), kinds))
        rows = "".join(self._row(row, kinds) for row in self.rows)
        table = f"<table>{caption}<thead><tr>{heads}</tr></thead>\n<tbody>{rows}</tbody></table>"
        return f'<div class="scroll{" long" * long}"{focus}>{table}</div>'

    def text(self) -> str:
        """The table in the terminal's width, texts wrapped within their columns."""
        from rich.box import SIMPLE_HEAD
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table(box=SIMPLE_HEAD, title=Text(self.caption) if self.caption else None, title_justify="left")
        for position, name in enumerate(self.columns):
            table.add_column(Text(name), justify="right" if position in self.numbers else "left", overflow="fold")
        for row in self.rows:
            table.add_row(*(Text(_shown(cell)) for cell in row))
        width = shutil.get_terminal_size((_COLUMNS, 0)).columns
        # In a kernel rich would publish an output of its own.
        console = Console(file=StringIO(), width=width, color_system=None, legacy_windows=False, force_jupyter=False)
        with console.capture() as captured:
            console.print(table)
        return "\n".join(line.rstrip() for line in captured.get().splitlines()).strip("\n")

    def _heading(self, position: int, kind: str) -> str:
        order = ""
        if self.ordered and self.ordered[0] == position:
            order = f' aria-sort="{"descending" if self.ordered[1] else "ascending"}"'
        return f'<th scope="col"{kind}{order}>{escape(self.columns[position])}</th>'

    def _row(self, row: tuple[object, ...], kinds: list[str]) -> str:
        cells = [f"<td{kind}>{_marked(cell)}</td>" for kind, cell in zip(kinds, row, strict=True)]
        if self.named and row:
            cells[0] = f'<th scope="row"{kinds[0]}>{_marked(row[0])}</th>'
        return f"<tr>{''.join(cells)}</tr>\n"

    def _kind(self, position: int) -> str:
        if position in self.numbers:
            return ' class="n"'
        short = all(len(_shown(row[position])) <= _SHORT for row in self.rows)
        return ' class="s"' if short else ""


def folded(title: str, text: str, *, shut: bool = True) -> str:
    """A text as it is, below a line that opens and shuts it."""
    attribute = "" if shut else ' open=""'
    return f"<details{attribute}><summary>{escape(title)}</summary><pre>{escape(text)}</pre></details>"


def framed(html: str) -> str:
    """The HTML with the style it wants, which touches nothing outside; `$` in it is no mathematics."""
    return f'<div class="gateway-workbook tex2jax_ignore mathjax_ignore">{_STYLE}{html}</div>'


def _shown(value: object) -> str:
    return "" if value is None else f"{value:.2f}" if isinstance(value, float) else str(value)


def _marked(value: object) -> str:
    """The cell, escaped; a glyph at its beginning gets its tone, and an address on this machine leads there."""
    shown = escape(_shown(value))
    if _HERE.fullmatch(shown):
        return f'<a href="{shown}" target="_blank" rel="noopener">{shown}</a>'
    return _MARKED.sub(_toned, shown)


def _toned(found: re.Match[str]) -> str:
    return f'<span class="{_TONES[found[0]]}">{found[0]}</span>'


def _key(value: object) -> tuple[tuple[float, str], ...]:
    if isinstance(value, int | float):
        return ((value, ""),)
    return tuple(map(_piece, _DIGITS.split(str(value).casefold())))


def _piece(piece: str) -> tuple[float, str]:
    # A whole number of any length by its size, so that gpt-4o-2 stands before gpt-4o-10.
    return (len(digits), digits) if (digits := piece.lstrip("0")).isdecimal() else (-1, piece)
