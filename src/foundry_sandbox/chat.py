"""A turn as a chat-completions request: the only language the gateways speak."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from foundry_sandbox.items import text_of
from foundry_sandbox.refusal import invalid
from foundry_sandbox.worked_items import WORKED, as_call, as_output, call_id

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from foundry_sandbox.offer import Call, Offer, Work
    from foundry_sandbox.toolbox import Toolbox
    from foundry_sandbox.turn import Turn

Message = dict[str, Any]


def request(turn: Turn, *, toolbox: Toolbox) -> dict[str, Any]:
    """Write the body of the request, without `model` and `stream`; `check` the turn first."""
    items = [*turn.history, *turn.input, *toolbox.prelude]
    functions = [_function(tool) for tool in turn.tools if tool["type"] == "function"]
    tools = [*functions, *(offer.function() for offer in toolbox.offers.values())]
    return {
        "messages": messages(turn.instructions, items=items),
        **_sampling(turn.settings),
        **_response_format(turn.settings),
        **(_tool_fields(tools, turn.settings, offers=toolbox.offers.values()) if tools else {}),
    }


def continued(body: Mapping[str, Any], *, said: str, works: Sequence[tuple[Call, Work]]) -> dict[str, Any]:
    """Write the next request of the same turn: the model's own words and calls, and what came of them."""
    calls = [_tool_call(call.id, name=call.name, arguments=call.arguments) for call, _ in works]
    results = [{"role": "tool", "tool_call_id": call.id, "content": work.told} for call, work in works]
    own = {"role": "assistant", "content": said or None, "tool_calls": calls}
    return {**_freed(body), "messages": [*body["messages"], own, *results]}


def _freed(body: Mapping[str, Any]) -> dict[str, Any]:
    """Let the model answer in words: one that must call in every round would never come to an end."""
    choice = body.get("tool_choice")
    freed = {name: value for name, value in body.items() if name != "tool_choice"}
    if isinstance(choice, dict) and choice["type"] == "allowed_tools":
        allowed = {**choice["allowed_tools"], "mode": "auto"}
        return {**freed, "tool_choice": {**choice, "allowed_tools": allowed}}
    return freed


def messages(instructions: Iterable[str], *, items: Sequence[Mapping[str, Any]]) -> list[Message]:
    """Write items as chat messages, the instructions first, every call's output right after the calls."""
    written: list[Message] = [{"role": "system", "content": text} for text in instructions]
    outputs = dict(_outputs(items))
    waiting: list[str] = []
    for item in items:
        call = _call(item)
        if call is not None:
            _add_tool_call(written, call)
            waiting.append(call["id"])
        elif item["type"] == "message":
            written += _results(waiting, outputs=outputs)
            waiting = []
            written.append({"role": item["role"], "content": _content(item["content"])})
    return written + _results(waiting, outputs=outputs)


def _results(waiting: Iterable[str], *, outputs: Mapping[str, str]) -> list[Message]:
    return [{"role": "tool", "tool_call_id": one, "content": outputs[one]} for one in waiting if one in outputs]


def _call(item: Mapping[str, Any]) -> Message | None:
    """Return the tool call an item stands for, if it stands for one."""
    if item["type"] == "function_call":
        return _tool_call(item["call_id"], name=item["name"], arguments=item["arguments"])
    if item["type"] == "mcp_approval_request":
        return _tool_call(call_id(item["id"]), name=item["name"], arguments=item["arguments"])
    if item["type"] in WORKED and not item.get("approval_request_id"):
        name, arguments = as_call(item)
        return _tool_call(call_id(item["id"]), name=name, arguments=arguments)
    return None


def _outputs(items: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Give the outputs of calls by the calls' ids, wherever they stand."""
    for item in items:
        if item["type"] == "function_call_output":
            yield item["call_id"], text_of(item["output"])
        elif item["type"] in WORKED:
            yield call_id(item.get("approval_request_id") or item["id"]), as_output(item)
        elif item["type"] == "mcp_approval_response" and not item["approve"]:
            reason = f": {item['reason']}" if item.get("reason") else ""
            yield call_id(item["approval_request_id"]), f"not called: a person refused it{reason}"


def _tool_call(identifier: str, *, name: str, arguments: str) -> Message:
    return {"id": identifier, "type": "function", "function": {"name": name, "arguments": arguments}}


def _add_tool_call(written: list[Message], call: Message) -> None:
    # Calls made at once stand in one assistant message; the gateway refuses them one message each.
    if not written or written[-1]["role"] != "assistant":
        written.append({"role": "assistant", "content": None})
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


def check(turn: Turn) -> None:
    """Refuse a turn with nothing to answer, or with calls and answers that do not fit each other."""
    items = [*turn.history, *turn.input]
    if not items:
        raise invalid("there is nothing to answer: send 'input', or a conversation with items")
    called, answered = _ids(items, "function_call", "call_id"), _ids(items, "function_call_output", "call_id")
    if called - answered:
        raise invalid(f"No tool output found for function call {', '.join(sorted(called - answered))}.")
    if answered - called:
        raise invalid(f"No tool call found for function call output with call_id {', '.join(answered - called)}.")
    asked, decided = (
        _ids(items, "mcp_approval_request", "id"),
        _ids(items, "mcp_approval_response", "approval_request_id"),
    )
    if asked - decided:
        raise invalid(f"No approval response found for MCP approval request {', '.join(sorted(asked - decided))}.")
    if decided - asked:
        raise invalid(f"No MCP approval request found with id {', '.join(sorted(decided - asked))}.")


def _ids(items: Iterable[Mapping[str, Any]], kind: str, field: str) -> set[str]:
    return {item[field] for item in items if item["type"] == kind}


def _function(tool: Mapping[str, Any]) -> dict[str, Any]:
    fields = ("name", "description", "parameters", "strict")
    return {
        "type": "function",
        "function": {name: tool[name] for name in fields if tool.get(name) is not None},
    }


def _tool_fields(
    tools: list[dict[str, Any]], settings: Mapping[str, Any], *, offers: Collection[Offer]
) -> dict[str, Any]:
    fields: dict[str, Any] = {"tools": tools}
    choice = settings.get("tool_choice")
    if isinstance(choice, str):
        fields["tool_choice"] = choice
    elif isinstance(choice, dict):
        fields |= _choice(choice, offers=offers)
    if settings.get("parallel_tool_calls") is False:
        fields["parallel_tool_calls"] = False
    return fields


def _choice(choice: Mapping[str, Any], *, offers: Collection[Offer]) -> dict[str, Any]:
    """Write the choice of one tool, or of some; of a tool that is offered as several functions any must do."""
    if choice.get("type") == "allowed_tools":
        return {"tool_choice": _allowed(choice, offers=offers)}
    names = _chosen(choice, offers=offers)
    if len(names) == 1:
        return {"tool_choice": _named(names[0])}
    return {"tool_choice": "required"} if names else {}


def _allowed(choice: Mapping[str, Any], *, offers: Collection[Offer]) -> dict[str, Any]:
    """Write the choice of some tools: this API has them flat, chat completions have them in an object of their own."""
    names = [name for tool in choice.get("tools") or [] for name in _chosen(tool, offers=offers)]
    allowed = {"mode": choice.get("mode", "auto"), "tools": [_named(name) for name in names]}
    return {"type": "allowed_tools", "allowed_tools": allowed}


def _chosen(tool: Mapping[str, Any], *, offers: Iterable[Offer]) -> list[Any]:
    kind, label = tool.get("type"), tool.get("server_label")
    names = [tool.get("name")] if kind == "function" or (kind == "mcp" and tool.get("name")) else []
    return names or [offer.name for offer in offers if offer.tool == kind and label in {None, offer.label}]


def _named(name: str) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name}}


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
