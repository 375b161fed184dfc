"""A sandbox of these tests' own, and a run folder on it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from gateway_workbook import target as targets
from gateway_workbook.profile import load_profile
from gateway_workbook.run import Run
from tests.library.wire import PROJECT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gateway_workbook.target import Target

START_SECONDS = 30
_OURS = ("GATEWAY_", "SANDBOX_", "AZURE_", "IDENTITY_")


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The environment of a person who has nothing set; no test finds that person's own sandbox."""
    for name in os.environ:
        if name.startswith(_OURS) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("GATEWAY_WORKBOOK_SANDBOX", str(tmp_path / "no-sandbox"))


@pytest.fixture(scope="session")
def sandbox_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The state folder of a running sandbox."""
    folder = tmp_path_factory.mktemp("library-sandbox")
    command = [sys.executable, "-m", "foundry_sandbox", "--state", str(folder), "--port", "0", "--quiet"]
    with subprocess.Popen(command) as process:
        try:
            deadline = time.monotonic() + START_SECONDS
            while not (folder / "sandbox.json").exists():
                assert process.poll() is None, "the sandbox ended at its start"
                assert time.monotonic() < deadline, "the sandbox does not come up"
                time.sleep(0.05)
            yield folder
        finally:
            process.terminate()


@pytest.fixture
def sandbox(sandbox_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Target:
    """The running sandbox, found as a person's is."""
    monkeypatch.setenv("GATEWAY_WORKBOOK_SANDBOX", str(sandbox_folder))
    return targets.sandbox(start=False)


@pytest.fixture
def azure() -> Target:
    """A project on Azure; nothing is ever sent there."""
    return targets.azure(PROJECT)


@pytest.fixture
def run(tmp_path: Path, sandbox: Target) -> Run:
    """A run folder as notebook 00 makes it."""
    return Run.start(tmp_path / "run", profile=load_profile("apim-defaults"), target=sandbox, source="apim-defaults")
