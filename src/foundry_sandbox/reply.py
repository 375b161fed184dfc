"""What came back from a gateway: a completion, chunks of one, or a sentence about why there is none."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx

from foundry_sandbox.refusal import RefusalError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from foundry_sandbox.outbound import Outbound

TOO_MANY = 429


def completion(way: Outbound, response: httpx.Response) -> dict[str, Any]:
    """Return the chat completion in an answer; raises RefusalError when it is something else."""
    try:
        completion = response.json()
        _check_message(completion["choices"][0]["message"])
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise _not_chat(way, response) from error
    return completion  # type: ignore[no-any-return]  # JSON enters here


def _check_message(message: Mapping[str, Any]) -> None:
    for call in message.get("tool_calls") or []:
        if not call["id"] or not isinstance(call["function"]["name"] + call["function"]["arguments"], str):
            raise ValueError("a tool call without id, name and arguments")


async def chunks(way: Outbound, response: httpx.Response) -> AsyncIterator[dict[str, Any]]:
    """Yield the chunks of a streamed answer; raises RefusalError when the stream goes wrong."""
    if "text/event-stream" not in response.headers.get("content-type", ""):
        await response.aread()
        yield as_chunk(completion(way, response))
        return
    try:
        async for line in response.aiter_lines():
            data = line.removeprefix("data:").strip() if line.startswith("data:") else ""
            if data == "[DONE]":
                return
            if data:
                yield _chunk(way, data)
    except httpx.HTTPError as error:
        raise unreachable(way, error) from error


def _chunk(way: Outbound, data: str) -> dict[str, Any]:
    try:
        chunk = json.loads(data)
    except ValueError as error:
        raise _gateway_error(way, reason=f"sent an event that is not JSON: {way.excerpt(data)}") from error
    if not isinstance(chunk, dict) or chunk.get("error"):
        raise _gateway_error(way, reason=f"broke off with an error: {way.excerpt(data)}")
    return chunk


def as_chunk(completion: Mapping[str, Any]) -> dict[str, Any]:
    """Return a whole completion as the one chunk of a stream."""
    choice = completion["choices"][0]
    calls = [{**call, "index": index} for index, call in enumerate(choice["message"].get("tool_calls") or [])]
    delta = {**choice["message"], "tool_calls": calls}
    return {
        "choices": [{"delta": delta, "finish_reason": choice.get("finish_reason") or "stop"}],
        "usage": completion.get("usage"),
    }


async def refused(way: Outbound, response: httpx.Response) -> RefusalError:
    """Make the error for an answer that is no success; 429 stays 429, with its time to wait."""
    await response.aread()
    reason = f"answered {response.status_code}: {way.excerpt(response.text)}"
    if response.is_redirect:
        reason = f"answered {response.status_code}, a redirect, which is not followed"
    limited = response.status_code == TOO_MANY
    wait = response.headers.get("retry-after")
    headers = {"Retry-After": wait} if limited and wait else {}
    return _gateway_error(way, reason=reason, status=TOO_MANY if limited else 424, headers=headers)


def _not_chat(way: Outbound, response: httpx.Response) -> RefusalError:
    kind = response.headers.get("content-type", "no content type")
    reason = f"answered {response.status_code} with {kind}, not a chat completion: {way.excerpt(response.text)}"
    return _gateway_error(way, reason=reason)


def unreachable(way: Outbound, error: Exception) -> RefusalError:
    """Make the error for a call that nothing answered."""
    # httpx quotes the header that HTTP does not allow, and it may be the one with the secret.
    said = "a header is not allowed in HTTP" if isinstance(error, httpx.LocalProtocolError) else str(error)
    return _gateway_error(way, reason=f"failed: {type(error).__name__}: {said}")


def _gateway_error(
    way: Outbound, *, reason: str, status: int = 424, headers: Mapping[str, str] | None = None
) -> RefusalError:
    """Make the error of a failed call.

    424 is the sandbox's own choice: the official clients retry 408, 409, 429 and everything from 500 on, and
    a wrong key does not become right by asking thrice.
    """
    message = f"connection '{way.connection.name}': POST {way.shown_url} {reason}"
    return RefusalError(message, status=status, code="model_gateway_error", headers=headers)
