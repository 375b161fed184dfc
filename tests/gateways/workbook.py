"""The whole workbook, run headless as a person would, and the sandbox it runs on."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import xml.etree.ElementTree as ET
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import yaml

from .server import Command, Server, environment_without, free_port, running

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

AGENT_SERVICE = "foundry-sandbox-agent-service/0.1"
COMMAND = Path(sysconfig.get_path("scripts"), "gateway-workbook")
NOTEBOOKS = 6
RUN_SECONDS = 300


@dataclass(frozen=True, kw_only=True)
class Sandbox(Server):
    state: Path

    def requests(self, gateway: str) -> list[dict[str, Any]]:
        answer = httpx.get(f"{self.url}/sandbox/gateways/{gateway}/requests", trust_env=False).raise_for_status()
        return list(answer.json()["value"])


@contextmanager
def running_sandbox(state: Path, *, upstreams: Mapping[str, str] | None = None) -> Iterator[Sandbox]:
    """A sandbox of our own: the one that `run` starts by itself would outlive the tests."""
    port = free_port()
    sandbox = Sandbox(url=f"http://127.0.0.1:{port}", key="", log=state / "test.log", state=state)
    words = [sys.executable, "-m", "foundry_sandbox", "--state", state, "--port", str(port)]
    for name, url in (upstreams or {}).items():
        words += ["--upstream", f"{name}={url}"]
    with running(Command(words=words, ready=f"{sandbox.url}/sandbox"), log=sandbox.log):
        yield sandbox


@dataclass(frozen=True, kw_only=True)
class Run:
    """What a run left behind: exit code, output, and the run folder."""

    exit_code: int
    output: str
    folder: Path

    def verdicts(self) -> dict[str, str]:
        """JUnit's cases by name, each with passed, failure, error or skipped."""
        cases = ET.parse(self.folder / "junit.xml").getroot().iter("testcase")  # noqa: S314  written by the run itself
        return {f"{case.get('classname')}.{case.get('name')}": _verdict(case) for case in cases}

    def files_with(self, secret: str) -> list[Path]:
        files = (path for path in self.folder.rglob("*") if path.is_file())
        return [path for path in files if secret.encode() in path.read_bytes()]


@dataclass(frozen=True, kw_only=True)
class Workbook:
    """Files of one run, kept in one folder."""

    sandbox: Sandbox
    folder: Path

    def run(self, profile: Mapping[str, Any], *, suite: Mapping[str, Any], **secrets: str) -> Run:
        run = self.folder / "run"
        words = [COMMAND, "run", "--profile", self._write("profile", profile), "--target", "sandbox"]
        words += ["--run-dir", run, "-p", f"suite={self._write('suite', suite)}"]
        environment = environment_without("GATEWAY_", GATEWAY_WORKBOOK_SANDBOX=str(self.sandbox.state), **secrets)
        done = subprocess.run(
            [str(word) for word in words],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=RUN_SECONDS,
        )
        return Run(exit_code=done.returncode, output=done.stdout, folder=run)

    def _write(self, name: str, data: Mapping[str, Any]) -> Path:
        path = self.folder / f"{name}.yaml"
        path.write_text(yaml.safe_dump(dict(data), sort_keys=False), encoding="utf-8")
        return path


def assert_green(run: Run, *, suite: Mapping[str, Any]) -> None:
    """Every notebook passed, and every prompt on both routes: by the gateway and by the agent."""
    assert run.exit_code == 0, run.output
    verdicts = run.verdicts()
    assert set(verdicts.values()) == {"passed"}, verdicts
    routes = (f"{suite['name']}.{route}" for route in ("gateway", "agent"))
    expected = {f"{route}.{prompt['name']}" for route in routes for prompt in suite["prompts"]}
    assert {name for name in verdicts if not name.startswith("steps.")} == expected
    assert len([name for name in verdicts if name.startswith("steps.")]) == NOTEBOOKS
    assert (run.folder / "report.html").stat().st_size > 0


def _verdict(case: ET.Element) -> str:
    return next((mark for mark in ("failure", "error", "skipped") if case.find(mark) is not None), "passed")


def static_model(deployment: str, *, model: str, version: str, form: str = "OpenAI") -> dict[str, Any]:
    return {"name": deployment, "properties": {"model": {"name": model, "version": version, "format": form}}}
