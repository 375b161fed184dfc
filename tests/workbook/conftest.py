"""Running the workbook as people do: its command line, plain papermill, and a notebook's own folder."""

from __future__ import annotations

import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import COMMAND

if TYPE_CHECKING:
    from collections.abc import Mapping

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
LIMIT_SECONDS = 300


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a command left: its exit code, what it printed, and the run folder."""

    code: int
    output: str
    folder: Path

    def states(self) -> dict[str, str]:
        """The verdict of every notebook that left one."""
        records = [json.loads(path.read_text()) for path in sorted((self.folder / "steps").glob("*.json"))]
        return {record["step"]: record["state"] for record in records}

    def found(self, step: str) -> str:
        return str(json.loads((self.folder / "steps" / f"{step}.json").read_text())["found"])

    def cases(self) -> dict[str, str]:
        """JUnit's cases, each passed, failure, error or skipped."""
        cases = ET.parse(self.folder / "junit.xml").getroot().iter("testcase")  # noqa: S314  written by the run itself
        return {f"{case.get('classname')}:{case.get('name')}": next((c.tag for c in case), "passed") for case in cases}

    def ledger(self) -> list[tuple[str, str]]:
        lines = (self.folder / "ledger.jsonl").read_text().splitlines()
        return [(entry["state"], entry["kind"]) for entry in map(json.loads, lines)]


@dataclass(frozen=True)
class Workbook:
    """The command line and papermill, with one environment, on one run folder."""

    environment: Mapping[str, str]
    folder: Path

    def run(self, *words: str, folder: Path | None = None) -> Outcome:
        """`gateway-workbook run`."""
        where = folder or self.folder
        return self._call([COMMAND, "run", "--run-dir", str(where), *words], where)

    def command(self, *words: str) -> Outcome:
        """Any other command on the run folder."""
        return self._call([COMMAND, *words], self.folder)

    def papermill(self, notebook: str, *words: str, folder: Path | None = None) -> Outcome:
        """Plain papermill on one notebook, without our command line."""
        where = folder or self.folder
        output = str(self.folder.parent / f"{notebook}.out.ipynb")
        command = [sys.executable, "-m", "papermill", str(NOTEBOOKS / f"{notebook}.ipynb"), output]
        return self._call([*command, "-p", "run_dir", str(where), *words, "--no-progress-bar"], where)

    def _call(self, command: list[str], folder: Path) -> Outcome:
        done = subprocess.run(
            command,
            env=dict(self.environment),
            cwd=self.folder.parent,
            capture_output=True,
            text=True,
            timeout=LIMIT_SECONDS,
            check=False,
        )
        return Outcome(code=done.returncode, output=done.stdout + done.stderr, folder=folder)


@pytest.fixture
def workbook(environment: dict[str, str], tmp_path: Path) -> Workbook:
    return Workbook(environment, tmp_path / "run")


@pytest.fixture
def profile(tmp_path: Path) -> Any:
    """Writes a profile: a ready one with some fields changed."""
    import yaml

    def write(ready: str, **changes: object) -> str:
        data = yaml.safe_load((NOTEBOOKS / "gateways" / f"{ready}.yaml").read_text(encoding="utf-8"))
        path = tmp_path / "profile.yaml"
        path.write_text(yaml.safe_dump(data | changes), encoding="utf-8")
        return str(path)

    return write
