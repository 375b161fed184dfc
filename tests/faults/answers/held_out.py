"""Answers written after the rules were last changed, to see what the rules do with words they were not made for.

A wording that is taught to the rules later moves to `wordings`: what stays here was never taught.
"""

from __future__ import annotations

from tests.faults.answers.corpus import Case, worded

HELD_OUT: tuple[Case, ...] = (
    worded("token unreadable", "wrong-key", 401, '{"error": {"message": "Could not parse your authentication token"}}'),
    worded("model, Portkey", "unknown-deployment", 404, '{"error": "Unable to find requested model"}'),
    worded(
        "model, Groq", "unknown-deployment", 404, '{"error": {"message": "The model `x` does not exist or no access"}}'
    ),
    worded("no such host behind", "upstream", 500, '{"message": "The remote name could not be resolved"}'),
    worded("pool empty", "upstream", 503, '{"message": "Backend pool is temporarily unavailable"}'),
    worded("not for chat", "unknown-deployment", 404, '{"error": {"message": "This is not a chat model"}}'),
    worded("no credits", "quota-used-up", 402, '{"error": {"message": "Insufficient credits"}}'),
    worded("no balance", "quota-used-up", 403, '{"message": "Insufficient balance"}'),
    worded("tokens a minute", "rate-limit", 429, '{"error": {"message": "Token limit is exceeded. Try again in 4 s"}}'),
    worded("too many, 503", "rate-limit", 503, '{"message": "Too many requests, slow down"}'),
    worded("signature", "wrong-key", 401, '{"message": "signature verification failed"}'),
    worded("lifetime", "token-expired", 401, '{"detail": "Lifetime validation failed, the token is expired"}'),
    worded("issuer", "wrong-key", 401, "Jwt issuer is not configured"),
    worded("address", "firewall", 403, '{"message": "Your IP address is not allowed"}'),
    worded("allow list", "firewall", 403, "Client IP is not on the allow list"),
    worded("route, Express", "wrong-path", 404, "<pre>Cannot POST /v1/chat/completions</pre>"),
    worded("route, 400", "wrong-path", 400, '{"error": "No handler for this endpoint"}'),
    worded(
        "version, nested", "api-version-missing", 400, '{"errors": [{"detail": "query api-version: field required"}]}'
    ),
    worded("too many tokens", "context-length", 400, '{"error": "input has 9000 tokens, the limit is 8192"}'),
    worded("moderated", "content-filter", 400, '{"error": {"code": "moderation_blocked"}}'),
    worded("guardrail", "content-filter", 400, '{"error": "Guardrail violated: prompt blocked"}'),
    worded("parameter", "unsupported-parameter", 400, '{"error": {"message": "Unrecognized request argument: seed"}}'),
    worded("reading upstream", "upstream", 500, '{"error": "connect ECONNREFUSED 10.0.0.4:8000"}'),
    worded("bad header", "no-key-seen", 401, '{"message": "Authorization header not found"}'),
    worded("crash", "gateway-error", 500, '{"message": "NullPointerException"}'),
)
