"""What was said: stored conversations and responses as people read them, turn by turn."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
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
        """Return what the user said last, or nothing."""
        return next((one.text for one in reversed(self.said) if one.who == "user"), "")

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

    @property
    def prompt(self) -> str:
        """Return what the user said last, which may be some turns ago where tools were at work."""
        return next((turn.prompt for turn in reversed(self.turns) if turn.prompt), "(no prompt)")


def dialogues(state: State) -> list[Dialogue]:
    """Return the latest dialogues, the one that was last added to first."""
    chains = _chains(state.all("response", last=RESPONSES))
    stored = state.all("conversation", last=DIALOGUES)
    begun = {one["id"]: one["created_at"] for one in stored if one["id"] not in chains}
    times = begun | {name: kept[-1]["response"]["created_at"] for name, kept in chains.items()}
    latest = sorted(times, key=times.__getitem__)[-DIALOGUES:]
    return [_dialogue(state, name, kept=chains.get(name, []), time=times[name]) for name in reversed(latest)]


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


def _dialogue(state: State, name: str, *, kept: Sequence[Kept], time: float) -> Dialogue:
    stored = state.get(name, kind="conversation") is not None
    turns = _conversation(state, name, kept=kept) if stored else [_turn(state, one) for one in kept]
    return Dialogue(name=name, turns=turns[-TURNS:], total=len(turns), time=time)


def _conversation(state: State, name: str, *, kept: Sequence[Kept]) -> list[Turn]:
    """Read a conversation by its own items, for it also has what no response said.

    What a response said that failed is not among them, so such a turn is put in where it was tried.
    """
    owners = {item["id"]: number for number, one in enumerate(kept) for item in _items(one)}
    items = state.all("item", parent=name, last=ITEMS)
    turns: list[tuple[int, Turn]] = []
    for number, group in groupby(items, key=lambda item: owners.get(item["id"], -1)):
        said = [_said(item) for item in group]
        turn = Turn(response=None, said=said) if number < 0 else replace(_turn(state, kept[number]), said=said)
        turns.append((number, turn))
    for number, one in enumerate(kept):
        if one["response"]["status"] == "failed":
            place = next((index for index, (other, _) in enumerate(turns) if other > number), len(turns))
            turns.insert(place, (number, _turn(state, one)))
    return [turn for _, turn in turns]


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
