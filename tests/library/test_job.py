"""A button with longer work: one run at a time, and what came of it stands beside it."""

from __future__ import annotations

from threading import Event

from gateway_workbook.controls import Job
from gateway_workbook.errors import UsageError


def test_it_works_once_however_often_it_is_pressed() -> None:
    going, over, times = Event(), Event(), []

    def work() -> str:
        times.append(1)
        going.wait(10)
        return "made"

    job = Job("Make", "Making", work)
    job.button.click()
    assert not times, "it may not be pressed yet"
    job.moved = lambda: None if job.busy else over.set()
    job.allow(can=True)
    job.button.click()
    assert job.busy
    assert job.button.disabled
    job.button.click()
    going.set()
    assert over.wait(10)
    assert times == [1]
    assert job.button.description == "Make"


def test_a_mistake_is_one_sentence_beside_it() -> None:
    told = Event()

    def work() -> str:
        raise UsageError("nothing there: make it first")

    job = Job("Make", "Making", work)
    job.told.observe(lambda change: told.set() if "✗" in change["new"] else None, "value")
    job.allow(can=True)
    job.button.click()
    assert told.wait(10)
    assert "nothing there: make it first" in job.told.value
