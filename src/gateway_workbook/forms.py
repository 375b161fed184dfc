"""What a person presses in a notebook; nothing of it is built where nobody is there to press it."""

from __future__ import annotations

__all__ = ["MendForm", "mend_button"]

from html import escape
from typing import TYPE_CHECKING, Any

from gateway_workbook.errors import UsageError
from gateway_workbook.front_end import somebody_there
from gateway_workbook.profile_change import change_profile
from gateway_workbook.visible import visible

if TYPE_CHECKING:
    from pathlib import Path

    from gateway_workbook.finding import Finding
    from gateway_workbook.profile_change import ProfileChange

_AGAIN = "run 00_start_here again, and 01_create_connections with replace = True"


def mend_button(finding: Finding | None, profile: str | Path) -> Any:
    """A button that applies the finding's change to the profile's file, below the lines that it changes.

    None where there is nothing to change, and headless: there it is `gateway-workbook diagnose PROFILE --apply`.
    """
    if finding is None or not finding.change or not somebody_there():
        return None
    return MendForm(finding, profile).box


class MendForm:
    """The difference, the button and what came of it; `box` is what to show. No Output widget: those can hang."""

    def __init__(self, finding: Finding, profile: str | Path) -> None:
        from ipywidgets import HTML, Button, VBox

        self._change: ProfileChange | None = None
        told = ""
        try:
            self._change = change_profile(profile, finding.change)
        except UsageError as error:  # a ready profile, or a form that is not written back
            told = str(error)
        self.difference = HTML(_preformatted(self._change.diff if self._change else finding.mend))
        self.button = Button(description="Apply", disabled=self._change is None)
        self.told = HTML(escape(visible(told)))
        self.button.on_click(self._apply)
        self.box = VBox([self.difference, self.button, self.told])

    def _apply(self, button: Any) -> None:
        change, self._change = self._change, None
        if change is None:  # pressed already
            return
        button.disabled = True
        try:
            change.write()
        except UsageError as error:
            self.told.value = escape(visible(str(error)))
            return
        self.told.value = escape(visible(f"wrote {change.path}: {_AGAIN}"))


def _preformatted(text: str) -> str:
    return f"<pre>{escape(visible(text))}</pre>"
