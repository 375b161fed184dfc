"""The connection contract once more, read for the matrix alone: which requests a cell's settings must lead to.

Nothing here comes from the library or the sandbox, so that a misreading they share shows as a failing cell.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from tests.matrix.cells import Cell, base

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.matrix.recorder import Seen

KEY = "sk-swordfish-1234567890"
CLIENT_SECRET = "hunter2-client-secret"
TEAM_TOKEN = "team-swordfish"
AUDIENCE = "https://cognitiveservices.azure.com"
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_CUSTOM = {"x-environment": "production", "x-team-token": TEAM_TOKEN}
_LISTED = {"azure": "catalogue", "openai": "models", "defaults": "deployments"}


@dataclass(frozen=True, kw_only=True)
class Demand:
    """One request as the contract wants it; `without` are headers that must not be there."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    without: frozenset[str] = frozenset()
    model: str | None = None
    form: Mapping[str, str] = field(default_factory=dict)


def demands(cell: Cell, number: int, *, discovers: bool) -> list[Demand]:
    """What must arrive at the gateway: a token's request, then discovery where it is asked for, then one prompt."""
    found = [_token(number)] if cell.auth == "OAuth2" else []
    if discovers and cell.discovery != "static":
        found += _discovery(cell, number)
    return [*found, _inference(cell, number)]


def _token(number: int) -> Demand:
    form = {
        "grant_type": "client_credentials",
        "client_id": "client",
        "client_secret": CLIENT_SECRET,
        "scope": "models.read models.invoke",
    }
    headers = {"content-type": "application/x-www-form-urlencoded"}
    without = frozenset({"api-key", "authorization", *_CUSTOM})
    return Demand(method="POST", path=f"{base(number)}/token", headers=headers, without=without, form=form)


def _discovery(cell: Cell, number: int) -> list[Demand]:
    listed = f"{base(number)}/v1/{_LISTED[cell.discovery.removesuffix('-bare')]}"
    got = f"{listed}/{encoded(cell.name)}" + ("/details" if cell.discovery.startswith("azure") else "")
    query = f"?api-version={cell.deployment_version}" if cell.deployment_version else ""
    headers, without = _signed(cell)
    return [
        Demand(method="GET", path=f"{path}{query}", headers=headers, without=without | set(_CUSTOM))
        for path in (listed, got)
    ]


def _inference(cell: Cell, number: int) -> Demand:
    routed = f"/deployments/{encoded(cell.name)}" if cell.in_path else ""
    query = f"?api-version={cell.inference_version}" if cell.inference_version else ""
    headers, without = _signed(cell)
    return Demand(
        method="POST",
        path=f"{base(number)}/v1{routed}/chat/completions{query}",
        headers=headers | {"content-type": "application/json"} | (_CUSTOM if cell.headers else {}),
        without=without | (frozenset() if cell.headers else frozenset(_CUSTOM)),
        model=None if cell.in_path else cell.name,
    )


def _signed(cell: Cell) -> tuple[dict[str, str], frozenset[str]]:
    places = frozenset({"api-key", "authorization", "x-gateway-key"})
    headers = {
        "": {"api-key": KEY},
        "name": {"x-gateway-key": KEY},
        "bearer": {"authorization": f"Bearer {KEY}"},
    }[cell.auth_config]
    signed = headers if cell.auth == "ApiKey" else {"authorization": cell.auth}
    return signed, places - set(signed)


def encoded(name: str) -> str:
    """The name as one segment of a path (RFC 3986)."""
    return "".join(chr(byte) if byte in _UNRESERVED else f"%{byte:02X}" for byte in name.encode())


def broken(seen: Sequence[Seen], wanted: Sequence[Demand]) -> list[str]:
    """Everything in which the requests are not those that were wanted."""
    asked, expected = [f"{one.method} {one.path}" for one in seen], [f"{one.method} {one.path}" for one in wanted]
    if asked != expected:
        return [f"asked {asked}, wanted {expected}"]
    token = next((one.token for one in seen if one.token), "")
    return [problem for one, demand in zip(seen, wanted, strict=True) for problem in _unmet(one, demand, token)]


def _unmet(seen: Seen, wanted: Demand, token: str) -> list[str]:
    found = []
    for name, value in wanted.headers.items():
        values = [given for key, given in seen.headers if key == name]
        if len(values) != 1 or not _is(values[0], value, token):
            found.append(f"{seen.method} {seen.path}: {name} is {values}, wanted {value}")
    present = sorted({name for name, _ in seen.headers} & wanted.without)
    if present:
        found.append(f"{seen.method} {seen.path}: {present} must not be sent")
    return found + _unmet_body(seen, wanted)


def _is(given: str, wanted: str, token: str) -> bool:
    if wanted == "OAuth2":
        return bool(token) and given == f"Bearer {token}"
    if wanted == "ProjectManagedIdentity":
        return _audience(given.removeprefix("Bearer ")).rstrip("/") == AUDIENCE
    return given == wanted


def _audience(token: str) -> str:
    middle = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
    return str(claims["aud"])


def _unmet_body(seen: Seen, wanted: Demand) -> list[str]:
    if wanted.form:
        form = parse_qsl(seen.body.decode(), strict_parsing=True)
        return [] if sorted(form) == sorted(wanted.form.items()) else [f"the form is {form}, wanted {wanted.form}"]
    if wanted.method == "GET":
        return [f"a GET has the body {seen.body!r}"] if seen.body else []
    body = json.loads(seen.body)
    roles = [message["role"] for message in body["messages"]]
    found = [] if "user" in roles else [f"no message of the user: {roles}"]
    if body.get("model") != wanted.model or ("model" in body) != (wanted.model is not None):
        found.append(f"model in the body is {body.get('model')!r}, wanted {wanted.model!r}")
    return found


def warned(cell: Cell) -> set[str]:
    """The warnings that the stored connection deserves; a cell that the contract allows deserves no error."""
    bare = cell.discovery.endswith("-bare") and not cell.slash
    return (
        ({"target-slash"} if cell.slash else set())
        | ({"endpoint-slash"} if bare else set())
        | ({"header-in-clear"} if cell.headers else set())
    )
