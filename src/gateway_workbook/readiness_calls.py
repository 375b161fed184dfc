"""The calls that checks of readiness make of one deployment: counted, bounded, and each made only once."""

from __future__ import annotations

__all__ = [
    "Answer",
    "Calls",
    "Judged",
    "StoppedAsking",
    "could_not_tell",
    "counted",
    "cut_short",
    "message",
    "refused",
    "says",
    "supported",
    "tool_calls",
    "unanswered",
]

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import httpx

from gateway_workbook.streaming import Streamed
from gateway_workbook.visible import storable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway_workbook.exchange import Exchange
    from gateway_workbook.gateway import Gateway

Answer = Literal["supported", "refused", "could not tell"]
MOST_CALLS: Final = 20  # of one deployment
# Refusals that say nothing about what was asked for: who asks, how often, how long, or what about.
_OTHER_REASONS: Final = {401, 403, 408, 409, 413, 429}
_FILTERED: Final = ("content_filter", "ContentPolicyViolation", "context_length_exceeded")
_SILENT: Final = 2
_FOUND: Final = 200  # characters


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What a check came to: the answer, what was seen, and the call that showed it."""

    answer: Answer
    found: str
    curl: str = ""


class StoppedAsking(Exception):  # noqa: N818  a fact that becomes an answer
    """No further call is made of this deployment; the message says why."""


class Calls:
    """Asks one deployment. The same call again costs nothing: its first answer is kept.

    The HTTP client waits and tries again as for any other call. A 429 that remains ends the asking, and so does the
    second call that nothing answers: each may have taken a minute.
    """

    def __init__(self, gateway: Gateway, deployment: str, *, most: int = MOST_CALLS) -> None:
        self.gateway, self.deployment = gateway, deployment
        self.made, self._silent = 0, 0
        self._most = most
        self._kept: dict[str, Exchange | Streamed] = {}
        self._stopped = ""

    def chat(self, messages: str | Sequence[dict[str, Any]], **options: object) -> Exchange:
        """One chat completion."""
        found = self._once("chat", messages, options)
        return found.exchange if isinstance(found, Streamed) else found

    def stream(self, messages: str | Sequence[dict[str, Any]], **options: object) -> Streamed:
        """One streamed chat completion."""
        found = self._once("stream", messages, options)
        return found if isinstance(found, Streamed) else Streamed(exchange=found)

    def _once(
        self, kind: Literal["chat", "stream"], messages: str | Sequence[dict[str, Any]], options: dict[str, Any]
    ) -> Exchange | Streamed:
        said = [{"role": "user", "content": messages}] if isinstance(messages, str) else list(messages)
        name = json.dumps([kind, said, options], sort_keys=True)
        if name not in self._kept:
            self._refuse_further()
            self.made += 1
            self._kept[name] = getattr(self.gateway, kind)(self.deployment, said, **options)
            self._look_at(self._kept[name])
        return self._kept[name]

    def _refuse_further(self) -> None:
        if self._stopped or self.made >= self._most:
            raise StoppedAsking(self._stopped or f"not asked: {self._most} calls are the most for a deployment")

    def _look_at(self, answer: Exchange | Streamed) -> None:
        exchange = answer.exchange if isinstance(answer, Streamed) else answer
        if exchange.status == httpx.codes.TOO_MANY_REQUESTS:
            self._stopped = f"not asked any more after {exchange.outcome}"
            raise StoppedAsking(exchange.outcome)
        self._silent += exchange.status is None
        if self._silent == _SILENT:
            self._stopped = f"not asked any more after {_SILENT} calls without an answer"


def supported(found: str, exchange: Exchange | None = None) -> Judged:
    """The deployment does it."""
    return _judged("supported", found, exchange)


def refused(found: str, exchange: Exchange | None = None) -> Judged:
    """The deployment does not do it: it says so, or takes the request and does something else."""
    return _judged("refused", found, exchange)


def could_not_tell(found: str, exchange: Exchange | None = None) -> Judged:
    """Nothing that was seen decides it."""
    return _judged("could not tell", found, exchange)


def unanswered(exchange: Exchange) -> Judged | None:
    """What a call without a usable answer means, or None when it has one.

    A refusal counts against what was asked for only if its status can mean that: not those about the caller, the
    quota, the length or the content, and not a server's own fault.
    """
    if exchange.ok and _choices(exchange.body):
        return None
    if exchange.ok:
        return refused(f"{exchange.status} without a choice in it: {' '.join(exchange.text.split())}", exchange)
    if _decisive(exchange.status) and not any(word in exchange.text for word in _FILTERED):
        return refused(exchange.outcome, exchange)
    return could_not_tell(exchange.outcome, exchange)


def message(exchange: Exchange) -> dict[str, Any]:
    """The message of the first choice; empty when there is none."""
    first = exchange.body["choices"][0] if unanswered(exchange) is None else None
    found = first.get("message") if isinstance(first, dict) else None
    return found if isinstance(found, dict) else {}


def cut_short(exchange: Exchange) -> bool:
    """Whether the answer to a good call ended at a limit of tokens."""
    first = exchange.body["choices"][0]
    return isinstance(first, dict) and first.get("finish_reason") == "length"


def tool_calls(exchange: Exchange) -> list[dict[str, Any]]:
    """The calls in an answer that could be answered: with an id, a name, and arguments that are a JSON object."""
    found = message(exchange).get("tool_calls")
    return [call for call in found if _usable(call)] if isinstance(found, list) else []


def counted(exchange: Exchange, name: str) -> int | None:
    """A number of the usage of a good call, or None."""
    usage = exchange.body.get("usage") if isinstance(exchange.body, dict) else None
    found = usage.get(name) if isinstance(usage, dict) else None
    return found if isinstance(found, int) else None


def says(word: str, exchange: Exchange, *, otherwise: str) -> Judged:
    """Supported when the answer holds the word; otherwise nothing is known, because a model may not obey."""
    content = message(exchange).get("content")
    if isinstance(content, str) and word in content.lower():
        return supported(f"the answer holds {word}", exchange)
    return could_not_tell(otherwise, exchange)


def _usable(call: Any) -> bool:
    try:
        given = isinstance(json.loads(call["function"]["arguments"]), dict)
        return bool(given and isinstance(call["id"], str) and call["id"] and call["function"]["name"])
    except (LookupError, TypeError, ValueError):
        return False


def _decisive(status: int | None) -> bool:
    if status is None or status in _OTHER_REASONS:
        return False
    return httpx.codes.is_client_error(status) or status == httpx.codes.NOT_IMPLEMENTED


def _choices(body: Any) -> bool:
    return isinstance(body, dict) and isinstance(body.get("choices"), list) and bool(body["choices"])


def _judged(answer: Answer, found: str, exchange: Exchange | None) -> Judged:
    return Judged(
        answer=answer, found=storable(" ".join(found.split())[:_FOUND]), curl=exchange.curl if exchange else ""
    )
