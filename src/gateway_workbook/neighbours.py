"""Profiles one change away from one that fails, the most likely first: what may be meant instead of what is written."""

from __future__ import annotations

__all__ = ["KEYS", "Failure", "meant", "neighbours"]

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import chain
from typing import TYPE_CHECKING, Final

from gateway_workbook.profile import IDENTITY_AUDIENCE
from gateway_workbook.usual import DISCOVERIES, HEADERS, VERSIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from gateway_workbook.connection import Discovery
    from gateway_workbook.exchange import Asked
    from gateway_workbook.finding import Change, Finding
    from gateway_workbook.profile import AuthConfig, Profile

_HEADERS_AT_MOST: Final = 4  # a key sent in many headers may get locked out
_USUAL: Final = VERSIONS[0]
KEYS: Final = {"wrong-key", "no-key-seen", "forbidden"}
# What a wrong path, a wrong way of routing or a wrong api-version looks like, depending on the gateway.
_PATHS: Final = {
    *("wrong-path", "no-discovery", "not-gettable", "html", "wrong-shape", "empty-answer", "error-with-200"),
    *("api-version-missing", "api-version-wrong", "api-version-unwanted", "model-missing-in-body"),
    *("provider-mismatch", "empty-list", "bad-request", "gateway-error", "unexplained"),
}
_VERSION: Final = re.compile(r"v\d+")
_ALIKE: Final = 0.8  # of two words' letters: one that is wrong, missing or too many, or two that are swapped
# What people paste along with a target.
_USUAL_PATHS: Final = ("v1", "openai")
_TAILS: Final = ("chat/completions", "chat", "completions", "models", "responses", "embeddings", "deployments")
_NO_ENDPOINTS: Final[Change] = {"listModelsEndpoint": None, "getModelEndpoint": None, "deploymentProvider": None}


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A call that failed: what it asked for, of which deployment, and the finding.

    `listed` is whether the gateway's list could be read; `answering` are deployments that were called well.
    """

    asked: Asked
    finding: Finding
    deployment: str = ""
    listed: bool = False
    answering: tuple[str, ...] = ()


def neighbours(profile: Profile, failure: Failure) -> list[Change]:
    """Changes worth a try, first what the finding itself asks for; each is another profile, none is tried twice."""
    code = failure.finding.code
    told = [failure.finding.change] if failure.finding.change else []
    found: Iterable[Change] = ()
    if code in KEYS and profile.auth_type == "ApiKey":
        found = _headers(profile.auth_config)
    elif code == "wrong-audience":
        found = [{"audience": IDENTITY_AUDIENCE}]
    elif code in _PATHS:
        # A gateway may break where it finds no key at all.
        keyed = code == "gateway-error" and profile.auth_type == "ApiKey"
        found = chain(_headers(profile.auth_config)[:2] if keyed else (), _CHANGES[failure.asked](profile, failure))
    return _distinct(profile, chain(told, found))


def _distinct(profile: Profile, changes: Iterable[Change]) -> list[Change]:
    data = profile.to_data()
    found: list[Change] = []
    for change in changes:
        real = {name: value for name, value in change.items() if data.get(name) != value}
        if real and real not in found:
            found.append(real)
    return found


def _headers(present: AuthConfig | None) -> list[Change]:
    others = [header for header in HEADERS if header != present]
    return [{"authConfig": header.model_dump() if header else None} for header in others[:_HEADERS_AT_MOST]]


def _of_chat(profile: Profile, failure: Failure) -> Iterator[Change]:
    routing: Change = {"deploymentInPath": not profile.deployment_in_path}
    version: Change = {"inferenceAPIVersion": None if profile.inference_api_version else _USUAL}
    suited = routing | {"inferenceAPIVersion": None if profile.deployment_in_path else _USUAL}
    targets: list[Change] = [_moved(profile, target, failure) for target in _targets(profile.target_url)]
    # Path goes with an api-version and body without one, mostly.
    unusual = profile.deployment_in_path is not bool(profile.inference_api_version)
    toggles = [version, routing, suited] if unusual else [routing, suited, version]
    if _bare(profile.target_url) and not profile.deployment_in_path:
        toggles, targets = targets, toggles
    yield from (*toggles, *targets)
    yield from (_moved(profile, target, failure) | _suiting(target) for target in _targets(profile.target_url))
    yield from _of_parents(profile, failure)
    for other in VERSIONS:
        yield {"inferenceAPIVersion": other}
    yield from (suited | {"inferenceAPIVersion": other} for other in VERSIONS[1:])


def _of_parents(profile: Profile, failure: Failure) -> Iterator[Change]:
    """The last segment replaced by the usual ones, first such as the profile routes."""
    root, segments = _root(profile.target_url or ""), _segments(profile.target_url)
    if not segments or segments[-1] in _USUAL_PATHS:
        return
    depths = _USUAL_PATHS[::-1] if profile.deployment_in_path else _USUAL_PATHS
    for target in ("/".join([root, *segments[:-1], depth]) for depth in (*depths, "openai/v1")):
        yield _moved(profile, target, failure) | (_suiting(target) if failure.asked == "chat" else {})


def _suiting(target: str) -> Change:
    """How such a target is mostly spoken to."""
    azure = target.endswith("/openai")
    return {"deploymentInPath": azure, "inferenceAPIVersion": _USUAL if azure else None}


def _of_list(profile: Profile, failure: Failure) -> Iterator[Change]:
    version: Change = {"deploymentAPIVersion": None if profile.deployment_api_version else _USUAL}
    endpoints = [_endpoints(discovery) for discovery in DISCOVERIES]
    elsewhere = [] if failure.answering else _targets(profile.target_url)
    targets: list[Change] = [{"targetUrl": target} for target in elsewhere]
    yield from _without_doubled(profile)
    if _bare(profile.target_url):
        yield from targets
        yield from (_endpoints(discovery, below="/v1") for discovery in DISCOVERIES[:1])
    if (profile.deployment_provider or "AzureOpenAI") == "AzureOpenAI":
        yield version
    yield from (*endpoints, *_static(failure), version, *targets)
    if elsewhere:
        yield from _of_parents(profile, failure)
    yield from (each | version for each in reversed(endpoints))
    yield from (_endpoints(discovery, below="/openai") for discovery in DISCOVERIES)


def _of_get(profile: Profile, failure: Failure) -> Iterator[Change]:
    named = profile.list_models_endpoint, profile.deployment_provider
    yield from _without_doubled(profile)
    if all(named):
        yield {"getModelEndpoint": f"{str(named[0]).rstrip('/')}/{{deploymentName}}"}
    yield {"deploymentAPIVersion": None if profile.deployment_api_version else _USUAL}
    yield from (_endpoints(discovery) for discovery in DISCOVERIES)
    yield from _static(failure)


def _of_token(_: Profile, __: Failure) -> Iterator[Change]:
    """Nothing: what a token endpoint wants cannot be guessed."""
    return iter(())


_CHANGES: Final[Mapping[Asked, Callable[[Profile, Failure], Iterator[Change]]]] = {
    "list": _of_list,
    "get": _of_get,
    "chat": _of_chat,
    "token": _of_token,
}


def _endpoints(discovery: Discovery, *, below: str = "") -> Change:
    return {
        "listModelsEndpoint": below + discovery.list_endpoint,
        "getModelEndpoint": below + discovery.get_endpoint,
        "deploymentProvider": discovery.provider,
    }


def _static(failure: Failure) -> Iterator[Change]:
    """The deployments that answer, listed in the profile: no discovery is asked for then."""
    names = failure.answering
    if names:
        yield {
            "staticModels": [{"name": name, "properties": {"model": {"name": name}}} for name in names],
            **_NO_ENDPOINTS,
            "deploymentAPIVersion": None,
        }


def _without_doubled(profile: Profile) -> Iterator[Change]:
    """Endpoints that begin with what the target ends in: /v1 stands twice."""
    last = _segments(profile.target_url)[-1:]
    listed, got = profile.list_models_endpoint, profile.get_model_endpoint
    if last and listed and got and all(one.lstrip("/").startswith(f"{last[0]}/") for one in (listed, got)):
        cut = [one.lstrip("/").removeprefix(last[0]) for one in (listed, got)]
        yield {"listModelsEndpoint": cut[0], "getModelEndpoint": cut[1]}


def _moved(profile: Profile, target: str, failure: Failure) -> Change:
    """Another target, with the endpoints that work kept where they are."""
    before = (profile.target_url or "").rstrip("/")
    endpoints = {"listModelsEndpoint": profile.list_models_endpoint, "getModelEndpoint": profile.get_model_endpoint}
    paths = {name: f"/{path.lstrip('/')}" for name, path in endpoints.items() if path}
    if not failure.listed or not paths or any("://" in path for path in paths.values()):
        return {"targetUrl": target}
    if before.startswith(target):
        paths = {name: before.removeprefix(target) + path for name, path in paths.items()}
    deeper = target.removeprefix(before)
    if deeper != target and all(path.startswith(f"{deeper}/") for path in paths.values()):
        paths = {name: path.removeprefix(deeper) for name, path in paths.items()}
    return {"targetUrl": target, **paths}


def _targets(url: str | None) -> list[str]:
    """URLs beside this one: less of what was pasted along, the usual paths more, the last segment less."""
    if url is None:  # the profile names an API of API Management instead
        return []
    root, segments = _root(url), _segments(url)
    path = "/".join(segments)
    found = [path[: path.index(f"/{tail}")] for tail in _TAILS if f"/{tail}" in path][:1]
    found += [""] if path.startswith(_TAILS) else []
    found += ["/".join([*segments[:-1], likely])] if segments and (likely := meant(segments[-1])) else []
    if "v1" not in segments[-1:]:
        found.append(f"{path}/v1")
    if "openai" not in segments:
        found.append(f"{path}/openai")
    if segments:
        found.append("/".join(segments[:-1]))
    if "openai" not in segments and "v1" not in segments:
        found.append(f"{path}/openai/v1")
    beside = {"v1": "openai", "openai": "v1"}.get(segments[-1]) if segments else None
    if beside:
        found.append("/".join([*segments[:-1], beside]))
    return [f"{root}/{one.strip('/')}".rstrip("/") for one in dict.fromkeys(found) if one.strip("/") != path]


def meant(segment: str) -> str:
    """The usual segment that a wrong one is most like: /v1 for another version, /openai misspelt; else nothing."""
    if segment in _USUAL_PATHS:
        return ""
    if _VERSION.fullmatch(segment):
        return "v1"
    return "openai" if SequenceMatcher(None, segment.casefold(), "openai").ratio() >= _ALIKE else ""


def _root(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"


def _segments(url: str | None) -> list[str]:
    return [one for one in (url or "").partition("://")[2].split("/")[1:] if one]


def _bare(url: str | None) -> bool:
    return url is not None and not _segments(url)
