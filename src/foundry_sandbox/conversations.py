"""Conversations and their items, as the official OpenAI client keeps them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from foundry_sandbox.body import json_object
from foundry_sandbox.items import new_id, read_input
from foundry_sandbox.paging import page
from foundry_sandbox.refusal import invalid, not_found
from foundry_sandbox.worked_items import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from starlette.requests import Request

    from foundry_sandbox.state import State

# What the official client's documentation allows.
MOST_ITEMS = 20
MOST_METADATA, LONGEST_NAME, LONGEST_VALUE = 16, 64, 512


def routes(state: State) -> list[BaseRoute]:
    """Return /conversations and what is under it."""
    return [*_conversation_routes(state), *_item_routes(state)]


def existing(state: State, identifier: str) -> dict[str, Any]:
    """Return a conversation, or refuse."""
    found = state.get(identifier, kind="conversation")
    if found is None:
        raise not_found(f"Conversation with id '{identifier}' not found")
    return found


def append(state: State, identifier: str, *, items: Iterable[Mapping[str, Any]]) -> None:
    """Add items at the end of a conversation."""
    for item in items:
        state.put(item, kind="item", name=item["id"], parent=identifier)


def _conversation_routes(state: State) -> list[BaseRoute]:
    async def create(request: Request) -> Response:
        body = await json_object(request)
        items = _items(body)
        identifier = new_id("conv")
        conversation = {
            "id": identifier,
            "object": "conversation",
            "created_at": int(time.time()),
            "metadata": _metadata(body),
        }
        state.put(conversation, kind="conversation", name=identifier)
        append(state, identifier, items=items)
        return JSONResponse(conversation)

    async def get(request: Request) -> Response:
        return JSONResponse(existing(state, request.path_params["id"]))

    async def update(request: Request) -> Response:
        conversation = existing(state, request.path_params["id"])
        changed = {**conversation, "metadata": _metadata(await json_object(request))}
        state.put(changed, kind="conversation", name=changed["id"])
        return JSONResponse(changed)

    async def delete(request: Request) -> Response:
        conversation = existing(state, request.path_params["id"])
        state.remove_all("item", parent=conversation["id"])
        state.remove(conversation["id"], kind="conversation")
        return JSONResponse({"id": conversation["id"], "object": "conversation.deleted", "deleted": True})

    return [
        Route("/conversations", create, methods=["POST"]),
        Route("/conversations/{id}", get, methods=["GET"]),
        Route("/conversations/{id}", update, methods=["POST"]),
        Route("/conversations/{id}", delete, methods=["DELETE"]),
    ]


def _item_routes(state: State) -> list[BaseRoute]:
    async def listed(request: Request) -> Response:
        conversation = existing(state, request.path_params["id"])
        rows = visible(state.all("item", parent=conversation["id"]))
        return JSONResponse(_item_page(rows, request.query_params))

    async def create(request: Request) -> Response:
        conversation = existing(state, request.path_params["id"])
        added = _items(await json_object(request))
        append(state, conversation["id"], items=added)
        return JSONResponse(_item_page(added, {"order": "asc", "limit": "100"}))

    async def get(request: Request) -> Response:
        return JSONResponse(_item(state, request))

    async def delete(request: Request) -> Response:
        item = _item(state, request)
        conversation = existing(state, request.path_params["id"])
        state.remove(item["id"], kind="item", parent=conversation["id"])
        return JSONResponse(conversation)

    return [
        Route("/conversations/{id}/items", listed, methods=["GET"]),
        Route("/conversations/{id}/items", create, methods=["POST"]),
        Route("/conversations/{id}/items/{item}", get, methods=["GET"]),
        Route("/conversations/{id}/items/{item}", delete, methods=["DELETE"]),
    ]


def _items(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    items = read_input(body.get("items"))
    if len(items) > MOST_ITEMS:
        raise invalid(f"'items' has {len(items)} items: add at most {MOST_ITEMS} at a time")
    return items


def _metadata(body: Mapping[str, Any]) -> Mapping[str, str]:
    given = body.get("metadata") or {}
    if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
        raise invalid("'metadata' must be an object whose values are text")
    long = [name for name, value in given.items() if len(name) > LONGEST_NAME or len(value) > LONGEST_VALUE]
    if long or len(given) > MOST_METADATA:
        rule = f"at most {MOST_METADATA} entries, names of {LONGEST_NAME} and values of {LONGEST_VALUE} characters"
        raise invalid(f"'metadata' is too large: use {rule}")
    return given


def _item_page(rows: list[dict[str, Any]], query: Mapping[str, str]) -> dict[str, Any]:
    answer = page(rows, query=query, key="id")
    # The OpenAI client demands text here and goes by has_more; null is only for the agents client.
    last = answer["data"][-1]["id"] if answer["data"] else ""
    return {**answer, "first_id": answer["first_id"] or "", "last_id": last}


def _item(state: State, request: Request) -> dict[str, Any]:
    conversation = existing(state, request.path_params["id"])
    found = state.get(request.path_params["item"], kind="item", parent=conversation["id"])
    if found is None:
        raise not_found(f"Item with id '{request.path_params['item']}' not found in '{conversation['id']}'")
    return found
