"""How far something is that takes longer than a second: said by whoever does it, shown by whoever is looked at.

As with logging, who works names no display: a notebook's step or the command line chooses one (`show_with`), and
without one nothing is shown. A task within a task is a word on the outer one, so that there is one line at a time.
"""

from __future__ import annotations

__all__ = ["INTERRUPTED", "Draw", "Snapshot", "Task", "settle", "show_with", "tell"]

from collections.abc import Callable
from contextvars import copy_context
from dataclasses import dataclass, field
from threading import Event, Lock, Thread
from time import monotonic
from typing import TYPE_CHECKING, Final, Literal, Self

from gateway_workbook.visible import visible
from gateway_workbook.workers import stop_if_abandoned

if TYPE_CHECKING:
    from types import TracebackType

INTERRUPTED: Final = "interrupted: run this cell again"
_FIRST_SECONDS: Final = 0.5  # what is over sooner is not worth a line
_NEXT_SECONDS: Final = 0.1
_LONGEST_WORD: Final = 60
Ended = Literal["", "done", "interrupted", "stopped"]


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """How far a task is; `total` is None where nobody knows it, and `ended` says how it ended, once it has."""

    doing: str
    done: str
    total: int | None = None
    count: int = 0
    latest: str = ""
    note: str = ""
    seconds: float = 0
    ended: Ended = ""

    @property
    def sentence(self) -> str:
        """`calling gpt-4o … 3 of 12, 4 s`; at the end `✓ 12 deployments called in 3.4 s`."""
        if not self.ended:
            elapsed = f"{int(self.seconds)} s" if self.seconds >= 1 else ""
            far = ", ".join(part for part in (self._counted, elapsed, self.note) if part)
            return f"{self.latest or self.doing} …{far and ' '}{far}"
        if self.ended == "done":
            what = f"{self.count} {self.done}" if "(s)" in self.done else self.done
            what = what.replace("(s)", "" if self.count == 1 else "s")
            return f"✓ {what} in {self.seconds:.1f} s" + (f", {self.note}" if self.note else "")
        return f"✗ {self.doing}: {self.ended} after {self._counted or f'{self.seconds:.1f} s'}"

    @property
    def _counted(self) -> str:
        return f"{self.count} of {self.total}" if self.total is not None else str(self.count or "")


Draw = Callable[[Snapshot], None]


@dataclass
class _Showing:
    """What is shown where: one display, one task under way."""

    screen: Callable[[], Draw] | None = None
    task: Task | None = None
    lock: Lock = field(default_factory=Lock)


_showing = _Showing()


def show_with(screen: Callable[[], Draw] | None) -> None:
    """Have every task shown by what `screen` makes for it: drawn from a thread, at most ten times a second."""
    _showing.screen = screen


def tell(word: str, *, did: bool = False) -> None:
    """Say a word on whatever is under way, such as why it waits; with `did`, count one more."""
    if task := _showing.task:
        task.now(word)
        if did:
            task.did()


def settle() -> None:
    """End what is under way still: after a second interrupt a task may not have come to its own end."""
    if task := _showing.task:
        task.close("interrupted")


class Task:
    """Something under way: `with Task("calling deployments", done="deployment(s) called", total=12) as task`.

    `done` is what the last line says, with "(s)" where the count stands before it. In a thread of `each` that is
    abandoned, its methods end that thread.
    """

    def __init__(self, doing: str, *, done: str, total: int | None = None) -> None:
        self._doing, self._done, self._total = doing, done, total
        self._count, self._latest, self._note = 0, "", ""
        self._started, self._ended = monotonic(), Event()
        self._outer: Task | None = None
        self._draw: Draw | None = None
        self._drawn = ""
        self._thread: Thread | None = None

    def __enter__(self) -> Self:
        stop_if_abandoned()
        with _showing.lock:
            self._outer = _showing.task
            if self._outer is None:
                _showing.task = self
        if self._outer and not self._outer.counts:  # one that counts says itself what it is at
            self._outer.now(self._doing)
        elif self._outer is None and _showing.screen:
            self._draw = _showing.screen()
            self._thread = Thread(target=copy_context().run, args=(self._tick,), name="progress", daemon=True)
            try:
                self._thread.start()
            except BaseException:
                self.close("interrupted")
                raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        interrupted = kind is not None and issubclass(kind, KeyboardInterrupt)
        self.close("done" if error is None else "interrupted" if interrupted else "stopped")

    @property
    def counts(self) -> bool:
        """Whether it is known how many there are."""
        return self._total is not None

    def now(self, word: str) -> None:
        """Say what is being done at this moment."""
        stop_if_abandoned()
        if self._outer:
            self._outer.now(word)
        self._latest = visible(word)[:_LONGEST_WORD]

    def did(self, note: str = "") -> None:
        """Count one more; may be called from several threads."""
        stop_if_abandoned()
        with _showing.lock:
            self._count += 1
            self._note = note or self._note

    def close(self, how: Ended) -> None:
        """Draw the last line, where there was one before; no thread is left."""
        self._ended.set()
        with _showing.lock:
            if _showing.task is self:
                _showing.task = None
        if self._thread and self._thread.is_alive():
            self._thread.join(1)
        if self._draw and self._drawn:
            self._draw(self._snapshot(how))
        self._draw = None

    def _tick(self) -> None:
        seconds = _FIRST_SECONDS
        while not self._ended.wait(seconds):
            seconds = _NEXT_SECONDS
            at = self._snapshot()
            if self._draw and at.sentence != self._drawn:
                self._draw(at)
                self._drawn = at.sentence

    def _snapshot(self, how: Ended = "") -> Snapshot:
        return Snapshot(
            doing=self._doing,
            done=self._done,
            total=self._total,
            count=self._count,
            latest=self._latest,
            note=self._note,
            seconds=monotonic() - self._started,
            ended=how,
        )
