"""The step rail: where a notebook stands in its run, what is done, what has become stale, and links on."""

from __future__ import annotations

__all__ = ["Rail", "rail"]

from dataclasses import dataclass
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from IPython.core.getipython import get_ipython
from IPython.display import publish_display_data

from gateway_workbook.progress import INTERRUPTED
from gateway_workbook.run import Run, run_folder
from gateway_workbook.stages import stages
from gateway_workbook.visible import visible

if TYPE_CHECKING:
    from pathlib import Path

    from gateway_workbook.stages import Stage

# The words of the rail: glyph, word, and how it is coloured beside that.
_WORDS: Final = {
    "passed": ("✓", "done", "good"),
    "overtaken": ("↺", "stale", "open"),
    "running": ("…", "begun", "open"),
    "not run": ("–", "to do", "none"),
}
_STOPPED: Final = ("✗", "did not pass", "bad")
_INTERRUPTED: Final = ("…", "interrupted", "open")
_PLACE: Final = "gateway-workbook-rail"  # one for a kernel: all that it has shown follow


@dataclass(frozen=True)
class Rail:
    """The six notebooks of a run, the notebook `here` marked; shows itself. `linked`: each leads to its notebook."""

    run: Run
    here: str
    linked: bool = True

    def _repr_html_(self) -> str:
        css = files("gateway_workbook").joinpath("templates/rail.css").read_text(encoding="utf-8")
        items = "".join(self._item(stage) for stage in stages(self.run))
        shown = f"<nav class='gateway-workbook-rail' aria-label='Steps of this run'><ol>{items}</ol></nav>"
        return f"<style>{css}</style>{shown}"

    def _item(self, stage: Stage) -> str:
        glyph, word, tone = _standing(stage)
        number, _, name = stage.step.partition("_")
        title = f"{int(number)} {name.replace('_', ' ')}"
        current = " aria-current='step'" if stage.step == self.here else ""
        # A link to where one is would only reload the page.
        led = self.linked and not current
        shown = f"<a href='{stage.step}.ipynb'>{title}</a>" if led else f"<b>{title}</b>"
        why = f"<small>{escape(visible(stage.found))}</small>" if stage.standing == "overtaken" else ""
        return f"<li class='{tone}'{current}>{shown}<span>{glyph} {word}</span>{why}</li>"

    def _ipython_display_(self) -> None:
        self._publish(update=False)

    def follow(self) -> None:
        """Show how things stand now, in every place of this notebook where a rail was shown."""
        if hasattr(get_ipython(), "kernel"):
            self._publish(update=True)

    def _publish(self, *, update: bool) -> None:
        shown = {"text/html": self._repr_html_(), "text/plain": repr(self)}
        publish_display_data(shown, transient={"display_id": _PLACE}, update=update)

    def __repr__(self) -> str:
        return "\n".join(self._line(stage) for stage in stages(self.run))

    def _line(self, stage: Stage) -> str:
        glyph, word, _ = _standing(stage)
        why = f": {visible(stage.found)}" if stage.standing == "overtaken" else ""
        return f"{'→' if stage.step == self.here else ' '} {stage.step}  {glyph} {word}{why}"


def _standing(stage: Stage) -> tuple[str, str, str]:
    return _INTERRUPTED if stage.found == INTERRUPTED else _WORDS.get(stage.standing, _STOPPED)


def rail(here: str, run_dir: str | Path) -> Rail:
    """The rail of a run folder, which need not be there yet."""
    return Rail(Run(run_folder(run_dir)), here)
