"""What keeps a probe small and harmless: a limit no request can pass, one host, and patience at 429."""

from __future__ import annotations

__all__ = ["MOST", "Bounded", "BudgetSpent"]

import time
from typing import TYPE_CHECKING, Final

import httpx

from gateway_workbook.errors import WorkbookError
from gateway_workbook.progress import tell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MOST: Final = 40  # requests of one probe, those for tokens included
_WAITS: Final = (2.0, 5.0)  # seconds before a second and a third try, where the gateway names none
_LONGEST: Final = 20.0  # a gateway that wants more patience than this is left alone


class BudgetSpent(WorkbookError):  # noqa: N818  a fact that the search turns into its verdict
    """A request was not sent: the limit is reached, or it would have gone to another host."""


class Bounded(httpx.BaseTransport):
    """Passes requests on to `inner`, counted, to the named origins alone.

    After a 429 it waits as told, at most twice in a probe, and never longer than 20 seconds. `sent` counts all
    requests, `repeated` those that were sent again.
    """

    def __init__(
        self,
        inner: httpx.BaseTransport,
        urls: Iterable[str],
        *,
        most: int = MOST,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._inner, self._most, self._sleep = inner, most, sleep
        self._origins = {_origin(httpx.URL(url)) for url in urls}
        self._waits = list(_WAITS)
        self.sent = 0
        self.repeated = 0
        self.milliseconds = 0.0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send it, and once more after a 429 that asks for no more than a moment."""
        while True:
            response = self._counted(request)
            wait = self._wait(response)
            if wait is None:
                return response
            response.close()
            tell(f"waiting {wait:.0f} s: the gateway's limit (429)")
            self._sleep(wait)
            self.repeated += 1

    def close(self) -> None:
        """Close what it passes requests on to."""
        self._inner.close()

    def _counted(self, request: httpx.Request) -> httpx.Response:
        if _origin(request.url) not in self._origins:
            raise BudgetSpent(f"{request.url.host} is another host: the credential does not go there")
        if self.sent >= self._most:
            raise BudgetSpent(f"{self._most} requests are sent, and no more are allowed")
        self.sent += 1
        tell(f"{request.method} {request.url.path}", did=True)
        started = time.perf_counter()
        try:
            return self._inner.handle_request(request)
        finally:
            self.milliseconds += (time.perf_counter() - started) * 1000

    def _wait(self, response: httpx.Response) -> float | None:
        """How long to wait before the request is sent again, or None: the answer stands."""
        if response.status_code != httpx.codes.TOO_MANY_REQUESTS or not self._waits:
            return None
        told = response.headers.get("retry-after", "")
        usual = self._waits.pop(0)
        seconds = float(told) if told.isdecimal() else None if told else usual
        if seconds is None or seconds > _LONGEST:
            self._waits.clear()
            return None
        return seconds


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port
