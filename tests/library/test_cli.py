"""The command line as people meet it: one sentence for a mistake, and quick to show its help."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import sysconfig
import time
from importlib.metadata import version
from pathlib import Path

import pytest

COMMAND = str(Path(sysconfig.get_path("scripts")) / "gateway-workbook")
HEAVY = ("azure.ai.projects", "azure.identity", "openai", "papermill", "pandas", "matplotlib", "ipywidgets", "IPython")


def call(*words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"COLUMNS": "200", "NO_COLOR": "1"}
    return subprocess.run(
        [COMMAND, *words], capture_output=True, text=True, check=False, timeout=60, cwd=cwd, env=environment
    )


def test_the_version_is_the_packages() -> None:
    done = call("--version")
    assert (done.returncode, done.stdout.strip()) == (0, version("gateway-workbook"))


@pytest.mark.parametrize("words", [("--help",), ("run", "--help"), ("sandbox", "--help")])
def test_help_says_what_there_is(words: tuple[str, ...]) -> None:
    done = call(*words)
    assert done.returncode == 0
    assert "Usage: gateway-workbook" in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize(
    "statement",
    [
        "import gateway_workbook",
        "import gateway_workbook.cli",
        "from gateway_workbook.cli import app; app(['run', '--help'], standalone_mode=False)",
    ],
)
def test_nothing_heavy_is_imported_for_it(statement: str) -> None:
    shown = f"import sys; print('HEAVY', *[name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", f"{statement}\n{shown}"], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.splitlines()[-1] == "HEAVY"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("run", "-p", "msot=3"), "unknown parameter 'msot': did you mean most?"),
        (("run", "-p", "most"), "-p most has no value: write -p most=VALUE"),
        (("run", "-p", "most=many"), "parameter 'most' takes a whole number such as 20, not 'many'"),
        (("run", "-p", "profile=x"), "'profile' has an option of its own: write --profile"),
        (("run", "--profile", "nope"), "no profile 'nope' (looked for "),
        (("run", "--profile", "[red]x[/red]"), "no profile '[red]x[/red]'"),
        (("triage", "nosuch"), "no run folder nosuch: it is not there; give the one that `gateway-workbook run` told"),
        (("clean-up", "nosuch"), "no run folder nosuch: it is not there"),
        (("clean-up", "."), "no run folder .: it holds no run"),
    ],
)
def test_a_mistake_is_one_sentence_and_exit_code_2(words: tuple[str, ...], sentence: str, tmp_path: Path) -> None:
    done = call(*words, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith(sentence)
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert list(tmp_path.iterdir()) == [], "nothing was begun"


def test_a_bad_profile_names_every_problem(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("category: ModelGateway\nconnectionName: x\ntargetUrl: YOUR-URL\napiKey: sk-swordfish\n")
    done = call("run", "--profile", str(path), cwd=tmp_path)
    assert done.returncode == 2
    assert "problems\n" in done.stderr
    for place in ("line 2, connectionName", "line 3, targetUrl", "line 4, apiKey", "authType: missing", "staticModels"):
        assert place in done.stderr
    assert "swordfish" not in done.stderr + done.stdout


@pytest.mark.parametrize("words", [("walk",), ("run", "--porfile", "x"), ("sandbox", "--port", "many")])
def test_an_unknown_word_is_exit_code_2(words: tuple[str, ...]) -> None:
    done = call(*words)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_a_sandbox_is_started_and_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_WORKBOOK_SANDBOX", str(tmp_path))
    assert call("sandbox", "--stop").stdout == "no sandbox was running\n"
    with subprocess.Popen([COMMAND, "sandbox", "--port", "0"], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert "The sandbox listens at http://127.0.0.1:" in process.stdout.readline()
            second = call("sandbox", "--port", "0")
            assert second.returncode == 2
            assert "a sandbox runs on" in second.stderr
            assert call("sandbox", "--stop").stdout == "stopped\n"
            assert process.wait(timeout=10) == 0
        finally:
            process.kill()


def test_ctrl_c_closes_the_sandbox_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_WORKBOOK_SANDBOX", str(tmp_path))
    with subprocess.Popen(
        [COMMAND, "sandbox", "--port", "0"], stdout=subprocess.PIPE, start_new_session=True, text=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(timeout=10) in (0, 130)
    deadline = time.monotonic() + 5
    while (tmp_path / "sandbox.json").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
