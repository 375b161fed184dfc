"""Items of the Responses API: what clients send in, made complete so that it can be stored and listed."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from foundry_sandbox.refusal import invalid

if TYPE_CHECKING:
    from collections.abc import Mapping

ROLES = ("user", "assistant", "system", "developer")
REQUIRED = {
    "message": ("role", "content"),
    "function_call": ("call_id", "name", "arguments"),
    "function_call_output": ("call_id", "output"),
    "reasoning": (),
    # What the service itself wrote, sent back by clients that keep the history on their side.
    "mcp_list_tools": ("server_label", "tools"),
    "mcp_call": ("server_label", "name", "arguments"),
    "mcp_approval_request": ("id", "server_label", "name", "arguments"),
    "mcp_approval_response": ("approval_request_id", "approve"),
    "code_interpreter_call": ("id", "container_id"),
    "file_search_call": ("id", "queries"),
}
PREFIXES = {
    "message": "msg",
    "function_call": "fc",
    "function_call_output": "fco",
    "reasoning": "rs",
    "mcp_list_tools": "mcpl",
    "mcp_call": "mcp",
    "mcp_approval_request": "mcpr",
    "mcp_approval_response": "mcpa",
    "code_interpreter_call": "ci",
    "file_search_call": "fs",
}
# What must not be mistaken, whoever wrote it: "false" is not a person's consent.
TYPES: Mapping[str, type] = {
    **dict.fromkeys(("id", "call_id", "name", "arguments", "server_label", "approval_request_id"), str),
    "approve": bool,
    "tools": list,
    "queries": list,
}
PARTS = frozenset({"input_text", "output_text", "refusal", "input_image"})


def new_id(prefix: str) -> str:
    """Make an id such as `msg_0f…`."""
    return f"{prefix}_{secrets.token_hex(24)}"


def read_input(given: object) -> list[dict[str, Any]]:
    """Read the `input` of a response or the `items` of a conversation: text, a list, or nothing."""
    if given is None:
        return []
    if isinstance(given, str):
        return [complete({"type": "message", "role": "user", "content": given})]
    if not isinstance(given, list):
        raise invalid("'input' must be text or a list of items")
    return [complete(item) for item in given]


def complete(item: object) -> dict[str, Any]:
    """Return the item with type, id, status and a list of content parts, or refuse it."""
    if not isinstance(item, dict):
        raise invalid("every item must be an object")
    kind = item.get("type", "message")
    if not isinstance(kind, str) or kind not in REQUIRED:
        raise invalid(f"an item of type {kind!r} is not played here: use {', '.join(REQUIRED)}")
    missing = [field for field in REQUIRED[kind] if item.get(field) is None]
    if missing:
        raise invalid(f"an item of type {kind!r} needs {' and '.join(missing)}")
    _check_types(item, kind=kind)
    whole = {**item, "type": kind, "id": item.get("id") or new_id(PREFIXES[kind]), "status": "completed"}
    return _message(whole) if kind == "message" else whole


def _check_types(item: Mapping[str, Any], *, kind: str) -> None:
    for field, wanted in TYPES.items():
        if item.get(field) is not None and not isinstance(item[field], wanted):
            name = {str: "text", bool: "true or false", list: "a list"}[wanted]
            raise invalid(f"{field!r} of an item of type {kind!r} must be {name}")
    for tool in item["tools"] if kind == "mcp_list_tools" else ():
        fitting = isinstance(tool, dict) and isinstance(tool.get("name"), str)
        if not fitting or not isinstance(tool.get("input_schema"), dict):
            raise invalid("every tool of an item of type 'mcp_list_tools' needs name and input_schema")


def text_of(content: object) -> str:
    """Return the text in a content or a tool output: a text itself, or its parts put together."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "".join(str(part.get("text", part.get("refusal", ""))) for part in parts if isinstance(part, dict))


def _message(item: Mapping[str, Any]) -> dict[str, Any]:
    if item["role"] not in ROLES:
        raise invalid(f"the role {item['role']!r} is not known: use {', '.join(ROLES)}")
    content = item["content"]
    if isinstance(content, str):
        content = [_text_part(item["role"], content)]
    if not isinstance(content, list) or not all(isinstance(part, dict) for part in content):
        raise invalid("'content' must be text or a list of parts")
    unknown = {str(part.get("type")) for part in content} - PARTS
    if unknown:
        raise invalid(
            f"content of type {', '.join(sorted(unknown))} is not played here: use {', '.join(sorted(PARTS))}"
        )
    return {**item, "content": content}


def _text_part(role: str, text: str) -> dict[str, Any]:
    if role == "assistant":
        return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
    return {"type": "input_text", "text": text}
