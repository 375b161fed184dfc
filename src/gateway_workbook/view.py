"""How one value shows itself: sentences, tables and texts, as HTML in a notebook and as text in a terminal."""

from __future__ import annotations

__all__ = ["Block", "View"]

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from gateway_workbook.front_end import somebody_there
from gateway_workbook.grid import LONG, folded, framed
from gateway_workbook.table import html_of, live_bundle, widgets_of
from gateway_workbook.visible import visible

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True)
class Block:
    """A text as it is, under its title; shut until it is asked for, or open."""

    title: str
    text: str
    shut: bool = True

    def html(self) -> str:
        """The text below a line that opens and shuts it."""
        return folded(visible(self.title), visible(self.text), shut=self.shut)


@dataclass(frozen=True, kw_only=True)
class View:
    """What is shown of a value, in this order; tables without rows are left out."""

    sentences: tuple[str, ...] = ()
    tables: tuple[pd.DataFrame, ...] = ()
    blocks: tuple[Block, ...] = ()

    def bundle(self) -> dict[str, Any]:
        """The forms of it by media type; with long tables, for a person, also one whose tables page and sort."""
        whole: dict[str, Any] = {"text/plain": self.text(), "text/html": self.html()}
        if not somebody_there() or all(len(table) <= LONG for table in self.tables):
            return whole
        return live_bundle(self._widgets()) | whole

    def html(self) -> str:
        """All of it, in one piece."""
        return framed(self._told() + "".join(html_of(table) for table in self.tables if len(table)) + self._folded())

    def text(self) -> str:
        """All of it for a terminal, nothing folded."""
        parts = [*map(visible, self.sentences), *(repr(table) for table in self.tables if len(table))]
        parts += [f"{visible(block.title)}:\n{visible(block.text).rstrip()}" for block in self.blocks]
        return "\n\n".join(parts)

    def _widgets(self) -> list[Any]:
        from ipywidgets import HTML

        tables = [widget for table in self.tables if len(table) for widget in widgets_of(table)]
        return [HTML(framed(self._told())), *tables, HTML(framed(self._folded()))]

    def _told(self) -> str:
        return "".join(f"<p>{escape(visible(sentence))}</p>" for sentence in self.sentences)

    def _folded(self) -> str:
        return "".join(block.html() for block in self.blocks)
