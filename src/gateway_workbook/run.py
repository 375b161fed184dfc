"""The run folder: typed files in, typed files out, a ledger of what was made, and one record per step.

The verdict of a run comes from these records alone, because papermill's own marks can lie: cells that never ran are
marked completed after a kernel's death, and a SystemExit counts as success.
"""

from __future__ import annotations

__all__ = [
    "STEPS",
    "AgentRecord",
    "Cleanup",
    "ConnectionRecord",
    "Run",
    "RunInfo",
    "StepRecord",
    "Validation",
    "run_folder",
]

import json
import os
import platform
import shlex
import tempfile
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from gateway_workbook import target as targets
from gateway_workbook.arm import Outcome, resource_rows
from gateway_workbook.connection import Connection
from gateway_workbook.difference import Difference
from gateway_workbook.discovery import Discovered
from gateway_workbook.document import Document
from gateway_workbook.errors import UsageError
from gateway_workbook.finding import Finding
from gateway_workbook.ledger import Ledger
from gateway_workbook.profile import Profile
from gateway_workbook.readiness import Readiness
from gateway_workbook.route_proof import RouteProof
from gateway_workbook.target import Target
from gateway_workbook.tools import Tools
from gateway_workbook.triage import Triage
from gateway_workbook.validation import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from gateway_workbook.suite import Suite

FORM: Final = 1
STEPS: Final = (
    "00_start_here",
    "01_create_connections",
    "02_discover_models",
    "03_deploy_agent",
    "04_validate_prompts",
    "05_clean_up",
)
CLEAN_UP: Final = STEPS[-1]
_SHOWN_PACKAGES: Final = (
    "gateway-workbook",
    "azure-ai-projects",
    "azure-identity",
    "httpx",
    "openai",
    "pandas",
    "papermill",
)
State = Literal["running", "passed", "failed", "refused", "broken"]
_Record = TypeVar("_Record", bound=BaseModel)


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class RunInfo(_Frozen):
    """Step 00: where this run goes and with what."""

    form: int = FORM
    id: str
    created: datetime
    target: Target
    profile_source: str
    versions: dict[str, str]


class ConnectionRecord(_Frozen):
    """Step 01: the connection as wanted, what was done, what is wrong with it, and what the project is connected to."""

    connection: Connection
    outcome: Outcome
    differences: tuple[Difference, ...] = ()
    findings: tuple[Finding, ...] = ()
    resources: tuple[dict[str, str], ...] = ()


class AgentRecord(_Frozen):
    """Step 03: the deployed agent; `model` is `connection/deployment`, `tools` what its tools file said."""

    name: str
    version: str
    model: str
    outcome: Outcome
    tools: Tools = Tools()

    @property
    def deployment(self) -> str:
        """What the gateway is sent; it may contain slashes, so only the first one separates."""
        return self.model.partition("/")[2]


class Validation(_Frozen):
    """Step 04: the verdicts of one suite, whose fault a failure is, and what proves the route."""

    suite: str
    verdicts: tuple[Verdict, ...]
    triage: Triage | None = None
    proofs: tuple[RouteProof, ...] = ()


class Cleanup(_Frozen):
    """Step 05: what was removed, and what was gone already."""

    removed: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()


class StepRecord(_Frozen):
    """What one notebook left. Times are UTC.

    `running`: it never reached its checkpoint; `failed`: the checkpoint did not hold, or a service refused;
    `refused`: something the person can mend stopped it; `broken`: we did.
    """

    step: str
    state: State
    started: datetime
    finished: datetime | None = None
    found: str = ""

    @property
    def seconds(self) -> float:
        """From the notebook's first step to its checkpoint."""
        return ((self.finished or self.started) - self.started).total_seconds()


_FILES: Final[Mapping[type[BaseModel], tuple[str, str]]] = {
    RunInfo: ("run.json", STEPS[0]),
    ConnectionRecord: ("connection.json", STEPS[1]),
    Discovered: ("models.json", STEPS[2]),
    AgentRecord: ("agent.json", STEPS[3]),
    Validation: ("verdicts.json", STEPS[4]),
    Cleanup: ("cleanup.json", STEPS[5]),
    # Last, because no later notebook needs it and 02 can be told to leave it out.
    Readiness: ("readiness.json", STEPS[2]),
}


def run_folder(run_dir: str | Path) -> Path:
    """The folder a `run_dir` means: relative ones lie beside notebooks/, wherever the kernel was started."""
    path = Path(run_dir).expanduser()
    here = Path.cwd()
    return path if path.is_absolute() else (here.parent if here.name == "notebooks" else here) / path


class Run:
    """One run folder. Reading and writing go through this class; files are replaced whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ledger = Ledger(folder / "ledger.jsonl")

    @classmethod
    def start(cls, run_dir: str | Path, *, profile: Profile, target: Target, source: str) -> Self:
        """Make the folder, or take it over; raises UsageError when it holds what is of another target or profile."""
        run = cls(run_folder(run_dir))
        before = run.taken_over(profile, target)
        run.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        now = datetime.now(UTC)
        run.write(
            RunInfo(
                id=before.id if before else f"{now:%Y%m%d-%H%M%S}-{os.urandom(3).hex()}",
                created=now,
                target=target.without_secrets(),
                profile_source=source,
                versions={"python": platform.python_version()} | {name: version(name) for name in _SHOWN_PACKAGES},
            )
        )
        write_text(run.folder / "profile.yaml", profile.to_yaml())
        return run

    def taken_over(self, profile: Profile, target: Target) -> RunInfo | None:
        """The run this folder holds already; raises UsageError when cleaning up after the next would remove another's.

        Another is one of another project, or of a connection of another name.
        """
        before, left = self.earlier(), self.ledger.open_entries()
        if before and left:
            elsewhere = before.target.project_resource_id != target.project_resource_id
            if elsewhere or self.profile().connection_name != profile.connection_name:
                names = ", ".join(entry.shown for entry in left)
                raise UsageError(
                    f"{self.folder} still owns {names} {'in another project' if elsewhere else 'of another profile'}: "
                    f"gateway-workbook clean-up {shlex.quote(str(self.folder))} first, or take another run folder"
                )
        return before

    def earlier(self) -> RunInfo | None:
        """The run this folder holds already, or None; raises UsageError when that cannot be read."""
        try:
            return self.read_if_there(RunInfo)
        except UsageError as error:
            # Its id marks what it made, so it cannot be taken over.
            raise UsageError(f"{self.folder} holds a run that cannot be read: take another run_dir") from error

    @classmethod
    def open(cls, run_dir: str | Path) -> Self:
        """An existing run folder; raises UsageError saying which notebook makes it."""
        run = cls(run_folder(run_dir))
        run.info()
        return run

    def info(self) -> RunInfo:
        """What step 00 wrote."""
        return self.read(RunInfo)

    def profile(self) -> Profile:
        """The profile this run was started with."""
        return Profile.parse(Document.read(self.folder / "profile.yaml"))

    def target(self) -> Target:
        """The run's target; for the sandbox the running one, or one started now with the same state."""
        stored = self.info().target
        return targets.sandbox() if stored.kind == "sandbox" else stored

    def read(self, kind: type[_Record]) -> _Record:
        """A step's file; raises UsageError naming the first notebook that has not been run."""
        found = self.read_if_there(kind)
        if found is not None:
            return found
        ahead = list(_FILES).index(kind)
        first = next(_FILES[k] for k in list(_FILES)[: ahead + 1] if not (self.folder / _FILES[k][0]).exists())
        raise UsageError(f"{self.folder} has no {first[0]} yet: run {first[1]}.ipynb first, with the same run_dir")

    def read_if_there(self, kind: type[_Record]) -> _Record | None:
        """A step's file, or None; raises UsageError when it is of another form than this version writes."""
        path = self.folder / _FILES[kind][0]
        if not path.exists():
            return None
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            if isinstance(data, dict) and data.get("form", FORM) != FORM:
                raise UsageError(
                    f"{self.folder} was written by another version (form {data['form']}, "
                    f"this one reads {FORM}): start a new run_dir"
                )
            return kind.model_validate(data)
        except (json.JSONDecodeError, UnicodeDecodeError, ValidationError) as error:
            raise UsageError(f"{path} is damaged or of another version: run {_FILES[kind][1]}.ipynb again") from error

    def write(self, record: BaseModel) -> None:
        """Put a step's file in place, whole."""
        write_text(self.folder / _FILES[type(record)][0], record.model_dump_json(indent=2))

    def connection_made(
        self,
        connection: Connection,
        made: tuple[Outcome, Iterable[Difference]],
        *,
        findings: Iterable[Finding],
        resources: Iterable[Mapping[str, Any]],
    ) -> ConnectionRecord:
        """Keep what step 01 made, what it found, and what the project is connected to afterwards."""
        record = ConnectionRecord(
            connection=connection,
            outcome=made[0],
            differences=tuple(made[1]),
            findings=tuple(findings),
            resources=resource_rows(resources),
        )
        self.write(record)
        return record

    def agent_deployed(self, deployed: tuple[Outcome, str], *, name: str, model: str, tools: Tools) -> AgentRecord:
        """Keep what step 03 deployed: the outcome and the version, as `Agents.deploy` gives them."""
        record = AgentRecord(name=name, version=deployed[1], model=model, outcome=deployed[0], tools=tools)
        self.write(record)
        return record

    def validated(
        self,
        suite: Suite,
        verdicts: Iterable[Verdict],
        *,
        triage: Triage | None = None,
        proofs: Iterable[RouteProof] = (),
    ) -> Validation:
        """Keep what step 04 found."""
        record = Validation(suite=suite.name, verdicts=tuple(verdicts), triage=triage, proofs=tuple(proofs))
        self.write(record)
        return record

    def step(self, name: str) -> StepRecord | None:
        """What the notebook `name` left, or None when it left nothing."""
        path = self.folder / "steps" / f"{name}.json"
        try:
            return StepRecord.model_validate_json(path.read_bytes()) if path.exists() else None
        except ValidationError as error:
            raise UsageError(f"{path} is damaged: run {name}.ipynb again") from error

    def steps(self) -> list[StepRecord]:
        """The records there are, in order."""
        return [record for name in STEPS if (record := self.step(name))]

    def record(self, step: StepRecord) -> None:
        """Put a step's record in place."""
        write_text(self.folder / "steps" / f"{step.step}.json", step.model_dump_json(indent=2))

    def require_passed(self, names: Iterable[str]) -> None:
        """Raise UsageError naming the first of these notebooks that has not reached its checkpoint."""
        latest: StepRecord | None = None
        for name in names:
            record = self.step(name)
            if record is None:
                raise UsageError(f"too early: run {name}.ipynb first, with run_dir {self.folder}")
            if record.state != "passed":
                why = record.found or "it did not reach its checkpoint"
                raise UsageError(f"{name} has not passed ({why}): mend that and run {name}.ipynb again first")
            if latest and record.started < latest.started:
                raise UsageError(f"{name} is older than {latest.step}: run {name}.ipynb again first")
            latest = record


def write_text(path: Path, text: str) -> None:
    """Replace a file whole: a reader, or a killed writer, never leaves half of it."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
