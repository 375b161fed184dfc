"""Calls side by side, on threads that nobody waits for: after an error or an interrupt they begin nothing more."""

from __future__ import annotations

__all__ = ["Abandoned", "each", "stop_if_abandoned"]

from collections import deque
from contextvars import copy_context
from queue import Empty, SimpleQueue
from threading import Event, Thread, local
from typing import TYPE_CHECKING, Final, TypeVar

from gateway_workbook.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Item = TypeVar("Item")
Result = TypeVar("Result")

_POLL_SECONDS: Final = 0.1
_here = local()


class Abandoned(BaseException):  # not an Exception: what handles errors must not take it for one
    """Nobody waits for this thread's work any more; it ends where it would have called next."""


def each(function: Callable[[Item], Result], items: Iterable[Item], *, parallel: int) -> list[Result]:
    """What `function` makes of each item, in their order, `parallel` at a time.

    The first error, or an interrupt, is raised at once: what has not begun never does, and a call under way is left to
    end by itself. An executor would be waited for, here and once more when the process ends.
    """
    if parallel < 1:
        raise UsageError(f"parallel is {parallel}: write 1 or more")
    waiting = deque(enumerate(items))
    wanted, stop = len(waiting), Event()
    done: SimpleQueue[tuple[int, Result | None, BaseException | None]] = SimpleQueue()

    def work() -> None:
        _here.stop = stop
        while not stop.is_set():
            try:
                number, item = waiting.popleft()
            except IndexError:
                return
            try:
                done.put((number, function(item), None))
            except Abandoned:
                return
            except BaseException as error:  # noqa: BLE001  raised where the result is awaited
                done.put((number, None, error))

    try:
        for _ in range(min(parallel, wanted)):
            Thread(target=copy_context().run, args=(work,), name="gateway-workbook", daemon=True).start()
        return [result for _, result in sorted(_results(done, wanted), key=lambda pair: pair[0])]
    finally:
        stop.set()


def stop_if_abandoned() -> None:
    """Raise Abandoned in a thread of `each` whose work is not wanted any more; nothing anywhere else."""
    stop = getattr(_here, "stop", None)
    if stop is not None and stop.is_set():
        raise Abandoned


def _results(
    done: SimpleQueue[tuple[int, Result | None, BaseException | None]], wanted: int
) -> list[tuple[int, Result]]:
    found: list[tuple[int, Result]] = []
    while len(found) < wanted:
        try:  # in short waits, because on Windows a long one does not hear of an interrupt
            number, result, error = done.get(timeout=_POLL_SECONDS)
        except Empty:
            continue
        if error is not None:
            raise error
        found.append((number, result))  # type: ignore[arg-type]  # without an error it is the function's own
    return found
