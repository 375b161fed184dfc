"""How a connection's calls are signed: a key in a header, an OAuth2 client's token, or an Entra token."""

from __future__ import annotations

__all__ = ["TIMEOUT", "ClientCredentials", "KeyAuth", "TokenRefused", "authentication"]

from collections.abc import Generator, Mapping
from threading import Lock
from typing import TYPE_CHECKING, Final

import httpx

from gateway_workbook.bounded import Bounded, TooLarge, TooSlow
from gateway_workbook.connection import Connection, without_query
from gateway_workbook.errors import ServiceError, UsageError
from gateway_workbook.exchange import Exchange
from gateway_workbook.network import fault_of
from gateway_workbook.sign_in import EntraAuth

if TYPE_CHECKING:
    from authlib.oauth2.rfc6749 import OAuth2Token
    from azure.core.credentials import TokenCredential
    from pydantic import SecretStr

    from gateway_workbook.secrets import Secrets

TIMEOUT: Final = httpx.Timeout(60, connect=10)
_LEEWAY_SECONDS: Final = 60


class TokenRefused(ServiceError):  # noqa: N818  a fact that callers turn into data
    """The token endpoint answered, but with no token; `exchange` is what it said."""

    def __init__(self, exchange: Exchange, problem: str) -> None:
        self.exchange = exchange
        super().__init__(f"the token endpoint {exchange.url} answered {problem}", status=exchange.status)


class KeyAuth(httpx.Auth):
    """A key in a header; `hidden` is what must not be shown."""

    def __init__(self, key: SecretStr, *, header: str = "api-key", template: str = "{api_key}") -> None:
        self._header, self._value = header, template.replace("{api_key}", key.get_secret_value())
        self.hidden = {key.get_secret_value()}

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the header."""
        request.headers[self._header] = self._value
        yield request


class ClientCredentials(httpx.Auth):
    """OAuth2 client credentials: the token is kept until shortly before it expires, and fetched again once on a 401.

    `hidden` is what must not be shown: the secret and every token so far.
    """

    def __init__(self, connection: Connection, token_url: str, secret: SecretStr) -> None:
        self._connection, self._token_url, self._secret = connection, token_url, secret
        self._token: OAuth2Token | None = None
        self._fetching = Lock()
        self.hidden = {secret.get_secret_value()}

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Fetch a token when there is none that lasts, sign, and try once more with a new one after a 401."""
        used = yield from self._lasting_token(None)
        response = yield _signed(request, used)
        if response.status_code == httpx.codes.UNAUTHORIZED:
            response.stream = Bounded(response.stream)  # httpx reads it before it sends again
            used = yield from self._lasting_token(used)
            yield _signed(request, used)

    def _lasting_token(self, refused: str | None) -> Generator[httpx.Request, httpx.Response, str]:
        # Held across the request, so that parallel calls share one token.
        with self._fetching:
            token = self._token
            if token is None or token.is_expired(_LEEWAY_SECONDS) or token["access_token"] == refused:
                token = self._token = self._read((yield self._token_request()))
                self.hidden.add(str(token["access_token"]))
            return str(token["access_token"])

    def _token_request(self) -> httpx.Request:
        form = {
            "grant_type": "client_credentials",
            "client_id": self._connection.client_id,
            "client_secret": self._secret.get_secret_value(),
            "scope": " ".join(self._connection.scopes),
        }
        given = {key: value for key, value in form.items() if value}
        return httpx.Request("POST", self._token_url, data=given, extensions={"timeout": TIMEOUT.as_dict()})

    def _read(self, response: httpx.Response) -> OAuth2Token:
        from authlib.oauth2.rfc6749 import OAuth2Token

        # Read here, not by requires_response_body: that would hold every stream back until its end.
        response.stream = Bounded(response.stream)
        url = without_query(self._token_url)
        try:
            response.read()
        except (TooLarge, TooSlow) as error:
            shown = {"asked": "token", "method": "POST", "url": url, "problem": str(error)}
            raise TokenRefused(Exchange(**shown, fault=fault_of(error, url)), f"without end: {error}") from error
        answer = Exchange.of(response, asked="token", method="POST", url=url, hidden=self.hidden)
        if not answer.ok:
            raise TokenRefused(answer, f"{answer.outcome}: check clientId, clientSecret and scopes")
        if not isinstance(answer.body, Mapping) or not answer.body.get("access_token"):
            without = answer.model_copy(update={"problem": "without an access_token"})
            raise TokenRefused(without, "without an access_token: check tokenUrl")
        try:
            return OAuth2Token(dict(answer.body))
        except (TypeError, ValueError):  # an expires_in that is no number: keep the token until it is refused
            return OAuth2Token({"access_token": answer.body["access_token"]})


def authentication(
    connection: Connection, secrets: Secrets, credential: TokenCredential | None
) -> KeyAuth | ClientCredentials | EntraAuth:
    """How calls of the connection are signed; raises UsageError when a credential is missing."""
    if connection.auth_type == "ApiKey" and connection.api_key:
        key, config = secrets.resolve(connection.api_key), connection.auth_config
        return KeyAuth(key, header=config.name, template=config.format) if config else KeyAuth(key)
    if connection.auth_type == "OAuth2" and connection.client_secret and connection.token_url:
        return ClientCredentials(connection, connection.token_url, secrets.resolve(connection.client_secret))
    if connection.auth_type == "ProjectManagedIdentity" and credential and connection.audience:
        return EntraAuth(credential, f"{connection.audience.rstrip('/')}/.default")
    raise UsageError(
        f"connection {connection.name} cannot be called with {connection.auth_type}: a credential is missing"
    )


def _signed(request: httpx.Request, token: str) -> httpx.Request:
    request.headers["Authorization"] = f"Bearer {token}"
    return request
