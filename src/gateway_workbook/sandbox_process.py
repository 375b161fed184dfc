"""Finds the running sandbox by the file it leaves in its state folder, or starts one as a process of its own.

The sandbox is another program: it is spoken to by command line, file and HTTP, never imported.
"""

from __future__ import annotations

__all__ = ["Descriptor", "find", "find_or_start", "state_folder", "stop"]

import json
import os
import signal
import ssl
import subprocess
import sys
import time
from pathlib import Path
from typing import Final, Self

import httpx
import platformdirs
import psutil
from pydantic import BaseModel, ConfigDict, Field

from gateway_workbook.errors import ServiceError, UsageError
from gateway_workbook.progress import Task

IDLE_SECONDS: Final = 1800
_START_SECONDS: Final = 30
_STOP_SECONDS: Final = 10
ALREADY_RUNNING: Final = 3


class Descriptor(BaseModel):
    """What a running sandbox says of itself in `sandbox.json`."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    version: str
    pid: int = Field(gt=0)
    url: str
    ca: str | None = None
    portal: str
    arm: str
    project_resource_id: str
    project_endpoint: str
    apim_resource_id: str
    environment: dict[str, str] = Field(default_factory=dict, repr=False)

    def without_secrets(self) -> Self:
        """The same without the environment, for storing."""
        return self.model_copy(update={"environment": {}})


def state_folder() -> Path:
    """Where this user's sandbox keeps its state: GATEWAY_WORKBOOK_SANDBOX, or the platform's folder for such things."""
    told = os.environ.get("GATEWAY_WORKBOOK_SANDBOX")
    return Path(told) if told else platformdirs.user_state_path("gateway-workbook") / "sandbox"


def find() -> Descriptor | None:
    """The running sandbox, or None when there is none that answers."""
    try:
        descriptor = Descriptor.model_validate(
            json.loads((state_folder() / "sandbox.json").read_text(encoding="utf-8"))
        )
    except (OSError, ValueError, RecursionError):
        return None  # none was started, or its file is damaged: then it is as good as none
    return descriptor if _answers(descriptor) else None


def find_or_start(*, start: bool = True) -> Descriptor:
    """The running sandbox, started when there is none and `start` allows it.

    Raises UsageError when there is none and none may be started, ServiceError when it does not come up.
    """
    found = find()
    if found:
        return found
    if not start:
        raise UsageError("no sandbox is running: start one with `gateway-workbook sandbox`")
    folder = state_folder()
    log = folder / "sandbox.log"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        output = log.open("wb")
    except OSError as error:
        raise UsageError(
            f"the sandbox cannot keep its state in {folder} ({error.strerror}): "
            "set GATEWAY_WORKBOOK_SANDBOX to a folder you may write to"
        ) from error
    with output:
        process = subprocess.Popen(  # noqa: S603  our own program, by this interpreter
            command("--idle-seconds", str(IDLE_SECONDS), "--quiet"),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            # A kernel's whole process group dies with it; the sandbox has to outlive the notebook that started it.
            start_new_session=True,
            creationflags=getattr(subprocess, "DETACHED_PROCESS", 0),
        )
    with Task("starting the sandbox", done="sandbox started"):
        return _wait(process, log)


def stop() -> bool:
    """Stop the running sandbox in order; False when there was none. Raises ServiceError when it does not end."""
    found = find()
    if found is None:
        return False
    try:
        os.kill(found.pid, signal.SIGTERM)
    except OSError as error:
        raise ServiceError(
            f"process {found.pid} of the sandbox cannot be ended ({error.strerror}): end it by hand"
        ) from error
    deadline = time.monotonic() + _STOP_SECONDS
    while _is_alive(found.pid):
        if time.monotonic() > deadline:
            raise ServiceError(
                f"the sandbox (process {found.pid}) did not stop within {_STOP_SECONDS} s: end it by hand"
            )
        time.sleep(0.05)
    return True


def _is_alive(pid: int) -> bool:
    # One that has ended stays in the table of processes until its parent asks; a notebook that started it never does.
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def command(*options: str) -> list[str]:
    """The command line that starts the sandbox on this user's state folder."""
    return [sys.executable, "-m", "foundry_sandbox", "--state", str(state_folder()), *options]


def _wait(process: subprocess.Popen[bytes], log: Path) -> Descriptor:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        found = find()
        if found:
            process.returncode = 0  # it is meant to outlive this one, which Popen would warn about
            return found
        # Two notebooks may start one at the same moment: the second process leaves, the first one is found.
        if process.poll() not in (None, ALREADY_RUNNING):
            raise UsageError(f"the sandbox stopped at its start: {_last_words(log)}")
        time.sleep(0.05)
    raise ServiceError(f"the sandbox did not answer within {_START_SECONDS} s: see {log}")


def _last_words(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1] if lines else f"exit without a word; see {log}"


def _answers(descriptor: Descriptor) -> bool:
    try:
        verify = ssl.create_default_context(cafile=descriptor.ca) if descriptor.ca else True
        return (
            httpx.get(f"{descriptor.url}/sandbox", timeout=5, verify=verify, trust_env=False).status_code
            == httpx.codes.OK
        )
    except (httpx.HTTPError, httpx.InvalidURL, OSError):
        return False
