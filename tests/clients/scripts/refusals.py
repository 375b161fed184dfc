"""What a client raises when the sandbox says no."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

Refusal = TypeVar("Refusal", bound=Exception)


def refused(call: Callable[[], object], kind: type[Refusal]) -> Refusal:
    """The error of that kind that the call raises; it is an error of its own when it raises none."""
    try:
        call()
    except kind as error:
        return error
    raise AssertionError(f"no {kind.__name__}")


async def refused_later(call: Awaitable[object], kind: type[Refusal]) -> Refusal:
    """The same of a call that is awaited."""
    try:
        await call
    except kind as error:
        return error
    raise AssertionError(f"no {kind.__name__}")
