"""A key vault on loopback, found as real ones are: by its name, through HTTPS_PROXY, over TLS, after a challenge."""

from __future__ import annotations

import json
import ssl
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import trustme

from tests.library.wire import server

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import pytest

TOKEN = "a-token-for-the-vault"
TENANT = "https://login.microsoftonline.com/00000000-0000-0000-0000-000000000000"


@contextmanager
def vault(
    answers: Mapping[str, tuple[int, object]],
    *,
    folder: Path,
    patch: pytest.MonkeyPatch,
    name: str = "contoso",
    resource: str = "https://vault.azure.net",
) -> Iterator[list[str]]:
    """Answers GET /secrets/NAME as told, to holders of a token; yields the requests it was sent."""
    host = f"{name}.vault.azure.net"
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(host).configure_cert(context)
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_CONNECT(self) -> None:
            self.send_response(200)
            self.end_headers()
            if self.path == f"{host}:443":
                self.request = context.wrap_socket(self.request, server_side=True)
                self.setup()
            self.close_connection = self.path != f"{host}:443"

        def finish(self) -> None:
            super().finish()
            self.request.close()  # the server closes the socket that TLS was put around, not this one

        def do_GET(self) -> None:
            url = urlsplit(self.path)
            seen.append(f"{self.headers.get('authorization', 'no token')} GET {url.path}")
            assert parse_qs(url.query)["api-version"]
            if self.headers.get("authorization") == f"Bearer {TOKEN}":
                self._answer(*answers[url.path.split("/")[2]])
            else:
                challenge = f'Bearer authorization="{TENANT}", resource="{resource}"'
                self._answer(401, {"error": {"code": "Unauthorized"}}, {"WWW-Authenticate": challenge})

        def _answer(self, status: int, body: object, headers: Mapping[str, str] | None = None) -> None:
            content = json.dumps(body).encode()
            self.send_response(status)
            for header, value in {**(headers or {}), "content-length": str(len(content))}.items():
                self.send_header(header, value)
            self.send_header("content-type", "application/json")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Keep the tests' output clean."""

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """A client that hangs up is no news."""

    httpd = Quiet(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    patch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{httpd.server_address[1]}")
    patch.setenv("REQUESTS_CA_BUNDLE", str(folder / "ca.pem"))
    patch.setenv("NO_PROXY", "127.0.0.1")
    try:
        yield seen
    finally:
        httpd.shutdown()
        httpd.server_close()
        thread.join()


@contextmanager
def managed_identity(patch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The identity endpoint of a host on Azure; yields the resources that tokens were asked for."""
    asked: list[str] = []

    def respond(_method: str, path: str, _body: bytes) -> tuple[int, dict[str, str], bytes]:
        asked.append(parse_qs(urlsplit(path).query)["resource"][0])
        token = {"access_token": TOKEN, "expires_on": "4000000000", "token_type": "Bearer", "resource": asked[-1]}
        return 200, {"content-type": "application/json"}, json.dumps(token).encode()

    with server(respond) as url:
        patch.setenv("IDENTITY_ENDPOINT", f"{url}/msi/token")
        patch.setenv("IDENTITY_HEADER", "x")
        yield asked
