"""Tokens by OAuth 2.0 client credentials, kept until shortly before they expire."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import httpx

from foundry_sandbox.loopback import shown
from foundry_sandbox.refusal import RefusalError

if TYPE_CHECKING:
    from foundry_sandbox.outbound import Outbound

LONGEST_MARGIN = 30.0


class NoTokenError(RefusalError):
    """There is no token to be had; `refused` is the status of a refusal, None when there was no answer to use."""

    def __init__(self, way: Outbound, url: str, *, reason: str, refused: int | None = None) -> None:
        message = f"connection '{way.connection.name}': POST {url} (token) {reason}"
        super().__init__(message, status=424, code="model_gateway_error")
        self.url = shown(url)
        self.refused = refused


class ClientCredentials:
    """The tokens of all connections, fetched over the client it is given."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http
        self._tokens: dict[tuple[str, ...], tuple[str, float]] = {}

    def forget(self, way: Outbound) -> None:
        """Drop the token of a connection, because a gateway refused it."""
        self._tokens.pop(_key(way), None)

    async def token(self, way: Outbound) -> str:
        """Return a token for the connection; raises NoTokenError when there is none to be had."""
        key = _key(way)
        token, good_until = self._tokens.get(key, ("", 0.0))
        if time.monotonic() < good_until:
            return token
        token_url, client_id, secret, scopes = key
        form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
        try:
            response = await self.http.post(token_url, data={**form, **({"scope": scopes} if scopes else {})})
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise NoTokenError(way, token_url, reason=f"failed: {error or type(error).__name__}") from error
        token, seconds = _read(way, response)
        margin = min(LONGEST_MARGIN, seconds / 10)
        self._tokens[key] = (token, time.monotonic() + seconds - margin)
        return token


def _key(way: Outbound) -> tuple[str, str, str, str]:
    properties, credentials = way.connection.properties, way.connection.credentials or {}
    scopes = " ".join(str(scope) for scope in properties.get("scopes") or [])
    client = (str(credentials.get("clientId", "")), str(credentials.get("clientSecret", "")))
    return (str(properties.get("tokenUrl", "")), *client, scopes)


def _read(way: Outbound, response: httpx.Response) -> tuple[str, float]:
    url = str(response.request.url.copy_with(query=None, userinfo=b""))
    if not response.is_success:
        answered = f"answered {response.status_code}: {way.excerpt(response.text)}"
        raise NoTokenError(way, url, reason=answered, refused=response.status_code)
    try:
        fields = response.json()
        return str(fields["access_token"]), float(fields.get("expires_in", 300))
    except (ValueError, KeyError, TypeError) as error:
        raise NoTokenError(way, url, reason="answered without an access_token") from error
