"""A look at a profile's gateway: token, list, get and call; each failure is one finding, mended where it can be."""

from __future__ import annotations

__all__ = ["Checkup", "Connect", "check_up", "connector", "mended", "refuse_unknown_gateway"]

import re
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from pydantic import BaseModel, ConfigDict

from gateway_workbook.connection import Connection
from gateway_workbook.diagnosis import diagnose
from gateway_workbook.discovery import PROMPT, Discovered, DiscoveredModel, discover, usable, weighed
from gateway_workbook.errors import UsageError
from gateway_workbook.finding import Finding, is_error
from gateway_workbook.gateway import Gateway
from gateway_workbook.mending import Mended, mend
from gateway_workbook.neighbours import Failure
from gateway_workbook.profile import Profile

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gateway_workbook.exchange import Asked

Connect = Callable[[Profile], Gateway]

_SOUGHT: Final = 3  # findings that a mend is sought for; those after them mostly have the same cause
_SIGNED_BY: Final = (
    *("auth_type", "api_key", "auth_config", "custom_headers"),
    *("client_id", "client_secret", "token_url", "scopes", "audience"),
)
_UNKNOWN: Final = re.compile(r"no gateway '.*' in this sandbox: there are .*")
# Faults of one deployment, not of the connection.


class Checkup(BaseModel):
    """`answering` are the deployments that were called well; `calls` is what seeking mends took, beside the look."""

    model_config = ConfigDict(frozen=True)

    findings: tuple[Finding, ...] = ()
    answering: tuple[str, ...] = ()
    calls: int = 0

    @property
    def well(self) -> bool:
        """Whether nothing found keeps an agent from working; that one deployment of several is gone does not."""
        return not is_error(self.findings)


def connector(
    connection: Connection, make: Callable[[Connection], Gateway], *, locate: Callable[[str], str] = str
) -> Connect:
    """What makes a client by another profile of the same gateway; where that signs in alike, a token is used again."""
    base = make(connection)

    def connect(profile: Profile) -> Gateway:
        other = Connection.of(profile, locate=locate, target=connection.target)
        alike = all(getattr(other, name) == getattr(connection, name) for name in _SIGNED_BY)
        return base.toward(other) if alike else make(other)

    return connect


def check_up(profile: Profile, connect: Connect, *, deployment: str = "") -> Checkup:
    """Look at one deployment, or at all; raises UsageError for one, or for a sandbox's gateway, that is not there."""
    gateway = connect(profile)
    found = discover(gateway, only=[deployment] if deployment else [])
    answering = tuple(found.callable)
    failures = _failures(found)
    for failure in failures:
        refuse_unknown_gateway(profile.target_url or "", failure.finding.found)
    if found.finding and deployment:
        called = _called(gateway, deployment)
        answering, failures = (answering, [*failures, called]) if called else ((deployment,), failures)
    results = _mended(failures, profile, connect, answering=answering)
    findings = tuple(weighed(one.finding, alone=bool(deployment or not answering)) for one in results)
    return Checkup(findings=findings, answering=answering, calls=sum(one.calls for one in results))


def refuse_unknown_gateway(url: str, said: str) -> None:
    """Raise the sandbox's own sentence as UsageError, where a sandbox:// URL names a gateway that it does not have."""
    unknown = _UNKNOWN.search(said) if url.startswith("sandbox://") else None
    if unknown:
        raise UsageError(unknown[0])


def mended(found: Discovered, profile: Profile, connect: Connect) -> Discovered:
    """A discovery that is done with the mend that was found for each of its findings; without any it costs no call."""
    failures = _failures(found)
    results = _mended(failures, profile, connect, answering=tuple(found.callable))
    mends = {_cause(failure): result.finding for failure, result in zip(failures, results, strict=True)}
    whole = found.finding and mends[_cause(Failure(asked="list", finding=found.finding))]
    return found.model_copy(update={"finding": whole, "models": tuple(_with_mend(one, mends) for one in found.models)})


def _with_mend(model: DiscoveredModel, mends: Mapping[tuple[str, str], Finding]) -> DiscoveredModel:
    """The model's own finding, with what was found out about the cause that it shares."""
    if model.finding is None:
        return model
    sought = mends[_cause(Failure(asked="get", finding=model.finding, deployment=model.deployment))]
    told = {name: getattr(sought, name) for name in ("change", "confidence", "field")}
    if sought.change or sought.request == model.finding.request:  # in words alone it may name another deployment
        told["mend"] = sought.mend
    return model.model_copy(update={"finding": model.finding.model_copy(update=told)})


def _failures(found: Discovered) -> list[Failure]:
    """Each distinct failure, in the order in which they came."""
    whole = [Failure(asked="list", finding=found.finding)] if found.finding else []
    each = [_failure(model, model.finding, found) for model in found.models if model.finding]
    distinct = {_cause(one): one for one in reversed([*whole, *each])}
    return list(distinct.values())[::-1]


def _failure(model: DiscoveredModel, finding: Finding, found: Discovered) -> Failure:
    asked: Asked = "get" if model.gettable == "no" else "chat"
    return Failure(asked=asked, finding=finding, deployment=model.deployment, listed=found.source == "dynamic")


def _cause(failure: Failure) -> tuple[str, str]:
    """What failures have in common that differ in nothing but the deployment's name."""
    return failure.finding.code, failure.finding.found.replace(failure.deployment or "\n", "…")


def _called(gateway: Gateway, deployment: str) -> Failure | None:
    exchange = gateway.chat(deployment, [{"role": "user", "content": PROMPT}])
    if usable(exchange, gateway.connection):
        return None
    finding = diagnose(exchange, gateway.connection, deployment=deployment)
    return Failure(asked="chat", finding=finding, deployment=deployment)


def _mended(
    failures: Sequence[Failure], profile: Profile, connect: Connect, *, answering: tuple[str, ...]
) -> list[Mended]:
    known = [replace(failure, answering=answering) for failure in failures]
    sought = [mend(failure, profile, connect=connect) for failure in known[:_SOUGHT]]
    # A change that nobody tried is none to apply.
    untried = [failure.finding.model_copy(update={"change": {}}) for failure in known[_SOUGHT:]]
    return [*sought, *(Mended(finding=finding, calls=0) for finding in untried)]
