"""The six notebooks through papermill, one after the other, judged by what each left in the run folder."""

from __future__ import annotations

__all__ = ["EXIT_CODES", "RunOptions", "clean_up", "declared_parameters", "execute", "run_step"]

import ast
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from gateway_workbook import html_export, junit, report, workbook
from gateway_workbook import target as targets
from gateway_workbook.definition import check_kind
from gateway_workbook.errors import UsageError
from gateway_workbook.kernel import run_notebook
from gateway_workbook.profile import load_profile
from gateway_workbook.progress import INTERRUPTED
from gateway_workbook.run import CLEAN_UP, STEPS, Run, State, StepRecord, run_folder
from gateway_workbook.step import check_control, unknown_parameter
from gateway_workbook.suite import load_suite
from gateway_workbook.tools import load_tools

if TYPE_CHECKING:
    from pathlib import Path

EXIT_CODES: Final[Mapping[State, int]] = {"passed": 0, "failed": 1, "refused": 2, "broken": 3, "running": 3}
OWN_PARAMETERS: Final = ("run_dir", "profile", "target")


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """What to run; `timeout` is seconds per notebook, `parameters` are given to every notebook that declares them."""

    profile: str
    target: str
    run_dir: Path
    parameters: Mapping[str, str] = field(default_factory=dict)
    keep: bool = False
    timeout: float = 900


_KINDS: Final = {bool: "true or false,", int: "a whole number", float: "a number", list: "a list"}
Tell = Callable[[str, StepRecord | None], None]


def execute(options: RunOptions, *, tell: Tell = lambda *_: None) -> list[StepRecord]:
    """Run the notebooks and write the report; returns one record per notebook that ran.

    A notebook that does not pass ends the walk, but cleaning up still happens (unless `keep`). `tell` hears of each
    notebook as it starts (None) and ends. Raises UsageError before anything runs when a parameter or the profile is
    unusable; KeyboardInterrupt after cleaning up.
    """
    parameters = _checked(options)
    folder = run_folder(options.run_dir).absolute()
    parameters |= {"run_dir": str(folder), "profile": options.profile, "target": options.target}
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _alone(folder):
            _refuse_another(Run(folder), options)
            return _run_all(_Walk(folder, parameters, timeout=options.timeout, tell=tell), keep=options.keep)
    except OSError as error:
        where = error.filename or folder
        raise UsageError(
            f"{where} cannot be written ({error.strerror}): make room there, or take another --run-dir"
        ) from error


def run_step(
    name: str, run_dir: str | Path, parameters: Mapping[str, Any], *, timeout: float = RunOptions.timeout
) -> StepRecord:
    """Run one notebook on a run folder, with those of the parameters that it declares; the report follows it."""
    folder = run_folder(run_dir).absolute()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    walk = _Walk(folder, {**parameters, "run_dir": str(folder)}, timeout=timeout, tell=lambda *_: None)
    with _alone(folder):
        record = walk.one(name)
        if (folder / "run.json").exists():
            report.write(Run(folder))
    return record


def clean_up(run_dir: str | Path, *, tell: Tell = lambda *_: None) -> list[StepRecord]:
    """Run notebook 05 alone on a run folder."""
    folder = Run.open(run_dir).folder.absolute()
    walk = _Walk(folder, {"run_dir": str(folder)}, timeout=RunOptions.timeout, tell=tell)
    with _alone(folder):
        walk.one(CLEAN_UP)
        _write_pages(walk)
    return walk.records


def _checked(options: RunOptions) -> dict[str, Any]:
    """Everything that can be known to be wrong before a notebook runs; returns the typed parameters."""
    parameters = _typed(options.parameters)
    profile = load_profile(options.profile)
    if "suite" in parameters:
        load_suite(parameters["suite"])
    check_control(parameters.get("control", "auto"))
    check_kind(parameters.get("kind", "prompt"))
    tools = load_tools(parameters.get("tools", ""))
    if options.target == "azure":
        where = targets.azure(profile.project_resource_id)
        for url in tools.urls:
            where.locate(url)
    elif options.target != "sandbox":
        raise UsageError(f"no target '{options.target}': write sandbox or azure")
    return parameters


def _refuse_another(run: Run, options: RunOptions) -> None:
    """Refuse a folder that still owns what is another's: cleaning up at the end would remove it."""
    if run.earlier() and run.ledger.open_entries():
        profile = load_profile(options.profile)
        azure = options.target == "azure"
        run.taken_over(profile, targets.azure(profile.project_resource_id) if azure else targets.sandbox())


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the run folder; a second run on it would judge, and clean up, what is not its own."""
    # SQLite's lock is one that every system has, and that goes with its process however that ends.
    try:
        lock = sqlite3.connect(folder / "run.lock", timeout=0, isolation_level=None)
    except sqlite3.OperationalError as error:
        raise UsageError(f"{folder} cannot be written ({error}): take another --run-dir") from error
    with closing(lock):
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            busy = "locked" in str(error)
            told = (
                f"another run uses {folder}: wait for its end"
                if busy
                else f"{folder} cannot be written ({error}): mend that"
            )
            raise UsageError(f"{told}, or take another --run-dir") from error
        yield


def _run_all(walk: _Walk, *, keep: bool) -> list[StepRecord]:
    interrupted: KeyboardInterrupt | None = None
    try:
        walk.until_one_fails(STEPS[:-1])
    except KeyboardInterrupt as interrupt:
        interrupted = interrupt
    run = Run(walk.folder)
    if (walk.folder / "run.json").exists():
        # A run that did not get past 00 has made nothing, unless the folder holds what an earlier one left.
        if not keep and (walk.records[0].state == "passed" or run.ledger.open_entries()):
            walk.one(CLEAN_UP)
        _write_pages(walk)
        report.write(run)  # it links to the pages that are there
        junit.write(run)
    if interrupted:
        raise interrupted
    return walk.records


def _write_pages(walk: _Walk) -> None:
    notebooks = [walk.folder / "notebooks" / f"{record.step}.ipynb" for record in walk.records]
    there = [notebook for notebook in notebooks if notebook.is_file()]
    html_export.write_pages(there, report=walk.folder / "report.html")


class _Walk:
    def __init__(self, folder: Path, parameters: Mapping[str, Any], *, timeout: float, tell: Tell) -> None:
        self.folder, self._parameters, self._timeout, self._tell = folder, parameters, timeout, tell
        self.records: list[StepRecord] = []

    def until_one_fails(self, names: tuple[str, ...]) -> None:
        for name in names:
            if self.one(name).state != "passed":
                return

    def one(self, name: str) -> StepRecord:
        self._tell(name, None)
        started = datetime.now(UTC)
        problem: str | None = "interrupted"
        try:
            problem = self._run(name)
        finally:
            record = self._judged(name, started, problem)
            self.records.append(record)
            self._tell(name, record)
        return record

    def _run(self, name: str) -> str | None:
        declared = declared_parameters()[name]
        output = self.folder / "notebooks" / f"{name}.ipynb"
        output.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        given = {key: value for key, value in self._parameters.items() if key in declared}
        return run_notebook(workbook.folder() / f"{name}.ipynb", output, parameters=given, timeout=self._timeout)

    def _judged(self, name: str, started: datetime, problem: str | None) -> StepRecord:
        run = Run(self.folder)
        record = run.step(name)
        if (
            record
            and record.started >= started
            and record.state != "running"
            and not (problem and (record.state == "passed" or record.found == INTERRUPTED))
        ):
            return record
        # The notebook left no word of its own: killed, out of time, or stopped before it began.
        state: State = "refused" if problem and problem.startswith(("UsageError", "ProfileError")) else "broken"
        found = (problem or "the notebook ended without reaching its checkpoint").removeprefix("UsageError: ")
        judged = StepRecord(step=name, state=state, started=started, finished=datetime.now(UTC), found=found)
        if (self.folder / "run.json").exists():
            run.record(judged)
        return judged


@cache
def declared_parameters() -> dict[str, dict[str, Any]]:
    """Parameters of each notebook with their defaults, read from the cells tagged `parameters`."""
    return {name: _defaults(workbook.folder() / f"{name}.ipynb") for name in STEPS}


def _defaults(path: Path) -> dict[str, Any]:
    import nbformat

    notebook = nbformat.read(path, as_version=4)
    cells = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
    found: dict[str, Any] = {}
    for statement in ast.parse("\n".join(cell.source for cell in cells)).body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name) and statement.value:
            found[statement.target.id] = ast.literal_eval(statement.value)
    return found


def _typed(given: Mapping[str, str]) -> dict[str, Any]:
    known = {
        key: value
        for parameters in declared_parameters().values()
        for key, value in parameters.items()
        if key not in OWN_PARAMETERS
    }
    for name in given:
        if name in OWN_PARAMETERS:
            raise UsageError(f"'{name}' has an option of its own: write --{name.replace('_', '-')}")
        if name not in known:
            raise UsageError(unknown_parameter(name, known))
    return {name: _value(name, text, known[name]) for name, text in given.items()}


def _value(name: str, text: str, default: object) -> object:
    if isinstance(default, str):
        return text
    spelled = {"true": "True", "false": "False"}.get(text.lower(), text)
    try:
        value = ast.literal_eval(spelled)
    except (ValueError, SyntaxError):
        value = None
    if isinstance(default, float) and isinstance(value, int):
        value = float(value)
    if type(value) is not type(default):
        raise UsageError(f"parameter '{name}' takes {_KINDS[type(default)]} such as {default!r}, not {text!r}")
    return value
