"""The command that finds a gateway's settings: `gateway-workbook probe URL --key env:NAME --out profile.yaml`."""

from __future__ import annotations

__all__ = ["register"]

import shlex
import sys
from pathlib import Path  # noqa: TC003  typer reads it
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gateway_workbook.errors import UsageError
from gateway_workbook.visible import visible

if TYPE_CHECKING:
    from gateway_workbook.finding import Finding
    from gateway_workbook.probe import Probed


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("probe", short_help="Find the settings, from any URL and a key.")(probe_url)


def probe_url(  # noqa: PLR0913  one parameter per option
    url: Annotated[str, typer.Argument(help="Any URL of the gateway: of a call, a base, a deployment, or its host.")],
    *,
    key: Annotated[str, typer.Option(help="Where the key is: env:NAME, keyring:… or keyvault:….")] = "",
    client_id: Annotated[str, typer.Option(help="OAuth2: the client's id.")] = "",
    client_secret: Annotated[str, typer.Option(help="OAuth2: where its secret is, such as env:NAME.")] = "",
    token_url: Annotated[str, typer.Option(help="OAuth2: where tokens are given.")] = "",
    scope: Annotated[list[str] | None, typer.Option(help="OAuth2: a scope to ask for; may be repeated.")] = None,
    identity: Annotated[bool, typer.Option("--identity", help="Sign in with Entra, as the project would.")] = False,
    header: Annotated[
        list[str] | None,
        typer.Option(metavar="'NAME: FORMAT'", help="The key's header, with {api_key}; or one that goes beside it."),
    ] = None,
    model: Annotated[str, typer.Option(help="A deployment to call; default one that is listed.")] = "",
    name: Annotated[str, typer.Option(help="The connection's name in the profile.")] = "",
    category: Annotated[str, typer.Option(help="ApiManagement or ModelGateway; default as it shows.")] = "",
    project: Annotated[str, typer.Option(help="The Foundry project's resource id, for the profile.")] = "",
    out: Annotated[Path | None, typer.Option(help="File for the profile; default is to print it.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Write over a file that is there.")] = False,
    allow_http: Annotated[
        bool, typer.Option("--allow-http", help="Send the key over plain http to another machine.")
    ] = False,
) -> None:
    """Find the profile under which a gateway answers, from any URL and a credential, with at most 40 requests.

    Exit codes: 0 found, 1 nothing works (with the most likely cause), 2 something of yours to mend.
    """
    from gateway_workbook.probe_session import ProbeOptions, find_settings, write_profile

    if out and out.exists() and not overwrite:
        raise UsageError(f"{out} is there already: take another place, or add --overwrite")
    options = ProbeOptions(
        key=key,
        client_id=client_id,
        client_secret=client_secret,
        token_url=token_url,
        scopes=tuple(scope or ()),
        identity=identity,
        headers=tuple(header or ()),
        model=model,
        name=name,
        category=category,
        project=project,
        allow_http=allow_http,
    )
    found = find_settings(url, options)
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 140)
    _show(console, found)
    if found.profile and out:
        write_profile(out, found.profile, overwrite=overwrite)
        console.print(_text(f"wrote {out}\nnext:  gateway-workbook run --profile {shlex.quote(str(out))}"))
    elif found.profile:
        typer.echo(f"\n{found.profile.to_yaml()}", nl=False)
    sys.exit(0 if found.profile else 1)


def _show(console: Console, found: Probed) -> None:
    table = Table("", "request", "signed", "answer", "what it means", title="Asked", title_justify="left")
    table.columns[1].overflow = "fold"
    for number, row in enumerate(found.evidence, start=1):
        table.add_row(str(number), *(_text(cell) for cell in (row.request, row.signed, row.outcome, row.meaning)))
    console.print(table)
    took = f"{found.milliseconds:.0f} ms of waiting"
    if found.profile:
        console.print("[green]✓[/]", _text(f"{found.found} ({took})"), soft_wrap=True)
    else:  # why stands below, with how sure it is
        console.print("[red]✗[/]", _text(f"nothing works after {found.counted}: {took}"), soft_wrap=True)
    if found.beside:
        console.print(f"of the requests {found.beside}")
    for warning in found.warnings:
        console.print("[yellow]![/]", _text(f"{warning.field}: {warning.found}; {warning.mend}"), soft_wrap=True)
    if found.finding:
        _show_finding(console, found.finding)


def _show_finding(console: Console, finding: Finding) -> None:
    console.print(_text(f"cause ({finding.confidence}): {finding.cause or finding.found}"), soft_wrap=True)
    console.print(_text(f"next: {finding.mend}"), soft_wrap=True)
    if finding.curl:
        console.print(_text(f"to see it yourself:\n{finding.curl}"), soft_wrap=True)


def _text(value: str) -> Text:
    # Text from outside: it can neither steer the terminal nor be taken for markup.
    return Text(visible(value))
