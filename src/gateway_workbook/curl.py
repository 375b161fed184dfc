"""A request as lines for a shell that repeat it: secrets stay in variables and go over a pipe, never into arguments."""

from __future__ import annotations

__all__ = ["LAST_OF_PIPE", "QUOTED", "Curl", "entra_line", "spelled"]

import json
import shlex
from typing import TYPE_CHECKING, Any, Final

from gateway_workbook.connection import without_query
from gateway_workbook.secrets import SecretReference, is_reference
from gateway_workbook.shell import fetch

if TYPE_CHECKING:
    from gateway_workbook.connection import Connection

LAST_OF_PIPE: Final = """python3 -c 'import json, sys; print(json.load(sys.stdin)["access_token"])'"""
QUOTED: Final = str.maketrans({character: f"\\{character}" for character in '\\"$`'})


class Curl:
    """Writes the calls of a connection; made of the connection alone, so no secret can be in what it writes."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def __call__(self, method: str, url: str, *, body: Any = None, inference: bool = False) -> str:
        """One call, signed as the connection says; custom headers go with inference only."""
        custom = self._connection.custom_headers if inference else {}
        piped = [self._signature(), *(_header(*item) for item in custom.items() if is_reference(item[1]))]
        plain = [f"{name}: {value}" for name, value in custom.items() if not is_reference(value)]
        words = ["curl", "--silent", "--show-error", "--include", "--header", "@-"]
        if method != "GET":
            words += ["--request", method]
        for header in plain:
            words += ["--header", shlex.quote(header)]
        if body is not None:
            words += ["--header", "'Content-Type: application/json'", "--data", shlex.quote(_text(body))]
        lines = " ".join(f'"{header}"' for header in piped)
        return f"{self._token_line()}printf '%s\\n' {lines} | {' '.join(words)} {shlex.quote(url)}"

    def token(self) -> str:
        """The call that fetches an OAuth2 token."""
        connection = self._connection
        form = {
            "grant_type": "client_credentials",
            "client_id": connection.client_id,
            "scope": " ".join(connection.scopes),
        }
        words = " ".join(f"--data-urlencode {shlex.quote(f'{key}={value}')}" for key, value in form.items() if value)
        secret = f"printf '%s' \"{spelled(connection.client_secret)}\"" if connection.client_secret else "printf ''"
        url = shlex.quote(without_query(connection.token_url or ""))  # a query there may hold a key
        return f"{secret} | curl --silent --show-error {words} --data-urlencode client_secret@- {url}"

    def _signature(self) -> str:
        connection = self._connection
        if connection.auth_type == "ApiKey" and connection.api_key:
            config = connection.auth_config
            before, _, after = (config.format if config else "{api_key}").partition("{api_key}")
            value = f"{before.translate(QUOTED)}{spelled(connection.api_key)}{after.translate(QUOTED)}"
            return f"{(config.name if config else 'api-key').translate(QUOTED)}: {value}"
        return "Authorization: Bearer $TOKEN"

    def _token_line(self) -> str:
        connection = self._connection
        if connection.auth_type == "OAuth2":
            return f'TOKEN="$({self.token()} | {LAST_OF_PIPE})"\n'
        if connection.auth_type == "ProjectManagedIdentity":
            return f"{entra_line(connection.audience or '')}\n"
        return ""


def _header(name: str, value: str) -> str:
    return f"{name.translate(QUOTED)}: {spelled(SecretReference.parse(value))}"


def entra_line(audience: str) -> str:
    """The line that puts an Entra token into TOKEN."""
    resource = shlex.quote(audience.rstrip("/"))
    return f'TOKEN="$(az account get-access-token --resource {resource} --query accessToken --output tsv)"'


def spelled(reference: SecretReference) -> str:
    """The secret within double quotes of a shell."""
    return f"${{{reference.name}}}" if reference.scheme == "env" else f"$({fetch(reference)})"


def _text(body: Any) -> str:
    return json.dumps(body, ensure_ascii=False)
