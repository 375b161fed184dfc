"""Servers that tests talk to: processes of their own, awaited over HTTP, ended together with the tests."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping, Sequence

START_SECONDS = 120  # LiteLLM imports for 7 s on a quiet machine
STOP_SECONDS = 20
LEASH = Path(__file__).with_name("leash.py")


@dataclass(frozen=True, kw_only=True)
class Server:
    url: str
    key: str = field(repr=False)
    log: Path

    def tail(self, lines: int = 60) -> str:
        return tail(self.log, lines)


@dataclass(frozen=True, kw_only=True)
class Command:
    """How to start a server: its words, its environment, and the URL that answers once it is up."""

    words: Sequence[str | Path]
    ready: str
    environment: Mapping[str, str] | None = None


@contextmanager
def running(command: Command, *, log: Path) -> Iterator[None]:
    words = [sys.executable, str(LEASH), *map(str, command.words)]
    with log.open("wb") as output:
        process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=output, stderr=output, env=command.environment)
    try:
        _wait(process, command.ready, log=log)
        yield
    finally:
        _stop(process)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def python_named_by(variable: str, *, target: str) -> Path:
    """The interpreter with the servers in it; fails without: a suite that skips itself proves nothing."""
    value = os.environ.get(variable)
    if not value:
        pytest.fail(f"{variable} is not set: run `make {target}`, which sets up the servers and names them")
    python = Path(value).absolute()
    if not python.is_file():
        pytest.fail(f"{variable} names {python}, which is not there: run `make {target}`")
    return python


def environment_without(*prefixes: str, **more: str) -> dict[str, str]:
    """This process's environment without settings that would make a server behave as the developer's own."""
    return {name: value for name, value in os.environ.items() if not name.startswith(prefixes)} | more


def tail(log: Path, lines: int = 60) -> str:
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        servers = {name: value for name, value in getattr(item, "funcargs", {}).items() if isinstance(value, Server)}
        report.sections += [(f"log of {name}: {server.log}", server.tail()) for name, server in servers.items()]
    return report


def _wait(process: subprocess.Popen[bytes], url: str, *, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not _answers(url):
        if process.poll() is not None:
            pytest.fail(f"the server ended at its start with exit code {process.returncode}:\n{tail(log)}")
        if time.monotonic() > deadline:
            pytest.fail(f"{url} did not answer within {START_SECONDS} s:\n{tail(log)}")
        time.sleep(0.1)


def _answers(url: str) -> bool:
    try:
        return not httpx.get(url, timeout=5, trust_env=False).is_server_error
    except httpx.TransportError:
        return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    process.stdin.close()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.terminate()
        process.wait()
        raise
