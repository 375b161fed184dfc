"""A set-up that works, one fault in it, and what `diagnose` makes of it: the same look, the same change of a file."""

from __future__ import annotations

import datetime as dt
import json
import ssl
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import httpx
import trustme

from gateway_workbook.checkup import check_up, connector
from gateway_workbook.connection import Connection
from gateway_workbook.gateway import Gateway
from gateway_workbook.profile import load_profile
from gateway_workbook.profile_change import change_profile
from gateway_workbook.secrets import Secrets
from tests.faults.proxy import deaf_port, faulty, free_port
from tests.sandbox.conftest import SandboxCredential
from tests.workbook.conftest import NOTEBOOKS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from gateway_workbook.checkup import Checkup
    from tests.faults.cases import Case, Tls
    from tests.sandbox.conftest import Running

DEPLOYMENT = "gpt-4o"
_YESTERDAY = dt.datetime.now(tz=dt.UTC) - dt.timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Bench:
    """A profile in a file, and all that its gateway is called with."""

    path: Path
    sandbox: Running
    http: httpx.Client
    secrets: Mapping[str, str]

    def look(self) -> Checkup:
        """What `gateway-workbook diagnose` does with the file, at one deployment."""
        profile, credential = load_profile(self.path), SandboxCredential(self.sandbox)
        connect = connector(
            Connection.of(profile, locate=self._locate),
            lambda one: Gateway(one, self.http, secrets=Secrets(self.secrets), credential=credential),
            locate=self._locate,
        )
        return check_up(profile, connect, deployment=DEPLOYMENT)

    def apply(self, change: Mapping[str, Any]) -> None:
        """Write the change into the file."""
        change_profile(self.path, dict(change)).write()

    def _locate(self, url: str) -> str:
        return url.replace("sandbox://", f"{self.sandbox.url}/gateways/")


@contextmanager
def set_up(case: Case, sandbox: Running, folder: Path) -> Iterator[Bench]:
    """The ready profile behind a proxy with the case's fault."""
    with ExitStack() as stack:
        context = server_context(case.tls) if case.tls else None
        url = stack.enter_context(faulty(case.fault, sandbox.url, context=context))
        places = {"url": url, "host_port": url.partition("://")[2], "free": str(free_port())}
        if "{deaf}" in json.dumps(dict(case.profile)):
            places["deaf"] = str(stack.enter_context(deaf_port()))
        fields = json.loads(_placed(json.dumps(dict(case.profile)), places))
        path = written(case.ready, fields, folder, behind=f"{url}/gateways/")
        trust = client_context(case.tls)
        http = stack.enter_context(httpx.Client(timeout=case.patience, verify=trust, trust_env=False))
        yield Bench(path=path, sandbox=sandbox, http=http, secrets={**keys(sandbox), **case.secrets})


def keys(sandbox: Running) -> dict[str, str]:
    """The sandbox's secrets, by the names that ready profiles give them."""
    return {"SANDBOX_API_KEY": sandbox.api_key, "SANDBOX_CLIENT_SECRET": sandbox.client_secret}


def written(ready: str, changes: Mapping[str, Any], folder: Path, *, behind: str = "sandbox://") -> Path:
    """A ready profile as a person's own file, some lines changed; its gateway lies `behind` that URL."""
    lines = (NOTEBOOKS / "gateways" / f"{ready}.yaml").read_text(encoding="utf-8").splitlines()
    kept = [line.replace("sandbox://", behind) for line in lines if line.partition(":")[0] not in changes]
    new = [f"{name}: {json.dumps(value)}" for name, value in changes.items() if value is not None]
    path = folder / "mine.yaml"
    path.write_text("\n".join([*kept, *new]) + "\n", encoding="utf-8")
    return path


def _placed(text: str, places: Mapping[str, str]) -> str:
    for name, value in places.items():
        text = text.replace(f"{{{name}}}", value)
    return text


@cache
def _authority(name: str) -> trustme.CA:
    return trustme.CA(organization_name=name)


def server_context(tls: Tls) -> ssl.SSLContext:
    """What the proxy shows who it is with."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority = _authority("nobody" if tls == "unknown CA" else "ours")
    host = "other.example" if tls == "other host" else "127.0.0.1"
    authority.issue_cert(host, not_after=_YESTERDAY if tls == "expired" else None).configure_cert(context)
    return context


def client_context(tls: Tls | None) -> ssl.SSLContext:
    """What a client trusts: our own authority, where TLS is spoken at all."""
    context = ssl.create_default_context()
    if tls:
        _authority("ours").configure_trust(context)
    return context
