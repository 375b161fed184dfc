"""What is wrong with a stored connection, whoever made it: one table of rules, each small, each with its mend."""

from __future__ import annotations

__all__ = ["RULES", "check", "compare"]

from typing import TYPE_CHECKING, Any, Final

from gateway_workbook.difference import differences
from gateway_workbook.finding import Finding, error, warning
from gateway_workbook.metadata_rules import METADATA_RULES
from gateway_workbook.profile_rules import AUTH_TYPES
from gateway_workbook.resource_rules import RESOURCE_RULES
from gateway_workbook.stored import Stored

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from gateway_workbook.connection import Connection
    from gateway_workbook.difference import Difference
    from gateway_workbook.secrets import Secrets

RULES: Final = (*RESOURCE_RULES, *METADATA_RULES)
# Fields that a client can lose on the way without a word, each with the code of its loss.
_DROPPED: Final = {
    "tokenUrl": "dropped-token-url",
    "scopes": "dropped-scopes",
    "audience": "dropped-audience",
    "isSharedToAll": "dropped-sharing",
}


def check(resource: Mapping[str, Any]) -> tuple[Finding, ...]:
    """Every finding on a connection as ARM returns it, errors first."""
    stored = Stored.of(resource)
    category = stored.text("category")
    if category not in AUTH_TYPES:
        return (
            error(
                "category",
                "category",
                found=f"is {category or 'missing'}, no gateway's",
                mend="write ApiManagement for Azure API Management, ModelGateway for any other gateway",
            ),
        )
    return _ordered(finding for rule in RULES for finding in rule(stored))


def compare(connection: Connection, resource: Mapping[str, Any], *, secrets: Secrets) -> tuple[Finding, ...]:
    """The findings of `check`, and every field that is not what the connection should be.

    Secrets are not compared: ARM does not return them.
    """
    found = check(resource)
    rows = differences(connection, resource, secrets=secrets)
    told = {finding.field: finding for finding in found}
    lost = [_lost(row, told) for row in rows if _is_lost(row)]
    broken = [finding.field for finding in found if finding.severity == "error"]
    others = [_other(row) for row in rows if not _is_lost(row) and not _covered(row.field, broken)]
    kept = [finding for finding in found if finding.field not in {finding.field for finding in lost}]
    return _ordered([*lost, *kept, *others, *_scope(connection, resource)])


def _is_lost(row: Difference) -> bool:
    return row.field in _DROPPED and row.found in ("absent", "false")


def _lost(row: Difference, told: Mapping[str, Finding]) -> Finding:
    fact = told[row.field].found if row.field in told else f"is {row.found}"
    return error(
        _DROPPED[row.field],
        row.field,
        found=f"{fact}, the profile says {row.wanted}",
        mend="make it again with replace = True (-p replace=true): some clients drop this field without a word",
    )


def _other(row: Difference) -> Finding:
    return error(
        "differs",
        row.field,
        found=f"is {row.found}, the profile says {row.wanted}",
        mend="write over it with replace = True (-p replace=true), or write what is stored into the profile",
    )


def _covered(field: str, broken: list[str]) -> bool:
    # What is broken differs, too; once is enough.
    return any(f"{other}.".startswith((f"{field}.", f"{field}[")) or field.startswith(f"{other}.") for other in broken)


def _scope(connection: Connection, resource: Mapping[str, Any]) -> Iterator[Finding]:
    scope = Stored.of(resource).scope
    if scope != connection.scope:
        yield warning(
            "scope",
            "connectionScope",
            found=f"is {scope} here, the profile says {connection.scope}",
            mend=f"write connectionScope: {scope}, or make the connection on the {connection.scope}",
        )


def _ordered(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda finding: finding.severity != "error"))
