"""One notebook at work: it begins from the run folder, and ends in a checkpoint that holds or fails the notebook."""

from __future__ import annotations

__all__ = ["Step", "check_control"]

import ast
import difflib
import shlex
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self, get_args

import httpx
from IPython.core.getipython import get_ipython
from IPython.display import display

from gateway_workbook import report as reports
from gateway_workbook import target as targets
from gateway_workbook.agents import Agents, Equipped
from gateway_workbook.arm import Connections
from gateway_workbook.authentication import TIMEOUT
from gateway_workbook.checkup import connector, mended
from gateway_workbook.errors import CheckpointFailed, ServiceError, UsageError
from gateway_workbook.gateway import Gateway
from gateway_workbook.gateway_log import gateway_log
from gateway_workbook.log_proof import prove_by_log
from gateway_workbook.openapi import fetch_spec
from gateway_workbook.profile import load_profile
from gateway_workbook.progress import INTERRUPTED, Task, settle
from gateway_workbook.progress_line import in_notebook
from gateway_workbook.route_proof import Control, RouteProof, prove_by_control
from gateway_workbook.run import CLEAN_UP, STEPS, AgentRecord, ConnectionRecord, Run, State, StepRecord
from gateway_workbook.step_rail import Rail
from gateway_workbook.tool import Surroundings
from gateway_workbook.tool_log import tool_log
from gateway_workbook.triage import Triage, triage
from gateway_workbook.validation import Validator, Verdict
from gateway_workbook.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from azure.ai.projects.models import Tool
    from azure.core.credentials import TokenCredential

    from gateway_workbook.connection import Connection
    from gateway_workbook.discovery import Discovered
    from gateway_workbook.secrets import Secrets
    from gateway_workbook.tools import Tools

_INJECTED = "# Parameters"  # what papermill writes above the parameters it injects


class Step:
    """The notebook named `name` on a run folder; `run` has its files, `target` says where it goes.

    Clients are made on first use and closed by `checkpoint`; `wire` shows what went over HTTP.
    """

    def __init__(self, name: str, run: Run) -> None:
        self.name, self.run, self.target = name, run, run.target()
        own_log = f"{self.target.descriptor.url}/sandbox/" if self.target.descriptor else ""
        self.wire = Wire(leave_out=own_log)
        self.secrets: Secrets = self.wire.secrets(self.target.secrets())
        self.credential: TokenCredential = self.wire.credential(self.target.credential(), line=self.target.token_line)
        self._open = ExitStack()
        self._http: httpx.Client | None = None
        self._started = datetime.now(UTC)
        self._done = False
        self._put("running", "")
        _tell_failures(self)

    def _ipython_display_(self) -> None:
        """Show the rail of the run; it follows when this notebook passes or fails."""
        display(Rail(self.run, self.name))

    @classmethod
    def start(cls, run_dir: str | Path, *, profile: str, target: str) -> Self:
        """Begin notebook 00: make the run folder from a profile and a target (`sandbox` or `azure`)."""
        in_notebook()
        refuse_unknown_parameters()
        chosen = load_profile(profile)
        if target not in ("sandbox", "azure"):
            raise UsageError(f"no target '{target}': write sandbox or azure")
        where = targets.sandbox() if target == "sandbox" else targets.azure(chosen.project_resource_id)
        for url in filter(None, (chosen.target_url, chosen.token_url)):
            where.locate(url)
        return cls(STEPS[0], Run.start(run_dir, profile=chosen, target=where, source=profile))

    @classmethod
    def begin(cls, name: str, run_dir: str | Path) -> Self:
        """Begin a later notebook; raises UsageError saying which one to run first."""
        in_notebook()
        refuse_unknown_parameters()
        run = Run.open(run_dir)
        if name != CLEAN_UP:
            try:
                run.require_passed(STEPS[: STEPS.index(name)])
            except UsageError:
                display(Rail(run, name))  # the way to the notebook that comes first
                raise
        return cls(name, run)

    @property
    def http(self) -> httpx.Client:
        """One client for gateways and ARM."""
        if self._http is None:
            self._http = self._open.enter_context(targets.http_client(self.target, wire=self.wire))
        return self._http

    @property
    def connections(self) -> Connections:
        """The project's connections."""
        return Connections(self.target, self.http, credential=self.credential, secrets=self.secrets)

    def gateway(self, connection: Connection) -> Gateway:
        """A client that calls the connection's gateway as Agent Service does."""
        return Gateway(connection, self.http, secrets=self.secrets, credential=self.credential)

    def mended(self, found: Discovered) -> Discovered:
        """The discovery with a mend sought for each finding, by calls that are sent once: no retry adds to them."""
        if not found.findings:
            return found
        connection = self.run.read(ConnectionRecord).connection
        with httpx.Client(transport=targets.transport(self.target, wire=self.wire), timeout=TIMEOUT) as once:
            connect = connector(
                connection,
                lambda one: Gateway(one, once, secrets=self.secrets, credential=self.credential),
                locate=self.target.locate,
            )
            return mended(found, self.run.profile(), connect)

    @property
    def next(self) -> str:
        """What to do after a gateway that failed: the command that names the cause and mends the profile."""
        return f"next: gateway-workbook diagnose {shlex.quote(self.run.info().profile_source)}"

    def agents(self) -> Agents:
        """The project's agents."""
        log = tool_log(self.target, self.http)
        return self._open.enter_context(Agents(self.target, credential=self.credential, tool_log=log, wire=self.wire))

    def deployable(self, tools: Tools, agents: Agents) -> list[Tool]:
        """The tools as the SDK's own classes: URLs and connections as they are here, documents fetched, secrets in.

        Raises UsageError with every connection that the project does not have.
        """
        with Task("preparing tools", done="tools prepared"):
            ids = {name.casefold(): found for name, found in agents.connections().items()} if tools.tools else {}
            tools.require_connections(ids)
            return tools.sdk(
                Surroundings(
                    locate=self.target.locate,
                    spec=lambda url: fetch_spec(url, http=self.http),
                    secret=lambda reference: self.secrets.resolve(reference).get_secret_value(),
                    connection_id=lambda name: ids[name.casefold()],
                )
            )

    def validator(self) -> Validator:
        """Asks the run's gateway and its agent, and judges; looks for the proof of route where there is a log."""
        connection, agent = self.run.read(ConnectionRecord).connection, self.run.read(AgentRecord)
        return Validator(
            self.gateway(connection),
            Equipped(self.agents(), agent.tools),
            deployment=agent.deployment,
            agent=agent.name,
            seen_by_gateway=gateway_log(self.target, connection, self.http),
        )

    def triage(self, verdicts: Sequence[Verdict] | None = None) -> Triage | None:
        """Whose fault it is that there is no answer, by one small prompt on both routes.

        With `verdicts` only where one of them got no answer, or was answered from elsewhere; else None.
        """
        if verdicts is not None and not any(_unanswered(verdict) for verdict in verdicts):
            return None
        connection, agent = self.run.read(ConnectionRecord).connection, self.run.read(AgentRecord)
        return triage(
            self.gateway(connection),
            Equipped(self.agents(), agent.tools),
            agent=agent.name,
            deployment=agent.deployment,
            seen_by_gateway=gateway_log(self.target, connection, self.http),
        )

    def prove_route(self, verdicts: Sequence[Verdict], *, control: Control, log: str = "") -> tuple[RouteProof, ...]:
        """What proves that the agent's calls go through the gateway, beside the verdicts' own log.

        `log` is a command or URL that prints the gateway's log. The negative control is made `always`, `never`, or with
        `auto` where nothing else can tell; not after a failure, which would say nothing.
        """
        check_control(control)
        if any(verdict.judgement == "no answer" for verdict in verdicts):
            return ()
        connection, agent = self.run.read(ConnectionRecord).connection, self.run.read(AgentRecord)
        agents, proofs = self.agents(), []
        if log:
            proofs.append(prove_by_log(agents, log, agent=agent.name, http=self.http))
        blind = any(verdict.route == "agent" and verdict.through_gateway is None for verdict in verdicts)
        if control == "always" or (control == "auto" and blind and not any(proof.holds for proof in proofs)):
            proofs.append(prove_by_control(self, self.gateway(connection), agents, deployment=agent.deployment))
        return tuple(proofs)

    def checkpoint(
        self, *, holds: bool, found: str, otherwise: str = "", yours: bool = False, report: bool = False
    ) -> None:
        """Write the step's record, and with `report` the report of the run as it now stands.

        Raises CheckpointFailed with `otherwise` when the claim does not hold, UsageError when that is the reader's
        own (`yours`) to mend.
        """
        self._open.close()
        self._http = None
        told = found if holds else otherwise or found
        self._put("passed" if holds else "refused" if yours else "failed", told)
        self._done = holds
        if report:
            print(f"report: {reports.write(self.run)}")  # noqa: T201  where to look
        if not holds:
            raise UsageError(told) if yours else CheckpointFailed(told)
        print(f"✓ {self.name}: {found}")  # noqa: T201  the last line of a notebook

    def fail(self, error: BaseException) -> None:
        """Note why the notebook stopped before its checkpoint; what goes wrong after a passed one is no matter."""
        if self._done:
            return
        state: State = (
            "refused"
            if isinstance(error, UsageError)
            else "failed"
            if isinstance(error, ServiceError | CheckpointFailed)
            else "broken"
        )
        if isinstance(error, KeyboardInterrupt):
            self._put(state, INTERRUPTED)
            return
        self._put(state, str(error) if state != "broken" else f"{type(error).__name__}: {error}")

    def _put(self, state: State, found: str) -> None:
        finished = None if state == "running" else datetime.now(UTC)
        self.run.record(StepRecord(step=self.name, state=state, started=self._started, finished=finished, found=found))
        Rail(self.run, self.name).follow()


def check_control(control: str) -> None:
    """Refuse what is no choice of a negative control."""
    if control not in get_args(Control):
        raise UsageError(f"no control '{control}': write {', '.join(get_args(Control))}")


def _unanswered(verdict: Verdict) -> bool:
    return verdict.judgement == "no answer" or verdict.through_gateway is False


def _tell_failures(step: Step) -> None:
    """Have IPython tell the step when a cell raises: the record, not papermill's marks, is what a run is judged by."""
    shell = get_ipython()
    if shell is None:
        return

    def after_cell(result: Any) -> None:
        settle()
        if result.error_in_exec is not None:
            step.fail(result.error_in_exec)

    for registered in [
        callback for callback in shell.events.callbacks["post_run_cell"] if callback.__name__ == "after_cell"
    ]:
        shell.events.unregister("post_run_cell", registered)
    shell.events.register("post_run_cell", after_cell)


def refuse_unknown_parameters() -> None:
    """Papermill only warns about a parameter the notebook does not declare, and then runs green on the default."""
    shell = get_ipython()
    cells: Sequence[str] = (shell.user_ns.get("In") or []) if shell else []
    injected = next((index for index, cell in enumerate(cells) if cell.startswith(_INJECTED)), None)
    if injected is None:
        return
    declared = set().union(*(_assigned(cell) for cell in cells[:injected]))
    unknown = sorted(_assigned(cells[injected]) - declared)
    if unknown:
        raise UsageError(unknown_parameter(unknown[0], dict.fromkeys(declared, "")))


def unknown_parameter(name: str, declared: Mapping[str, object]) -> str:
    """The sentence for a parameter that no notebook declares."""
    close = difflib.get_close_matches(name, declared, n=1)
    return f"unknown parameter '{name}': " + (
        f"did you mean {close[0]}?" if close else f"there is {', '.join(sorted(declared))}"
    )


def _assigned(source: str) -> set[str]:
    targets_ = [
        node.targets if isinstance(node, ast.Assign) else [node.target]
        for node in ast.parse(source).body
        if isinstance(node, ast.Assign | ast.AnnAssign)
    ]
    return {target.id for group in targets_ for target in group if isinstance(target, ast.Name)}
