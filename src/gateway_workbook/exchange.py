"""One HTTP request and what came of it, as data that may be shown and stored."""

from __future__ import annotations

__all__ = ["Asked", "Exchange", "masked"]

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal, Self

import httpx
from pydantic import BaseModel, ConfigDict, Field

from gateway_workbook.network import Fault
from gateway_workbook.visible import storable

Asked = Literal["token", "list", "get", "chat"]

_LARGEST: Final = 5_000_000
_EXCERPT: Final = 300
# What an answer's headers say about a fault; the rest is none of our business, and may hold cookies.
_TELLING: Final = (
    "content-type",
    "location",
    "retry-after",
    "server",
    "via",
    "www-authenticate",
    "x-ms-error-code",
    "x-squid-error",
)
_SHORTEST_SECRET: Final = 4  # masking a shorter one would garble every text


class Exchange(BaseModel):
    """One request and what came back.

    `status` is None when nothing did: `fault` then says what kind of nothing, `problem` in which words. With a status,
    `problem` says why a success is none. `headers` are the few that tell about faults, by lower-case name; `curl`
    repeats the request, its secrets in variables.
    """

    model_config = ConfigDict(frozen=True)

    asked: Asked = "chat"
    method: str
    url: str
    status: int | None = None
    milliseconds: float = 0
    headers: dict[str, str] = Field(default_factory=dict)
    text: str = ""
    fault: Fault | None = None
    problem: str | None = None
    curl: str = ""

    @classmethod
    def of(cls, response: httpx.Response, *, hidden: Iterable[str] = (), **shown: Any) -> Self:
        """What came back, read; secrets in `hidden` are masked, because gateways repeat them in their errors.

        `shown` are the fields that the answer does not hold: method, url, asked, curl.
        """
        # Not response.text: it trusts the charset the gateway names, and JSON is UTF-8.
        text = response.content[:_LARGEST].decode("utf-8", errors="replace")
        return cls(
            **shown,
            status=response.status_code,
            milliseconds=response.elapsed.total_seconds() * 1000,
            headers={name: masked(response.headers[name], hidden) for name in _TELLING if name in response.headers},
            text=masked(text, hidden),
        )

    @property
    def ok(self) -> bool:
        """Whether the gateway answered with success."""
        return self.status is not None and httpx.codes.is_success(self.status) and self.problem is None

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
        return storable(f"{self.status} {self.problem or self.told or self.text.strip()}"[:_EXCERPT])

    @property
    def told(self) -> str:
        """The sentence in the answer that says what is wrong, wherever gateways nest it; empty when there is none."""
        return _message(self.body)


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
    if isinstance(body, list):
        return next((found for found in map(_message, body) if found), "")
    for key in ("error", "message", "detail", "msg", "title", "error_description"):
        if isinstance(body, Mapping) and (found := _message(body.get(key))):
            return found
    return ""
