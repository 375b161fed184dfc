"""The verdict of a run in one sentence, and the few facts a reader asks for next."""

from __future__ import annotations

__all__ = ["Headline", "headline"]

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from gateway_workbook.run import CLEAN_UP
from gateway_workbook.stages import VALIDATE, Stage, counted_verdicts, stages

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway_workbook.run import Run, Validation
    from gateway_workbook.validation import Verdict

Tone = Literal["good", "bad", "open"]
_WHOSE: Final = {
    "refused": "This one is yours to mend; then run {step}.ipynb again.",
    "broken": "This is a fault of the workbook, not of your settings.",
    "running": "It is still running, or it was killed. When nothing runs any more, run {step}.ipynb again.",
}


_NO_LOG: Final = (
    "There was no gateway log to look in: that the agent's calls went through the gateway "
    "follows from its model alone. Look for them in your gateway's own log."
)
_NAMED: Final = 6  # prompts; the table has them all


@dataclass(frozen=True, kw_only=True)
class Headline:
    """`sentence` says it all; `details` are facts in the order of their weight; `about` names the step they explain."""

    tone: Tone
    sentence: str
    about: str = VALIDATE
    details: tuple[str, ...] = ()


def headline(run: Run) -> Headline:
    """What a reader should know first, from the records alone; cleaning up never changes the verdict."""
    course = stages(run)
    validation = counted_verdicts(run, course)
    return _of_verdicts(course, validation) if validation and validation.verdicts else _of_course(course)


def _of_course(course: Sequence[Stage]) -> Headline:
    due = [stage for stage in course if stage.step != CLEAN_UP]
    stopped = next((stage for stage in due if stage.stopped), None)
    if stopped:
        return _stop(stopped)
    ahead = next((stage for stage in due if stage.standing != "passed"), None)
    if ahead is None:
        return Headline(tone="bad", sentence=f"{VALIDATE} passed but left no verdicts: run {VALIDATE}.ipynb again")
    done = due.index(ahead)
    sofar = f"Passed up to {due[done - 1].step}" if done else "Nothing has run yet"
    again = " again" if ahead.standing == "overtaken" else ""
    return Headline(tone="open", sentence=f"{sofar}; next: {ahead.step}{again}")


def _stop(stage: Stage) -> Headline:
    first, *rest = stage.found.strip().splitlines() or ["it never reached its checkpoint"]
    verb = "Broke" if stage.standing == "broken" else "Stopped"
    whose = _WHOSE.get(stage.standing, "").format(step=stage.step)
    details = ("\n".join(line.strip() for line in rest), whose)
    return Headline(
        tone="bad", sentence=f"{verb} at {stage.step}: {first}", about=stage.step, details=tuple(filter(None, details))
    )


def _of_verdicts(course: Sequence[Stage], validation: Validation) -> Headline:
    verdicts = validation.verdicts
    stage = next(stage for stage in course if stage.step == VALIDATE)
    passed = all(verdict.judgement == "passed" for verdict in verdicts)
    good = passed and stage.standing in ("passed", "running")
    subject = _claim(verdicts) if good else "Not proven"
    details = [*_by_route(verdicts), *_unproven(verdicts)]
    if stage.standing in ("running", "broken", "refused"):
        details.append(f"{stage.step} had not reached its checkpoint when this report was made. {stage.found}".strip())
    elif passed and not good:
        details.append(f"{stage.step}: {stage.found}")
    tone: Tone = "open" if good and stage.standing == "running" else "good" if good else "bad"
    return Headline(tone=tone, sentence=f"{subject}: {_count(verdicts)}.", details=tuple(details))


def _claim(verdicts: Sequence[Verdict]) -> str:
    agent = [verdict for verdict in verdicts if verdict.route == "agent"]
    if not agent:
        return "The gateway answers"
    return (
        "The agent answers through the gateway"
        if all(verdict.through_gateway for verdict in agent)
        else "The agent answers"
    )


def _count(verdicts: Sequence[Verdict]) -> str:
    prompts = list(dict.fromkeys(verdict.prompt for verdict in verdicts))
    failed = {verdict.prompt for verdict in verdicts if verdict.judgement != "passed"}
    taken = {prompt: {verdict.route for verdict in verdicts if verdict.prompt == prompt} for prompt in prompts}
    routes = [set(route) for route in taken.values()]
    everywhere = routes[0] if all(route == routes[0] for route in routes) else None
    where = "on both routes" if everywhere == {"gateway", "agent"} else "on their routes"
    if everywhere is not None and len(everywhere) == 1:
        where = "through the agent" if "agent" in everywhere else "straight to the gateway"
    return f"{len(prompts) - len(failed)} of {len(prompts)} prompt{'s' * (len(prompts) != 1)} passed {where}"


def _by_route(verdicts: Sequence[Verdict]) -> list[str]:
    facts = []
    for route, words in (("gateway", "Straight to the gateway"), ("agent", "Through the agent")):
        asked = [verdict for verdict in verdicts if verdict.route == route]
        failed = [f"{verdict.prompt} ({verdict.judgement})" for verdict in asked if verdict.judgement != "passed"]
        if failed:
            named = ", ".join(failed[:_NAMED]) + (f" and {len(failed) - _NAMED} more" if len(failed) > _NAMED else "")
            facts.append(f"{words}: {len(asked) - len(failed)} of {len(asked)} passed; the others: {named}.")
    return facts


def _unproven(verdicts: Sequence[Verdict]) -> list[str]:
    blind = [
        verdict
        for verdict in verdicts
        if verdict.route == "agent" and verdict.judgement == "passed" and verdict.through_gateway is None
    ]
    if not blind:
        return []
    return [_NO_LOG]
