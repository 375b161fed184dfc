"""A probe as a person starts it: a URL and a credential in words, checked before the first request is sent."""

from __future__ import annotations

__all__ = ["ProbeOptions", "SettingsStep", "find_settings", "sandbox_of", "write_profile"]

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, get_args

from gateway_workbook import sandbox_process
from gateway_workbook import target as targets
from gateway_workbook.curl import entra_line
from gateway_workbook.errors import CheckpointFailed, UsageError
from gateway_workbook.probe import Probed, probe
from gateway_workbook.probe_asking import Access
from gateway_workbook.probe_budget import Bounded
from gateway_workbook.probe_profile import Given, base_connection
from gateway_workbook.probe_url import LOOPBACK, check_transport, read_url
from gateway_workbook.profile import IDENTITY_AUDIENCE, AuthConfig, Category
from gateway_workbook.progress_line import in_notebook
from gateway_workbook.run import run_folder
from gateway_workbook.secrets import Secrets, is_reference
from gateway_workbook.step import refuse_unknown_parameters
from gateway_workbook.whole_files import write_files
from gateway_workbook.wire import Wire

if TYPE_CHECKING:
    from pathlib import Path

    from azure.core.credentials import TokenCredential

    from gateway_workbook.probe_url import Clue
    from gateway_workbook.profile import Profile
    from gateway_workbook.target import Target

_OPTIONS: Final = "--key env:NAME, or --client-id, --client-secret and --token-url, or --identity"


@dataclass(frozen=True, kw_only=True)
class ProbeOptions:
    """What a person may tell beside the URL; secrets as references. `headers` are `name: format` lines.

    A format that holds {api_key} is the header of the key; any other is a custom header, with its value.
    """

    key: str = ""
    client_id: str = ""
    client_secret: str = ""
    token_url: str = ""
    scopes: tuple[str, ...] = ()
    identity: bool = False
    audience: str = IDENTITY_AUDIENCE
    headers: tuple[str, ...] = ()
    model: str = ""
    name: str = ""
    category: str = ""
    project: str = ""
    allow_http: bool = False

    def given(self, clue: Clue) -> Given:
        """The same in a probe's terms; raises UsageError for what contradicts itself."""
        auth_type, credentials = self._credentials()
        pairs = [_pair(line) for line in self.headers]
        keyed = [AuthConfig(name=name, format=value) for name, value in pairs if "{api_key}" in value]
        if len(keyed) > 1 or (keyed and auth_type != "ApiKey"):
            raise UsageError("the key goes into one header: keep a single --header with {api_key}, beside --key")
        return Given(
            clue=clue,
            auth_type=auth_type,
            credentials=credentials,
            model=self.model,
            header=keyed[0] if keyed else None,
            custom_headers={name: value for name, value in pairs if "{api_key}" not in value},
            category=_category(self.category),
            name=self.name,
            project=self.project or None,
        )

    def _credentials(self) -> tuple[str, dict[str, Any]]:
        client = {"clientId": self.client_id, "clientSecret": self.client_secret, "tokenUrl": self.token_url}
        kinds = [bool(self.key), any(client.values()), self.identity]
        if sum(kinds) != 1:
            raise UsageError(f"{'no' if not any(kinds) else 'more than one'} credential: give {_OPTIONS}")
        if self.key:
            return "ApiKey", {"apiKey": _reference("--key", self.key)}
        if self.identity:
            return "ProjectManagedIdentity", {"audience": self.audience}
        missing = [name for name, value in client.items() if not value]
        if missing:
            raise UsageError(f"{missing[0]} is missing: an OAuth2 client needs all of {', '.join(client)}")
        _reference("--client-secret", self.client_secret)
        return "OAuth2", client | ({"scopes": list(self.scopes)} if self.scopes else {})


def find_settings(url: str, options: ProbeOptions, *, wire: Wire | None = None) -> Probed:
    """Probe the gateway at a URL; raises UsageError before anything is sent where something is missing or unsafe.

    `wire` records what is sent.
    """
    where = sandbox_of(url, options.token_url)
    locate = where.locate if where else str
    clue = read_url(url, locate=locate, allow_http=options.allow_http)
    given = options.given(clue)
    token_url = base_connection(given, locate=locate).token_url
    if token_url:
        check_transport(token_url, allow_http=options.allow_http)
    bounded = Bounded(targets.transport(where, wire=wire), [clue.home, *([token_url] if token_url else [])])
    secrets = where.secrets() if where else Secrets()
    credential = _credential(where) if options.identity else None
    if wire:
        secrets = wire.secrets(secrets)
        credential = credential and wire.credential(credential, line=where.token_line if where else entra_line)
    try:
        access = Access(secrets=secrets, credential=credential, locate=locate, written=clue.written)
        return probe(given, bounded, access=access)
    finally:
        bounded.close()


def write_profile(path: Path, profile: Profile, *, overwrite: bool = False) -> None:
    """Write it; a file that holds the same is left as it is, any other is in the way unless `overwrite`."""
    text = profile.to_yaml()
    if path.is_file() and path.read_text(encoding="utf-8", errors="replace") == text:
        return
    write_files({path: text}, overwrite=overwrite)


class SettingsStep:
    """Notebook 10 at work: it belongs to no run, so its checkpoint is written nowhere and only said.

    `wire` shows what went over HTTP, where it was passed to `find_settings`.
    """

    name: Final = "10_find_settings"

    def __init__(self) -> None:
        in_notebook()
        refuse_unknown_parameters()
        self.wire = Wire()

    def write(self, profile: Profile, out: str, *, overwrite: bool = False) -> Path:
        """Write the profile; a relative path lies beside notebooks/, as run folders do."""
        path = run_folder(out)
        write_profile(path, profile, overwrite=overwrite)
        return path

    def checkpoint(self, *, holds: bool, found: str, otherwise: str = "") -> None:
        """Say what was found; raises CheckpointFailed with `otherwise` when the claim does not hold."""
        if not holds:
            raise CheckpointFailed(otherwise or found)
        print(f"✓ {self.name}: {found}")  # noqa: T201  the last line of a notebook


def sandbox_of(*urls: str) -> Target | None:
    """The sandbox, where a URL is one of its own; started for sandbox:// URLs, found for those on its port."""
    if any(url.startswith("sandbox://") for url in urls):
        return targets.sandbox()
    if not any(host in urls[0] for host in LOOPBACK):
        return None
    running = sandbox_process.find()
    place = running.url.partition("://")[2] if running else None
    return targets.sandbox(start=False) if place and place in urls[0] else None


def _credential(where: Target | None) -> TokenCredential:
    if where:
        return where.credential()
    from azure.identity import DefaultAzureCredential

    return DefaultAzureCredential()


def _pair(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon or not name.strip() or not value.strip():
        raise UsageError("a --header is 'name: format', such as 'Authorization: Bearer {api_key}'")
    return name.strip(), value.strip()


def _reference(option: str, text: str) -> str:
    if not is_reference(text):
        raise UsageError(f"{option} is no reference to a secret: write env:NAME, and set that variable")
    return text


def _category(wanted: str) -> Category | None:
    for category in get_args(Category):
        if category == wanted:
            return category  # type: ignore[no-any-return]  # one of its own words
    if wanted:
        raise UsageError(f"no category '{wanted}': write {' or '.join(get_args(Category))}")
    return None
