"""One sandbox per state folder: who holds it, and the descriptor that tells others where it is."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from foundry_sandbox import __version__, azure

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from foundry_sandbox.state import State

DESCRIPTOR = "sandbox.json"


class AlreadyRunningError(Exception):
    """Another process holds the state folder; the message says where it is."""


@dataclass(frozen=True, kw_only=True)
class Descriptor:
    """What `sandbox.json` says; it holds secrets, so its file is for its owner only."""

    version: str
    pid: int
    url: str
    ca: str | None
    portal: str
    arm: str
    project_resource_id: str
    project_endpoint: str
    apim_resource_id: str
    environment: Mapping[str, str]


@contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Hold the folder for this process until the block ends or the process dies, however it dies.

    Raises AlreadyRunningError. The lock is SQLite's, which every platform has; a dead process leaves none.
    """
    path = folder / "lock.sqlite3"
    path.touch(mode=0o600)
    lock = sqlite3.connect(path, timeout=0, isolation_level=None)
    try:
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            raise AlreadyRunningError(_whereabouts(folder)) from error
        (folder / DESCRIPTOR).unlink(missing_ok=True)
        yield
    finally:
        lock.close()


def describe(state: State, *, ca: Path | None) -> Descriptor:
    """Describe the running sandbox."""
    return Descriptor(
        version=__version__,
        pid=os.getpid(),
        url=state.url,
        ca=None if ca is None else str(ca),
        portal=f"{state.url}/",
        arm=state.url,
        project_resource_id=azure.PROJECT_ID,
        project_endpoint=f"{state.url}{azure.PROJECT_PATH}",
        apim_resource_id=azure.SERVICE_ID,
        environment={
            "IDENTITY_ENDPOINT": f"{state.url}/msi/token",
            "IDENTITY_HEADER": state.identity_header,
            "SANDBOX_API_KEY": state.api_key,
            "SANDBOX_CLIENT_SECRET": state.client_secret,
        },
    )


@contextmanager
def published(descriptor: Descriptor, *, folder: Path) -> Iterator[None]:
    """Keep the descriptor in the folder while the block runs; it appears whole or not at all."""
    write_private(folder / f"{DESCRIPTOR}.new", json.dumps(asdict(descriptor), indent=2).encode())
    (folder / f"{DESCRIPTOR}.new").replace(folder / DESCRIPTOR)
    try:
        yield
    finally:
        (folder / DESCRIPTOR).unlink(missing_ok=True)


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read, from its first byte on."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)


def _whereabouts(folder: Path) -> str:
    with suppress(OSError, ValueError, KeyError):
        running = json.loads((folder / DESCRIPTOR).read_text(encoding="utf-8"))
        return f"a sandbox runs on {folder} already: {running['url']} (process {running['pid']})"
    return f"another sandbox is starting or stopping on {folder}: try again in a moment"
