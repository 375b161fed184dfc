"""A response told while it arrives: chat-completion chunks in, events of the Responses API out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from foundry_sandbox import answer
from foundry_sandbox.items import new_id
from foundry_sandbox.refusal import invalid

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from foundry_sandbox.turn import Turn

Event = dict[str, Any]


class Narrator:
    """Tells one response as events; it numbers them and remembers what was said.

    Call `begin` once, `hear` for every chunk, then `finish` or `fail` once; `response` is then the whole.
    """

    def __init__(self, turn: Turn) -> None:
        self.turn = turn
        self.response = answer.blank(turn)
        self.finish_reason: str | None = None
        self._usage: Mapping[str, Any] | None = None
        self._number = 0
        self._items: list[dict[str, Any]] = []
        self._message: dict[str, Any] | None = None
        self._calls: dict[int, dict[str, Any]] = {}

    def begin(self) -> Iterator[Event]:
        """Tell that the response exists and is being worked on."""
        yield self._event("response.created", response=self.response)
        yield self._event("response.in_progress", response=self.response)

    def hear(self, chunk: Mapping[str, Any]) -> Iterator[Event]:
        """Tell what one chunk adds."""
        self._usage = chunk.get("usage") or self._usage
        for choice in chunk.get("choices") or []:
            delta = choice.get("delta") or {}
            # A refusal is told as the text it is: clients of the sandbox look at one kind of part.
            text = delta.get("content") or delta.get("refusal")
            if text:
                yield from self._hear_text(text)
            for call in delta.get("tool_calls") or []:
                yield from self._hear_call(call)
            self.finish_reason = choice.get("finish_reason") or self.finish_reason

    def finish(self) -> Iterator[Event]:
        """Close what is open and tell the whole response."""
        if not self._items:
            yield from self._open_message()
        for index, item in enumerate(self._items):
            close = self._close_message if item["type"] == "message" else self._close_call
            yield from close(item, index)
        output, finish = self._items, self.finish_reason
        self.response = answer.finished(self.turn, output=output, finish=finish, usage=self._usage)
        yield self._event(f"response.{self.response['status']}", response=self.response)

    def fail(self, message: str) -> Iterator[Event]:
        """Tell that the answer broke off."""
        self.response = answer.failed(self.turn, message)
        yield self._event("response.failed", response=self.response)

    def _hear_text(self, text: str) -> Iterator[Event]:
        if self._message is None:
            yield from self._open_message()
        if self._message is not None:
            self._message["content"][0]["text"] += text
            where = self._text_place(self._message)
            yield self._event("response.output_text.delta", **where, delta=text, logprobs=[])

    def _hear_call(self, call: Mapping[str, Any]) -> Iterator[Event]:
        function = call.get("function") or {}
        index = call.get("index", 0)
        item = self._calls.get(index)
        if item is None:
            if not call.get("id") or not function.get("name"):
                raise invalid("the gateway began a tool call without id and name")
            item = self._calls[index] = {
                "type": "function_call",
                "id": new_id("fc"),
                "status": "in_progress",
                "call_id": call["id"],
                "name": function["name"],
                "arguments": "",
            }
            yield self._open(item)
        fragment = function.get("arguments")
        if fragment:
            item["arguments"] += fragment
            where = {"item_id": item["id"], "output_index": self._items.index(item)}
            yield self._event("response.function_call_arguments.delta", **where, delta=fragment)

    def _open(self, item: dict[str, Any]) -> Event:
        self._items.append(item)
        return self._event("response.output_item.added", output_index=len(self._items) - 1, item=dict(item))

    def _open_message(self) -> Iterator[Event]:
        item = {**answer.message_item([], identifier=new_id("msg")), "status": "in_progress"}
        yield self._open(item)
        item["content"] = [answer.text_part("")]
        self._message = item
        where = self._text_place(item)
        yield self._event("response.content_part.added", **where, part=answer.text_part(""))

    def _close_message(self, item: dict[str, Any], index: int) -> Iterator[Event]:
        part = item["content"][0]
        where = self._text_place(item)
        yield self._event("response.output_text.done", **where, text=part["text"], logprobs=[])
        yield self._event("response.content_part.done", **where, part=part)
        item["status"] = "completed"
        yield self._event("response.output_item.done", output_index=index, item=item)

    def _close_call(self, item: dict[str, Any], index: int) -> Iterator[Event]:
        said = {"arguments": item["arguments"], "name": item["name"]}
        where = {"item_id": item["id"], "output_index": index}
        yield self._event("response.function_call_arguments.done", **where, **said)
        item["status"] = "completed"
        yield self._event("response.output_item.done", output_index=index, item=item)

    def _text_place(self, item: dict[str, Any]) -> dict[str, Any]:
        return {"item_id": item["id"], "output_index": self._items.index(item), "content_index": 0}

    def _event(self, kind: str, **fields: object) -> Event:
        event = {"type": kind, "sequence_number": self._number, **fields}
        self._number += 1
        return event
