"""An answer read within bounds: one of endless size, or of a byte a second, ends as a fault."""

from __future__ import annotations

__all__ = ["MOST_BYTES", "MOST_SECONDS", "Bounded", "TooLarge", "TooSlow", "as_read", "read_within"]

import time
from typing import TYPE_CHECKING, Final

import httpx

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import timedelta

MOST_BYTES: Final = 5_000_000
MOST_SECONDS: Final = 120.0
_OF_THE_WIRE: Final = ("content-encoding", "content-length", "transfer-encoding")  # not of what was read


class TooLarge(httpx.StreamError):
    """More came than any answer of a gateway needs."""


class TooSlow(httpx.StreamError):
    """Something always came in time, and the whole did not."""


class Bounded(httpx.SyncByteStream):
    """Another stream, within bounds; put it in a response's place of it before anything is read."""

    def __init__(self, stream: object, *, clock: Callable[[], float] = time.monotonic) -> None:
        if not isinstance(stream, httpx.SyncByteStream):
            raise TypeError(f"{type(stream).__name__} is not read step by step")
        self._stream, self._clock = stream, clock

    def __iter__(self) -> Iterator[bytes]:
        yield from _within(self._stream, self._clock)

    def close(self) -> None:
        """Close the other stream."""
        self._stream.close()


def read_within(response: httpx.Response, *, clock: Callable[[], float] = time.monotonic) -> httpx.Response:
    """The answer with its whole body, unpacked; raises TooLarge, TooSlow, or what httpx raises where the wire breaks.

    The bounds count what was unpacked: a small archive can hold an endless text.
    """
    try:
        content = b"".join(_within(response.iter_bytes(), clock))
    finally:
        response.close()
    return as_read(response, content, elapsed=response.elapsed)


def as_read(response: httpx.Response, content: bytes, *, elapsed: timedelta) -> httpx.Response:
    """The response with the content that was read of it step by step."""
    headers = [(name, value) for name, value in response.headers.multi_items() if name not in _OF_THE_WIRE]
    read = httpx.Response(response.status_code, headers=headers, content=content)
    read.elapsed = elapsed
    return read


def _within(chunks: Iterable[bytes], clock: Callable[[], float]) -> Iterator[bytes]:
    size, end = 0, clock() + MOST_SECONDS
    for chunk in chunks:
        size += len(chunk)
        if size > MOST_BYTES:
            raise TooLarge(f"the answer is longer than {MOST_BYTES // 1_000_000} MB")
        if clock() > end:
            raise TooSlow(f"the answer is not whole after {MOST_SECONDS:.0f} seconds")
        yield chunk
