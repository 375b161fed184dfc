"""A sandbox of the tests' own, found by the library as it finds a person's."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Iterator

# A busy machine is no failure, and the same commit is judged the same way twice.
settings.register_profile(
    "shared", deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("shared")
COMMAND = str(Path(sysconfig.get_path("scripts")) / "gateway-workbook")


@pytest.fixture(scope="session")
def sandbox_state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The state folder of a sandbox that the first run starts and that is stopped when the tests are done."""
    state = tmp_path_factory.mktemp("sandbox")
    yield state
    environment = os.environ | {"GATEWAY_WORKBOOK_SANDBOX": str(state)}
    subprocess.run([COMMAND, "sandbox", "--stop"], env=environment, check=True, capture_output=True)


@pytest.fixture(scope="session")
def environment(sandbox_state: Path) -> dict[str, str]:
    """The environment of a person who has nothing set but where the sandbox is."""
    ours = {"GATEWAY_WORKBOOK_SANDBOX": str(sandbox_state), "COLUMNS": "200"}
    secret = ("GATEWAY_", "SANDBOX_", "AZURE_", "IDENTITY_")
    return {name: value for name, value in os.environ.items() if not name.startswith(secret)} | ours


@pytest.fixture(scope="session")
def python() -> str:
    """The interpreter of this environment."""
    return sys.executable
