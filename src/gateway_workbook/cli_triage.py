"""The command that asks a run's gateway and its agent once more: `gateway-workbook triage RUN_DIR`."""

from __future__ import annotations

__all__ = ["register"]

import sys
from pathlib import Path  # noqa: TC003  typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from gateway_workbook.errors import UsageError
from gateway_workbook.visible import visible

if TYPE_CHECKING:
    from gateway_workbook.finding import Finding
    from gateway_workbook.triage import Triage


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("triage", short_help="Whose fault it is when an agent does not answer.")(triage_run)


def triage_run(
    run_dir: Annotated[Path, typer.Argument(help="The folder of a run that was kept (run --keep).")],
) -> None:
    """Say whose fault it is when an agent does not answer: one small prompt to the gateway, and one to the agent.

    Exit codes: 0 both answer, through the gateway where that can be seen; 1 somebody has to act; 2 something of yours
    to mend, such as a run that was cleaned up.
    """
    found = _triage(run_dir)
    _show(found)
    sys.exit(0 if found.party == "nobody" else 1)


def _triage(run_dir: Path) -> Triage:
    from gateway_workbook import target as targets
    from gateway_workbook.agents import Agents, Equipped
    from gateway_workbook.gateway import Gateway
    from gateway_workbook.gateway_log import gateway_log
    from gateway_workbook.run import AgentRecord, ConnectionRecord, Run
    from gateway_workbook.triage import triage

    run = Run.open(run_dir)
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
