"""What the official clients send and receive, recorded like the rest: azure-core's transport and openai's client."""

from __future__ import annotations

__all__ = ["openai_http_client", "sdk_transport"]

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ssl

    import httpx2
    from azure.core.pipeline.transport import HttpTransport

    from gateway_workbook.wire import UnderWay, Wire


def sdk_transport(wire: Wire, *, ca: str | None) -> HttpTransport[Any, Any]:
    """The transport that azure-core takes by itself, recorded; a retry of the SDK is an exchange of its own."""
    from azure.core.pipeline.transport import RequestsTransport

    class Recorded(RequestsTransport):  # type: ignore[misc]  # azure-core gives its transports out untyped
        """Sends one request, with what the policies have put into it."""

        def send(self, request: Any, **options: Any) -> Any:
            under_way = wire.begin(
                request.method, request.url, headers=request.headers.items(), body=_bytes(request.content)
            )
            try:
                response = super().send(request, **options)
            except BaseException as error:
                _ended(under_way, problem=error)
                raise
            if under_way:
                under_way.answered(response.status_code, _unpacked(response.headers))
                # What is read piece by piece is not held back to be recorded.
                under_way.hear(b"" if options.get("stream") else response.content)
                under_way.end(whole=not options.get("stream"))
            return response

    return Recorded(connection_verify=ca or True)


def openai_http_client(wire: Wire, *, trust: ssl.SSLContext | bool) -> httpx2.Client:
    """The client that openai makes by itself, recorded; it honours proxies of the environment."""
    import openai

    class Recorded(openai.DefaultHttpxClient):
        """Sends one request; a retry of openai's is an exchange of its own."""

        def send(self, request: httpx2.Request, *, stream: bool = False, **options: Any) -> httpx2.Response:
            under_way = wire.begin(
                request.method, str(request.url), headers=request.headers.multi_items(), body=request.content
            )
            try:
                response = super().send(request, stream=stream, **options)
            except BaseException as error:
                _ended(under_way, problem=error)
                raise
            if under_way:
                under_way.answered(response.status_code, _unpacked(dict(response.headers)))
                under_way.hear(b"" if stream else response.content)
                under_way.end(whole=not stream)
            return response

    return Recorded(verify=trust)


def _ended(under_way: UnderWay | None, *, problem: BaseException) -> None:
    if under_way:
        under_way.end(problem=problem)


def _unpacked(headers: Any) -> list[tuple[str, str]]:
    """The headers without how the body was packed: these clients unpack it."""
    return [(name, value) for name, value in headers.items() if name.casefold() != "content-encoding"]


def _bytes(content: object) -> bytes:
    return content if isinstance(content, bytes) else content.encode() if isinstance(content, str) else b""
