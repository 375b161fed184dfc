"""What can be wrong with a stored connection outside its metadata: category, target, authentication.

The source of every rule is the connection contract; what its users report is in its section 6.
"""

from __future__ import annotations

__all__ = ["RESOURCE_RULES"]

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from gateway_workbook.finding import Finding, error, warning
from gateway_workbook.profile import IDENTITY_AUDIENCE
from gateway_workbook.profile_rules import AUTH_TYPES
from gateway_workbook.stored import Stored, shown_url, split_url

Rule = Callable[[Stored], Iterator[Finding]]

_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
_IDENTITY: Final = ("ProjectManagedIdentity", "AAD")
_V1: Final = re.compile(r"/?v1(/|$)")


def _target(stored: Stored) -> Iterator[Finding]:
    target, address = stored.text("target"), stored.address
    if address is None:
        yield error(
            "target-no-url",
            "target",
            found=f"is {shown_url(target)!r}, no URL" if target else "is missing",
            mend="write https://host/path, what stands before /chat/completions or /deployments",
        )
        return
    if address.username or address.password:
        yield error(
            "target-credentials",
            "target",
            found="holds a user name or password, which everybody who may read the connection reads",
            mend="remove it; a secret goes into credentials",
        )
    if address.query or address.fragment:
        yield error(
            "target-query",
            "target",
            found=f"has a {'query' if address.query else 'fragment'}: {shown_url(target)}",
            mend="remove it; an api-version goes into metadata.inferenceAPIVersion and deploymentAPIVersion",
        )
    if re.search(r"/(chat/completions|deployments(/[^/]+)?)/?$", address.path):
        yield error(
            "target-too-far",
            "target",
            found=f"goes too far: prompts are sent to {stored.chat_url}",
            mend="end it before /deployments or /chat/completions, which Agent Service adds",
        )


def _plain_http(stored: Stored) -> Iterator[Finding]:
    for field in ("target", "tokenUrl"):
        address = split_url(stored.text(field))
        if address and address.scheme == "http" and address.hostname not in _LOOPBACK:
            yield warning(
                "plain-http",
                field,
                found=f"is {shown_url(stored.text(field))}: secrets and prompts travel readable",
                mend="write https://",
            )


def _joints(stored: Stored) -> Iterator[Finding]:
    target = shown_url(stored.text("target"))
    if stored.address is None:
        return
    if target.endswith("/"):
        yield warning(
            "target-slash",
            "target",
            found=f"ends in /: Agent Service calls {stored.chat_url}, other clients may call {target}/…",
            mend="remove the / at its end",
        )
    for name, path in stored.endpoints.items():
        if not path.startswith("/") and not target.endswith("/") and "://" not in path:
            yield warning(
                "endpoint-slash",
                f"metadata.modelDiscovery.{name}",
                found=(
                    f"begins without /: Agent Service calls {stored.endpoint_url(path.partition('?')[0])}, "
                    f"other clients may call {target}{path.partition('?')[0]}"
                ),
                mend="begin it with /",
            )


def _v1(stored: Stored) -> Iterator[Finding]:
    address = stored.address
    if address is None:
        return
    in_target = any(segment == "v1" for segment in address.path.split("/"))
    if re.fullmatch(r"(.+\.)?openai\.com", address.hostname or "") and not in_target:
        yield warning(
            "target-without-v1",
            "target",
            found=f"has no /v1: prompts are sent to {stored.chat_url}",
            mend=f"write {shown_url(stored.text('target')).rstrip('/')}/v1",
        )
    for name, path in stored.endpoints.items():
        if not _V1.match(path):
            continue
        field, url = f"metadata.modelDiscovery.{name}", stored.endpoint_url(path.partition("?")[0])
        if re.search(r"/v1/?$", address.path):
            yield warning("v1-twice", field, found=f"is called as {url}", mend="write /v1 once, in target")
        elif not in_target:
            yield warning(
                "v1-on-discovery-only",
                field,
                found=f"is called as {url}, but prompts are sent to {stored.chat_url}",
                mend="write /v1 into target and leave it out here, unless the gateway wants it so",
            )


def _auth_type(stored: Stored) -> Iterator[Finding]:
    category, kind = stored.text("category"), stored.text("authType")
    offered = AUTH_TYPES.get(category, ())
    if kind not in (*offered, "AAD" if category == "ApiManagement" else ""):
        yield error(
            "auth-type",
            "authType",
            found=f"is {kind}, which is not offered for {category}" if kind else "is missing",
            mend=f"write {' or '.join(offered)}",
        )


def _client(stored: Stored) -> Iterator[Finding]:
    if stored.text("authType") != "OAuth2":
        return
    scopes = stored.properties.get("scopes")
    if not stored.text("tokenUrl"):
        yield error(
            "token-url-missing",
            "tokenUrl",
            found=f"is missing{_elsewhere(stored, 'tokenUrl')}",
            mend="write it into properties, beside credentials",
        )
    elif split_url(stored.text("tokenUrl")) is None:
        shown = shown_url(stored.text("tokenUrl"))
        yield error("token-url-no-url", "tokenUrl", found=f"is {shown!r}, no URL", mend="write https://host/path")
    if scopes in (None, [], ""):
        yield warning(
            "scopes-missing",
            "scopes",
            found=f"are missing{_elsewhere(stored, 'scopes')}",
            mend="write them into properties, beside credentials, if the token endpoint wants any",
        )
    elif not isinstance(scopes, list) or not all(isinstance(scope, str) for scope in scopes):
        yield error("scopes-shape", "scopes", found="are no list of texts", mend='write a list: ["scope", …]')


def _elsewhere(stored: Stored, field: str) -> str:
    credentials = stored.properties.get("credentials")
    places = {"credentials": credentials if isinstance(credentials, Mapping) else {}, "metadata": stored.metadata}
    found = [place for place, values in places.items() if values.get(field)]
    return f", but stands inside {found[0]}, where it is not read" if found else ""


def _identity(stored: Stored) -> Iterator[Finding]:
    if stored.text("authType") not in _IDENTITY:
        return
    audience = stored.text("audience")
    if stored.scope == "account":
        yield error(
            "identity-on-account",
            "authType",
            found="is a project's identity, and the connection is the account's: Agent Service does not find it",
            mend="make the connection on the project",
        )
    if not audience:
        yield error(
            "audience-missing",
            "audience",
            found=f"is missing{_elsewhere(stored, 'audience')}",
            mend=f"write {IDENTITY_AUDIENCE} into properties, beside credentials",
        )
    elif audience.rstrip("/") != IDENTITY_AUDIENCE:
        yield warning(
            "audience-unusual",
            "audience",
            found=f"is {audience}",
            mend=f"write {IDENTITY_AUDIENCE}, unless the gateway's policy accepts tokens for this one",
        )


RESOURCE_RULES: Final[tuple[Rule, ...]] = (_target, _plain_http, _joints, _v1, _auth_type, _client, _identity)
