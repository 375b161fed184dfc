"""The order in which a probe tries things: where models could be listed, and how they could be called."""

from __future__ import annotations

__all__ = ["LIKELY", "UNLIKELY", "Place", "Route", "list_places", "parents", "routes", "targets"]

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Final

from gateway_workbook.neighbours import meant
from gateway_workbook.usual import DISCOVERIES, VERSIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gateway_workbook.connection import Discovery
    from gateway_workbook.probe_url import Clue
    from gateway_workbook.profile import Provider

_OPENAI, _AZURE = DISCOVERIES
LIKELY, UNLIKELY = (0, 1), (2, 3)  # ranks of routes
ALL: Final = LIKELY + UNLIKELY
_DEPTHS: Final = ("/v1", "/openai", "")


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where models could be listed."""

    target: str
    discovery: Discovery
    version: str | None = None


@dataclass(frozen=True, kw_only=True)
class Route:
    """How a model could be called."""

    target: str
    in_path: bool
    version: str | None = None


def targets(clue: Clue) -> tuple[list[str], list[str]]:
    """Bases to try: the near ones, which the URL itself suggests, and the far ones, one step beside it."""
    base = clue.base
    parent = next(base.removesuffix(depth) for depth in _DEPTHS if base.endswith(depth))
    beside = [parent + depth for depth in ("", "/v1", "/openai", "/openai/v1")]
    if base.endswith("/openai/v1"):
        host = parent.removesuffix("/openai")
        beside = [parent, f"{host}/v1", host]
    if clue.routing or base.endswith("/v1"):
        near = [base]
    elif base.endswith("/openai"):
        near = [base, f"{base}/v1"]
    else:
        near = [f"{base}/v1", base, f"{base}/openai"]
    rest, _, last = base.removeprefix(clue.home).rpartition("/")
    if likely := meant(last):
        near.append(f"{clue.home}{rest}/{likely}")
    return near, [one for one in beside if one not in near]


def parents(clue: Clue) -> list[str]:
    """Bases with the last segment replaced by the usual ones: the last resort, for one that is wrong."""
    path = clue.base.removeprefix(clue.home).removesuffix("/v1").removesuffix("/openai")
    if not path:
        return []
    above = clue.home + path.rpartition("/")[0]
    return [above + depth for depth in ("/v1", "", "/openai", "/openai/v1")]


def list_places(bases: Iterable[str], version: str | None = None) -> Iterator[Place]:
    """Places at these bases, each base's own kind first; `version` is the one the URL named."""
    usual = version or VERSIONS[0]
    at = list(bases)
    yield from (_place(base, usual) for base in at)
    yield from (_other_place(base, usual) for base in at)


def _place(base: str, version: str) -> Place:
    if base.endswith("/openai"):
        return Place(target=base, discovery=_AZURE, version=version)
    return Place(target=base, discovery=_OPENAI)


def _other_place(base: str, version: str) -> Place:
    if base.endswith("/openai"):
        return Place(target=base, discovery=_OPENAI, version=version)
    return Place(target=base, discovery=_AZURE, version=version)


def routes(
    bases: Iterable[str], clue: Clue, *, provider: Provider | None = None, ranks: Iterable[int] = ALL
) -> Iterator[Route]:
    """Routes at these bases: all first choices, then the next; `provider` is the form that the models are listed in."""
    for rank, base in product(ranks, list(bases)):
        yield _ranked(base, clue, provider)[rank]


def _ranked(base: str, clue: Clue, provider: Provider | None) -> list[Route]:
    usual = clue.version or VERSIONS[0]
    by_path: list[tuple[bool, str | None]] = [(True, usual), (True, None)]
    if clue.routing and not clue.version:  # somebody's whole URL, and it names none
        by_path.reverse()
    by_body: list[tuple[bool, str | None]] = [(False, clue.version), (False, None if clue.version else usual)]
    first, other = (by_path, by_body) if _routing(base, clue, provider) == "path" else (by_body, by_path)
    # A whole URL shows how it routes, and only its api-version may be missing.
    kinds = [*first, *other] if clue.routing else [first[0], other[0], first[1], other[1]]
    return [Route(target=base, in_path=in_path, version=version) for in_path, version in kinds]


def _routing(base: str, clue: Clue, provider: Provider | None) -> str:
    if clue.routing:
        return clue.routing
    if provider:
        return "path" if provider == "AzureOpenAI" else "body"
    return "path" if base.endswith("/openai") else "body"
