"""A gateway that knows nothing of the connection in front of it: it answers everything, and keeps what was asked."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Seen:
    """One request as it came over the wire: the path is raw, header names are in lower case, none is merged."""

    method: str
    path: str
    headers: Sequence[tuple[str, str]]
    body: bytes
    token: str = ""


@dataclass
class Recorder:
    """Requests in the order in which they came; `names` are what it lists, in both providers' forms at once."""

    names: Sequence[str]
    origin: str = ""
    _seen: list[Seen] = field(default_factory=list)
    _tokens: Iterator[int] = field(default_factory=count)

    def take(self) -> list[Seen]:
        """What has come since the last time."""
        taken, self._seen = self._seen, []
        return taken

    def answer(self, seen: Seen) -> bytes:
        """A list or a model for GET, a token for a form, a completion for anything else."""
        if seen.method == "GET":
            models = [{"name": name, "id": name, "properties": {"model": {"name": name}}} for name in self.names]
            answer = {"value": models, "data": models, "name": "one", "id": "one"}
        elif dict(seen.headers).get("content-type", "").startswith(FORM):
            seen = Seen(seen.method, seen.path, seen.headers, seen.body, token=f"token-{next(self._tokens)}")
            answer = {"access_token": seen.token, "token_type": "Bearer", "expires_in": 3600}
        else:
            message = {"role": "assistant", "content": "from the recorder"}
            usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            answer = {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
            answer |= {"usage": usage}
        self._seen.append(seen)
        return json.dumps(answer).encode()


@contextmanager
def recording(names: Sequence[str]) -> Iterator[Recorder]:
    """The recorder on a free port of loopback."""
    recorder = Recorder(names)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one piece, or each answer waits 40 ms for an acknowledgement
        disable_nagle_algorithm = True

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = [(name.lower(), value) for name, value in self.headers.items()]
            content = recorder.answer(Seen(self.command, self.path, headers, body))
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _answer  # noqa: N815  the base class wants these names

        def log_message(self, *_: object) -> None:
            """Keep the tests' output clean."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

    httpd = Server(("127.0.0.1", 0), Handler)
    recorder.origin = f"http://127.0.0.1:{httpd.server_address[1]}"
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield recorder
    finally:
        httpd.shutdown()
        httpd.server_close()
        thread.join()
