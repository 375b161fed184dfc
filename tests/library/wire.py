"""The other end of the wire: scripted answers, the requests that came, and credentials that need no sign-in."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import httpx
from azure.core.credentials import AccessToken

from gateway_workbook.connection import Connection
from gateway_workbook.document import Document
from gateway_workbook.gateway import Gateway
from gateway_workbook.profile import Profile
from gateway_workbook.secrets import Secrets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

KEY = "sk-swordfish-1234567890"
CLIENT_SECRET = "hunter2-client-secret"
SECRETS = Secrets({"KEY": KEY, "CLIENT_SECRET": CLIENT_SECRET, "TEAM_TOKEN": "team-swordfish"})
MODELS = [{"name": "gpt-4o", "properties": {"model": {"name": "gpt-4o", "version": "2024-08-06", "format": "OpenAI"}}}]
PROJECT = (
    "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg"
    "/providers/Microsoft.CognitiveServices/accounts/contoso/projects/workshop"
)


def reply(status: int = 200, content: object = None, *, headers: Mapping[str, str] | None = None) -> httpx.Response:
    """An answer that is read off the wire, as real ones are: bytes and text as they are, the rest as JSON."""
    body = content if isinstance(content, bytes) else content if isinstance(content, str) else json.dumps(content)
    return httpx.Response(
        status, stream=httpx.ByteStream(body if isinstance(body, bytes) else body.encode()), headers=headers
    )


def chat_answer(text: str | None = "ok") -> dict[str, Any]:
    """A chat completion, as small as clients accept."""
    return {"choices": [{"message": {"role": "assistant", "content": text}}], "usage": {"total_tokens": 7}}


@dataclass
class Recorder:
    """Answers every request by `respond`, and keeps the requests."""

    respond: Callable[[httpx.Request], httpx.Response]
    requests: list[httpx.Request] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return self.respond(request)

    def client(self) -> httpx.Client:
        return httpx.Client(transport=httpx.MockTransport(self))

    @property
    def seen(self) -> list[str]:
        """Method and URL of each request, in order."""
        return [f"{request.method} {request.url}" for request in self.requests]


def profile(**changes: object) -> Profile:
    """A profile of a ModelGateway with one model; a field changed to None is left out."""
    base: dict[str, object] = {
        "category": "ModelGateway",
        "connectionName": "contoso",
        "targetUrl": "https://gateway.test/v1",
        "authType": "ApiKey",
        "apiKey": "env:KEY",
        "deploymentInPath": False,
        "staticModels": MODELS,
    }
    return Profile.parse(Document("profile.yaml", {k: v for k, v in (base | changes).items() if v is not None}))


def connection(**changes: object) -> Connection:
    """The connection of such a profile."""
    return Connection.of(profile(**changes), locate=str)


def oauth2(**changes: object) -> Connection:
    """A connection that signs in with client credentials."""
    fields: dict[str, object] = {
        "authType": "OAuth2",
        "apiKey": None,
        "clientId": "client",
        "clientSecret": "env:CLIENT_SECRET",
        "tokenUrl": "https://login.test/token",
        "scopes": ["models.read", "models.invoke"],
    }
    return connection(**fields | changes)


def dynamic(provider: str, **changes: object) -> Connection:
    """A connection that looks its models up."""
    fields: dict[str, object] = {
        "staticModels": None,
        "listModelsEndpoint": "/models",
        "getModelEndpoint": "/models/{deploymentName}",
        "deploymentProvider": provider,
    }
    return connection(**fields | changes)


def gateway(
    which: Connection, respond: Callable[[httpx.Request], httpx.Response], *, credential: Any = None
) -> tuple[Gateway, Recorder]:
    """A client of the connection's gateway, and the recorder that plays the gateway."""
    recorder = Recorder(respond)
    return Gateway(which, recorder.client(), secrets=SECRETS, credential=credential), recorder


class Credential:
    """Gives out a token of its own for every scope."""

    def __init__(self) -> None:
        self.scopes: list[str] = []

    def get_token(self, *scopes: str, **_: object) -> AccessToken:
        self.scopes += scopes
        return AccessToken(f"token for {scopes[0]}", 4_000_000_000)


@contextmanager
def server(
    respond: Callable[[str, str, bytes], tuple[int, dict[str, str], bytes]], *, host: str = "127.0.0.1"
) -> Iterator[str]:
    """A real HTTP server on loopback; `respond` gets method, path and body, and gives status, headers and body."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            status, headers, content = respond(self.command, self.path, body)
            self.send_response(status)
            for name, value in ({"content-length": str(len(content))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815  the base class wants these names

        def log_message(self, *_: object) -> None:
            """Keep the tests' output clean."""

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """A client that hangs up is no news."""

    httpd = Quiet((host, 0), Handler)
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://{host}:{httpd.server_address[1]}"
    finally:
        httpd.shutdown()
        httpd.server_close()
        thread.join()
