"""What the fields of a profile demand of each other; the source of every rule is the public connection contract.

Rules read plain data, before types are checked, so that one reading of a file names everything that is wrong with it.
"""

from __future__ import annotations

__all__ = ["SECRETS", "Problem", "broken_rules", "header_variable"]

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from gateway_workbook.secrets import is_reference, looks_secret

Problem = tuple[Sequence[str | int], str]
Data = Mapping[str, Any]

AUTH_TYPES: Final = {
    "ApiManagement": ("ApiKey", "ProjectManagedIdentity"),
    "ModelGateway": ("ApiKey", "OAuth2"),
}
AUTH_FIELDS: Final = {
    "ApiKey": {"apiKey", "authConfig"},
    "OAuth2": {"clientId", "clientSecret", "tokenUrl", "scopes"},
    "ProjectManagedIdentity": {"audience"},
}
ENDPOINTS: Final = ("listModelsEndpoint", "getModelEndpoint", "deploymentProvider")
SECRETS: Final = {"apiKey": "GATEWAY_API_KEY", "clientSecret": "GATEWAY_CLIENT_SECRET"}
_PROJECT = re.compile(
    r"/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\.CognitiveServices/accounts/[^/]+/projects/[^/]+",
    re.IGNORECASE,
)
_SERVICE = re.compile(
    r"/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\.ApiManagement/service/[^/]+", re.IGNORECASE
)
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, token
_HEADER_VALUE = re.compile(r"[!-~](?:[\t -~]*[!-~])?")  # visible ASCII, no blanks around it
_CONNECTION_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{2,32}")


def broken_rules(data: Data) -> Iterator[Problem]:
    """Every rule the data breaks, as (path, sentence with the mend)."""
    for rule in (
        _category,
        _names,
        _target,
        _routing,
        _auth_type,
        _auth_fields,
        _scope,
        _secrets,
        _discovery,
        _static,
        _auth_config,
        _headers,
        _characters,
    ):
        yield from rule(data)


def header_variable(name: str) -> str:
    """The environment variable that a header's secret would be in."""
    variable = re.sub(r"[^A-Z0-9]+", "_", name.upper()).strip("_")
    return variable if variable[:1].isalpha() else f"HEADER_{variable}".rstrip("_")


def _given(data: Data, *names: str) -> list[str]:
    return [name for name in names if data.get(name) not in (None, "", [], {})]


def _category(data: Data) -> Iterator[Problem]:
    if "category" not in data:
        yield (
            ("category",),
            "missing; write ApiManagement for Azure API Management, ModelGateway for any other gateway",
        )


def _names(data: Data) -> Iterator[Problem]:
    name, project = data.get("connectionName"), data.get("projectResourceId")
    if isinstance(name, str) and not _CONNECTION_NAME.fullmatch(name):
        yield (
            ("connectionName",),
            "not a connection's name; use 3 to 33 letters, digits, - and _, beginning with a letter or digit",
        )
    if isinstance(project, str) and project and not _PROJECT.fullmatch(project):
        yield (
            ("projectResourceId",),
            (
                "not a project's resource id; write /subscriptions/…/resourceGroups/…/providers/"
                "Microsoft.CognitiveServices/accounts/…/projects/…"
            ),
        )


def _target(data: Data) -> Iterator[Problem]:
    apim, service = _given(data, "apimResourceId", "apiName"), data.get("apimResourceId")
    if isinstance(service, str) and not _SERVICE.fullmatch(service):
        yield (
            ("apimResourceId",),
            (
                "not an API Management service's resource id; write /subscriptions/…/resourceGroups/…/providers/"
                "Microsoft.ApiManagement/service/…"
            ),
        )
    if data.get("category") == "ModelGateway" and apim:
        yield (apim[0],), "belongs to ApiManagement; remove it, or write category: ApiManagement"
    elif "targetUrl" in _given(data, "targetUrl") and apim:
        yield (apim[0],), "contradicts targetUrl; keep targetUrl, or apimResourceId with apiName"
    elif len(apim) == 1:
        other = "apiName" if apim == ["apimResourceId"] else "apimResourceId"
        yield (other,), f"missing; {apim[0]} needs it to find the API's URL"
    elif not apim and not _given(data, "targetUrl"):
        also = "" if data.get("category") == "ModelGateway" else " (or apimResourceId with apiName)"
        yield (
            ("targetUrl",),
            f"missing; write the URL that stands before /chat/completions or /deployments{also}",
        )
    for field in _given(data, "targetUrl", "tokenUrl"):
        yield from _url(field, data[field])


def _url(field: str, value: object) -> Iterator[Problem]:
    if not isinstance(value, str):
        return
    try:
        parts, host = urlsplit(value), httpx.URL(value).host
        callable_ = value.isprintable() and (parts.port is None or parts.port > 0)
    except (ValueError, httpx.InvalidURL):
        parts, host, callable_ = urlsplit(""), "", False
    if parts.scheme not in ("https", "http", "sandbox") or not host or not callable_:
        yield (field,), "not a URL; write https://host/path (sandbox://gateway/path for the sandbox's own)"
    elif parts.username or parts.password:
        yield (field,), "holds a user name or password; remove it, a secret goes into apiKey as a reference"
    elif field == "targetUrl" and (parts.query or parts.fragment):
        yield (
            (field,),
            "has a query; remove it, the api-version goes into inferenceAPIVersion or deploymentAPIVersion",
        )
    elif field == "targetUrl" and re.search(r"/(chat/completions|deployments(/[^/]+)?)/?$", parts.path):
        yield (
            (field,),
            "goes too far; end it before /deployments or /chat/completions, which Agent Service adds itself",
        )


def _routing(data: Data) -> Iterator[Problem]:
    if data.get("category") == "ApiManagement" and "deploymentInPath" not in data:
        yield (
            ("deploymentInPath",),
            (
                "missing; write true when the API has /deployments/{name}/chat/completions, "
                "false when the model is named in the body"
            ),
        )


def _auth_type(data: Data) -> Iterator[Problem]:
    category, kind = data.get("category"), data.get("authType")
    if kind is not None and not isinstance(kind, str):
        return
    allowed = AUTH_TYPES.get(str(category), ())
    if kind is None:
        yield ("authType",), f"missing; write {' or '.join(allowed or AUTH_FIELDS)}"
    elif kind in AUTH_FIELDS and allowed and kind not in allowed:
        yield ("authType",), f"{kind} is not offered for {category}; write {' or '.join(allowed)}"


def _auth_fields(data: Data) -> Iterator[Problem]:
    kind = str(data.get("authType"))
    if kind not in AUTH_FIELDS:
        return
    for other, fields in AUTH_FIELDS.items():
        if other != kind:
            for field in _given(data, *sorted(fields)):
                yield (field,), f"belongs to authType {other}; remove it, or write authType: {other}"
    required = {"ApiKey": ["apiKey"], "OAuth2": ["clientId", "clientSecret", "tokenUrl"]}.get(kind, [])
    for field in required:
        if not _given(data, field):
            yield (
                (field,),
                f"missing; write {field}: env:{SECRETS[field]}" if field in SECRETS else f"missing; {kind} needs it",
            )


def _scope(data: Data) -> Iterator[Problem]:
    if data.get("connectionScope") == "account" and data.get("authType") == "ProjectManagedIdentity":
        yield (
            ("connectionScope",),
            (
                "account has no project whose identity could sign in, and Agent Service would not find the connection; "
                "write connectionScope: project"
            ),
        )


def _secrets(data: Data) -> Iterator[Problem]:
    for field, variable in SECRETS.items():
        value = data.get(field)
        if isinstance(value, str) and value and not is_reference(value):
            yield (
                (field,),
                (
                    "holds a secret or no reference; put the secret into an environment variable "
                    f"and write {field}: env:{variable}"
                ),
            )


def _discovery(data: Data) -> Iterator[Problem]:
    endpoints, static = _given(data, *ENDPOINTS), _given(data, "staticModels")
    if static and endpoints:
        yield (
            (endpoints[0],),
            "contradicts staticModels; keep the static list or the discovery endpoints, not both",
        )
    elif endpoints:
        for field in ENDPOINTS:
            if field not in endpoints:
                yield (
                    (field,),
                    f"missing; {', '.join(endpoints)} {'needs' if len(endpoints) == 1 else 'need'} it too",
                )
    elif not static and data.get("category") == "ModelGateway":
        yield (
            ("staticModels",),
            f"missing; a ModelGateway has no default discovery: list its models, or write {', '.join(ENDPOINTS)}",
        )
    get = data.get("getModelEndpoint")
    if isinstance(get, str) and get and "{deploymentName}" not in get:
        yield ("getModelEndpoint",), "has no {deploymentName}; write it where the deployment's name belongs"
    for field in ENDPOINTS[:2]:
        if _on_another_host(data.get(field), data.get("targetUrl")):
            yield (
                (field,),
                "is on another host than targetUrl, which would be sent the credential; write the path below targetUrl",
            )


def _on_another_host(endpoint: object, target: object) -> bool:
    if not isinstance(endpoint, str) or "://" not in endpoint or not isinstance(target, str):
        return False
    try:
        return urlsplit(endpoint).hostname != urlsplit(target).hostname
    except ValueError:
        return True


def _static(data: Data) -> Iterator[Problem]:
    models = data.get("staticModels")
    seen: set[str] = set()
    for index, model in enumerate(models if isinstance(models, list) else []):
        name = model.get("name") if isinstance(model, Mapping) else None
        if isinstance(name, str) and name in seen:
            yield ("staticModels", index, "name"), "is there already; each deployment's name stands once"
        seen.add(str(name))


def _auth_config(data: Data) -> Iterator[Problem]:
    config = data.get("authConfig")
    name, form = (config.get("name"), config.get("format")) if isinstance(config, Mapping) else (None, None)
    if isinstance(name, str) and not _HEADER_NAME.fullmatch(name):
        yield ("authConfig", "name"), "not a header's name; use letters, digits and - alone"
    if isinstance(form, str) and "{api_key}" in form and not _HEADER_VALUE.fullmatch(form):
        yield ("authConfig", "format"), "no header can carry it; use plain characters without blanks around them"
    if isinstance(form, str) and "{api_key}" not in form:
        yield (
            ("authConfig", "format"),
            "has no {api_key}; write it where the key belongs, for example 'Bearer {api_key}'",
        )


def _headers(data: Data) -> Iterator[Problem]:
    headers = data.get("customHeaders")
    for name, value in headers.items() if isinstance(headers, Mapping) else ():
        problem = _header_problem(str(name), value) if isinstance(value, str) else None
        if problem:
            yield ("customHeaders", str(name)), problem
        elif str(name).lower() == _signing_header(data):
            yield (
                ("customHeaders", str(name)),
                "carries the credential already; remove it, or name another in authConfig",
            )


def _signing_header(data: Data) -> str:
    config = data.get("authConfig")
    named = config.get("name") if isinstance(config, Mapping) else None
    default = "api-key" if data.get("authType") == "ApiKey" else "authorization"
    return named.lower() if isinstance(named, str) else default


def _header_problem(name: str, value: str) -> str | None:
    if not _HEADER_NAME.fullmatch(name):
        return "not a header's name; use letters, digits and - alone"
    if is_reference(value):
        return None
    if re.match(r"(env|keyring|keyvault):", value):
        return "not a usable reference; write env:NAME, keyring:SERVICE/USER or keyvault:VAULT/SECRET"
    if looks_secret(name):
        return (
            "looks like a secret written out; put it into an environment variable "
            f"and write env:{header_variable(name)}"
        )
    if not _HEADER_VALUE.fullmatch(value):
        return "no header can carry it; use plain characters without blanks around them"
    return None


def _characters(data: Data) -> Iterator[Problem]:
    """JSON can spell half of a character, and no file can hold it."""
    for path, text in _texts(data):
        if any("\ud800" <= character <= "\udfff" for character in text):
            yield path, "holds half of a character; write the whole one"


def _texts(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from ((path, str(name)), *_texts(item, (*path, str(name))))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(item, (*path, index))
