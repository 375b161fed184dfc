"""Rules for answers of a gateway: limits, forms, names and paths, and the service behind it.

Gateways word the same thing differently, a wrong key is 401 with JSON here, 401 in plain text there and 400 with a
sentence elsewhere: rules read status, headers and body together. To teach them another wording, add it to a pattern in
`gateway_words`, or a rule to its table, and its case to the test of the rules.
"""

from __future__ import annotations

__all__ = ["LAST", "LIMITS", "NAMES", "SERVICE", "SHAPES", "WANTS_BODY"]

from typing import TYPE_CHECKING, Final

from gateway_workbook.changes import in_body, other_provider
from gateway_workbook.gateway_words import (
    FILTERED,
    NAMES_MODEL,
    NO_CHAT,
    NO_ROUTE,
    NOBODY_RUNS,
    NONE_FREE,
    PACE,
    TOO_LONG,
    UNSUPPORTED,
    UPSTREAM,
    USED_UP,
    WANTS_MODEL,
)
from gateway_workbook.rule import Rule

if TYPE_CHECKING:
    from gateway_workbook.observation import Observation

_OF_THE_EDGE: Final = (520, 521, 522, 523, 524, 529)  # what networks of delivery say of the origin, or of its load
_EXPECTED: Final = {"token": ("access_token",), "list": ("data", "value"), "get": ("id", "name"), "chat": ("choices",)}


def _no_answer(seen: Observation) -> bool:
    return seen.exchange.ok and not seen.has(*_EXPECTED[seen.asked])


def _lists_nothing(seen: Observation) -> bool:
    lists = [seen.body[key] for key in ("data", "value") if key in seen.body] if isinstance(seen.body, dict) else []
    return seen.exchange.ok and seen.asked == "list" and lists == [[]]


LIMITS: Final = (
    Rule(
        code="quota-used-up",
        when=lambda seen: (
            seen.answered(402)
            or (seen.answered(400, 403) and seen.says(USED_UP))
            or (seen.answered(429) and seen.says(USED_UP) and not seen.says(PACE))
        ),
        cause="the quota is used up",
        mend="raise the key's or the subscription's quota; waiting a moment will not help",
        field="apiKey",
    ),
    Rule(
        code="rate-limit",
        when=lambda seen: seen.answered(429) and not seen.says(NONE_FREE),
        cause="too many calls for the gateway's limit",
        mend="wait {retry_after}, then try again; ask for a higher limit if it stays",
        field="apiKey",
        confidence="certain",
    ),
    Rule(
        code="content-filter",
        when=lambda seen: seen.answered(400, 403, 422) and seen.says(FILTERED),
        cause="a content filter refuses the prompt",
        mend="the connection works: change the prompt, or the filter's settings",
        field="prompt",
        confidence="certain",
    ),
    Rule(
        code="context-length",
        when=lambda seen: seen.answered(400, 413, 422) and (seen.says(TOO_LONG) or seen.answered(413)),
        cause="the prompt is longer than the model or the gateway takes",
        mend="the connection works: shorten the prompt",
        field="prompt",
        confidence="certain",
    ),
)

SHAPES: Final = (
    Rule(
        code="provider-mismatch",
        when=lambda seen: seen.exchange.ok and seen.asked == "list" and other_provider(seen) != {},
        cause="the list has the other provider's form",
        mend="write deploymentProvider: {other_provider}",
        field="deploymentProvider",
        change=other_provider,
        confidence="certain",
    ),
    Rule(
        code="empty-list",
        when=_lists_nothing,
        cause="the gateway lists no model",
        mend="give the key's product a model, or write the models into staticModels",
        field="listModelsEndpoint",
        confidence="certain",
    ),
    Rule(
        code="html",
        when=lambda seen: _no_answer(seen) and seen.html,
        cause="a page for people answers: a portal or a login page stands before the gateway",
        mend="write the URL of the API into targetUrl, not that of its portal",
    ),
    Rule(
        code="truncated",
        when=lambda seen: seen.exchange.ok and seen.truncated,
        cause="the JSON breaks off: the gateway cuts its answers",
        mend="look at the gateway's limit for the size of an answer, and at policies that rewrite bodies",
        confidence="certain",
    ),
    Rule(
        code="empty-answer",
        when=lambda seen: seen.exchange.ok and seen.empty,
        cause="the gateway says success and nothing else",
        mend="look at the gateway's policy: it swallows the upstream's answer",
    ),
    Rule(
        code="error-with-200",
        when=lambda seen: _no_answer(seen) and seen.has("error", "detail"),
        cause="the gateway reports an error with the status of a success",
        mend="read the error; ask the gateway's team for a status that tells",
    ),
    Rule(
        code="wrong-shape",
        when=lambda seen: seen.exchange.ok,  # whoever asks why a success failed could not use it
        cause="that is not {form}",
        mend="check the path in targetUrl{and_endpoint}, and what the gateway makes of the answer",
        confidence="possible",
    ),
)

WANTS_BODY: Final = Rule(
    code="model-missing-in-body",
    when=lambda seen: (
        seen.asked == "chat"
        and seen.connection.deployment_in_path
        and seen.answered(400, 404, 422)
        and seen.says(WANTS_MODEL)
    ),
    cause="the gateway wants the model in the body",
    mend="write deploymentInPath: false",
    field="deploymentInPath",
    change=in_body,
)

NAMES: Final = (
    Rule(
        code="no-chat-model",
        when=lambda seen: seen.asked == "chat" and seen.answered(400, 404, 422) and seen.says(NO_CHAT),
        cause="{deployment} is a model that does not chat",
        mend="take a deployment of a chat model",
        field="deployment",
    ),
    Rule(
        code="listed-not-callable",
        when=lambda seen: seen.asked == "chat" and seen.answered(4) and seen.says(NAMES_MODEL) and seen.listed,
        cause="the gateway lists {deployment} and does not run it",
        mend="take another deployment, or have the gateway's team route this one",
        field="deployment",
        confidence="certain",
    ),
    Rule(
        code="unknown-deployment",
        when=lambda seen: (
            seen.asked in ("chat", "get")
            and ((seen.answered(4, 500) and seen.says(NAMES_MODEL)) or (seen.answered(4, 5) and seen.says(NOBODY_RUNS)))
        ),
        cause="the path is right, and the gateway knows no deployment {deployment}",
        mend="use a deployment the gateway lists",
        field="deployment",
    ),
    Rule(
        code="not-gettable",
        when=lambda seen: seen.asked == "get" and seen.answered(403, 404, 405, 501) and seen.worked("list"),
        cause="the gateway lists its models and does not show them one by one",
        mend="check getModelEndpoint, or write the models into staticModels",
        field="getModelEndpoint",
    ),
    Rule(
        code="no-discovery",
        when=lambda seen: seen.asked in ("list", "get") and (seen.answered(404, 405, 501) or seen.says(NO_ROUTE)),
        cause="the gateway has no such path for discovery",
        mend="check the path in targetUrl{and_endpoint}, or write the models into staticModels",
        field="listModelsEndpoint",
    ),
    Rule(
        code="wrong-path",
        when=lambda seen: seen.answered(404, 405, 501) or (seen.answered(4, 5) and seen.says(NO_ROUTE)),
        cause="the gateway has no such path",
        mend="check deploymentInPath, the path in targetUrl and inferenceAPIVersion",
    ),
)

SERVICE: Final = (
    Rule(
        code="unsupported-parameter",
        when=lambda seen: seen.answered(400, 422) and seen.says(UNSUPPORTED),
        cause="the model does not take a parameter of the request",
        mend="leave it out; the connection works",
        field="request",
    ),
    Rule(
        code="upstream",
        when=lambda seen: (
            seen.answered(408, 502, 503, 504, *_OF_THE_EDGE)
            or (seen.answered(5) and seen.says(UPSTREAM))
            or (seen.answered(429) and seen.says(NONE_FREE))
        ),
        cause="the gateway is well, the model service behind it is not",
        mend="have the gateway's team look at the backend; try again later",
    ),
    Rule(
        code="gateway-error",
        when=lambda seen: seen.answered(5),
        cause="the gateway itself fails",
        mend="look at the gateway's log at this time",
        confidence="possible",
    ),
    Rule(
        code="bad-request",
        when=lambda seen: seen.answered(400, 422),
        cause="the gateway does not take the request as it is",
        mend="read its sentence; check deploymentInPath and inferenceAPIVersion",
        confidence="possible",
    ),
)

LAST: Final = Rule(
    code="unexplained",
    when=lambda _: True,
    cause="no rule knows this answer",
    mend="repeat it with the curl line, and look at the gateway's log",
    confidence="possible",
)
