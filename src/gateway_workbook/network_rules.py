"""Rules for calls that never reached the gateway's API: the network, TLS, a proxy, the token endpoint, a redirect."""

from __future__ import annotations

__all__ = ["DETOURS", "NETWORK", "TOKEN"]

import re
from typing import Final

from gateway_workbook.changes import other_scheme, redirect_target
from gateway_workbook.gateway_words import AUDIENCE, PROXY, SCOPE, SIGN_IN, TLS_WANTED, WANTS_SIGNED
from gateway_workbook.rule import Rule, fault

NETWORK: Final = (
    Rule(
        code="no-such-host",
        when=fault("no such host"),
        cause="no name server knows {host}",
        mend="check the host in {url_field}; a private name resolves in its own network only",
        confidence="certain",
    ),
    Rule(
        code="private-address",
        when=fault("private"),
        cause="{host} has a private address, which is silent from here",
        mend="run this inside the gateway's network, or let it through: Agent Service has to reach it from its subnet",
        confidence="certain",
    ),
    Rule(
        code="refused",
        when=fault("refused"),
        cause="nothing listens at that host and port",
        mend="start the gateway, or check the port in {url_field}",
        confidence="certain",
    ),
    Rule(
        code="unreachable",
        when=fault("unreachable"),
        cause="no route leads to {host}",
        mend="check the network, the VPN and the host in {url_field}",
        confidence="certain",
    ),
    Rule(
        code="connect-timeout",
        when=fault("connect timeout"),
        cause="{host} does not take the connection: a firewall drops it, or the host is down",
        mend="check firewall and port; a gateway in a virtual network is silent from outside",
    ),
    Rule(
        code="read-timeout",
        when=fault("read timeout"),
        cause="the connection is taken and nothing comes back in time",
        mend="look at the gateway's log and its time limit for the upstream; the model may be overloaded",
    ),
    Rule(
        code="unknown-ca",
        when=fault("unknown CA"),
        cause="the certificate of {host} is signed by nobody this machine trusts",
        mend="set SSL_CERT_FILE to your company's CA bundle; for Agent Service the gateway needs a public certificate",
        confidence="certain",
    ),
    Rule(
        code="expired-certificate",
        when=fault("expired certificate"),
        cause="the certificate of {host} has expired",
        mend="ask the gateway's team to renew it",
        confidence="certain",
    ),
    Rule(
        code="wrong-host-certificate",
        when=fault("wrong host"),
        cause="the certificate is another host's, not that of {host}",
        mend="write the name that is in the certificate into {url_field}, or have one issued for {host}",
        confidence="certain",
    ),
    Rule(
        code="no-tls",
        when=fault("no TLS"),
        cause="the port speaks no TLS, and the URL says https",
        mend="write http:// into {url_field}, or the gateway's TLS port",
        change=other_scheme,
    ),
    Rule(
        code="tls-port",
        when=lambda seen: fault("TLS port")(seen) or (seen.answered(400, 403, 426) and seen.says(TLS_WANTED)),
        cause="the port speaks TLS, and the URL says http",
        mend="write https:// into {url_field}",
        change=other_scheme,
        confidence="certain",
    ),
    Rule(
        code="proxy",
        when=lambda seen: (
            fault("proxy")(seen)
            or seen.answered(407)
            or (seen.answered(4, 5) and (seen.sends("x-squid-error") or (seen.html and seen.says(PROXY))))
        ),
        cause="a proxy of your network stands in the way",
        mend="check HTTPS_PROXY, or add {host} to NO_PROXY",
        confidence="certain",
    ),
    Rule(
        code="reset",
        when=fault("reset", "closed"),
        cause="the connection was taken and dropped before an answer",
        mend="look at the gateway's log: a firewall, a missing client certificate or a crash does that",
    ),
    Rule(
        code="cut-short",
        when=fault("cut short"),
        cause="the answer breaks off within its body",
        mend="look at the gateway's log and its limits for size and time of an answer",
        confidence="certain",
    ),
    Rule(
        code="too-large",
        when=fault("too large"),
        cause="the answer does not end: more came than any call here asks for",
        mend="check the path in {url_field}: what answers there may be a file, a log or a stream of events",
        confidence="certain",
    ),
    Rule(
        code="too-slow",
        when=fault("too slow"),
        cause="the answer trickles, and is not whole in time",
        mend="look at the gateway's log and its limits of rate; the model or a filter of answers may be overloaded",
        confidence="certain",
    ),
    Rule(
        code="garbled",
        when=fault("garbled"),
        cause="what comes back is not the HTTP or the encoding that it says it is",
        mend="check the port in {url_field}, and the gateway's compression",
    ),
    Rule(
        code="bad-url",
        when=fault("bad URL"),
        cause="it is no URL that can be called",
        mend="write {url_field} as https://host/path",
        confidence="certain",
    ),
    Rule(
        code="bad-header",
        when=fault("bad header"),
        cause="the header's name or the secret holds what no header can hold",
        mend="mend authConfig or the secret",
        field="authConfig",
        confidence="certain",
    ),
)

TOKEN: Final = (
    Rule(
        code="token-scope",
        when=lambda seen: seen.asked == "token" and seen.answered(4) and seen.says(SCOPE),
        cause="the token endpoint does not grant these scopes to the client",
        mend="write the scopes the client may have: {scopes} is refused",
        field="scopes",
        confidence="certain",
    ),
    Rule(
        code="token-audience",
        when=lambda seen: seen.asked == "token" and seen.answered(4) and seen.says(AUDIENCE),
        cause="the token endpoint knows no such audience",
        mend="ask for the scope or resource the gateway wants",
        field="scopes",
    ),
    Rule(
        code="token-client",
        when=lambda seen: (
            seen.asked == "token"
            and not seen.says(WANTS_SIGNED)
            and (seen.answered(401, 403) or (seen.answered(400) and seen.says(r"client|secret|aadsts7000")))
        ),
        cause="the token endpoint refuses the client",
        mend="check clientId, and the secret at {secret}",
        field="clientSecret",
        confidence="certain",
    ),
    Rule(
        code="token-url",
        when=lambda seen: (
            seen.asked == "token" and (seen.answered(2, 3, 404, 405) or seen.html or seen.says(WANTS_SIGNED))
        ),
        cause="what answers there is no token endpoint",
        mend="check tokenUrl",
        field="tokenUrl",
    ),
    Rule(
        code="token-endpoint",
        when=lambda seen: seen.asked == "token",
        cause="the token endpoint does not give a token",
        mend="check tokenUrl, clientId and scopes, and the endpoint's own log",
        field="tokenUrl",
        confidence="possible",
    ),
)

DETOURS: Final = (
    Rule(
        code="login-redirect",
        when=lambda seen: seen.redirected and re.search(SIGN_IN, seen.location.casefold()) is not None,
        cause="the gateway sends us to a page to sign in: a portal stands in front of it",
        mend="write the URL of the API into targetUrl, not that of its portal",
    ),
    Rule(
        code="redirect",
        when=lambda seen: seen.redirected,
        cause="the gateway redirects to {location}, and a key is never sent on",
        mend="write the final URL into targetUrl",
        change=redirect_target,
        confidence="certain",
    ),
)
