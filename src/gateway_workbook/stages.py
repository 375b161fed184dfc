"""The six notebooks of a run as its folder tells them: what holds, what was overtaken, what never ran."""

from __future__ import annotations

__all__ = ["Stage", "Standing", "counted_verdicts", "stages"]

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from gateway_workbook.errors import UsageError
from gateway_workbook.run import STEPS, Validation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway_workbook.run import Run, StepRecord

Standing = Literal["passed", "failed", "refused", "broken", "running", "overtaken", "not run"]
VALIDATE: Final = "04_validate_prompts"
_CLOCK_SECONDS: Final = 1  # file times may be rounded down


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One notebook of the six.

    `overtaken`: an earlier notebook was started again afterwards, so what this one found no longer counts.
    `seconds` is None when the notebook left no end.
    """

    step: str
    standing: Standing
    seconds: float | None = None
    found: str = ""

    @property
    def stopped(self) -> bool:
        """Whether the notebook began and did not pass."""
        return self.standing in ("failed", "refused", "broken", "running")


def stages(run: Run) -> tuple[Stage, ...]:
    """All six, in order, whatever of them the folder holds."""
    found: list[Stage] = []
    latest: StepRecord | None = None
    for name in STEPS:
        record = _record(run, name)
        if isinstance(record, Stage):
            found.append(record)
        elif latest and record.started < latest.started:
            found.append(
                Stage(
                    step=name,
                    standing="overtaken",
                    found=f"{record.state} before {latest.step} was run again",
                )
            )
        else:
            latest = record
            found.append(_stage(record))
    return tuple(found)


def counted_verdicts(run: Run, course: Sequence[Stage]) -> Validation | None:
    """The verdicts of the validation that stands; None when there are none, or only an earlier one's."""
    stage = next(stage for stage in course if stage.step == VALIDATE)
    if stage.standing in ("not run", "overtaken"):
        return None
    try:
        validation = run.read_if_there(Validation)
    except UsageError:
        return None
    return validation if stage.standing == "passed" or _written_since_start(run) else None


def _written_since_start(run: Run) -> bool:
    # A validation that died early leaves the file of the one before it in place.
    record, file = run.step(VALIDATE), run.folder / "verdicts.json"
    return record is not None and file.exists() and file.stat().st_mtime >= record.started.timestamp() - _CLOCK_SECONDS


def _record(run: Run, name: str) -> StepRecord | Stage:
    try:
        record = run.step(name)
    except UsageError:
        return Stage(step=name, standing="broken", found=f"its record is damaged: run {name}.ipynb again")
    return record or Stage(step=name, standing="not run")


def _stage(record: StepRecord) -> Stage:
    seconds = record.seconds if record.finished else None
    return Stage(step=record.step, standing=record.state, seconds=seconds, found=record.found)
