"""The step rail: what it says of each notebook, where it leads, and that it follows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from jupyter_client.manager import start_new_kernel

from gateway_workbook.progress import INTERRUPTED
from gateway_workbook.run import STEPS, Run, State, StepRecord
from gateway_workbook.step_rail import Rail

if TYPE_CHECKING:
    from pathlib import Path

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def ran(run: Run, step: str, minute: int, state: State = "passed", found: str = "") -> None:
    at = NOON + timedelta(minutes=minute)
    run.record(StepRecord(step=step, state=state, started=at, finished=at, found=found))


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """00 to 02 have passed, and then 01 was run again."""
    run = Run(tmp_path)
    for minute, step in ((0, STEPS[0]), (9, STEPS[1]), (2, STEPS[2])):
        ran(run, step, minute)
    return run


def test_it_says_what_is_done_and_what_is_stale_and_why(run: Run) -> None:
    lines = repr(Rail(run, STEPS[1])).splitlines()
    assert lines[0] == "  00_start_here  ✓ done"
    assert lines[1] == "→ 01_create_connections  ✓ done"
    assert lines[2] == "  02_discover_models  ↺ stale: passed before 01_create_connections was run again"
    assert lines[3:] == [f"  {step}  – to do" for step in STEPS[3:]]


@pytest.mark.parametrize(
    ("state", "found", "word"),
    [
        ("failed", "no answer", "✗ did not pass"),
        ("refused", "no key", "✗ did not pass"),
        ("running", "", "… begun"),
        ("broken", INTERRUPTED, "… interrupted"),
    ],
)
def test_a_notebook_that_did_not_end_well_says_how(run: Run, state: State, found: str, word: str) -> None:
    ran(run, STEPS[2], 10, state, found)
    assert f"02_discover_models  {word}" in repr(Rail(run, STEPS[0]))
    assert word in Rail(run, STEPS[0])._repr_html_()


def test_it_leads_to_every_notebook_but_the_one_where_one_is(run: Run) -> None:
    html = Rail(run, STEPS[1])._repr_html_()
    assert [f"href='{step}.ipynb'" in html for step in STEPS] == [step != STEPS[1] for step in STEPS]
    assert html.count("aria-current='step'") == 1
    assert "href" not in Rail(run, "", linked=False)._repr_html_()


def test_what_a_record_says_stays_text(run: Run) -> None:
    (run.folder / "steps" / f"{STEPS[3]}.json").write_text("<script>")
    ran(run, STEPS[2], 2, "failed", "<script>")
    html = Rail(run, STEPS[1])._repr_html_()
    assert "stale" in html
    assert "<script" not in html


def test_every_rail_of_a_kernel_follows(run: Run) -> None:
    manager, client = start_new_kernel(kernel_name="python3")
    told: list[tuple[str, str, str]] = []

    def keep(message: dict[str, dict[str, dict[str, str]]]) -> None:
        if (kind := str(message["msg_type"])) in ("display_data", "update_display_data"):
            content = message["content"]
            told.append((kind, content["transient"]["display_id"], content["data"]["text/plain"]))

    source = (
        f"from gateway_workbook import rail\none = rail('{STEPS[0]}', {str(run.folder)!r})\ndisplay(one)\none.follow()"
    )
    try:
        client.execute_interactive(source, timeout=60, output_hook=keep)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    (shown, place, text), (followed, again, _) = told
    assert (shown, followed) == ("display_data", "update_display_data")
    assert place == again
    assert "→ 00_start_here  ✓ done" in text
