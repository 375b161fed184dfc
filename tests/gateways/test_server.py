"""Servers start, are awaited, and never outlive their owner."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import httpx
import pytest

from .server import LEASH, Command, free_port, python_named_by, running

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.gateways
SLEEPER = "import time; print('up', flush=True); time.sleep(60)"
PARENT = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {SLEEPER!r}])"


def leashed(code: str) -> subprocess.Popen[str]:
    """A started command that holds our pipe open: only when all of it is gone does the pipe end."""
    process = subprocess.Popen(
        [sys.executable, str(LEASH), sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    return process


def web_server(port: int, folder: Path) -> Command:
    words = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", "--directory", folder, str(port)]
    return Command(words=words, ready=f"http://127.0.0.1:{port}/")


def test_a_server_answers_inside_and_is_gone_outside(tmp_path: Path) -> None:
    port = free_port()
    with running(web_server(port, tmp_path), log=tmp_path / "log"):
        assert httpx.get(f"http://127.0.0.1:{port}/", trust_env=False).status_code == 200

    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{port}/", trust_env=False)


def test_a_server_that_dies_at_its_start_shows_its_log(tmp_path: Path) -> None:
    command = Command(words=[sys.executable, "-c", "raise SystemExit('no licence')"], ready="http://127.0.0.1:9/")

    with (
        pytest.raises(pytest.fail.Exception, match="exit code 1:\nno licence"),
        running(command, log=tmp_path / "log"),
    ):
        pass


@pytest.mark.parametrize("code", [SLEEPER, PARENT], ids=["process", "its child"])
def test_the_end_of_the_owner_is_the_end_of_the_command(code: str) -> None:
    with leashed(code) as process:
        process.communicate(timeout=15)

    assert process.returncode != 0


def test_the_end_of_the_leash_is_the_end_of_the_command() -> None:
    with leashed(SLEEPER) as process:
        process.send_signal(signal.SIGTERM)
        process.wait(15)
        assert process.stdout is not None
        os.set_blocking(process.stdout.fileno(), False)
        assert process.stdout.buffer.read() == b""  # None if a living command still held the pipe


def test_a_suite_without_its_servers_fails(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("SOME_PYTHON", raising=False)
    with pytest.raises(pytest.fail.Exception, match="SOME_PYTHON is not set: run `make test-some`"):
        python_named_by("SOME_PYTHON", target="test-some")

    monkeypatch.setenv("SOME_PYTHON", os.fspath(tmp_path / "python"))
    with pytest.raises(pytest.fail.Exception, match="which is not there"):
        python_named_by("SOME_PYTHON", target="test-some")
