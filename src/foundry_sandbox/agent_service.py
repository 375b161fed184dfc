"""The Agent Service's one job here: to really call a gateway, and to say honestly how that went."""

from __future__ import annotations

import json
import ssl
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from foundry_sandbox import __version__, azure, reply
from foundry_sandbox.client_credentials import ClientCredentials, NoTokenError
from foundry_sandbox.identity import issue_token
from foundry_sandbox.outbound import IDENTITY, resolve
from foundry_sandbox.state import AgentCall

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from foundry_sandbox.outbound import Outbound
    from foundry_sandbox.state import State

USER_AGENT = f"foundry-sandbox-agent-service/{'.'.join(__version__.split('.')[:2])}"
TIMEOUT = httpx.Timeout(120, connect=10)
UNAUTHORIZED = 401


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """A chat-completions body on its way to `connection`/`deployment`, for one response."""

    response_id: str
    agent: str | None
    connection: str
    deployment: str
    body: Mapping[str, Any]


class AgentService:
    """Calls gateways over the client it is given, which stays the caller's to close.

    `trust` is for those tools that need a client of their own.
    """

    def __init__(self, state: State, *, http: httpx.AsyncClient, trust: ssl.SSLContext | None = None) -> None:
        self.state = state
        self.http = http
        self.trust = trust or ssl.create_default_context()
        self._tokens = ClientCredentials(http)

    async def complete(self, prompt: Prompt) -> dict[str, Any]:
        """Ask for a whole completion; raises RefusalError when the gateway gives none."""
        async with self._answer(prompt, body=prompt.body) as (way, response):
            await response.aread()
            return reply.completion(way, response)

    @asynccontextmanager
    async def stream(self, prompt: Prompt) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
        """Ask for chunks; raises RefusalError on entry when the gateway refuses, later when it breaks off."""
        body = {**prompt.body, "stream": True, "stream_options": {"include_usage": True}}
        async with self._answer(prompt, body=body) as (way, response):
            yield reply.chunks(way, response)

    @asynccontextmanager
    async def _answer(
        self, prompt: Prompt, *, body: Mapping[str, Any]
    ) -> AsyncIterator[tuple[Outbound, httpx.Response]]:
        way = resolve(self.state, prompt.connection, deployment=prompt.deployment)
        response = await self._send(way, prompt, body=body)
        try:
            if response.status_code == UNAUTHORIZED and way.connection.auth_type == "OAuth2":
                await response.aclose()
                self._tokens.forget(way)
                response = await self._send(way, prompt, body=body)
            if not response.is_success:
                raise await reply.refused(way, response)
            yield way, response
        except httpx.HTTPError as error:
            raise reply.unreachable(way, error) from error
        finally:
            await response.aclose()

    async def _send(self, way: Outbound, prompt: Prompt, *, body: Mapping[str, Any]) -> httpx.Response:
        headers = await self._headers(way, prompt)
        sent = {**body, **({"model": way.model} if way.model else {})}
        started = time.time()
        status = None
        try:
            request = self._request(way, headers, sent=sent, response_id=prompt.response_id)
            response = await self.http.send(request, stream=True)
            status = response.status_code
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise reply.unreachable(way, error) from error
        finally:
            self._record(prompt, way.shown_url, started=started, status=status)
        return response

    async def _headers(self, way: Outbound, prompt: Prompt) -> dict[str, str]:
        started = time.time()
        try:
            return {**way.headers, **await self._bearer(way)}
        except NoTokenError as error:
            # Without it nobody would see why a connection fails that no call ever went through.
            self._record(prompt, error.url, started=started, status=error.refused)
            raise

    def _request(
        self, way: Outbound, headers: Mapping[str, str], *, sent: Mapping[str, Any], response_id: str
    ) -> httpx.Request:
        own = {"User-Agent": USER_AGENT, "x-request-id": response_id, "Content-Type": "application/json"}
        # Bytes: a header value that is not ASCII should be the gateway's to judge, not a crash here.
        encoded = {name.encode(): value.encode() for name, value in {**headers, **own}.items()}
        return self.http.build_request("POST", way.url, headers=encoded, content=json.dumps(sent))

    def _record(self, prompt: Prompt, url: str, *, started: float, status: int | None) -> None:
        self.state.log_agent_call(
            AgentCall(
                response_id=prompt.response_id,
                agent=prompt.agent,
                connection=prompt.connection,
                deployment=prompt.deployment,
                method="POST",
                url=url,
                status=status,
                milliseconds=round((time.time() - started) * 1000, 1),
                time=started,
            )
        )

    async def _bearer(self, way: Outbound) -> dict[str, str]:
        if way.connection.auth_type in IDENTITY:
            audience = str(way.connection.properties["audience"])
            token = issue_token(self.state, audience=audience, subject=azure.PROJECT_ID)
        elif way.connection.auth_type == "OAuth2":
            token = await self._tokens.token(way)
        else:
            return {}
        return {"Authorization": f"Bearer {token}"}
