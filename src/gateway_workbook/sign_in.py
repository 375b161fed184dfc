"""An Entra token for a request, or the sentence that says how to sign in."""

from __future__ import annotations

__all__ = ["EntraAuth", "bearer", "sign_in_problem"]

from typing import TYPE_CHECKING

import httpx

from gateway_workbook.errors import ServiceError, UsageError

if TYPE_CHECKING:
    from collections.abc import Generator

    from azure.core.credentials import TokenCredential


class EntraAuth(httpx.Auth):
    """Signs requests with a token for `scope`, which azure-identity keeps and renews; `hidden` must not be shown."""

    def __init__(self, credential: TokenCredential, scope: str) -> None:
        self._credential, self._scope = credential, scope
        self.hidden: set[str] = set()

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the token; raises UsageError when nobody is signed in."""
        token = bearer(self._credential, self._scope)
        self.hidden.add(token)
        request.headers["Authorization"] = f"Bearer {token}"
        yield request


def bearer(credential: TokenCredential, scope: str) -> str:
    """A token for `scope`; raises UsageError when nobody is signed in."""
    from azure.core.exceptions import AzureError, ClientAuthenticationError

    try:
        return credential.get_token(scope).token
    except ClientAuthenticationError as error:
        raise UsageError(sign_in_problem(error.message)) from error
    except AzureError as error:
        raise ServiceError(f"no Entra token ({error.message}): check the network; a sandbox may have ended") from error


def sign_in_problem(reason: str) -> str:
    """The sentence for a credential that gives no token."""
    first = (reason.splitlines() or [""])[0]
    return (
        f"no Entra token ({first}): sign in with `az login`, "
        "or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET"
    )
