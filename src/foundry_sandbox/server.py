"""The sandbox as a process: one port on loopback, one state folder, an orderly end."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import uvicorn

from foundry_sandbox import access_log, certificate
from foundry_sandbox.app import Activity, build
from foundry_sandbox.instance import Descriptor, describe, hold, published
from foundry_sandbox.state import State

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from starlette.types import ASGIApp

HOST = "127.0.0.1"
PORT = 8765
GRACE_SECONDS = 3
# Longer than any client keeps an idle connection: a server that closes first makes their next request fail.
KEEP_ALIVE_SECONDS = 75


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How to run; `port` None means the usual one, 0 any free one, and 0 `idle_seconds` means for ever."""

    folder: Path
    port: int | None = None
    tls: bool = False
    idle_seconds: float = 0
    access_log: Path | None = None
    upstreams: Mapping[str, str] = field(default_factory=dict)


class PortTakenError(Exception):
    """The port that was asked for is in use."""


def serve(settings: Settings, *, announce: Callable[[Descriptor], None]) -> None:
    """Run until a signal or the idle time ends it; `announce` is called once the sandbox listens.

    Raises AlreadyRunningError, StateError, PortTakenError or OSError before anything listens.
    """
    folder = settings.folder.absolute()
    with ExitStack() as stack:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        stack.enter_context(hold(folder))
        state = stack.enter_context(closing(State.open(folder, upstreams=settings.upstreams)))
        listener = stack.enter_context(closing(listen(_candidates(settings.port, state.recall("port")))))
        made = certificate.make(folder) if settings.tls else None
        state.url = f"{'https' if made else 'http'}://{HOST}:{listener.getsockname()[1]}"
        state.remember("port", value=str(listener.getsockname()[1]))
        app: ASGIApp = build(state, ca=made.ca if made else None)
        if settings.access_log:
            app = access_log.AccessLog(app, file=stack.enter_context(access_log.opened(settings.access_log)))
        activity = Activity(app)
        server = _Server(_config(activity, made), activity=activity, idle_seconds=settings.idle_seconds)
        descriptor = describe(state, ca=made.ca if made else None)

        def started() -> None:
            stack.enter_context(published(descriptor, folder=folder))
            announce(descriptor)

        server.on_started = started
        _run(server, listener)


def listen(ports: list[int]) -> socket.socket:
    """Listen on the first port that is free; the last of `ports` should be 0, which always is."""
    for port in ports:
        # With protocol 0 asyncio leaves TCP_NODELAY off, and every answer waits 40 ms for an acknowledgement.
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        # On Windows SO_REUSEADDR would let two processes share the port; elsewhere it only skips TIME_WAIT.
        listener.setsockopt(socket.SOL_SOCKET, _reuse_option(), 1)
        try:
            listener.bind((HOST, port))
            listener.listen()
        except OSError:
            listener.close()
            continue
        return listener
    raise PortTakenError(f"port {ports[0]} is taken: choose another --port, or leave it out")


def _reuse_option() -> int:
    if sys.platform == "win32":
        return socket.SO_EXCLUSIVEADDRUSE
    return socket.SO_REUSEADDR


def _candidates(asked: int | None, remembered: str | None) -> list[int]:
    # Connections hold URLs with the port in them: the old port is worth more than a round number.
    before = [int(remembered)] if remembered else []
    if asked:
        return [asked]
    return [*before, PORT, 0] if asked is None else [*before, 0]


def _config(app: Activity, made: certificate.Certificate | None) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        access_log=False,
        log_config=None,
        ws="none",
        lifespan="on",
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
        ssl_certfile=made.chain if made else None,
    )


def _run(server: _Server, listener: socket.socket) -> None:
    # uvicorn raises the signal that ended it again, after its own end: that must not kill what is left to do.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    asyncio.run(server.serve(sockets=[listener]))


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, *, activity: Activity, idle_seconds: float) -> None:
        super().__init__(config)
        self.activity = activity
        self.idle_seconds = idle_seconds
        self.on_started: Callable[[], None] = lambda: None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self.on_started()

    async def on_tick(self, counter: int) -> bool:
        idle = 0 < self.idle_seconds < self.activity.since
        return idle or await super().on_tick(counter)
