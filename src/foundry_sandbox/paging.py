"""Pages of a list: by cursor, as agents and conversation items are listed, and by link, as connections are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from foundry_sandbox.refusal import invalid

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.datastructures import URL

LARGEST_PAGE = 100
# Small, so that a client which reads one page only is found out here.
LINKED_PAGE = 20


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


def linked_page(rows: Sequence[Mapping[str, Any]], *, url: URL, query: Mapping[str, str]) -> dict[str, Any]:
    """Cut one page out of `rows`, with the link to the next one where there is more."""
    skip = query.get("skip", "0")
    if not skip.isdecimal():
        raise invalid(f"skip must be a number, not {skip!r}")
    end = int(skip) + LINKED_PAGE
    more = {"nextLink": str(url.include_query_params(skip=end))} if len(rows) > end else {}
    return {"value": rows[int(skip) : end], **more}


def _position(rows: Sequence[Mapping[str, Any]], wanted: str, *, key: str) -> int:
    for position, row in enumerate(rows):
        if row[key] == wanted:
            return position
    raise invalid(f"no item {wanted!r} to page from: start again without after and before")


def _limit(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= LARGEST_PAGE:
        raise invalid(f"limit must be a number from 1 to {LARGEST_PAGE}, not {text!r}")
    return int(text)
