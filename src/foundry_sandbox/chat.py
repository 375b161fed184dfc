"""A turn as a chat-completions request: the only language the gateways speak."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from foundry_sandbox.items import text_of
from foundry_sandbox.refusal import invalid

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from foundry_sandbox.turn import Turn

Message = dict[str, Any]


def request(turn: Turn) -> dict[str, Any]:
    """Write the body of the request, without `model` and `stream`.

    Only function tools are sent: the others are the Agent Service's own work, which is not played here.
    """
    items = [*turn.history, *turn.input]
    if not items:
        raise invalid("there is nothing to answer: send 'input', or a conversation with items")
    _check_pairs(items)
    tools = [_function(tool) for tool in turn.tools if tool["type"] == "function"]
    return {
        "messages": messages(turn.instructions, items=items),
        **_sampling(turn.settings),
        **_response_format(turn.settings),
        **(_tool_fields(tools, turn.settings) if tools else {}),
    }


def messages(instructions: Iterable[str], *, items: Iterable[Mapping[str, Any]]) -> list[Message]:
    """Write items as chat messages, the instructions first."""
    written: list[Message] = [{"role": "system", "content": text} for text in instructions]
    for item in items:
        if item["type"] == "message":
            written.append({"role": item["role"], "content": _content(item["content"])})
        elif item["type"] == "function_call":
            _add_tool_call(written, item)
        elif item["type"] == "function_call_output":
            output = text_of(item["output"])
            written.append({"role": "tool", "tool_call_id": item["call_id"], "content": output})
    return written


def _add_tool_call(written: list[Message], item: Mapping[str, Any]) -> None:
    # Calls made at once stand in one assistant message; the gateway refuses them one message each.
    if not written or written[-1]["role"] != "assistant":
        written.append({"role": "assistant", "content": None})
    function = {"name": item["name"], "arguments": item["arguments"]}
    call = {"id": item["call_id"], "type": "function", "function": function}
    written[-1].setdefault("tool_calls", []).append(call)


def _content(parts: Sequence[Mapping[str, Any]]) -> str | list[Message]:
    if all(part["type"] != "input_image" for part in parts):
        return text_of(parts)
    return [_part(part) for part in parts]


def _part(part: Mapping[str, Any]) -> Message:
    if part["type"] != "input_image":
        return {"type": "text", "text": text_of([part])}
    if not part.get("image_url"):
        raise invalid("an input_image needs 'image_url': this sandbox keeps no files")
    return {
        "type": "image_url",
        "image_url": {"url": part["image_url"], "detail": part.get("detail", "auto")},
    }


def _check_pairs(items: Iterable[Mapping[str, Any]]) -> None:
    called: set[str] = set()
    answered: set[str] = set()
    for item in items:
        if item["type"] == "function_call":
            called.add(item["call_id"])
        elif item["type"] == "function_call_output":
            answered.add(item["call_id"])
    if called - answered:
        raise invalid(f"No tool output found for function call {', '.join(sorted(called - answered))}.")
    if answered - called:
        raise invalid(f"No tool call found for function call output with call_id {', '.join(answered - called)}.")


def _function(tool: Mapping[str, Any]) -> dict[str, Any]:
    fields = ("name", "description", "parameters", "strict")
    return {
        "type": "function",
        "function": {name: tool[name] for name in fields if tool.get(name) is not None},
    }


def _tool_fields(tools: list[dict[str, Any]], settings: Mapping[str, Any]) -> dict[str, Any]:
    fields: dict[str, Any] = {"tools": tools}
    choice = settings.get("tool_choice")
    if isinstance(choice, str):
        fields["tool_choice"] = choice
    elif isinstance(choice, dict) and choice.get("type") == "function":
        fields["tool_choice"] = {"type": "function", "function": {"name": choice.get("name")}}
    if settings.get("parallel_tool_calls") is False:
        fields["parallel_tool_calls"] = False
    return fields


def _sampling(settings: Mapping[str, Any]) -> dict[str, Any]:
    effort = (settings.get("reasoning") or {}).get("effort")
    wanted = {
        "temperature": settings.get("temperature"),
        "top_p": settings.get("top_p"),
        "max_completion_tokens": settings.get("max_output_tokens"),
        "reasoning_effort": effort,
    }
    return {name: value for name, value in wanted.items() if value is not None}


def _response_format(settings: Mapping[str, Any]) -> dict[str, Any]:
    wanted = (settings.get("text") or {}).get("format") or {}
    if wanted.get("type") == "json_object":
        return {"response_format": {"type": "json_object"}}
    if wanted.get("type") == "json_schema":
        schema = {key: value for key, value in wanted.items() if key != "type" and value is not None}
        return {"response_format": {"type": "json_schema", "json_schema": schema}}
    return {}
