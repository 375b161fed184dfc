"""A long table in a notebook, a page at a time and by any column; the same table that stands whole beside it."""

from __future__ import annotations

__all__ = ["Pager"]

from html import escape
from typing import TYPE_CHECKING, Any

from gateway_workbook.grid import LONG, Grid, framed

if TYPE_CHECKING:
    from collections.abc import Callable


class Pager:
    """Two choices of an order, two buttons and the page they lead to; `box` is what to show.

    Made of the widgets that every front end has, so that a page costs its own rows and nothing else.
    """

    def __init__(self, grid: Grid) -> None:
        from ipywidgets import HTML, Button, Dropdown, HBox, Layout, VBox

        self._grid = self._ordered = grid
        self._first = 0
        columns = [("as found", None), *((name, position) for position, name in enumerate(grid.columns))]
        narrow, whole = Layout(width="auto"), {"description_width": "initial"}
        orders = [("ascending", False), ("descending", True)]
        self.column = Dropdown(description="Sort by", options=columns, layout=narrow, style=whole)
        self.order = Dropdown(description="Order", options=orders, layout=narrow, style=whole, disabled=True)
        self.previous = Button(description="Previous", tooltip="the rows before these", layout=narrow)
        self.next = Button(description="Next", tooltip="the rows after these", layout=narrow)
        self.told = HTML()
        self.table = HTML()
        self.column.observe(self._sort, names="value")
        self.order.observe(self._sort, names="value")
        self.previous.on_click(self._turn(-LONG))
        self.next.on_click(self._turn(LONG))
        controls = HBox(
            [self.column, self.order, self.previous, self.next, self.told], layout=Layout(flex_flow="row wrap")
        )
        self.box = VBox([controls, self.table])
        self._show()

    def _sort(self, _: Any) -> None:
        self.order.disabled = self.column.value is None
        self._ordered = self._grid.sorted(self.column.value, descending=self.order.value)
        self._first = 0
        self._show()

    def _turn(self, rows: int) -> Callable[[Any], None]:
        def turn(_: Any) -> None:
            self._first = min(max(self._first + rows, 0), (len(self._grid.rows) - 1) // LONG * LONG)
            self._show()

        return turn

    def _show(self) -> None:
        every = len(self._grid.rows)
        last = min(self._first + LONG, every)
        self.previous.disabled, self.next.disabled = self._first == 0, last == every
        told = f"rows {self._first + 1} to {last} of {every}"
        self.told.value = f'<span role="status">{escape(told)}</span>'
        self.table.value = framed(self._ordered.part(self._first, last).html())
