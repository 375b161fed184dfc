"""What was seen of one call, in the terms that rules of diagnosis ask for."""

from __future__ import annotations

__all__ = ["Observation"]

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import httpx

if TYPE_CHECKING:
    from gateway_workbook.connection import Connection
    from gateway_workbook.exchange import Asked, Exchange

_READ: Final = 20_000  # characters of an answer that rules look at; a page may be long
_REDIRECT: Final = 3


@dataclass(frozen=True, kw_only=True)
class Observation:
    """One call of a connection, and what `others` of the same connection gave, as far as they are known."""

    exchange: Exchange
    connection: Connection
    deployment: str = ""
    others: tuple[Exchange, ...] = ()

    @property
    def asked(self) -> Asked:
        """What the call was for."""
        return self.exchange.asked

    def answered(self, *statuses: int) -> bool:
        """Whether the answer has one of these statuses; a number below 10 stands for its hundreds."""
        status = self.exchange.status
        return status is not None and any(wanted in (status, status // 100) for wanted in statuses)

    @property
    def redirected(self) -> bool:
        """Whether the gateway sends us elsewhere."""
        return self.answered(_REDIRECT) and bool(self.location)

    @property
    def location(self) -> str:
        """Where to, whole."""
        try:
            return str(httpx.URL(self.exchange.url).join(self.exchange.headers.get("location", "")))
        except httpx.InvalidURL:
            return ""

    def says(self, pattern: str) -> bool:
        """Whether body or headers hold the pattern, in any case of letters."""
        return re.search(pattern, self._words) is not None

    def sends(self, header: str, pattern: str = "") -> bool:
        """Whether the answer has the header, with the pattern in it."""
        return re.search(pattern, self.exchange.headers.get(header, "\N{NULL}").casefold()) is not None and (
            header in self.exchange.headers
        )

    @cached_property
    def _words(self) -> str:
        told = self.exchange.headers.values() if self.exchange.status else ()
        return "\n".join([self.exchange.text[:_READ], *told]).casefold()

    @property
    def html(self) -> bool:
        """Whether the answer is a page for people."""
        text = self.exchange.text.lstrip()[:200].casefold()
        return self.sends("content-type", "text/html") or text.startswith(("<!doctype html", "<html"))

    @property
    def empty(self) -> bool:
        """Whether the answer has no body."""
        return not self.exchange.text.strip()

    @cached_property
    def body(self) -> Any:
        """The answer as JSON, or None."""
        return self.exchange.body

    @property
    def truncated(self) -> bool:
        """Whether the answer begins as JSON and does not end as such."""
        text = self.exchange.text.strip()
        if not text.startswith(("{", "[")):
            return False
        try:
            json.loads(text)
        except json.JSONDecodeError as error:
            return error.pos >= len(text) - 1 or error.msg.startswith("Unterminated string")
        except (ValueError, RecursionError):
            return False
        return False

    def has(self, *keys: str) -> bool:
        """Whether the answer is a JSON object with any of these keys filled."""
        return isinstance(self.body, Mapping) and any(self.body.get(key) not in (None, "", [], {}) for key in keys)

    def worked(self, *asked: Asked) -> bool:
        """Whether another call for one of these was answered well."""
        return any(one.ok and one.asked in asked for one in self.others)

    @property
    def listed(self) -> bool:
        """Whether the gateway's list names the deployment."""
        return any(one.asked == "list" and one.ok and f'"{self.deployment}"' in one.text for one in self.others)

    @property
    def bare_url(self) -> str:
        """The call's URL without its query."""
        return self.exchange.url.partition("?")[0]
