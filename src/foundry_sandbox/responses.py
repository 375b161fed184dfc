"""Responses: an agent or a model is asked, the answer kept, told whole or while it arrives."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from foundry_sandbox import azure, conversations, turn
from foundry_sandbox import model as scripted
from foundry_sandbox.agent_service import Prompt
from foundry_sandbox.body import json_object
from foundry_sandbox.paging import page
from foundry_sandbox.refusal import RefusalError, invalid, not_found
from foundry_sandbox.reply import as_chunk
from foundry_sandbox.rounds import Rounds

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping
    from contextlib import AbstractAsyncContextManager

    from starlette.requests import Request

    from foundry_sandbox.agent_service import AgentService
    from foundry_sandbox.events import Narrator
    from foundry_sandbox.rounds import Ask
    from foundry_sandbox.state import State
    from foundry_sandbox.turn import Turn

    Chunks = AbstractAsyncContextManager[AsyncIterator[dict[str, Any]]]

NOT_IN_BACKGROUND = "Only a response that is made in the background can be"


def routes(state: State, *, service: AgentService) -> list[BaseRoute]:
    """Return /responses and what is under it."""

    async def create(request: Request) -> Response:
        body = await json_object(request)
        asked = turn.read(state, body, agent_name=request.path_params.get("agent"))
        streamed = bool(body.get("stream"))
        rounds = await Rounds.opened(asked, service=service, ask=_ask(service, asked, streamed=streamed))
        if streamed:
            return StreamingResponse(_told(state, rounds), media_type="text/event-stream")
        async for _ in rounds.events():
            pass
        _keep(state, rounds.narrator)
        return JSONResponse(rounds.narrator.response)

    async def get(request: Request) -> Response:
        kept = _kept(state, request)
        if request.query_params.get("stream", "").lower() == "true":
            raise invalid(f"{NOT_IN_BACKGROUND} streamed again: retrieve it whole")
        return JSONResponse(kept["response"])

    async def cancel(request: Request) -> Response:
        _kept(state, request)
        raise invalid(f"{NOT_IN_BACKGROUND} cancelled: this one was answered at once")

    async def delete(request: Request) -> Response:
        identifier = _kept(state, request)["response"]["id"]
        state.remove(identifier, kind="response")
        return JSONResponse({"id": identifier, "object": "response.deleted", "deleted": True})

    async def input_items(request: Request) -> Response:
        return JSONResponse(page(_kept(state, request)["input"], query=request.query_params, key="id"))

    return [
        Route("/responses", create, methods=["POST"]),
        Route("/responses/{id}", get, methods=["GET"]),
        Route("/responses/{id}", delete, methods=["DELETE"]),
        Route("/responses/{id}/cancel", cancel, methods=["POST"]),
        Route("/responses/{id}/input_items", input_items, methods=["GET"]),
    ]


async def _told(state: State, rounds: Rounds) -> AsyncIterator[str]:
    try:
        async for event in rounds.events():
            yield _event(event)
    except RefusalError as error:
        for event in rounds.narrator.fail(error.message):
            yield _event(event)
    _keep(state, rounds.narrator)


def _event(event: Mapping[str, Any]) -> str:
    return f"event: {event['type']}\ndata: {json.dumps(event)}\n\n"


def _ask(service: AgentService, asked: Turn, *, streamed: bool) -> Ask:
    """Choose who is asked: the gateway behind a connection, or the project's own model."""
    connection, slash, deployment = asked.model.partition("/")
    if not slash:
        _check_own(asked)
        return partial(_own, model=asked.model)
    prompt = Prompt(
        response_id=asked.response_id,
        agent=asked.agent_name,
        connection=connection,
        deployment=deployment,
        body={},
    )
    return partial(_streamed if streamed else _whole, service, prompt)


def _streamed(service: AgentService, prompt: Prompt, body: Mapping[str, Any]) -> Chunks:
    return service.stream(replace(prompt, body=body))


@asynccontextmanager
async def _whole(
    service: AgentService, prompt: Prompt, body: Mapping[str, Any]
) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
    completion = await service.complete(replace(prompt, body=body))
    yield _asynchronous(iter([as_chunk(completion)]))


@asynccontextmanager
async def _own(body: Mapping[str, Any], *, model: str) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
    wanted = {**body, "stream": True, "stream_options": {"include_usage": True}}
    try:
        chunks = scripted.stream(wanted, model=model)
    except scripted.BadRequest as error:
        raise invalid(str(error)) from error
    yield _asynchronous(chunks)


async def _asynchronous(chunks: Iterator[dict[str, Any]]) -> AsyncIterator[dict[str, Any]]:
    for chunk in chunks:
        yield chunk


def _check_own(asked: Turn) -> None:
    if asked.model != azure.OWN_MODEL:
        message = f"no deployment '{asked.model}' in the project: it has {azure.OWN_MODEL}"
        raise RefusalError(message, status=404, code="DeploymentNotFound")


def _keep(state: State, narrator: Narrator) -> None:
    asked, response = narrator.turn, narrator.response
    if asked.conversation and response["status"] != "failed":
        conversations.append(state, asked.conversation, items=[*asked.input, *narrator.items])
    if asked.body.get("store") is not False:
        kept = {"response": response, "input": asked.input, "items": narrator.items}
        state.put(kept, kind="response", name=response["id"])


def _kept(state: State, request: Request) -> dict[str, Any]:
    identifier = request.path_params["id"]
    kept = state.get(identifier, kind="response")
    if kept is None:
        raise not_found(f"Response with id '{identifier}' not found")
    return kept
