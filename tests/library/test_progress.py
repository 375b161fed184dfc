"""How far something is: said in words, drawn seldom, ended always; and work on threads that nobody waits for."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from gateway_workbook.errors import UsageError
from gateway_workbook.progress import Snapshot, Task, settle, show_with, tell
from gateway_workbook.progress_line import progress_html
from gateway_workbook.workers import each
from tests.conftest import COMMAND
from tests.library.wire import KEY, server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SECONDS = 0.75  # longer than what is shown at all


class Shown(list[Snapshot]):
    """A display that keeps what it was given to draw; `lines` counts the tasks that have one."""

    lines = 0

    def screen(self) -> Callable[[Snapshot], None]:
        self.lines += 1
        return self.append

    @property
    def sentences(self) -> list[str]:
        return [one.sentence for one in self]


@pytest.fixture
def shown() -> Iterator[Shown]:
    made = Shown()
    show_with(made.screen)
    yield made
    show_with(None)
    assert not [one for one in threading.enumerate() if one.name == "progress"]


def at(**fields: Any) -> str:
    return Snapshot(**{"doing": "calling deployments", "done": "deployment(s) asked", **fields}).sentence


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, "calling deployments …"),
        ({"seconds": 1.9}, "calling deployments … 1 s"),
        ({"total": 12, "count": 3, "latest": "calling gpt-4o"}, "calling gpt-4o … 3 of 12"),
        ({"total": 12, "count": 3, "seconds": 4.2, "note": "2 passed"}, "calling deployments … 3 of 12, 4 s, 2 passed"),
        ({"count": 3}, "calling deployments … 3"),
        ({"total": 12, "count": 12, "seconds": 3.42, "ended": "done"}, "✓ 12 deployments asked in 3.4 s"),
        ({"total": 1, "count": 1, "seconds": 3.42, "ended": "done"}, "✓ 1 deployment asked in 3.4 s"),
        ({"done": "agent deployed", "seconds": 2, "ended": "done"}, "✓ agent deployed in 2.0 s"),
        ({"total": 12, "count": 5, "ended": "interrupted"}, "✗ calling deployments: interrupted after 5 of 12"),
        ({"seconds": 2.5, "ended": "stopped"}, "✗ calling deployments: stopped after 2.5 s"),
    ],
)
def test_a_task_is_a_sentence_at_each_moment(fields: dict[str, Any], sentence: str) -> None:
    assert at(**fields) == sentence


def test_what_is_over_at_once_has_no_line(shown: Shown) -> None:
    with Task("calling", done="called"):
        pass
    assert shown == []


def test_a_task_is_drawn_while_it_lasts_and_ends_as_a_fact(shown: Shown) -> None:
    with Task("calling deployments", done="deployment(s) asked", total=2) as task:
        task.now("calling gpt-4o")
        time.sleep(SECONDS)
        task.did()
        task.now("calling \x1b[2J\u202e" + "x" * 90)
        time.sleep(SECONDS)
        task.did()
    first, *_, last = shown.sentences
    assert first == "calling gpt-4o … 0 of 2"
    assert "calling ␛[2J⟨U+202E⟩xxx" in shown.sentences[1]
    assert len(shown.sentences[1]) < 80
    assert last.startswith("✓ 2 deployments asked in 1.")
    assert [one.ended for one in shown].count("done") == 1


def test_the_seconds_go_on_while_one_call_lasts(shown: Shown) -> None:
    with Task("asking", done="asked"):
        time.sleep(2.3)
    assert shown.sentences[:-1] == ["asking …", "asking … 1 s", "asking … 2 s"]


def test_it_is_drawn_ten_times_a_second_at_the_most(shown: Shown) -> None:
    started = time.monotonic()
    with Task("judging", done="answer(s) judged", total=100_000) as task:
        while time.monotonic() - started < 1.5:
            task.did(f"{len(shown)} passed")
    assert 5 <= len(shown) <= 12


def test_a_task_within_a_task_is_a_word_on_its_line(shown: Shown) -> None:
    with Task("outer", done="outer done", total=1) as outer:
        with Task("inner", done="inner done"):
            tell("waiting: the answer was 429", did=True)
            time.sleep(SECONDS)
        outer.did()
    assert shown.sentences[0] == "waiting: the answer was 429 … 1 of 1"
    assert shown.sentences[-1].startswith("✓ outer done")
    assert shown.lines == 1


@pytest.mark.parametrize(("raised", "word"), [(KeyboardInterrupt, "interrupted"), (ValueError, "stopped")])
def test_what_ends_early_says_so(raised: type[BaseException], word: str, shown: Shown) -> None:
    def work(task: Task) -> None:
        task.did()
        time.sleep(SECONDS)
        raise raised

    with pytest.raises(raised), Task("calling", done="called", total=3) as task:
        work(task)
    assert shown.sentences[-1] == f"✗ calling: {word} after 1 of 3"
    with Task("calling", done="called"):
        time.sleep(SECONDS)
    assert shown.sentences[-1].startswith("✓ called in 0.")


def test_what_never_came_to_its_end_is_settled(shown: Shown) -> None:
    task = Task("calling", done="called")
    task.__enter__()  # and no exit, as when a second interrupt comes before it
    time.sleep(SECONDS)
    settle()
    assert shown.sentences[-1].startswith("✗ calling: interrupted after")
    settle()
    assert len([one for one in shown if one.ended]) == 1


def test_nobody_looking_costs_no_thread() -> None:
    with Task("calling", done="called"):
        assert not [one for one in threading.enumerate() if one.name == "progress"]


def test_the_line_is_a_progress_bar_that_a_screen_reader_reads() -> None:
    fields: dict[str, Any] = {"doing": "calling", "done": "called", "latest": "calling <b>", "count": 3}
    known = progress_html(Snapshot(**fields, total=12))
    assert '<progress aria-label="calling" aria-valuetext="calling &lt;b&gt; … 3 of 12" value="3" max="12"' in known
    assert '<span aria-hidden="true">calling &lt;b&gt; … 3 of 12</span>' in known
    assert " value=" not in progress_html(Snapshot(**fields))
    over = progress_html(Snapshot(**fields, total=3, ended="done"))
    assert "<progress" not in over
    assert 'role="status"' in over
    assert "✓ called in 0.0 s" in over


def test_each_keeps_the_order_and_works_side_by_side() -> None:
    def slow(number: int) -> int:
        time.sleep(0.3 if number == 0 else 0.05)
        return number * 2

    started = time.monotonic()
    assert each(slow, range(8), parallel=4) == [0, 2, 4, 6, 8, 10, 12, 14]
    assert time.monotonic() - started < 0.6
    assert each(slow, [], parallel=4) == []


def test_no_worker_at_all_is_refused_not_waited_for() -> None:
    with pytest.raises(UsageError, match="parallel is 0: write 1 or more"):
        each(str, [1], parallel=0)


def test_the_first_error_is_raised_at_once_and_nothing_more_begins() -> None:
    begun: list[int] = []

    def call(number: int) -> None:
        begun.append(number)
        if number == 1:
            raise UsageError("no")
        time.sleep(1.0)

    started = time.monotonic()
    with pytest.raises(UsageError, match="no"):
        each(call, range(20), parallel=3)
    assert time.monotonic() - started < 0.5
    time.sleep(1.2)
    assert len(begun) <= 4


def test_an_interrupt_leaves_calls_behind_and_they_begin_no_other(shown: Shown) -> None:
    calls: list[str] = []

    def two_calls(name: str) -> None:
        task.now(f"first of {name}")
        calls.append(name)
        time.sleep(1.0)
        task.now(f"second of {name}")
        calls.append(f"{name} again")

    interrupt = threading.Timer(0.6, signal.raise_signal, [signal.SIGINT])
    interrupt.start()
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt), Task("calling", done="called", total=9) as task:
        each(two_calls, "abcdefghi", parallel=2)
    assert time.monotonic() - started < 0.9
    workers = [one for one in threading.enumerate() if one.name == "gateway-workbook"]
    assert all(one.daemon for one in workers)
    for one in workers:
        one.join(3)
        assert not one.is_alive()
    assert sorted(calls) == ["a", "b"]
    assert shown.sentences[-1] == "✗ calling: interrupted after 0 of 9"


@pytest.mark.parametrize("terminal", [True, False])
def test_a_command_shows_it_in_a_terminal_and_is_quiet_in_a_pipe(terminal: bool) -> None:  # noqa: FBT001  a table's column
    pauses = [1.2]

    def respond(*_: object) -> tuple[int, dict[str, str], bytes]:
        time.sleep(pauses.pop() if pauses else 0)
        return 401, {}, b"no"

    ours, theirs = os.openpty() if terminal else os.pipe()
    try:
        with server(respond) as url:
            command = [COMMAND, "probe", f"{url}/v1", "--key", "env:MINE"]
            environment = os.environ | {"MINE": KEY, "TERM": "xterm", "COLUMNS": "120"}
            done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=theirs, check=False)
        os.set_blocking(ours, False)
        try:
            said = os.read(ours, 1_000_000).decode()
        except BlockingIOError:
            said = ""
    finally:
        os.close(ours)
        os.close(theirs)
    assert done.returncode == 1
    assert b"Asked" in done.stdout
    assert ("GET /v1/models … 1" in said) is terminal
    assert terminal or said == ""
    assert "…".encode() not in done.stdout
