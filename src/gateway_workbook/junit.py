"""A run as JUnit XML, the form in which build servers read verdicts."""

from __future__ import annotations

__all__ = ["write"]

import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, Final

from gateway_workbook.run import write_text
from gateway_workbook.stages import Stage, counted_verdicts, stages
from gateway_workbook.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from gateway_workbook.route_proof import RouteProof
    from gateway_workbook.run import Run, Validation
    from gateway_workbook.validation import Verdict

_OUTCOMES: Final[Mapping[str, str]] = {
    "failed": "failure",
    "refused": "failure",
    "broken": "error",
    "running": "error",
    "overtaken": "skipped",
    "not run": "skipped",
    "no answer": "error",
}
_COUNTED: Final = {"failures": "failure", "errors": "error", "skipped": "skipped"}
_LONGEST_ANSWER: Final = 2_000


def write(run: Run) -> Path:
    """Write junit.xml into the run folder: a suite of the notebooks, and one of the prompts once they are judged."""
    course = stages(run)
    root = ET.Element("testsuites", name=visible(run.info().id))
    root.append(_suite("steps", (_step_case(stage) for stage in course)))
    validation = counted_verdicts(run, course)
    if validation:
        root.append(_suite(validation.suite, (_prompt_case(validation, verdict) for verdict in validation.verdicts)))
    if validation and validation.proofs:
        root.append(_suite("route", map(_proof_case, validation.proofs)))
    _count(root)
    ET.indent(root)
    path = run.folder / "junit.xml"
    write_text(path, f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n')
    return path


def _suite(name: str, cases: Iterable[ET.Element]) -> ET.Element:
    suite = ET.Element("testsuite", name=visible(name))
    suite.extend(cases)
    _count(suite)
    return suite


def _count(element: ET.Element) -> None:
    cases = list(element.iter("testcase"))
    element.set("tests", str(len(cases)))
    for attribute, tag in _COUNTED.items():
        element.set(attribute, str(sum(case.find(tag) is not None for case in cases)))
    element.set("time", f"{sum(float(case.get('time', 0)) for case in cases):.3f}")


def _step_case(stage: Stage) -> ET.Element:
    case = _case(stage.step, "steps", seconds=stage.seconds or 0)
    why = stage.found or {"running": "it never reached its checkpoint", "not run": "it was not run"}.get(
        stage.standing, stage.standing
    )
    _judge(case, stage.standing, reasons=[why])
    return case


def _prompt_case(validation: Validation, verdict: Verdict) -> ET.Element:
    case = _case(verdict.prompt, f"{validation.suite}.{verdict.route}", seconds=verdict.seconds)
    answer = verdict.answer if len(verdict.answer) <= _LONGEST_ANSWER else f"{verdict.answer[:_LONGEST_ANSWER]}…"
    _judge(
        case,
        verdict.judgement,
        reasons=verdict.failures or [verdict.judgement],
        told=f"asked: {verdict.asked}\nanswered: {answer}",
    )
    return case


def _proof_case(proof: RouteProof) -> ET.Element:
    case = _case(proof.by, "route", seconds=0)
    _judge(case, {True: "passed", False: "failed", None: "not run"}[proof.holds], reasons=[proof.why])
    return case


def _case(name: str, classname: str, *, seconds: float) -> ET.Element:
    return ET.Element("testcase", name=visible(name), classname=visible(classname), time=f"{seconds:.3f}")


def _judge(case: ET.Element, outcome: str, *, reasons: Iterable[str], told: str = "") -> None:
    tag = _OUTCOMES.get(outcome)
    if tag is None:
        return
    lines = [visible(reason) for reason in reasons]
    finding = ET.SubElement(case, tag, message="; ".join(lines))
    if tag != "skipped":
        finding.set("type", outcome)
        finding.text = "\n".join(filter(None, [*lines, visible(told)]))
