"""What a step sends over HTTP and what comes back, recorded where it is sent; secrets are never part of the record."""

from __future__ import annotations

__all__ = ["UnderWay", "Wire"]

import json
import re
import time
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

import httpx

from gateway_workbook.curl import LAST_OF_PIPE, entra_line, spelled
from gateway_workbook.masking import Masking, shown
from gateway_workbook.secrets import SecretReference, Secrets
from gateway_workbook.wire_curl import curl
from gateway_workbook.wire_exchange import WireExchange
from gateway_workbook.wire_view import Traffic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from azure.core.credentials import AccessToken, TokenCredential
    from pydantic import SecretStr

MOST_EXCHANGES: Final = 200
MOST_CHARACTERS: Final = 20_000  # of each body
_SEEN: Final = 2 * MOST_CHARACTERS  # so that a secret at the cut is seen whole
_HEARD: Final = 6 * MOST_CHARACTERS  # bytes: enough for that in every script
_SLICE: Final = 1024  # of packed bytes at a time, so that a small archive cannot become a big text
_TOKEN: Final = re.compile(r'"access_token"\s*:\s*("(?:\\.|[^"\\])*")')
# What an answer's headers tell; the rest may hold cookies.
_TELLING: Final = re.compile(
    r"content-(type|encoding|length)|date|location|retry-after(-ms)?|server|via|www-authenticate|x-squid-error"
    r"|allow|x-ratelimit-.*|x-ms-(error-code|request-id|region|correlation-request-id)|(x|apim)-request-id"
    r"|openai-(processing-ms|version)|x-envoy-upstream-service-time",
    re.IGNORECASE,
)


class Wire:
    """The latest exchanges of a step, complete with headers, bodies and times; shows itself, and is safe to show.

    Many threads may record at once. URLs that begin with `leave_out` are sent, and not recorded.
    """

    def __init__(self, *, most: int = MOST_EXCHANGES, leave_out: str = "") -> None:
        self.masking = Masking()
        self._kept: deque[WireExchange] = deque(maxlen=most)
        self._leave_out, self._counting, self._begun, self._ended = leave_out, Lock(), 0, 0

    @property
    def traffic(self) -> Traffic:
        """What is kept so far, in the order in which it was sent."""
        with self._counting:
            kept, ended = tuple(self._kept), self._ended
        return Traffic(tuple(sorted(kept, key=lambda one: one.number)), dropped=ended - len(kept))

    @property
    def failed(self) -> Traffic:
        """Those without an answer, or with a refusal."""
        return self.traffic.failed

    def latest(self, number: int = 1) -> Traffic:
        """The last few."""
        return self.traffic.latest(number)

    def to(self, part: str) -> Traffic:
        """Those whose method and URL hold this text: `PUT`, `/chat/completions`."""
        return self.traffic.to(part)

    def curl(self) -> str:
        """Lines for a shell that repeat every exchange."""
        return self.traffic.curl()

    def text(self) -> str:
        """Everything: headers, bodies and times of each exchange."""
        return self.traffic.text()

    def transport(self, inner: httpx.BaseTransport) -> httpx.BaseTransport:
        """The same transport, recorded."""
        return _Recorded(inner, self)

    def secrets(self, secrets: Secrets) -> Secrets:
        """The same secrets; each that is resolved is masked from then on, and spelled as its reference in a shell."""
        return _Noted(inner=secrets, sandbox=secrets.sandbox, wire=self)

    def credential(self, credential: TokenCredential, *, line: Callable[[str], str] = entra_line) -> TokenCredential:
        """The same credential; its tokens are masked, and fetched by the line for their audience in a shell."""
        return _Signed(credential, self, line)

    def begin(self, method: str, url: str, *, headers: Iterable[tuple[str, str]], body: bytes) -> UnderWay | None:
        """Note what is about to be sent; None where it is left out."""
        if self._leave_out and url.startswith(self._leave_out):
            return None
        with self._counting:
            self._begun += 1
            number = self._begun
        text = body[:_HEARD].decode("utf-8", errors="replace")[:_SEEN]
        sent = WireExchange(
            number=number,
            started=datetime.now(UTC),
            method=method,
            url=self.masking.text(url),
            headers=tuple((name, self.masking.header(name, value)) for name, value in headers),
            body=self.masking.text(text, most=MOST_CHARACTERS, whole=len(body) <= _HEARD),
            body_size=len(body),
            body_cut=len(text) > MOST_CHARACTERS,
        )
        return UnderWay(self, sent)

    def keep(self, exchange: WireExchange, answer: str) -> None:
        """Add an exchange that has ended; a token in its answer is a secret of the calls to come."""
        if (token := _TOKEN.search(answer)) and "grant_type=" in shown(exchange.body):
            fetched = f'TOKEN="$({curl(exchange, into=LAST_OF_PIPE)})"'
            self.masking.learn(str(json.loads(token[1], strict=False)), "$TOKEN", first=fetched)
        with self._counting:
            self._ended += 1
            self._kept.append(exchange)

    def __repr__(self) -> str:
        return repr(self.traffic)

    def _repr_html_(self) -> str:
        return self.traffic._repr_html_()

    def __reduce__(self) -> tuple[type[Traffic], tuple[tuple[WireExchange, ...], int]]:
        # Stored, it is what was recorded: the secrets that are looked for stay here.
        return Traffic, (self.traffic.exchanges, self.traffic.dropped)


class UnderWay:
    """An exchange that has begun; ended once, by whatever ends it first."""

    def __init__(self, wire: Wire, sent: WireExchange) -> None:
        self._wire, self._sent, self._started = wire, sent, time.perf_counter()
        self._chunks: list[bytes] = []
        self._size, self._heard, self._ended = 0, 0, False
        self._answer: dict[str, Any] = {}
        self._raw_headers: list[tuple[str, str]] = []

    def answered(self, status: int, headers: Iterable[tuple[str, str]]) -> None:
        """Note the beginning of the answer."""
        self._raw_headers = [(name, value) for name, value in headers if _TELLING.fullmatch(name)]
        masked = tuple((name, self._wire.masking.text(value)) for name, value in self._raw_headers)
        self._answer = {"status": status, "answer_headers": masked, "first_milliseconds": self._milliseconds}

    def hear(self, chunk: bytes) -> None:
        """Note a piece of the answer."""
        self._size += len(chunk)
        if self._heard < _HEARD:
            self._chunks.append(chunk)
            self._heard += len(chunk)

    def end(self, *, whole: bool = False, problem: BaseException | None = None) -> None:
        """Note the end of the answer, or of waiting for it."""
        if self._ended:
            return
        self._ended = True
        text = _text(self._raw_headers, self._chunks)[:_SEEN]
        masking = self._wire.masking
        changes = self._answer | {
            "milliseconds": self._milliseconds,
            "answer": masking.text(text, most=MOST_CHARACTERS, whole=whole and self._size == self._heard),
            "answer_size": self._size if whole else -1,
            "answer_cut": len(text) > MOST_CHARACTERS or self._size > self._heard,
            "problem": masking.text(_problem(problem)) if problem else (),
        }
        self._wire.keep(self._sent.model_copy(update=changes), text)

    @property
    def _milliseconds(self) -> float:
        return (time.perf_counter() - self._started) * 1000


class _Recorded(httpx.BaseTransport):
    """Sends by another transport, and tells the wire."""

    def __init__(self, inner: httpx.BaseTransport, wire: Wire) -> None:
        self._inner, self._wire = inner, wire

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        # As they are sent: httpx shows their names in lower case.
        encoding = request.headers.encoding
        headers = [(name.decode(encoding), value.decode(encoding)) for name, value in request.headers.raw]
        under_way = self._wire.begin(request.method, str(request.url), headers=headers, body=_content(request))
        if under_way is None:
            return self._inner.handle_request(request)
        try:
            response = self._inner.handle_request(request)
        except BaseException as error:
            under_way.end(problem=error)
            raise
        under_way.answered(response.status_code, response.headers.multi_items())
        response.stream = _Heard(response.stream, under_way)
        return response

    def close(self) -> None:
        self._inner.close()


class _Heard(httpx.SyncByteStream):
    """Another stream, passed on piece by piece as it comes."""

    def __init__(self, stream: object, under_way: UnderWay) -> None:
        if not isinstance(stream, httpx.SyncByteStream):
            raise TypeError(f"{type(stream).__name__} is not read step by step")
        self._stream, self._under_way = stream, under_way

    def __iter__(self) -> Iterator[bytes]:
        try:
            for chunk in self._stream:
                self._under_way.hear(chunk)
                yield chunk
        except GeneratorExit:  # the reader has enough
            self._under_way.end()
            raise
        except BaseException as error:
            self._under_way.end(problem=error)
            raise
        self._under_way.end(whole=True)

    def close(self) -> None:
        self._under_way.end()
        self._stream.close()


@dataclass(frozen=True, kw_only=True)
class _Noted(Secrets):
    inner: Secrets
    wire: Wire

    def resolve(self, reference: SecretReference) -> SecretStr:
        secret = self.inner.resolve(reference)
        self.wire.masking.learn(secret.get_secret_value(), spelled(reference))
        return secret


class _Signed:
    """A credential whose tokens the wire knows."""

    def __init__(self, inner: TokenCredential, wire: Wire, line: Callable[[str], str]) -> None:
        self._inner, self._wire, self._line = inner, wire, line

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        token = self._inner.get_token(*scopes, **options)
        audience = scopes[0].removesuffix("/.default") if scopes else ""
        self._wire.masking.learn(token.token, "$TOKEN", first=self._line(audience))
        return token


def _content(request: httpx.Request) -> bytes:
    try:
        return request.content
    except httpx.RequestNotRead:  # what is sent piece by piece is not held back to be noted
        return b""


def _text(headers: list[tuple[str, str]], chunks: list[bytes]) -> str:
    """What was heard as text, unpacked as its headers say, and no more of it than is kept."""
    raw = b"".join(chunks)
    if "content-encoding" not in {name.casefold() for name, _ in headers}:
        return raw.decode("utf-8", errors="replace")
    pieces = [raw[at : at + _SLICE] for at in range(0, len(raw), _SLICE)]
    packed = httpx.Response(200, headers=headers, stream=_Pieces(pieces))
    content = b""
    try:
        for piece in packed.iter_bytes():
            content += piece
            if len(content) > _HEARD:
                break
    except httpx.DecodingError:
        return "(packed in a way that it does not say)"
    return content.decode("utf-8", errors="replace")


class _Pieces(httpx.SyncByteStream):
    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        yield from self._pieces


def _problem(error: BaseException) -> str:
    # h11 would quote the header, and the header is the key.
    told = "" if isinstance(error, httpx.LocalProtocolError) else str(error)
    return f"{type(error).__name__}: {told}" if told else type(error).__name__
