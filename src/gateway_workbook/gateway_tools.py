"""The agent tools that work with a gateway model: data, with their source and its date."""

from __future__ import annotations

__all__ = ["AS_OF", "GATEWAY_TOOLS", "SOURCE", "GatewayTool", "tools_in_words"]

from dataclasses import dataclass
from datetime import date
from typing import Final

SOURCE: Final = "Bring your own AI gateway to Azure AI Agent Service (preview), Limitations"
AS_OF: Final = date(2025, 11, 10)


@dataclass(frozen=True, kw_only=True)
class GatewayTool:
    """One tool of the article: its `title` there, its `type` in a tools file, and its types on the `wire`."""

    title: str
    type: str
    wire: tuple[str, ...]


GATEWAY_TOOLS: Final = (
    GatewayTool(title="Code Interpreter", type="code_interpreter", wire=("code_interpreter",)),
    GatewayTool(title="Functions", type="function", wire=("function",)),
    GatewayTool(title="File Search", type="file_search", wire=("file_search",)),
    GatewayTool(title="OpenAPI", type="openapi", wire=("openapi",)),
    # A knowledge base is reached over MCP: the SDK has no class of its own for it.
    GatewayTool(title="Foundry IQ", type="foundry_iq", wire=("mcp",)),
    GatewayTool(title="SharePoint grounding", type="sharepoint", wire=("sharepoint_grounding_preview",)),
    GatewayTool(title="Fabric data agent", type="fabric_data_agent", wire=("fabric_dataagent_preview",)),
    GatewayTool(title="MCP", type="mcp", wire=("mcp",)),
    GatewayTool(
        title="browser automation",
        type="browser_automation",
        wire=("browser_automation", "browser_automation_preview"),
    ),
)


def tools_in_words() -> str:
    """The list for a refusal, with the date it was true."""
    *most, last = (f"{tool.title} ({tool.type})" for tool in GATEWAY_TOOLS)
    return f"{', '.join(most)} or {last}, the list of {AS_OF.isoformat()}"
