"""What a page does behind a person's back: requests that leave this machine, and errors in its console."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, ConsoleMessage, Page

_STAYS: Final = re.compile(r"(?:https?|wss?)://(?:127\.0\.0\.1|localhost)(?::\d+)?(?:/|$)|(?:data|blob|file|about):")
# What is no fault of the workbook, each with the reason why it may stand.
EXPECTED: Final = {
    "https://cdn.jsdelivr.net/npm/@fortawesome/fontawesome-free@": "voila's own page asks for icons, and does without",
}


@dataclass
class Watch:
    """Everything that a browser context asked of others, and every error its pages told."""

    outward: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def follow(self, context: BrowserContext) -> None:
        context.on("request", lambda request: self._asked(request.url))
        context.on("console", self._told)
        context.on("weberror", lambda error: self._failed(str(error.error)))
        context.on("page", self._opened)

    def _opened(self, page: Page) -> None:
        page.on("websocket", lambda socket: self._asked(socket.url))

    def _asked(self, url: str) -> None:
        if not _STAYS.match(url) and not _expected(url):
            self.outward.append(url)

    def _told(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._failed(f"{message.text} ({message.location.get('url', '')})")

    def _failed(self, text: str) -> None:
        if not _expected(text):
            self.errors.append(text)


def _expected(told: str) -> bool:
    return any(expected in told for expected in EXPECTED)
