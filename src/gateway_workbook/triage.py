"""Whose fault it is: the same prompt straight to the gateway and through the agent, read together."""

from __future__ import annotations

__all__ = ["AGENT_CODES", "GATEWAY_CODES", "Party", "Triage", "agent_finding", "judge", "triage"]

from typing import TYPE_CHECKING, Final, Literal

from pydantic import BaseModel, ConfigDict

from gateway_workbook.agent_rules import agent_code
from gateway_workbook.diagnosis import diagnose
from gateway_workbook.discovery import usable
from gateway_workbook.finding import Finding
from gateway_workbook.progress import Task

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway_workbook.agents import Agents, Equipped
    from gateway_workbook.answer import Answer
    from gateway_workbook.gateway import Gateway

Party = Literal["nobody", "profile", "gateway", "upstream", "Foundry", "network", "could not tell"]
PROMPT: Final = "Reply with exactly: ok"
_NETWORK: Final = (
    *("no-such-host", "private-address", "refused", "unreachable", "connect-timeout", "read-timeout", "unknown-ca"),
    *("expired-certificate", "wrong-host-certificate", "proxy", "reset", "firewall"),
)
_PROFILE: Final = (
    *("no-tls", "tls-port", "bad-url", "bad-header", "login-redirect", "redirect", "html", "provider-mismatch"),
    *("api-version-unwanted", "api-version-missing", "api-version-wrong", "model-missing-in-body", "wrong-path"),
    *("no-key-seen", "wrong-key", "token-expired", "wrong-audience", "wrong-scope", "unknown-deployment"),
    *("token-scope", "token-audience", "token-client", "token-url", "listed-not-callable", "no-chat-model"),
)
_GATEWAY: Final = (
    *("cut-short", "garbled", "too-large", "too-slow", "token-endpoint", "quota-used-up", "rate-limit"),
    *("context-length", "empty-list", "truncated", "empty-answer", "error-with-200", "wrong-shape"),
    *("key-on-one-path", "model-not-allowed", "forbidden", "not-gettable", "no-discovery", "unsupported-parameter"),
    *("gateway-error", "bad-request"),
)
# Who has to act on a failed call of the gateway, by its finding's code.
_PARTIES: Final[dict[str, Party]] = {
    **dict.fromkeys(_NETWORK, "network"),
    **dict.fromkeys(_PROFILE, "profile"),
    **dict.fromkeys(_GATEWAY, "gateway"),
    "upstream": "upstream",
    "upstream-key": "upstream",
    "content-filter": "nobody",
    "unexplained": "could not tell",
}
_CHECK: Final = "gateway-workbook check {connection} names what is wrong with it"
# What the agent's failure means while the gateway answers from here: party, why, mend.
_AGENT: Final[dict[str, tuple[Party, str, str]]] = {
    "connection-not-found": ("Foundry", "Agent Service finds no connection {connection}", _CHECK),
    "connection-unusable": ("Foundry", "Agent Service cannot use what is stored as {connection}", _CHECK),
    "gateway-refused-key": (
        "profile",
        "the gateway takes the credential from here, and not the one that is stored in {connection}",
        "send it again: replace = True in notebook 01, or -p replace=true",
    ),
    "gateway-path": ("Foundry", "Agent Service calls the gateway otherwise than the profile says", _CHECK),
    "no-token": (
        "profile",
        "Agent Service gets no token with what is stored in {connection}",
        "send tokenUrl, client and secret again: replace = True in notebook 01, or -p replace=true",
    ),
    "gateway-limit": ("gateway", "the gateway's limit is reached through the agent", "raise the limit, or wait"),
    "gateway-error": ("gateway", "the gateway fails on what the agent sends", "look at the gateway's log at this time"),
    "not-chat": ("gateway", "the gateway's answer to the agent is no chat completion", "check readiness: streaming"),
    "gateway-unreachable": (
        "network",
        "the gateway is reached from here, and not from Foundry",
        "let Foundry's network reach it: a private gateway wants an agent subnet in its virtual network",
    ),
    "sign-in": ("Foundry", "the project does not let this identity ask", "ask for the role Azure AI User"),
    "content-filter": ("nobody", "a content filter refuses the prompt on the way", "change the prompt or the filter"),
    "deployment-not-found": (
        "profile",
        "the agent's model is not {connection}/{deployment}",
        "run notebook 03 again: an agent answers through a gateway only by connection/deployment",
    ),
    "tool": ("nobody", "the agent waits for a tool", "give the tools file that it was deployed with"),
    "timeout": ("Foundry", "Agent Service does not answer in time", "try again; look at the gateway's own time"),
    "service": ("Foundry", "Agent Service itself fails", "try again later"),
    "agent-error": ("could not tell", "Agent Service refuses, in words that no rule knows", _CHECK),
}


AGENT_CODES: Final = tuple(_AGENT)
GATEWAY_CODES: Final = tuple(_PARTIES)


class Triage(BaseModel):
    """The verdict: who has to act, why, and on what; `gateway` and `agent` are the findings of the routes that failed.

    `through_gateway` is whether the gateway's log shows the agent's call, None where that is not known.
    """

    model_config = ConfigDict(frozen=True)

    party: Party
    why: str
    mend: str
    gateway: Finding | None = None
    agent: Finding | None = None
    through_gateway: bool | None = None

    def __str__(self) -> str:
        return f"{self.party}: {self.why}" + (f": {self.mend}" if self.mend else "")


def triage(
    gateway: Gateway,
    agents: Agents | Equipped,
    *,
    agent: str,
    deployment: str,
    seen_by_gateway: Callable[[str], bool | None] = lambda _: None,
) -> Triage:
    """Ask one small prompt on both routes and say whose fault it is, if anybody's; two calls."""
    connection = gateway.connection
    with Task("asking on both routes", done="route(s) asked", total=2) as task:
        task.now(f"calling {deployment}")
        exchange = gateway.chat(deployment, [{"role": "user", "content": PROMPT}])
        task.did()
        task.now(f"asking {agent}")
        answer = agents.ask(agent, PROMPT)
        task.did()
    answered = usable(exchange, connection)
    straight = None if answered else diagnose(exchange, connection, deployment=deployment)
    seen = seen_by_gateway(answer.response_id) if answer.response_id and not answer.problem else None
    names = {"connection": connection.name, "deployment": deployment}
    return judge(straight, agent_finding(answer, agent, names), seen=seen, names=names)


def judge(straight: Finding | None, agent: Finding | None, *, seen: bool | None, names: dict[str, str]) -> Triage:
    """The verdict on two routes; None stands for one that answered, `names` are `connection` and `deployment`."""
    found = {"gateway": straight, "agent": agent, "through_gateway": seen}
    if straight is None:
        return Triage(**_gateway_answers(agent, seen=seen, names=names), **found)
    party = _PARTIES.get(straight.code, "could not tell")
    if agent is None:
        return Triage(**_agent_alone(party, straight), **found)
    return Triage(party=party, why=f"neither route answers: {straight.cause}", mend=straight.mend, **found)


def _gateway_answers(agent: Finding | None, *, seen: bool | None, names: dict[str, str]) -> dict[str, str]:
    if agent is not None:
        party, why, mend = _AGENT[agent.code]
        return {"party": party, "why": why.format_map(names), "mend": mend.format_map(names)}
    if seen is False:
        why = "the agent is answered from elsewhere: the gateway's log does not show its call"
        mend = "deploy it on {connection}/{deployment}: notebook 03".format_map(names)
        return {"party": "profile", "why": why, "mend": mend}
    return {"party": "nobody", "why": "both routes answer", "mend": ""}


def _agent_alone(party: Party, straight: Finding) -> dict[str, str]:
    if party in ("network", "profile"):
        why = f"the agent answers, and the call from here does not: {straight.cause}"
        return {"party": party, "why": why, "mend": f"on this machine: {straight.mend}"}
    why = f"the agent answers while the gateway refuses this call: {straight.cause}"
    return {"party": "could not tell", "why": why, "mend": straight.mend}


def agent_finding(answer: Answer, agent: str, names: dict[str, str]) -> Finding | None:
    """The finding on an agent that did not answer; None where it did."""
    if not answer.problem:
        return None
    code = agent_code(answer.problem)
    _, why, mend = _AGENT[code]
    return Finding(
        code=code,
        field="agent",
        request=f"agent {agent}",
        found=answer.problem,
        cause=why.format_map(names),
        mend=mend.format_map(names),
        confidence="likely",
        milliseconds=answer.seconds * 1000 or None,
    )
