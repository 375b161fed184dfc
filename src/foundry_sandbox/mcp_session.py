"""Sessions with MCP servers, over the official SDK; import this late, the SDK is heavy."""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import anyio
import httpx2
import jsonschema  # noqa: F401  # the SDK imports it within the first call, which has a time limit
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client

from foundry_sandbox.offer import NotCalledError

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Mapping

    from mcp_types import CallToolResult

SECONDS = 5
LARGEST_ANSWER = 1_000_000  # bytes
LONGEST_TOLD = 20_000  # characters
MOST_PAGES = 10

# What goes wrong is told in the items of the response; the SDK would write it to the terminal as well.
logging.getLogger("mcp").setLevel(logging.CRITICAL)


class _FailedError(NotCalledError):
    """A server that did not do its part; `status` is its last HTTP status."""

    def __init__(self, message: str, *, status: int | None) -> None:
        super().__init__(message)
        self.status = status


class _TooLargeError(httpx2.TransportError):
    """An answer larger than the limit."""


class _Bounded(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        read = 0
        async for piece in self._stream:
            read += len(piece)
            if read > LARGEST_ANSWER:
                raise _TooLargeError(f"the answer has more than {LARGEST_ANSWER} bytes, which are not read")
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()


class _Transport(httpx2.AsyncBaseTransport):
    """A transport that bounds answers and remembers the last status."""

    def __init__(self, trust: ssl.SSLContext) -> None:
        self._inner = httpx2.AsyncHTTPTransport(verify=trust)
        self.status: int | None = None

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        response = await self._inner.handle_async_request(request)
        self.status = response.status_code
        if isinstance(response.stream, httpx2.AsyncByteStream):
            response.stream = _Bounded(response.stream)
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()


@dataclass(frozen=True, kw_only=True)
class _Open:
    client: Client
    transport: _Transport


@dataclass(frozen=True)
class Session:
    """A way to one server; every operation connects anew, within SECONDS, and raises NotCalledError."""

    url: str
    headers: Mapping[str, str] = field(repr=False)
    trust: ssl.SSLContext = field(repr=False)

    async def list_tools(self) -> tuple[list[dict[str, Any]], int | None]:
        """Return the server's tools as `mcp_list_tools` items hold them, and the HTTP status."""
        tools: list[dict[str, Any]] = []
        async with self._opened() as opened:
            cursor = None
            for _ in range(MOST_PAGES):
                page = await opened.client.list_tools(cursor=cursor)
                tools += [_described(tool.model_dump(mode="json", by_alias=True)) for tool in page.tools]
                cursor = page.next_cursor
                if cursor is None:
                    break
            return tools, opened.transport.status

    async def call_tool(
        self, name: str, arguments: dict[str, Any]
    ) -> tuple[str | None, dict[str, Any] | None, int | None]:
        """Return the output, or the error in the form of `mcp_call` items, and the HTTP status."""
        async with self._opened() as opened:
            try:
                result = await opened.client.call_tool(name, arguments)
            except MCPError as error:
                said = {"type": "mcp_protocol_error", "code": error.code, "message": str(error)}
                return None, said, opened.transport.status
            if result.is_error:
                content = [{"type": "text", "text": _text(result)}]
                return None, {"type": "mcp_tool_execution_error", "content": content}, opened.transport.status
            return _text(result), None, opened.transport.status

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[_Open]:
        transport = _Transport(self.trust)
        headers = {name.encode(): value.encode() for name, value in self.headers.items()}
        try:
            with anyio.fail_after(SECONDS):
                async with (
                    httpx2.AsyncClient(transport=transport, headers=headers, timeout=SECONDS) as http,
                    Client(streamable_http_client(self.url, http_client=http), cache=None) as client,
                ):
                    yield _Open(client=client, transport=transport)
        except Exception as error:
            # The SDK's task groups wrap whatever a foreign server provokes; all of it becomes a sentence.
            raise _FailedError(_sentence(error, transport.status), status=transport.status) from error


def _described(tool: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": tool["name"],
        "description": tool.get("description"),
        "input_schema": tool["inputSchema"],
        "annotations": tool.get("annotations"),
    }


def _text(result: CallToolResult) -> str:
    """Return what a tool said: texts as they are, other parts by their kind."""
    parts = [part.model_dump(mode="json", by_alias=True, exclude_none=True) for part in result.content]
    return "\n".join(str(part.get("text") or f"[{part['type']}]") for part in parts)[:LONGEST_TOLD]


def _sentence(error: BaseException, status: int | None) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, TimeoutError):
        return f"the MCP server gave no answer within {SECONDS} seconds"
    said = type(error).__name__
    if isinstance(error, MCPError | _TooLargeError):
        said = str(error)
    elif not isinstance(error, httpx2.LocalProtocolError):  # which quotes the header it is about
        said += f": {error}"
    return f"the MCP server failed{f' (HTTP {status})' if status else ''}: {said}"
