"""Why a call of a connection failed, as one finding: the fact, its cause, the mend, and the line that repeats it."""

from __future__ import annotations

__all__ = ["RULES", "diagnose", "facts"]

from typing import TYPE_CHECKING, Final

import httpx

from gateway_workbook.admission_rules import ADMISSION, VERSIONS
from gateway_workbook.answer_rules import LAST, LIMITS, NAMES, SERVICE, SHAPES, WANTS_BODY
from gateway_workbook.finding import Finding
from gateway_workbook.network_rules import DETOURS, NETWORK, TOKEN
from gateway_workbook.observation import Observation
from gateway_workbook.visible import storable

if TYPE_CHECKING:
    from gateway_workbook.connection import Connection
    from gateway_workbook.exchange import Exchange
    from gateway_workbook.rule import Rule

# Read from the top: the first rule that fits names the cause.
RULES: Final[tuple[Rule, ...]] = (
    *NETWORK,
    *TOKEN,
    *DETOURS,
    *LIMITS,
    *SHAPES,
    *VERSIONS,
    WANTS_BODY,
    *ADMISSION,
    *NAMES,
    *SERVICE,
    LAST,
)
_FORMS: Final = {
    "token": "a token's answer",
    "list": "a list of models in {provider} form",
    "get": "a model in {provider} form",
    "chat": "a chat completion",
}
_ENDPOINTS: Final = {"list": " and listModelsEndpoint", "get": " and getModelEndpoint"}
_EXCERPT: Final = 120


def diagnose(
    exchange: Exchange, connection: Connection, *, deployment: str = "", others: tuple[Exchange, ...] = ()
) -> Finding:
    """The finding on a call that failed, or whose answer could not be used.

    `deployment` is the one that was asked for; `others` are other calls of the same connection, which tell a key that
    is wrong from one that holds on some paths only.
    """
    seen = Observation(exchange=exchange, connection=connection, deployment=deployment, others=others)
    rule = next(rule for rule in RULES if rule.when(seen))
    known = facts(seen)
    return Finding(
        code=rule.code,
        field="deploymentAPIVersion" if rule.field == "inferenceAPIVersion" and seen.asked != "chat" else rule.field,
        request=f"{exchange.method} {exchange.url}",
        found=_fact(exchange),
        cause=rule.cause.format_map(known),
        mend=rule.mend.format_map(known),
        confidence=rule.confidence,
        milliseconds=exchange.milliseconds or None,
        change=rule.change(seen),
        curl=exchange.curl,
    )


def facts(seen: Observation) -> dict[str, str]:
    """What the sentences of rules may name in braces."""
    connection = seen.connection
    discovery = connection.discovery
    provider = discovery.provider if discovery else "AzureOpenAI"
    return {
        "host": _host(seen.exchange.url),
        "url_field": "tokenUrl" if seen.asked == "token" else "targetUrl",
        "location": seen.location.partition("?")[0],
        "retry_after": _pause(seen.exchange.headers.get("retry-after", "")),
        "deployment": seen.deployment or "of that name",
        "header": _header(connection),
        "secret": str(connection.api_key or connection.client_secret or "the sign-in"),
        "scopes": ", ".join(connection.scopes) or "none",
        "audience": connection.audience or "that of the token",
        "asked_path": httpx.URL(seen.bare_url).path,
        "version_field": "inferenceAPIVersion" if seen.asked == "chat" else "deploymentAPIVersion",
        "and_endpoint": _ENDPOINTS.get(seen.asked, ""),
        "other_provider": "OpenAI" if provider == "AzureOpenAI" else "AzureOpenAI",
        "form": _FORMS[seen.asked].format(provider=provider),
    }


def _fact(exchange: Exchange) -> str:
    """The outcome; of a success that cannot be used, its beginning."""
    words = " ".join(exchange.text.split())
    return storable(f"{exchange.outcome} {words[:_EXCERPT]}".strip()) if exchange.ok else exchange.outcome


def _host(url: str) -> str:
    try:
        return httpx.URL(url).host or "the host"
    except httpx.InvalidURL:
        return "the host"


def _pause(told: str) -> str:
    return f"{told} seconds, as it says" if told.isdecimal() else "a minute" if not told else f"until {told}"


def _header(connection: Connection) -> str:
    if connection.auth_type != "ApiKey":
        return "Authorization"
    return connection.auth_config.name if connection.auth_config else "api-key"
