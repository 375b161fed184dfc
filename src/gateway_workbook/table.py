"""A pandas frame for reading: in a notebook, in a terminal, in a report."""

from __future__ import annotations

__all__ = ["grid_of", "html_of", "live_bundle", "table", "widgets_of"]

from functools import cache
from typing import TYPE_CHECKING, Any, Final

from gateway_workbook.front_end import somebody_there
from gateway_workbook.grid import LONG, Grid, folded, framed
from gateway_workbook.visible import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

_NO_ROWS: Final = "no rows"


def table(
    columns: Sequence[str], rows: Sequence[Sequence[object]], *, caption: str = "", named: bool = True
) -> pd.DataFrame:
    """Rows under columns, texts made visible; `named` is whether the first column names each row.

    `attrs["folded"]` of it holds texts that are shown folded below.
    """
    shown = [[visible(cell) if isinstance(cell, str) else cell for cell in row] for row in rows]
    frame = _table_class()(shown, columns=[visible(name) for name in columns])
    numbers = {"Seconds": "Float64", "Tokens": "Int64"}  # the kinds that can be missing
    frame = frame.astype({name: kind for name, kind in numbers.items() if name in frame})
    frame.attrs |= {"caption": visible(caption), "named": named}
    return frame


def grid_of(frame: pd.DataFrame) -> Grid:
    """What the frame shows, in Python's own values and None for what is missing."""
    return Grid(
        caption=frame.attrs.get("caption", ""),
        columns=tuple(map(str, frame.columns)),
        rows=tuple(map(tuple, frame.astype(object).where(frame.notna(), None).to_numpy().tolist())),
        numbers=frozenset(position for position, kind in enumerate(frame.dtypes) if kind.kind in "fi"),
        named=frame.attrs.get("named", True),
    )


def html_of(frame: pd.DataFrame) -> str:
    """The whole table and what is folded below it."""
    return (grid_of(frame).html() if len(frame) else f"<p>{_NO_ROWS}</p>") + _folded(frame)


def widgets_of(frame: pd.DataFrame) -> list[Any]:
    """The same as widgets: a long table a page at a time."""
    from ipywidgets import HTML

    if len(frame) <= LONG:
        return [HTML(framed(html_of(frame)))]
    from gateway_workbook.pager import Pager

    return [Pager(grid_of(frame)).box, HTML(framed(_folded(frame)))]


def live_bundle(widgets: Sequence[Any]) -> dict[str, Any]:
    """The widgets one below the other, as the one media type that shows them; its static twin goes beside it."""
    from ipywidgets import VBox

    bundle: dict[str, Any] = VBox(widgets)._repr_mimebundle_()
    return {kind: shown for kind, shown in bundle.items() if kind != "text/plain"}


def _folded(frame: pd.DataFrame) -> str:
    return "".join(folded(title, text) for title, text in frame.attrs.get("folded", {}).items())


@cache
def _table_class() -> type[pd.DataFrame]:
    import pandas as pd

    class Table(pd.DataFrame):
        """A frame for reading: nothing cut off, no row numbers, `$` left as it is; a long one pages and sorts."""

        @property
        def _constructor(self) -> type[pd.DataFrame]:
            return Table

        def __repr__(self) -> str:
            told = self.attrs.get("folded", {}).items()
            shown = grid_of(self).text() if len(self) else _NO_ROWS
            return "\n\n".join([shown, *(f"{title}:\n{text}" for title, text in told)])

        def _repr_html_(self) -> str:
            return framed(html_of(self))

        def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
            # Beside the whole table, which a front end without widgets shows, its pages.
            return live_bundle(widgets_of(self)) if len(self) > LONG and somebody_there() else {}

    return Table
