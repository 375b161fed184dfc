"""Which models a connection offers: what is listed, what can be got one by one, and what answers a prompt."""

from __future__ import annotations

__all__ = ["Discovered", "DiscoveredModel", "discover", "listed_models", "usable", "weighed"]

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, Literal

from pydantic import BaseModel, ConfigDict

from gateway_workbook.diagnosis import diagnose
from gateway_workbook.errors import UsageError
from gateway_workbook.exchange import Exchange
from gateway_workbook.finding import Finding
from gateway_workbook.profile import Model, Provider
from gateway_workbook.progress import Task
from gateway_workbook.workers import each

if TYPE_CHECKING:
    from gateway_workbook.connection import Connection
    from gateway_workbook.gateway import Gateway

PROMPT: Final = "Reply with exactly: ok"
_OF_ONE: Final = {"listed-not-callable", "unknown-deployment", "model-not-allowed", "no-chat-model"}
Source = Literal["static", "dynamic"]
Answered = Literal["yes", "no", "not asked"]


class DiscoveredModel(BaseModel):
    """One deployment and what is known of it; `finding` is what stands behind the first "no"."""

    model_config = ConfigDict(frozen=True)

    deployment: str
    model: str
    version: str = ""
    format: str = ""
    listed: Answered = "yes"
    gettable: Answered = "not asked"
    callable: Answered = "not asked"
    finding: Finding | None = None

    @property
    def why(self) -> str:
        """The finding as a sentence."""
        return str(self.finding or "")


class Discovered(BaseModel):
    """The outcome of discovery; `finding` is None when the list could be had and read."""

    model_config = ConfigDict(frozen=True)

    source: Source
    provider: Provider | None = None
    models: tuple[DiscoveredModel, ...] = ()
    listing: Exchange | None = None
    finding: Finding | None = None

    @property
    def problem(self) -> str | None:
        """The finding as a sentence, or None."""
        return str(self.finding) if self.finding else None

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Everything that was found, of the list and of each model; a cause that several share stands once."""
        alone = not self.callable
        each = (weighed(model.finding, alone=alone) for model in self.models if model.finding)
        every = (self.finding, *each)
        return tuple({(one.code, one.found): one for one in every if one}.values())

    @property
    def mendable(self) -> Finding | None:
        """The first finding that a change of the profile mends."""
        return next((one for one in self.findings if one.change), None)

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


def weighed(finding: Finding, *, alone: bool) -> Finding:
    """The finding as a warning where it is of one deployment among others that answer: catalogues list retired ones."""
    return finding if alone or finding.code not in _OF_ONE else finding.model_copy(update={"severity": "warning"})


def discover(gateway: Gateway, *, only: str | Iterable[str] = (), most: int = 20, parallel: int = 4) -> Discovered:
    """List the models, then get and call each (`only` those named; at most `most`, as every call costs tokens)."""
    wanted = (only,) if isinstance(only, str) else tuple(only)  # `-p only gpt-4o` is one name
    found, known = _listed(gateway)
    unknown = sorted(set(wanted) - {model.deployment for model in found.models})
    if unknown and not found.problem:
        listed = ", ".join(model.deployment for model in found.models)
        raise UsageError(f"no deployment {', '.join(unknown)} on {gateway.connection.name}: it lists {listed}")
    tested = [model for model in found.models if not wanted or model.deployment in wanted][:most]
    with Task("calling deployments", done="deployment(s) asked", total=len(tested)) as task:

        def one(model: DiscoveredModel) -> DiscoveredModel:
            task.now(f"calling {model.deployment}")
            result = _tested(gateway, model, known)
            task.did()
            return result

        results = {model.deployment: model for model in each(one, tested, parallel=parallel)}
    return found.model_copy(update={"models": tuple(results.get(model.deployment, model) for model in found.models)})


def _listed(gateway: Gateway) -> tuple[Discovered, tuple[Exchange, ...]]:
    """What is listed, and the exchange that told it, where there was one."""
    discovery = gateway.connection.effective_discovery
    if discovery == "static":
        return Discovered(source="static", models=tuple(map(_from_model, gateway.connection.models))), ()
    with Task("asking for the list of models", done="list of models had"):
        listing = gateway.list_models()
    found = Discovered(source="dynamic", provider=discovery.provider, listing=listing.model_copy(update={"text": ""}))
    models = listed_models(listing, discovery.provider)
    if models:
        return found.model_copy(update={"models": models}), (listing,)
    return found.model_copy(update={"finding": diagnose(listing, gateway.connection)}), ()


def listed_models(listing: Exchange, provider: Provider) -> tuple[DiscoveredModel, ...]:
    """The models of an answer in the provider's form; none where it has another."""
    if not listing.ok:
        return ()
    try:
        return tuple(_READERS[provider](listing.body))
    except (AttributeError, KeyError, TypeError, ValueError):  # in another form, as the diagnosis will say
        return ()


def usable(exchange: Exchange, connection: Connection) -> bool:
    """Whether the answer is what the call was for: a list with models, a model, a completion."""
    if exchange.asked == "list":
        discovery = connection.effective_discovery
        return discovery != "static" and bool(listed_models(exchange, discovery.provider))
    return exchange.ok and _READABLE["gettable" if exchange.asked == "get" else "callable"](exchange.body)


def _tested(gateway: Gateway, model: DiscoveredModel, known: tuple[Exchange, ...]) -> DiscoveredModel:
    asked: dict[str, Exchange] = {}
    if gateway.connection.effective_discovery != "static":
        asked["gettable"] = gateway.get_model(model.deployment)
    asked["callable"] = gateway.chat(model.deployment, [{"role": "user", "content": PROMPT}])
    failed = [name for name, exchange in asked.items() if not usable(exchange, gateway.connection)]
    finding = None
    if failed:
        others = (*known, *(exchange for name, exchange in asked.items() if name not in failed))
        finding = diagnose(asked[failed[0]], gateway.connection, deployment=model.deployment, others=others)
    answers = {name: "no" if name in failed else "yes" for name in asked}
    return model.model_copy(update={**answers, "finding": finding})


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
