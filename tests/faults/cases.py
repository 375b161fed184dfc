"""The corpus's own faults: a set-up that works, one thing that goes wrong, the finding and the mend it must yield."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from tests.faults.ways import (
    PAGE,
    as_azure,
    broken_gzip,
    by_body_only,
    close,
    cut_chunk,
    cut_within,
    demands_version,
    edit,
    endless,
    late,
    moved,
    not_http,
    of_data,
    on,
    reads_key_in,
    reset,
    say,
    stalls_within,
    strips,
    trickles,
    truncated,
    well,
    wrong_encoding,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.faults.proxy import Fault

Tls = Literal["good", "unknown CA", "expired", "other host"]
STATIC, OPENAI, APIM = "modelgateway-static", "modelgateway-openai", "apim-defaults"
OAUTH, IDENTITY = "modelgateway-oauth2", "apim-identity"


@dataclass(frozen=True, kw_only=True)
class Case:
    """One fault: `profile` are fields changed in the ready profile `ready`, `fault` is what the proxy does.

    `{url}`, `{host_port}`, `{free}` and `{deaf}` in fields stand for the proxy, and for ports where nobody listens.
    `change` are the fields that the finding must set, with which the same look is then green.
    """

    code: str
    ready: str = STATIC
    fault: Fault = well
    profile: Mapping[str, Any] = field(default_factory=dict)
    mend: str = ""
    change: Mapping[str, Any] = field(default_factory=dict)
    patience: float = 10
    tls: Tls | None = None
    secrets: Mapping[str, str] = field(default_factory=dict)


def error(message: str, **more: object) -> dict[str, Any]:
    return {"error": {"message": message, **more}}


BELOW_HTTP: dict[str, Case] = {
    "a port where nobody listens": Case(
        code="refused",
        profile={"targetUrl": "http://127.0.0.1:{free}/v1"},
        mend="check the port in targetUrl",
    ),
    "a host that no name server knows": Case(
        code="no-such-host",
        profile={"targetUrl": "https://gateway.invalid/v1"},
        mend="check the host in targetUrl",
    ),
    "a host that takes no connection": Case(
        code="connect-timeout",
        profile={"targetUrl": "http://127.0.0.1:{deaf}/v1"},
        patience=0.5,
        mend="check firewall and port",
    ),
    "no answer in time": Case(code="read-timeout", fault=late, patience=1, mend="time limit for the upstream"),
    "no end of the answer in time": Case(code="read-timeout", fault=stalls_within, patience=1),
    "a byte now and then": Case(code="too-slow", fault=trickles, mend="limits of rate"),
    "an answer without end": Case(code="too-large", fault=endless, mend="check the path in targetUrl"),
    "a reset": Case(code="reset", fault=reset, mend="a firewall, a missing client certificate or a crash"),
    "closed before an answer": Case(code="reset", fault=close),
    "cut within the body": Case(code="cut-short", fault=edit(cut_within), mend="limits for size and time"),
    "cut within a chunk": Case(code="cut-short", fault=cut_chunk),
    "plain text called gzip": Case(code="garbled", fault=edit(wrong_encoding), mend="compression"),
    "gzip that is none": Case(code="garbled", fault=edit(broken_gzip)),
    "another protocol": Case(code="garbled", fault=not_http, mend="check the port in targetUrl"),
    "a certificate of an unknown CA": Case(code="unknown-ca", tls="unknown CA", mend="SSL_CERT_FILE"),
    "an expired certificate": Case(code="expired-certificate", tls="expired", mend="renew"),
    "another host's certificate": Case(code="wrong-host-certificate", tls="other host", mend="name that is in"),
    "http to a TLS port": Case(
        code="tls-port",
        tls="good",
        profile={"targetUrl": "http://{host_port}/gateways/static/v1"},
        change={"targetUrl": "https://{host_port}/gateways/static/v1"},
    ),
    "https to a plain port": Case(
        code="no-tls",
        profile={"targetUrl": "https://{host_port}/gateways/static/v1"},
        change={"targetUrl": "http://{host_port}/gateways/static/v1"},
    ),
    "a proxy that wants a password": Case(code="proxy", fault=say(407, "Proxy Authentication Required")),
    "a proxy's own page": Case(
        code="proxy", fault=say(503, "<html>ERR_CONNECT_FAIL squid</html>", x_squid_error="ERR_CONNECT_FAIL 111")
    ),
}

DETOURS: dict[str, Case] = {
    "moved to another path": Case(
        code="redirect",
        fault=moved("/old", "/gateways/static"),
        profile={"targetUrl": "{url}/old/v1"},
        change={"targetUrl": "{url}/gateways/static/v1"},
    ),
    "moved to another host": Case(
        code="redirect", fault=say(301, location="https://elsewhere.invalid/v1/chat/completions"), mend="final URL"
    ),
    "moved to https": Case(
        code="redirect", fault=say(308, location="https://127.0.0.1:8443/gateways/static/v1/chat/completions")
    ),
    "sent to a login": Case(
        code="login-redirect", fault=say(302, location="https://login.example/oauth2/v2.0/authorize?client_id=1")
    ),
    "a page instead of an answer": Case(code="html", fault=say(200, PAGE), mend="not that of its portal"),
    "a page instead of a list": Case(code="html", ready=OPENAI, fault=on("list", say(200, PAGE))),
}

SHAPES: dict[str, Case] = {
    "half an answer of the right length": Case(code="truncated", fault=edit(truncated), mend="size of an answer"),
    "half a list of the right length": Case(code="truncated", ready=OPENAI, fault=on("list", edit(truncated))),
    "success and nothing else": Case(code="empty-answer", fault=say(200, ""), mend="policy"),
    "204": Case(code="empty-answer", fault=say(204, "")),
    "an error with the status of a success": Case(code="error-with-200", fault=say(200, error("overloaded"))),
    "an unknown model with the status of a success": Case(
        code="error-with-200", fault=say(200, error("The model `gpt-4o` does not exist", code="model_not_found"))
    ),
    "an Anthropic message": Case(
        code="wrong-shape", fault=say(200, {"type": "message", "role": "assistant", "content": [{"text": "ok"}]})
    ),
    "a response of the other API": Case(code="wrong-shape", fault=say(200, {"object": "response", "output": []})),
    "an empty list": Case(
        code="empty-list",
        ready=OPENAI,
        fault=on("list", of_data(lambda data: data | {"data": []})),
        change={"staticModels": [{"name": "gpt-4o", "properties": {"model": {"name": "gpt-4o"}}}]},
    ),
    "an empty list of Azure's form": Case(
        code="empty-list",
        ready=APIM,
        fault=on("list", of_data(lambda _: {"value": []})),
        change={"staticModels": [{"name": "gpt-4o", "properties": {"model": {"name": "gpt-4o"}}}]},
    ),
    "the other provider's form": Case(
        code="provider-mismatch",
        ready=OPENAI,
        fault=on("list", of_data(as_azure)),
        change={"deploymentProvider": "AzureOpenAI"},
    ),
}

SETTINGS: dict[str, Case] = {
    "wants an api-version": Case(
        code="api-version-missing",
        fault=on("chat", demands_version("", say(400, error("Missing required query parameter: api-version")))),
        change={"inferenceAPIVersion": "2024-10-21"},
    ),
    "wants no api-version": Case(
        code="api-version-unwanted",
        profile={"inferenceAPIVersion": "2024-10-21"},
        fault=demands_version(None, say(400, error("Unknown query parameter: 'api-version'"))),
        change={"inferenceAPIVersion": None},
    ),
    "wants another api-version": Case(
        code="api-version-wrong",
        profile={"inferenceAPIVersion": "2020-01-01"},
        fault=demands_version("2024-10-21", say(400, error("API version not supported"))),
        change={"inferenceAPIVersion": "2024-10-21"},
    ),
    "wants the model in the body": Case(
        code="model-missing-in-body",
        profile={"deploymentInPath": True},
        fault=by_body_only,
        change={"deploymentInPath": False},
    ),
    "reads x-api-key": Case(
        code="no-key-seen",
        ready=OPENAI,
        fault=reads_key_in("x-api-key", say(401, {"message": "No API key found in request"})),
        change={"authConfig": {"type": "api_key", "name": "x-api-key", "format": "{api_key}"}},
    ),
    "reads the key of API Management": Case(
        code="wrong-key",
        ready=OPENAI,
        profile={"authConfig": {"name": "x-api-key"}},
        fault=reads_key_in("ocp-apim-subscription-key", say(401, "Unauthorized")),
        change={"authConfig": {"type": "api_key", "name": "Ocp-Apim-Subscription-Key", "format": "{api_key}"}},
    ),
    "a proxy strips the key": Case(code="no-key-seen", ready=OPENAI, fault=strips("Authorization"), mend="authConfig"),
    "a key nobody gave out": Case(
        code="wrong-key",
        ready=OPENAI,
        profile={"apiKey": "env:WRONG"},
        secrets={"WRONG": "sk-nobody-gave-this-out"},
        mend="check the secret at env:WRONG",
    ),
    "a key for lists alone": Case(
        code="key-on-one-path",
        ready=OPENAI,
        fault=on("chat", say(401, {"message": "Unauthorized"})),
        mend="have the policy cover /gateways/openai/v1/chat/completions",
    ),
    "a model nobody runs": Case(
        code="unknown-deployment",
        fault=on("chat", say(404, error("The model `gpt-4o` does not exist", code="model_not_found"))),
        mend="use a deployment the gateway lists",
    ),
    "listed and not gettable": Case(
        code="not-gettable",
        ready=OPENAI,
        fault=on("get", say(405, {"detail": "Method Not Allowed"})),
        change={"staticModels": [{"name": "gpt-4o", "properties": {"model": {"name": "gpt-4o"}}}]},
    ),
    "gettable and not callable": Case(
        code="listed-not-callable",
        ready=OPENAI,
        fault=on("chat", say(404, error("model 'gpt-4o' not found"))),
        mend="take another deployment",
    ),
    "no list at all": Case(
        code="no-discovery",
        ready=OPENAI,
        fault=on("list", say(404, "404 page not found")),
        change={"staticModels": [{"name": "gpt-4o", "properties": {"model": {"name": "gpt-4o"}}}]},
    ),
}

LIMITS: dict[str, Case] = {
    "a limit that says how long": Case(
        code="rate-limit", fault=say(429, error("slow down"), retry_after="7"), mend="wait 7 seconds, as it says"
    ),
    "a limit that does not": Case(code="rate-limit", fault=say(429, ""), mend="wait a minute"),
    "a quota": Case(
        code="quota-used-up",
        fault=say(429, error("You exceeded your current quota", code="insufficient_quota")),
        mend="waiting a moment will not help",
    ),
    "a content filter": Case(
        code="content-filter", fault=say(400, error("filtered", code="content_filter")), mend="change the prompt"
    ),
    "a prompt that is too long": Case(
        code="context-length",
        fault=say(400, error("too long", code="context_length_exceeded")),
        mend="shorten the prompt",
    ),
    "a service that is down behind a gateway that lists": Case(
        code="upstream", ready=OPENAI, fault=on("chat", say(503, "no healthy upstream")), mend="look at the backend"
    ),
    "a gateway that breaks": Case(code="gateway-error", fault=say(500, "Internal Server Error"), mend="log"),
    "a network that is let in by address": Case(
        code="firewall", ready=APIM, fault=say(403, error("Access denied due to Virtual Network/Firewall rules."))
    ),
}

TOKENS: dict[str, Case] = {
    "a client nobody registered": Case(
        code="token-client", ready=OAUTH, profile={"clientId": "nobody"}, mend="check clientId"
    ),
    "a client secret that has expired": Case(
        code="token-client",
        ready=OAUTH,
        fault=on(
            "token",
            say(
                401,
                {
                    "error": "invalid_client",
                    "error_description": "AADSTS7000222: The provided client secret keys for app 'x' are expired.",
                },
            ),
        ),
    ),
    "scopes the client may not have": Case(
        code="token-scope",
        ready=OAUTH,
        fault=on("token", say(400, {"error": "invalid_scope", "error_description": "unknown scope"})),
        mend="models.read, models.invoke is refused",
    ),
    "an audience nobody knows": Case(
        code="token-audience",
        ready=OAUTH,
        fault=on(
            "token",
            say(
                400,
                {
                    "error": "invalid_resource",
                    "error_description": "AADSTS500011: The resource principal named api://x was not found.",
                },
            ),
        ),
    ),
    "a token endpoint that is a page": Case(
        code="token-url", ready=OAUTH, fault=on("token", say(200, PAGE)), mend="check tokenUrl"
    ),
    "a token endpoint that is elsewhere": Case(
        code="token-url", ready=OAUTH, profile={"tokenUrl": "{url}/gateways/oauth/v2/token"}, mend="check tokenUrl"
    ),
    "a token endpoint that is down": Case(
        code="token-endpoint", ready=OAUTH, fault=on("token", say(503, "Service Unavailable"))
    ),
    "a token endpoint that hangs up": Case(code="reset", ready=OAUTH, fault=on("token", close)),
    "a token endpoint nobody runs": Case(
        code="refused", ready=OAUTH, profile={"tokenUrl": "http://127.0.0.1:{free}/token"}, mend="the port in tokenUrl"
    ),
    "a token without the scope": Case(
        code="wrong-scope",
        ready=OAUTH,
        fault=on("chat", say(403, "", www_authenticate='Bearer error="insufficient_scope", scope="models.invoke"')),
        mend="write the scopes",
    ),
    "a token that has expired": Case(
        code="token-expired",
        ready=IDENTITY,
        fault=say(401, "", www_authenticate='Bearer error="invalid_token", error_description="The token expired"'),
        mend="renew it",
    ),
    "a token for someone else": Case(
        code="wrong-audience",
        ready=IDENTITY,
        fault=say(401, {"statusCode": 401, "message": "JWT validation failed: Claim value mismatch: aud=x."}),
        mend="https://cognitiveservices.azure.com is refused",
    ),
}
