"""Entra and the managed identity endpoint, as far as official clients ask for them."""

from __future__ import annotations

import hmac
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from starlette.responses import JSONResponse
from starlette.routing import Route

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from foundry_sandbox.state import State

TENANT: Final = "00000000-0000-0000-0000-000000000000"
IDENTITY: Final = "workshop-identity"
_LIFETIME: Final = 3600
_SKEW: Final = 5  # seconds by which two clocks may differ
_CLI_CLIENT: Final = "sp"


class TokenRefused(Exception):  # noqa: N818 - reads as what happened, at the door
    """A token does not open this door; the message is the reason."""


@dataclass(frozen=True, kw_only=True)
class _Fault:
    """A refusal of the token endpoint, in Entra's form."""

    status: int
    error: str
    description: str

    def response(self) -> JSONResponse:
        code = int(self.description.split(":", 1)[0].removeprefix("AADSTS"))
        return JSONResponse(
            {
                "error": self.error,
                "error_description": self.description,
                "error_codes": [code],
                "timestamp": time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime()),
                "trace_id": str(uuid.uuid4()),
                "correlation_id": str(uuid.uuid4()),
            },
            status_code=self.status,
        )


def issue_token(state: State, *, audience: str, subject: str, lifetime: int = _LIFETIME) -> str:
    """Issue an Entra-like access token; `lifetime` is in seconds."""
    claims = {
        "aud": audience,
        "sub": subject,
        "iss": f"https://sts.windows.net/{TENANT}/",
        "tid": TENANT,
        "appid": subject,
        "oid": str(uuid.uuid5(uuid.NAMESPACE_URL, subject)),
        "ver": "1.0",
    }
    return sign(state, claims, lifetime=lifetime)


def sign(state: State, claims: Mapping[str, Any], *, lifetime: int) -> str:
    """Sign claims as they are, adding only the times."""
    now = int(time.time())
    times = {"iat": now, "nbf": now, "exp": now + lifetime}
    return jwt.encode({"alg": "HS256", "typ": "JWT"}, {**claims, **times}, _key(state))


def check_token(state: State, token: str, *, audiences: Collection[str]) -> Mapping[str, Any]:
    """Return the claims of a token made here for one of `audiences`; raises TokenRefused."""
    try:
        claims = jwt.decode(token, _key(state), algorithms=["HS256"]).claims
    except (JoseError, ValueError) as error:
        raise TokenRefused("the token is not one of this tenant: its form or signature is wrong") from error
    now = time.time()
    if not isinstance(claims.get("exp"), int) or claims["exp"] <= now:
        raise TokenRefused("the token has expired: fetch a new one")
    if not isinstance(claims.get("nbf"), int) or claims["nbf"] > now + _SKEW:
        raise TokenRefused("the token is not valid yet: compare the clocks")
    # Scopes written with one slash or two before .default yield audiences with or without a slash at the end.
    if str(claims.get("aud", "")).rstrip("/") not in {audience.rstrip("/") for audience in audiences}:
        wanted = ", ".join(sorted(audiences))
        raise TokenRefused(f"the token is for audience {claims.get('aud')}: this wants {wanted}")
    return claims


def _key(state: State) -> OctKey:
    return OctKey.import_key(state.signing_key)


async def read_form(request: Request) -> dict[str, str]:
    """Read a form-encoded body; of a repeated field the last value counts."""
    body = (await request.body()).decode("utf-8", errors="replace")
    return {name: values[-1] for name, values in parse_qs(body, keep_blank_values=True).items()}


def routes(state: State) -> list[BaseRoute]:
    """Return the managed identity endpoint and the tenant endpoints."""

    async def managed_identity(request: Request) -> Response:
        return _managed_identity(state, request)

    async def token_v2(request: Request) -> Response:
        form = await read_form(request)
        fault = _grant_fault(state, form) or _scope_fault(form.get("scope", ""))
        if fault:
            return fault.response()
        return JSONResponse(_granted(state, form, audience=form["scope"].removesuffix("/.default")))

    async def token_v1(request: Request) -> Response:
        form = await read_form(request)
        fault = _grant_fault(state, form) or (None if form.get("resource") else _NO_RESOURCE)
        if fault:
            return fault.response()
        granted = _granted(state, form, audience=form["resource"])
        return JSONResponse({name: str(value) for name, value in granted.items()})

    return [
        Route("/msi/token", managed_identity),
        Route("/common/discovery/instance", _instance),
        Route("/{tenant}/discovery/v2.0/keys", _keys),
        Route("/{tenant}/v2.0/.well-known/openid-configuration", _configuration),
        Route("/{tenant}/.well-known/openid-configuration", _configuration),
        Route("/{tenant}/oauth2/v2.0/token", token_v2, methods=["POST"]),
        Route("/{tenant}/oauth2/token", token_v1, methods=["POST"]),
    ]


_NO_RESOURCE: Final = _Fault(
    status=400,
    error="invalid_resource",
    description="AADSTS50001: no resource is named: send resource=<audience>.",
)


def _grant_fault(state: State, form: Mapping[str, str]) -> _Fault | None:
    """Check what every client credentials request must have right."""
    grant, client = form.get("grant_type"), form.get("client_id")
    if grant != "client_credentials":
        return _Fault(
            status=400,
            error="unsupported_grant_type",
            description=f"AADSTS70003: grant type {grant!r} is not played here: use client_credentials.",
        )
    if client not in (state.client_id, _CLI_CLIENT):
        return _Fault(
            status=400,
            error="unauthorized_client",
            description=f"AADSTS700016: no application {client!r} in this tenant: use {state.client_id}.",
        )
    if not hmac.compare_digest(form.get("client_secret", "").encode(), state.client_secret.encode()):
        return _Fault(
            status=401,
            error="invalid_client",
            description=f"AADSTS7000215: Invalid client secret provided for application {client!r}.",
        )
    return None


def _scope_fault(scope: str) -> _Fault | None:
    if scope.endswith("/.default") and scope.removesuffix("/.default") and " " not in scope:
        return None
    return _Fault(
        status=400,
        error="invalid_scope",
        description=f"AADSTS1002012: scope {scope!r} is not valid: send one <audience>/.default.",
    )


def _granted(state: State, form: Mapping[str, str], *, audience: str) -> dict[str, str | int]:
    token = issue_token(state, audience=audience, subject=form["client_id"])
    return {
        "token_type": "Bearer",
        "expires_in": _LIFETIME - 1,
        "ext_expires_in": _LIFETIME - 1,
        "expires_on": int(time.time()) + _LIFETIME,
        "resource": audience,
        "access_token": token,
    }


def _managed_identity(state: State, request: Request) -> Response:
    """Answer as App Service does: the header proves that the caller runs on this machine."""
    header, query = request.headers.get("X-IDENTITY-HEADER", ""), request.query_params
    if not hmac.compare_digest(header.encode(), state.identity_header.encode()):
        return _identity_error(401, "X-IDENTITY-HEADER is missing or not the sandbox's IDENTITY_HEADER")
    missing = [name for name in ("api-version", "resource") if not query.get(name)]
    if missing:
        return _identity_error(400, f"the query has no {' and no '.join(missing)}")
    token = issue_token(state, audience=query["resource"], subject=IDENTITY)
    return JSONResponse(
        {
            "access_token": token,
            "expires_on": str(int(time.time()) + _LIFETIME),
            "resource": query["resource"],
            "token_type": "Bearer",
        }
    )


def _identity_error(status: int, message: str) -> JSONResponse:
    return JSONResponse({"statusCode": status, "message": message}, status_code=status)


async def _configuration(request: Request) -> Response:
    tenant = f"{str(request.base_url).rstrip('/')}/{request.path_params['tenant']}"
    return JSONResponse(
        {
            "issuer": f"{tenant}/v2.0",
            "authorization_endpoint": f"{tenant}/oauth2/v2.0/authorize",
            "token_endpoint": f"{tenant}/oauth2/v2.0/token",
            "jwks_uri": f"{tenant}/discovery/v2.0/keys",
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
            "response_types_supported": ["token"],
            "scopes_supported": ["openid"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["HS256"],
        }
    )


async def _instance(request: Request) -> Response:
    tenant = f"{str(request.base_url).rstrip('/')}/{TENANT}"
    return JSONResponse(
        {
            "tenant_discovery_endpoint": f"{tenant}/v2.0/.well-known/openid-configuration",
            "api-version": "1.1",
            "metadata": [],
        }
    )


async def _keys(_: Request) -> Response:
    """Publish no key: the tokens are signed with a secret of the sandbox."""
    return JSONResponse({"keys": []})
