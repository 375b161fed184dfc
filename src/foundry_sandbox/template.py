"""A deployment template as written: its sections, checked for shape before anything in it is evaluated."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from foundry_sandbox.template_error import TemplateError
from foundry_sandbox.template_text import position

if TYPE_CHECKING:
    from collections.abc import Mapping

SCHEMA: Final = re.compile(
    r"https?://schema\.management\.azure\.com/schemas/[\w.-]+/deploymentTemplate\.json#?", re.IGNORECASE
)
SECTIONS: Final = frozenset(
    {"$schema", "languageVersion", "contentVersion", "apiProfile", "metadata"}
    | {"parameters", "variables", "resources", "outputs", "functions", "definitions"}
)
NOT_PLAYED: Final = ("functions", "definitions")
MEMBERS: Final = frozenset(
    {"condition", "type", "apiVersion", "name", "comments", "metadata", "location", "dependsOn", "tags", "sku"}
    | {"kind", "identity", "copy", "properties", "resources", "existing", "subscriptionId", "resourceGroup"}
)


@dataclass(frozen=True, kw_only=True)
class Declared:
    """A resource as written; `symbol` is its symbolic name, in templates that have them."""

    body: Mapping[str, Any]
    place: str
    symbol: str | None = None


@dataclass(frozen=True, kw_only=True)
class Template:
    """A template whose sections have the right shape; `place` leads to it from the outermost one."""

    parameters: Mapping[str, Mapping[str, Any]]
    variables: Mapping[str, Any]
    resources: tuple[Declared, ...]
    outputs: Mapping[str, Mapping[str, Any]]
    place: str = ""

    @property
    def symbolic(self) -> bool:
        """Say whether the resources have symbolic names."""
        return any(resource.symbol is not None for resource in self.resources)


def read(value: Any, *, place: str = "") -> Template:
    """Check a template's shape. Raises TemplateError."""
    whole = _object(value, place=place or "template")
    _check_sections(whole, place=place)
    return Template(
        parameters=_objects(whole, "parameters", place=place),
        variables=_object(whole.get("variables") or {}, place=under(place, "variables")),
        resources=tuple(_resources(whole, place=under(place, "resources"))),
        outputs=_objects(whole, "outputs", place=place),
        place=place,
    )


def under(place: str, name: str) -> str:
    """Return the place of a member."""
    return f"{place}.{name}" if place else name


def _check_sections(whole: Mapping[str, Any], *, place: str) -> None:
    unknown = [name for name in whole if name not in SECTIONS]
    if unknown:
        raise TemplateError(f"a template has no section '{unknown[0]}'", place=under(place, unknown[0]))
    for name in NOT_PLAYED:
        if whole.get(name):
            raise TemplateError("this section is not played by the sandbox", place=under(place, name))
    schema = whole.get("$schema")
    if not isinstance(schema, str) or not SCHEMA.fullmatch(schema):
        mend = "use the deploymentTemplate.json schema of a resource group's templates"
        raise TemplateError(f"the schema is missing or of another scope: {mend}", place=under(place, "$schema"))
    if not isinstance(whole.get("contentVersion"), str):
        raise TemplateError("'contentVersion' is required, 1.0.0.0 for example", place=under(place, "contentVersion"))
    if "resources" not in whole:
        raise TemplateError("'resources' is required", place=under(place, "resources"))


def _resources(whole: Mapping[str, Any], *, place: str) -> list[Declared]:
    listed, version = whole["resources"], whole.get("languageVersion")
    if isinstance(listed, dict):
        if version != "2.0":
            raise TemplateError("symbolic names need 'languageVersion': '2.0'", place=place)
        found = [Declared(symbol=name, body=body, place=f"{place}.{name}") for name, body in listed.items()]
    elif isinstance(listed, list):
        found = [Declared(body=body, place=f"{place}[{at}]") for at, body in enumerate(listed)]
    else:
        raise TemplateError("an array is wanted, or an object of symbolic names", place=place)
    for one in found:
        _check_resource(one)
    return found


def _check_resource(declared: Declared) -> None:
    body = _object(declared.body, place=declared.place)
    unknown = [name for name in body if name not in MEMBERS]
    if unknown:
        raise TemplateError(f"the sandbox knows no member '{unknown[0]}' of a resource", place=declared.place)
    for name in ("type", "apiVersion", "name"):
        if not isinstance(body.get(name), str) or not body[name]:
            raise TemplateError(f"'{name}' is required and must be text", place=f"{declared.place}.{name}")
    if body.get("resources"):
        raise TemplateError(
            "child resources are not played here: write the whole type and name at the top",
            place=f"{declared.place}.resources",
        )
    if body.get("existing") and declared.symbol is None:
        raise TemplateError("'existing' needs symbolic names", place=f"{declared.place}.existing")


def _objects(whole: Mapping[str, Any], section: str, *, place: str) -> dict[str, dict[str, Any]]:
    here = under(place, section)
    members = _object(whole.get(section) or {}, place=here)
    return {name: _object(member, place=f"{here}.{name}") for name, member in members.items()}


def _object(value: Any, *, place: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TemplateError("an object is wanted", place=place).placed(place, position=position(value))
    return value
