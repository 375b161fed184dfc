"""The command that says why a profile's gateway does not answer, and mends the profile: `gateway-workbook diagnose`."""

from __future__ import annotations

__all__ = ["register"]

import shlex
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final

import httpx
import typer
from rich.console import Console
from rich.text import Text

from gateway_workbook.cli_target import target_of
from gateway_workbook.errors import UsageError
from gateway_workbook.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from azure.core.credentials import TokenCredential

    from gateway_workbook.checkup import Checkup, Connect
    from gateway_workbook.connection import Connection
    from gateway_workbook.finding import Change, Finding
    from gateway_workbook.profile import Profile
    from gateway_workbook.target import Target

_ROUNDS: Final = 5
_MARKS: Final = {"error": ("✗", "red"), "warning": ("!", "yellow")}
_LINES: Final = {"+": "green", "-": "red", "@": "dim"}


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("diagnose", short_help="Why a profile's gateway does not answer; --apply mends it.")(diagnose_profile)


def diagnose_profile(
    profile: Annotated[str, typer.Argument(help="Profile: a file, or the name of one in notebooks/gateways.")],
    *,
    deployment: Annotated[str, typer.Option(help="The one deployment to look at; default all.")] = "",
    apply: Annotated[
        bool, typer.Option("--apply", help="Write the mend into the profile, and look again until nothing is wrong.")
    ] = False,
    target: Annotated[
        str | None,
        typer.Option(
            help="sandbox or azure; default sandbox for a URL of its own, else the project or the gateway alone."
        ),
    ] = None,
) -> None:
    """Say why a profile's gateway does not answer: what was seen, the cause, the mend, and a line that repeats it.

    Where an answer does not tell the mend, up to a dozen profiles beside it are tried. Exit codes: 0 nothing wrong
    (there may be warnings), 1 something wrong, 2 something of yours to mend.
    """
    from gateway_workbook.profile import load_profile

    shown = _Show(Console(highlight=False, soft_wrap=True), profile)
    with _reached(load_profile(profile), target) as reached:
        found = _look(reached, shown, deployment=deployment, apply=apply)
    shown.end(found, reached)
    sys.exit(0 if found.well else 1)


@dataclass(frozen=True)
class _Reached:
    profile: Profile
    connect: Connect
    target: Target | None


def _look(reached: _Reached, shown: _Show, *, deployment: str, apply: bool) -> Checkup:
    """Look, and with `apply` write what mends the first finding and look again; never the same change twice."""
    from gateway_workbook.checkup import check_up
    from gateway_workbook.profile import load_profile

    written: list[object] = []
    profile = reached.profile
    while True:
        found = check_up(profile, reached.connect, deployment=deployment)
        shown.findings(found)
        change = next((one.change for one in found.findings if one.change and one.severity == "error"), None)
        if not apply or not change or change in written or len(written) == _ROUNDS:
            return found
        shown.write(change)
        written.append(change)
        profile = load_profile(shown.profile)


@contextmanager
def _reached(profile: Profile, kind: str | None) -> Iterator[_Reached]:
    """The profile's gateway, called without retries: each answer is evidence, and a 429 is one."""
    from gateway_workbook.authentication import TIMEOUT
    from gateway_workbook.checkup import connector
    from gateway_workbook.gateway import Gateway
    from gateway_workbook.secrets import Secrets
    from gateway_workbook.target import transport

    target = target_of(profile, kind)
    with httpx.Client(transport=transport(target), timeout=TIMEOUT) as http:
        secrets = target.secrets() if target else Secrets()
        credential = _credential(profile, target)
        connection = _connection(profile, target, http)
        connect = connector(
            connection,
            lambda other: Gateway(other, http, secrets=secrets, credential=credential),
            locate=target.locate if target else str,
        )
        yield _Reached(profile, connect, target)


def _credential(profile: Profile, target: Target | None) -> TokenCredential | None:
    if profile.auth_type != "ProjectManagedIdentity":
        return None
    if target:
        return target.credential()
    from azure.identity import DefaultAzureCredential

    return DefaultAzureCredential()


def _connection(profile: Profile, target: Target | None, http: httpx.Client) -> Connection:
    from gateway_workbook.arm import Connections
    from gateway_workbook.connection import Connection

    if target is None:
        return Connection.of(profile, locate=str)
    return Connections(target, http, credential=target.credential(), secrets=target.secrets()).describe(profile)


class _Show:
    """What was found, for people: one block a finding, its curl line ready to copy."""

    def __init__(self, console: Console, profile: str) -> None:
        self._console, self.profile = console, profile
        self._shown: set[str] = set()

    def findings(self, found: Checkup) -> None:
        """Each finding once, also where a later look finds it again."""
        for finding in found.findings:
            if (key := finding.model_copy(update={"milliseconds": None}).model_dump_json()) not in self._shown:
                self._finding(finding)
                self._shown.add(key)
        if found.calls:
            many = "1 call was" if found.calls == 1 else f"{found.calls} calls were"
            self._line(f"{many} made in search of the mend", style="dim")

    def write(self, change: Change) -> None:
        """Apply the change to the file, whose difference has been shown."""
        from gateway_workbook.profile_change import change_profile

        changed = change_profile(self.profile, change)
        changed.write()
        self._line(f"wrote {changed.path}", style="bold")

    def end(self, found: Checkup, reached: _Reached) -> None:
        """What answers, and what to do next; a stored connection is the affair of `check`."""
        quoted = shlex.quote(self.profile)
        if found.answering:
            self._line(f"✓ {', '.join(found.answering)} {'answers' if len(found.answering) == 1 else 'answer'}")
        if found.well and reached.target:
            name, kind = shlex.quote(reached.profile.connection_name), reached.target.kind
            check = f"gateway-workbook check {name} --profile {quoted} --target {kind}"
            self._line(f"whether a connection that is stored says the same: {check}")
        elif not found.well and any(one.change for one in found.findings):
            self._line(f"next: gateway-workbook diagnose {quoted} --apply")
        elif not found.well and found.calls and (key := reached.profile.api_key) and reached.profile.target_url:
            url = shlex.quote(reached.profile.target_url)
            self._line(f"no setting near it works; a wider search: gateway-workbook probe {url} --key {key}")

    def _finding(self, finding: Finding) -> None:
        glyph, style = _MARKS[finding.severity]
        took = f"  ({finding.milliseconds:.0f} ms)" if finding.milliseconds else ""
        self._console.print(Text(f"{glyph} {finding.code}  {visible(finding.request)}", style=style))
        self._line(f"  seen   {finding.found}{took}")
        self._line(f"  cause  {finding.cause} ({finding.confidence})")
        self._line(f"  mend   {finding.mend}")
        if finding.change:
            self._diff(finding.change)
        for line in finding.curl.splitlines():
            self._line(f"  {line}", style="dim")

    def _diff(self, change: Change) -> None:
        from gateway_workbook.profile_change import change_profile

        try:
            lines = change_profile(self.profile, change).diff.splitlines()
        except UsageError as error:
            self._line(f"  not written: {error}", style="yellow")
            return
        for line in lines:
            self._line(f"  {line}", style=_LINES.get(line[0], ""))

    def _line(self, text: str, *, style: str = "") -> None:
        # Text from outside: it can neither steer the terminal nor be taken for markup.
        self._console.print(Text(visible(text), style=style))
