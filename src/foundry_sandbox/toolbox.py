"""The tools of one turn: what the model is offered, what is done before it is asked, and what when it calls."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

from foundry_sandbox import mcp_tool, openapi_tool, simulated
from foundry_sandbox.items import new_id
from foundry_sandbox.offer import Call, Item, Offer, Work
from foundry_sandbox.state import ToolCall

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterable, Mapping

    from foundry_sandbox.agent_service import AgentService
    from foundry_sandbox.turn import Turn

LONGEST_NAME = 64


class Toolbox:
    """Offers by the name the model knows, and `prelude`: the items of what was done before the model is asked."""

    def __init__(self, turn: Turn, *, service: AgentService) -> None:
        self.turn = turn
        self.service = service
        self.offers: dict[str, Offer] = {}
        self.prelude: list[Item] = []
        self._listings: dict[str, Item] = {}

    @classmethod
    async def opened(cls, turn: Turn, *, service: AgentService) -> Self:
        """Read the turn's tools: list what MCP servers have, then do what a person has agreed to."""
        box = cls(turn, service=service)
        await box._list()
        for tool in turn.tools:
            for offer in box._offers(tool):
                box._take(offer)
        await box._do_approved()
        return box

    async def work(self, call: Call) -> Work:
        """Do what the model calls for, and log it."""
        offer = self.offers[call.name]
        return await self._logged(offer.tool, call.name, doing=offer.work(call))

    def _offers(self, tool: Mapping[str, Any]) -> Iterable[Offer]:
        if tool["type"] == "openapi":
            return openapi_tool.offers(tool, service=self.service)
        if tool["type"] == "mcp":
            return mcp_tool.offers(tool, self._listings[tool["server_label"]], service=self.service)
        return [simulated.offer(tool)] if tool["type"] in simulated.SIMULATIONS else []

    def _take(self, offer: Offer) -> None:
        """Offer it under a name nobody else has."""
        taken = {tool["name"] for tool in self.turn.tools if tool["type"] == "function"} | self.offers.keys()
        names = [offer.name, f"{offer.label}_{offer.name}", *(f"{offer.name}_{number}" for number in range(2, 99))]
        fitting = (_fitting(name) for name in names)
        name = next(name for name in fitting if name not in taken)
        self.offers[name] = replace(offer, name=name)

    async def _list(self) -> None:
        self._listings = mcp_tool.known([*self.turn.history, *self.turn.input])
        servers = [tool for tool in self.turn.tools if tool["type"] == "mcp"]
        fresh = [tool for tool in servers if tool["server_label"] not in self._listings]
        works = await asyncio.gather(*(self._listed(tool) for tool in fresh))
        self.prelude += [work.item for work in works]
        self._listings |= {work.item["server_label"]: work.item for work in works}

    async def _listed(self, tool: Mapping[str, Any]) -> Work:
        return await self._logged("mcp", "list tools", doing=mcp_tool.listed(tool, service=self.service))

    async def _do_approved(self) -> None:
        items = [*self.turn.history, *self.turn.input]
        asked = {item["id"]: item for item in items if item["type"] == "mcp_approval_request"}
        done = {item.get("approval_request_id") for item in items if item["type"] == "mcp_call"}
        agreed = [i["approval_request_id"] for i in items if i["type"] == "mcp_approval_response" and i["approve"]]
        for identifier in agreed:
            if identifier in asked and identifier not in done:
                self.prelude.append(await self._approved(asked[identifier]))
                done.add(identifier)

    async def _approved(self, asked: Item) -> Item:
        call = Call(id=new_id("call"), name=asked["name"], arguments=asked["arguments"])
        # A client may have sent the request it approves itself: only what the agent has is done.
        tool = next((one for one in self.turn.tools if one.get("server_label") == asked["server_label"]), None)
        doing = mcp_tool.approved(tool, asked, call=call, service=self.service)
        work = await self._logged("mcp", call.name, doing=doing)
        return {**work.item, "approval_request_id": asked["id"]}

    async def _logged(self, tool: str, name: str, *, doing: Awaitable[Work]) -> Work:
        started = time.time()
        work = await doing
        self.service.state.log_tool_call(
            ToolCall(
                response_id=self.turn.response_id,
                agent=self.turn.agent_name,
                tool=tool,
                name=name,
                where=work.where,
                outcome=work.outcome,
                status=work.status,
                milliseconds=round((time.time() - started) * 1000, 1),
                time=started,
            )
        )
        return work


def _fitting(name: str) -> str:
    """Return a name in the letters and the length that models take."""
    return "".join(letter if letter.isascii() and (letter.isalnum() or letter in "_-") else "_" for letter in name)[
        :LONGEST_NAME
    ]
