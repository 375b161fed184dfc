"""Proof that an agent's calls go through the gateway: a twin of the connection with a broken key, which must fail."""

from __future__ import annotations

__all__ = ["Control", "RouteProof", "prove_by_control"]

from secrets import token_hex
from typing import TYPE_CHECKING, Final, Literal

from pydantic import BaseModel, ConfigDict

from gateway_workbook.agent_rules import agent_code
from gateway_workbook.arm import Connections
from gateway_workbook.progress import Task
from gateway_workbook.secrets import SecretReference, Secrets

if TYPE_CHECKING:
    from gateway_workbook.agents import Agents
    from gateway_workbook.connection import Connection
    from gateway_workbook.gateway import Gateway
    from gateway_workbook.profile import AuthType
    from gateway_workbook.step import Step

Control = Literal["auto", "always", "never"]
_INVENTED: Final = "GATEWAY_WORKBOOK_INVENTED_SECRET"
_NO_AUDIENCE: Final = "api://gateway-workbook-no-such-audience"
_LONGEST_NAME: Final = 33
# The ways in which a gateway, or who gives out its tokens, says no to a credential.
_REFUSED: Final = ("gateway-refused-key", "no-token")
_BLURRED: Final = ("gateway-limit", "timeout", "service", "sign-in")


class RouteProof(BaseModel):
    """`holds`: True, the calls go through the gateway; False, they do not; None, it could not be told."""

    model_config = ConfigDict(frozen=True)

    by: Literal["control", "log"]
    holds: bool | None
    why: str

    def __str__(self) -> str:
        return f"{ {True: 'proven', False: 'disproven', None: 'could not tell'}[self.holds] } by {self.by}: {self.why}"


def prove_by_control(step: Step, gateway: Gateway, agents: Agents, *, deployment: str) -> RouteProof:
    """Deploy an agent on a twin of the connection whose credential is broken: it has to fail.

    Twin and agent are in the ledger before they are made, and removed before this returns; what cannot be removed stays
    in the ledger for cleaning up, and so does all after an interrupt. Raises ServiceError when the twin cannot be made.
    """
    with Task("trying a broken credential", done="negative control made"):
        return _control(step, gateway, agents, deployment)


def _control(step: Step, gateway: Gateway, agents: Agents, deployment: str) -> RouteProof:
    open_to_all = gateway.with_invented_key().chat(deployment, [{"role": "user", "content": "ok"}])
    if open_to_all.ok:
        return RouteProof(by="control", holds=None, why="the gateway answers to an invented key, too")
    twin, secrets = _twin(gateway.connection, step.secrets)
    connections = Connections(step.target, step.http, credential=step.credential, secrets=secrets)
    agent, run_id, ledger = f"{twin.name}-agent".replace("_", "-"), step.run.info().id, step.run.ledger
    try:
        connections.apply(twin, ledger=ledger)
        definition = {"kind": "prompt", "model": f"{twin.name}/{deployment}", "instructions": "Keep to what is asked."}
        agents.deploy(agent, definition, run_id=run_id, ledger=ledger)
        proof = _read(agents.ask(agent, "Reply with exactly: ok").problem)
    except Exception:
        _remove(step, connections, agents, made=(twin.name, agent))
        raise
    _remove(step, connections, agents, made=(twin.name, agent))
    return proof


def _read(problem: str | None) -> RouteProof:
    if problem is None:
        why = "an agent answers although the credential of its connection is broken: it is answered from elsewhere"
        return RouteProof(by="control", holds=False, why=why)
    code = agent_code(problem)
    if code in _REFUSED:
        return RouteProof(by="control", holds=True, why="with a broken credential in the connection the agent fails")
    if code in _BLURRED or code == "agent-error":
        return RouteProof(by="control", holds=None, why=f"the agent fails for another reason ({problem})")
    return RouteProof(by="control", holds=None, why=f"the gateway was not what refused ({problem})")


def _twin(connection: Connection, secrets: Secrets) -> tuple[Connection, Secrets]:
    """The connection under another name with a credential that nobody gave out, and what resolves it."""
    broken = SecretReference.parse(f"env:{_INVENTED}")
    breaks: dict[AuthType, dict[str, object]] = {
        "ApiKey": {"api_key": broken},
        "OAuth2": {"client_secret": broken},
        "ProjectManagedIdentity": {"audience": _NO_AUDIENCE},
    }
    suffix = f"-twin-{token_hex(2)}"
    name = f"{connection.name[: _LONGEST_NAME - len(suffix)]}{suffix}"
    changes = {"name": name, "scope": "project", "shared": False, **breaks[connection.auth_type]}
    twin = connection.model_copy(update=changes)
    return twin, Secrets({**secrets.sandbox, _INVENTED: f"invented-{token_hex(8)}"})


def _remove(step: Step, connections: Connections, agents: Agents, *, made: tuple[str, str]) -> None:
    """Remove the twin and its agent, as far as they were made; the rest of the run is left alone."""
    run = step.run
    for entry in run.ledger.open_entries():
        if entry.name not in made:
            continue
        if entry.kind == "agent":
            agents.delete_versions_of(entry.name, run_id=run.info().id)
        else:
            connections.delete(entry.name, scope=entry.scope)
        run.ledger.removed(entry.kind, entry.name, scope=entry.scope)
