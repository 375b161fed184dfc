"""What each value shows of itself: its tables, the sentence that reads it, and below them what one may ask for next."""

from __future__ import annotations

__all__ = ["view_of"]

import json
from functools import singledispatch
from typing import TYPE_CHECKING

from gateway_workbook import frames
from gateway_workbook.connection import Connection, without_query
from gateway_workbook.connection_facts import connection_facts, showable
from gateway_workbook.discovery import Discovered
from gateway_workbook.finding import Finding
from gateway_workbook.profile import Profile
from gateway_workbook.readiness import Readiness
from gateway_workbook.route_proof import RouteProof
from gateway_workbook.run import AgentRecord, Cleanup, ConnectionRecord, Validation
from gateway_workbook.suite import Suite
from gateway_workbook.table import table
from gateway_workbook.target import Target
from gateway_workbook.tools import Tools
from gateway_workbook.triage import Triage
from gateway_workbook.validation import Verdict
from gateway_workbook.view import Block, View

if TYPE_CHECKING:
    from collections.abc import Iterable


@singledispatch
def view_of(value: object) -> View:
    """The view of a value; what has none of its own shows as it prints."""
    return View(sentences=(str(value),))


@view_of.register(Profile)
def _profile(profile: Profile) -> View:
    return View(
        sentences=(profile_in_words(profile),),
        blocks=(Block(title="The profile as YAML", text=profile.to_yaml(), shut=False),),
    )


def profile_in_words(profile: Profile) -> str:
    """One line: which gateway, where, with what credential, where the deployment stands, and who lists the models."""
    where = without_query(profile.target_url or f"API {profile.api_name} of API Management {profile.apim_resource_id}")
    credential = {
        "ApiKey": f"key from {profile.api_key or 'nowhere'}",
        "OAuth2": f"token for client {profile.client_id}, its secret from {profile.client_secret or 'nowhere'}",
        "ProjectManagedIdentity": f"token of the project's identity for {profile.audience}",
    }[profile.auth_type]
    deployment = f"deployment in the {'path' if profile.deployment_in_path else 'body'}"
    return f"{profile.category} '{profile.connection_name}' at {where}, {credential}, {deployment}, {_listed(profile)}"


def _listed(profile: Profile) -> str:
    if profile.static_models:
        return f"{_count(len(profile.static_models), 'model')} listed in the profile"
    if profile.list_models_endpoint:
        return f"models listed by GET {profile.list_models_endpoint}"
    return "models listed by API Management" if profile.category == "ApiManagement" else "models listed nowhere"


@view_of.register(Connection)
def _connection(connection: Connection) -> View:
    facts = table(("What", "Value"), connection_facts(connection), caption="The connection")
    body = json.dumps(showable(connection).preview(), indent=2, ensure_ascii=False)
    return View(
        tables=(facts,), blocks=(Block(title="The resource as ARM is sent it, secrets as references", text=body),)
    )


@view_of.register(ConnectionRecord)
def _connection_record(record: ConnectionRecord) -> View:
    whole = _connection(record.connection)
    told = f"Connection {record.connection.name}: {record.outcome}, {_findings_in_words(record.findings)}"
    others = (
        frames.differences(record.differences),
        frames.findings(record.findings),
        frames.resources(record.resources),
    )
    return View(sentences=(told,), tables=(*whole.tables, *others), blocks=whole.blocks)


def _findings_in_words(found: Iterable[Finding]) -> str:
    counted = [
        _count(number, kind) for kind in ("error", "warning") if (number := sum(one.severity == kind for one in found))
    ]
    return " and ".join(counted) or "nothing wrong with it"


@view_of.register(Finding)
def _finding(finding: Finding) -> View:
    return View(tables=(frames.findings([finding]),))


@view_of.register(Discovered)
def _discovered(found: Discovered) -> View:
    return View(sentences=(discovered_in_words(found),), tables=(frames.models(found),))


def discovered_in_words(found: Discovered) -> str:
    """How many of the deployments answer, and which."""
    if not found.models:
        return f"No deployment is listed: {found.problem or 'the list is empty'}"
    unasked = sum(model.callable == "not asked" for model in found.models)
    which = f": {', '.join(found.callable)}" if found.callable else ""
    rest = f" ({unasked} not asked)" if unasked else ""
    return f"{len(found.callable)} of {_count(len(found.models), 'deployment')} answer{rest}{which}"


@view_of.register(Readiness)
def _readiness(found: Readiness) -> View:
    ready = sum(one.ready == "supported" for one in found.deployments)
    told = (
        f"{ready} of {_count(len(found.deployments), 'deployment')} on {found.connection} can carry agents with tools, "
        f"by {_count(found.requests, 'request')}"
    )
    return View(
        sentences=(told,) if found.deployments else ("No deployment was examined",),
        tables=(frames.readiness(found), frames.readiness_conclusions(found), frames.readiness_asks(found)),
        blocks=tuple(Block(title=f"{ask.deployment}, {ask.check}", text=ask.curl) for ask in found.asks if ask.curl),
    )


@view_of.register(AgentRecord)
def _agent(agent: AgentRecord) -> View:
    connection, _, deployment = agent.model.partition("/")
    told = f"Agent {agent.name} asks connection {connection}, and its gateway is sent {deployment}"
    return View(sentences=(told,), tables=(frames.agent(agent), frames.tools(agent.tools)))


@view_of.register(Verdict)
def _verdict(verdict: Verdict) -> View:
    asked = Block(title="Asked", text=verdict.asked, shut=False)
    answered = Block(title="Answered", text=verdict.answer, shut=False)
    return View(tables=(frames.verdicts([verdict]),), blocks=(asked, answered) if verdict.answer else (asked,))


@view_of.register(Validation)
def _validation(record: Validation) -> View:
    good = sum(verdict.judgement == "passed" for verdict in record.verdicts)
    return View(
        sentences=(f"{good} of {_count(len(record.verdicts), 'verdict')} of the suite {record.suite} passed",),
        tables=(
            frames.verdicts(record.verdicts),
            *([frames.triage(record.triage)] if record.triage else []),
            frames.proofs(record.proofs),
        ),
    )


@view_of.register(Cleanup)
def _cleanup(record: Cleanup) -> View:
    told = f"removed {', '.join(record.removed) or 'nothing'}"
    return View(sentences=(told + (f"; gone already: {', '.join(record.gone)}" if record.gone else ""),))


@view_of.register(Triage)
def _triage(found: Triage) -> View:
    calls = [finding for finding in (found.gateway, found.agent) if finding and finding.curl]
    return View(
        tables=(frames.triage(found),),
        blocks=tuple(Block(title=f"repeat {finding.code}", text=finding.curl) for finding in calls),
    )


@view_of.register(RouteProof)
def _proof(proof: RouteProof) -> View:
    return View(tables=(frames.proofs([proof]),))


@view_of.register(Target)
def _target(target: Target) -> View:
    return View(tables=(frames.target(target),))


@view_of.register(Suite)
def _suite(suite: Suite) -> View:
    return View(sentences=(suite.description,) if suite.description else (), tables=(frames.suite(suite),))


@view_of.register(Tools)
def _tools(tools: Tools) -> View:
    tries = table(
        ("Prompt", "Calls", "Approves"),
        [(one.prompt, ", ".join(one.calls), "yes" if one.approve else "no") for one in tools.tries],
        caption="What they are tried with",
    )
    told = tools.description or ("" if tools.tools else "No tools: the agent answers from its model alone")
    return View(sentences=(told,) if told else (), tables=(frames.tools(tools), tries))


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
