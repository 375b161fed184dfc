"""Why a call got no answer, as one word: what the system, TLS, a proxy or the other side's silence did."""

from __future__ import annotations

__all__ = ["Fault", "fault_of"]

import errno
import ipaddress
import socket
import ssl
from typing import TYPE_CHECKING, Final, Literal

import httpx

from gateway_workbook.bounded import TooLarge, TooSlow

if TYPE_CHECKING:
    from collections.abc import Iterator

Fault = Literal[
    "no such host",
    "refused",
    "unreachable",
    "connect timeout",
    "private",  # silence from an address that only a private network can reach
    "read timeout",
    "unknown CA",
    "expired certificate",
    "wrong host",  # the certificate is another host's
    "no TLS",  # https to a port that speaks something else
    "TLS port",  # http to a port that speaks TLS
    "reset",
    "closed",  # before the first byte of an answer
    "cut short",  # within an answer
    "garbled",  # an answer that is not HTTP, or not in the encoding it names
    "too large",
    "too slow",  # a little comes all the time, and never the whole
    "proxy",
    "bad URL",
    "bad header",
    "other",
]

_CERTIFICATES: Final[dict[int, Fault]] = {10: "expired certificate", 62: "wrong host", 64: "wrong host"}  # X509_V_ERR_…
_SECONDS: Final = 3
_KINDS: Final[tuple[tuple[type[Exception], Fault], ...]] = (
    (httpx.InvalidURL, "bad URL"),
    (httpx.UnsupportedProtocol, "bad URL"),
    (httpx.LocalProtocolError, "bad header"),
    (httpx.ProxyError, "proxy"),
    (httpx.DecodingError, "garbled"),
    (TooLarge, "too large"),
    (TooSlow, "too slow"),
    (httpx.ConnectTimeout, "connect timeout"),
    (httpx.TimeoutException, "read timeout"),
)
_SYSTEM: Final[tuple[tuple[type[BaseException], Fault], ...]] = (
    (socket.gaierror, "no such host"),
    (ConnectionRefusedError, "refused"),
    (ConnectionResetError, "reset"),
    (BrokenPipeError, "reset"),
)
_UNREACHABLE: Final = {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN}


def fault_of(error: Exception, url: str) -> Fault:
    """The word for an httpx error.

    Looks at the network once more where the error alone is ambiguous: at the host's addresses after silence, and at the
    port's greeting after a hang-up; neither look sends a byte of the request.
    """
    fault = _fault(error)
    if fault in ("connect timeout", "unreachable") and _is_private(url):
        return "private"
    if fault in ("reset", "closed", "garbled") and _speaks_tls_only(url):
        return "TLS port"
    return fault


def _fault(error: Exception) -> Fault:
    told = [
        *(fault for kind, fault in _KINDS if isinstance(error, kind)),
        *(fault for cause in _causes(error) if (fault := _of_system(cause))),
    ]
    if not told and isinstance(error, httpx.RemoteProtocolError):
        return _hung_up(str(error))
    return told[0] if told else "other"


def _of_system(cause: BaseException) -> Fault | None:
    if isinstance(cause, ssl.SSLCertVerificationError):
        return _CERTIFICATES.get(cause.verify_code, "unknown CA")
    if isinstance(cause, ssl.SSLError):
        return "no TLS"
    if isinstance(cause, OSError) and cause.errno in _UNREACHABLE:
        return "unreachable"
    return next((fault for kind, fault in _SYSTEM if isinstance(cause, kind)), None)


def _hung_up(said: str) -> Fault:
    if "without sending a response" in said:
        return "closed"
    return "cut short" if "incomplete" in said or "without sending complete" in said else "garbled"


def _causes(error: BaseException) -> Iterator[BaseException]:
    at: BaseException | None = error
    while at is not None:
        yield at
        at = at.__cause__ or at.__context__


def _is_private(url: str) -> bool:
    address = _place(url)
    try:
        found = {entry[4][0] for entry in socket.getaddrinfo(*address, type=socket.SOCK_STREAM)}
    except OSError:
        return False
    addresses = [ipaddress.ip_address(str(text).partition("%")[0]) for text in found]
    return bool(addresses) and all(one.is_private and not one.is_loopback for one in addresses)


def _speaks_tls_only(url: str) -> bool:
    if not url.startswith("http://"):
        return False
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # nothing is sent: only the greeting counts
    try:
        with socket.create_connection(_place(url), _SECONDS) as plain, context.wrap_socket(plain):
            return True
    except OSError:
        return False


def _place(url: str) -> tuple[str, int]:
    address = httpx.URL(url)
    return address.host, address.port or (443 if address.scheme == "https" else 80)
