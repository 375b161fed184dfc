"""Who may come in: only callers that mean this loopback address, and only with a token made here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.responses import JSONResponse

from foundry_sandbox.identity import TokenRefused, check_token
from foundry_sandbox.refusal import RefusalError

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.types import ASGIApp, Receive, Scope, Send

    from foundry_sandbox.state import State

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


class HostCheck:
    """Middleware that answers 421 unless the Host header is this loopback address.

    A web page that points its own name at 127.0.0.1 (DNS rebinding) must not reach the sandbox.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "http" and Headers(scope=scope).get("host", "").lower() not in _own_hosts(scope):
            message = "this host name is not the sandbox's: use 127.0.0.1 or localhost with its port"
            refusal = RefusalError(message, status=421, code="MisdirectedRequest")
            await JSONResponse(refusal.arm_body(), status_code=421)(scope, receive, send)
            return
        await self.app(scope, receive, send)


class BearerCheck:
    """Middleware that answers 401 unless the request carries a token for one of `audiences`."""

    def __init__(self, app: ASGIApp, *, state: State, audiences: Collection[str]) -> None:
        self.app = app
        self.state = state
        self.audiences = audiences

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "http":
            self._check(Headers(scope=scope).get("authorization", ""))
        await self.app(scope, receive, send)

    def _check(self, authorization: str) -> None:
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise _refused("AuthenticationFailed", "the 'Authorization: Bearer …' header is missing")
        try:
            check_token(self.state, token.strip(), audiences=self.audiences)
        except TokenRefused as error:
            raise _refused("InvalidAuthenticationToken", f"the access token is refused: {error}") from error


def _refused(code: str, message: str) -> RefusalError:
    return RefusalError(message, status=401, code=code, headers={"WWW-Authenticate": "Bearer"})


def _own_hosts(scope: Scope) -> set[str]:
    port = (scope.get("server") or ("", None))[1]
    return {f"{host}:{port}" if port else host for host in LOOPBACK}
