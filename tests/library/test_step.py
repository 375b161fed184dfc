"""A notebook at work, in a real IPython shell."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from gateway_workbook.errors import CheckpointFailed, UsageError
from gateway_workbook.run import STEPS, Run
from gateway_workbook.step import Step, unknown_parameter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gateway_workbook.target import Target

BEGIN = "from gateway_workbook import Step\nstep = Step.begin('05_clean_up', run_dir)"


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[InteractiveShell]:
    """A shell as a kernel has one, that keeps nothing."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor"
    InteractiveShell.clear_instance()
    made = InteractiveShell.instance(config=config)
    yield made
    made.restore_sys_module_state()
    InteractiveShell.clear_instance()


def cells(shell: InteractiveShell, *sources: str) -> None:
    for source in sources:
        shell.run_cell(source, store_history=True)


def state(run: Run, step: str = "05_clean_up") -> tuple[str, str]:
    record = run.step(step)
    assert record is not None
    return record.state, record.found


def test_a_step_that_begins_is_running_and_one_that_holds_has_passed(
    shell: InteractiveShell, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    cells(shell, f"run_dir = {str(run.folder)!r}", BEGIN)
    assert state(run) == ("running", "")
    cells(shell, "step.checkpoint(holds=True, found='all gone')")
    assert state(run) == ("passed", "all gone")
    assert "✓ 05_clean_up: all gone" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("statement", "outcome"),
    [
        ("step.checkpoint(holds=False, found='unused', otherwise='1 is left')", ("failed", "1 is left")),
        ("step.checkpoint(holds=False, found='only this')", ("failed", "only this")),
        ("from gateway_workbook.errors import *; raise UsageError('mend this')", ("refused", "mend this")),
        ("from gateway_workbook.errors import *; raise ServiceError('it said no')", ("failed", "it said no")),
        ("1 / 0", ("broken", "ZeroDivisionError: division by zero")),
        ("raise KeyboardInterrupt", ("broken", "interrupted: run this cell again")),
    ],
)
def test_a_cell_that_raises_is_noted_as_what_it_is(
    statement: str, outcome: tuple[str, str], shell: InteractiveShell, run: Run
) -> None:
    cells(shell, f"run_dir = {str(run.folder)!r}", BEGIN, statement)
    assert state(run) == outcome


def test_a_mended_cell_passes_afterwards(shell: InteractiveShell, run: Run) -> None:
    cells(shell, f"run_dir = {str(run.folder)!r}", BEGIN, "undefined_name")
    assert state(run)[0] == "broken"
    cells(shell, "step.checkpoint(holds=True, found='mended')")
    assert state(run) == ("passed", "mended")


def test_the_newest_step_alone_hears_of_failures(shell: InteractiveShell, run: Run) -> None:
    cells(shell, f"run_dir = {str(run.folder)!r}", BEGIN, "step.checkpoint(holds=True, found='first')")
    Step("00_start_here", run)
    cells(shell, "1 / 0")
    assert state(run) == ("passed", "first")
    assert state(run, "00_start_here")[0] == "broken"


def test_a_persons_mistake_shows_its_sentence_and_no_traceback(
    shell: InteractiveShell, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    cells(shell, "from gateway_workbook import load_profile", "load_profile('nope')")
    shown = "".join(capsys.readouterr())
    assert "UsageError: no profile 'nope' (looked for" in shown
    assert "Traceback" not in shown
    assert "File " not in shown
    cells(shell, f"run_dir = {str(run.folder)!r}", BEGIN, "step.checkpoint(holds=False, found='1 is left')")
    assert "CheckpointFailed: 1 is left" in "".join(capsys.readouterr())


def test_an_injected_parameter_that_nobody_declares_is_refused(
    shell: InteractiveShell, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    cells(
        shell,
        'run_dir: str = "runs/x"\nmost: int = 20\nonly = []',
        f"# Parameters\nrun_dir = {str(run.folder)!r}\nmsot = 3\n",
        BEGIN,
    )
    assert "UsageError: unknown parameter 'msot': did you mean most?" in "".join(capsys.readouterr())
    assert run.step("05_clean_up") is None


def test_injected_parameters_that_are_declared_are_taken(shell: InteractiveShell, run: Run) -> None:
    cells(
        shell,
        '# a first cell of prose\nrun_dir: str = "runs/x"\na = b = 1\n',
        f"# Parameters\nrun_dir = {str(run.folder)!r}\na = 2\nb = 3\n",
        BEGIN,
    )
    assert state(run)[0] == "running"


def test_without_a_shell_a_step_works_too(run: Run) -> None:
    step = Step.begin("05_clean_up", run.folder)
    with pytest.raises(CheckpointFailed, match="no"):
        step.checkpoint(holds=False, found="no")
    assert state(run) == ("failed", "no")


def test_a_notebook_opened_too_early_is_refused_except_cleaning_up(run: Run) -> None:
    for name in STEPS[1:-1]:
        with pytest.raises(UsageError, match=r"run 00_start_here\.ipynb first"):
            Step.begin(name, run.folder)
    Step.begin(STEPS[-1], run.folder).checkpoint(holds=True, found="nothing to do")


def test_a_run_starts_on_the_sandbox(sandbox: Target, tmp_path: Path) -> None:
    step = Step.start(tmp_path / "new", profile="modelgateway-oauth2", target="sandbox")
    assert step.target == sandbox
    assert step.run.profile().connection_name == "sandbox-oauth2"
    assert state(step.run, "00_start_here")[0] == "running"


@pytest.mark.parametrize(
    ("profile", "target", "message"),
    [
        ("nope", "sandbox", "no profile 'nope'"),
        ("apim-defaults", "mars", "no target 'mars': write sandbox or azure"),
        ("apim-defaults", "azure", "no Foundry project: write projectResourceId"),
    ],
)
def test_what_cannot_start_leaves_no_folder(profile: str, target: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=message):
        Step.start(tmp_path / "new", profile=profile, target=target)
    assert not (tmp_path / "new").exists()


def test_a_sandbox_profile_does_not_start_on_azure(tmp_path: Path) -> None:
    path = tmp_path / "profile.yaml"
    ids = "/subscriptions/1/resourceGroups/r/providers/Microsoft.CognitiveServices/accounts/a/projects/p"
    path.write_text(
        f"category: ModelGateway\nconnectionName: abc\ntargetUrl: sandbox://static/v1\nauthType: ApiKey\n"
        f"apiKey: env:K\nprojectResourceId: {ids}\n"
        "staticModels: [{name: m, properties: {model: {name: m}}}]\n"
    )
    with pytest.raises(UsageError, match="exists in the sandbox only"):
        Step.start(tmp_path / "new", profile=str(path), target="azure")


def test_the_clients_of_a_step_are_closed_at_its_checkpoint(run: Run) -> None:
    step = Step.begin("05_clean_up", run.folder)
    http = step.http
    assert step.http is http
    step.checkpoint(holds=True, found="done")
    assert http.is_closed
    assert step.http is not http
    step.checkpoint(holds=True, found="done again")


def test_a_step_keeps_the_environment(run: Run) -> None:
    before = dict(os.environ)
    Step.begin("05_clean_up", run.folder).checkpoint(holds=True, found="done")
    assert dict(os.environ) == before


def test_an_unknown_parameter_names_the_nearest_or_all() -> None:
    assert (
        unknown_parameter("runn_dir", {"run_dir": "", "most": 1})
        == "unknown parameter 'runn_dir': did you mean run_dir?"
    )
    assert unknown_parameter("zzz", {"run_dir": "", "most": 1}) == "unknown parameter 'zzz': there is most, run_dir"
