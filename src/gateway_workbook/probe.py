"""The search for the settings under which a gateway answers: few questions, each read before the next is asked."""

from __future__ import annotations

__all__ = ["Probed", "probe"]

import re
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, Final

import httpx
from pydantic import BaseModel, ConfigDict

from gateway_workbook.authentication import TIMEOUT
from gateway_workbook.finding import Finding
from gateway_workbook.probe_asking import NOBODY, Access, Asking, Halt, Told
from gateway_workbook.probe_budget import BudgetSpent
from gateway_workbook.probe_evidence import Evidence, evidence
from gateway_workbook.probe_plan import LIKELY, UNLIKELY, Place, Route, list_places, parents, routes, targets
from gateway_workbook.probe_profile import Given, Settings, base_connection, discovery_below, settings_profile
from gateway_workbook.probe_verdict import verdict, warnings
from gateway_workbook.profile import Profile
from gateway_workbook.progress import Task
from gateway_workbook.usual import MODELS, NO_CHAT, VERSIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gateway_workbook.probe_budget import Bounded
    from gateway_workbook.profile import Provider

_NAMES: Final = 4  # deployments that are called before the gateway is believed to run none
_TWICE: Final = 2  # other api-versions tried after one that the gateway does not know
_NAME_IS_WRONG: Final = {"unknown-deployment", "listed-not-callable", "model-not-allowed", "no-chat-model", "upstream"}
_WORKS: Final = {"content-filter", "context-length"}  # the connection does; the prompt is another matter
_STOP_LISTING: Final = {"wrong-key", "no-key-seen", "forbidden", "key-on-one-path", "wrong-scope"}
_DATED: Final = re.compile(r"20\d\d-\d\d-\d\d(?:-preview)?")


class Probed(BaseModel):
    """What a probe found: the profile that works, or the finding on why none does; and what both rest on.

    `milliseconds` were spent waiting for the gateway, over all `requests`; `repeated` of them followed a 429.
    """

    model_config = ConfigDict(frozen=True)

    profile: Profile | None = None
    finding: Finding | None = None
    warnings: tuple[Finding, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    deployment: str = ""
    requests: int = 0
    repeated: int = 0
    milliseconds: float = 0

    @property
    def found(self) -> str:
        """The outcome in one sentence."""
        if self.profile:
            return f"{self.deployment} answers at {self.profile.target_url}, found with {self.counted}"
        return f"nothing works after {self.counted}: {self.finding.cause if self.finding else 'unknown'}"

    @property
    def counted(self) -> str:
        """What it took, in words."""
        return "1 request" if self.requests == 1 else f"{self.requests} requests"

    @property
    def beside(self) -> str:
        """What the requests without a row of evidence were for, in words; empty where there are none."""
        tokens = self.requests - self.repeated - len(self.evidence)
        went = f"{tokens} went for a token" if tokens > 0 else ""
        again = f"{self.repeated} {'was' if self.repeated == 1 else 'were'} sent again after a 429"
        return ", ".join(part for part in (went, again if self.repeated else "") if part)


def probe(given: Given, bounded: Bounded, *, access: Access) -> Probed:
    """Search; `bounded` says how many requests may be sent, and whereto."""
    http = httpx.Client(transport=bounded, timeout=TIMEOUT)
    asking = Asking(base_connection(given, locate=access.locate), http, access=access)
    search = _Search(given, asking)
    spent = ""
    try:
        with Task("probing", done="request(s) of the probe sent"):
            search.run()
    except BudgetSpent as limit:
        spent = str(limit)
    settings = search.settings
    return Probed(
        profile=settings_profile(given, settings) if settings else None,
        finding=None if settings else verdict(asking, spent=spent),
        warnings=warnings(asking.told) if settings else (),
        evidence=evidence(asking.told),
        deployment=settings.called.deployment if settings else "",
        requests=bounded.sent,
        repeated=bounded.repeated,
        milliseconds=bounded.milliseconds,
    )


@dataclass
class _Search:
    """What is known so far: `listing` tells the models, `right` is a route that exists, `works` one that answers."""

    given: Given
    asking: Asking
    listing: Told | None = None
    gettable: bool = False
    right: Route | None = None
    works: Told | None = None
    tried: set[Place | Route] = field(default_factory=set)
    called: set[tuple[Route, str]] = field(default_factory=set)
    wanted: set[str] = field(default_factory=set)  # targets whose calls miss an api-version
    unwanted: set[str] = field(default_factory=set)  # kinds of call in which the gateway minds one

    @property
    def settings(self) -> Settings | None:
        """The settings that work, or None."""
        if self.works is None:
            return None
        told = tuple(self.asking.told)
        return Settings(called=self.works, listing=self.listing, gettable=self.gettable, told=told)

    def run(self) -> None:
        """Near before far, a list before a call; but a whole URL is called as it stands."""
        with suppress(Halt):
            self._search()
        if self.works:
            with suppress(Halt):
                self._complete(self.works)

    def _search(self) -> None:
        near, far = targets(self.given.clue)
        if self.given.clue.routing and (self.given.model or self.given.clue.deployment):
            self._call(routes(near, self.given.clue, ranks=LIKELY))
        for bases in (near, far):
            if not self.works:
                self._list(list_places(bases, self.given.clue.version))
                self._call(self._routes(bases))
        self._call(routes([*near, *far], self.given.clue, ranks=UNLIKELY))
        above = [one for one in parents(self.given.clue) if one not in (*near, *far)]
        if above and not self.works and not self.right:
            self._list(islice(list_places(above, self.given.clue.version), len(above)))
            self._call(self._routes(above) if self.listing else routes(above, self.given.clue, ranks=LIKELY[:1]))

    def _routes(self, bases: list[str]) -> Iterator[Route]:
        """The likely routes at these bases, but all of those where models are listed, and these first."""
        listed = self.listing.connection if self.listing else None
        if listed:
            provider: Provider | None = listed.discovery.provider if listed.discovery else None
            yield from routes([listed.target], self.given.clue, provider=provider)
        rest = [base for base in bases if not listed or base != listed.target]
        yield from routes(rest, self.given.clue, ranks=LIKELY)

    def _list(self, places: Iterable[Place]) -> None:
        waiting = list(places)
        while waiting and self.listing is None:
            place = waiting.pop(0)
            if "list" in self.unwanted:
                place = replace(place, version=None)
            if place in self.tried:
                continue
            self.tried.add(place)
            told = self.asking.list(place)
            if told.models or told.code == "empty-list":
                self.listing = told
            elif told.code in _STOP_LISTING:
                return
            else:
                self._mind(told)
                versions = _other_versions(told, place.version)
                waiting[:0] = [replace(place, version=version) for version in versions]

    def _call(self, candidates: Iterable[Route]) -> None:
        """Call by each route until one answers; a route that is known to exist is the only one."""
        self.asking.headers.again()
        waiting = [self.right] if self.right else list(candidates)
        while waiting and self.works is None:
            route = waiting.pop(0)
            if ("chat" in self.unwanted and route.version) or (route.target in self.wanted and not route.version):
                continue
            told = self._called(route)
            if told is None or self.right:
                continue
            self._mind(told)
            # One that is not wanted speaks of the query alone: the routes that follow have none.
            versions = [one for one in _other_versions(told, route.version) if one]
            waiting[:0] = [replace(route, version=version) for version in versions]

    def _mind(self, told: Told) -> None:
        """Keep what an answer says of api-versions: the gateway wants none, or this target does."""
        if told.code == "api-version-unwanted":
            self.unwanted.add(told.exchange.asked)
        if told.code == "api-version-missing" and told.exchange.asked == "chat":
            self.wanted.add(told.connection.target)

    def _called(self, route: Route) -> Told | None:
        """Call by this route one deployment after the other; the last answer, or None where nothing is left to call."""
        if self.right and route != self.right:
            return None
        told = None
        for name in self._names:
            if (route, name) in self.called:
                continue
            self.called.add((route, name))
            told = self.asking.chat(route, name)
            if told.finding is None or told.code in _WORKS:
                self.works = told
            if told.code in _NAME_IS_WRONG:
                self.right = route
            elif told.code != "bad-request" or not self.listing:  # a listed model may be none that chats
                break
        return told

    @property
    def _names(self) -> list[str]:
        """Deployments to call: those somebody named, then listed ones, the usual first; else the usual ones."""
        listed = [model.deployment for model in (self.listing.models if self.listing else ())]
        listed.sort(key=lambda name: (name not in MODELS, any(part in name.casefold() for part in NO_CHAT)))
        named = [name for name in (self.given.model, self.given.clue.deployment) if name]
        # A list may be a catalogue of which nothing is deployed under its own name.
        return list(dict.fromkeys([*[*named, *listed][:_NAMES], *([] if named else MODELS)]))

    def _complete(self, works: Told) -> None:
        """What the profile needs beside the call: discovery; then two calls that must not be answered."""
        connection, headers = works.connection, self.asking.headers
        doubt = not headers.proven and connection.auth_type == "ApiKey"
        headers.prove(connection.auth_config)
        self._list(list_places([connection.target], self.given.clue.version))
        if self.listing and self.listing.models:
            self._discover(self.listing, works)
        route = Route(
            target=connection.target,
            in_path=connection.deployment_in_path,
            version=connection.inference_api_version,
        )
        self.asking.chat(route, NOBODY, purpose="control")
        if doubt:
            self.asking.without_key(works)

    def _discover(self, listing: Told, works: Told) -> None:
        """Have one model; and see whether the list wants the api-version it was asked with."""
        discovery = discovery_below(listing, works.connection.target)
        if discovery is None:
            return
        place = Place(
            target=works.connection.target, discovery=discovery, version=listing.connection.deployment_api_version
        )
        if place.version:
            plain = self.asking.list(replace(place, version=None))
            if plain.models:
                self.listing, place = plain, replace(place, version=None)
        self.gettable = self.asking.get(place, works.deployment).finding is None


def _other_versions(told: Told, version: str | None) -> list[str | None]:
    """The api-versions to try next at the same place, where the answer is about them."""
    if told.code == "api-version-unwanted" and version:
        return [None]
    if told.code == "api-version-missing" and not version:
        return [VERSIONS[0]]
    if told.code != "api-version-wrong":
        return []
    named = sorted({one for one in _DATED.findall(told.exchange.text) if one != version}, key=_newest, reverse=True)
    following = [one for one in VERSIONS[1:] if version == VERSIONS[0]]
    return [*(named or following)][:_TWICE]


def _newest(version: str) -> tuple[bool, str]:
    return not version.endswith("preview"), version
