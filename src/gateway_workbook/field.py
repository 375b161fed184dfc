"""One thing that a form asks: its words, what may be chosen, when it applies. Data; `form` makes controls of it."""

from __future__ import annotations

__all__ = ["Choice", "Field", "Values", "lines", "text_of"]

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Values = Mapping[str, Any]
Choice = tuple[str, Any]  # what a person reads, and what it stands for
Kind = Literal["text", "paragraph", "lines", "choice", "switch", "number"]


def _always(_: Values) -> bool:
    return True


def _any(_: Values) -> Sequence[Choice]:
    return ()


@dataclass(frozen=True, kw_only=True)
class Field:
    """What a form asks under `title`, explained by `about` in one line.

    `kind`: text, a paragraph, lines (a list of texts), one of the `choices`, a switch (true or false) or a number.
    `choices` and `applies` are asked again whenever another field has changed.
    """

    name: str
    title: str
    about: str
    kind: Kind = "text"
    group: str = ""
    choices: Callable[[Values], Sequence[Choice]] = _any
    applies: Callable[[Values], bool] = _always


def lines(text: str) -> list[str]:
    """The lines of a text that hold something."""
    return [line for line in text.splitlines() if line.strip()]


def text_of(value: object) -> str:
    """A field's value on one line, for people."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
