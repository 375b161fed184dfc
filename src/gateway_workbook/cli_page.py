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
    import os
    import subprocess
    import sys
    from importlib.util import find_spec
    from pathlib import Path

    from gateway_workbook import workbook
    from gateway_workbook.errors import UsageError
    from gateway_workbook.walkthrough import FOLDER_VARIABLE

    if find_spec("voila") is None:
        raise UsageError("the page is served by voila, which is not installed: pip install 'gateway-workbook[voila]'")
    words = [sys.executable, "-m", "voila", str(workbook.folder() / "walkthrough.ipynb"), "--Voila.ip=127.0.0.1"]
    words += [f"--port={port}", *([] if browser else ["--no-browser"])]
    environment = os.environ | {FOLDER_VARIABLE: str(Path.cwd())}
    raise typer.Exit(subprocess.run(words, env=environment, check=False).returncode)  # noqa: S603  voila, by this Python
