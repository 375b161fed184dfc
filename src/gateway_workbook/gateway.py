"""A client that calls a gateway exactly as Agent Service does: path or body routing, its header, its api-versions."""

from __future__ import annotations

__all__ = ["Exchange", "Gateway", "chat_url", "endpoint_url"]

import json
from collections.abc import Generator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import httpx
from pydantic import BaseModel, ConfigDict

from gateway_workbook.errors import ServiceError, UsageError

if TYPE_CHECKING:
    from authlib.oauth2.rfc6749 import OAuth2Token
    from azure.core.credentials import TokenCredential
    from pydantic import SecretStr

    from gateway_workbook.connection import Connection
    from gateway_workbook.secrets import Secrets

TIMEOUT: Final = httpx.Timeout(60, connect=10)
_TOKEN_LEEWAY_SECONDS: Final = 60
_LARGEST_ANSWER: Final = 5_000_000
_EXCERPT: Final = 300


class Exchange(BaseModel):
    """One request and what came back, without headers: `status` is None when nothing did, `problem` then says why."""

    model_config = ConfigDict(frozen=True)

    method: str
    url: str
    status: int | None = None
    milliseconds: float = 0
    text: str = ""
    problem: str | None = None

    @property
    def ok(self) -> bool:
        """Whether the gateway answered with success."""
        return self.status is not None and httpx.codes.is_success(self.status)

    @property
    def body(self) -> Any:
        """The parsed JSON answer, or None."""
        try:
            return json.loads(self.text)
        except (ValueError, RecursionError):
            return None

    @property
    def outcome(self) -> str:
        """One phrase for a table: `200`, `404 Resource not found`, `no answer (ConnectError: …)`."""
        if self.status is None:
            return f"no answer ({self.problem})"
        return str(self.status) if self.ok else f"{self.status} {_message(self.body) or self.text.strip()}"[:_EXCERPT]


class Gateway:
    """Speaks to the target of a connection.

    `http` is used, not owned. Answers of any status are data; only settings that cannot be used raise UsageError.
    """

    def __init__(
        self,
        connection: Connection,
        http: httpx.Client,
        *,
        secrets: Secrets,
        credential: TokenCredential | None = None,
    ) -> None:
        self.connection = connection
        self._http = http
        self._headers = connection.headers(secrets)
        self._auth = _authentication(connection, secrets, credential)

    def chat(self, deployment: str, messages: Sequence[Mapping[str, Any]], **options: object) -> Exchange:
        """POST chat completions; `options` join the body (tools, response_format, …)."""
        url = chat_url(self.connection, deployment)
        body: dict[str, Any] = {"messages": list(messages), **options}
        if not self.connection.deployment_in_path:
            body["model"] = deployment
        return self._send("POST", url, self.connection.inference_api_version, json=body, headers=self._headers)

    def list_models(self) -> Exchange:
        """GET the list of deployments; raises UsageError when the connection has a static list."""
        return self._send("GET", endpoint_url(self.connection, "list"), self.connection.deployment_api_version)

    def get_model(self, deployment: str) -> Exchange:
        """GET one deployment; raises UsageError when the connection has a static list."""
        return self._send(
            "GET", endpoint_url(self.connection, "get", deployment), self.connection.deployment_api_version
        )

    def _send(self, method: str, url: str, api_version: str | None, **content: Any) -> Exchange:
        params = {"api-version": api_version} if api_version else None
        request = self._http.build_request(method, url, params=params, timeout=TIMEOUT, **content)
        shown = {"method": method, "url": str(request.url)}
        try:
            response = self._http.send(request, auth=self._auth, follow_redirects=False)
        except ServiceError as error:
            return Exchange(**shown, problem=str(error))
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            return Exchange(**shown, problem=f"{type(error).__name__}: {error}"[:_EXCERPT])
        milliseconds = response.elapsed.total_seconds() * 1000
        return Exchange(
            **shown,
            status=response.status_code,
            milliseconds=milliseconds,
            text=response.text[:_LARGEST_ANSWER],
        )


def chat_url(connection: Connection, deployment: str) -> str:
    """Where inference of a deployment goes, without the api-version."""
    target = connection.target.rstrip("/")
    return (
        f"{target}/deployments/{quote(deployment, safe='')}/chat/completions"
        if connection.deployment_in_path
        else f"{target}/chat/completions"
    )


def endpoint_url(connection: Connection, kind: str, deployment: str = "") -> str:
    """Where `list` or `get` of dynamic discovery goes; endpoints come with and without a leading slash."""
    discovery = connection.effective_discovery
    if discovery == "static":
        raise UsageError(f"connection {connection.name} has a static list of models: the gateway is not asked")
    endpoint = discovery.list_endpoint if kind == "list" else discovery.get_endpoint
    path = endpoint.replace("{deploymentName}", quote(deployment, safe=""))
    return f"{connection.target.rstrip('/')}/{path.lstrip('/')}"


class _Key(httpx.Auth):
    def __init__(self, header: str, value: str) -> None:
        self._header, self._value = header, value

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers[self._header] = self._value
        yield request


class _Entra(httpx.Auth):
    def __init__(self, credential: TokenCredential, audience: str) -> None:
        self._credential, self._scope = credential, f"{audience.rstrip('/')}/.default"

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = f"Bearer {self._credential.get_token(self._scope).token}"
        yield request


class _ClientCredentials(httpx.Auth):
    """OAuth2 client credentials: the token is kept until shortly before it expires, and fetched again once on a 401."""

    requires_response_body = True

    def __init__(self, connection: Connection, token_url: str, secret: SecretStr) -> None:
        self._connection, self._token_url, self._secret = connection, token_url, secret
        self._token: OAuth2Token | None = None

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        if self._token is None or self._token.is_expired(_TOKEN_LEEWAY_SECONDS):
            self._keep((yield self._token_request()))
        response = yield self._signed(request)
        if response.status_code == httpx.codes.UNAUTHORIZED:
            self._keep((yield self._token_request()))
            yield self._signed(request)

    def _token_request(self) -> httpx.Request:
        form = {
            "grant_type": "client_credentials",
            "client_id": self._connection.client_id,
            "client_secret": self._secret.get_secret_value(),
            "scope": " ".join(self._connection.scopes),
        }
        return httpx.Request("POST", self._token_url, data={key: value for key, value in form.items() if value})

    def _keep(self, response: httpx.Response) -> None:
        from authlib.oauth2.rfc6749 import OAuth2Token

        answer = Exchange(method="POST", url=self._token_url, status=response.status_code, text=response.text)
        if not answer.ok:
            raise ServiceError(
                f"the token endpoint {self._token_url} answered {answer.outcome}: "
                "check clientId, clientSecret and scopes",
                status=answer.status,
            )
        if not isinstance(answer.body, Mapping) or not answer.body.get("access_token"):
            raise ServiceError(f"the token endpoint {self._token_url} answered without an access_token: check tokenUrl")
        self._token = OAuth2Token(dict(answer.body))

    def _signed(self, request: httpx.Request) -> httpx.Request:
        request.headers["Authorization"] = f"Bearer {self._token and self._token['access_token']}"
        return request


def _authentication(connection: Connection, secrets: Secrets, credential: TokenCredential | None) -> httpx.Auth:
    if connection.auth_type == "ApiKey" and connection.api_key:
        key = secrets.resolve(connection.api_key).get_secret_value()
        config = connection.auth_config
        return _Key(config.name, config.format.replace("{api_key}", key)) if config else _Key("api-key", key)
    if connection.auth_type == "OAuth2" and connection.client_secret and connection.token_url:
        return _ClientCredentials(connection, connection.token_url, secrets.resolve(connection.client_secret))
    if connection.auth_type == "ProjectManagedIdentity" and credential and connection.audience:
        return _Entra(credential, connection.audience)
    raise UsageError(
        f"connection {connection.name} cannot be called with {connection.auth_type}: a credential is missing"
    )


def _message(body: object) -> str:
    """The sentence in an error body, wherever gateways nest it."""
    if isinstance(body, str):
        return body
    for key in ("error", "message", "detail", "error_description"):
        if isinstance(body, Mapping) and body.get(key):
            return _message(body[key])
    return ""
