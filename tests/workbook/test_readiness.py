"""Notebook 02 looks at what agents need of as many deployments as it is told to, and a run keeps what it saw."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .conftest import Outcome, Workbook

STEP = "02_discover_models"


def grid(outcome: Outcome) -> dict[str, dict[str, str]]:
    """Each deployment's answers."""
    stored: dict[str, Any] = json.loads((outcome.folder / "readiness.json").read_text(encoding="utf-8"))
    return {
        one["deployment"]: {found["check"]: found["answer"] for found in one["outcomes"]}
        for one in stored["deployments"]
    }


def test_a_run_looks_at_the_deployment_that_the_agent_stands_on(workbook: Workbook) -> None:
    outcome = workbook.run("--profile", "modelgateway-openai", "-p", "suite=smoke", "-p", "deployment=gpt-4o-mini")
    assert outcome.code == 0, outcome.output
    found = grid(outcome)
    assert list(found) == ["gpt-4o-mini"]
    assert set(found["gpt-4o-mini"].values()) == {"supported"}
    html = (outcome.folder / "report.html").read_text(encoding="utf-8")
    assert 'aria-labelledby="readiness"' in html
    assert "✓ supported" in html


@pytest.mark.parametrize(
    ("which", "deployments"), [("all", ["gpt-4o", "gpt-4o-mini", "meta/llama-3"]), ("none", []), ("some", None)]
)
def test_the_notebook_is_told_which(workbook: Workbook, which: str, deployments: list[str] | None) -> None:
    workbook.papermill("00_start_here", "-p", "profile", "modelgateway-openai")
    workbook.papermill("01_create_connections")
    outcome = workbook.papermill(STEP, "-p", "readiness", which)
    if deployments is None:
        assert outcome.code == 1
        assert "readiness: no such choice 'some': write first, all or none" in outcome.output
        assert outcome.states()[STEP] == "refused"
    else:
        assert outcome.code == 0, outcome.output
        assert list(grid(outcome)) == deployments
    workbook.papermill("05_clean_up")


def test_what_is_refused_is_told_and_stops_nothing(workbook: Workbook) -> None:
    outcome = workbook.run("--profile", "modelgateway-static", "-p", "suite=smoke", "-p", "deployment=meta/llama-3")
    assert outcome.states()[STEP] == "passed"
    answers = grid(outcome)["meta/llama-3"]
    refused = {check for check, answer in answers.items() if answer == "refused"}
    assert refused == {"streaming", "tool call", "forced tool choice", "response_format"}
    html = (outcome.folder / "report.html").read_text(encoding="utf-8")
    assert "Honour tool_choice that names a function." in html
