"""The resources of a template one by one: loops unrolled, names and conditions worked out, ids written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from foundry_sandbox import template_facts
from foundry_sandbox.template_error import TemplateError
from foundry_sandbox.template_evaluation import Frame, resolve, turns

if TYPE_CHECKING:
    from collections.abc import Iterator

    from foundry_sandbox.template import Declared, Template

ELSEWHERE: Final = {"subscription": "subscriptionId", "group": "resourceGroup"}


@dataclass(frozen=True, kw_only=True)
class Target:
    """A resource a deployment makes or reads."""

    id: str
    type: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Item:
    """A resource of the template, or one turn of its loop; an inactive one has a false condition."""

    declared: Declared
    frame: Frame
    target: Target
    active: bool
    loop: str = ""

    @property
    def place(self) -> str:
        """Return the path to the resource in the template."""
        return self.declared.place

    @property
    def deployed(self) -> bool:
        """Say whether this is made, and not only read."""
        return self.active and not self.declared.body.get("existing")

    @property
    def label(self) -> str:
        """Return what expressions call it: its symbolic name, with the turn of a loop, or its name."""
        symbol = self.declared.symbol
        if symbol is None:
            return self.target.name
        return f"{symbol}[{self.frame.loops[self.loop.lower()]}]" if self.loop else symbol

    def called(self, name: str) -> bool:
        """Say whether `dependsOn` means this resource: by id, name, symbolic name or the name of its loop."""
        identifier = self.target.id
        names = {self.label, self.target.name, self.loop, self.declared.symbol or ""}
        names |= {identifier, identifier.partition("/providers/")[2]}
        return bool(name) and name.lower() in {one.lower() for one in names}


def items(template: Template, *, frame: Frame) -> list[Item]:
    """List the resources of a template in its order. Raises TemplateError."""
    found = [item for declared in template.resources for item in _turned(declared, frame=frame)]
    first: dict[str, Item] = {}
    for item in found:
        other = first.setdefault(item.target.id.lower(), item) if item.deployed else item
        if other is not item:
            raise TemplateError(
                f"the resource '{item.target.name}' is defined more than once, at {other.place} too", place=item.place
            )
    return found


def _turned(declared: Declared, *, frame: Frame) -> Iterator[Item]:
    loop = declared.body.get("copy")
    if loop is None:
        yield _item(declared, frame=frame)
        return
    place = f"{declared.place}.copy"
    if not isinstance(loop, dict):
        raise TemplateError("an object with name and count is wanted", place=place)
    for turn in turns(loop, place=place, frame=frame):
        yield _item(declared, frame=turn, loop=str(loop["name"]))


def _item(declared: Declared, *, frame: Frame, loop: str = "") -> Item:
    def field(name: str, kind: type, default: Any = None) -> Any:
        place = f"{declared.place}.{name}"
        value = resolve(declared.body.get(name, default), place=place, frame=frame)
        if not isinstance(value, kind):
            raise TemplateError("true or false is wanted" if kind is bool else "text is wanted", place=place)
        return value

    kind, name = field("type", str), field("name", str)
    scope = {key: field(member, str) for key, member in ELSEWHERE.items() if member in declared.body}
    try:
        group = template_facts.group_id(**scope)
        identifier = template_facts.resource_id(group, kind=kind, names=name.split("/"))
    except TemplateError as error:
        raise TemplateError(
            f"the name does not fit the type: {error.message}", place=f"{declared.place}.name"
        ) from error
    target = Target(id=identifier, type=kind, name=name)
    return Item(declared=declared, frame=frame, target=target, active=field("condition", bool, default=True), loop=loop)
