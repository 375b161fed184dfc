"""Labelled faults, and how many of them are told by their name."""

from __future__ import annotations

import ssl
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import httpx

from gateway_workbook.diagnosis import diagnose
from gateway_workbook.gateway import Gateway
from tests.faults.answers.working import working
from tests.faults.proxy import Answer, Call, faulty
from tests.library.wire import SECRETS, dynamic, oauth2
from tests.library.wire import connection as static

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gateway_workbook.connection import Connection
    from gateway_workbook.exchange import Exchange
    from gateway_workbook.finding import Finding
    from tests.faults.proxy import Fault, Kind

HELLO = [{"role": "user", "content": "hello"}]


@dataclass(frozen=True, kw_only=True)
class Case:
    """One fault before a gateway that works; `path` follows the proxy's address, `fields` are the profile's.

    `mended` says whether the finding has a change under which the same call succeeds.
    """

    name: str
    code: str
    fault: Fault
    asked: Kind = "chat"
    fields: Mapping[str, Any] = field(default_factory=dict)
    context: ssl.SSLContext | None = None
    url: str = "{proxy}/v1"
    mended: bool = False


@contextmanager
def injected(case: Case) -> Iterator[Connection]:
    """The connection through the fault."""
    with faulty(working, "") as upstream, faulty(case.fault, upstream, context=case.context) as proxy:
        yield _connection(case, case.url.format(proxy=proxy, port=proxy.rpartition(":")[2]))


def _connection(case: Case, url: str) -> Connection:
    if case.asked == "token":
        return oauth2(**{"targetUrl": url, "tokenUrl": f"{url}/token"} | case.fields)
    if case.asked == "chat":
        return static(**{"targetUrl": url} | case.fields)
    provider = str(case.fields.get("deploymentProvider", "OpenAI"))
    return dynamic(provider, **{"targetUrl": url} | case.fields)


def call(connection: Connection, asked: Kind, verify: ssl.SSLContext | None = None) -> Exchange:
    """The one call that the fault is for; its limits of time are short."""
    limits = httpx.Timeout(0.6, connect=0.4)
    with httpx.Client(timeout=limits, trust_env=False, verify=verify or ssl.create_default_context()) as http:
        gateway = Gateway(connection, http, secrets=SECRETS)
        if asked == "list":
            return gateway.list_models()
        return gateway.get_model("gpt-4o") if asked == "get" else gateway.chat("gpt-4o", HELLO)


def found(case: Case) -> Finding:
    """What diagnosis says of it."""
    with injected(case) as connection:
        return diagnose(call(connection, case.asked), connection, deployment="gpt-4o")


def worded(name: str, code: str, status: int, body: str, **options: Any) -> Case:
    """An answer in a product's own words in place of the gateway's; `headers` are the answer's."""
    headers = dict(options.pop("headers", {}))
    if body.startswith("{"):
        headers.setdefault("content-type", "application/json")

    def answer(_: Call) -> Answer:
        return Answer(status=status, headers=headers, body=body.encode())

    return Case(name=name, code=code, fault=answer, **options)


def confusion(pairs: list[tuple[str, str]]) -> str:
    """Label, diagnosed code and count, a wrong one marked; the last line is the accuracy."""
    rows = [
        f"{'  ' if label == code else '✗ '}{label:<24}{code:<24}{count:>4}"
        for (label, code), count in sorted(Counter(pairs).items())
    ]
    right = sum(label == code for label, code in pairs)
    return "\n".join(
        ["  label                   diagnosed              count", *rows, f"{right} of {len(pairs)} right"]
    )


def rebuilt(case: Case, url: str, change: Mapping[str, Any]) -> Connection:
    """The connection of the case's profile with a finding's change in it."""
    return _connection(replace(case, fields={**case.fields, **change}), url)
