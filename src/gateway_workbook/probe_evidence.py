"""What a probe asked, what came, and what that means: the rows a person reads to believe its result."""

from __future__ import annotations

__all__ = ["Evidence", "evidence"]

from typing import TYPE_CHECKING, Final

import httpx
from pydantic import BaseModel, ConfigDict

from gateway_workbook.probe_header import same_words

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gateway_workbook.connection import Connection
    from gateway_workbook.exchange import Exchange
    from gateway_workbook.probe_asking import Told

_EXCERPT: Final = 110
_KEYLESS: Final = "without key"
_REFUSED: Final = (401, 403)
_OF_THE_KEY: Final = {"wrong-key", "no-key-seen", "forbidden", "key-on-one-path"}


class Evidence(BaseModel):
    """One request: what was asked, how it was signed, what came back, and what it means."""

    model_config = ConfigDict(frozen=True)

    request: str
    signed: str
    outcome: str
    meaning: str
    milliseconds: float


def evidence(told: Iterable[Told]) -> tuple[Evidence, ...]:
    """A row for each call, in order."""
    told = tuple(told)
    keyless = {_request(one): one.exchange for one in told if one.purpose == _KEYLESS}
    return tuple(
        Evidence(
            request=_request(one),
            signed="no key" if one.purpose == _KEYLESS else _signed(one.connection),
            outcome=" ".join(one.exchange.outcome.split())[:_EXCERPT],
            meaning=_refusal(one, keyless.get(_request(one))) or _meaning(one),
            milliseconds=one.exchange.milliseconds,
        )
        for one in told
    )


def _request(told: Told) -> str:
    url = httpx.URL(told.exchange.url)
    where = str(url) if told.exchange.asked == "token" else url.raw_path.decode()
    return f"{told.exchange.method} {where}"


def _signed(connection: Connection) -> str:
    if connection.auth_type != "ApiKey":
        return "Authorization: Bearer {token}"
    config = connection.auth_config
    return f"{config.name}: {config.format}" if config else "api-key: {api_key}"


def _refusal(told: Told, keyless: Exchange | None) -> str:
    """What an answer that is no success tells beside the same call without a key."""
    if keyless is None or keyless.ok or told.purpose == _KEYLESS or told.exchange.status not in (400, *_REFUSED):
        return ""
    if same_words(told.exchange, keyless):
        return "the same as without a key: this header is not looked at"
    if told.exchange.status in _REFUSED or told.code in _OF_THE_KEY:
        return "another answer than without a key: this header is looked at, and the key is refused"
    if told.code == "api-version-unwanted" and keyless.status in _REFUSED:
        return "the key is taken; the api-version is not"
    return ""


def _meaning(told: Told) -> str:
    if told.purpose == _KEYLESS:
        return _without_key(told)
    if told.purpose == "control":
        return _control(told)
    if told.finding:
        return told.finding.cause
    discovery = told.connection.discovery
    if told.exchange.asked == "list" and discovery:
        names = ", ".join(model.deployment for model in told.models[:4])
        return f"lists {len(told.models)} in {discovery.provider} form: {names}{', …' if told.models[4:] else ''}"
    return f"{told.deployment} {'answers' if told.exchange.asked == 'chat' else 'can be got'}"


def _without_key(told: Told) -> str:
    if told.exchange.ok:
        return "answered without a key: nobody looks at it here"
    return "the same without a key, to compare with"


def _control(told: Told) -> str:
    if told.finding is None:
        return "a model that cannot exist is answered, too: a 200 proves nothing of a name"
    return "a model that cannot exist is refused, as it should be"
