"""The command that makes pages of executed notebooks: `gateway-workbook html RUN_DIR`."""

from __future__ import annotations

__all__ = ["register"]

from pathlib import Path  # noqa: TC003  typer reads the annotations
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("html", short_help="Make pages of executed notebooks.")(html)


def html(
    places: Annotated[
        list[Path], typer.Argument(metavar="RUN_DIR_OR_NOTEBOOK...", help="A run folder, or notebooks (….ipynb).")
    ],
    *,
    out: Annotated[Path | None, typer.Option(help="Folder for the pages; default beside each notebook.")] = None,
) -> None:
    """Make an HTML page of each executed notebook, over an earlier one.

    A page is complete in itself: it runs no script, loads nothing, and needs no kernel. `gateway-workbook run` makes
    them at its end.
    """
    from gateway_workbook.html_export import notebooks_of, write_pages

    notebooks = [notebook for place in places for notebook in notebooks_of(place)]
    for path in write_pages(notebooks, out=out):
        typer.echo(f"wrote {path}")
