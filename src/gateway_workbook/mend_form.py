"""What a person does about a finding: apply its change to the profile, or give the right key; nothing headless."""

from __future__ import annotations

__all__ = ["KeyForm", "MendForm", "mend_button"]

from typing import TYPE_CHECKING, Any, Final

import ipywidgets as widgets

from gateway_workbook.controls import Action, Secret, html, preformatted, style
from gateway_workbook.errors import UsageError
from gateway_workbook.front_end import somebody_there
from gateway_workbook.profile import load_profile
from gateway_workbook.profile_change import change_profile

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from gateway_workbook.finding import Finding
    from gateway_workbook.profile_change import ProfileChange

_AGAIN: Final = "run 00_start_here again, and 01_create_connections with replace = True"
_KEY_AGAIN: Final = "set: run the cells above again; 01_create_connections sends it to Foundry, with replace = True"
_OF_THE_KEY: Final = ("wrong-key", "no-key-seen", "token-client")


def mend_button(findings: Sequence[Finding], profile: str | Path) -> Any:
    """A button that applies the findings' first change to the profile's file, below the lines that it changes.

    Where the gateway refuses the key, a place to give another one. None where there is nothing to do, and headless:
    there it is `gateway-workbook diagnose PROFILE --apply`.
    """
    if not somebody_there():
        return None
    for finding in findings:
        if finding.change:
            return MendForm(finding, profile).box
    return KeyForm(profile).box if any(finding.code in _OF_THE_KEY for finding in findings) else None


class MendForm:
    """The difference, the button and what came of it; `box` is what to show."""

    def __init__(self, finding: Finding, profile: str | Path) -> None:
        self._change: ProfileChange | None = None
        self.action = Action("Apply", "Applying", self._apply)
        try:
            self._change = change_profile(profile, finding.change)
            self.action.allow(can=True)
        except UsageError as error:  # a ready profile, or a form that is not written back
            self.action.tell(str(error), well=False)
        self.difference = html(preformatted(self._change.diff if self._change else finding.mend))
        self.box = widgets.VBox([style(), self.difference, self.action.widget])
        self.box.add_class("gateway-workbook-form")

    def _apply(self) -> str:
        if self._change is None:
            raise UsageError("there is no change that could be applied")
        self._change.write()
        return f"wrote {self._change.path}: {_AGAIN}"


class KeyForm:
    """A place for the value of each variable that the profile takes its secrets from."""

    def __init__(self, profile: str | Path) -> None:
        references = load_profile(profile).references.values()
        self.secrets = [Secret(one, self._given) for one in dict.fromkeys(references) if one.scheme == "env"]
        self.told = html(kind="gw-told")
        self.box = widgets.VBox([style(), *(secret.widget for secret in self.secrets), self.told])
        self.box.add_class("gateway-workbook-form")

    def _given(self) -> None:
        self.told.value = f"<p role='status'>✓ {_KEY_AGAIN}</p>"
