"""What was said: stored conversations and responses as people read them, turn by turn."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from foundry_sandbox import worked_items
from foundry_sandbox.items import text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from foundry_sandbox.state import AgentCall, State

    Kept = Mapping[str, Any]

RESPONSES = 100  # the newest, out of which dialogues are put together
DIALOGUES = 25
TURNS = 20  # of one dialogue
ITEMS = 200  # of one conversation
LONGEST = 1500  # characters of one text


@dataclass(frozen=True, kw_only=True)
class Said:
    """One item as text: who or what it comes from, and whether it is work for a tool, which few want to read."""

    who: str
    text: str
    work: bool = False


@dataclass(frozen=True, kw_only=True)
class Turn:
    """What was said in one response, and the calls it took; `response` is None for what a client put in itself."""

    response: Mapping[str, Any] | None
    said: Sequence[Said]
    calls: Sequence[AgentCall] = ()

    @property
    def prompt(self) -> str:
        """Return what the user said last."""
        return next((one.text for one in reversed(self.said) if one.who == "user"), "(no prompt)")

    @property
    def answer(self) -> str:
        """Return what was said at the end, or the work that was begun, or that nothing came."""
        last = self.said[-1] if self.said else None
        if last is None or last.who == "user":
            return "(no answer)"
        return last.who if last.work else last.text


@dataclass(frozen=True, kw_only=True)
class Dialogue:
    """A conversation, or responses that follow one another; `turns` are the latest, of `total` that are known."""

    name: str
    turns: Sequence[Turn]
    total: int
    time: float


def dialogues(state: State) -> list[Dialogue]:
    """Return the latest dialogues, the one that was last added to first."""
    chains = _chains(state.all("response", last=RESPONSES))
    stored = state.all("conversation", last=DIALOGUES)
    begun: dict[str, list[Kept]] = {conversation["id"]: [] for conversation in stored}
    found = [_dialogue(state, name, kept) for name, kept in {**begun, **chains}.items()]
    latest = sorted(found, key=lambda one: one.time)[-DIALOGUES:]
    return latest[::-1]


def _chains(kept: Iterable[Kept]) -> dict[str, list[Kept]]:
    """Put responses of one conversation, or of one chain, together, oldest first; the last one ends the dict."""
    names: dict[str, str] = {}
    chains: dict[str, list[Kept]] = {}
    for one in kept:
        response = one["response"]
        before = names.get(response["previous_response_id"] or "", response["id"])
        name = names[response["id"]] = (response["conversation"] or {}).get("id", before)
        chains[name] = [*chains.pop(name, []), one]
    return chains


def _dialogue(state: State, name: str, kept: Sequence[Kept]) -> Dialogue:
    conversation = state.get(name, kind="conversation")
    turns = _conversation(state, name, kept) if conversation else [_turn(state, one) for one in kept]
    created = [one["response"]["created_at"] for one in kept] or [conversation["created_at"] if conversation else 0]
    return Dialogue(name=name, turns=turns[-TURNS:], total=len(turns), time=max(created))


def _conversation(state: State, name: str, kept: Sequence[Kept]) -> list[Turn]:
    """Read a conversation by its own items: it also has what no response said, and not what a failed one did."""
    owners = {item["id"]: one for one in kept for item in _items(one)}
    items = state.all("item", parent=name, last=ITEMS)
    found = []
    for owner, group in groupby(items, key=lambda item: (owners.get(item["id"]) or {}).get("response", {}).get("id")):
        response = next((one["response"] for one in kept if one["response"]["id"] == owner), None)
        calls = state.agent_calls(response_id=owner) if owner else []
        found.append(Turn(response=response, said=[_said(item) for item in group], calls=calls))
    return found


def _turn(state: State, kept: Kept) -> Turn:
    response = kept["response"]
    calls = state.agent_calls(response_id=response["id"])
    return Turn(response=response, said=[_said(item) for item in _items(kept)], calls=calls)


def _items(kept: Kept) -> list[dict[str, Any]]:
    # What a state folder kept before there were tools has no items of its own.
    return [*kept["input"], *kept.get("items", kept["response"]["output"])]


def _said(item: Mapping[str, Any]) -> Said:
    kind = item["type"]
    if kind == "message":
        return Said(who=item["role"], text=_clipped(text_of(item["content"]) or "(no text)"))
    if kind in worked_items.WORKED:
        name, arguments = worked_items.as_call(item)
        tool = item.get("tool") or kind.removesuffix("_call")
        return _work(f"{tool}: {name}", f"{arguments}\n→ {worked_items.as_output(item)}")
    if kind == "function_call":
        return _work(f"function: {item['name']}", item["arguments"])
    if kind == "function_call_output":
        return _work("answer of a function", text_of(item["output"]))
    rest = {name: value for name, value in item.items() if name not in {"type", "id", "status"}}
    return _work(kind.replace("_", " "), json.dumps(rest, ensure_ascii=False))


def _work(who: str, text: str) -> Said:
    return Said(who=who, text=_clipped(text), work=True)


def _clipped(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} … ({len(text)} characters in all)"
