"""Which header carries the key: the usual ones in turn, and those that a gateway's own refusal names."""

from __future__ import annotations

__all__ = ["HeaderSearch", "hints", "same_words"]

import re
from typing import TYPE_CHECKING, Final

from gateway_workbook.profile import AuthConfig
from gateway_workbook.usual import CHALLENGES, HEADERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gateway_workbook.exchange import Exchange

REFUSALS: Final = 10  # how often a key may be refused in one probe
READ_REFUSALS: Final = 4  # and how often where the gateway plainly read it: more could lock it
READ_TRIES: Final = 3  # headers that are tried at one place once the gateway has read one of them
_NAME: Final = r"['\"`]?(?P<name>[A-Za-z][A-Za-z0-9]*(-[A-Za-z0-9]+)+|authorization|apikey)['\"`]?"
_NAMED: Final = (
    re.compile(rf"headers?\W{{1,4}}((named|called) )?{_NAME}(\s*:\s*((?P<scheme>[A-Za-z]+) )?[<{{\[])?", re.IGNORECASE),
    re.compile(rf"{_NAME}[ -](request )?header", re.IGNORECASE),
)
_EXCERPT: Final = 2000
_CHANGING: Final = re.compile(r"[0-9a-f-]{8,}|\d+", re.IGNORECASE)


class HeaderSearch:
    """The headers that are left to try; the one that was taken last comes first.

    `proven`: the gateway took the key in `header` where it refused it in another one, or without one.
    """

    def __init__(self, only: Sequence[AuthConfig | None] = ()) -> None:
        self._left = list(only or HEADERS)
        self._searching = len(self._left) > 1
        self._second = False
        self.proven = False
        self.header: AuthConfig | None = None
        self.refused: list[AuthConfig | None] = []
        self.read: list[AuthConfig | None] = []

    def left(self) -> Iterator[AuthConfig | None]:
        """Each header in turn, until the caller stops or the key was refused often enough."""
        tried: list[AuthConfig | None] = []
        while not self.spent and (rest := [one for one in self._left if one not in tried]):
            if self.read and len(tried) >= READ_TRIES:
                self._left.clear()
                return
            tried.append(rest[0])
            yield rest[0]

    @property
    def spent(self) -> bool:
        """Whether the key was refused so often that one more could lock it out."""
        return len(self.refused) >= REFUSALS or len(self.read) >= READ_REFUSALS

    def took(self, header: AuthConfig | None) -> None:
        """The gateway did not mind the key in this header."""
        self._left.sort(key=lambda one: one != header)

    def prove(self, header: AuthConfig | None) -> None:
        """It is this header: no other need be tried."""
        self._left, self.proven, self.header = [header], True, header

    def refuse(self, header: AuthConfig | None, answer: Exchange, *, keyless: Exchange) -> None:
        """The gateway minded; what it says to a call without a key tells whether it saw this one, and what it wants."""
        self.refused.append(header)
        self._left.remove(header)
        if not same_words(answer, keyless):
            self.read.append(header)
            self._left.sort(key=lambda one: _name(one) != _name(header))  # its other formats next
        if self._searching:
            named = [one for one in hints(keyless) + hints(answer) if one not in self.refused]
            self._left = list(dict.fromkeys([*named, *self._left]))

    def again(self) -> None:
        """One more chance elsewhere, and no second one: policies may cover one path only."""
        if not self._left and not self._second:
            self._second = True
            self._left = list(dict.fromkeys(self.read[:1] or self.refused[:READ_REFUSALS]))


def hints(answer: Exchange) -> list[AuthConfig | None]:
    """Headers that an answer asks for, by name or by its challenge."""
    matches = [match for pattern in _NAMED for match in pattern.finditer(answer.text[:_EXCERPT])]
    found = [_config(match["name"], match.groupdict().get("scheme")) for match in matches]
    scheme = answer.headers.get("www-authenticate", "").partition(" ")[0].casefold()
    return list(dict.fromkeys([*found, *([CHALLENGES[scheme]] if scheme in CHALLENGES else [])]))


def _config(name: str, scheme: str | None) -> AuthConfig | None:
    usual = [one for one in HEADERS if _name(one) == name.casefold()]
    if usual and not scheme:
        return usual[0]
    return AuthConfig(name=name, format=f"{scheme} {{api_key}}" if scheme else "{api_key}")


def same_words(one: Exchange, other: Exchange) -> bool:
    """Whether two answers say the same, but for times and the numbers of requests."""
    told, other_told = ((answer.status, _CHANGING.sub("#", answer.text)) for answer in (one, other))
    return told == other_told


def _name(header: AuthConfig | None) -> str:
    return (header.name if header else "api-key").casefold()
