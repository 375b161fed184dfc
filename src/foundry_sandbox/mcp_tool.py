"""The MCP tool: what a server lists is offered to the model, and really called, on this machine only."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

from foundry_sandbox import loopback
from foundry_sandbox.items import new_id
from foundry_sandbox.offer import Call, Item, NotCalledError, Offer, Work
from foundry_sandbox.openapi_auth import connected, keys

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import ModuleType

    from foundry_sandbox.agent_service import AgentService

Json = dict[str, Any]

# What the log says of errors whose own words are the server's: those are bodies, which no log has.
OUTCOMES = {
    "mcp_tool_execution_error": "the tool answered with an error",
    "mcp_protocol_error": "the server refused the call",
}


async def listed(tool: Mapping[str, Any], *, service: AgentService) -> Work:
    """Ask a server for its tools; a failure stands in the item's `error`."""
    tools: list[Json] = []
    error = status = None
    try:
        session = await _session(tool, service=service)
        tools, status = await session.list_tools()
    except NotCalledError as refusal:
        error, status = str(refusal), getattr(refusal, "status", None)
    allowed = [one for one in tools if _chosen(tool.get("allowed_tools"), one)]
    item = {
        "type": "mcp_list_tools",
        "id": new_id("mcpl"),
        "server_label": tool["server_label"],
        "tools": allowed,
        "error": error,
    }
    outcome = error or f"lists {len(tools)} tools, {len(allowed)} of them allowed"
    return Work(item=item, told="", where=_shown(tool), outcome=outcome, status=status)


def offers(tool: Mapping[str, Any], listing: Item, *, service: AgentService) -> list[Offer]:
    """Offer the listed tools to the model."""
    return [_offer(tool, one, service=service) for one in listing["tools"] if _chosen(tool.get("allowed_tools"), one)]


def _offer(tool: Mapping[str, Any], described: Mapping[str, Any], *, service: AgentService) -> Offer:
    name = str(described["name"])

    async def work(call: Call) -> Work:
        return await called(tool, name, call=call, service=service)

    def ask(call: Call) -> Item:
        return {
            "type": "mcp_approval_request",
            "id": new_id("mcpr"),
            "server_label": tool["server_label"],
            "name": name,
            "arguments": call.arguments,
        }

    return Offer(
        tool="mcp",
        label=str(tool["server_label"]),
        name=name,
        description=str(described.get("description") or f"{name} of {tool['server_label']}"),
        parameters=described["input_schema"],
        work=work,
        ask=ask if _needs_approval(tool.get("require_approval"), described) else None,
    )


async def called(tool: Mapping[str, Any], name: str, *, call: Call, service: AgentService) -> Work:
    """Call one tool of a server; a failure stands in the item's `error`."""
    output = error = status = None
    try:
        session = await _session(tool, service=service)
        output, error, status = await session.call_tool(name, call.values())
    except NotCalledError as refusal:
        status = getattr(refusal, "status", None)
        error = {"type": "http_error", "code": status or 0, "message": str(refusal)}
    item = _call_item(tool["server_label"], name, call=call)
    item |= {"output": output, "error": error, "status": "failed" if error else "completed"}
    told = output if error is None else f"{name} failed: {_said(error)}"
    outcome = OUTCOMES.get(error["type"], _said(error)) if error else "answered"
    return Work(item=item, told=told or "", where=_shown(tool), outcome=outcome, status=status)


async def approved(tool: Mapping[str, Any] | None, asked: Item, *, call: Call, service: AgentService) -> Work:
    """Do what a person agreed to, if the agent still has that server and that tool."""
    if tool is not None and _named(tool.get("allowed_tools"), call.name):
        return await called(tool, call.name, call=call, service=service)
    message = f"not called: the agent has no tool {call.name!r} of an MCP server {asked['server_label']!r}"
    item = _call_item(asked["server_label"], call.name, call=call)
    item |= {"output": None, "error": {"type": "http_error", "code": 0, "message": message}, "status": "failed"}
    return Work(item=item, told=message, where="nowhere", outcome=message)


def _call_item(label: str, name: str, *, call: Call) -> Item:
    return {
        "type": "mcp_call",
        "id": new_id("mcp"),
        "server_label": label,
        "name": name,
        "arguments": call.arguments,
        "approval_request_id": None,
    }


def _said(error: Mapping[str, Any]) -> str:
    if "message" in error:
        return str(error["message"])
    return "\n".join(str(part.get("text", "")) for part in error["content"])


def _shown(tool: Mapping[str, Any]) -> str:
    return loopback.shown(str(tool["server_url"]))


def _chosen(choice: object, described: Mapping[str, Any]) -> bool:
    """Say whether a list of names or a filter object takes a tool; no choice takes all."""
    read_only = choice.get("read_only") if isinstance(choice, dict) else None
    hint = bool((described.get("annotations") or {}).get("readOnlyHint", False))
    return _named(choice, described["name"]) and (read_only is None or read_only == hint)


def _named(choice: object, name: str) -> bool:
    names = choice.get("tool_names") if isinstance(choice, dict) else choice
    return not isinstance(names, list) or name in names


def _needs_approval(rule: object, described: Mapping[str, Any]) -> bool:
    """Say whether a person must agree first; without a rule, one must."""
    if isinstance(rule, dict):
        if rule.get("always") is not None and _chosen(rule["always"], described):
            return True
        return not (rule.get("never") is not None and _chosen(rule["never"], described))
    return rule != "never"


async def _session(tool: Mapping[str, Any], *, service: AgentService) -> Any:
    url = str(tool["server_url"])
    if not loopback.is_loopback(url):
        raise NotCalledError(loopback.NOT_CALLED)
    # The SDK takes seconds to import: others should not have to wait for it.
    sdk = await asyncio.to_thread(_sdk)
    return sdk.Session(url, headers=_headers(tool, service=service), trust=service.trust)


def _sdk() -> ModuleType:
    # jsonschema, which the SDK checks results with, would take a second to build a grammar of foreign addresses.
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]  # None is how Python marks "not there"
    from foundry_sandbox import mcp_session

    return mcp_session


def _headers(tool: Mapping[str, Any], *, service: AgentService) -> dict[str, str]:
    """Return what the definition and its connection's custom keys say to send; other credentials are not played."""
    headers = {str(name): str(value) for name, value in (tool.get("headers") or {}).items()}
    if tool.get("authorization"):
        headers["Authorization"] = f"Bearer {tool['authorization']}"
    if tool.get("project_connection_id"):
        connection = connected(service.state, str(tool["project_connection_id"]))
        headers |= keys(connection) if connection.auth_type == "CustomKeys" else {}
    return headers


def known(items: Iterable[Mapping[str, Any]]) -> dict[str, Item]:
    """Return, by server label, the listings that a history already holds; those with errors do not count."""
    return {
        item["server_label"]: dict(item) for item in items if item["type"] == "mcp_list_tools" and not item.get("error")
    }
