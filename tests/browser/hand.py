"""A person's hand: every click and keystroke of a test goes through it and is counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page


class Hand:
    """`clicks` and `keys` so far. A key held for another (Shift+Enter) is one keystroke."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.clicks = self.keys = 0

    def __str__(self) -> str:
        return f"{self.clicks} clicks, {self.keys} keystrokes"

    def click(self, what: Locator) -> None:
        what.click()
        self.clicks += 1

    def press(self, key: str) -> None:
        self._page.keyboard.press(key)
        self.keys += 1

    def write(self, text: str) -> None:
        """Type where the cursor is."""
        self._page.keyboard.insert_text(text)
        self.keys += len(text)

    def replace(self, field: Locator, text: str) -> None:
        """Put `text` in the place of what a field says, and leave the field."""
        self.click(field)
        self.press("ControlOrMeta+a")
        self.write(text) if text else self.press("Delete")
        self.press("Tab")

    def choose(self, field: Locator, option: str) -> None:
        """Open a list and take one of its options."""
        field.select_option(label=option)
        self.clicks += 2
