"""A chat completion as a response: output items, usage, and the response object around them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from foundry_sandbox.items import new_id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from foundry_sandbox.turn import Turn

INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}


def from_completion(turn: Turn, completion: Mapping[str, Any]) -> dict[str, Any]:
    """Turn a whole chat completion into the response that answers the turn."""
    choice = completion["choices"][0]
    output = _output(choice["message"])
    return finished(turn, output=output, finish=choice.get("finish_reason"), usage=completion.get("usage"))


def finished(
    turn: Turn, *, output: list[dict[str, Any]], finish: str | None, usage: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Write the response that ends a turn; a cut-off answer is `incomplete`."""
    reason = INCOMPLETE.get(finish or "")
    return {
        **blank(turn),
        "status": "incomplete" if reason else "completed",
        "incomplete_details": {"reason": reason} if reason else None,
        "output": output,
        "usage": _usage(usage) if usage else None,
    }


def failed(turn: Turn, message: str) -> dict[str, Any]:
    """Write the response of a turn that broke off half-way."""
    # The code is from a closed list that strict clients check; nothing else on it fits.
    return {**blank(turn), "status": "failed", "error": {"code": "server_error", "message": message}}


def blank(turn: Turn) -> dict[str, Any]:
    """Write the response object of a turn that is in progress."""
    reference = turn.agent and {name: turn.agent[name] for name in ("name", "version")}
    return {
        "id": turn.response_id,
        "object": "response",
        "created_at": int(time.time()),
        "status": "in_progress",
        "model": turn.model,
        "output": [],
        "parallel_tool_calls": turn.settings.get("parallel_tool_calls", True),
        "tool_choice": turn.settings.get("tool_choice", "auto"),
        "tools": [_tool(tool) for tool in turn.tools if tool["type"] == "function"],
        "previous_response_id": turn.body.get("previous_response_id"),
        "conversation": {"id": turn.conversation} if turn.conversation else None,
        "instructions": "\n\n".join(turn.instructions) or None,
        "temperature": turn.settings.get("temperature"),
        "top_p": turn.settings.get("top_p"),
        "max_output_tokens": turn.settings.get("max_output_tokens"),
        "metadata": turn.body.get("metadata") or {},
        "error": None,
        "incomplete_details": None,
        "usage": None,
        "agent_reference": reference and {"type": "agent_reference", **reference},
    }


def message_item(parts: list[dict[str, Any]], *, identifier: str) -> dict[str, Any]:
    """Write a finished message of the assistant."""
    return {"type": "message", "id": identifier, "role": "assistant", "status": "completed", "content": parts}


def text_part(text: str) -> dict[str, Any]:
    """Write text as a part of a message."""
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _output(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    parts = [text_part(message["content"])] if message.get("content") else []
    if message.get("refusal"):
        parts.append({"type": "refusal", "refusal": message["refusal"]})
    calls = message.get("tool_calls") or []
    if not parts and not calls:
        parts.append(text_part(""))
    said = [message_item(parts, identifier=new_id("msg"))] if parts else []
    return said + [_function_call(call) for call in calls]


def _function_call(call: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "function_call",
        "id": new_id("fc"),
        "status": "completed",
        "call_id": call["id"],
        "name": call["function"]["name"],
        "arguments": call["function"]["arguments"],
    }


def _tool(tool: Mapping[str, Any]) -> dict[str, Any]:
    return {"parameters": {}, "strict": False, **tool}


def _usage(usage: Mapping[str, Any]) -> dict[str, Any]:
    cached = (usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0
    reasoning = (usage.get("completion_tokens_details") or {}).get("reasoning_tokens") or 0
    tokens_in, tokens_out = usage.get("prompt_tokens", 0), usage.get("completion_tokens", 0)
    return {
        "input_tokens": tokens_in,
        "input_tokens_details": {"cached_tokens": cached, "cache_write_tokens": 0},
        "output_tokens": tokens_out,
        "output_tokens_details": {"reasoning_tokens": reasoning},
        "total_tokens": usage.get("total_tokens", tokens_in + tokens_out),
    }
