"""A finding: one thing that is wrong, or looks wrong, with a connection or a call of it, and what mends it."""

from __future__ import annotations

__all__ = ["Change", "Confidence", "Finding", "Severity", "error", "is_error", "warning"]

from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

if TYPE_CHECKING:
    from collections.abc import Iterable

Severity = Literal["error", "warning"]
Confidence = Literal["certain", "likely", "possible"]
Change = dict[str, JsonValue]


class Finding(BaseModel):
    """`error`: the connection does not work, or not as meant; `warning`: it may.

    `code` is stable, for programs; `found` is the fact, with secrets masked. A failed call has more: `request`, the
    `cause` and how sure it is, `change`, which are the profile's fields to set (None: to leave out), where that mends
    it, and `curl`, the lines that repeat the request.
    """

    model_config = ConfigDict(frozen=True)

    code: str
    severity: Severity = "error"
    field: str
    found: str
    mend: str
    request: str = ""
    cause: str = ""
    confidence: Confidence = "certain"
    milliseconds: float | None = None
    change: Change = Field(default_factory=dict)
    curl: str = ""

    def __str__(self) -> str:
        if not self.request:
            return f"{self.field} {self.found}: {self.mend}"
        return f"{self.request}: {self.found.rstrip('.')} ({self.cause}): {self.mend}"


def error(code: str, field: str, *, found: str, mend: str) -> Finding:
    """What keeps a connection from working."""
    return Finding(code=code, severity="error", field=field, found=found, mend=mend)


def warning(code: str, field: str, *, found: str, mend: str) -> Finding:
    """What may be meant so, and usually is not."""
    return Finding(code=code, severity="warning", field=field, found=found, mend=mend)


def is_error(findings: Iterable[Finding]) -> bool:
    """Whether one of them keeps the connection from working."""
    return any(finding.severity == "error" for finding in findings)
