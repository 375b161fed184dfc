"""`python -m foundry_sandbox`: start the sandbox and say where it is."""

import re
import sqlite3
from pathlib import Path
from typing import Annotated

import typer

from foundry_sandbox.gateways import GATEWAYS
from foundry_sandbox.instance import AlreadyRunningError, Descriptor
from foundry_sandbox.server import PortTakenError, Settings, serve
from foundry_sandbox.state import StateError

UPSTREAM = re.compile(r"(?P<name>[a-z0-9][a-z0-9-]*)=(?P<url>https?://\S+)")
BUSY = 3
REFUSED = 2


def main(  # noqa: PLR0913  # one parameter per option of the command line
    *,
    state: Annotated[Path, typer.Option(help="Folder that keeps everything; made when missing.")],
    port: Annotated[int | None, typer.Option(help="Port on 127.0.0.1; 0 takes a free one.", max=65535)] = None,
    tls: Annotated[bool, typer.Option("--tls", help="Speak TLS with a certificate made for this run.")] = False,
    idle_seconds: Annotated[float, typer.Option(help="Stop after so long without a request; 0: never.")] = 0,
    upstream: Annotated[list[str] | None, typer.Option(metavar="NAME=URL", help="A further gateway.")] = None,
    access_log: Annotated[
        Path | None, typer.Option(help="Append a line of JSON for every request to this file.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing.")] = False,
) -> None:
    """Play Azure, Entra and several AI gateways on this machine's loopback."""
    settings = Settings(
        folder=state,
        port=port,
        tls=tls,
        idle_seconds=idle_seconds,
        access_log=access_log,
        upstreams=_upstreams(upstream or []),
    )
    try:
        serve(settings, announce=lambda descriptor: None if quiet else _print(descriptor, state))
    except AlreadyRunningError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(BUSY) from error
    except (StateError, PortTakenError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(REFUSED) from error
    except sqlite3.Error as error:
        typer.echo(f"the state in {state} cannot be used ({error}): take another --state folder", err=True)
        raise typer.Exit(REFUSED) from error
    except OSError as error:
        option = "--access-log file" if access_log and error.filename == str(access_log) else "--state folder"
        typer.echo(f"{error.filename or state} cannot be used ({error.strerror}): take another {option}", err=True)
        raise typer.Exit(REFUSED) from error


def _upstreams(given: list[str]) -> dict[str, str]:
    matches = {text: UPSTREAM.fullmatch(text) for text in given}
    wrong = [text for text, match in matches.items() if match is None]
    if wrong:
        mend = "NAME=URL, such as local=http://127.0.0.1:8080/v1"
        raise typer.BadParameter(f"{wrong[0]!r} is not {mend}", param_hint="--upstream")
    upstreams = {match["name"]: match["url"].rstrip("/") for match in matches.values() if match}
    taken = upstreams.keys() & {gateway.name for gateway in GATEWAYS}
    if taken:
        raise typer.BadParameter(f"{', '.join(taken)} is a gateway already: rename it", param_hint="--upstream")
    return upstreams


def _print(descriptor: Descriptor, folder: Path) -> None:
    lines = [
        f"The sandbox listens at {descriptor.url}",
        f"  portal   {descriptor.portal}",
        f"  project  {descriptor.project_endpoint}",
        f"  state    {folder.absolute()}",
        f"  stop     Ctrl+C, or end process {descriptor.pid}",
    ]
    if descriptor.ca:
        shown = {
            "REQUESTS_CA_BUNDLE": descriptor.ca,
            "SSL_CERT_FILE": descriptor.ca,
            "IDENTITY_ENDPOINT": descriptor.environment["IDENTITY_ENDPOINT"],
            "IDENTITY_HEADER": descriptor.environment["IDENTITY_HEADER"],
            "AZURE_AI_PROJECT_ENDPOINT": descriptor.project_endpoint,
        }
        lines += [
            "",
            "For official clients, unmodified:",
            *(f"export {name}={value}" for name, value in shown.items()),
        ]
    typer.echo("\n".join(lines))


if __name__ == "__main__":
    typer.run(main)
