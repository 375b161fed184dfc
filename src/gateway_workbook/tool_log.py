"""Calls of tools that no item of a response shows, from the sandbox's log; on Azure the items are all there is."""

from __future__ import annotations

__all__ = ["tool_log"]

from typing import TYPE_CHECKING, Any, Final

from gateway_workbook.answer import ToolCall
from gateway_workbook.gateway_log import log_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from gateway_workbook.target import Target

# The openai client's strict mode knows no item for these, so the sandbox keeps such work to itself.
_UNSHOWN: Final = (
    *("openapi", "sharepoint_grounding_preview", "fabric_dataagent_preview"),
    *("browser_automation", "browser_automation_preview"),
)
_SIMULATED: Final = "simulated"
_REFUSED: Final = 400


def tool_log(target: Target, http: httpx.Client) -> Callable[[str], tuple[ToolCall, ...]]:
    """A function from a response's id to the calls its log shows; `type` is what the service's own items say."""
    if target.descriptor is None:
        return lambda _: ()
    url = f"{target.descriptor.url}/sandbox/tool-calls"
    return lambda response_id: tuple(
        _call(row) for row in log_rows(http, url, response_id=response_id) if row["tool"] in _UNSHOWN
    )


def _call(row: dict[str, Any]) -> ToolCall:
    outcome = str(row["outcome"])
    failed = outcome != _SIMULATED if row["status"] is None else row["status"] >= _REFUSED
    return ToolCall(
        name=str(row["name"]),
        type=f"{row['tool']}_call",
        arguments=str(row["where"]),
        output="" if failed else outcome,
        problem=outcome if failed else None,
    )
