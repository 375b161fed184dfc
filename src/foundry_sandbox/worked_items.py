"""Items of work the service did itself: as they are kept, told as events, and read back as chat."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from foundry_sandbox.items import new_id, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from foundry_sandbox.offer import Call

Item = dict[str, Any]

# Strict clients know no item for these tools: such work is kept for the model, and not shown to clients.
HIDDEN = "service_call"
WORKED = frozenset({HIDDEN, "mcp_call", "code_interpreter_call", "file_search_call"})
SIMULATED = {"code_interpreter_call": "code_interpreter", "file_search_call": "file_search"}
LONGEST_ID = 40  # of a tool call, as OpenAI's models bound it


def visible(items: Iterable[Item]) -> list[Item]:
    """Return the items a client may see."""
    return [item for item in items if item["type"] != HIDDEN]


def hidden(call: Call, *, tool: str, output: str, simulated: bool) -> Item:
    """Write work for which clients have no item."""
    return {
        "type": HIDDEN,
        "id": new_id("svc"),
        "tool": tool,
        "name": call.name,
        "arguments": call.arguments,
        "output": output,
        "simulated": simulated,
    }


def simulated_tool(item: Mapping[str, Any]) -> str | None:
    """Return the tool whose work an item only simulates, or None."""
    if item["type"] == HIDDEN:
        return str(item["tool"]) if item["simulated"] else None
    return SIMULATED.get(item["type"])


def call_id(identifier: str) -> str:
    """Make the id of a tool call out of an item's: always the same, and short enough for every model."""
    return f"call_{hashlib.sha256(identifier.encode()).hexdigest()}"[:LONGEST_ID]


def as_call(item: Mapping[str, Any]) -> tuple[str, str]:
    """Return name and arguments of a piece of work, as the model called it."""
    if item["type"] == "code_interpreter_call":
        return "code_interpreter", json.dumps({"code": item.get("code") or ""})
    if item["type"] == "file_search_call":
        return "file_search", json.dumps({"query": " ".join(str(query) for query in item["queries"])})
    return item["name"], item["arguments"]


def as_output(item: Mapping[str, Any]) -> str:
    """Return what the model was told about a piece of work."""
    if item["type"] == "code_interpreter_call":
        return _joined(item.get("outputs"), field="logs")
    if item["type"] == "file_search_call":
        return _joined(item.get("results"), field="text")
    error = item.get("error")
    if isinstance(error, dict):
        return str(error.get("message") or text_of(error.get("content")))
    return str(error or item.get("output") or "")


def _joined(parts: object, *, field: str) -> str:
    found = parts if isinstance(parts, list) else []
    return "\n".join(str(part.get(field, "")) for part in found if isinstance(part, dict))


def stages(item: Item) -> Iterator[tuple[str, dict[str, Any]]]:
    """Tell what happens between an item's beginning and its end, as kinds of events with their fields."""
    kind = item["type"]
    if kind == "mcp_list_tools":
        yield f"{kind}.in_progress", {}
        yield f"{kind}.{'failed' if item['error'] else 'completed'}", {}
    elif kind == "mcp_call":
        yield f"{kind}.in_progress", {}
        yield f"{kind}_arguments.delta", {"delta": item["arguments"]}
        yield f"{kind}_arguments.done", {"arguments": item["arguments"]}
        yield f"{kind}.{'failed' if item['error'] else 'completed'}", {}
    elif kind == "code_interpreter_call":
        yield f"{kind}.in_progress", {}
        yield f"{kind}_code.delta", {"delta": item["code"]}
        yield f"{kind}_code.done", {"code": item["code"]}
        yield f"{kind}.interpreting", {}
        yield f"{kind}.completed", {}
    elif kind == "file_search_call":
        for stage in ("in_progress", "searching", "completed"):
            yield f"{kind}.{stage}", {}


def begun(item: Item) -> Item:
    """Return an item as it looks before its work is done."""
    blank: dict[str, dict[str, Any]] = {
        "mcp_list_tools": {"tools": [], "error": None},
        "mcp_call": {"arguments": "", "output": None, "error": None, "status": "in_progress"},
        "code_interpreter_call": {"code": "", "outputs": None, "status": "in_progress"},
        "file_search_call": {"queries": [], "results": None, "status": "in_progress"},
    }
    return {**item, **blank.get(item["type"], {})}
