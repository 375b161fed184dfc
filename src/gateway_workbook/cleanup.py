"""Removing what a run made, by its ledger, and nothing else; doing it twice does no more."""

from __future__ import annotations

__all__ = ["clean_up"]

from typing import TYPE_CHECKING

from gateway_workbook.progress import Task
from gateway_workbook.run import Cleanup

if TYPE_CHECKING:
    from gateway_workbook.step import Step


def clean_up(step: Step) -> Cleanup:
    """Remove what the ledger says this run still owns; returns what went and what was gone already.

    The newest goes first: an agent before the connection it answers through. A failure raises ServiceError and leaves
    the rest in the ledger for the next time.
    """
    run = step.run
    removed: list[str] = []
    gone: list[str] = []
    agents = step.agents()
    entries = run.ledger.open_entries()
    with Task("removing what this run made", done="thing(s) removed", total=len(entries)) as task:
        for entry in entries:
            task.now(f"removing {entry.shown}")
            if entry.kind == "agent":
                was_there = agents.delete_versions_of(entry.name, run_id=run.info().id) > 0
            else:
                was_there = step.connections.delete(entry.name, scope=entry.scope)
            run.ledger.removed(entry.kind, entry.name, scope=entry.scope)
            (removed if was_there else gone).append(entry.shown)
            task.did()
    return Cleanup(removed=tuple(removed), gone=tuple(gone))
