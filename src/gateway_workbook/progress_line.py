"""The line that shows how far something is: in a notebook's output, updated in place, or in a terminal."""

from __future__ import annotations

__all__ = ["in_notebook", "in_terminal", "progress_html"]

import sys
from html import escape
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from gateway_workbook.progress import INTERRUPTED, show_with

if TYPE_CHECKING:
    from types import TracebackType

    from IPython.core.interactiveshell import InteractiveShell
    from rich.console import Console

    from gateway_workbook.progress import Snapshot

_TEXT: Final = "color:var(--jp-content-font-color1, inherit);font-variant-numeric:tabular-nums"
_BAR: Final = "width:12em;vertical-align:middle;margin-right:.75em;accent-color:var(--jp-brand-color1, #1976d2)"


def in_notebook() -> None:
    """In a notebook's kernel, show tasks as lines of the cell's output, and an interrupt as one sentence."""
    from IPython.core.getipython import get_ipython  # here and below: the command line should not load it

    shell = get_ipython()
    if shell is None or not hasattr(shell, "kernel"):
        return
    show_with(_NotebookLine)
    if not shell.custom_exceptions:  # somebody's own handler stays
        shell.set_custom_exc((KeyboardInterrupt,), _interrupted)


def in_terminal() -> None:
    """Show tasks on standard error while they last, where that is a terminal."""
    if sys.stderr.isatty():
        from rich.console import Console

        console = Console(stderr=True)
        show_with(lambda: _TerminalLine(console))


def _interrupted(
    shell: InteractiveShell, kind: type[BaseException], error: BaseException, trace: TracebackType, **_: object
) -> None:
    # IPython asks an exception for its own traceback, as it asks those of ours.
    error._render_traceback_ = lambda: [INTERRUPTED]  # type: ignore[attr-defined]
    shell.showtraceback((kind, error, trace))


class _NotebookLine:
    """One output, updated in place. No Output widget: under papermill those can wait for ever."""

    def __init__(self) -> None:
        self._id, self._shown = uuid4().hex, False

    def __call__(self, at: Snapshot) -> None:
        from IPython.display import publish_display_data

        publish_display_data(
            {"text/plain": at.sentence, "text/html": progress_html(at)},
            transient={"display_id": self._id},
            update=self._shown,
        )
        self._shown = True


class _TerminalLine:
    """A line that goes when its task ends: what was found is printed by the command."""

    def __init__(self, console: Console) -> None:
        self._status = console.status("")

    def __call__(self, at: Snapshot) -> None:
        from rich.text import Text

        if at.ended:
            self._status.stop()
            return
        self._status.update(Text(at.sentence))
        self._status.start()


def progress_html(at: Snapshot) -> str:
    """The line as HTML: a progress bar with its sentence while it lasts, the sentence alone at the end."""
    told = escape(at.sentence)
    if at.ended:
        return f'<div role="status" style="{_TEXT}">{told}</div>'
    value = f' value="{at.count}" max="{max(at.total, 1)}"' if at.total is not None else ""
    label = f'aria-label="{escape(at.doing)}" aria-valuetext="{told}"'
    bar = f'<progress {label}{value} style="{_BAR}"></progress>'
    return f'<div style="{_TEXT}">{bar}<span aria-hidden="true">{told}</span></div>'
