"""A proxy in front of a gateway that works, which does one thing wrong."""

from __future__ import annotations

import http.client
import json
import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator, Mapping

Kind = Literal["token", "list", "get", "chat"]
_OF_THE_HOP = ("connection", "content-length", "date", "host", "keep-alive", "server", "transfer-encoding")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What goes back; `length` is the content-length, where it is not that of the body."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    length: int | None = None

    @property
    def data(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request, as it came; `wire` is its connection, for faults below HTTP."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    upstream: str
    wire: socket.socket = field(repr=False)

    @property
    def kind(self) -> Kind:
        path = self.path.partition("?")[0]
        if path.endswith("/chat/completions"):
            return "chat"
        if path.endswith("/token"):
            return "token"
        return "list" if path.endswith(("/models", "/deployments")) else "get"

    def forward(self) -> Answer:
        """What the gateway behind says."""
        address = urlsplit(self.upstream)
        connection = http.client.HTTPConnection(address.hostname or "", address.port or 80, timeout=20)
        try:
            sent = {name: value for name, value in self.headers.items() if name.lower() not in _OF_THE_HOP}
            connection.request(self.method, self.path, body=self.body or None, headers=sent)
            response = connection.getresponse()
            kept = {n: v for n, v in response.getheaders() if n.lower() not in _OF_THE_HOP}
            return Answer(status=response.status, headers=kept, body=response.read())
        finally:
            connection.close()

    def without(self, *names: str) -> Call:
        """The same call without these headers."""
        lower = {name.lower() for name in names}
        return replace(self, headers={n: v for n, v in self.headers.items() if n.lower() not in lower})

    def reset(self) -> None:
        """Break the connection off, so that the other side notices."""
        self.wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def write(self, data: bytes) -> None:
        """Bytes as they are, for answers that HTTP does not know."""
        self.wire.sendall(data)


# What a faulty proxy does with a call; None where it answered below HTTP, and hangs up.
Fault = Callable[[Call], Answer | None]


@contextmanager
def faulty(fault: Fault, upstream: str, *, context: ssl.SSLContext | None = None) -> Iterator[str]:
    """Run the proxy before `upstream`, over TLS where a context is given; give its URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # a body that waits for the receipt of its headers costs 40 ms a call

        def _pass(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            call = Call(
                method=self.command,
                path=self.path,
                headers=dict(self.headers.items()),
                body=body,
                upstream=upstream,
                wire=self.connection,
            )
            answer = fault(call)
            if answer is None:
                self.close_connection = True
                return
            self._send(answer)

        do_GET = do_POST = _pass  # noqa: N815  the base class wants these names

        def _send(self, answer: Answer) -> None:
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body) if answer.length is None else answer.length))
            self.end_headers()
            self.wfile.write(answer.body)
            self.close_connection = answer.length is not None

        def log_message(self, *_: object) -> None:
            """Keep the tests' output clean."""

    with _serving(Handler, context) as port:
        yield f"{'https' if context else 'http'}://127.0.0.1:{port}"


@contextmanager
def _serving(handler: type[BaseHTTPRequestHandler], context: ssl.SSLContext | None) -> Iterator[int]:
    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def finish_request(self, request: Any, client_address: Any) -> None:
            # The greeting belongs in the connection's own thread: a client that does not greet holds nobody up.
            spoken = context.wrap_socket(request, server_side=True) if context else request
            try:
                super().finish_request(spoken, client_address)
            finally:
                if context:
                    with suppress(OSError):
                        spoken.close()

        def handle_error(self, *_: object) -> None:
            """A client that hangs up is no news."""

    httpd = Quiet(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield httpd.server_address[1]
    finally:
        httpd.shutdown()
        httpd.server_close()
        thread.join()


@contextmanager
def deaf_port() -> Iterator[int]:
    """A port whose queue of connections is full, so that the next one is never taken."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server:
        port = server.getsockname()[1]
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.settimeout(0)
            one.connect_ex(("127.0.0.1", port))
        time.sleep(0.05)
        yield port
        for one in waiting:
            one.close()


def free_port() -> int:
    """A port where nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
