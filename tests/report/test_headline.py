from __future__ import annotations

import itertools
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from gateway_workbook.headline import headline
from gateway_workbook.run import STEPS, Validation
from gateway_workbook.stages import counted_verdicts, stages

from .conftest import BEGAN, both_routes, verdict

if TYPE_CHECKING:
    from gateway_workbook.validation import Verdict

    from .conftest import Folder


def _judged(whole: Folder, *verdicts: Verdict) -> str:
    whole.write(Validation(suite="smoke", verdicts=verdicts))
    return headline(whole.run).sentence


def test_a_run_that_passed_says_so_in_one_sentence(whole: Folder) -> None:
    found = headline(whole.run)
    assert found.sentence == "The agent answers through the gateway: 6 of 6 prompts passed on both routes."
    assert (found.tone, found.details) == ("good", ())


def test_without_a_gateway_log_the_claim_is_smaller_and_says_why(whole: Folder) -> None:
    verdicts = [found.model_copy(update={"through_gateway": None}) for found in both_routes()]
    assert _judged(whole, *verdicts) == "The agent answers: 6 of 6 prompts passed on both routes."
    assert "no gateway log to look in" in headline(whole.run).details[0]


@pytest.mark.parametrize(
    ("verdicts", "sentence"),
    [
        ([("a", "gateway")], "The gateway answers: 1 of 1 prompt passed straight to the gateway."),
        ([("a", "agent")], "The agent answers through the gateway: 1 of 1 prompt passed through the agent."),
        (
            [("a", "agent"), ("b", "agent"), ("b", "gateway")],
            "The agent answers through the gateway: 2 of 2 prompts passed on their routes.",
        ),
    ],
)
def test_the_claim_is_about_the_routes_taken(whole: Folder, verdicts: list[tuple[str, str]], sentence: str) -> None:
    assert _judged(whole, *itertools.starmap(verdict, verdicts)) == sentence


def test_failed_prompts_are_named_with_their_route(whole: Folder) -> None:
    whole.step("04_validate_prompts", state="failed", found="2 of 4 answers did not pass")
    sentence = _judged(
        whole,
        verdict("capital", "gateway"),
        verdict("capital", "agent", judgement="failed"),
        verdict("json", "gateway"),
        verdict("json", "agent", judgement="no answer"),
    )
    assert sentence == "Not proven: 0 of 2 prompts passed on both routes."
    assert headline(whole.run).details == (
        "Through the agent: 0 of 2 passed; the others: capital (failed), json (no answer).",
    )
    assert headline(whole.run).tone == "bad"


def test_many_failed_prompts_are_counted_after_the_sixth(whole: Folder) -> None:
    _judged(whole, *(verdict(f"p{index}", "agent", judgement="failed") for index in range(10)))
    assert headline(whole.run).details[0].endswith("p5 (failed) and 4 more.")


@pytest.mark.parametrize(
    ("state", "found", "sentence", "detail"),
    [
        (
            "failed",
            "GET /x answered 404: write y",
            "Stopped at 01_create_connections: GET /x answered 404: write y",
            "",
        ),
        ("refused", "2 problems\n  - one\n  - two", "Stopped at 01_create_connections: 2 problems", "- one\n- two"),
        ("broken", "KeyError: 'x'", "Broke at 01_create_connections: KeyError: 'x'", "a fault of the workbook"),
        ("running", "", "Stopped at 01_create_connections: it never reached its checkpoint", "or it was killed"),
    ],
)
def test_a_run_cut_short_says_where_and_why(
    folder: Folder, *, state: str, found: str, sentence: str, detail: str
) -> None:
    folder.passed(STEPS[:1])
    folder.step(STEPS[1], state=state, found=found)  # type: ignore[arg-type]  # parametrized as text
    assert headline(folder.run).sentence == sentence
    assert headline(folder.run).tone == "bad"
    assert detail in "".join(headline(folder.run).details)


def test_a_run_under_way_names_the_next_notebook(folder: Folder) -> None:
    assert headline(folder.run).sentence == "Nothing has run yet; next: 00_start_here"
    folder.passed(STEPS[:3])
    assert headline(folder.run).sentence == "Passed up to 02_discover_models; next: 03_deploy_agent"
    assert headline(folder.run).tone == "open"


def test_a_failed_cleanup_does_not_change_the_verdict(whole: Folder) -> None:
    whole.step("05_clean_up", state="failed", found="agent contoso-helper cannot be removed: 500")
    assert headline(whole.run).tone == "good"
    assert stages(whole.run)[-1].stopped


def test_verdicts_from_before_an_earlier_notebook_ran_again_do_not_count(whole: Folder) -> None:
    whole.step("02_discover_models", state="failed", found="the list is empty", minute=60)
    assert headline(whole.run).sentence == "Stopped at 02_discover_models: the list is empty"
    course = stages(whole.run)
    assert [stage.standing for stage in course[3:]] == ["overtaken"] * 3
    assert course[4].found == "passed before 02_discover_models was run again"
    assert counted_verdicts(whole.run, course) is None
    whole.step("02_discover_models", minute=60)
    assert headline(whole.run).sentence == "Passed up to 02_discover_models; next: 03_deploy_agent again"


def test_a_validation_killed_early_does_not_pass_on_the_verdicts_of_the_one_before(whole: Folder) -> None:
    whole.step("04_validate_prompts", state="running", minute=90)
    whole.age("verdicts.json", BEGAN + timedelta(minutes=4))
    assert headline(whole.run).sentence.startswith("Stopped at 04_validate_prompts")
    whole.age("verdicts.json", BEGAN + timedelta(minutes=91))
    found = headline(whole.run)
    assert found.sentence.startswith("The agent answers through the gateway: 6 of 6")
    assert found.tone == "open"
    assert "had not reached its checkpoint" in found.details[0]


def test_a_passed_validation_without_verdicts_is_no_proof(whole: Folder) -> None:
    (whole.run.folder / "verdicts.json").unlink()
    found = headline(whole.run)
    assert found.tone == "bad"
    assert found.sentence == "04_validate_prompts passed but left no verdicts: run 04_validate_prompts.ipynb again"


def test_a_damaged_record_is_reported_not_raised(whole: Folder) -> None:
    (whole.run.folder / "steps" / "02_discover_models.json").write_text('{"step":', encoding="utf-8")
    assert stages(whole.run)[2].found == "its record is damaged: run 02_discover_models.ipynb again"
