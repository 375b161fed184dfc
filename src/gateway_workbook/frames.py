"""What a run found, as pandas frames for people: one row a thing, named in words, marked beyond colour."""

from __future__ import annotations

__all__ = [
    "agent",
    "calls",
    "differences",
    "discovery",
    "evidence",
    "findings",
    "given",
    "ledger",
    "mark",
    "models",
    "named_tools",
    "prerequisites",
    "proofs",
    "readiness",
    "readiness_asks",
    "readiness_conclusions",
    "resources",
    "steps",
    "suite",
    "target",
    "tools",
    "triage",
    "verdicts",
]

from dataclasses import fields
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlencode

from gateway_workbook.connection import without_query
from gateway_workbook.front_end import notebooks_url
from gateway_workbook.gateway import chat_url, endpoint_url
from gateway_workbook.gateway_tools import GATEWAY_TOOLS
from gateway_workbook.profile_change import in_words
from gateway_workbook.stages import stages
from gateway_workbook.table import table
from gateway_workbook.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd

    from gateway_workbook.answer import Answer
    from gateway_workbook.connection import Connection
    from gateway_workbook.difference import Difference
    from gateway_workbook.discovery import Discovered
    from gateway_workbook.finding import Finding
    from gateway_workbook.ledger import Ledger
    from gateway_workbook.prerequisites import Prerequisite
    from gateway_workbook.probe_evidence import Evidence
    from gateway_workbook.probe_session import ProbeOptions
    from gateway_workbook.readiness import Readiness
    from gateway_workbook.route_proof import RouteProof
    from gateway_workbook.run import AgentRecord, Run
    from gateway_workbook.suite import Suite
    from gateway_workbook.target import Target
    from gateway_workbook.tools import Tools
    from gateway_workbook.triage import Triage
    from gateway_workbook.validation import Verdict

_GLYPHS: Final = {
    "yes": "✓",
    "supported": "✓",
    "could not tell": "?",
    "passed": "✓",
    "no": "✗",
    "failed": "✗",
    "refused": "✗",
    "broken": "✗",
    "no answer": "✗",
    "running": "…",
    "overtaken": "↺",
    "error": "✗",
    "warning": "!",
}


_NAME: Final = "{deployment}"
_FAULT: Final = "Whose fault it is"
_FINDINGS: Final = "Findings"


def mark(word: str) -> str:
    """A finding with its glyph before it: `✓ yes`, `✗ failed`, `– not asked`."""
    return f"{_GLYPHS.get(word, '–')} {word}"


def steps(run: Run) -> pd.DataFrame:
    """The six notebooks: verdict, seconds and what each found."""
    rows = [(stage.step, mark(stage.standing), stage.seconds, stage.found) for stage in stages(run)]
    return table(("Step", "Verdict", "Seconds", "Found"), rows, caption="The six notebooks")


def models(discovered: Discovered) -> pd.DataFrame:
    """The deployments: listed, gettable, callable, and the answer behind the first no."""
    columns = ("Deployment", "Model", "Version", "Format", "Listed", "Gettable", "Callable", "Why")
    rows = [
        (
            found.deployment,
            found.model,
            found.version,
            found.format,
            mark(found.listed),
            mark(found.gettable),
            mark(found.callable),
            found.why,
        )
        for found in discovered.models
    ]
    return table(columns, rows, caption="Deployments: listed, gettable, callable")


def readiness(found: Readiness) -> pd.DataFrame:
    """The grid: a row for each check, a column for each deployment; checks of the gateway are the same for all."""
    rows = [
        (one.check, *(mark(deployment.outcomes[position].answer) for deployment in found.deployments))
        for position, one in enumerate(found.deployments[0].outcomes if found.deployments else ())
    ]
    rows += [(one.check, *([mark(one.answer)] * len(found.deployments))) for one in found.gateway]
    columns = ("Check", *(deployment.deployment for deployment in found.deployments))
    return table(columns, rows, caption="What an agent needs")


def readiness_conclusions(found: Readiness) -> pd.DataFrame:
    """What follows for each deployment: can it carry an agent, the `format` to declare, and the tools that can work."""
    rows = [
        (one.deployment, mark(one.ready), one.format, _fates(one.tools), one.requests, one.seconds)
        for one in found.deployments
    ]
    columns = ("Deployment", "Carries agents", "Format to declare", "Agent tools", "Requests", "Seconds")
    return table(columns, rows, caption="What follows for each deployment")


def _fates(tools: Mapping[str, str]) -> str:
    fates = {fate: [title for title, its in tools.items() if its == fate] for fate in tools.values()}
    alike = len(fates) == 1
    return "; ".join(f"{mark(fate)}: {'all of them' if alike else ', '.join(named)}" for fate, named in fates.items())


def readiness_asks(found: Readiness) -> pd.DataFrame:
    """What to ask of the gateway's team, one row for each refused check."""
    rows = [(ask.deployment, ask.sentence, ask.found) for ask in found.asks]
    return table(("Deployment", "Ask", "Seen"), rows, caption="What to ask of the gateway's team")


def verdicts(verdicts: Iterable[Verdict]) -> pd.DataFrame:
    """Every prompt on every route: verdict, price, proof in the gateway's log, and what did not hold."""
    columns = ("Prompt", "Route", "Verdict", "Seconds", "Tokens", "In the gateway's log", "What did not hold")
    rows = [
        (
            found.prompt,
            found.route,
            mark(found.judgement),
            found.seconds,
            found.tokens,
            logged(found),
            "; ".join(found.failures),
        )
        for found in verdicts
    ]
    return table(columns, rows, caption="Verdicts")


def triage(found: Triage | None) -> pd.DataFrame:
    """Whose fault it is, and what was found on each route; nobody's where every prompt was answered."""
    if found is None:
        return table(("Whose", "Why"), [("→ nobody", "every prompt was answered")], caption=_FAULT)
    rows = [
        (route, mark("yes") + " answers" if finding is None else finding.found, finding.cause if finding else "", "")
        for route, finding in (("straight to the gateway", found.gateway), ("through the agent", found.agent))
    ]
    conclusion = (f"→ {found.party}", "", found.why, found.mend)
    return table(("Route", "Found", "Cause", "Mend"), [*rows, conclusion], caption=_FAULT)


def proofs(found: Iterable[RouteProof]) -> pd.DataFrame:
    """What proves that the agent's calls go through the gateway, beside the log in the verdicts."""
    told = {True: "yes", False: "no", None: "could not tell"}
    names = {"control": "Negative control", "log": "The gateway's log"}
    rows = [(names[one.by], mark(told[one.holds]), one.why) for one in found]
    return table(("By", "Proven", "Why"), rows, caption="Whether the agent's calls go through the gateway")


def logged(verdict: Verdict) -> str:
    """Whether the gateway's log shows the agent's call; a call straight to the gateway needs no such proof."""
    if verdict.route == "gateway":
        return "– not needed"
    return (
        "– no log to look in" if verdict.through_gateway is None else mark("yes" if verdict.through_gateway else "no")
    )


def resources(records: Iterable[Mapping[str, str]]) -> pd.DataFrame:
    """Connected resources as the portal lists them under Operate > Admin > Projects."""
    rows = [
        (
            record.get("name", ""),
            record.get("scope", "project"),
            record.get("category", ""),
            record.get("authType", ""),
            without_query(record.get("target", "")),
        )
        for record in records
    ]
    columns = ("Name", "Belongs to", "Category", "Authentication", "Target")
    return table(columns, rows, caption="Connected resources")


def target(target: Target) -> pd.DataFrame:
    """Where a run goes."""
    rows = [
        ("Target", target.kind),
        ("Project", target.project_resource_id.rsplit("/", 1)[1]),
        ("Project endpoint", target.project_endpoint),
    ]
    if target.descriptor:
        back = notebooks_url()  # the portal leads back to where it was opened from
        rows.append(("Portal", target.descriptor.portal + (f"?{urlencode({'notebooks': back})}" if back else "")))
    return table(("What", "Value"), rows, caption="Where this run goes")


def prerequisites(found: Iterable[Prerequisite]) -> pd.DataFrame:
    """What is there, what is missing, and the mend."""
    rows = [(row.what, mark("yes" if row.there else "no"), row.mend) for row in found]
    return table(("What", "There", "Mend"), rows, caption="What this run needs")


def differences(found: Iterable[Difference]) -> pd.DataFrame:
    """Where a stored connection is not what the profile says."""
    rows = [(row.field, row.wanted, row.found) for row in found]
    return table(("Field", "Profile", "Stored"), rows, caption="Where the stored connection differs from the profile")


def findings(found: Iterable[Finding]) -> pd.DataFrame:
    """What is wrong with a stored connection or with calls of it, errors first; no rows are good.

    Calls that failed show what was seen, the cause and how sure it is; the lines that repeat them are folded below.
    """
    rows = sorted(found, key=lambda row: row.severity != "error")
    if any(row.request for row in rows):
        return _diagnosed(rows)
    told = [(mark(row.severity), row.field, row.found, row.mend) for row in rows]
    return table(("Severity", "Field", "Found", "Mend"), told, caption=_FINDINGS, named=False)


def _diagnosed(found: Sequence[Finding]) -> pd.DataFrame:
    columns = ("Severity", "Observed", "Cause", "How sure", "Mend", "Change")
    rows = [
        (mark(row.severity), _observed(row), row.cause, row.confidence, row.mend, in_words(row.change)) for row in found
    ]
    frame = table(columns, rows, caption=_FINDINGS, named=False)
    frame.attrs["folded"] = {f"repeat {row.code}": visible(row.curl) for row in found if row.curl}
    return frame


def _observed(finding: Finding) -> str:
    took = f" ({finding.milliseconds:.0f} ms)" if finding.milliseconds else ""
    return f"{finding.request}: {finding.found}{took}" if finding.request else f"{finding.field} {finding.found}"


def given(url: str, options: ProbeOptions) -> pd.DataFrame:
    """What a person has told a probe: the URL, and every option that is not left to it."""
    told = [
        (one.name, getattr(options, one.name)) for one in fields(options) if getattr(options, one.name) != one.default
    ]
    shown = ((name, ", ".join(value) if isinstance(value, tuple) else str(value)) for name, value in told)
    return table(("What", "Value"), [("url", url), *shown], caption="What the search is told")


def evidence(found: Iterable[Evidence]) -> pd.DataFrame:
    """What a probe asked, in order, and what each answer means."""
    rows = [(row.request, row.signed, row.outcome, row.meaning) for row in found]
    return table(("Request", "Signed", "Answer", "What it means"), rows, caption="What was asked, in order")


def discovery(connection: Connection) -> pd.DataFrame:
    """The requests that discovery and inference make of the gateway."""
    if connection.effective_discovery == "static":
        looked_up = [("List", "no request: the connection lists its models"), ("Get", "no request")]
    else:
        looked_up = [(kind.title(), "GET " + _named(endpoint_url(connection, kind, _NAME))) for kind in ("list", "get")]
    call = "POST " + _named(chat_url(connection, _NAME))
    rows = [*looked_up, ("Call", without_query(call))]
    return table(("Step", "Request"), rows, caption="What the gateway is asked")


def _named(url: str) -> str:
    return url.replace(quote(_NAME, safe=""), _NAME)


def agent(agent: AgentRecord) -> pd.DataFrame:
    """The deployed agent; its model is a connection and, behind the first slash, what the gateway is sent."""
    return table(
        ("What", "Value"),
        [
            ("Agent", agent.name),
            ("Version", agent.version),
            ("Model", agent.model),
            ("Connection", agent.model.partition("/")[0]),
            ("Sent to the gateway", agent.deployment),
            *([("Tools", named_tools(agent.tools))] if agent.tools.tools else []),
            ("Outcome", agent.outcome),
        ],
        caption="The deployed agent",
    )


def named_tools(tools: Tools) -> str:
    """The tools of an agent on one line."""
    return ", ".join(tool.name if tool.name == tool.type else f"{tool.name} ({tool.type})" for tool in tools.tools)


def tools(tools: Tools) -> pd.DataFrame:
    """The tools a file gives an agent."""
    titles = {tool.type: tool.title for tool in GATEWAY_TOOLS}
    rows = [(tool.name, titles[tool.type], tool.about) for tool in tools.tools]
    return table(("Tool", "Kind", "What it is"), rows, caption="The agent's tools")


def calls(answers: Iterable[Answer]) -> pd.DataFrame:
    """The tools an agent called while it answered, in order."""
    rows = [
        (call.name, call.type, call.arguments, call.problem or call.output, mark("no" if call.problem else "yes"))
        for answer in answers
        for call in answer.calls
    ]
    return table(("Called", "As", "With", "Answer", "Went well"), rows, caption="Tools the agent called, in order")


def suite(suite: Suite) -> pd.DataFrame:
    """The prompts and what their answers must hold."""
    rows = [
        (prompt.name, prompt.prompt, "; ".join(map(str, prompt.assertions)), ", ".join(prompt.routes))
        for prompt in suite.prompts
    ]
    return table(("Prompt", "Text", "Assertions", "Routes"), rows, caption=f"Prompts of the suite {suite.name}")


def ledger(ledger: Ledger) -> pd.DataFrame:
    """What the run still owns."""
    rows = [
        (entry.kind, entry.name, entry.scope, f"{entry.time:%Y-%m-%d %H:%M:%S} UTC") for entry in ledger.open_entries()
    ]
    return table(("Kind", "Name", "Belongs to", "Written down"), rows, caption="What this run still owns", named=False)
