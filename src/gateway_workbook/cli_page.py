"""The command that serves the walk as a page without code: `gateway-workbook page`."""

from __future__ import annotations

__all__ = ["register"]

from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("page", short_help="Serve all steps on one page of forms, without code.")(page)


def page(
    *,
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; the next free one is taken when it is in use.")] = 8866,
    browser: Annotated[bool, typer.Option(help="Open the page in a browser.")] = True,
) -> None:
    """Serve all steps on one page of forms, on this machine alone, until Ctrl-C. Runs go below runs/ of this folder.

    Needs the extra 'voila'.
    """
    from importlib.util import find_spec

    from gateway_workbook.errors import UsageError

    if find_spec("voila") is None:
        raise UsageError("the page is served by voila, which is not installed: pip install 'gateway-workbook[voila]'")
    from gateway_workbook.page_server import serve

    serve(port=port, opens=browser, told=lambda url: typer.echo(f"page:  {url}  (Ctrl-C ends it)"))
