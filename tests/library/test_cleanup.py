"""Cleaning up removes what the ledger says, the newest first, and nothing else; it can be repeated."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway_workbook.cleanup import clean_up
from gateway_workbook.errors import ServiceError
from gateway_workbook.ledger import Ledger
from gateway_workbook.step import Step
from tests.library.wire import connection

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gateway_workbook.run import Run

AGENT = {"model": "cleaned/gpt-4o", "instructions": "x"}


@pytest.fixture
def step(run: Run) -> Iterator[Step]:
    begun = Step("05_clean_up", run)
    yield begun
    begun.checkpoint(holds=True, found="done")


def make(step: Step, name: str) -> None:
    which = connection(
        connectionName=name, apiKey="env:SANDBOX_API_KEY", targetUrl=step.target.locate("sandbox://static/v1")
    )
    assert step.connections.apply(which, ledger=step.run.ledger)[0] == "created"


def test_what_the_run_made_goes_and_the_rest_stays(step: Step, tmp_path: Path) -> None:
    other = connection(connectionName="stays", apiKey="env:SANDBOX_API_KEY")
    step.connections.put(other)
    make(step, "cleaned")
    agents = step.agents()
    theirs = AGENT | {"instructions": "of another run"}
    agents.deploy("clean-agent", theirs, run_id="another", ledger=Ledger(tmp_path / "another.jsonl"))
    assert agents.deploy("clean-agent", AGENT, run_id=step.run.info().id, ledger=step.run.ledger)[0] == "replaced"
    done = clean_up(step)
    assert done.removed == ("agent clean-agent", "connection cleaned")
    assert done.gone == ()
    assert step.connections.get("cleaned") is None
    assert step.connections.get("stays") is not None
    assert [version["metadata"]["gateway-workbook-run"] for version in agents.versions("clean-agent")] == ["another"]
    again = clean_up(step)
    assert (again.removed, again.gone) == ((), ())
    agents.delete_versions_of("clean-agent", run_id="another")
    step.connections.delete("stays")


def test_a_connection_of_the_account_is_removed_from_the_account(step: Step) -> None:
    which = connection(connectionName="shared", apiKey="env:SANDBOX_API_KEY", connectionScope="account")
    assert step.connections.apply(which, ledger=step.run.ledger)[0] == "created"
    assert clean_up(step).removed == ("connection shared of the account",)
    assert step.connections.get("shared", scope="account") is None


def test_what_is_gone_already_is_said_to_be(step: Step) -> None:
    make(step, "vanishing")
    step.connections.delete("vanishing")
    done = clean_up(step)
    assert (done.removed, done.gone) == ((), ("connection vanishing",))
    assert step.run.ledger.open_entries() == []


def test_what_was_only_intended_is_removed_or_gone(step: Step) -> None:
    with pytest.raises(ServiceError), step.run.ledger.creating("connection", "never-made"):
        raise ServiceError("no answer")
    assert clean_up(step).gone == ("connection never-made",)


def test_a_failure_leaves_the_rest_for_the_next_time(step: Step) -> None:
    make(step, "remaining")
    step.http.close()
    with pytest.raises(RuntimeError, match="closed"):
        clean_up(step)
    assert [entry.name for entry in step.run.ledger.open_entries()] == ["remaining"]
    step._http = None  # noqa: SLF001  as a new notebook begins
    assert clean_up(step).removed == ("connection remaining",)
