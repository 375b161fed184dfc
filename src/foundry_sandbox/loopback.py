"""Which services the sandbox's tools call: those on this machine, and no other."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

HOSTS = ("127.0.0.1", "localhost", "::1")
NOT_CALLED = "not called: the sandbox only calls services on this machine"


def is_loopback(url: str) -> bool:
    """Say whether a URL is one of this machine's own."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and parts.hostname in HOSTS


def shown(url: str) -> str:
    """Return a URL as it may be shown: without user and query, where people put keys."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "an address that is none"
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
