"""The command line: `gateway-workbook run` walks the notebooks, `gateway-workbook sandbox` keeps a sandbox running."""

from __future__ import annotations

__all__ = ["app", "main"]

import logging
import re
import signal
import subprocess
import sys
import traceback
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gateway_workbook import (
    cli_check,
    cli_diagnose,
    cli_forms,
    cli_html,
    cli_page,
    cli_probe,
    cli_readiness,
    cli_triage,
)
from gateway_workbook.errors import ServiceError, UsageError, WorkbookError
from gateway_workbook.progress_line import in_terminal
from gateway_workbook.visible import visible

if TYPE_CHECKING:
    from gateway_workbook.run import StepRecord

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
# In the order in which people need them; `--help` keeps it.
cli_probe.register(app)
cli_diagnose.register(app)
cli_readiness.register(app)
_GLYPHS: Final = {
    "passed": "[green]✓ passed[/]",
    "failed": "[red]✗ failed[/]",
    "refused": "[red]✗ refused[/]",
    "broken": "[red]✗ broken[/]",
    "running": "[red]✗ broken[/]",
}
_INTERRUPTED: Final = 130
_BROKEN: Final = 3


def main() -> None:
    """Run the command line; a person's mistake ends in one sentence and a non-zero exit."""
    for name in ("azure", "papermill"):  # what they warn of is in our sentences
        logging.getLogger(name).addHandler(logging.NullHandler())
    in_terminal()
    try:
        app()
    except WorkbookError as error:
        Console(stderr=True).print(shown(str(error)), style="red", highlight=False, soft_wrap=True)
        sys.exit(1 if isinstance(error, ServiceError) else 2)
    except Exception:  # noqa: BLE001  the last place to say that it was us
        traceback.print_exc()
        sys.exit(_BROKEN)  # 1, Python's own choice, would say that the gateway failed


def shown(text: str) -> str:
    """Text from outside for the terminal: it can neither steer it nor be taken for markup."""
    return escape(visible(text))


def _version(wanted: bool) -> None:  # noqa: FBT001  typer's callback
    if wanted:
        from gateway_workbook import __version__

        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _options(
    *,
    _version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Put your own AI gateway behind Microsoft Foundry agents: connect, discover, deploy, validate."""


@app.command(short_help="Walk the notebooks headless, and write a report.")
def run(  # noqa: PLR0913  one parameter per option
    *,
    profile: Annotated[
        str, typer.Option(help="Profile: a file, or the name of one in notebooks/gateways.")
    ] = "apim-defaults",
    target: Annotated[str, typer.Option(help="Where to: sandbox or azure.")] = "sandbox",
    run_dir: Annotated[Path | None, typer.Option(help="Run folder; default runs/<time>-<profile>.")] = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option(
            "-p",
            "--parameter",
            metavar="NAME=VALUE",
            help="A notebook's parameter, e.g. -p suite=smoke; may be repeated.",
        ),
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the connection and the agent; skip cleaning up.")] = False,
    timeout: Annotated[int, typer.Option(min=1, help="Seconds a notebook may take.")] = 900,
) -> None:
    """Run notebooks 00 to 05 through papermill and write a report.

    Exit codes: 0 all passed, 1 the gateway failed a checkpoint, 2 something of yours to mend, 3 we broke.
    """
    from gateway_workbook.batch import EXIT_CODES, RunOptions, execute

    folder = (
        run_dir
        or Path("runs")
        / f"{datetime.now().astimezone():%Y%m%d-%H%M%S}-{re.sub(r'[^A-Za-z0-9_-]+', '-', Path(profile).stem)}"
    )
    options = RunOptions(
        profile=profile,
        target=target,
        run_dir=folder,
        parameters=_pairs(parameter or []),
        keep=keep,
        timeout=timeout,
    )
    console = _console()
    signal.signal(signal.SIGTERM, _terminated)
    try:
        records = execute(options, tell=_Progress(console))
    except KeyboardInterrupt as interrupt:
        console.print(f"[red]interrupted[/]: {escape(_left(folder))}", soft_wrap=True)
        sys.exit(interrupt.args[0] if interrupt.args else _INTERRUPTED)
    _close(console, folder, records)
    if keep:
        console.print(f"kept:    {escape(_left(folder))}", soft_wrap=True)
    sys.exit(max(EXIT_CODES[record.state] for record in records))


cli_triage.register(app)
cli_html.register(app)
cli_page.register(app)


@app.command(short_help="Remove what a run made, by its ledger, and nothing else.")
def clean_up(run_dir: Annotated[Path, typer.Argument(help="The run folder.")]) -> None:
    """Remove what a run made, by its ledger, and nothing else; may be repeated."""
    from gateway_workbook.batch import EXIT_CODES
    from gateway_workbook.batch import clean_up as remove
    from gateway_workbook.cli_target import chosen_run

    records = remove(chosen_run(run_dir).folder, tell=_Progress(_console()))
    sys.exit(max(EXIT_CODES[record.state] for record in records))


cli_forms.register(app)
cli_check.register(app)


@app.command(short_help="Keep a sandbox running, or stop it.")
def sandbox(
    *,
    port: Annotated[int | None, typer.Option(help="Port on 127.0.0.1; default the last one used, or 8765.")] = None,
    tls: Annotated[bool, typer.Option("--tls", help="Speak https with a CA made at the start.")] = False,
    idle_seconds: Annotated[int, typer.Option(help="Stop after so many seconds without a request; 0 is never.")] = 0,
    upstream: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=URL", help="Add a gateway in front of an OpenAI-compatible URL; may be repeated."),
    ] = None,
    stop: Annotated[bool, typer.Option("--stop", help="Stop the running sandbox.")] = False,
) -> None:
    """Keep a sandbox running that plays Azure, Entra and several gateways on this machine, until Ctrl-C."""
    from gateway_workbook import sandbox_process

    if stop:
        typer.echo("stopped" if sandbox_process.stop() else "no sandbox was running")
        return
    options = [
        "--idle-seconds",
        str(idle_seconds),
        *(["--port", str(port)] if port is not None else []),
        *(["--tls"] if tls else []),
    ]
    for name_and_url in upstream or []:
        options += ["--upstream", name_and_url]
    process = subprocess.Popen(sandbox_process.command(*options))  # noqa: S603  our own program, by this interpreter
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    while True:
        try:
            code = process.wait()
            sys.exit(2 if code == sandbox_process.ALREADY_RUNNING else code)
        except KeyboardInterrupt:
            continue  # the sandbox has the same Ctrl-C and is closing in order


def _pairs(given: list[str]) -> dict[str, str]:
    for text in given:
        if "=" not in text:
            raise UsageError(f"-p {text} has no value: write -p {text}=VALUE")
    return dict(text.split("=", 1) for text in given)


class _Progress:
    """One line per notebook: what runs now while it runs, its verdict when it is done."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status = console.status("")

    def __call__(self, name: str, record: StepRecord | None) -> None:
        if record is None:
            self._status.update(f"{name} …")
            self._status.start()
            return
        self._status.stop()
        self._console.print(
            f"{_GLYPHS[record.state]}  {name}  [dim]{record.seconds:.1f} s[/]  {shown(record.found)}",
            soft_wrap=True,
        )


def _left(folder: Path) -> str:
    from gateway_workbook.run import Run

    left = [entry.shown for entry in Run(folder).ledger.open_entries()]
    if left:
        there = "is" if len(left) == 1 else "are"
        return f"{', '.join(left)} {there} still there: gateway-workbook clean-up {folder}"
    return f"nothing that this run made is left in the project; its folder is {folder}"


def _console() -> Console:
    # A log of a pipeline has no width of its own; 80 columns would break every sentence.
    return Console(highlight=False, width=None if sys.stdout.isatty() else 140)


def _close(console: Console, folder: Path, records: list[StepRecord]) -> None:
    if console.is_terminal:  # a log has each line already, from when its notebook ended
        console.print(_table(records))
    if (folder / "report.html").exists():
        console.print(f"report:  {escape(str(folder / 'report.html'))}", soft_wrap=True)
        console.print(
            f"folder:  {escape(str(folder))}  (executed notebooks and their pages, junit.xml, one JSON file per step)",
            soft_wrap=True,
        )


def _table(records: list[StepRecord]) -> Table:
    table = Table("step", "verdict", "seconds", "what was found", title="Run", title_justify="left")
    table.columns[2].justify = "right"
    for record in records:
        table.add_row(record.step, _GLYPHS[record.state], f"{record.seconds:.1f}", shown(record.found))
    return table


def _terminated(*_: object) -> None:
    # Clean up as after Ctrl-C; 143 is what a shell expects of a process ended by SIGTERM.
    raise KeyboardInterrupt(128 + signal.SIGTERM)
