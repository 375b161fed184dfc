"""Finding, starting and stopping the sandbox, also when files lie about it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from gateway_workbook import sandbox_process
from gateway_workbook.errors import ServiceError, UsageError
from tests.library.wire import server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway_workbook.target import Target

START = "from gateway_workbook.sandbox_process import find_or_start; print(find_or_start().pid)"
DESCRIPTOR: dict[str, Any] = {
    "version": "0",
    "pid": 1,
    "url": "http://127.0.0.1:9",
    "ca": None,
    "portal": "http://127.0.0.1:9/",
    "arm": "http://127.0.0.1:9",
    "project_resource_id": "/x",
    "project_endpoint": "http://127.0.0.1:9/api/projects/workshop",
    "apim_resource_id": "/y",
    "environment": {"SANDBOX_API_KEY": "swordfish"},
}


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A state folder without a sandbox; whatever runs on it afterwards is stopped."""
    folder = tmp_path / "state"
    folder.mkdir()
    monkeypatch.setenv("GATEWAY_WORKBOOK_SANDBOX", str(folder))
    yield folder
    sandbox_process.stop()


def start() -> int:
    """Start from a process of its own, as a notebook's kernel does; gives the sandbox's process id."""
    done = subprocess.run([sys.executable, "-c", START], capture_output=True, text=True, check=True, timeout=60)
    return int(done.stdout)


def test_the_state_folder_is_told_or_the_platforms(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GATEWAY_WORKBOOK_SANDBOX", str(tmp_path))
    assert sandbox_process.state_folder() == tmp_path
    assert str(tmp_path) in sandbox_process.command()
    monkeypatch.delenv("GATEWAY_WORKBOOK_SANDBOX")
    assert sandbox_process.state_folder().name == "sandbox"
    assert "gateway-workbook" in sandbox_process.state_folder().parts


def test_where_there_is_none_none_is_found(state: Path) -> None:
    assert sandbox_process.find() is None
    assert sandbox_process.stop() is False
    with pytest.raises(UsageError, match="no sandbox is running: start one with `gateway-workbook sandbox`"):
        sandbox_process.find_or_start(start=False)
    assert list(state.iterdir()) == []


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "null", "5", json.dumps({"pid": 1}), json.dumps(DESCRIPTOR), '{"pid": "x"}']
)
def test_a_stale_or_damaged_descriptor_is_no_sandbox(content: str, state: Path) -> None:
    (state / "sandbox.json").write_text(content)
    assert sandbox_process.find() is None
    assert sandbox_process.stop() is False


def test_another_program_on_its_port_is_no_sandbox(state: Path) -> None:
    with server(lambda *_: (404, {}, b"")) as url:
        (state / "sandbox.json").write_text(json.dumps(DESCRIPTOR | {"url": url}))
        assert sandbox_process.find() is None


def test_the_running_one_is_found_and_not_started_again(sandbox: Target) -> None:
    found = sandbox_process.find_or_start()
    assert found == sandbox.descriptor
    assert sandbox_process.find_or_start(start=False) == found


def test_a_descriptor_does_not_show_its_secrets(sandbox: Target) -> None:
    assert sandbox.descriptor is not None
    secret = sandbox.descriptor.environment["SANDBOX_API_KEY"]
    assert secret not in f"{sandbox.descriptor!r} {sandbox.descriptor}"
    assert sandbox.descriptor.without_secrets().environment == {}


@pytest.mark.usefixtures("state")
def test_two_starters_at_once_end_with_one_sandbox_that_outlives_them() -> None:
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: start(), range(2))
    assert first == second
    found = sandbox_process.find()
    assert found is not None
    assert found.pid == first
    assert sandbox_process.stop() is True
    assert sandbox_process.find() is None
    assert start() != first, "it starts again at once"


def test_a_sandbox_that_cannot_start_says_in_its_own_words_why(state: Path) -> None:
    (state / "sandbox.sqlite3").mkdir()
    for path in ("state.sqlite3", "lock.sqlite3"):
        (state / path).mkdir()
    done = subprocess.run([sys.executable, "-c", START], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert "the sandbox stopped at its start: the state in " in done.stderr
    assert "take another --state folder" in done.stderr
    assert (state / "sandbox.log").stat().st_size > 0


@pytest.mark.usefixtures("state")
def test_a_sandbox_is_stopped_while_the_notebook_that_started_it_goes_on() -> None:
    started = sandbox_process.find_or_start()
    command = [str(Path(sys.executable).with_name("gateway-workbook")), "sandbox", "--stop"]
    stopped = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (stopped.returncode, stopped.stdout) == (0, "stopped\n"), stopped.stderr
    assert os.waitpid(started.pid, 0)[0] == started.pid


def test_a_sandbox_that_does_not_end_is_named(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox_process, "_STOP_SECONDS", 0.2)
    with (
        subprocess.Popen(
            [sys.executable, "-c", "import signal; signal.signal(15, signal.SIG_IGN); print(); signal.pause()"],
            stdout=subprocess.PIPE,
        ) as deaf,
        server(lambda *_: (200, {}, b"{}")) as url,
    ):
        assert deaf.stdout is not None
        deaf.stdout.readline()
        (state / "sandbox.json").write_text(json.dumps(DESCRIPTOR | {"url": url, "pid": deaf.pid}))
        with pytest.raises(ServiceError, match=rf"process {deaf.pid}\) did not stop within 0.2 s: end it by hand"):
            sandbox_process.stop()
        deaf.kill()
    (state / "sandbox.json").unlink()
    assert os.path.isdir(state)  # noqa: PTH112  still the person's own
