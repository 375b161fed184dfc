"""A line for every request: who asked for what, and how it was answered."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from starlette.datastructures import Headers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from starlette.types import ASGIApp, Message, Receive, Scope, Send


class AccessLog:
    """Middleware that writes one JSON line per answered request; queries may hold secrets and are left out."""

    def __init__(self, app: ASGIApp, *, file: TextIO) -> None:
        self.app = app
        self.file = file

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and write its line when the answer begins."""

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._write(scope, status=message["status"])
            await send(message)

        await self.app(scope, receive, told if scope["type"] == "http" else send)

    def _write(self, scope: Scope, *, status: int) -> None:
        agent = Headers(scope=scope).get("user-agent", "")
        line = {"method": scope["method"], "path": scope["path"], "status": status, "user_agent": agent}
        self.file.write(json.dumps(line) + "\n")


@contextmanager
def opened(path: Path) -> Iterator[TextIO]:
    """Open the log for appending, for its owner only; every line is in the file at once."""
    path.touch(mode=0o600)
    with path.open("a", encoding="utf-8", buffering=1) as file:
        yield file
