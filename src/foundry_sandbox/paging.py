"""Pages of a list, as agents and conversation items are listed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from foundry_sandbox.refusal import invalid

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LARGEST_PAGE = 100


def page(rows: Sequence[Mapping[str, Any]], *, query: Mapping[str, str], key: str) -> dict[str, Any]:
    """Cut one page out of `rows` (oldest first) by `limit`, `order`, `after` and `before`.

    `last_id` is null on the last page: the official agents client ignores `has_more` and goes on until it is.
    """
    ordered = list(rows) if query.get("order") == "asc" else list(reversed(rows))
    if "after" in query:
        ordered = ordered[_position(ordered, query["after"], key=key) + 1 :]
    if "before" in query:
        ordered = ordered[: _position(ordered, query["before"], key=key)]
    limit = _limit(query.get("limit", "20"))
    chosen, more = ordered[:limit], len(ordered) > limit
    return {
        "object": "list",
        "data": chosen,
        "first_id": chosen[0][key] if chosen else None,
        "last_id": chosen[-1][key] if more else None,
        "has_more": more,
    }


def _position(rows: Sequence[Mapping[str, Any]], wanted: str, *, key: str) -> int:
    for position, row in enumerate(rows):
        if row[key] == wanted:
            return position
    raise invalid(f"no item {wanted!r} to page from: start again without after and before")


def _limit(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= LARGEST_PAGE:
        raise invalid(f"limit must be a number from 1 to {LARGEST_PAGE}, not {text!r}")
    return int(text)
