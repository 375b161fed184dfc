"""A streamed answer as data: the events of server-sent events, each with the time of its arrival."""

from __future__ import annotations

__all__ = ["Event", "StreamReader", "Streamed"]

import json
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel, ConfigDict

from gateway_workbook.bounded import as_read
from gateway_workbook.exchange import Exchange, masked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import httpx

MOST_BYTES: Final = 1_000_000
MOST_SECONDS: Final = 90.0
DONE: Final = "[DONE]"


class Event(BaseModel):
    """The data of one event; `milliseconds` from the request to the bytes that completed it."""

    model_config = ConfigDict(frozen=True)

    milliseconds: float
    data: str

    @property
    def body(self) -> Any:
        """The parsed JSON, or None."""
        try:
            return json.loads(self.data)
        except (ValueError, RecursionError):
            return None


class Streamed(BaseModel):
    """One streaming call: what came of it as a whole, and its events in order.

    `whole` is False when it was cut off, by its length or by the time it took.
    """

    model_config = ConfigDict(frozen=True)

    exchange: Exchange
    events: tuple[Event, ...] = ()
    whole: bool = True

    @property
    def done(self) -> bool:
        """Whether the stream ended as chat completions end theirs."""
        return bool(self.events) and self.events[-1].data.strip() == DONE

    @property
    def deltas(self) -> list[tuple[float, str]]:
        """The pieces of text, each with the time of its arrival."""
        pieces = ((at, delta.get("content")) for at, delta in self._deltas())
        return [(at, piece) for at, piece in pieces if isinstance(piece, str) and piece]

    @property
    def call_pieces(self) -> list[dict[str, Any]]:
        """The pieces of tool calls, in the order of their arrival."""
        found = (delta.get("tool_calls") for _, delta in self._deltas())
        return [piece for pieces in found if isinstance(pieces, list) for piece in pieces if isinstance(piece, dict)]

    @property
    def usage(self) -> dict[str, Any] | None:
        """The usage that a chunk carried, or None."""
        found = (event.body.get("usage") for event in self.events if isinstance(event.body, dict))
        return next((usage for usage in found if isinstance(usage, dict)), None)

    def _deltas(self) -> Iterator[tuple[float, dict[str, Any]]]:
        for event in self.events:
            choices = event.body.get("choices") if isinstance(event.body, dict) else None
            for choice in choices if isinstance(choices, list) else ():
                delta = choice.get("delta") if isinstance(choice, dict) else None
                if isinstance(delta, dict):
                    yield event.milliseconds, delta


class StreamReader:
    """Reads one answer as it comes; `events` has what has come so far, also when the wire breaks.

    `hidden` gives the secrets to mask, when they are known: a token is fetched on the way.
    """

    def __init__(self, *, hidden: Callable[[], Iterable[str]], clock: Callable[[], float] = time.perf_counter) -> None:
        self.events: list[Event] = []
        self.whole = True
        self._hidden, self._clock, self._started = hidden, clock, clock()

    def __call__(self, response: httpx.Response, shown: dict[str, Any]) -> Exchange:
        """Read to the end, or to the bounds, and return the answer as any other call's."""
        raw, left = b"", b""
        try:
            for chunk in response.iter_bytes():
                raw += chunk
                left = self._take(left + chunk)
                if len(raw) > MOST_BYTES or self._clock() - self._started > MOST_SECONDS:
                    self.whole = False
                    break
            self._take(left + b"\n\n")
        finally:
            response.close()
        read = as_read(response, raw, elapsed=timedelta(seconds=self._clock() - self._started))
        return Exchange.of(read, **shown, hidden=self._hidden())

    def _take(self, data: bytes) -> bytes:
        """Keep the events that are complete, and return the rest."""
        *blocks, left = data.replace(b"\r\n", b"\n").split(b"\n\n")
        now = (self._clock() - self._started) * 1000
        self.events += [
            Event(milliseconds=now, data=masked(text, self._hidden())) for text in map(_data, blocks) if text
        ]
        return left


def _data(block: bytes) -> str:
    return "\n".join(_lines(block.decode("utf-8", errors="replace")))


def _lines(block: str) -> Iterator[str]:
    for line in block.split("\n"):
        name, _, value = line.partition(":")
        if name == "data":
            yield value.removeprefix(" ")
