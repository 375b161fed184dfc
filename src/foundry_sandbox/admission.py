"""Who may pass a gateway: API keys in their headers, bearer tokens, and the token endpoint of one gateway."""

from __future__ import annotations

import base64
import binascii
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote_plus

from starlette.responses import JSONResponse

from foundry_sandbox.dialect import Refusal, Refused
from foundry_sandbox.identity import TokenRefused, check_token, read_form, sign

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from foundry_sandbox.state import State

OAUTH_AUDIENCE: Final = "sandbox://oauth"
READ: Final = "models.read"
INVOKE: Final = "models.invoke"
_LIFETIME: Final = 300


@dataclass(frozen=True, kw_only=True)
class Key:
    """The API key in a header, in `template`; with `or_bearer` it may come as `Authorization: Bearer` instead.

    `also` names headers that inference needs beside it.
    Not discovery: by the contract a connection's customHeaders join inference requests alone.
    """

    header: str = "api-key"
    template: str = "{api_key}"
    also: tuple[str, ...] = ()
    or_bearer: bool = False


@dataclass(frozen=True, kw_only=True)
class Bearer:
    """A token made for `audience`; with `scoped`, inference and discovery need a scope each."""

    audience: str
    scoped: bool = False


def admit(state: State, auth: Key | Bearer, *, request: Request) -> None:
    """Let a request pass or raise Refused."""
    if isinstance(auth, Key):
        _check_key(state, auth, request=request)
    else:
        _check_bearer(state, auth, request=request)


def _check_key(state: State, auth: Key, *, request: Request) -> None:
    given = request.headers.get(auth.header)
    if given is None and auth.or_bearer:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ") or None
    if given is None:
        raise _unauthorized(
            "Access denied due to missing key. "
            f"Send the header {auth.header}: {auth.template.replace('{api_key}', '<key>')}"
        )
    wanted = auth.template.replace("{api_key}", state.api_key)
    if not hmac.compare_digest(given.encode(), wanted.encode()):
        raise _unauthorized(
            f"Access denied due to invalid key in the header {auth.header}. "
            "Provide a valid key, in the form this gateway takes it."
        )
    for name in auth.also if request.method == "POST" else ():
        if not request.headers.get(name):
            message = f"The header {name} is missing: send it beside {auth.header}."
            raise Refused(Refusal(stage="front", status=403, code="missing_header", message=message))


def _check_bearer(state: State, auth: Bearer, *, request: Request) -> None:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not token:
        raise _unauthorized("Access denied due to missing token. Send Authorization: Bearer <token>.", "Bearer")
    try:
        claims = check_token(state, token.strip(), audiences=(auth.audience,))
    except TokenRefused as error:
        challenge = 'Bearer error="invalid_token"'
        raise _unauthorized(f"Access denied due to invalid token: {error}.", challenge) from error
    needed = INVOKE if request.method == "POST" else READ
    if auth.scoped and needed not in str(claims.get("scp", "")).split():
        message = f"The token has no scope {needed}: ask for it at the token endpoint."
        headers = {"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{needed}"'}
        refusal = Refusal(stage="front", status=403, code="insufficient_scope", message=message, headers=headers)
        raise Refused(refusal)


def _unauthorized(message: str, challenge: str | None = None) -> Refused:
    headers = {"WWW-Authenticate": challenge} if challenge else {}
    return Refused(Refusal(stage="front", status=401, code="401", message=message, headers=headers))


async def grant(state: State, request: Request) -> Response:
    """Answer a client credentials request; `lifetime` in the form shortens the token's life (seconds)."""
    form = await read_form(request)
    client, secret = _client(request, form=form)
    known = hmac.compare_digest(client.encode(), state.client_id.encode())
    if not (hmac.compare_digest(secret.encode(), state.client_secret.encode()) and known):
        return _oauth_error("invalid_client", "client id or secret is wrong", status=401)
    if form.get("grant_type") != "client_credentials":
        return _oauth_error("unsupported_grant_type", "this endpoint takes client_credentials only")
    scopes = form.get("scope", "").split()
    if not scopes or not set(scopes) <= {READ, INVOKE}:
        return _oauth_error("invalid_scope", f"ask for {READ} {INVOKE}, or one of them")
    lifetime = form.get("lifetime", str(_LIFETIME))
    if not lifetime.isdecimal() or not 0 < int(lifetime) <= _LIFETIME:
        return _oauth_error("invalid_request", f"lifetime is 1 to {_LIFETIME} seconds")
    claims = {"aud": OAUTH_AUDIENCE, "sub": client, "scp": " ".join(scopes)}
    token = sign(state, claims, lifetime=int(lifetime))
    granted = {
        "token_type": "Bearer",
        "expires_in": int(lifetime),
        "scope": claims["scp"],
        "access_token": token,
    }
    return JSONResponse(granted, headers={"Cache-Control": "no-store"})


def _client(request: Request, *, form: Mapping[str, str]) -> tuple[str, str]:
    """Return client id and secret, from HTTP basic or from the form."""
    kind, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "basic":
        return form.get("client_id", ""), form.get("client_secret", "")
    try:
        client, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return unquote_plus(client), unquote_plus(secret)


def _oauth_error(error: str, description: str, *, status: int = 400) -> Response:
    headers = {"WWW-Authenticate": 'Basic realm="sandbox"'} if status == 401 else {}  # noqa: PLR2004 - a status
    body = {"error": error, "error_description": description}
    return JSONResponse(body, status_code=status, headers=headers)
