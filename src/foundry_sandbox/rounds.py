"""The rounds of one response: a model that calls the service's tools is asked again, with what came of it."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, Self

from foundry_sandbox import answer, chat
from foundry_sandbox.events import Narrator
from foundry_sandbox.refusal import RefusalError
from foundry_sandbox.toolbox import Toolbox

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from contextlib import AbstractAsyncContextManager

    from foundry_sandbox.agent_service import AgentService
    from foundry_sandbox.events import Event
    from foundry_sandbox.turn import Turn

    # Asks a model: a body in, chunks of its answer out.
    Ask = Callable[[Mapping[str, Any]], AbstractAsyncContextManager[AsyncIterator[dict[str, Any]]]]

MOST = 8  # rounds; a model that still calls tools then will not come to an end


class Rounds:
    """One response in the making; `narrator` has it when the events are at their end."""

    def __init__(self, toolbox: Toolbox, *, ask: Ask) -> None:
        self.toolbox = toolbox
        self.narrator = Narrator(toolbox.turn, services=toolbox.offers)
        self._ask = ask
        self._body = chat.request(toolbox.turn, toolbox=toolbox)
        self._stack = AsyncExitStack()
        self._chunks: AsyncIterator[dict[str, Any]] | None = None
        self._over = False

    @classmethod
    async def opened(cls, turn: Turn, *, service: AgentService, ask: Ask) -> Self:
        """Begin: the model has been asked for the first time, so a refusing gateway raises RefusalError here."""
        chat.check(turn)
        rounds = cls(await Toolbox.opened(turn, service=service), ask=ask)
        await rounds._open()
        return rounds

    async def events(self) -> AsyncIterator[Event]:
        """Tell everything; raises RefusalError when a gateway refuses or breaks off on the way."""
        async with self._stack:
            for event in self.narrator.begin():
                yield event
            for item in self.toolbox.prelude:
                for event in self.narrator.tell(item):
                    yield event
            async for event in self._rounds():
                yield event

    async def _rounds(self) -> AsyncIterator[Event]:
        for _ in range(MOST):
            async for chunk in await self._open():
                for event in self.narrator.hear(chunk):
                    yield event
            await self._close()
            for event in self.narrator.close():
                yield event
            for event in await self._work():
                yield event
            if self._over:
                for event in self.narrator.finish():
                    yield event
                return
            self.narrator.next_round()
        message = f"the model called tools in {MOST} rounds running and did not answer: the sandbox stops there"
        for event in self.narrator.fail(message):
            yield event

    async def _open(self) -> AsyncIterator[dict[str, Any]]:
        if self._chunks is None:
            self._chunks = await self._stack.enter_async_context(self._ask(self._body))
        return self._chunks

    async def _close(self) -> None:
        await self._stack.aclose()
        self._chunks = None
        if self.narrator.finish_reason is None:
            message = "the gateway's stream ended without a finish_reason"
            raise RefusalError(message, status=424, code="model_gateway_error")

    async def _work(self) -> list[Event]:
        """Do what the model called for, and write the next request if it can go on from that by itself."""
        calls = [] if self.narrator.finish_reason in answer.INCOMPLETE else self.narrator.service_calls()
        asking = [(call, ask) for call in calls if (ask := self.toolbox.offers[call.name].ask)]
        doing = [call for call in calls if self.toolbox.offers[call.name].ask is None]
        works = await asyncio.gather(*(self.toolbox.work(call) for call in doing))
        items = [*(work.item for work in works), *(ask(call) for call, ask in asking)]
        told = [event for item in items for event in self.narrator.tell(item)]
        self._over = not works or bool(asking) or self.narrator.waits
        pairs = list(zip(doing, works, strict=True))
        self._body = chat.continued(self._body, said=self.narrator.said, works=pairs)
        return told
