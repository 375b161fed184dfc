"""Untrusted text as people may safely see it: what would steer a terminal, a parser or the eye is shown, not obeyed."""

from __future__ import annotations

__all__ = ["storable", "visible"]

import re
from typing import Final

_PICTURES: Final = 0x2400  # Unicode's picture of control character n is at 0x2400 + n
_SPACE: Final = 0x20
_DELETE: Final = 0x7F
_STEERING: Final = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters; line feed and tab stay
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # turn the direction of what follows
    "\u180e\u200b\u2028\u2029\u2060-\u2065\u206a-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f"  # take no room
    "\ud800-\udfff\ufffe\uffff"  # not text at all: no file and no XML can hold them
    "]"
)


def storable(text: str) -> str:
    """The text with halves of characters replaced: JSON can spell them, no file can hold them."""
    return text.encode("utf-8", errors="replace").decode("utf-8")


def visible(text: str) -> str:
    """The text with control characters as their pictures (␛) and other invisible ones as their code points (⟨U+202E⟩).

    Line feeds and tabs stay, letters of every script and emoji too; the result is valid in HTML and in XML 1.0.
    """
    return _STEERING.sub(lambda found: _picture(ord(found[0])), text.replace("\r\n", "\n"))


def _picture(code: int) -> str:
    if code < _SPACE:
        return chr(_PICTURES + code)
    return "␡" if code == _DELETE else f"⟨U+{code:04X}⟩"
