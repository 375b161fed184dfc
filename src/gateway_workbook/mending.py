"""A finding whose answer does not tell the mend: profiles beside it are tried until the very same call succeeds.

Bounded: a dozen calls, never another host than the profile's, no more of them after a 429 or where nobody answers. All
but one of a search's calls are refused by the gateway, so that it costs no more than one short answer.
"""

from __future__ import annotations

__all__ = ["MOST", "Mended", "mend"]

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import httpx

from gateway_workbook.diagnosis import diagnose
from gateway_workbook.discovery import PROMPT, usable
from gateway_workbook.errors import ProfileError, UsageError
from gateway_workbook.neighbours import KEYS, neighbours
from gateway_workbook.profile_change import changed, in_words
from gateway_workbook.progress import Task

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway_workbook.connection import Connection
    from gateway_workbook.exchange import Exchange
    from gateway_workbook.finding import Change, Finding
    from gateway_workbook.gateway import Gateway
    from gateway_workbook.neighbours import Failure
    from gateway_workbook.profile import Profile

MOST: Final = 12  # calls for one finding
_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1", "[::1]")
_SILENT: Final = "no answer"


@dataclass(frozen=True, kw_only=True)
class Mended:
    """The finding with the change that was seen to mend it, or as it was; `calls` is what the search took."""

    finding: Finding
    calls: int


def mend(failure: Failure, profile: Profile, *, connect: Callable[[Profile], Gateway]) -> Mended:
    """Try what is beside the profile, the most likely first; `connect` makes a client that sends each call once.

    The finding gets the change under which its call succeeds, confidence `certain`. Where a header gets past admission
    and something else is wrong, too, it gets that with `likely`. Else its sentence says that nothing near helped.
    """
    search, code = _Search(failure, profile, connect), failure.finding.code
    with Task(f"seeking a mend for {code}", done=f"setting(s) tried for {code}") as task:
        for change in neighbours(profile, failure):
            if search.over:
                break
            task.now(f"trying {', '.join(change)}")
            mends = search.try_out(change)
            task.did()
            if mends:
                return Mended(finding=_certain(failure.finding, change), calls=search.calls)
    return Mended(finding=search.unmended(), calls=search.calls)


class _Search:
    def __init__(self, failure: Failure, profile: Profile, connect: Callable[[Profile], Gateway]) -> None:
        self._failure, self._profile, self._connect = failure, profile, connect
        self._at = connect(profile).connection
        self._stopped = ""
        self._admitted: tuple[Change, Finding] | None = None
        self.calls = 0

    @property
    def over(self) -> bool:
        return bool(self._stopped or self._admitted) or self.calls >= MOST

    def try_out(self, change: Change) -> bool:
        """Whether the call succeeds under the change, and the list still does where it could be affected."""
        gateway = self._gateway(change)
        if gateway is None:
            return False
        exchange = self._call(gateway)
        self._note(exchange, change, gateway.connection)
        if not usable(exchange, gateway.connection):
            return False
        dynamic = gateway.connection.effective_discovery != "static"
        if not (self._failure.listed and dynamic and self._failure.asked != "list" and _moves_list(change)):
            return True
        self.calls += 1
        return usable(gateway.list_models(), gateway.connection)

    def unmended(self) -> Finding:
        finding = self._failure.finding
        if self._admitted:
            change, then = self._admitted
            mend = f"{in_words(change)}: the gateway then takes the key and answers {then.found} ({then.cause})"
            return finding.model_copy(update={"change": change, "mend": mend, "confidence": "likely"})
        tried = "1 other setting was tried and does" if self.calls == 1 else f"{self.calls} others were tried and do"
        why = f"; {tried} not help" if self.calls else ""
        stopped = f", and the search ended at {self._stopped}" if self._stopped else ""
        # What the answer itself asked for was tried and is no mend, or would take the key where it may not go.
        return finding.model_copy(update={"mend": f"{finding.mend}{why}{stopped}", "change": {}})

    def _gateway(self, change: Change) -> Gateway | None:
        """A client under the change; None where that is no usable profile, or would take the key elsewhere."""
        try:
            gateway = self._connect(changed(self._profile, change))
        except (ProfileError, UsageError):
            return None
        return gateway if _stays(self._at.target, gateway.connection.target) else None

    def _call(self, gateway: Gateway) -> Exchange:
        self.calls += 1
        name = self._failure.deployment
        static = gateway.connection.effective_discovery == "static"
        if self._failure.asked == "chat" or static:  # without discovery, the call that is left
            return gateway.chat(name or self._failure.answering[0], [{"role": "user", "content": PROMPT}])
        return gateway.list_models() if self._failure.asked == "list" else gateway.get_model(name)

    def _note(self, exchange: Exchange, change: Change, connection: Connection) -> None:
        if exchange.status is None:
            self._stopped = _SILENT
        elif exchange.status == httpx.codes.TOO_MANY_REQUESTS:
            self._stopped = "the gateway's limit (429)"
        elif self._failure.finding.code in KEYS and not usable(exchange, connection):
            then = diagnose(exchange, connection, deployment=self._failure.deployment)
            if then.code not in KEYS:
                self._admitted = change, then


def _certain(finding: Finding, change: Change) -> Finding:
    told = f"{in_words(change)}: the same call then succeeds"
    return finding.model_copy(
        update={"change": change, "mend": told, "confidence": "certain", "field": next(iter(change))}
    )


def _moves_list(change: Change) -> bool:
    return bool({"targetUrl", "deploymentAPIVersion", "listModelsEndpoint", "getModelEndpoint"} & set(change))


def _stays(before: str, after: str) -> bool:
    """Whether the key goes to the host and port that have it already, and not in clear where it went by TLS."""
    was, now = httpx.URL(before), httpx.URL(after)
    in_clear = now.scheme == "http" and was.scheme != "http" and now.host not in _LOOPBACK
    return (now.host, now.port) == (was.host, was.port) and not in_clear
