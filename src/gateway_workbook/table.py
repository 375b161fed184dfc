"""A pandas frame for reading: in a notebook, in a terminal, in a report."""

from __future__ import annotations

__all__ = ["table"]

from functools import cache
from html import escape
from typing import TYPE_CHECKING, Final

from gateway_workbook.visible import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

_FOLDED: Final = "<details class='tex2jax_ignore mathjax_ignore'><summary>{}</summary><pre>{}</pre></details>"
_NO_ROWS: Final = "no rows"
_STYLE: Final = (
    "<style>table.gateway-workbook th, table.gateway-workbook td "
    "{text-align: left !important; vertical-align: top; white-space: pre-wrap; overflow-wrap: anywhere; "
    "min-width: 6em; max-width: 45em} "
    "table.gateway-workbook th {white-space: nowrap; overflow-wrap: normal}"
    "</style>"
)


def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> pd.DataFrame:
    """Rows under columns, texts made visible; `attrs["folded"]` of it holds texts that are shown folded below."""
    shown = [[visible(cell) if isinstance(cell, str) else cell for cell in row] for row in rows]
    frame = _table_class()(shown, columns=list(columns))
    numbers = {"Seconds": "Float64", "Tokens": "Int64"}  # the kinds that can be missing
    return frame.astype({name: kind for name, kind in numbers.items() if name in frame})


@cache
def _table_class() -> type[pd.DataFrame]:
    import pandas as pd

    class Table(pd.DataFrame):
        """A frame for reading: nothing cut off, no row numbers, text to the left, `$` left as it is."""

        @property
        def _constructor(self) -> type[pd.DataFrame]:
            return Table

        def __repr__(self) -> str:
            if not len(self):
                return _NO_ROWS
            shown = self.to_string(index=False, justify="left", float_format="{:.2f}".format)
            return "\n\n".join([shown, *(f"{title}:\n{text}" for title, text in self.attrs.get("folded", {}).items())])

        def _repr_html_(self) -> str:
            if not len(self):
                return f"<p>{_NO_ROWS}</p>"
            with pd.option_context("display.max_colwidth", None):
                table: str = self.to_html(
                    index=False,
                    border=0,
                    na_rep="",
                    float_format="{:.2f}".format,
                    classes=["gateway-workbook", "tex2jax_ignore", "mathjax_ignore"],
                )
            folded = self.attrs.get("folded", {}).items()
            return _STYLE + table + "".join(_FOLDED.format(escape(title), escape(text)) for title, text in folded)

    return Table
