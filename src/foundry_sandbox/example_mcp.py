"""The example MCP server, made with the official SDK; import this late, the SDK is heavy."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp_types import CallToolRequestParams, CallToolResult, ListToolsResult, TextContent, Tool, ToolAnnotations

from foundry_sandbox.example_services import drawn

if TYPE_CHECKING:
    from mcp.server import ServerRequestContext
    from mcp_types import PaginatedRequestParams
    from starlette.types import Receive, Scope, Send

SOURCE: Final = "(example data of the sandbox)"

# Every request is a session of its own here: that the SDK says so each time helps nobody.
logging.getLogger("mcp").setLevel(logging.CRITICAL)


def _tool(name: str, *, description: str, argument: str) -> Tool:
    schema = {"type": "object", "properties": {argument: {"type": "string"}}, "required": [argument]}
    return Tool(
        name=name,
        description=description,
        input_schema=schema,
        annotations=ToolAnnotations(read_only_hint=True),
    )


TOOLS: Final = (
    _tool("museum_hours", description="Opening hours of the museum in a city.", argument="city"),
    _tool("tide_times", description="Times of high water at a harbour.", argument="harbour"),
)


async def answer(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one request; no session outlives it."""
    manager = StreamableHTTPSessionManager(SERVER, stateless=True, json_response=True)
    async with manager.run():
        await manager.handle_request(scope, receive, send)


async def _list_tools(_: ServerRequestContext[Any], __: PaginatedRequestParams | None) -> ListToolsResult:
    return ListToolsResult(tools=list(TOOLS))


async def _call_tool(_: ServerRequestContext[Any], params: CallToolRequestParams) -> CallToolResult:
    given = params.arguments or {}
    if params.name == "museum_hours" and given.get("city"):
        return _said(f"The museum in {given['city']} is open from {9 + drawn(given['city'], below=3)}:00 to 18:00.")
    if params.name == "tide_times" and given.get("harbour"):
        hour = drawn(given["harbour"], below=12)
        return _said(f"High water at {given['harbour']} is at {hour:02}:10 and {hour + 12}:35.")
    known = ", ".join(tool.name for tool in TOOLS)
    return _said(f"{params.name} cannot answer {given}: there are {known}, each with its one argument", error=True)


def _said(text: str, *, error: bool = False) -> CallToolResult:
    return CallToolResult(content=[TextContent(type="text", text=f"{text} {SOURCE}")], is_error=error)


SERVER: Final = Server("foundry-sandbox-example", version="1.0", on_list_tools=_list_tools, on_call_tool=_call_tool)
