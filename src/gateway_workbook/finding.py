"""A finding: one thing that is wrong, or looks wrong, with a connection as it is stored, and what mends it."""

from __future__ import annotations

__all__ = ["Finding", "Severity", "error", "is_error", "warning"]

from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from collections.abc import Iterable

Severity = Literal["error", "warning"]


class Finding(BaseModel):
    """`error`: the connection does not work, or not as meant; `warning`: it may.

    `code` is stable, for programs; `found` is the fact, with secrets masked.
    """

    model_config = ConfigDict(frozen=True)

    code: str
    severity: Severity
    field: str
    found: str
    mend: str

    def __str__(self) -> str:
        return f"{self.field} {self.found}: {self.mend}"


def error(code: str, field: str, *, found: str, mend: str) -> Finding:
    """What keeps a connection from working."""
    return Finding(code=code, severity="error", field=field, found=found, mend=mend)


def warning(code: str, field: str, *, found: str, mend: str) -> Finding:
    """What may be meant so, and usually is not."""
    return Finding(code=code, severity="warning", field=field, found=found, mend=mend)


def is_error(findings: Iterable[Finding]) -> bool:
    """Whether one of them keeps the connection from working."""
    return any(finding.severity == "error" for finding in findings)
