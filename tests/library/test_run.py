"""The run folder: whole files, the notebook to run first, and no run taken over that still owns something."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gateway_workbook.discovery import Discovered
from gateway_workbook.errors import UsageError
from gateway_workbook.profile import load_profile
from gateway_workbook.run import (
    STEPS,
    AgentRecord,
    ConnectionRecord,
    Run,
    RunInfo,
    State,
    StepRecord,
    run_folder,
    write_text,
)
from gateway_workbook.tools import load_tools
from tests.library.wire import connection, profile

if TYPE_CHECKING:
    from pydantic import BaseModel

    from gateway_workbook.target import Target


NOW = datetime(2026, 10, 5, 9, 30, tzinfo=UTC)


def record(step: str, state: State = "passed", found: str = "") -> StepRecord:
    return StepRecord(step=step, state=state, started=NOW, finished=NOW, found=found)


def started(folder: Path, target: Target) -> Run:
    return Run.start(folder, profile=profile(), target=target, source="a profile")


def test_a_run_begins_with_its_facts_and_its_profile(tmp_path: Path, azure: Target) -> None:
    run = started(tmp_path / "run", azure)
    info = Run.open(tmp_path / "run").info()
    assert (info.target, info.profile_source, info.form) == (azure, "a profile", 1)
    assert {"python", "azure-ai-projects", "papermill"} <= set(info.versions)
    assert run.profile() == profile()
    assert run.target() == azure


def test_a_runs_folder_is_its_owners_and_holds_no_secret(run: Run, sandbox: Target) -> None:
    assert sandbox.descriptor is not None
    assert run.folder.stat().st_mode & 0o077 == 0
    for path in filter(Path.is_file, run.folder.rglob("*")):
        assert path.stat().st_mode & 0o077 == 0
        assert not [secret for secret in sandbox.descriptor.environment.values() if secret in path.read_text()]
    assert run.target() == sandbox, "the sandbox's secrets are read again where they are needed"


def test_starting_again_keeps_the_runs_name(tmp_path: Path, azure: Target) -> None:
    first = started(tmp_path / "run", azure).info()
    second = started(tmp_path / "run", azure).info()
    assert second.id == first.id
    assert second.created >= first.created
    assert started(tmp_path / "other", azure).info().id != first.id


def test_what_a_run_owns_is_not_left_behind_in_another_project(tmp_path: Path, azure: Target, sandbox: Target) -> None:
    run = started(tmp_path / "run", azure)
    with run.ledger.creating("connection", "contoso"):
        pass
    mend = f"gateway-workbook clean-up {run.folder} first, or take another run folder"
    with pytest.raises(UsageError, match=f"still owns connection contoso in another project: {mend}"):
        started(tmp_path / "run", sandbox)
    assert run.info().target == azure
    assert started(tmp_path / "run", azure).info().target == azure
    run.ledger.removed("connection", "contoso")
    assert started(tmp_path / "run", sandbox).info().target.kind == "sandbox"


def test_what_a_run_owns_is_not_taken_over_by_another_profile(tmp_path: Path, azure: Target) -> None:
    run = started(tmp_path / "run", azure)
    other = profile(connectionName="fabrikam")
    with run.ledger.creating("connection", "contoso"), run.ledger.creating("agent", "contoso-agent"):
        pass
    with pytest.raises(UsageError, match="still owns agent contoso-agent, connection contoso of another profile: "):
        Run.start(run.folder, profile=other, target=azure, source="other")
    assert run.profile() == profile()
    started(run.folder, azure)
    run.ledger.removed("agent", "contoso-agent")
    run.ledger.removed("connection", "contoso")
    assert Run.start(run.folder, profile=other, target=azure, source="other").profile() == other


def test_an_empty_folder_says_which_notebook_comes_first(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"has no run.json yet: run 00_start_here.ipynb first, with the same run_dir"):
        Run.open(tmp_path)


@pytest.mark.parametrize(
    ("have", "kind", "first"),
    [
        ([], AgentRecord, "01_create_connections"),
        (["connection.json"], AgentRecord, "02_discover_models"),
        (["connection.json", "models.json"], AgentRecord, "03_deploy_agent"),
        ([], ConnectionRecord, "01_create_connections"),
        (["connection.json"], Discovered, "02_discover_models"),
    ],
)
def test_the_first_notebook_that_is_missing_is_named(
    have: list[str], kind: type[BaseModel], first: str, tmp_path: Path, azure: Target
) -> None:
    run = started(tmp_path / "run", azure)
    for name in have:
        (run.folder / name).write_text("{}")
    with pytest.raises(UsageError, match=f"run {first}.ipynb first"):
        run.read(kind)


def test_records_come_back_as_they_were(tmp_path: Path, azure: Target) -> None:
    run = started(tmp_path / "run", azure)
    made = run.connection_made(connection(), ("created", ()), findings=(), resources=[{"name": "contoso"}])
    deployed = run.agent_deployed(
        ("created", "1"), name="contoso-agent", model="contoso/meta/llama-3", tools=load_tools("function")
    )
    assert Run.open(run.folder).read(ConnectionRecord) == made
    assert Run.open(run.folder).read(AgentRecord) == deployed
    assert deployed.deployment == "meta/llama-3"
    assert run.read_if_there(Discovered) is None


@pytest.mark.parametrize("damage", ["", "{", '{"name": 5}', "[]", "null", "\x00"])
def test_a_damaged_file_says_which_notebook_writes_it(damage: str, tmp_path: Path, azure: Target) -> None:
    run = started(tmp_path / "run", azure)
    (run.folder / "agent.json").write_text(damage)
    with pytest.raises(
        UsageError, match=r"agent.json is damaged or of another version: run 03_deploy_agent.ipynb again"
    ):
        run.read(AgentRecord)


def test_a_folder_of_another_version_is_refused(tmp_path: Path, azure: Target) -> None:
    run = started(tmp_path / "run", azure)
    data = json.loads((run.folder / "run.json").read_text())
    (run.folder / "run.json").write_text(json.dumps(data | {"form": 2}))
    with pytest.raises(
        UsageError, match=r"written by another version \(form 2, this one reads 1\): start a new run_dir"
    ):
        Run.open(run.folder)


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file.json"
    write_text(path, "first")
    with pytest.raises(UnicodeEncodeError):
        write_text(path, "second \ud800")
    assert path.read_text() == "first"
    assert list(path.parent.iterdir()) == [path]
    assert path.stat().st_mode & 0o077 == 0


def test_a_reader_never_sees_half_a_file(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    write_text(path, "a" * 100_000)
    with path.open(encoding="utf-8") as before:
        write_text(path, "b" * 100_000)
        assert set(before.read()) == {"a"}
    assert set(path.read_text()) == {"b"}


def test_a_relative_folder_lies_beside_the_notebooks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path / "notebooks")
    assert run_folder("runs/x") == tmp_path / "runs" / "x"
    monkeypatch.chdir(tmp_path)
    assert run_folder("runs/x") == tmp_path / "runs" / "x"
    assert run_folder(tmp_path / "y") == tmp_path / "y"
    assert run_folder("~/z") == Path(os.path.expanduser("~/z"))  # noqa: PTH111  the other way to say it


def test_steps_come_back_in_the_order_of_the_notebooks(tmp_path: Path, azure: Target) -> None:
    run = started(tmp_path / "run", azure)
    for name in reversed(STEPS):
        run.record(record(name))
    assert [step.step for step in run.steps()] == list(STEPS)
    assert run.step("nope") is None


@pytest.mark.parametrize(
    ("records", "message"),
    [
        ([], "too early: run 00_start_here.ipynb first, with run_dir"),
        ([record(STEPS[0])], "too early: run 01_create_connections.ipynb first"),
        (
            [record(STEPS[0]), record(STEPS[1], "failed", "it differs")],
            r"01_create_connections has not passed \(it differs\): mend that and run 01_create_connections.ipynb again",
        ),
        ([record(STEPS[0], "running")], r"00_start_here has not passed \(it did not reach its checkpoint\)"),
    ],
)
def test_a_notebook_opened_too_early_says_which_to_run(
    records: list[StepRecord], message: str, tmp_path: Path, azure: Target
) -> None:
    run = started(tmp_path / "run", azure)
    for each in records:
        run.record(each)
    with pytest.raises(UsageError, match=message):
        run.require_passed(STEPS[:2])


def test_with_all_passed_nothing_is_required(tmp_path: Path, azure: Target) -> None:
    run = started(tmp_path / "run", azure)
    for name in STEPS[:3]:
        run.record(record(name))
    run.require_passed(STEPS[:3])


def test_seconds_run_from_start_to_end() -> None:
    whole = StepRecord(step="x", state="passed", started=NOW, finished=NOW.replace(minute=31))
    assert whole.seconds == 60
    assert StepRecord(step="x", state="running", started=NOW).seconds == 0


def test_every_ready_profile_comes_back_from_a_run(tmp_path: Path, sandbox: Target) -> None:
    for name in ("apim-defaults", "modelgateway-oauth2", "modelgateway-custom-headers"):
        run = Run.start(tmp_path / name, profile=load_profile(name), target=sandbox, source=name)
        assert run.profile() == load_profile(name)
        assert run.read(RunInfo).profile_source == name
