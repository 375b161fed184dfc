"""Which models a connection offers: what is listed, what can be got one by one, and what answers a prompt."""

from __future__ import annotations

__all__ = ["Discovered", "DiscoveredModel", "discover"]

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final, Literal

import httpx
from pydantic import BaseModel, ConfigDict

from gateway_workbook.errors import UsageError
from gateway_workbook.exchange import Exchange
from gateway_workbook.profile import Model, Provider

if TYPE_CHECKING:
    from gateway_workbook.gateway import Gateway

_REDIRECT: Final = 3
PROMPT: Final = "Reply with exactly: ok"
Source = Literal["static", "dynamic"]
Answered = Literal["yes", "no", "not asked"]


class DiscoveredModel(BaseModel):
    """One deployment and what is known of it; `why` names the answer behind the first "no"."""

    model_config = ConfigDict(frozen=True)

    deployment: str
    model: str
    version: str = ""
    format: str = ""
    listed: Answered = "yes"
    gettable: Answered = "not asked"
    callable: Answered = "not asked"
    why: str = ""


class Discovered(BaseModel):
    """The outcome of discovery; `problem` is None when the list could be had and read."""

    model_config = ConfigDict(frozen=True)

    source: Source
    provider: Provider | None = None
    models: tuple[DiscoveredModel, ...] = ()
    listing: Exchange | None = None
    problem: str | None = None

    @property
    def callable(self) -> list[str]:
        """Deployments that answered a prompt, in the gateway's order."""
        return [model.deployment for model in self.models if model.callable == "yes"]

    @property
    def why(self) -> str:
        """Why deployments do not answer, each reason once."""
        reasons: dict[str, list[str]] = {}
        for model in self.models:
            if model.why:
                reasons.setdefault(model.why.replace(model.deployment, "…"), []).append(model.why)
        return "; ".join(
            alike[0] + (f" (the same for {len(alike) - 1} more)" if alike[1:] else "") for alike in reasons.values()
        )

    def choose(self, deployment: str = "") -> str:
        """The deployment of that name, or the first that answers; raises UsageError naming those that do."""
        if (deployment or None) not in (None, *self.callable) or not self.callable:
            raise UsageError(
                f"no callable deployment '{deployment}': those that answer are {', '.join(self.callable) or 'none'}"
            )
        return deployment or self.callable[0]


def discover(gateway: Gateway, *, only: str | Iterable[str] = (), most: int = 20, parallel: int = 4) -> Discovered:
    """List the models, then get and call each (`only` those named; at most `most`, as every call costs tokens)."""
    wanted = (only,) if isinstance(only, str) else tuple(only)  # `-p only gpt-4o` is one name
    found = _listed(gateway)
    unknown = sorted(set(wanted) - {model.deployment for model in found.models})
    if unknown and not found.problem:
        listed = ", ".join(model.deployment for model in found.models)
        raise UsageError(f"no deployment {', '.join(unknown)} on {gateway.connection.name}: it lists {listed}")
    tested = [model for model in found.models if not wanted or model.deployment in wanted][:most]
    with ThreadPoolExecutor(parallel) as pool:
        results = {model.deployment: model for model in pool.map(lambda model: _tested(gateway, model), tested)}
    return found.model_copy(update={"models": tuple(results.get(model.deployment, model) for model in found.models)})


def _listed(gateway: Gateway) -> Discovered:
    discovery = gateway.connection.effective_discovery
    if discovery == "static":
        return Discovered(source="static", models=tuple(_from_model(model) for model in gateway.connection.models))
    listing = gateway.list_models()
    asked = f"GET {listing.url} answered"
    found = Discovered(source="dynamic", provider=discovery.provider, listing=listing.model_copy(update={"text": ""}))
    if not listing.ok:
        return found.model_copy(update={"problem": f"GET {listing.url}: {_reason(listing, 'listed')}"})
    try:
        models = tuple(_READERS[discovery.provider](listing.body))
    except (AttributeError, KeyError, TypeError, ValueError):
        wrong_form = (
            f"{asked} {listing.status}, but not in {discovery.provider} form: {_seen(listing, discovery.provider)}"
        )
        return found.model_copy(update={"problem": wrong_form})
    problem = None if models else f"{asked} {listing.status} with an empty list"
    return found.model_copy(update={"models": models, "problem": problem})


def _seen(listing: Exchange, wanted: Provider) -> str:
    body = listing.body
    if body is None:
        return "it is not JSON; check the target, a portal or login page may stand before the gateway"
    keys: dict[str, Provider] = {"value": "AzureOpenAI", "data": "OpenAI"}
    for key, provider in keys.items():
        if isinstance(body, Mapping) and key in body and provider != wanted:
            return f"write deploymentProvider: {provider}"
    return "check listModelsEndpoint, or list the models in staticModels"


def _tested(gateway: Gateway, model: DiscoveredModel) -> DiscoveredModel:
    checks: dict[str, Exchange] = {}
    if gateway.connection.effective_discovery != "static":
        checks["gettable"] = gateway.get_model(model.deployment)
    checks["callable"] = gateway.chat(model.deployment, [{"role": "user", "content": PROMPT}])
    passed = {name: exchange.ok and _READABLE[name](exchange.body) for name, exchange in checks.items()}
    first = next((name for name, ok in passed.items() if not ok), None)
    why = f"{checks[first].method} {checks[first].url}: {_reason(checks[first], first)}" if first else ""
    return model.model_copy(update={name: "yes" if ok else "no" for name, ok in passed.items()} | {"why": why})


_NOT_FOUND: Final = {
    "listed": "check the path in targetUrl and listModelsEndpoint",
    "gettable": "check getModelEndpoint",
    "callable": "check deploymentInPath, the path in targetUrl and inferenceAPIVersion",
}
_REFUSED: Final = {401: "check the key, and in authConfig its header", 403: "the key is known, but not allowed here"}


def _reason(exchange: Exchange, asked: str) -> str:
    if exchange.ok:
        return f"{exchange.status} without the expected JSON: a portal or a login page may stand before the gateway"
    if exchange.status is None:
        return f"{exchange.outcome}: check targetUrl, and that the gateway can be reached from this machine"
    status = exchange.status
    if status // 100 == _REDIRECT:
        return f"{status}, a redirect, which is not followed with a key: write the final URL into targetUrl"
    told = exchange.outcome.casefold()
    named = "deployment" in told or "model" in told  # then it is the name, not the path
    mend = _NOT_FOUND[asked] if status == httpx.codes.NOT_FOUND and not named else _REFUSED.get(status)
    return f"{exchange.outcome}: {mend}" if mend else exchange.outcome


def _from_model(model: Model) -> DiscoveredModel:
    details = model.properties.model
    return DiscoveredModel(deployment=model.name, model=details.name, version=details.version, format=details.format)


def _azure_openai(body: Any) -> Iterable[DiscoveredModel]:
    return [
        _from_model(
            Model.model_validate({"name": item["name"], "properties": {"model": _known(item["properties"]["model"])}})
        )
        for item in body["value"]
    ]


def _known(details: Mapping[str, Any]) -> dict[str, Any]:
    # Real lists carry more (capabilities, …); these three are the contract.
    return {key: str(details[key]) for key in ("name", "version", "format") if details.get(key) is not None}


def _openai(body: Any) -> Iterable[DiscoveredModel]:
    names = [item["id"] for item in body["data"]]
    return [DiscoveredModel(deployment=name, model=name, format="OpenAI") for name in names]


_READERS: Final = {"AzureOpenAI": _azure_openai, "OpenAI": _openai}
_READABLE: Final = {
    "gettable": lambda body: isinstance(body, Mapping) and bool(body.get("id") or body.get("name")),
    "callable": lambda body: isinstance(body, Mapping) and bool(body.get("choices")),
}
