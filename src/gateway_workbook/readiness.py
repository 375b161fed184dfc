"""Whether deployments are ready for agents: every check on each, and what follows for the profile and the gateway."""

from __future__ import annotations

__all__ = ["Ask", "DeploymentReadiness", "Outcome", "Readiness", "examine_readiness", "to_check"]

from time import perf_counter
from typing import TYPE_CHECKING, Final, Literal

from pydantic import BaseModel, ConfigDict

from gateway_workbook.errors import UsageError
from gateway_workbook.gateway_tools import GATEWAY_TOOLS
from gateway_workbook.progress import Task
from gateway_workbook.readiness_calls import Answer, Calls, StoppedAsking, could_not_tell
from gateway_workbook.readiness_checks import CHECKS, GATEWAY_CHECKS, Check
from gateway_workbook.workers import each

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gateway_workbook.discovery import Discovered
    from gateway_workbook.gateway import Gateway

NOBODYS: Final = "no-such-deployment-0f3a"
_BY_NAME: Final = {check.name: check for check in (*CHECKS, *GATEWAY_CHECKS)}
# The contract: `OpenAI` when the endpoint honours tools, tool_choice, response_format and reasoning_effort.
# A model that does not reason refuses the last at OpenAI, too, so that it decides nothing.
_WHOLE_CONTRACT: Final = ("tool call", "tool round trip", "forced tool choice", "response_format")
_TOOL_NEEDS: Final = ("tool call", "tool call in a stream", "tool round trip")


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class Outcome(_Frozen):
    """What one check came to; `curl` repeats the call that showed it."""

    check: str
    answer: Answer
    found: str
    curl: str = ""


class Ask(_Frozen):
    """What to ask of the gateway's team, what was seen, and the lines that show it."""

    deployment: str
    check: str
    found: str
    curl: str = ""

    @property
    def sentence(self) -> str:
        """What to ask, and why."""
        check = _BY_NAME.get(self.check)  # a folder of another version may name one that is no more
        return f"{check.ask} ({check.name}: {check.why})" if check else self.check


class DeploymentReadiness(_Frozen):
    """The outcomes of one deployment, in the order of the checks; `requests` is how many calls they took."""

    deployment: str
    outcomes: tuple[Outcome, ...]
    requests: int
    seconds: float

    @property
    def ready(self) -> Answer:
        """Whether an agent with tools can stand on it."""
        needed = (check.name for check in CHECKS if check.need in ("every agent", "agents with tools"))
        return self._all(needed)

    @property
    def format(self) -> Literal["OpenAI", "NonOpenAI", "could not tell"]:
        """The `format` to declare."""
        whole = self._all(_WHOLE_CONTRACT) if self.answer("chat") == "supported" else "could not tell"
        return "OpenAI" if whole == "supported" else "NonOpenAI" if whole == "refused" else "could not tell"

    @property
    def tools(self) -> dict[str, Answer]:
        """The article's nine tools; to a model each is a function whose result comes back, so they share a fate."""
        fate = self._all(_TOOL_NEEDS) if self.answer("chat") == "supported" else "could not tell"
        return dict.fromkeys((tool.title for tool in GATEWAY_TOOLS), fate)

    def answer(self, check: str) -> Answer:
        """The answer of one check."""
        return next((one.answer for one in self.outcomes if one.check == check), "could not tell")

    def _all(self, names: Iterable[str]) -> Answer:
        answers = {self.answer(name) for name in names}
        worse: tuple[Answer, ...] = ("refused", "could not tell")
        return next((one for one in worse if one in answers), "supported")


class Readiness(_Frozen):
    """The grid of one connection: its deployments, and what was asked once for the gateway."""

    connection: str
    deployments: tuple[DeploymentReadiness, ...]
    gateway: tuple[Outcome, ...] = ()
    gateway_requests: int = 0

    @property
    def ready(self) -> bool:
        """Whether every deployment answers, and nothing that agents need was refused."""
        good = [one for one in self.deployments if one.answer("chat") == "supported" and one.ready != "refused"]
        return bool(good) and len(good) == len(self.deployments)

    @property
    def requests(self) -> int:
        """The calls made in all."""
        return self.gateway_requests + sum(deployment.requests for deployment in self.deployments)

    @property
    def asks(self) -> tuple[Ask, ...]:
        """What to ask of the gateway's team, one for each refused check."""
        everyone = [(one.deployment, one.outcomes) for one in self.deployments]
        return tuple(
            Ask(deployment=whose, check=one.check, found=one.found, curl=one.curl)
            for whose, outcomes in (*everyone, ("every deployment", self.gateway))
            for one in outcomes
            if one.answer == "refused"
        )


def to_check(found: Discovered, which: str = "first", *, deployment: str = "") -> list[str]:
    """The deployments to examine of those that answer: the one an agent will stand on, all, or none."""
    if which not in ("first", "all", "none"):
        raise UsageError(f"no choice '{which}' of deployments to check: write first, all or none")
    if which == "first":
        return [deployment] if deployment in found.callable else found.callable[:1]
    return found.callable if which == "all" else []


def examine_readiness(gateway: Gateway, deployments: Iterable[str], *, parallel: int = 4) -> Readiness:
    """Check the deployments, several at a time: at most 20 calls each, and two for the gateway.

    A deployment's own calls come one after the other, so that the times of its stream are its own.
    """
    names = list(dict.fromkeys(deployments))
    checks = len(CHECKS) * len(names) + len(GATEWAY_CHECKS)
    with Task("checking what agents need", done="check(s) of readiness made", total=checks) as task:
        examined = tuple(each(lambda name: _deployment(gateway, name, task), names, parallel=parallel))
        answering = [one.deployment for one in examined if one.answer("chat") == "supported"]
        outcomes, made = _gateway(gateway, answering[0], task) if answering else ((), 0)
    return Readiness(connection=gateway.connection.name, deployments=examined, gateway=outcomes, gateway_requests=made)


def _deployment(gateway: Gateway, name: str, task: Task) -> DeploymentReadiness:
    started, calls = perf_counter(), Calls(gateway, name)
    first = _outcome(CHECKS[0], calls, task)
    if first.answer == "supported":
        rest = tuple(_outcome(check, calls, task) for check in CHECKS[1:])
    else:
        unasked = could_not_tell("not asked: the deployment does not answer a prompt")
        rest = tuple(Outcome(check=check.name, answer=unasked.answer, found=unasked.found) for check in CHECKS[1:])
    return DeploymentReadiness(
        deployment=name, outcomes=(first, *rest), requests=calls.made, seconds=perf_counter() - started
    )


def _gateway(gateway: Gateway, deployment: str, task: Task) -> tuple[tuple[Outcome, ...], int]:
    """The checks of the gateway: an unknown deployment with the key, and a good one with an invented key, once each."""
    everyone = (Calls(gateway, NOBODYS, most=1), Calls(gateway.with_invented_key(), deployment, most=1))
    outcomes = tuple(_outcome(check, calls, task) for check, calls in zip(GATEWAY_CHECKS, everyone, strict=True))
    return outcomes, sum(calls.made for calls in everyone)


def _outcome(check: Check, calls: Calls, task: Task) -> Outcome:
    task.now(f"checking {calls.deployment}: {check.name}")
    try:
        judged = check.judge(calls)
    except StoppedAsking as stopped:
        judged = could_not_tell(str(stopped))
    task.did()
    return Outcome(check=check.name, answer=judged.answer, found=judged.found, curl=judged.curl)
