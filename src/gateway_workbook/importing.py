"""A form of a profile, or a connection that is there, made into a profile that a run takes."""

from __future__ import annotations

__all__ = ["Imported", "import_profile"]

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from gateway_workbook.errors import UsageError
from gateway_workbook.profile import Profile
from gateway_workbook.profile_rules import SECRETS, header_variable
from gateway_workbook.secrets import is_reference, looks_secret

if TYPE_CHECKING:
    from gateway_workbook.reading import Reading
    from gateway_workbook.target import Target


@dataclass(frozen=True)
class Imported:
    """A profile, and a sentence for each thing that its form could not tell, or should not have told."""

    profile: Profile
    told: tuple[str, ...] = ()


def import_profile(
    reading: Reading, *, changes: Mapping[str, str | None] | None = None, target: Target | None = None
) -> Imported:
    """The profile of a reading; raises ProfileError with every problem.

    `changes` are fields that its reader knows better; None is no change. A secret written out becomes a reference, and
    is repeated nowhere. With the sandbox as `target`, its URLs become sandbox:// ones, and a secret its own.
    """
    document = reading.document
    if not isinstance(document.value, Mapping):
        return Imported(Profile.parse(document))
    data = {**document.value, **{name: value for name, value in (changes or {}).items() if value}}
    if data.get("authType") == "OAuth2" and not data.get("clientId"):
        raise UsageError(f"{document.source} does not tell the clientId of its OAuth2 client: add --client-id ID")
    variables = _written_out(data)
    data = _unlocated(_by_reference(data, variables), target)
    data, read = _sandbox_secret(data, reading.told)
    told = [f"{place} is a secret written out: set {variable} to it" for place, variable in variables.items()]
    return Imported(Profile.parse(replace(document, value=data)), (*read, *told))


def _written_out(data: Mapping[str, Any]) -> dict[str, str]:
    """The places of secrets written out, with the environment variable that each belongs into."""
    fields = {name: variable for name, variable in SECRETS.items() if _is_value(data.get(name))}
    headers = data.get("customHeaders")
    names = headers if isinstance(headers, Mapping) else {}
    return fields | {
        f"customHeaders.{name}": header_variable(name)
        for name, value in names.items()
        if looks_secret(name) and _is_value(value)
    }


def _by_reference(data: Mapping[str, Any], variables: Mapping[str, str]) -> dict[str, Any]:
    changed = dict(data)
    for place, variable in variables.items():
        field, _, header = place.partition(".")
        reference = f"env:{variable}"
        changed[field] = {**changed[field], header: reference} if header else reference
    return changed


def _is_value(value: object) -> bool:
    return isinstance(value, str) and value != "" and not is_reference(value)


def _unlocated(data: dict[str, Any], target: Target | None) -> dict[str, Any]:
    """The data with the sandbox's own URLs as profiles write them; its port may change."""
    if target is None or target.descriptor is None:
        return data
    begin = f"{target.descriptor.url}/gateways/"
    urls = {name: data[name] for name in ("targetUrl", "tokenUrl") if str(data.get(name)).startswith(begin)}
    return data | {name: f"sandbox://{url.removeprefix(begin)}" for name, url in urls.items()}


def _sandbox_secret(data: dict[str, Any], told: tuple[str, ...]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The data with the sandbox's own secret where the reader had to invent a reference, and what is told of that."""
    if not str(data.get("targetUrl")).startswith("sandbox://"):
        return data, told
    invented = [name for name in SECRETS if any(line.startswith(f"{name} is not in it: ") for line in told)]
    own = {name: SECRETS[name].replace("GATEWAY_", "SANDBOX_") for name in invented}
    kept = tuple(line for line in told if not line.startswith(tuple(f"{name} is not in it: " for name in own)))
    notes = (f"{name} is the sandbox's own: {variable} need not be set" for name, variable in own.items())
    return data | {name: f"env:{variable}" for name, variable in own.items()}, (*kept, *notes)
