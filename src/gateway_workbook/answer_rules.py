"""Rules for answers of a gateway: limits, forms, api-versions, admission, names and paths, and the service behind it.

Gateways word the same thing differently, a wrong key is 401 with JSON here, 401 in plain text there and 400 with a
sentence elsewhere: rules read status, headers and body together. To teach them another wording, add it to a pattern, or
a rule to its table, and its case to the test of the rules.
"""

from __future__ import annotations

__all__ = ["ADMISSION", "LAST", "LIMITS", "NAMES", "SERVICE", "SHAPES", "VERSIONS", "WANTS_BODY"]

from typing import TYPE_CHECKING, Final

from gateway_workbook.changes import FIRST_VERSION, in_body, other_provider, version
from gateway_workbook.rule import Rule

if TYPE_CHECKING:
    from gateway_workbook.observation import Observation

# What gateways say, in lower case.
_API_KEY: Final = r"(api[ -]?key|subscription key|proxy server token|access token|auth(orization)? header|credentials?)"
_NO_KEY: Final = (
    rf"no {_API_KEY}|missing {_API_KEY}|{_API_KEY} (is |was |are )?(missing|required|not (provided|found|present))"
    r"|missing (bearer|authorization)|authentication (is )?required|didn't provide an api key|no authorization"
    r"|not authenticated|missing authentication|failed to resolve api key"
)
_WRONG_KEY: Final = (
    rf"(invalid|incorrect|wrong|bad|unknown|revoked|disabled)( \w+)? {_API_KEY}|invalid_api_key|authentication error"
    rf"|{_API_KEY} (is )?(not valid|invalid|not recognized|revoked)|token_not_found|unable to find token"
)
_EXPIRED: Final = r"(token|jwt|key|credential).{0,40}expired|expired.{0,20}(token|jwt|key)|idx10223|exp.{0,9}claim"
_AUDIENCE: Final = r"\baud(ience)?s?\b|idx10214|invalid_resource|invalid_target"
_SCOPE: Final = r"insufficient[_ ]scope|invalid_scope|\bscopes?\b|missing (role|permission)"
_NAMES_MODEL: Final = (
    r"deploymentnotfound|model_?not_?found|unknown[_ ](model|deployment)|no such (model|deployment)"
    r"|invalid model( name)?|(model|deployment)\b.{0,80}(do(es)? not exist|not found|doesn't exist|retired"
    r"|is not (available|deployed|supported|known|valid|allowed))|no (model|deployment)s? (named|called|with|match)"
)
_WANTS_MODEL: Final = (
    r"(model|'model'|\"model\")( \w+)? (is |are )?(required|missing)|(missing|without|provide)( \w+){0,4} .?model"
)
_NO_VERSION: Final = (
    r"(missing|required?s?|specify|without|provide).{0,40}api[- ]?version"
    r"|api[- ]?version.{0,60}(missing|required|not (specified|provided|present))"
)
_WRONG_VERSION: Final = (
    r"api[- ]?version.{0,80}(not supported|unsupported|invalid|unknown|not valid|not found|not recognized)"
    r"|(unsupported|invalid|unknown).{0,20}api[- ]?version"
)
_UNWANTED_VERSION: Final = (
    r"(unexpected|unknown|unrecognized|not allowed|extra).{0,40}(query|parameter).{0,40}api-version"
)
_NO_ROUTE: Final = (
    r"no route|unknown (route|path|url)|route( \S+)? not found|cannot (get|post) /|resource not found|invalid url"
    r"|no (static )?resource|no matching (operation|route)|path( \S+)? (was )?not found|unable to match"
)
_FILTERED: Final = r"content_filter|content management policy|responsibleai|content (was )?filtered|safety system"
_TOO_LONG: Final = (
    r"context_length_exceeded|maximum context length|context window|prompt is too long|reduce the length"
    r"|context[ _]size"
)
_UNSUPPORTED: Final = (
    r"unsupported (parameter|value)|unsupported_parameter|unknown parameter|not supported with this model"
)
_USED_UP: Final = r"insufficient_quota|exceeded your( \w+)? quota|quota (is |has been )?exceeded|budget|billing|credit"
_UPSTREAM: Final = (
    r"no healthy upstream|upstream|bad gateway|connection error|service unavailable|backend|gateway time-?out"
    r"|failed to connect|cannot connect|connection refused|internalservererror.*connect"
)
_FIREWALL: Final = r"virtual network|firewall|ip address.{0,30}not allowed|public (network )?access|private endpoint"
_OF_THE_EDGE: Final = (520, 521, 522, 523, 524, 529)  # what networks of delivery say of the origin, or of its load
_EXPECTED: Final = {"token": ("access_token",), "list": ("data", "value"), "get": ("id", "name"), "chat": ("choices",)}


def _refused(seen: Observation) -> bool:
    return seen.answered(401, 403)


def _keyed(seen: Observation, pattern: str) -> bool:
    return seen.answered(400, 401, 403, 422) and seen.says(pattern)


def _no_answer(seen: Observation) -> bool:
    return seen.exchange.ok and not seen.has(*_EXPECTED[seen.asked])


def _lists_nothing(seen: Observation) -> bool:
    lists = [seen.body[key] for key in ("data", "value") if key in seen.body] if isinstance(seen.body, dict) else []
    return seen.exchange.ok and seen.asked == "list" and lists == [[]]


def _in_default_header(seen: Observation) -> bool:
    return seen.connection.auth_type == "ApiKey" and seen.connection.auth_config is None


LIMITS: Final = (
    Rule(
        code="quota-used-up",
        when=lambda seen: seen.answered(402) or (seen.answered(429, 403, 400) and seen.says(_USED_UP)),
        cause="the quota is used up",
        mend="raise the key's or the subscription's quota; waiting a moment will not help",
        field="apiKey",
    ),
    Rule(
        code="rate-limit",
        when=lambda seen: seen.answered(429),
        cause="too many calls for the gateway's limit",
        mend="wait {retry_after}, then try again; ask for a higher limit if it stays",
        field="apiKey",
        confidence="certain",
    ),
    Rule(
        code="content-filter",
        when=lambda seen: seen.answered(400, 403, 422) and seen.says(_FILTERED),
        cause="a content filter refuses the prompt",
        mend="the connection works: change the prompt, or the filter's settings",
        field="prompt",
        confidence="certain",
    ),
    Rule(
        code="context-length",
        when=lambda seen: seen.answered(400, 413, 422) and (seen.says(_TOO_LONG) or seen.answered(413)),
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

VERSIONS: Final = (
    Rule(
        code="api-version-unwanted",
        when=lambda seen: seen.answered(4) and seen.says(_UNWANTED_VERSION),
        cause="the gateway takes no api-version",
        mend="leave {version_field} out",
        field="inferenceAPIVersion",
        change=lambda seen: version(seen, None),
    ),
    Rule(
        code="api-version-missing",
        when=lambda seen: seen.answered(4) and seen.says(_NO_VERSION) and "api-version=" not in seen.exchange.url,
        cause="the gateway wants an api-version",
        mend=f"write {{version_field}}: '{FIRST_VERSION}', or the version your gateway names",
        field="inferenceAPIVersion",
        change=lambda seen: version(seen, FIRST_VERSION),
        confidence="certain",
    ),
    Rule(
        code="api-version-wrong",
        when=lambda seen: seen.answered(4) and seen.says(_WRONG_VERSION),
        cause="the gateway does not know this api-version",
        mend=f"write {{version_field}}: '{FIRST_VERSION}', or the version your gateway names",
        field="inferenceAPIVersion",
        change=lambda seen: version(seen, FIRST_VERSION),
    ),
)

ADMISSION: Final = (
    Rule(
        code="firewall",
        when=lambda seen: seen.answered(403) and seen.says(_FIREWALL),
        cause="the gateway's own network rules keep this machine out",
        mend="allow this address, or run inside the network; Agent Service needs to be allowed, too",
    ),
    Rule(
        code="token-expired",
        when=lambda seen: _refused(seen) and seen.says(_EXPIRED),
        cause="the credential has expired",
        mend="renew it; if it is a new token, check the clocks",
        field="apiKey",
        confidence="certain",
    ),
    Rule(
        code="wrong-audience",
        when=lambda seen: _refused(seen) and seen.says(_AUDIENCE),
        cause="the token is for another audience than the gateway's",
        mend="write the audience the gateway accepts; {audience} is refused",
        field="audience",
        confidence="certain",
    ),
    Rule(
        code="wrong-scope",
        when=lambda seen: _refused(seen) and seen.connection.auth_type != "ApiKey" and seen.says(_SCOPE),
        cause="the token lacks a scope or a role",
        mend="write the scopes the gateway wants, or give the client the role",
        field="scopes",
    ),
    Rule(
        code="key-on-one-path",
        when=lambda seen: _refused(seen) and seen.worked("list", "get", "chat"),
        cause="the same credential is taken on another path: the gateway's policy covers one path only",
        mend="have the policy cover {asked_path}, too",
        field="apiKey",
    ),
    Rule(
        code="no-key-seen",
        when=lambda seen: _keyed(seen, _NO_KEY) or (seen.answered(401) and seen.empty and _in_default_header(seen)),
        cause="the gateway sees no credential: it looks in another header than {header}",
        mend="write into authConfig the header the gateway reads, such as Authorization with Bearer {{api_key}}",
        field="authConfig",
    ),
    Rule(
        code="wrong-key",
        when=lambda seen: seen.answered(401) or (not seen.answered(403) and _keyed(seen, _WRONG_KEY)),
        cause="the gateway does not take the credential",
        mend="check the secret at {secret}; if it is right, the gateway reads another header than {header}",
        field="apiKey",
    ),
    Rule(
        code="model-not-allowed",
        when=lambda seen: seen.answered(403) and seen.says(r"model|deployment"),
        cause="the credential is valid, but not for this model",
        mend="ask for access to {deployment}, or use a model the key may call",
        field="apiKey",
    ),
    Rule(
        code="forbidden",
        when=lambda seen: seen.answered(403),
        cause="the credential is known and not allowed here",
        mend="have the product, the role or the network rule allow it",
        field="apiKey",
    ),
)

WANTS_BODY: Final = Rule(
    code="model-missing-in-body",
    when=lambda seen: (
        seen.asked == "chat"
        and seen.connection.deployment_in_path
        and seen.answered(400, 404, 422)
        and seen.says(_WANTS_MODEL)
    ),
    cause="the gateway wants the model in the body",
    mend="write deploymentInPath: false",
    field="deploymentInPath",
    change=in_body,
)

NAMES: Final = (
    Rule(
        code="listed-not-callable",
        when=lambda seen: seen.asked == "chat" and seen.answered(4) and seen.says(_NAMES_MODEL) and seen.listed,
        cause="the gateway lists {deployment} and does not run it",
        mend="take another deployment, or have the gateway's team route this one",
        field="deployment",
        confidence="certain",
    ),
    Rule(
        code="unknown-deployment",
        when=lambda seen: seen.asked in ("chat", "get") and seen.answered(4, 500) and seen.says(_NAMES_MODEL),
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
        when=lambda seen: seen.asked in ("list", "get") and (seen.answered(404, 405, 501) or seen.says(_NO_ROUTE)),
        cause="the gateway has no such path for discovery",
        mend="check the path in targetUrl{and_endpoint}, or write the models into staticModels",
        field="listModelsEndpoint",
    ),
    Rule(
        code="wrong-path",
        when=lambda seen: seen.answered(404, 405, 501) or (seen.answered(4, 5) and seen.says(_NO_ROUTE)),
        cause="the gateway has no such path",
        mend="check deploymentInPath, the path in targetUrl and inferenceAPIVersion",
    ),
)

SERVICE: Final = (
    Rule(
        code="unsupported-parameter",
        when=lambda seen: seen.answered(400, 422) and seen.says(_UNSUPPORTED),
        cause="the model does not take a parameter of the request",
        mend="leave it out; the connection works",
        field="request",
    ),
    Rule(
        code="upstream",
        when=lambda seen: seen.answered(502, 503, 504, *_OF_THE_EDGE) or (seen.answered(5) and seen.says(_UPSTREAM)),
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
