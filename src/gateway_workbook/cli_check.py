"""The command that looks at a connection somebody has made: `gateway-workbook check NAME`."""

from __future__ import annotations

__all__ = ["register"]

import sys
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gateway_workbook.cli_target import chosen_target
from gateway_workbook.errors import UsageError
from gateway_workbook.visible import visible

if TYPE_CHECKING:
    from gateway_workbook.examination import Examination

_MARKS = {"error": "[red]✗ error[/]", "warning": "[yellow]! warning[/]"}


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("check", short_help="What is wrong with a connection that is stored.")(check_connection)


def check_connection(
    name: Annotated[str, typer.Argument(help="The connection's name.")],
    *,
    target: Annotated[
        str | None, typer.Option(help="Where the connection is; default azure with --project, else sandbox.")
    ] = None,
    project: Annotated[str | None, typer.Option(help="The project's resource id on Azure.")] = None,
    profile: Annotated[
        str | None, typer.Option(help="Compare with a profile: a file, or the name of a ready one.")
    ] = None,
    compare_secrets: Annotated[
        bool, typer.Option("--compare-secrets", help="Have ARM list the stored secrets, and say same or differs.")
    ] = False,
) -> None:
    """Say what is wrong with a connection that is there, whoever made it.

    Exit codes: 0 nothing wrong (there may be warnings), 1 it cannot work or is not what the profile says,
    2 something of yours to mend, such as a name that is not there.
    """
    from gateway_workbook import target as targets
    from gateway_workbook.arm import Connections
    from gateway_workbook.examination import examine
    from gateway_workbook.profile import load_profile

    if compare_secrets and profile is None:
        raise UsageError("--compare-secrets has nothing to compare with: add --profile")
    chosen = load_profile(profile) if profile else None
    if target == "azure" and project is None:
        project = chosen.project_resource_id if chosen else None
        if project is None:
            raise UsageError("no Foundry project: add --project RESOURCE_ID, or --profile with projectResourceId")
    where = chosen_target(target, project=project)
    with targets.http_client(where) as http:
        connections = Connections(where, http, credential=where.credential(), secrets=where.secrets())
        found = examine(connections, name, profile=chosen, compare_secrets=compare_secrets)
    _show(found)
    sys.exit(0 if found.usable else 1)


def _show(found: Examination) -> None:
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 140)
    resource = Table("name", "belongs to", "category", "authentication", "target", title="Connected resource")
    shown = (found.resource[key] for key in ("name", "scope", "category", "authType", "target"))
    resource.add_row(*(_text(value) for value in shown))
    console.print(resource)
    for field, sameness in found.secrets.items():
        console.print(f"{field}: {sameness}")
    if not found.findings:
        console.print("[green]✓[/] nothing is wrong with it")
        return
    table = Table("", "field", "found", "mend", title="Findings", show_lines=True)
    for finding in found.findings:
        table.add_row(_MARKS[finding.severity], _text(finding.field), _text(finding.found), _text(finding.mend))
    console.print(table)


def _text(value: str) -> Text:
    # Text from outside: it can neither steer the terminal nor be taken for markup.
    return Text(visible(value))
