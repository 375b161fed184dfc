"""One HTTP request and what came of it, as data that may be shown and stored."""

from __future__ import annotations

__all__ = ["Exchange", "masked"]

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final, Self

import httpx
from pydantic import BaseModel, ConfigDict

from gateway_workbook.visible import storable

_LARGEST: Final = 5_000_000
_EXCERPT: Final = 300
_SHORTEST_SECRET: Final = 4  # masking a shorter one would garble every text


class Exchange(BaseModel):
    """One request and what came back, without headers: `status` is None when nothing did, `problem` then says why."""

    model_config = ConfigDict(frozen=True)

    method: str
    url: str
    status: int | None = None
    milliseconds: float = 0
    text: str = ""
    problem: str | None = None

    @classmethod
    def of(cls, response: httpx.Response, *, method: str, url: str, hidden: Iterable[str] = ()) -> Self:
        """What came back, read; secrets in `hidden` are masked, because gateways repeat them in their errors."""
        # Not response.text: it trusts the charset the gateway names, and JSON is UTF-8.
        text = response.content[:_LARGEST].decode("utf-8", errors="replace")
        milliseconds = response.elapsed.total_seconds() * 1000
        return cls(
            method=method, url=url, status=response.status_code, milliseconds=milliseconds, text=masked(text, hidden)
        )

    @property
    def ok(self) -> bool:
        """Whether the gateway answered with success."""
        return self.status is not None and httpx.codes.is_success(self.status)

    @property
    def body(self) -> Any:
        """The parsed JSON answer, or None."""
        try:
            return json.loads(self.text)
        except (ValueError, RecursionError):
            return None

    @property
    def outcome(self) -> str:
        """One phrase for a table: `200`, `404 Resource not found`, `no answer (ConnectError: …)`."""
        if self.status is None:
            return f"no answer ({self.problem})"
        if self.ok:
            return str(self.status)
        return storable(f"{self.status} {_message(self.body) or self.text.strip()}"[:_EXCERPT])


def masked(text: str, hidden: Iterable[str]) -> str:
    """The text with each of the secrets replaced by dots."""
    for secret in sorted(hidden, key=len, reverse=True):
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, "•••")
    return text


def _message(body: object) -> str:
    """The sentence in an error body, wherever gateways nest it."""
    if isinstance(body, str):
        return body
    for key in ("error", "message", "detail", "error_description"):
        if isinstance(body, Mapping) and body.get(key):
            return _message(body[key])
    return ""
