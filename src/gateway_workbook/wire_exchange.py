"""One exchange as it went over the wire, its secrets taken out before anything was kept."""

from __future__ import annotations

__all__ = ["WireExchange"]

from datetime import datetime
from http import HTTPStatus
from typing import Final

import httpx
from pydantic import BaseModel, ConfigDict

from gateway_workbook.masking import Masked, shown

_CLIENT_ERROR: Final = 400

Headers = tuple[tuple[str, Masked], ...]


class WireExchange(BaseModel):
    """One request and what came back; a retry is an exchange of its own.

    Bodies are cut where they are long; the sizes are those of the wire, in bytes, -1 of an answer that nobody read to
    its end. `milliseconds` is the time to the end of the answer, `first_milliseconds` to its beginning. `status` is
    None when there was none, and `problem` says why.
    """

    model_config = ConfigDict(frozen=True)

    number: int
    started: datetime
    method: str
    url: Masked
    headers: Headers
    body: Masked = ()
    body_size: int = 0
    body_cut: bool = False
    status: int | None = None
    problem: Masked = ()
    answer_headers: Headers = ()
    answer: Masked = ()
    answer_size: int = -1
    answer_cut: bool = False
    first_milliseconds: float = 0
    milliseconds: float = 0

    @property
    def ok(self) -> bool:
        """Whether an answer came, whole, and it is no refusal."""
        return self.status is not None and self.status < _CLIENT_ERROR and not self.problem

    @property
    def outcome(self) -> str:
        """The status with its words, or that there is none."""
        if self.status is None:
            return f"no answer ({shown(self.problem)})"
        told = f" ({shown(self.problem)})" if self.problem else ""
        if httpx.codes.is_success(self.status):
            return f"{self.status}{told}"
        words = HTTPStatus(self.status).phrase if self.status in set(HTTPStatus) else ""
        return f"{self.status} {words}".rstrip() + told

    @property
    def line(self) -> str:
        """The exchange in one line."""
        mark = "✓" if self.ok else "✗"
        return f"{mark} {self.method} {shown(self.url)} → {self.outcome} in {self.milliseconds:.0f} ms"
