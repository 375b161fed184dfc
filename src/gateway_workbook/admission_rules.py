"""Rules for answers that turn a call away at the door: an api-version, a credential, a network rule.

What they read, and how to teach them another wording, is told in `answer_rules`.
"""

from __future__ import annotations

__all__ = ["ADMISSION", "VERSIONS"]

from typing import TYPE_CHECKING, Final

from gateway_workbook.changes import FIRST_VERSION, version
from gateway_workbook.gateway_words import (
    AUDIENCE,
    BEHIND,
    EXPIRED,
    FIREWALL,
    LACKS,
    NO_KEY,
    NO_ROUTE,
    NO_VERSION,
    NOT_MODEL,
    SCOPE,
    UNWANTED_VERSION,
    WRONG_KEY,
    WRONG_VERSION,
)
from gateway_workbook.rule import Rule

if TYPE_CHECKING:
    from gateway_workbook.observation import Observation


def _refused(seen: Observation) -> bool:
    return seen.answered(401, 403)


def _keyed(seen: Observation, pattern: str) -> bool:
    return seen.answered(400, 401, 403, 422) and seen.says(pattern)


def _in_default_header(seen: Observation) -> bool:
    return seen.connection.auth_type == "ApiKey" and seen.connection.auth_config is None


VERSIONS: Final = (
    Rule(
        code="api-version-unwanted",
        when=lambda seen: seen.answered(4) and seen.says(UNWANTED_VERSION),
        cause="the gateway takes no api-version",
        mend="leave {version_field} out",
        field="inferenceAPIVersion",
        change=lambda seen: version(seen, None),
    ),
    Rule(
        code="api-version-missing",
        when=lambda seen: seen.answered(4) and seen.says(NO_VERSION) and "api-version=" not in seen.exchange.url,
        cause="the gateway wants an api-version",
        mend=f"write {{version_field}}: '{FIRST_VERSION}', or the version your gateway names",
        field="inferenceAPIVersion",
        change=lambda seen: version(seen, FIRST_VERSION),
        confidence="certain",
    ),
    Rule(
        code="api-version-wrong",
        when=lambda seen: seen.answered(4) and seen.says(WRONG_VERSION),
        cause="the gateway does not know this api-version",
        mend=f"write {{version_field}}: '{FIRST_VERSION}', or the version your gateway names",
        field="inferenceAPIVersion",
        change=lambda seen: version(seen, FIRST_VERSION),
    ),
)

ADMISSION: Final = (
    Rule(
        code="firewall",
        when=lambda seen: seen.answered(403) and seen.says(FIREWALL),
        cause="the gateway's own network rules keep this machine out",
        mend="allow this address, or run inside the network; Agent Service needs to be allowed, too",
    ),
    Rule(
        code="token-expired",
        when=lambda seen: _refused(seen) and seen.says(EXPIRED),
        cause="the credential has expired",
        mend="renew it; if it is a new token, check the clocks",
        field="apiKey",
        confidence="certain",
    ),
    Rule(
        code="wrong-audience",
        when=lambda seen: _refused(seen) and seen.says(AUDIENCE),
        cause="the token is for another audience than the gateway's",
        mend="write the audience the gateway accepts; {audience} is refused",
        field="audience",
        confidence="certain",
    ),
    Rule(
        code="wrong-scope",
        when=lambda seen: _refused(seen) and seen.connection.auth_type != "ApiKey" and seen.says(SCOPE),
        cause="the token lacks a scope or a role",
        mend="write the scopes the gateway wants, or give the client the role",
        field="scopes",
    ),
    Rule(
        code="upstream-key",
        when=lambda seen: seen.answered(401, 403, 5) and seen.says(BEHIND),
        cause="the gateway takes the credential, and the service behind it does not take the gateway's own",
        mend="have the gateway's team renew its key for the model service",
        field="deployment",
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
        when=lambda seen: _keyed(seen, NO_KEY) or (seen.answered(401) and seen.empty and _in_default_header(seen)),
        cause="the gateway sees no credential: it looks in another header than {header}",
        mend="write into authConfig the header the gateway reads, such as Authorization with Bearer {{api_key}}",
        field="authConfig",
    ),
    Rule(
        code="model-not-allowed",
        when=lambda seen: (
            not seen.says(LACKS)
            and ((seen.answered(403) and seen.says(r"model|deployment")) or (_refused(seen) and seen.says(NOT_MODEL)))
        ),
        cause="the credential is valid, but not for this model",
        mend="ask for access to {deployment}, or use a model the key may call",
        field="apiKey",
    ),
    Rule(
        code="forbidden",
        when=lambda seen: (
            (seen.answered(403) and not seen.says(rf"{WRONG_KEY}|{NO_ROUTE}"))
            or (seen.answered(401) and seen.says(LACKS))
        ),
        cause="the credential is known and not allowed here",
        mend="have the product, the role or the network rule allow it",
        field="apiKey",
    ),
    Rule(
        code="wrong-key",
        when=lambda seen: seen.answered(401) or _keyed(seen, WRONG_KEY),
        cause="the gateway does not take the credential",
        mend="check the secret at {secret}; if it is right, the gateway reads another header than {header}",
        field="apiKey",
    ),
)
