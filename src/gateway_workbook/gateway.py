"""A client that calls a gateway exactly as Agent Service does: path or body routing, its header, its api-versions."""

from __future__ import annotations

__all__ = ["Gateway", "chat_url", "endpoint_url", "request_url"]

from copy import copy
from secrets import token_hex
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

import httpx
from pydantic import SecretStr

from gateway_workbook.authentication import KeyAuth, TokenRefused, authentication
from gateway_workbook.bounded import read_within
from gateway_workbook.connection import without_query
from gateway_workbook.curl import Curl
from gateway_workbook.errors import ServiceError, UsageError
from gateway_workbook.exchange import Exchange, masked
from gateway_workbook.network import fault_of
from gateway_workbook.profile import AuthConfig
from gateway_workbook.secrets import SecretReference, is_reference
from gateway_workbook.streaming import Streamed, StreamReader

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from azure.core.credentials import TokenCredential

    from gateway_workbook.connection import Connection
    from gateway_workbook.secrets import Secrets


class Gateway:
    """Speaks to the target of a connection.

    `http` is used, not owned, and its time limits hold; no answer is read beyond the bounds of `bounded`. Answers of
    any status are data; only settings that cannot be used raise UsageError.
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
        self._header_secrets = {
            self._headers[name] for name, value in connection.custom_headers.items() if is_reference(value)
        }
        self._auth = authentication(connection, secrets, credential)
        self._curl = Curl(connection)

    def chat(self, deployment: str, messages: Sequence[Mapping[str, Any]], **options: object) -> Exchange:
        """POST chat completions; `options` join the body (tools, response_format, …)."""
        shown, body = self._call(deployment, {"messages": list(messages), **options})
        return self._send(shown, json=body, headers=self._headers)

    def stream(self, deployment: str, messages: Sequence[Mapping[str, Any]], **options: object) -> Streamed:
        """The same call with `stream`: its events with the times of their arrival, bounded in size and time."""
        shown, body = self._call(deployment, {"messages": list(messages), "stream": True, **options})
        reader = StreamReader(hidden=lambda: self._hidden)
        exchange = self._send(shown, read=reader, json=body, headers=self._headers)
        return Streamed(exchange=exchange, events=tuple(reader.events), whole=reader.whole)

    def with_invented_key(self) -> Gateway:
        """The same gateway, called with a key that nobody has given out; its curl lines want one in INVENTED_KEY."""
        other = copy(self)
        config = self.connection.auth_config
        bearer = AuthConfig(type="api_key", name="Authorization", format="Bearer {api_key}")
        changes = {
            "auth_type": "ApiKey",
            "api_key": SecretReference.parse("env:INVENTED_KEY"),
            "auth_config": config if self.connection.auth_type == "ApiKey" else bearer,
        }
        other.connection = self.connection.model_copy(update=changes)
        key, named = SecretStr(f"invented-{token_hex(8)}"), other.connection.auth_config
        auth = KeyAuth(key, header=named.name, template=named.format) if named else KeyAuth(key)
        other._auth, other._curl = auth, Curl(other.connection)  # noqa: SLF001  of our own class
        return other

    def toward(self, connection: Connection) -> Gateway:
        """The same gateway by other settings; how it is signed stays as it is, and a token is used again."""
        other = copy(self)
        other.connection, other._curl = connection, Curl(connection)  # noqa: SLF001  of our own class
        return other

    def _call(self, deployment: str, body: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        url = request_url(self.connection, "chat", deployment)
        if not self.connection.deployment_in_path:
            body["model"] = deployment
        curl = self._curl("POST", url, body=body, inference=True)
        return {"asked": "chat", "method": "POST", "url": url, "curl": curl}, body

    def list_models(self) -> Exchange:
        """GET the list of deployments; raises UsageError when the connection has a static list."""
        return self._discover("list")

    def get_model(self, deployment: str) -> Exchange:
        """GET one deployment; raises UsageError when the connection has a static list."""
        return self._discover("get", deployment)

    def _discover(self, asked: Literal["list", "get"], deployment: str = "") -> Exchange:
        url = request_url(self.connection, asked, deployment)
        return self._send({"asked": asked, "method": "GET", "url": url, "curl": self._curl("GET", url)})

    def _send(self, shown: dict[str, Any], *, read: StreamReader | None = None, **content: Any) -> Exchange:
        """Send the request that `shown` describes, or say why nothing came back; `read` takes it as it comes."""
        try:
            request = self._http.build_request(shown["method"], shown["url"], **content)
            response = self._http.send(request, auth=self._auth, follow_redirects=False, stream=True)
            return read(response, shown) if read else self._read(response, shown)
        except TokenRefused as error:
            return error.exchange.model_copy(update={"curl": self._curl.token()})
        except ServiceError as error:
            return Exchange(**shown, problem=str(error), fault="other")
        except httpx.LocalProtocolError:
            # h11 would quote the header, and the header is the key.
            problem = "a header of this connection cannot be sent: mend authConfig or the secret"
            return Exchange(**shown, problem=problem, fault="bad header")
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            return self._unanswered(error, shown)

    def _read(self, response: httpx.Response, shown: dict[str, Any]) -> Exchange:
        return Exchange.of(read_within(response), **shown, hidden=self._hidden)

    def _unanswered(self, error: Exception, shown: dict[str, Any]) -> Exchange:
        failed = getattr(error, "_request", None)
        token_url = self.connection.token_url
        if failed is not None and token_url and str(failed.url) == str(httpx.URL(token_url)):
            url = without_query(token_url)
            shown = {"asked": "token", "method": "POST", "url": url, "curl": self._curl.token()}
        problem = masked(f"{type(error).__name__}: {error}", self._hidden)
        return Exchange(**shown, problem=problem, fault=fault_of(error, shown["url"]))

    @property
    def _hidden(self) -> set[str]:
        return self._auth.hidden | self._header_secrets


def chat_url(connection: Connection, deployment: str) -> str:
    """Where inference of a deployment goes, without the api-version."""
    target = connection.target.rstrip("/")
    return (
        f"{target}/deployments/{quote(deployment, safe='')}/chat/completions"
        if connection.deployment_in_path
        else f"{target}/chat/completions"
    )


def endpoint_url(connection: Connection, kind: str, deployment: str = "") -> str:
    """Where `list` or `get` of dynamic discovery goes.

    Endpoints come with and without a leading slash, and as whole URLs of the target's host.
    """
    discovery = connection.effective_discovery
    if discovery == "static":
        raise UsageError(f"connection {connection.name} has a static list of models: the gateway is not asked")
    endpoint = discovery.list_endpoint if kind == "list" else discovery.get_endpoint
    path = endpoint.replace("{deploymentName}", quote(deployment, safe=""))
    return path if "://" in path else f"{connection.target.rstrip('/')}/{path.lstrip('/')}"


def request_url(connection: Connection, asked: str, deployment: str = "") -> str:
    """The whole URL of a call (`chat`) or of a look-up (`list`, `get`), with its api-version."""
    if asked == "chat":
        return _with_version(chat_url(connection, deployment), connection.inference_api_version)
    return _with_version(endpoint_url(connection, asked, deployment), connection.deployment_api_version)


def _with_version(url: str, api_version: str | None) -> str:
    # A discovery endpoint may bring a query of its own, and an api-version in it counts.
    try:
        address = httpx.URL(url)
    except httpx.InvalidURL:
        return url
    if not api_version or "api-version" in address.params:
        return url
    return str(address.copy_merge_params({"api-version": api_version}))
