"""Checks of tool calls: that they are made, can be answered, come several at once, and can be demanded."""

from __future__ import annotations

__all__ = ["ASK_METER", "METER", "forced_choice", "parallel_calls", "tool_call", "tool_round_trip"]

import json
from typing import TYPE_CHECKING, Any, Final

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
    tool_calls,
    unanswered,
)

if TYPE_CHECKING:
    from gateway_workbook.exchange import Exchange

_READING: Final = "4711"
_CITY: Final = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
METER: Final[dict[str, Any]] = {
    "type": "function",
    "function": {"name": "get_reading", "description": "Return the meter reading of a city.", "parameters": _CITY},
}
ASK_METER: Final = "Use the tool get_reading: what is the meter reading of Lisbon?"
_FORECAST: Final[dict[str, Any]] = {
    "type": "function",
    "function": {"name": "get_forecast", "description": "Return the forecast of a city.", "parameters": _CITY},
}
_INVENTED: Final[dict[str, Any]] = {
    "id": "call_reading1",
    "function": {"name": "get_reading", "arguments": json.dumps({"city": "Lisbon"})},
}
_ASK_BOTH: Final = "Use both tools at once: get_reading for the meter reading of Lisbon, get_forecast for its forecast."


def tool_call(calls: Calls) -> Judged:
    """A call of the one tool there is, for a prompt that asks for it."""
    exchange = _metered(calls)
    if failed := unanswered(exchange):
        return failed
    made = tool_calls(exchange)
    if not made:
        if message(exchange).get("tool_calls"):
            return refused("tool_calls without an id, a name or arguments in JSON", exchange)
        return _dropped(calls, exchange)
    name = made[0]["function"]["name"]
    if name != "get_reading":
        return could_not_tell(f"calls {name}, which it was not offered", exchange)
    return supported(f"calls {name}, id {made[0]['id']}", exchange)


def tool_round_trip(calls: Calls) -> Judged:
    """The result of a call, sent back under its tool_call_id."""
    made = tool_calls(_metered(calls))
    one = made[0] if made else _INVENTED
    function = {name: one["function"][name] for name in ("name", "arguments")}
    call = {"id": one["id"], "type": "function", "function": function}
    messages: list[dict[str, Any]] = [
        {"role": "user", "content": ASK_METER},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": one["id"], "content": _READING},
    ]
    exchange = calls.chat(messages, tools=[METER])
    if failed := unanswered(exchange):
        return failed
    whose = "its own call's" if made else "an invented call's"
    return says(_READING, exchange, otherwise=f"it took {whose} result and did not use it")


def parallel_calls(calls: Calls) -> Judged:
    """Two calls in one answer, each with an id of its own."""
    exchange = calls.chat(_ASK_BOTH, tools=[METER, _FORECAST], parallel_tool_calls=True)
    if failed := unanswered(exchange):
        return failed
    ids = [call["id"] for call in tool_calls(exchange)]
    if len(ids) > 1 and len(set(ids)) < len(ids):
        return refused(f"{len(ids)} calls share the id {ids[0]}", exchange)
    if len(ids) > 1:
        return supported(f"{len(ids)} calls at once", exchange)
    return could_not_tell(f"it made {len(ids) or 'no'} call{'s' * (not ids)} where two were asked for", exchange)


def forced_choice(calls: Calls) -> Judged:
    """A call where the prompt gives no reason for one."""
    named = {"type": "function", "function": {"name": "get_reading"}}
    exchange = calls.chat("Good morning.", tools=[METER], tool_choice=named)
    if failed := unanswered(exchange):
        return failed
    if any(call["function"]["name"] == "get_reading" for call in tool_calls(exchange)):
        return supported("calls the function that tool_choice names", exchange)
    if cut_short(exchange):
        return could_not_tell("the answer was cut short", exchange)
    return refused("tool_choice was taken and ignored: it answered in words", exchange)


def _dropped(calls: Calls, exchange: Exchange) -> Judged:
    """Without a call the tokens of the prompt tell a model that declined from a tool that never reached it."""
    told, without = (counted(one, "prompt_tokens") for one in (exchange, calls.chat(ASK_METER)))
    if told is not None and told == without:
        return refused(f"tools are taken and dropped: {told} tokens of prompt with the tool and without", exchange)
    return could_not_tell("it took the tool and answered in words", exchange)


def _metered(calls: Calls) -> Exchange:
    return calls.chat(ASK_METER, tools=[METER])
