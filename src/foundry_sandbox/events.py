"""A response told while it arrives: chat-completion chunks in, events of the Responses API out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from foundry_sandbox import answer, worked_items
from foundry_sandbox.items import new_id
from foundry_sandbox.offer import Call, Item
from foundry_sandbox.refusal import invalid

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from foundry_sandbox.turn import Turn

Event = dict[str, Any]


class Narrator:
    """Tells one response as events; it numbers them and remembers what was said.

    Call `begin` once; `hear` for every chunk of a round and `close` at its end; `tell` for what the service did
    itself; then `finish` or `fail` once: `response` is then the whole. `items` has what clients are not shown, too.
    """

    def __init__(self, turn: Turn, *, services: Collection[str]) -> None:
        self.turn = turn
        self.response = answer.blank(turn)
        self.finish_reason: str | None = None
        self.items: list[Item] = []
        self.said = ""
        self.simulated = _unanswered(turn)
        self._services = services
        self._number = 0
        self._usage: dict[str, Any] | None = None
        self._round_usage: Mapping[str, Any] | None = None
        self._open_items: list[Item] = []
        self._message: Item | None = None
        self._calls: dict[int, Item] = {}
        self._service_calls: dict[int, dict[str, str]] = {}

    def begin(self) -> Iterator[Event]:
        """Tell that the response exists and is being worked on."""
        yield self._event("response.created", response=self.response)
        yield self._event("response.in_progress", response=self.response)

    def hear(self, chunk: Mapping[str, Any]) -> Iterator[Event]:
        """Tell what one chunk adds."""
        self._round_usage = chunk.get("usage") or self._round_usage
        for choice in chunk.get("choices") or []:
            delta = choice.get("delta") or {}
            # A refusal is told as the text it is: clients of the sandbox look at one kind of part.
            text = delta.get("content") or delta.get("refusal")
            if text:
                self.said += text
                yield from self._hear_text(text)
            for call in delta.get("tool_calls") or []:
                yield from self._hear_call(call)
            self.finish_reason = choice.get("finish_reason") or self.finish_reason

    def close(self) -> Iterator[Event]:
        """End a round: close what it opened, and add up what it used."""
        if self._message is None and not self._calls and not self._service_calls:
            yield from self._open_message()
        for item in self._open_items:
            yield from self._close_message(item) if item["type"] == "message" else self._close_call(item)
        self._open_items = []
        if self._round_usage:
            self._usage = answer.added(self._usage, answer.usage(self._round_usage))

    def service_calls(self) -> list[Call]:
        """Return the calls of the round that are not the client's to answer."""
        return [Call(**call) for _, call in sorted(self._service_calls.items())]

    @property
    def waits(self) -> bool:
        """Say whether the client has to answer calls of the round."""
        return bool(self._calls)

    def next_round(self) -> None:
        """Forget the round that is closed."""
        self.said, self.finish_reason = "", None
        self._message, self._round_usage = None, None
        self._calls, self._service_calls = {}, {}

    def tell(self, item: Item) -> Iterator[Event]:
        """Tell of an item that is complete, as if it were being made."""
        self.items.append(item)
        simulated = worked_items.simulated_tool(item)
        if simulated and simulated not in self.simulated:
            self.simulated.append(simulated)
        if item["type"] == worked_items.HIDDEN:
            return
        where = {"output_index": self._index(item)}
        yield self._event("response.output_item.added", **where, item=worked_items.begun(item))
        for kind, fields in worked_items.stages(item):
            yield self._event(f"response.{kind}", **where, item_id=item["id"], **fields)
        yield self._event("response.output_item.done", **where, item=item)

    def finish(self) -> Iterator[Event]:
        """Tell the whole response."""
        output, finish = worked_items.visible(self.items), self.finish_reason
        self.response = answer.finished(self.turn, output=output, finish=finish, usage=self._usage)
        if self.simulated:
            self.response["metadata"] = {**self.response["metadata"], "simulated": ", ".join(self.simulated)}
        yield self._event(f"response.{self.response['status']}", response=self.response)

    def fail(self, message: str) -> Iterator[Event]:
        """Tell that the answer broke off."""
        self.items = []
        self.response = answer.failed(self.turn, message)
        yield self._event("response.failed", response=self.response)

    def _hear_text(self, text: str) -> Iterator[Event]:
        if self._message is None:
            yield from self._open_message()
        yield from self._say(text)

    def _say(self, text: str) -> Iterator[Event]:
        if self._message is not None:
            self._message["content"][0]["text"] += text
            where = self._text_place(self._message)
            yield self._event("response.output_text.delta", **where, delta=text, logprobs=[])

    def _hear_call(self, call: Mapping[str, Any]) -> Iterator[Event]:
        function = call.get("function") or {}
        index, fragment = call.get("index", 0), function.get("arguments") or ""
        if index in self._service_calls:
            self._service_calls[index]["arguments"] += fragment
            return
        if index not in self._calls:
            if not call.get("id") or not function.get("name"):
                raise invalid("the gateway began a tool call without id and name")
            if function["name"] in self._services:
                begun = {"id": call["id"], "name": function["name"], "arguments": fragment}
                self._service_calls[index] = begun
                return
            self._calls[index] = _function_call(call["id"], name=function["name"])
            yield self._open(self._calls[index])
        if fragment:
            item = self._calls[index]
            item["arguments"] += fragment
            where = {"item_id": item["id"], "output_index": self._index(item)}
            yield self._event("response.function_call_arguments.delta", **where, delta=fragment)

    def _open(self, item: Item) -> Event:
        self.items.append(item)
        self._open_items.append(item)
        return self._event("response.output_item.added", output_index=self._index(item), item=dict(item))

    def _open_message(self) -> Iterator[Event]:
        item = {**answer.message_item([], identifier=new_id("msg")), "status": "in_progress"}
        yield self._open(item)
        item["content"] = [answer.text_part("")]
        self._message = item
        where = self._text_place(item)
        yield self._event("response.content_part.added", **where, part=answer.text_part(""))
        if self.simulated and not self._is_document():
            yield from self._say(f"[simulated: {', '.join(self.simulated)}] ")

    def _is_document(self) -> bool:
        """Say whether JSON is wanted, in which a label would be an error; `metadata` has it all the same."""
        wanted = (self.turn.settings.get("text") or {}).get("format") or {}
        return wanted.get("type") in {"json_object", "json_schema"}

    def _close_message(self, item: Item) -> Iterator[Event]:
        part = item["content"][0]
        where = self._text_place(item)
        yield self._event("response.output_text.done", **where, text=part["text"], logprobs=[])
        yield self._event("response.content_part.done", **where, part=part)
        item["status"] = "completed"
        yield self._event("response.output_item.done", output_index=self._index(item), item=item)

    def _close_call(self, item: Item) -> Iterator[Event]:
        said = {"arguments": item["arguments"], "name": item["name"]}
        where = {"item_id": item["id"], "output_index": self._index(item)}
        yield self._event("response.function_call_arguments.done", **where, **said)
        item["status"] = "completed"
        yield self._event("response.output_item.done", output_index=self._index(item), item=item)

    def _text_place(self, item: Item) -> dict[str, Any]:
        return {"item_id": item["id"], "output_index": self._index(item), "content_index": 0}

    def _index(self, item: Item) -> int:
        return [one["id"] for one in worked_items.visible(self.items)].index(item["id"])

    def _event(self, kind: str, **fields: object) -> Event:
        event = {"type": kind, "sequence_number": self._number, **fields}
        self._number += 1
        return event


def _function_call(identifier: str, *, name: str) -> Item:
    fields = {"call_id": identifier, "name": name, "arguments": ""}
    return {"type": "function_call", "id": new_id("fc"), "status": "in_progress", **fields}


def _unanswered(turn: Turn) -> list[str]:
    """Return the tools whose simulated results no message has answered yet."""
    found: list[str] = []
    for item in (*turn.history, *turn.input):
        tool = worked_items.simulated_tool(item)
        found = [] if item["type"] == "message" else [*found, tool] if tool and tool not in found else found
    return found
