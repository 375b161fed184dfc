"""A browser window with JupyterLab in it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from .hand import Hand
from .notebook import Notebook

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from .lab import Lab

Theme = Literal["JupyterLab Light", "JupyterLab Dark", "JupyterLab Dark High Contrast"]
HEIGHT: Final = 900


@dataclass(kw_only=True)
class LabPage:
    """`folder` has this test's own copy of the notebooks; `hand` counts what a person has to do."""

    page: Page
    lab: Lab
    folder: Path
    hand: Hand = field(init=False)

    def __post_init__(self) -> None:
        self.hand = Hand(self.page)

    def open(self, name: str) -> Notebook:
        """Load JupyterLab with the notebook of that name."""
        since = time.monotonic()
        path = f"{self.folder.relative_to(self.lab.root).as_posix()}/{name}.ipynb"
        self.page.goto(f"{self.lab.url}/lab/workspaces/{self.folder.parent.name}/tree/{path}?token={self.lab.key}")
        return Notebook.wait_ready(self.page, path, hand=self.hand, since=since)

    def set_theme(self, theme: Theme) -> None:
        self.page.evaluate("theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", theme)
        light = str(theme == "JupyterLab Light").lower()
        self.page.locator(f"body[data-jp-theme-light='{light}'][data-jp-theme-name='{theme}']").wait_for(
            state="attached"
        )

    def save_all(self) -> None:
        self.page.evaluate("window.jupyterapp.commands.execute('docmanager:save-all')")

    def resize(self, width: int) -> None:
        """Make the window narrow; a person with little room folds the file browser away."""
        self.page.set_viewport_size({"width": width, "height": HEIGHT})
        self.page.evaluate("window.jupyterapp.shell.collapseLeft()")
