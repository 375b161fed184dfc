"""Tools whose work is not done here: the model may call them, and is told that the result is simulated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from foundry_sandbox import worked_items
from foundry_sandbox.items import new_id
from foundry_sandbox.offer import Call, Item, NotCalledError, Offer, Work

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, kw_only=True)
class _Simulation:
    name: str
    description: str
    argument: str
    result: str


_BROWSER = _Simulation(
    name="browser_automation",
    description="Do a task on a web page with browser automation: open a page, click, fill in, read.",
    argument="task",
    result="no browser was started and no page opened",
)
SIMULATIONS: Mapping[str, _Simulation] = {
    "code_interpreter": _Simulation(
        name="code_interpreter",
        description="Run Python code with the code interpreter and return what it prints.",
        argument="code",
        result="no code was run",
    ),
    "file_search": _Simulation(
        name="file_search",
        description="Search the files of the agent's vector stores with file search.",
        argument="query",
        result="no file was searched",
    ),
    "sharepoint_grounding_preview": _Simulation(
        name="sharepoint_search",
        description="Search the documents of the connected SharePoint site.",
        argument="query",
        result="no SharePoint site was asked",
    ),
    "fabric_dataagent_preview": _Simulation(
        name="fabric_data_agent",
        description="Ask the connected Microsoft Fabric data agent a question about its data.",
        argument="question",
        result="no Fabric data agent was asked",
    ),
    "browser_automation": _BROWSER,
    "browser_automation_preview": _BROWSER,
}


def offer(tool: Mapping[str, Any]) -> Offer:
    """Offer a simulated tool to the model."""
    kind, simulation = str(tool["type"]), SIMULATIONS[str(tool["type"])]

    async def work(call: Call) -> Work:
        text = f"SIMULATED by the sandbox: {simulation.result}."
        item = _item(kind, call, said=_said(call, simulation.argument), text=text)
        return Work(item=item, told=text, where="nowhere", outcome="simulated")

    argument = {"type": "string", "description": f"The {simulation.argument}, in full"}
    return Offer(
        tool=kind,
        label=kind,
        name=simulation.name,
        description=str(tool.get("description") or simulation.description),
        parameters={
            "type": "object",
            "properties": {simulation.argument: argument},
            "required": [simulation.argument],
        },
        work=work,
    )


def _said(call: Call, argument: str) -> str:
    try:
        return str(call.values().get(argument, ""))
    except NotCalledError:
        return call.arguments


def _item(kind: str, call: Call, *, said: str, text: str) -> Item:
    if kind == "code_interpreter":
        logs = [{"type": "logs", "logs": text}]
        item = {"type": "code_interpreter_call", "id": new_id("ci"), "status": "completed"}
        return {**item, "container_id": "simulated", "code": said, "outputs": logs}
    if kind == "file_search":
        found = {"file_id": "simulated", "filename": "simulated", "score": 0.0, "text": text, "attributes": {}}
        item = {"type": "file_search_call", "id": new_id("fs"), "status": "completed"}
        return {**item, "queries": [said], "results": [found]}
    return worked_items.hidden(call, tool=kind, output=text, simulated=True)
