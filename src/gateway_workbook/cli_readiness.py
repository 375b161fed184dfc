"""The command that asks whether models are ready for agents: `gateway-workbook readiness PROFILE`."""

from __future__ import annotations

__all__ = ["register"]

import sys
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gateway_workbook.cli_target import target_of
from gateway_workbook.errors import ServiceError, UsageError
from gateway_workbook.visible import visible

if TYPE_CHECKING:
    import httpx
    import pandas as pd

    from gateway_workbook.gateway import Gateway
    from gateway_workbook.profile import Profile
    from gateway_workbook.readiness import Readiness
    from gateway_workbook.target import Target


_STYLES: Final = {"✓": "green", "✗": "red", "?": "yellow"}


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("readiness", short_help="What agents need of the models, as a grid.")(show_readiness)


def show_readiness(
    profile: Annotated[str, typer.Argument(help="Profile: a file, or the name of one in notebooks/gateways.")],
    *,
    deployment: Annotated[
        list[str] | None,
        typer.Option(help="A deployment to check; may be repeated. Default: every one that answers, up to 20."),
    ] = None,
) -> None:
    """Check what agents need of a gateway's models beyond one answer, and show it as a grid.

    At most 20 calls are made of each deployment and two of the gateway; one of the two has an invented key.
    Exit codes: 0 nothing that agents need is refused, 1 something is, or a deployment does not answer,
    2 something of yours to mend.
    """
    from gateway_workbook import target as targets
    from gateway_workbook.profile import load_profile
    from gateway_workbook.readiness import examine_readiness

    chosen = load_profile(profile)
    where = target_of(chosen)
    with targets.http_client(where) as http:
        gateway = _gateway(chosen, where, http)
        found = examine_readiness(gateway, deployment or _callable(gateway))
    _show(found)
    sys.exit(0 if found.ready else 1)


def _gateway(profile: Profile, where: Target | None, http: httpx.Client) -> Gateway:
    from gateway_workbook.arm import Connections
    from gateway_workbook.connection import Connection
    from gateway_workbook.gateway import Gateway
    from gateway_workbook.secrets import Secrets

    if where is None:
        from azure.identity import DefaultAzureCredential

        credential = DefaultAzureCredential() if profile.auth_type == "ProjectManagedIdentity" else None
        return Gateway(Connection.of(profile, locate=str), http, secrets=Secrets({}), credential=credential)
    signed, secrets = where.credential(), where.secrets()
    connection = Connections(where, http, credential=signed, secrets=secrets).describe(profile)
    return Gateway(connection, http, secrets=secrets, credential=signed)


def _callable(gateway: Gateway) -> list[str]:
    from gateway_workbook.discovery import discover

    found = discover(gateway)
    if found.callable:
        return found.callable
    if found.problem:
        raise ServiceError(found.problem)
    if not found.models:
        raise UsageError(f"connection {gateway.connection.name} offers no model: name one with --deployment")
    raise ServiceError(f"no deployment answers: {found.why}")


def _show(found: Readiness) -> None:
    from gateway_workbook import frames

    console = Console(highlight=False, width=None if sys.stdout.isatty() else 140)
    console.print(_table("What an agent needs", frames.readiness(found)))
    console.print(_table("What follows", frames.readiness_conclusions(found)))
    if found.asks:
        console.print(_table("What to ask of the gateway's team", frames.readiness_asks(found)))
    for ask in found.asks:
        console.print(Text(visible(f"\n# {ask.deployment}, {ask.check}: {ask.found}\n{ask.curl}")), soft_wrap=True)


def _table(title: str, frame: pd.DataFrame) -> Table:
    table = Table(*frame.columns, title=title, title_justify="left")
    for row in frame.itertuples(index=False):
        table.add_row(*(_cell(f"{cell:.1f}" if isinstance(cell, float) else str(cell)) for cell in row))
    return table


def _cell(text: str) -> Text:
    # Text from outside: it can neither steer the terminal nor be taken for markup.
    return Text(text, style=_STYLES.get(text[:1], ""))
