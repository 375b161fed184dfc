"""The connections of a Foundry project and of its account at their ARM resource, over httpx.

Not through azure-mgmt-cognitiveservices, because its stable release drops OAuth2 `tokenUrl` and the identity
`audience` without a word.
"""

from __future__ import annotations

__all__ = ["Connections", "Outcome", "connections_url", "resource_rows"]

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import quote

import httpx

from gateway_workbook import check
from gateway_workbook.authentication import TIMEOUT
from gateway_workbook.connection import API_VERSION, Connection, without_query
from gateway_workbook.difference import Difference, differences
from gateway_workbook.errors import ServiceError, UsageError
from gateway_workbook.exchange import Exchange
from gateway_workbook.sign_in import EntraAuth
from gateway_workbook.stored import scope_of
from gateway_workbook.target import AUDIENCES, Target

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

    from gateway_workbook.finding import Finding
    from gateway_workbook.ledger import Ledger
    from gateway_workbook.profile import Profile, Scope
    from gateway_workbook.secrets import Secrets

APIM_API_VERSION: Final = "2024-05-01"

Outcome = Literal["created", "unchanged", "replaced", "differs"]
Resources = list[dict[str, Any]]


class Connections:
    """The connections of one project and its account, as ARM resources.

    `http` is used, not owned; failures raise ServiceError.
    """

    def __init__(self, target: Target, http: httpx.Client, *, credential: TokenCredential, secrets: Secrets) -> None:
        self._target, self._http, self.secrets = target, http, secrets
        self._auth = EntraAuth(credential, AUDIENCES["arm"])

    def url(self, name: str = "", *, scope: Scope = "project") -> str:
        """The resource's URL without the api-version; of the collection without a name."""
        return connections_url(self._target.arm, self._target.project_resource_id, name, scope=scope)

    def get(self, name: str, *, scope: Scope = "project") -> dict[str, Any] | None:
        """The stored resource, credentials absent, or None when there is none of that name in that scope."""
        return self._call("GET", self.url(name, scope=scope), missing_ok=True)

    def find(self, name: str) -> dict[str, Any]:
        """The connection that Agent Service takes for that name: the project's own, else the account's.

        Raises UsageError naming those there are.
        """
        found = self.get(name) or self.get(name, scope="account")
        if found is None:
            there = ", ".join(row["name"] for row in resource_rows(self.list())) or "none"
            raise UsageError(f"no connection '{name}' on the project or its account: there is {there}")
        return found

    def list(self) -> Resources:
        """Every connection the project sees, as stored: its own, and the account's that it does not hide by name.

        Who may read the project alone gets the project's own.
        """
        own = self.of_project()
        hidden = {str(item.get("name")).lower() for item in own}
        try:
            shared = self._pages(self.url(scope="account"))
        except ServiceError as error:
            if error.status != httpx.codes.FORBIDDEN:
                raise
            return own
        return own + [item for item in shared if str(item.get("name")).lower() not in hidden]

    def of_project(self) -> Resources:
        """The connections that one reading of the project gives."""
        return self._pages(self.url())

    def _pages(self, first: str) -> Resources:
        found: Resources = []
        url: str | None = first
        while url:
            page = self._require("GET", url)
            found += page.get("value") or []
            url = page.get("nextLink")
            if url and httpx.URL(url).host != httpx.URL(self._target.arm).host:
                raise ServiceError(f"{first} goes on at another host ({httpx.URL(url).host}): not followed")
        return found

    def describe(self, profile: Profile) -> Connection:
        """The connection a profile means on this target; looks the URL up where the profile names an API."""
        found = None
        if profile.apim_resource_id and profile.api_name:
            found = self.api_url(profile.apim_resource_id, profile.api_name)
        return Connection.of(profile, locate=self._target.locate, target=found)

    def compare(self, connection: Connection) -> tuple[Outcome, tuple[Difference, ...]]:
        """Whether the connection would be created, is there unchanged, or differs, and in what.

        Raises UsageError for one of the account that a connection of the project hides: no agent would use it.
        """
        if connection.scope == "account" and self.get(connection.name) is not None:
            raise UsageError(
                f"connection {connection.name} of the project hides the account's: "
                "remove it, or take another connectionName"
            )
        stored = self.get(connection.name, scope=connection.scope)
        if stored is None:
            return "created", ()
        found = differences(connection, stored, secrets=self.secrets)
        return ("differs" if found else "unchanged"), found

    def findings(self, connection: Connection) -> tuple[Finding, ...]:
        """What is wrong with the stored connection, by itself and against this one; UsageError when there is none."""
        stored = self.get(connection.name, scope=connection.scope)
        if stored is None:
            raise UsageError(f"no connection '{connection.name}' on the {connection.scope}: create it first")
        return check.compare(connection, stored, secrets=self.secrets)

    def apply(
        self, connection: Connection, *, ledger: Ledger, replace: bool = False
    ) -> tuple[Outcome, tuple[Difference, ...]]:
        """Create what is missing, leave what is the same, write over a difference only with `replace`.

        `replace` also sends the secret again where nothing differs: ARM never returns it, so it cannot be compared.
        """
        outcome, found = self.compare(connection)
        if outcome == "created":
            with ledger.creating("connection", connection.name, scope=connection.scope):
                self.put(connection)
        elif replace:
            self.put(connection)
            return "replaced", found
        return outcome, found

    def put(self, connection: Connection) -> dict[str, Any]:
        """Create the connection or write over it; returns the stored resource."""
        body = connection.resource(self.secrets)
        return self._require("PUT", self.url(connection.name, scope=connection.scope), body=body)

    def delete(self, name: str, *, scope: Scope = "project") -> bool:
        """Remove the connection; False when there was none."""
        there = self.get(name, scope=scope) is not None
        return there and self._call("DELETE", self.url(name, scope=scope), missing_ok=True) is not None

    def credentials(self, name: str, *, scope: Scope = "project") -> dict[str, Any]:
        """The stored secrets, in clear: compare them, never show or keep them.

        The one call of listSecrets there is.
        """
        found = self._call("POST", f"{self.url(name, scope=scope)}/listSecrets") or {}
        return (found.get("properties") or {}).get("credentials") or {}

    def api_url(self, apim_resource_id: str, api_name: str) -> str:
        """The URL of an API of an API Management service: its gateway's URL and the API's path."""
        service = f"{self._target.arm}{apim_resource_id}"
        gateway = self._property(service, "gatewayUrl")
        path = self._property(f"{service}/apis/{quote(api_name, safe='')}", "path")
        return f"{gateway.rstrip('/')}/{path.strip('/')}"

    def _property(self, url: str, name: str) -> str:
        found = (self._require("GET", url, version=APIM_API_VERSION).get("properties") or {}).get(name)
        if not isinstance(found, str):
            raise ServiceError(f"GET {url} answered 200 without {name}: write targetUrl instead of apimResourceId")
        return found

    def _require(
        self, method: str, url: str, *, body: Mapping[str, Any] | None = None, version: str = API_VERSION
    ) -> dict[str, Any]:
        return self._call(method, url, body=body, version=version) or {}

    def _call(
        self,
        method: str,
        url: str,
        *,
        body: Mapping[str, Any] | None = None,
        version: str = API_VERSION,
        missing_ok: bool = False,
    ) -> dict[str, Any] | None:
        answer = self._exchange(method, url, body=body, version=version)
        if missing_ok and answer.status == httpx.codes.NOT_FOUND and _code(answer) not in _PARENT_MISSING:
            return None
        if not answer.ok:
            mend = _MENDS.get(answer.status or 0, "")
            raise ServiceError(f"{method} {url} answered {answer.outcome}{mend}", status=answer.status)
        if method == "DELETE":
            return {}
        if not isinstance(answer.body, dict):
            raise ServiceError(
                f"{method} {url} answered {answer.status} without a resource: a proxy or a portal may stand in between"
            )
        return answer.body

    def _exchange(self, method: str, url: str, *, body: Mapping[str, Any] | None, version: str) -> Exchange:
        address = httpx.URL(url).copy_merge_params({} if "api-version=" in url else {"api-version": version})
        try:
            response = self._http.request(method, address, json=body, auth=self._auth, timeout=TIMEOUT)
        except httpx.HTTPError as error:
            raise ServiceError(
                f"{method} {url} got no answer ({type(error).__name__}: {error}): check the network and the target"
            ) from error
        credentials = body["properties"]["credentials"] if body else {}
        return Exchange.of(response, method=method, url=url, hidden={*self._auth.hidden, *credentials.values()})


_MENDS: Final = {
    401: ": sign in again (`az login`)",
    403: ": ask for the role Azure AI Project Manager, or Contributor, on the project",
    404: ": check projectResourceId",
}
# ARM answers 404 for a missing connection and for a missing project alike; only the code tells.
_PARENT_MISSING: Final = ("ResourceGroupNotFound", "SubscriptionNotFound", "ParentResourceNotFound")


def _code(answer: Exchange) -> object:
    error = answer.body.get("error") if isinstance(answer.body, Mapping) else None
    return error.get("code") if isinstance(error, Mapping) else None


def connections_url(arm: str, project: str, name: str = "", *, scope: Scope = "project") -> str:
    """The URL of a connection of a project (its resource id) or of its account; of all of them without a name."""
    parent = project if scope == "project" else re.sub(r"/projects/[^/]+$", "", project, flags=re.IGNORECASE)
    return f"{arm}{parent}/connections" + (f"/{quote(name, safe='')}" if name else "")


def resource_rows(resources: Iterable[Mapping[str, Any]]) -> tuple[dict[str, str], ...]:
    """Connected resources as the portal's page lists them: name, scope, category, authType and target of each."""
    return tuple(_row(item, item.get("properties") or {}) for item in resources)


def _row(resource: Mapping[str, Any], properties: Mapping[str, Any]) -> dict[str, str]:
    shown = {field: str(properties.get(field)) for field in ("category", "authType")}
    target = without_query(str(properties.get("target")))
    return {"name": str(resource.get("name")), "scope": scope_of(resource), **shown, "target": target}
