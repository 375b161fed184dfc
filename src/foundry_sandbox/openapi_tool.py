"""The OpenAPI tool: operations of a described service, really called over HTTP, on this machine only."""

from __future__ import annotations

import asyncio
import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx

from foundry_sandbox import loopback, worked_items
from foundry_sandbox.offer import Call, NotCalledError, Offer, Work
from foundry_sandbox.openapi_auth import credentials
from foundry_sandbox.openapi_document import operations

if TYPE_CHECKING:
    from collections.abc import Mapping

    from foundry_sandbox.agent_service import AgentService
    from foundry_sandbox.openapi_document import Operation, Parameter

SECONDS = 5
LARGEST_ANSWER = 1_000_000  # bytes
LONGEST_TOLD = 20_000  # characters of an answer that the model is told
TEXTUAL = re.compile(r"^(text/|application/([\w.+-]*\+)?(json|xml|yaml|x-yaml|x-ndjson))", re.IGNORECASE)


def offers(tool: Mapping[str, Any], *, service: AgentService) -> list[Offer]:
    """Offer every operation of the tool's document to the model."""
    described = tool["openapi"]
    return [_offer(operation, described, service=service) for operation in operations(described["spec"])]


def _offer(operation: Operation, described: Mapping[str, Any], *, service: AgentService) -> Offer:
    async def work(call: Call) -> Work:
        status = None
        try:
            request = _request(operation, call.values(), described=described, service=service)
            status, told, outcome = await _called(service.http, request)
        except NotCalledError as error:
            told = outcome = str(error)
        item = worked_items.hidden(call, tool="openapi", output=told, simulated=False)
        return Work(item=item, told=told, where=_shown(operation), outcome=outcome, status=status)

    return Offer(
        tool="openapi",
        label=str(described["name"]),
        name=operation.name,
        description=operation.description,
        parameters=operation.schema,
        work=work,
    )


def _shown(operation: Operation) -> str:
    return f"{operation.method} {loopback.shown(operation.url)}"


def _request(
    operation: Operation, values: Mapping[str, Any], *, described: Mapping[str, Any], service: AgentService
) -> httpx.Request:
    missing = [name for name in operation.schema["required"] if values.get(name) is None]
    if missing:
        raise NotCalledError(f"not called: the arguments lack {', '.join(missing)}")
    given = [(parameter, values[parameter.key]) for parameter in operation.parameters if parameter.key in values]
    url = operation.url
    for parameter, value in given:
        if parameter.place == "path":
            url = url.replace(f"{{{parameter.name}}}", quote(_flat(parameter, value), safe=""))
    # The whole URL is judged: a variable or an argument must not lead elsewhere.
    if not loopback.is_loopback(url):
        raise NotCalledError(loopback.NOT_CALLED)
    headers, query = credentials(service.state, described, operation=operation)
    headers |= {parameter.name: _flat(parameter, value) for parameter, value in given if parameter.place == "header"}
    queried = [pair for parameter, value in given if parameter.place == "query" for pair in _query(parameter, value)]
    return _built(service.http, operation, url, headers=headers, query=[*queried, *query], body=values.get("body"))


def _built(  # noqa: PLR0913  # the parts of a request
    http: httpx.AsyncClient,
    operation: Operation,
    url: str,
    *,
    headers: Mapping[str, str],
    query: list[tuple[str, str]],
    body: Any,
) -> httpx.Request:
    sent = {"Accept": "application/json, text/*;q=0.5", "Accept-Encoding": "identity", **headers}
    content = None
    if operation.body is not None and body is not None:
        sent["Content-Type"] = operation.body
        content = json.dumps(body).encode()
    try:
        return http.build_request(
            operation.method,
            url,
            headers={name.encode(): value.encode() for name, value in sent.items()},
            params=[*query] or None,
            content=content,
            timeout=SECONDS,
        )
    except (httpx.InvalidURL, ValueError) as error:
        raise NotCalledError(f"not called: no request can be made of it: {error}") from error


def _flat(parameter: Parameter, value: Any) -> str:
    if parameter.as_json or isinstance(value, dict):
        return json.dumps(value)
    if isinstance(value, list):
        return ",".join(_flat(parameter, one) for one in value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _query(parameter: Parameter, value: Any) -> list[tuple[str, str]]:
    if isinstance(value, list) and parameter.explode and not parameter.as_json:
        return [(parameter.name, _flat(parameter, one)) for one in value]
    return [(parameter.name, _flat(parameter, value))]


async def _called(http: httpx.AsyncClient, request: httpx.Request) -> tuple[int | None, str, str]:
    """Send a request; return its status, what the model is told, and what the log says."""
    try:
        async with asyncio.timeout(SECONDS):
            response = await http.send(request, stream=True, follow_redirects=False)
            try:
                body = await _read(response)
            finally:
                await response.aclose()
    except TimeoutError:
        return _failed(f"no answer within {SECONDS} seconds")
    except httpx.LocalProtocolError:  # whose words quote the header they are about
        return _failed("no answer: a header of the request is not allowed in HTTP")
    except httpx.HTTPError as error:
        return _failed(f"no answer: {type(error).__name__}: {error}")
    return response.status_code, *_answer(response, body)


def _failed(fact: str) -> tuple[None, str, str]:
    return None, f"The service gave {fact}", fact


async def _read(response: httpx.Response) -> bytes | None:
    """Read an answer up to the limit; None when it is larger."""
    body = b""
    async for piece in response.aiter_bytes():
        body += piece
        if len(body) > LARGEST_ANSWER:
            return None
    return body


def _answer(response: httpx.Response, body: bytes | None) -> tuple[str, str]:
    fact = f"answered {response.status_code}"
    if response.is_redirect:
        fact += " with a redirect, which is not followed"
        return f"The service {fact}.", fact
    if body is None:
        fact += f" with more than {LARGEST_ANSWER} bytes, which are not read"
        return f"The service {fact}.", fact
    kind = response.headers.get("content-type", "text/plain")
    if not TEXTUAL.match(kind):
        fact += f" with {len(body)} bytes of {kind}"
        return f"The service {fact}, which is no text.", fact
    text = body.decode(response.charset_encoding or "utf-8", errors="replace")[:LONGEST_TOLD]
    return (text if response.is_success else f"The service {fact}: {text}"), fact
