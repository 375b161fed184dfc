"""What gateways say, as patterns over lower case: to teach the rules another wording, add it here, and its case.

A pattern is a meaning, not a product: what several products say in other words stands in one of them.
"""

from __future__ import annotations

__all__ = [
    "AUDIENCE",
    "BEHIND",
    "EXPIRED",
    "FILTERED",
    "FIREWALL",
    "LACKS",
    "NAMES_MODEL",
    "NOBODY_RUNS",
    "NONE_FREE",
    "NOT_MODEL",
    "NO_CHAT",
    "NO_KEY",
    "NO_ROUTE",
    "NO_VERSION",
    "PACE",
    "PROXY",
    "SCOPE",
    "SIGN_IN",
    "TLS_WANTED",
    "TOO_LONG",
    "UNSUPPORTED",
    "UNWANTED_VERSION",
    "UPSTREAM",
    "USED_UP",
    "WANTS_MODEL",
    "WANTS_SIGNED",
    "WRONG_KEY",
    "WRONG_VERSION",
]

from typing import Final

API_KEY: Final = r"(api[ -]?key|subscription key|proxy server token|access token|auth(orization)? header|credentials?)"
NO_KEY: Final = (
    rf"no (\w+ )?{API_KEY}|(?<!or )missing {API_KEY}"
    rf"|{API_KEY}( header)? (is |was |are )?(missing|required|not (provided|found|present))"
    r"(?! or (invalid|incorrect|wrong|expired))"
    r"|missing (bearer|authorization|key|token)|authentication (is )?required|didn't provide an api key"
    r"|no authorization|not authenticated|missing authentication(?! token)|failed to resolve api key"
    r"|(jwt|token|client id) is missing(?! or)|(authorization|key|token|header)( \w+)? missing(?! or)"
    r"|unregistered caller|anonymous (access|request|user|caller)|must be (signed|authenticated)"
    r"|requires authentication|(key|token|client[ _]id|credentials?) (was |were |is )?not (provided|sent|supplied)"
)
WRONG_KEY: Final = (
    rf"(invalid|incorrect|wrong|bad|unknown|revoked|disabled)( \w+)? {API_KEY}|invalid_api_key|authentication error"
    rf"|{API_KEY} (is )?(not valid|invalid|not recognized|revoked)|token_not_found|unable to find token"
    r"|\bkey (is )?not (authori[sz]ed|known|registered|active)(?! to)|no such (api )?key|unknown key"
)
EXPIRED: Final = r"(token|jwt|key|credential).{0,40}expired|expired.{0,20}(token|jwt|key)|idx10223|exp.{0,9}claim"
AUDIENCE: Final = r"\baud(ience)?s?\b|idx10214|invalid_resource|invalid_target"
SCOPE: Final = r"insufficient[_ ]scope|invalid_scope|\bscopes?\b|missing (role|permission)"
NAMES_MODEL: Final = (
    r"deploymentnotfound|model_?not_?found|unknown[_ ](model|deployment)|no such (model|deployment)"
    r"|invalid model( name)?|(model|deployment)\b.{0,80}(do(es)? not exist|not found|doesn't exist|retired"
    r"|is not (available|deployed|supported|known|valid|allowed))|no (model|deployment)s? (named|called|with|match)"
    r"|not_found_error.{0,80}\bmodel: |\bmodel: .{0,80}not_found_error|not a valid model|invalid_model"
)
NOBODY_RUNS: Final = r"no [\w ]{0,40}(for|serves?|serving|support(s|ing)?) (the |this )?(requested |specified )?model\b"
NO_CHAT: Final = (
    r"not a chat model|chat ?completions? operation does not work|does not support (the )?chat|embeddings? model"
)
WANTS_MODEL: Final = (
    r"(model|'model'|\"model\")( \w+)? (is |are )?(required|missing)|(missing|without|provide)( \w+){0,4} .?model"
)
NO_VERSION: Final = (
    r"(missing|required?s?|specify|without|provide).{0,40}api[- ]?version"
    r"|api[- ]?version.{0,60}(missing|required|not (specified|provided|present))"
)
WRONG_VERSION: Final = (
    r"api[- ]?version.{0,80}(not supported|unsupported|invalid|unknown|not valid|not found|not recognized)"
    r"|(unsupported|invalid|unknown).{0,20}api[- ]?version"
)
UNWANTED_VERSION: Final = (
    r"(unexpected|unknown|unrecognized|not allowed|extra).{0,40}(query|parameter).{0,40}api-version"
)
NO_ROUTE: Final = (
    r"no route|unknown (route|path|url)|route( \S+)? not found|cannot (get|post) /|resource not found|invalid url"
    r"|no (static )?resource|no matching (operation|route)|path( \S+)? (was )?not found|unable to match"
    r"|missing ?authentication ?token"  # what AWS says of a path it does not have
)
FILTERED: Final = (
    r"content_?filter|content management policy|responsibleai|content (was |is )?filtered|safety system"
    r"|inappropriate content|data_inspection|guardrail|moderation|flagged (as|by|for)|harm(ful)? (category|content)"
    r"|(content|usage|safety) policy"
)
TOO_LONG: Final = (
    r"context_length_exceeded|maximum context length|context window|prompt is too long|reduce the length"
    r"|context[ _](size|limit)|input (is )?too long|too many (input |prompt )?tokens"
    r"|tokens?.{0,60}(must be (<=?|less|at most|below)|exceeds? the (maximum|limit|model))"
)
UNSUPPORTED: Final = (
    r"unsupported (parameter|value)|unsupported_parameter|unknown parameter|not supported with this model"
    r"|unrecognized (request )?argument|extra (inputs|fields).{0,20}(not permitted|forbidden|not allowed)"
    r"|does not support (tools?|functions?|streaming|images?|response_format|json)|tool choice requires"
)
USED_UP: Final = (
    r"insufficient_quota|exceeded your( \w+)? quota|quota (is |has been )?exceeded|budget|billing|credit"
    r"|quota ?violation|quota will be|\"limit exceeded|(usage|spend(ing)?|daily|weekly|monthly) (limit|quota)"
)
NONE_FREE: Final = r"no (healthy |available )?(deployment|upstream|backend|provider)s? (are |is )?available|overloaded"
PACE: Final = r"(per|a|each)[ _-](second|minute)|\b[rt]p[ms]\b"
# What a gateway passes on of a service that refuses the gateway's own credential.
BEHIND: Final = (
    r"(openai|azure|anthropic|bedrock|vertex|gemini|cohere|mistral)\w*(exception|error)\b.{0,60}"
    r"(key|auth|token|credential)"
    r"|(provider|upstream|backend)( \w+){0,3}.{0,4}(rejected|refused|returned|responded|answered|:).{0,20}"
    r"(401|403|unauthori[sz]ed|forbidden|invalid api key|credential)"
)
LACKS: Final = (
    r"lacks the required|permission_?denied|not authori[sz]ed to (perform|access|invoke)"
    r"|insufficient (permission|privilege|role)"
)
NOT_MODEL: Final = (
    r"(can only access|not allowed to (access|use|call)|no access to|does not have access to"
    r"|not (permitted|authori[sz]ed) (for|to use))( the| this)? .?(model|deployment)"
)
UPSTREAM: Final = (
    r"no healthy upstream|upstream|bad gateway|connection error|service unavailable|backend|gateway time-?out"
    r"|failed to connect|cannot connect|connection refused|internalservererror.*connect"
)
FIREWALL: Final = (
    r"virtual network|firewall|\bip( address)?\b.{0,30}(not allowed|denied|blocked|restricted)|public (network )?access"
    r"|private endpoint|you have been blocked|attention required|just a moment|(country|region).{0,40}not supported"
    r"|access denied.{0,200}reference #|(support|incident|event|attack) id\b"
    r"|request (was |has been )?(blocked|rejected)"
)

# Of what stands before a gateway; a token endpoint itself asks for no token.
WANTS_SIGNED: Final = r"missing (access |bearer )?token|(token|jwt|authorization header) is missing"
TLS_WANTED: Final = (
    r"plain http request was sent to https|client sent an http request to an https|requires? (https|tls|ssl)"
)
PROXY: Final = r"squid|zscaler|bluecoat|forcepoint|websense|mcafee web gateway|proxy authentication"
SIGN_IN: Final = r"login|signin|sign-in|oauth2/|authorize|saml|/auth\b|sso"
