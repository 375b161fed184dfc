"""The response object: what stands around the output items, and the usage of all rounds together."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from foundry_sandbox.turn import Turn

INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}


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
        "usage": usage,
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


def _tool(tool: Mapping[str, Any]) -> dict[str, Any]:
    return {"parameters": {}, "strict": False, **tool}


def usage(given: Mapping[str, Any]) -> dict[str, Any]:
    """Write a chat completion's usage as a response's."""
    cached = (given.get("prompt_tokens_details") or {}).get("cached_tokens") or 0
    reasoning = (given.get("completion_tokens_details") or {}).get("reasoning_tokens") or 0
    tokens_in, tokens_out = given.get("prompt_tokens", 0), given.get("completion_tokens", 0)
    return {
        "input_tokens": tokens_in,
        "input_tokens_details": {"cached_tokens": cached, "cache_write_tokens": 0},
        "output_tokens": tokens_out,
        "output_tokens_details": {"reasoning_tokens": reasoning},
        "total_tokens": given.get("total_tokens", tokens_in + tokens_out),
    }


def added(one: Mapping[str, Any] | None, other: Mapping[str, Any]) -> dict[str, Any]:
    """Add two usages, field by field."""
    first = one or {}
    return {
        name: added(first.get(name), value) if isinstance(value, dict) else first.get(name, 0) + value
        for name, value in other.items()
    }
