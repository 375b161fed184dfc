"""Responses: an agent or a model is asked, the answer kept, told whole or while it arrives."""

from __future__ import annotations

import json
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from foundry_sandbox import answer, azure, chat, conversations, model, turn
from foundry_sandbox.agent_service import Prompt
from foundry_sandbox.body import json_object
from foundry_sandbox.events import Narrator
from foundry_sandbox.paging import page
from foundry_sandbox.refusal import RefusalError, invalid, not_found

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

    from starlette.requests import Request

    from foundry_sandbox.agent_service import AgentService
    from foundry_sandbox.state import State
    from foundry_sandbox.turn import Turn


def routes(state: State, *, service: AgentService) -> list[BaseRoute]:
    """Return /responses and what is under it."""

    async def create(request: Request) -> Response:
        body = await json_object(request)
        asked = turn.read(state, body, agent_name=request.path_params.get("agent"))
        if body.get("stream"):
            return await _streamed(state, service, asked)
        return JSONResponse(await _whole(state, service, asked))

    async def get(request: Request) -> Response:
        return JSONResponse(_kept(state, request)["response"])

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
        Route("/responses/{id}/input_items", input_items, methods=["GET"]),
    ]


async def _whole(state: State, service: AgentService, asked: Turn) -> dict[str, Any]:
    body = chat.request(asked)
    prompt = _prompt(asked, body)
    completion = await service.complete(prompt) if prompt else _own(asked, body)
    response = answer.from_completion(asked, completion)
    _keep(state, asked, response)
    return response


async def _streamed(state: State, service: AgentService, asked: Turn) -> Response:
    body = chat.request(asked)
    prompt = _prompt(asked, body)
    source = service.stream(prompt) if prompt else _own_stream(asked, body)
    # Entered before the first byte goes out, so that a refusing gateway still becomes an HTTP error.
    stack = AsyncExitStack()
    chunks = await stack.enter_async_context(source)

    async def told() -> AsyncIterator[str]:
        narrator = Narrator(asked)
        async with stack:
            async for event in _narrate(narrator, chunks):
                yield f"event: {event['type']}\ndata: {json.dumps(event)}\n\n"
        _keep(state, asked, narrator.response)

    return StreamingResponse(told(), media_type="text/event-stream")


async def _narrate(narrator: Narrator, chunks: AsyncIterator[dict[str, Any]]) -> AsyncIterator[dict[str, Any]]:
    for event in narrator.begin():
        yield event
    try:
        async for chunk in chunks:
            for event in narrator.hear(chunk):
                yield event
    except RefusalError as error:
        for event in narrator.fail(error.message):
            yield event
        return
    ended = narrator.finish_reason is not None
    for event in narrator.finish() if ended else narrator.fail("the gateway's stream ended without a finish_reason"):
        yield event


def _prompt(asked: Turn, body: Mapping[str, Any]) -> Prompt | None:
    connection, slash, deployment = asked.model.partition("/")
    if not slash:
        return None
    return Prompt(
        response_id=asked.response_id,
        agent=asked.agent_name,
        connection=connection,
        deployment=deployment,
        body=body,
    )


def _own(asked: Turn, body: Mapping[str, Any]) -> dict[str, Any]:
    _check_own(asked)
    try:
        return model.complete(body, model=asked.model)
    except model.BadRequest as error:
        raise invalid(str(error)) from error


@asynccontextmanager
async def _own_stream(asked: Turn, body: Mapping[str, Any]) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
    _check_own(asked)
    wanted = {**body, "stream": True, "stream_options": {"include_usage": True}}
    try:
        chunks = model.stream(wanted, model=asked.model)
    except model.BadRequest as error:
        raise invalid(str(error)) from error
    yield _asynchronous(chunks)


async def _asynchronous(chunks: Iterator[dict[str, Any]]) -> AsyncIterator[dict[str, Any]]:
    for chunk in chunks:
        yield chunk


def _check_own(asked: Turn) -> None:
    if asked.model != azure.OWN_MODEL:
        message = f"no deployment '{asked.model}' in the project: it has {azure.OWN_MODEL}"
        raise RefusalError(message, status=404, code="DeploymentNotFound")


def _keep(state: State, asked: Turn, response: Mapping[str, Any]) -> None:
    if asked.conversation and response["status"] != "failed":
        new = [*asked.input, *response["output"]]
        conversations.append(state, asked.conversation, items=new)
    if asked.body.get("store") is not False:
        kept = {"response": response, "input": asked.input}
        state.put(kept, kind="response", name=response["id"])


def _kept(state: State, request: Request) -> dict[str, Any]:
    identifier = request.path_params["id"]
    kept = state.get(identifier, kind="response")
    if kept is None:
        raise not_found(f"Response with id '{identifier}' not found")
    return kept
