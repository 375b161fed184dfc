"""OpenAPI documents for agents: what they must hold, and how one is fetched. No key is ever sent for one."""

from __future__ import annotations

__all__ = ["check_spec", "fetch_spec"]

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import httpx

from gateway_workbook.document import Document
from gateway_workbook.errors import ProfileError, ServiceError

_METHODS: Final = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace"})
_OPERATION_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_LARGEST: Final = 1_000_000


def check_spec(spec: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the document; raises ValueError saying what an agent would miss in it."""
    version, info = spec.get("openapi"), spec.get("info")
    if not isinstance(version, str) or not version.startswith("3."):
        raise ValueError("is no OpenAPI 3 document; write openapi: 3.0.3 or later, older ones can be converted")
    if not isinstance(info, Mapping) or not info.get("title"):
        raise ValueError("has no info.title; write what the service is called")
    operations = list(_operations(spec))
    if not operations:
        raise ValueError("has no operation; write at least one path with a method")
    for where, operation in operations:
        name = operation.get("operationId") if isinstance(operation, Mapping) else None
        if not isinstance(name, str) or not _OPERATION_ID.fullmatch(name):
            raise ValueError(f"has no usable operationId at {where}; write one of letters, digits, - and _")
    return spec


def _operations(spec: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    paths = spec.get("paths")
    for path, methods in paths.items() if isinstance(paths, Mapping) else ():
        for method, operation in methods.items() if isinstance(methods, Mapping) else ():
            if method in _METHODS:
                yield f"{method.upper()} {path}", operation


def fetch_spec(url: str, *, http: httpx.Client) -> Mapping[str, Any]:
    """The document at a URL, its servers made absolute; raises ServiceError when there is none that an agent can use.

    Relative servers are relative to where the document is (OpenAPI 3, Server Object), which the agent is not told.
    """
    try:
        answer = http.get(url, headers={"Accept": "application/json, application/yaml, */*"}, follow_redirects=True)
    except httpx.HTTPError as error:
        raise ServiceError(f"GET {url} got no answer ({type(error).__name__}): check the tools file's spec") from error
    if not answer.is_success:
        raise ServiceError(
            f"GET {url} answered {answer.status_code}: check the tools file's spec", status=answer.status_code
        )
    try:
        spec = check_spec(_read(answer, url=url))
    except ValueError as error:
        raise ServiceError(f"the document at {url} {error}") from error
    servers = [server for server in spec.get("servers") or [] if isinstance(server, Mapping)] or [{"url": "/"}]
    return {**spec, "servers": [{**server, "url": _absolute(url, str(server.get("url")))} for server in servers]}


def _read(answer: httpx.Response, *, url: str) -> Mapping[str, Any]:
    if len(answer.content) > _LARGEST:
        raise ValueError(f"is larger than {_LARGEST:,} bytes; take a smaller part of the service")
    if answer.text.lstrip().startswith("<"):
        raise ValueError("is a page; a login page or a portal may stand in front of the document")
    try:
        # YAML holds JSON, so one reader is enough; it refuses aliases, by which ten lines can grow into gigabytes.
        value = Document.parse(answer.text, source=url, typed=True).value
    except ProfileError as error:
        raise ValueError("is neither JSON nor YAML; check the URL") from error
    if not isinstance(value, Mapping):
        raise ValueError("is no OpenAPI document; check the URL")  # noqa: TRY004  a fact about the document
    return value


def _absolute(base: str, server: str) -> str:
    return server if urlsplit(server).scheme else urljoin(base, server)
