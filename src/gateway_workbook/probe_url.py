"""Any URL of a gateway that a person has at hand, read into the base that a profile would name."""

from __future__ import annotations

__all__ = ["Clue", "read_url"]

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import parse_qs, unquote, urlsplit

import httpx

from gateway_workbook.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
_CALLS: Final = "chat/completions|completions|embeddings|responses|messages"
_DEPLOYMENT: Final = re.compile(rf"(?P<base>.*?)/deployments(/(?P<name>[^/]+?(/[^/]+?)*?))??(/({_CALLS}))?")
_BODY: Final = re.compile(rf"(?P<base>.*?)/({_CALLS}|models(/.+)?)")
_PLACEHOLDER: Final = re.compile(r"[{<\[].*|YOUR[-_].*", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Clue:
    """What a URL tells: `base` stands before what is called; the rest is empty where it does not say.

    `home` is how the URL begins where it can be called, `written` how a profile writes that beginning: they differ for
    sandbox:// URLs alone.
    """

    base: str
    home: str
    written: str
    routing: Literal["path", "body"] | None = None
    deployment: str = ""
    version: str | None = None

    def spelled(self, target: str) -> str:
        """The target as a profile writes it."""
        return self.written + target.removeprefix(self.home)


def read_url(text: str, *, locate: Callable[[str], str] = str, allow_http: bool = False) -> Clue:
    """Read a URL; raises UsageError where it is none, or where a key sent there could be read on the way.

    `locate` turns sandbox:// URLs into such as can be called.
    """
    url = _with_scheme(text.strip())
    written = _beginning(url)
    home = locate(written).rstrip("/")
    check_transport(home, allow_http=allow_http)
    parts = urlsplit(url)
    path = re.sub(r"/+", "/", parts.path).rstrip("/")
    base, routing, deployment = _taken_apart(path)
    versions = parse_qs(parts.query).get("api-version")
    return Clue(
        base=home + base,
        home=home,
        written=written,
        routing=routing,
        deployment=deployment,
        version=versions[0] if versions else None,
    )


def check_transport(url: str, *, allow_http: bool) -> None:
    """Refuse to send a secret over plain http, unless it stays on this machine or somebody insists."""
    address = httpx.URL(url)
    if address.scheme == "http" and address.host not in LOOPBACK and not allow_http:
        raise UsageError(
            f"{address.scheme}://{address.host} would carry the key in clear: write https://, or add --allow-http"
        )


def _with_scheme(text: str) -> str:
    if "://" in text:
        return text
    host = text.partition("/")[0].rpartition(":")[0] or text.partition("/")[0]
    return f"{'http' if host in LOOPBACK else 'https'}://{text}"


def _beginning(url: str) -> str:
    """Scheme, host and port; raises UsageError for what is no gateway's URL."""
    try:
        parts, host = urlsplit(url), httpx.URL(url).host
        port = parts.port
    except (ValueError, httpx.InvalidURL):
        parts, host, port = urlsplit(""), "", None
    if parts.scheme not in ("http", "https", "sandbox") or not host or not url.isprintable() or " " in url:
        raise UsageError("that is no gateway's URL: write https://host/path, as your tools call it")
    if parts.username or parts.password:
        raise UsageError("the URL holds a user name or password: remove it, a key goes into --key as a reference")
    name = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{name}" + (f":{port}" if port else "")


def _taken_apart(path: str) -> tuple[str, Literal["path", "body"] | None, str]:
    """The base, and the routing and the deployment that the path names."""
    if found := _DEPLOYMENT.fullmatch(path):
        name = unquote(found["name"] or "")
        return found["base"], "path", "" if _PLACEHOLDER.match(name) else name
    if found := _BODY.fullmatch(path):
        return found["base"], None if "/models" in path.removeprefix(found["base"]) else "body", ""
    return path, None, ""
