"""The real Azure CLI, pointed at a sandbox by its own commands: a cloud, one login, a folder for its files."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.sandbox.conftest import Running

SECONDS: Final = 120
TENANT: Final = "00000000-0000-0000-0000-000000000000"
GROUP: Final = ("--resource-group", "sandbox")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a command said, and how it ended."""

    exit_code: int
    output: str
    errors: str

    def json(self) -> Any:
        """The output as data; fails with all that was said unless the command ended well."""
        if self.exit_code:
            pytest.fail(f"az ended with {self.exit_code}\n{self.output}\n{self.errors}", pytrace=False)
        return json.loads(self.output) if self.output.strip() else None


@dataclass(frozen=True, kw_only=True)
class AzureCli:
    """`az`, logged in to a sandbox; `folder` holds what it keeps between commands."""

    bin: Path
    sandbox: Running = field(repr=False)
    folder: Path

    def __call__(self, *words: str | Path, given: str = "") -> Answer:
        """Run one command; `given` is its standard input."""
        return self._run([str(self.bin / "az"), *map(str, words)], given=given)

    def script(self, text: str, **variables: str) -> Answer:
        """Run lines for a shell, as `export` prints them."""
        return self._run(["sh", "-c", text], variables=variables)

    @property
    def environment(self) -> Mapping[str, str]:
        """Nothing of the developer's own: no login, no cloud, no defaults."""
        path = os.pathsep.join([str(self.bin), os.environ["PATH"]])
        return {
            "PATH": path,
            "HOME": str(self.folder),
            "TMPDIR": str(self.folder),
            "AZURE_CONFIG_DIR": str(self.folder / "azure"),
            "AZURE_CORE_COLLECT_TELEMETRY": "false",
            "AZURE_CORE_INSTANCE_DISCOVERY": "false",
            "AZURE_CORE_NO_COLOR": "true",
            "AZURE_CORE_SURVEY_MESSAGE": "false",
            "PYTHONDONTWRITEBYTECODE": "1",
            "REQUESTS_CA_BUNDLE": str(self.sandbox.descriptor["ca"]),
        }

    def log_in(self) -> None:
        """Register the sandbox as a cloud and log in; the secret goes over standard input."""
        login = ("login", "--service-principal", "--username", "sp", "--password", "@-", "--tenant", TENANT)
        for answer in (
            self("cloud", "register", "--name", "Sandbox", "--endpoint-resource-manager", self.sandbox.url),
            self("cloud", "set", "--name", "Sandbox"),
            self(*login, given=self.sandbox.client_secret),
        ):
            answer.json()

    def _run(self, words: list[str], *, given: str = "", variables: Mapping[str, str] | None = None) -> Answer:
        done = subprocess.run(
            words,
            env={**self.environment, **(variables or {})},
            cwd=self.folder,
            input=given,
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
        )
        return Answer(exit_code=done.returncode, output=done.stdout, errors=done.stderr)
