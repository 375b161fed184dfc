"""Where a run goes: the sandbox on this machine, or Azure. Only the addresses, the credential and the trust differ."""

from __future__ import annotations

__all__ = ["AUDIENCES", "Kind", "Target", "azure", "http_client", "sandbox", "transport"]

import os
import re
import shlex
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Literal, Self
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx
from httpx_retries import Retry, RetryTransport
from pydantic import BaseModel, ConfigDict

from gateway_workbook.authentication import TIMEOUT
from gateway_workbook.curl import LAST_OF_PIPE, entra_line
from gateway_workbook.errors import UsageError
from gateway_workbook.progress import tell
from gateway_workbook.sandbox_process import Descriptor, find_or_start
from gateway_workbook.secrets import Secrets
from gateway_workbook.workers import stop_if_abandoned

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator

    from azure.core.credentials import AccessToken, TokenCredential

    from gateway_workbook.wire import Wire

Kind = Literal["sandbox", "azure"]
AZURE_ARM: Final = "https://management.azure.com"
AUDIENCES: Final = {
    "arm": "https://management.azure.com/.default",
    "project": "https://ai.azure.com/.default",
}
LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
_PROJECT = re.compile(r".*/accounts/(?P<account>[^/]+)/projects/(?P<project>[^/]+)", re.IGNORECASE)


class _Patient(Retry):
    """Says that it waits before it sends again."""

    def sleep(self, response: httpx.Response | Exception) -> None:
        status = response.status_code if isinstance(response, httpx.Response) else "no answer"
        tell(f"waiting: the answer was {status}")
        super().sleep(response)


_RETRY = _Patient(
    total=3,
    backoff_factor=0.5,
    max_backoff_wait=20,
    total_timeout=60,
    allowed_methods=["GET", "PUT", "DELETE", "POST"],  # a prompt sent twice costs tokens, nothing else
    retry_on_exceptions=(),  # a gateway that cannot be reached is a finding, not a reason to wait
)


class Target(BaseModel):
    """A Foundry project and how to reach it; holds no secret (`sandbox` is read again where one is needed)."""

    model_config = ConfigDict(frozen=True)

    kind: Kind
    arm: str
    project_resource_id: str
    project_endpoint: str
    descriptor: Descriptor | None = None

    def locate(self, url: str) -> str:
        """The callable form of a profile's or a tool's URL; raises UsageError for sandbox:// URLs on Azure.

        sandbox://examples/… are the sandbox's example services, every other host is one of its gateways.
        """
        parts = urlsplit(url)
        if parts.scheme != "sandbox":
            return url
        example = parts.netloc == "examples"
        if self.descriptor is None:
            whose = "service" if example else "gateway"
            raise UsageError(f"{url} exists in the sandbox only: write your {whose}'s own https:// URL to run on Azure")
        return f"{self.descriptor.url}{'' if example else '/gateways'}/{parts.netloc}{parts.path}"

    def credential(self) -> TokenCredential:
        """The Entra credential: DefaultAzureCredential on Azure, the sandbox's managed identity on the sandbox."""
        from azure.identity import DefaultAzureCredential

        return _SandboxIdentity(self.descriptor) if self.descriptor else DefaultAzureCredential()

    def token_line(self, audience: str) -> str:
        """The line for a shell that puts a token of this target's Entra into TOKEN."""
        if self.descriptor is None:
            return entra_line(audience)
        asked = f"--get --data api-version=2019-08-01 --data-urlencode {shlex.quote(f'resource={audience}')}"
        signed = "printf 'X-IDENTITY-HEADER: %s\\n' \"${IDENTITY_HEADER}\""
        return f'TOKEN="$({signed} | curl --silent --header @- {asked} "${{IDENTITY_ENDPOINT}}" | {LAST_OF_PIPE})"'

    def secrets(self) -> Secrets:
        """Resolves references; on the sandbox also the keys of its own gateways."""
        return Secrets(self.descriptor.environment if self.descriptor else {})

    def trust(self) -> ssl.SSLContext:
        """Certificates to trust: the system's (or SSL_CERT_FILE's), and the sandbox's own CA with --tls."""
        context = httpx.create_ssl_context()
        if self.descriptor and self.descriptor.ca:
            context.load_verify_locations(self.descriptor.ca)
        return context

    def without_secrets(self) -> Self:
        """The target as it may be stored."""
        return self.model_copy(update={"descriptor": self.descriptor and self.descriptor.without_secrets()})


class _SandboxIdentity:
    """azure-identity's managed identity, pointed at the sandbox while it fetches a token.

    It takes its endpoint from the environment alone, and at every fetch. Left there, the two variables would also
    turn a later DefaultAzureCredential of this process towards the sandbox.
    """

    _environment_lock = threading.Lock()

    def __init__(self, descriptor: Descriptor) -> None:
        from azure.identity import ManagedIdentityCredential

        self._variables = {name: descriptor.environment[name] for name in ("IDENTITY_ENDPOINT", "IDENTITY_HEADER")}
        with self._pointed():
            self._credential = ManagedIdentityCredential(connection_verify=descriptor.ca or True)

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        with self._pointed():
            token: AccessToken = self._credential.get_token(*scopes, **options)
        return token

    @contextmanager
    def _pointed(self) -> Iterator[None]:
        with self._environment_lock:
            before = {name: os.environ.get(name) for name in self._variables}
            os.environ.update(self._variables)
            try:
                yield
            finally:
                for name, value in before.items():
                    os.environ.pop(name)
                    if value is not None:
                        os.environ[name] = value


def http_client(target: Target | None, *, wire: Wire | None = None) -> httpx.Client:
    """A client for gateways and ARM, honouring Retry-After; one is enough for a notebook, close it after use."""
    return httpx.Client(transport=RetryTransport(transport(target, wire=wire), retry=_RETRY), timeout=TIMEOUT)


def transport(target: Target | None, *, wire: Wire | None = None) -> httpx.BaseTransport:
    """What sends each request once, through the proxy of the environment, recorded where there is a `wire`.

    No target is a gateway without a project.
    """
    plain = _ByEnvironment(target.trust() if target else httpx.create_ssl_context())
    return wire.transport(plain) if wire else plain


class _ByEnvironment(httpx.BaseTransport):
    """Goes through HTTPS_PROXY and its kin, as httpx does where the transport is its own; never on this machine."""

    def __init__(self, trust: ssl.SSLContext) -> None:
        self._direct = httpx.HTTPTransport(verify=trust)
        self._proxied = {
            scheme: httpx.HTTPTransport(verify=trust, proxy=url)
            for scheme, url in getproxies().items()
            if scheme in ("http", "https")
        }

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        stop_if_abandoned()
        address = request.url
        through = self._proxied.get(address.scheme, self._direct)
        bypassed = address.host in LOOPBACK or proxy_bypass(address.netloc.decode("ascii"))
        return (self._direct if bypassed else through).handle_request(request)

    def close(self) -> None:
        for transport in (self._direct, *self._proxied.values()):
            transport.close()


def sandbox(*, start: bool = True) -> Target:
    """The sandbox of this user: the running one, or one started now that outlives this process."""
    found = find_or_start(start=start)
    return Target(
        kind="sandbox",
        arm=found.arm,
        project_resource_id=found.project_resource_id,
        project_endpoint=found.project_endpoint,
        descriptor=found,
    )


def azure(project_resource_id: str | None, *, project_endpoint: str | None = None) -> Target:
    """A real Foundry project; its endpoint follows from the resource id unless given."""
    match = _PROJECT.fullmatch(project_resource_id or "")
    if match is None or project_resource_id is None:
        raise UsageError(
            "no Foundry project: write projectResourceId into the profile (portal: project > Properties > Resource ID)"
        )
    endpoint = project_endpoint or f"https://{match['account']}.services.ai.azure.com/api/projects/{match['project']}"
    return Target(kind="azure", arm=AZURE_ARM, project_resource_id=project_resource_id, project_endpoint=endpoint)
