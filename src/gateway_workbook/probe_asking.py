"""The calls of a probe, each in the header that is most likely, and what each of them told."""

from __future__ import annotations

__all__ = ["NOBODY", "Access", "Asking", "Halt", "Told"]

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import httpx

from gateway_workbook.authentication import TIMEOUT
from gateway_workbook.bounded import read_within
from gateway_workbook.checkup import refuse_unknown_gateway
from gateway_workbook.diagnosis import diagnose
from gateway_workbook.discovery import listed_models
from gateway_workbook.exchange import Exchange
from gateway_workbook.gateway import Gateway
from gateway_workbook.network import fault_of
from gateway_workbook.probe_header import HeaderSearch, hints, same_words
from gateway_workbook.secrets import Secrets

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from azure.core.credentials import TokenCredential
    from pydantic import SecretStr

    from gateway_workbook.connection import Connection
    from gateway_workbook.discovery import DiscoveredModel
    from gateway_workbook.finding import Finding
    from gateway_workbook.probe_plan import Place, Route
    from gateway_workbook.profile import AuthConfig
    from gateway_workbook.secrets import SecretReference

NOBODY: Final = "no-such-model-7f3a"
_PROMPT: Final = [{"role": "user", "content": "ok"}]
_FEW: Final = 16  # tokens; some services refuse fewer
_LIMITS: Final[tuple[Mapping[str, object], ...]] = ({"max_tokens": _FEW}, {"max_completion_tokens": _FEW}, {})
_REFUSED: Final = {"wrong-key", "no-key-seen", "forbidden", "key-on-one-path"}
# After one of these nothing else would be answered either.
_FINAL: Final = {
    *("no-such-host", "private-address", "refused", "unreachable", "connect-timeout", "unknown-ca"),
    *("expired-certificate", "wrong-host-certificate", "no-tls", "tls-port", "proxy", "bad-url", "bad-header"),
    *("token-scope", "token-audience", "token-client", "token-url", "token-endpoint", "token-expired"),
    *("rate-limit", "quota-used-up", "firewall", "wrong-audience"),
}
_HIDDEN: Final = "the gateway does not take the credential, and says something else"
_SILENT: Final = 2  # calls without an answer, after which there is no more asking


@dataclass(frozen=True, kw_only=True)
class Access:
    """What opens a gateway: secrets by their references, an Entra credential, and how sandbox:// URLs are called."""

    secrets: Secrets
    credential: TokenCredential | None = None
    locate: Callable[[str], str] = str
    written: str = ""  # the gateway's URL as a person wrote it


class Halt(Exception):  # noqa: N818  the search's own way out
    """Asking on would tell no more."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """One call, the settings it was made by, and what it tells; `finding` is None where it went well."""

    exchange: Exchange
    connection: Connection
    deployment: str = ""
    purpose: str = ""
    finding: Finding | None = None
    models: tuple[DiscoveredModel, ...] = ()

    @property
    def code(self) -> str:
        """The finding's, or nothing."""
        return self.finding.code if self.finding else ""


class Asking:
    """Calls the gateway by one setting after another; `told` keeps every answer in order."""

    def __init__(self, connection: Connection, http: httpx.Client, *, access: Access) -> None:
        self._connection, self._http, self._secrets = connection, http, _Known(inner=access.secrets)
        self._base = Gateway(connection, http, secrets=self._secrets, credential=access.credential)
        given = connection.auth_config is not None or connection.auth_type != "ApiKey"
        self._written = access.written
        self.headers = HeaderSearch([connection.auth_config] if given else [])
        self.told: list[Told] = []
        self._limits = list(_LIMITS)
        self._keyless: dict[str, Exchange] = {}
        self._doubted = False

    def list(self, place: Place) -> Told:
        """Ask for the models at this place, in either provider's form."""
        settings = {"target": place.target, "discovery": place.discovery, "deployment_api_version": place.version}
        return self._ask(settings, lambda gateway: gateway.list_models())

    def get(self, place: Place, deployment: str) -> Told:
        """Ask for one model."""
        settings = {"target": place.target, "discovery": place.discovery, "deployment_api_version": place.version}
        return self._ask(settings, lambda gateway: gateway.get_model(deployment), deployment=deployment)

    def chat(self, route: Route, deployment: str, *, purpose: str = "") -> Told:
        """Ask for a few words, by the limit of tokens that the model takes."""
        settings = {
            "target": route.target,
            "deployment_in_path": route.in_path,
            "inference_api_version": route.version,
        }
        told = self._ask(
            settings,
            lambda gateway: gateway.chat(deployment, _PROMPT, **self._limits[0]),
            deployment=deployment,
            purpose=purpose,
        )
        if told.code == "unsupported-parameter" and self._limits[1:]:
            self._limits.pop(0)
            return self.chat(route, deployment, purpose=purpose)
        return told

    def without_key(self, told: Told) -> Exchange:
        """The same call without a credential; what it costs is no refusal of the key."""
        exchange = told.exchange
        address = f"{exchange.method} {exchange.url}"
        if address not in self._keyless:
            self._keyless[address] = keyless = self._bare(told)
            self.told.append(replace(told, exchange=keyless, purpose="without key", finding=None, models=()))
        return self._keyless[address]

    def _bare(self, told: Told) -> Exchange:
        seen = told.exchange
        body = {"messages": _PROMPT, "model": told.deployment, **self._limits[0]} if seen.asked == "chat" else None
        shown = {"asked": seen.asked, "method": seen.method, "url": seen.url}
        headers = self._connection.headers(self._secrets)
        try:
            request = self._http.build_request(seen.method, seen.url, json=body, headers=headers, timeout=TIMEOUT)
            response = read_within(self._http.send(request, follow_redirects=False, stream=True))
        except (httpx.HTTPError, httpx.StreamError) as error:
            return Exchange(**shown, problem=type(error).__name__, fault=fault_of(error, seen.url))
        hidden = [self._secrets.resolve(one).get_secret_value() for one in self._secrets.known]
        return Exchange.of(response, **shown, hidden=hidden)

    def _ask(
        self,
        settings: Mapping[str, object],
        call: Callable[[Gateway], Exchange],
        *,
        deployment: str = "",
        purpose: str = "",
    ) -> Told:
        """The call in one header after the other until the gateway does not mind; else as it was first refused."""
        refused: Told | None = None
        for header in self.headers.left():
            connection = self._connection.model_copy(update={**settings, "auth_config": header})
            told = self._judged(call(self._toward(connection)), connection, deployment=deployment, purpose=purpose)
            refuses = _refuses(told)
            if refuses and self.headers.proven:
                self._refused_again(told, header)
                return told
            if refuses:
                self.headers.refuse(header, told.exchange, keyless=self.without_key(told))
            elif not self._doubtful(told):
                self.headers.took(header)
                if refused:
                    self.headers.prove(header)
                return told
            refused = refused or told
        if refused is None:
            raise Halt
        return refused

    def _refused_again(self, told: Told, header: AuthConfig | None) -> None:
        """The key is right, so it is another thing that is refused; one more header, if the answer names it."""
        self.headers.read.append(header)
        others = [one for one in hints(told.exchange) if one != header]
        if others and told.exchange.asked == "chat" and not told.purpose:
            raise Halt

    def _doubtful(self, told: Told) -> bool:
        """Whether it may fail for want of a key: believed once, and never of a header that works."""
        failed = told.exchange.status == httpx.codes.INTERNAL_SERVER_ERROR and not self.headers.proven
        doubted, self._doubted = self._doubted, self._doubted or failed
        return failed and not doubted

    def _toward(self, connection: Connection) -> Gateway:
        if connection.auth_type == "ApiKey":
            return Gateway(connection, self._http, secrets=self._secrets)
        return self._base.toward(connection)

    def _judged(self, exchange: Exchange, connection: Connection, *, deployment: str, purpose: str) -> Told:
        refuse_unknown_gateway(self._written, exchange.outcome)
        models, connection = _listed(exchange, connection)
        finding = None
        if not _went_well(exchange, models):
            others = tuple(one.exchange for one in self.told if one.exchange.ok and one.purpose != "without key")
            finding = diagnose(exchange, connection, deployment=deployment, others=others)
        told = Told(
            exchange=exchange,
            connection=connection,
            deployment=deployment,
            purpose=purpose,
            finding=finding,
            models=models,
        )
        if self._is_hidden_refusal(told):
            finding = told.finding and told.finding.model_copy(update={"code": "wrong-key", "cause": _HIDDEN})
            told = replace(told, finding=finding)
        self.told.append(told)
        silent = [one for one in self.told if one.exchange.status is None]
        if told.code in _FINAL or len(silent) >= _SILENT:
            raise Halt
        return told

    def _is_hidden_refusal(self, told: Told) -> bool:
        """Some refuse a key by a 400 of other words: in a call for a list, the key is all that can be wrong."""
        doubtful = told.code == "bad-request" and told.exchange.asked == "list" and not self.headers.proven
        return doubtful and not same_words(told.exchange, self.without_key(told))


def _listed(exchange: Exchange, connection: Connection) -> tuple[tuple[DiscoveredModel, ...], Connection]:
    """The models of a list in either form, and the connection that names this form."""
    discovery = connection.discovery
    if exchange.asked != "list" or discovery is None:
        return (), connection
    for provider in ("OpenAI", "AzureOpenAI"):
        # A name that is no text could not be sent.
        listed = listed_models(exchange, provider)
        if models := tuple(model for model in listed if model.deployment and model.deployment.isprintable()):
            named = discovery.model_copy(update={"provider": provider})
            return models, connection.model_copy(update={"discovery": named})
    return (), connection


def _refuses(told: Told) -> bool:
    """Whether it is the credential that is refused; Amazon's gateway says so of a path it does not have."""
    return told.code in _REFUSED and "missing authentication token" not in told.exchange.text.casefold()


def _went_well(exchange: Exchange, models: tuple[DiscoveredModel, ...]) -> bool:
    body = exchange.body
    if exchange.asked == "list":
        return bool(models)
    wanted = ("choices",) if exchange.asked == "chat" else ("id", "name")
    return exchange.ok and isinstance(body, dict) and any(body.get(key) for key in wanted)


@dataclass(frozen=True, kw_only=True)
class _Known(Secrets):
    """Resolves each reference once: a vault is slow, and a probe makes many clients."""

    inner: Secrets
    known: dict[SecretReference, SecretStr] = field(default_factory=dict, repr=False)

    def resolve(self, reference: SecretReference) -> SecretStr:
        if reference not in self.known:
            self.known[reference] = self.inner.resolve(reference)
        return self.known[reference]
