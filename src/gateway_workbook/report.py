"""A run as one HTML page that needs nothing else: no script, no network, no second file."""

from __future__ import annotations

__all__ = ["write"]

from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any, Final, TypeVar

from pydantic import BaseModel

from gateway_workbook import frames
from gateway_workbook.connection_facts import connection_facts
from gateway_workbook.discovery import Discovered
from gateway_workbook.errors import UsageError
from gateway_workbook.headline import headline
from gateway_workbook.readiness import Readiness
from gateway_workbook.run import STEPS, AgentRecord, Cleanup, ConnectionRecord, Run, Validation, write_text
from gateway_workbook.stages import Stage, counted_verdicts, stages
from gateway_workbook.visible import visible

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd
    from jinja2 import Environment
    from markupsafe import Markup

    from gateway_workbook.chart import Chart

_Record = TypeVar("_Record", bound=BaseModel)
LONG_ANSWER: Final = 700  # characters; longer ones are folded
_LONG_LINES: Final = 14


@dataclass(frozen=True)
class _Part:
    """What a notebook left, and what a reader has to know of how much it counts; `record` is None without a file."""

    record: Any
    note: str


def write(run: Run) -> Path:
    """Write report.html into the run folder, however short the run was cut; raises UsageError without run.json."""
    path = run.folder / "report.html"
    write_text(path, _environment().get_template("report.html.j2").render(_page(run)))
    return path


def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("gateway_workbook"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"mark": frames.mark, "seconds": _seconds, "folded": _folded}
    return environment


def _shown(value: object) -> object:
    # Everything the template prints passes here before it is escaped; markup of our own is a str too, and stays.
    return visible(value) if isinstance(value, str) and not hasattr(value, "__html__") else value


def _page(run: Run) -> dict[str, object]:
    info, course = run.info(), stages(run)
    parts = {
        name: _part(run, kind, course=course)
        for name, kind in (
            ("connection", ConnectionRecord),
            ("models", Discovered),
            ("readiness", Readiness),
            ("agent", AgentRecord),
            ("validation", Validation),
            ("cleanup", Cleanup),
        )
    }
    return {
        "info": info,
        "created": f"{info.created.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "headline": headline(run),
        "stages": course,
        "pages": {path.stem: f"notebooks/{path.name}" for path in (run.folder / "notebooks").glob("*.html")},
        "owned": _owned(run),
        "named_tools": frames.named_tools,
        **parts,
        **_connected(parts["connection"].record),
        **_discovered(parts["models"].record),
        **_examined(parts["readiness"]),
        **_validated(parts["validation"].record, counted=counted_verdicts(run, course) is not None),
    }


def _connected(record: ConnectionRecord | None) -> dict[str, object]:
    if record is None:
        return {}
    return {
        "facts": connection_facts(record.connection),
        "findings": _table(frames.findings(record.findings)),
        "differences": [(item.field, item.wanted, item.found) for item in record.differences],
        "resources": _table(frames.resources(record.resources)),
    }


def _discovered(record: Discovered | None) -> dict[str, object]:
    if record is None or not record.models:
        return {"models_table": None}
    from gateway_workbook import figures

    return {"models_table": _table(frames.models(record)), "models_figure": _inline(figures.models(record))}


def _examined(part: _Part) -> dict[str, object]:
    record = part.record
    damaged = record is None and "readiness.json" in part.note  # else it was not asked for, and there is nothing to say
    if record is None or not record.deployments:
        return {"readiness_table": None, "readiness_problem": part.note if damaged else ""}
    return {
        "readiness_problem": "",
        "readiness_table": _table(frames.readiness(record)),
        "readiness_conclusions": _table(frames.readiness_conclusions(record)),
        "readiness_asks": _table(frames.readiness_asks(record)),
    }


def _validated(record: Validation | None, *, counted: bool) -> dict[str, object]:
    if record is None or not record.verdicts:
        return {"verdicts_table": None}
    from gateway_workbook import figures

    prompts: dict[str, list[object]] = {}
    for verdict in record.verdicts:
        prompts.setdefault(verdict.prompt, []).append(verdict)
    return {
        "verdicts_table": _table(frames.verdicts(record.verdicts)),
        "verdicts_figure": _inline(figures.verdicts(record.verdicts)),
        "triage_table": _table(frames.triage(record.triage)) if record.triage else None,
        "proofs_table": _table(frames.proofs(record.proofs)) if record.proofs else None,
        "prompts": prompts,
        "counted": counted,
        "logged": frames.logged,
    }


def _part(run: Run, kind: type[_Record], *, course: Sequence[Stage]) -> _Part:
    stage = course[STEPS.index(_STEP_OF[kind])]
    try:
        record = run.read_if_there(kind)
    except UsageError as error:
        return _Part(None, str(error))
    if record is None:
        return _Part(
            None,
            f"{stage.step} has not been run." if stage.standing == "not run" else f"{stage.step} did not get this far.",
        )
    if stage.standing == "overtaken":
        return _Part(record, f"This no longer counts: {stage.step} {stage.found}.")
    return _Part(
        record,
        ""
        if stage.standing == "passed"
        else f"{stage.step} has not passed; this is what it, or an earlier run of it, left.",
    )


_STEP_OF: Final[dict[type[BaseModel], str]] = {
    ConnectionRecord: STEPS[1],
    Discovered: STEPS[2],
    Readiness: STEPS[2],
    AgentRecord: STEPS[3],
    Validation: STEPS[4],
    Cleanup: STEPS[5],
}


def _owned(run: Run) -> list[str] | None:
    """What the run still owns, or None when its ledger cannot be read."""
    try:
        return [entry.shown for entry in run.ledger.open_entries()]
    except UsageError:
        return None


def _table(frame: pd.DataFrame) -> dict[str, object]:
    numbers = [position for position, kind in enumerate(frame.dtypes) if kind.kind in "fi"]
    # to_dict gives Python's own values, and None for what is missing.
    rows = frame.astype(object).where(frame.notna(), None).to_numpy().tolist()
    return {"columns": list(frame.columns), "rows": rows, "numbers": numbers}


def _inline(chart: Chart) -> Markup:
    from markupsafe import Markup

    from gateway_workbook.chart import svg

    return Markup(svg(chart, themed=True))  # noqa: S704  serialized by ElementTree, which escapes every text in it


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f} s"


def _folded(text: str) -> bool:
    return len(text) > LONG_ANSWER or text.count("\n") > _LONG_LINES
