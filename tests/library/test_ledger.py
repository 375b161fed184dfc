"""The ledger: written before, withdrawn when refused, left when nothing is known, readable after a crash."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from gateway_workbook.errors import ServiceError
from gateway_workbook.ledger import Ledger

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "run" / "ledger.jsonl")


def owned(ledger: Ledger) -> list[tuple[str, str]]:
    """As another process reads it."""
    return [(entry.kind, entry.name) for entry in Ledger(ledger.path).open_entries()]


def make(ledger: Ledger, name: str, error: Exception | None = None) -> None:
    with ledger.creating("connection", name):
        if error:
            raise error


def test_nothing_written_owns_nothing(ledger: Ledger) -> None:
    assert ledger.entries() == []
    assert owned(ledger) == []


def test_the_entry_is_on_disk_before_the_request(ledger: Ledger) -> None:
    with ledger.creating("connection", "a"):
        assert owned(ledger) == [("connection", "a")]
        assert ledger.path.stat().st_mode & 0o077 == 0
    assert owned(ledger) == [("connection", "a")]


def test_the_newest_is_removed_first(ledger: Ledger) -> None:
    make(ledger, "a")
    with ledger.creating("agent", "b"):
        pass
    make(ledger, "c")
    assert owned(ledger) == [("connection", "c"), ("agent", "b"), ("connection", "a")]
    ledger.removed("agent", "b")
    assert owned(ledger) == [("connection", "c"), ("connection", "a")]


@pytest.mark.parametrize("status", [400, 403, 409, 429])
def test_a_refusal_withdraws(ledger: Ledger, status: int) -> None:
    with pytest.raises(ServiceError):
        make(ledger, "a", ServiceError("no", status=status))
    assert owned(ledger) == []
    assert [entry.state for entry in ledger.entries()] == ["intended", "withdrawn"]


@pytest.mark.parametrize(
    "error", [ServiceError("down", status=500), ServiceError("silence"), KeyError("ours"), OSError("disk")]
)
def test_what_is_not_known_stays_owned(ledger: Ledger, error: Exception) -> None:
    with pytest.raises(type(error)):
        make(ledger, "a", error)
    assert owned(ledger) == [("connection", "a")]


def test_an_interrupt_leaves_the_entry(ledger: Ledger) -> None:
    with pytest.raises(KeyboardInterrupt), ledger.creating("agent", "a"):
        raise KeyboardInterrupt
    assert owned(ledger) == [("agent", "a")]


def test_what_is_owned_stays_owned_when_making_it_again_is_refused(ledger: Ledger) -> None:
    make(ledger, "a")
    with pytest.raises(ServiceError):
        make(ledger, "a", ServiceError("no", status=400))
    assert owned(ledger) == [("connection", "a")]
    assert len(ledger.entries()) == 1


def test_a_name_of_another_kind_is_another_thing(ledger: Ledger) -> None:
    make(ledger, "a")
    ledger.removed("agent", "a")
    assert owned(ledger) == [("connection", "a")]


def test_the_accounts_of_a_name_is_another_than_the_projects(ledger: Ledger) -> None:
    with ledger.creating("connection", "a", scope="account"):
        make(ledger, "a")
    assert [entry.shown for entry in ledger.open_entries()] == ["connection a", "connection a of the account"]
    ledger.removed("connection", "a", scope="account")
    assert [entry.shown for entry in ledger.open_entries()] == ["connection a"]


def test_a_ledger_of_before_there_were_scopes_is_the_projects(ledger: Ledger) -> None:
    ledger.path.parent.mkdir()
    ledger.path.write_text(
        '{"time":"2026-10-05T09:30:00Z","state":"intended","kind":"connection","name":"a"}\n', encoding="utf-8"
    )
    assert [(entry.name, entry.scope) for entry in ledger.open_entries()] == [("a", "project")]


def test_removing_twice_and_making_again(ledger: Ledger) -> None:
    make(ledger, "a")
    ledger.removed("connection", "a")
    ledger.removed("connection", "a")
    assert owned(ledger) == []
    make(ledger, "a")
    assert owned(ledger) == [("connection", "a")]


@pytest.mark.parametrize(
    "torn", ['{"time":"2026-', '{"time":"2026-10-05T09:30:00Z","state":"intended","kind":"agent"', "\x00" * 20]
)
def test_a_line_cut_short_by_a_crash_is_passed_over(ledger: Ledger, torn: str) -> None:
    make(ledger, "a")
    with ledger.path.open("a", encoding="utf-8") as file:
        file.write(torn)
    assert owned(ledger) == [("connection", "a")]
    make(ledger, "b")
    assert owned(ledger) == [("connection", "b"), ("connection", "a")]
    assert json.loads(ledger.path.read_text(encoding="utf-8").splitlines()[-1])["name"] == "b"


def test_a_character_cut_in_half_is_passed_over(ledger: Ledger) -> None:
    make(ledger, "a")
    with ledger.path.open("ab") as file:
        file.write('{"name":"grü'.encode()[:-1])
    assert owned(ledger) == [("connection", "a")]
