"""The command that asks a run's gateway and its agent once more: `gateway-workbook triage RUN_DIR`."""

from __future__ import annotations

__all__ = ["register"]

import shlex
import sys
from pathlib import Path  # noqa: TC003  typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from gateway_workbook.cli_target import chosen_run
from gateway_workbook.errors import ServiceError, UsageError
from gateway_workbook.visible import visible

if TYPE_CHECKING:
    from gateway_workbook.finding import Finding
    from gateway_workbook.run import Run
    from gateway_workbook.triage import Triage


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("triage", short_help="Whose fault it is when an agent does not answer.")(triage_run)


def triage_run(
    run_dir: Annotated[Path, typer.Argument(help="The folder of a run that was kept (run --keep).")],
) -> None:
    """Say whose fault it is when an agent does not answer: one small prompt to the gateway, and one to the agent.

    Exit codes: 0 both answer, through the gateway where that can be seen; 1 somebody has to act, or the run failed
    before there was an agent; 2 something of yours to mend, such as a run that was cleaned up.
    """
    run = chosen_run(run_dir)
    _require_agent(run)
    found = _triage(run)
    _show(found)
    sys.exit(0 if found.party == "nobody" else 1)


def _require_agent(run: Run) -> None:
    """Raise with what stopped the run, and what to do, where it did not get as far as an agent."""
    from gateway_workbook.run import STEPS, AgentRecord
    from gateway_workbook.stages import stages

    needed = STEPS[:3] if run.read_if_there(AgentRecord) else STEPS[:4]
    stopped = next((stage for stage in stages(run) if stage.stopped and stage.step in needed), None)
    if stopped is None:
        return
    told = f"{stopped.step} {stopped.standing}: {stopped.found or 'it did not reach its checkpoint'}"
    if "next: " not in told:
        diagnose = f"next: gateway-workbook diagnose {shlex.quote(run.info().profile_source)}"
        told += f"; {diagnose if stopped.step == STEPS[2] else 'mend that, and run again with --keep'}"
    raise ServiceError(told) if stopped.standing == "failed" else UsageError(told)


def _triage(run: Run) -> Triage:
    from gateway_workbook import target as targets
    from gateway_workbook.agents import Agents, Equipped
    from gateway_workbook.gateway import Gateway
    from gateway_workbook.gateway_log import gateway_log
    from gateway_workbook.run import AgentRecord, ConnectionRecord
    from gateway_workbook.triage import triage

    connection, agent, where = run.read(ConnectionRecord).connection, run.read(AgentRecord), run.target()
    credential = where.credential()
    with targets.http_client(where) as http, Agents(where, credential=credential) as agents:
        if agents.latest(agent.name) is None:
            raise UsageError(f"agent {agent.name} is not there any more: run again with --keep, then triage")
        return triage(
            Gateway(connection, http, secrets=where.secrets(), credential=credential),
            Equipped(agents, agent.tools),
            agent=agent.name,
            deployment=agent.deployment,
            seen_by_gateway=gateway_log(where, connection, http),
        )


def _show(found: Triage) -> None:
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 140, markup=False, soft_wrap=True)
    for route, finding in (("straight to the gateway", found.gateway), ("through the agent", found.agent)):
        console.print(f"{'✗' if finding else '✓'} {route}: {_told(finding)}")
    console.print(f"whose: {visible(str(found))}")
    if found.gateway:
        console.print(visible(found.gateway.curl))


def _told(finding: Finding | None) -> str:
    return visible(f"{finding.found} ({finding.cause})") if finding else "answers"
