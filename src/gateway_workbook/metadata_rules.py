"""What can be wrong with the metadata of a stored connection; the source of every rule is the connection contract."""

from __future__ import annotations

__all__ = ["METADATA_RULES"]

import difflib
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, get_args

from gateway_workbook.finding import Finding, error, warning
from gateway_workbook.profile import Provider
from gateway_workbook.secrets import looks_secret
from gateway_workbook.stored import JSON_TEXT, KEYS, Stored, split_url

Rule = Callable[[Stored], Iterator[Finding]]

_KINDS: Final = {list: "a list", dict: "an object", bool: "a truth value", int: "a number", float: "a number"}
_BESIDE: Final = ("tokenUrl", "scopes", "audience", "credentials", "authType", "isSharedToAll", "target", "category")


def _object(stored: Stored) -> Iterator[Finding]:
    value = stored.properties.get("metadata")
    if not stored.has_metadata:
        yield error(
            "metadata-not-object",
            "metadata",
            found=f"is {_kind(value)}",
            mend='write an object whose values are all text: {"deploymentInPath": "true", …}',
        )


def _texts(stored: Stored) -> Iterator[Finding]:
    for key, value in stored.metadata.items():
        if isinstance(value, str):
            continue
        scalar = isinstance(value, bool | int | float)
        yield error(
            "metadata-not-text",
            f"metadata.{key}",
            found=f"is stored as {_kind(value)} instead of text: the connection is made, and not found when it is used",
            mend=f'write it as text, "{json.dumps(value)}"'
            if scalar
            else "write it as JSON text (a template's string())",
        )


def _json(stored: Stored) -> Iterator[Finding]:
    for key, kind in JSON_TEXT.items():
        value = stored.metadata.get(key)
        if not isinstance(value, str) or not value:
            continue
        try:
            parsed = json.loads(value)
        except (ValueError, RecursionError) as problem:
            where = getattr(problem, "pos", -1) + 1
            yield error(
                "metadata-not-json",
                f"metadata.{key}",
                found=f"is not JSON text (it breaks at character {where})",
                mend=f"write {_KINDS[kind]} as JSON text, in double quotes",
            )
            continue
        if not isinstance(parsed, kind):
            twice = " (it was made text twice)" if isinstance(parsed, str) else ""
            yield error(
                "metadata-shape",
                f"metadata.{key}",
                found=f"is the JSON text of {_kind(parsed)}{twice}",
                mend=f"write the JSON text of {_KINDS[kind]}",
            )


def _routing(stored: Stored) -> Iterator[Finding]:
    field, value = "metadata.deploymentInPath", stored.metadata.get("deploymentInPath")
    if value in (None, ""):
        if stored.text("category") == "ApiManagement" and stored.has_metadata:
            yield error(
                "routing-missing",
                field,
                found="is missing",
                mend='write "true" for /deployments/{name}/chat/completions, "false" for the model in the body',
            )
    elif isinstance(value, str) and value.lower() not in ("true", "false"):
        yield error("routing-value", field, found=f"is {_cut(value)!r}", mend='write "true" or "false"')
    elif isinstance(value, str) and value not in ("true", "false"):
        yield warning(
            "routing-case", field, found=f"is {value!r}", mend=f'write "{value.lower()}", as the contract does'
        )


def _one_discovery(stored: Stored) -> Iterator[Finding]:
    static, dynamic = stored.has("models"), stored.has("modelDiscovery")
    if static and dynamic:
        yield error(
            "discovery-both",
            "metadata.modelDiscovery",
            found="contradicts metadata.models",
            mend="keep the list or the endpoints, not both",
        )
    elif not static and not dynamic and stored.text("category") == "ModelGateway" and stored.has_metadata:
        yield error(
            "discovery-missing",
            "metadata.models",
            found="and metadata.modelDiscovery are both missing, and a ModelGateway has no defaults",
            mend="list the models, or write modelDiscovery with its three fields",
        )


def _discovery(stored: Stored) -> Iterator[Finding]:
    discovery = stored.parsed("modelDiscovery")
    if discovery is None:
        return
    for name in ("listModelsEndpoint", "getModelEndpoint", "deploymentProvider"):
        if not isinstance(discovery.get(name), str) or not discovery[name]:
            yield error(
                "discovery-incomplete",
                f"metadata.modelDiscovery.{name}",
                found="is missing" if discovery.get(name) in (None, "") else f"is {_kind(discovery[name])}",
                mend="write it as text: the three fields are required together",
            )
    get = stored.endpoints.get("getModelEndpoint")
    if get and "{deploymentName}" not in get:
        yield error(
            "discovery-no-name",
            "metadata.modelDiscovery.getModelEndpoint",
            found=f"is {_cut(get)!r}, without {{deploymentName}}",
            mend="write {deploymentName} where the deployment's name belongs",
        )
    target = split_url(stored.text("target"))
    for name, path in stored.endpoints.items():
        parts = split_url(path) if "://" in path else None
        if parts and target and parts.hostname != target.hostname:
            yield error(
                "discovery-other-host",
                f"metadata.modelDiscovery.{name}",
                found=f"is on {parts.hostname}, and would be sent the credential of {target.hostname}",
                mend="write the path below target, or a URL of target's host",
            )


def _provider(stored: Stored) -> Iterator[Finding]:
    provider = (stored.parsed("modelDiscovery") or {}).get("deploymentProvider")
    if isinstance(provider, str) and provider and provider not in get_args(Provider):
        yield error(
            "discovery-provider",
            "metadata.modelDiscovery.deploymentProvider",
            found=f"is {_cut(provider)!r}",
            mend=f"write {' or '.join(get_args(Provider))}, after the form of the list",
        )


def _models(stored: Stored) -> Iterator[Finding]:
    models = stored.parsed("models")
    if models == [] and isinstance(stored.metadata.get("models"), str):
        yield error(
            "models-empty", "metadata.models", found="lists no model", mend="list at least one, or remove the key"
        )
    seen: set[str] = set()
    for index, model in enumerate(models or []):
        name = model.get("name") if isinstance(model, Mapping) else None
        field = f"metadata.models[{index}].name"
        if not isinstance(name, str) or not name:
            yield error("model-no-name", field, found="is missing", mend="write the name that the gateway is sent")
        elif name in seen:
            yield error("model-twice", field, found=f"is {_cut(name)!r} again", mend="keep one entry of each name")
        elif not _described(model):
            yield warning(
                "model-undescribed",
                f"metadata.models[{index}].properties.model",
                found=f"has no name for {_cut(name)!r}",
                mend='write {"name": …, "version": …, "format": …}, which catalogues show',
            )
        seen.add(str(name))


def _described(model: Mapping[str, Any]) -> bool:
    properties = model.get("properties")
    details = properties.get("model") if isinstance(properties, Mapping) else None
    return isinstance(details, Mapping) and bool(details.get("name"))


def _auth_config(stored: Stored) -> Iterator[Finding]:
    config = stored.parsed("authConfig")
    if config is None:
        return
    kind, name, form = config.get("type", "api_key"), config.get("name"), config.get("format", "{api_key}")
    if kind != "api_key":
        yield error("auth-config-type", "metadata.authConfig.type", found=f"is {_cut(kind)!r}", mend='write "api_key"')
    if not isinstance(name, str) or not name:
        yield error(
            "auth-config-name",
            "metadata.authConfig.name",
            found="is missing",
            mend="write the header's name, for example Authorization",
        )
    if not isinstance(form, str) or "{api_key}" not in form:
        # Not shown: a key written out in place of {api_key} would be.
        yield error(
            "auth-config-format",
            "metadata.authConfig.format",
            found="has no {api_key}: the header is sent without the key",
            mend="write {api_key} where the key belongs, for example Bearer {api_key}",
        )
    if stored.text("authType") != "ApiKey":
        yield warning(
            "auth-config-unused",
            "metadata.authConfig",
            found=f"is for keys, and authType is {_cut(stored.text('authType'))}",
            mend="remove it, or write authType: ApiKey",
        )


def _headers(stored: Stored) -> Iterator[Finding]:
    for name, value in (stored.parsed("customHeaders") or {}).items():
        field = f"metadata.customHeaders.{name}"
        if not isinstance(value, str):
            yield error("header-not-text", field, found=f"is {_kind(value)}", mend="write it as text")
        elif looks_secret(name):
            yield warning(
                "header-in-clear",
                field,
                found="looks like a secret, and whoever may read the connection reads it: ARM keeps headers in clear",
                mend="send the secret as the connection's key, in the header that authConfig names, if the gateway can",
            )


def _unknown(stored: Stored) -> Iterator[Finding]:
    folded = {key.lower(): key for key in KEYS}
    for key in stored.metadata:
        if key in KEYS:
            continue
        close = difflib.get_close_matches(key.lower(), folded, n=1)
        if key in _BESIDE:
            yield warning(
                "metadata-misplaced",
                f"metadata.{key}",
                found="is not read here",
                mend=f"write {key} into properties, beside metadata",
            )
        elif looks_secret(key) and not close:
            yield warning(
                "metadata-secret",
                f"metadata.{key}",
                found="looks like a secret (•••), and ARM keeps metadata in clear",
                mend="remove it, and change the secret; it belongs into credentials",
            )
        else:
            known = f"did you mean {folded[close[0]]}?" if close else f"known are {', '.join(KEYS)}"
            yield warning("metadata-unknown", f"metadata.{key}", found="is no key of a gateway connection", mend=known)


METADATA_RULES: Final[tuple[Rule, ...]] = (
    _object,
    _texts,
    _json,
    _routing,
    _one_discovery,
    _discovery,
    _provider,
    _models,
    _auth_config,
    _headers,
    _unknown,
)


def _kind(value: object) -> str:
    return _KINDS.get(type(value), "text" if isinstance(value, str) else "null")


def _cut(value: object) -> str:
    text, longest = str(value), 60
    return text if len(text) <= longest else f"{text[:longest]}…"
