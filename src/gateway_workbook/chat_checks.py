"""Checks of whole answers: messages, usage, formats, limits and errors."""

from __future__ import annotations

__all__ = [
    "chat",
    "error_shape",
    "reasoning_effort",
    "response_format",
    "several_turns",
    "system_prompt",
    "token_limit",
    "unknown_model",
    "usage",
    "wrong_key",
]

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from gateway_workbook.readiness_calls import (
    Calls,
    Judged,
    could_not_tell,
    counted,
    cut_short,
    message,
    refused,
    says,
    supported,
    unanswered,
)

if TYPE_CHECKING:
    from gateway_workbook.exchange import Exchange

OK: Final = "Reply with exactly: ok"
_WORD: Final = "heliotrope"
_LIMIT: Final = 16
_LONG: Final = "Write the numbers from one to fifty as English words, one after another, and nothing else at all."
_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {"serial": {"type": "integer"}, "colour": {"type": "string", "enum": ["red", "green"]}},
    "required": ["serial", "colour"],
    "additionalProperties": False,
}


class _Ticket(BaseModel):
    """What the schema allows, and no more; jsonschema would take a second to import for these two fields."""

    model_config = ConfigDict(extra="forbid", strict=True)

    serial: int
    colour: Literal["red", "green"]


_FORMAT: Final = {"type": "json_schema", "json_schema": {"name": "ticket", "strict": True, "schema": _SCHEMA}}


def chat(calls: Calls) -> Judged:
    """Any answer with a choice."""
    exchange = calls.chat(OK)
    if failed := unanswered(exchange):
        return failed
    if not message(exchange):
        return refused("the first choice has no message", exchange)
    return supported("answers a prompt", exchange)


def usage(calls: Calls) -> Judged:
    """Tokens counted in a whole answer."""
    exchange = calls.chat(OK)
    if failed := unanswered(exchange):
        return failed
    total = counted(exchange, "total_tokens")
    if total is not None:
        return supported(f"{total} tokens in all", exchange)
    return refused("the answer has no usage.total_tokens", exchange)


def system_prompt(calls: Calls) -> Judged:
    """A code word that only the system message knows."""
    told = {"role": "system", "content": f"Whatever you are asked, reply with exactly: {_WORD}"}
    exchange = calls.chat([told, {"role": "user", "content": "Good morning."}])
    return unanswered(exchange) or says(_WORD, exchange, otherwise="it took the system message and did not follow it")


def several_turns(calls: Calls) -> Judged:
    """A word of an earlier turn."""
    turns = [
        {"role": "user", "content": f"The code word is {_WORD}. Remember it."},
        {"role": "assistant", "content": "I will."},
        {"role": "user", "content": "What is the code word?"},
    ]
    exchange = calls.chat(turns)
    return unanswered(exchange) or says(_WORD, exchange, otherwise="it took the earlier turns and did not use them")


def response_format(calls: Calls) -> Judged:
    """A document by a strict schema that the prompt does not mention."""
    exchange = calls.chat("Good morning.", response_format=_FORMAT)
    if failed := unanswered(exchange):
        return failed
    said = message(exchange)
    if cut_short(exchange) or said.get("refusal"):
        return could_not_tell("the answer was cut short, or the model declined", exchange)
    try:
        document = json.loads(said.get("content") or "")
        _Ticket.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        return refused(f"the answer is JSON and breaks the schema: {where} {first['msg']}".strip(), exchange)
    except (ValueError, TypeError):
        return refused("response_format was taken and ignored: the answer is no JSON", exchange)
    return supported("the answer validates", exchange)


def token_limit(calls: Calls) -> Judged:
    """Which of the two names of the limit is heeded; the newer first, which Agent Service sends."""
    newer = _limited(calls, "max_completion_tokens")
    if newer.answer != "refused":
        return newer
    older = _limited(calls, "max_tokens")
    return replace(newer, found=f"{newer.found}; max_tokens: {older.answer}, {older.found}")


def _limited(calls: Calls, name: str) -> Judged:
    exchange = calls.chat(_LONG, **{name: _LIMIT})
    if failed := unanswered(exchange):
        return failed
    came = counted(exchange, "completion_tokens")
    if cut_short(exchange) or came == _LIMIT:
        return supported(f"{name} ends the answer", exchange)
    if came is not None and came > _LIMIT:
        return refused(f"{name} {_LIMIT} was taken and ignored: {came} tokens came", exchange)
    return could_not_tell(f"{name} was taken; the answer was short by itself", exchange)


def reasoning_effort(calls: Calls) -> Judged:
    """Accepted, ignored or refused: a value that does not exist tells the first two apart."""
    exchange = calls.chat(OK, reasoning_effort="low")
    if failed := unanswered(exchange):
        return failed
    nonsense = unanswered(calls.chat(OK, reasoning_effort="no such effort"))
    if nonsense and nonsense.answer == "refused":
        return supported("accepted, and read: an effort that does not exist is refused", exchange)
    return could_not_tell("accepted, and probably ignored: an effort that does not exist is no error either", exchange)


def error_shape(calls: Calls) -> Judged:
    """A request without a message must end in an error with a sentence."""
    exchange = calls.chat([])
    if exchange.status is None or exchange.ok:
        return could_not_tell(f"a request without messages: {exchange.outcome}", exchange)
    if exchange.status >= 500:  # noqa: PLR2004  HTTP's own classes
        return refused(f"a request that is wrong is called the server's own fault: {exchange.outcome}", exchange)
    if not exchange.told:
        return refused(f"{exchange.status} without a sentence in JSON: {exchange.text.strip()}", exchange)
    return supported(exchange.outcome, exchange)


def unknown_model(calls: Calls) -> Judged:
    """A name that nobody has must not be answered; `calls` is of such a name."""
    exchange = calls.chat(OK)
    if exchange.ok:
        return refused("a deployment that does not exist answers: nobody would notice a wrong name", exchange)
    return _turned_away(exchange)


def wrong_key(calls: Calls) -> Judged:
    """A key that nobody has given out must not be let in; `calls` is made with one, once for a gateway."""
    exchange = calls.chat(OK)
    if exchange.ok:
        return refused("an invented key is let in: the key of the connection protects nothing", exchange)
    return _turned_away(exchange)


def _turned_away(exchange: Exchange) -> Judged:
    if exchange.status is not None and 400 <= exchange.status < 500:  # noqa: PLR2004  HTTP's own classes
        return supported(exchange.outcome, exchange)
    return could_not_tell(exchange.outcome, exchange)
