"""One stored connection examined: whose it is, what is wrong with it, and, when asked, whether its secrets are ours."""

from __future__ import annotations

__all__ = ["Examination", "examine"]

import hmac
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from gateway_workbook.arm import resource_rows
from gateway_workbook.check import check, compare
from gateway_workbook.finding import Finding, error, is_error
from gateway_workbook.stored import scope_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway_workbook.arm import Connections
    from gateway_workbook.connection import Connection
    from gateway_workbook.profile import Profile
    from gateway_workbook.secrets import Secrets

Sameness = Literal["same", "differs"]


@dataclass(frozen=True, kw_only=True)
class Examination:
    """`resource` is the row of connected resources; `secrets` says of each field of credentials whether it is ours."""

    resource: Mapping[str, str]
    findings: tuple[Finding, ...]
    secrets: Mapping[str, Sameness] = field(default_factory=dict)

    @property
    def usable(self) -> bool:
        """Whether nothing found keeps it from working."""
        return not is_error(self.findings)


def examine(
    connections: Connections, name: str, *, profile: Profile | None = None, compare_secrets: bool = False
) -> Examination:
    """Find the connection, the project's own or the account's, and check it; with a profile compare it, too.

    `compare_secrets` needs the profile, and has ARM list the stored secrets: that leaves a mark in its activity log.
    Raises UsageError naming the connections there are.
    """
    resource = connections.find(name)
    (row,) = resource_rows([resource])
    if profile is None:
        return Examination(resource=row, findings=check(resource))
    wanted = connections.describe(profile)
    findings = compare(wanted, resource, secrets=connections.secrets)
    if not compare_secrets:
        return Examination(resource=row, findings=findings)
    stored = connections.credentials(name, scope=scope_of(resource))
    sameness = _sameness(wanted, stored, secrets=connections.secrets)
    return Examination(resource=row, findings=(*_different(sameness), *findings), secrets=sameness)


def _sameness(wanted: Connection, stored: Mapping[str, object], *, secrets: Secrets) -> dict[str, Sameness]:
    ours = wanted.resource(secrets)["properties"]["credentials"]
    return {
        name: "same" if hmac.compare_digest(value.encode(), str(stored.get(name)).encode()) else "differs"
        for name, value in ours.items()
    }


def _different(sameness: Mapping[str, Sameness]) -> tuple[Finding, ...]:
    return tuple(
        error(
            "secret-differs",
            f"credentials.{name}",
            found="is not what the profile's reference holds",
            mend="send it again with replace = True (-p replace=true), or mend what the reference names",
        )
        for name, same in sameness.items()
        if same == "differs"
    )
