"""Faults of the wire and of a gateway, each injected alone."""

from __future__ import annotations

import ssl
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import trustme

from tests.faults.answers.corpus import Case
from tests.faults.proxy import Answer, Call, free_port

if TYPE_CHECKING:
    from tests.faults.proxy import Fault


def good(call: Call) -> Answer:
    return call.forward()


def says(status: int, body: str = "", **headers: str) -> Fault:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: Answer(status=status, headers=named, body=body.encode())


def _late(call: Call) -> Answer:
    time.sleep(1.2)
    return call.forward()


def _closes(_: Call) -> None:
    """Hang up."""


def _resets(call: Call) -> None:
    call.reset()


def _cuts(call: Call) -> Answer:
    answer = call.forward()
    return replace(answer, length=len(answer.body) + 50)


def _truncates(call: Call) -> Answer:
    answer = call.forward()
    return replace(answer, body=answer.body[: len(answer.body) // 2])


def _no_http(call: Call) -> None:
    call.write(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")


def _misnames_encoding(call: Call) -> Answer:
    answer = call.forward()
    return replace(answer, headers={**answer.headers, "content-encoding": "gzip"})


def _strips(call: Call) -> Answer:
    return call.without("api-key", "authorization").forward()


def _wants_version(call: Call) -> Answer:
    if "api-version=" in call.path:
        return call.forward()
    return Answer(status=400, body=b'{"error": {"message": "Missing required query parameter: api-version"}}')


def _refuses_version(call: Call) -> Answer:
    if "api-version=" not in call.path:
        return call.forward()
    return Answer(status=400, body=b'{"error": {"message": "Unexpected query parameter: api-version"}}')


def _moves(call: Call) -> Answer:
    path = call.path
    if path.startswith("/new"):
        return replace(call, path=path.removeprefix("/new")).forward()
    return Answer(status=308, headers={"location": f"/new{path}"})


def _model_in_body_only(call: Call) -> Answer:
    if "/deployments/" in call.path:
        return Answer(status=400, body=b'{"error": {"message": "you must provide a model parameter"}}')
    return call.forward()


def _trickles(call: Call) -> None:
    call.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{")
    time.sleep(1.2)


def _tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    return context


INJECTED: tuple[Case, ...] = (
    Case(name="late", code="read-timeout", fault=_late),
    Case(name="stalls within the body", code="read-timeout", fault=_trickles),
    Case(name="closes", code="reset", fault=_closes),
    Case(name="resets", code="reset", fault=_resets),
    Case(name="cuts the body", code="cut-short", fault=_cuts),
    Case(name="truncates JSON", code="truncated", fault=_truncates),
    Case(name="truncates a list", code="truncated", fault=_truncates, asked="list"),
    Case(name="speaks no HTTP", code="garbled", fault=_no_http),
    Case(name="names gzip, sends none", code="garbled", fault=_misnames_encoding),
    Case(name="https to a plain port", code="no-tls", fault=good, url="https://127.0.0.1:{port}/v1", mended=True),
    Case(name="no such host", code="no-such-host", fault=good, url="http://gateway.invalid/v1"),
    Case(name="refused port", code="refused", fault=good, url=f"http://127.0.0.1:{free_port()}/v1"),
    Case(name="strips the key", code="wrong-key", fault=_strips),
    Case(name="wants a version", code="api-version-missing", fault=_wants_version, mended=True),
    Case(
        name="wants no version",
        code="api-version-unwanted",
        fault=_refuses_version,
        fields={"inferenceAPIVersion": "2024-10-21"},
        mended=True,
    ),
    Case(name="redirects below", code="redirect", fault=_moves, mended=True),
    Case(name="redirects away", code="redirect", fault=says(302, location="https://other.invalid/x")),
    Case(name="redirects to sign in", code="login-redirect", fault=says(302, location="https://x.invalid/login")),
    Case(
        name="model in the body only",
        code="model-missing-in-body",
        fault=_model_in_body_only,
        fields={"deploymentInPath": True},
        mended=True,
    ),
    Case(name="wrong base", code="wrong-path", fault=good, url="{proxy}/v2"),
    Case(name="wrong base of a list", code="no-discovery", fault=good, url="{proxy}/v2", asked="list"),
    Case(
        name="other provider",
        code="provider-mismatch",
        fault=good,
        asked="list",
        fields={"deploymentProvider": "AzureOpenAI"},
        mended=True,
    ),
    Case(name="lists nothing", code="empty-list", fault=says(200, '{"data": []}'), asked="list"),
    Case(name="a page", code="html", fault=says(200, "<!doctype html><p>Welcome", content_type="text/html")),
    Case(name="nothing", code="empty-answer", fault=says(200)),
    Case(name="429, a pause", code="rate-limit", fault=says(429, retry_after="3")),
    Case(name="429, no pause", code="rate-limit", fault=says(429)),
    Case(name="407", code="proxy", fault=says(407)),
    Case(name="500", code="gateway-error", fault=says(500)),
    Case(name="502", code="upstream", fault=says(502)),
    Case(name="client refused", code="token-client", fault=says(401, '{"error": "invalid_client"}'), asked="token"),
    Case(name="scope refused", code="token-scope", fault=says(400, '{"error": "invalid_scope"}'), asked="token"),
    Case(name="audience", code="token-audience", fault=says(400, '{"error": "invalid_target"}'), asked="token"),
    Case(name="no token there", code="token-url", fault=says(404), asked="token"),
    Case(name="http to a TLS port", code="tls-port", fault=good, context=_tls(), url="http://127.0.0.1:{port}/v1"),
    Case(name="a CA of its own", code="unknown-ca", fault=good, context=_tls()),
)
