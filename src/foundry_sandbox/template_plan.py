"""Planning a deployment: every resource in its order, evaluated and validated before anything is stored."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from foundry_sandbox import template, template_facts, template_parameters
from foundry_sandbox.template_error import TemplateError
from foundry_sandbox.template_evaluation import Frame, resolve, turns
from foundry_sandbox.template_function import Functions, as_text
from foundry_sandbox.template_item import Item, Target, items
from foundry_sandbox.template_scope import Scope
from foundry_sandbox.template_text import position

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from foundry_sandbox import connections
    from foundry_sandbox.template import Template
    from foundry_sandbox.template_world import World

CONNECTIONS: Final[Mapping[str, connections.Scope]] = {
    "microsoft.cognitiveservices/accounts/connections": "account",
    "microsoft.cognitiveservices/accounts/projects/connections": "project",
}
NESTED: Final = "microsoft.resources/deployments"


@dataclass(frozen=True, kw_only=True)
class Order:
    """A template to be deployed under a name, with its parameters."""

    name: str
    template: Any
    parameters: Mapping[str, Any] = field(repr=False)
    place: str = ""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A deployment that can be carried out. Values of secure types are left out of parameters and outputs."""

    name: str
    parameters: Mapping[str, Any]
    outputs: Mapping[str, Any]
    targets: tuple[Target, ...]
    nested: tuple[Plan, ...]


def plan(order: Order, *, world: World, around: Frame | None = None) -> Plan:
    """Plan a deployment; `around` is the outer template's frame, for a nested one that is evaluated in it.

    Raises TemplateError or ResourceError.
    """
    read = template.read(order.template, place=order.place)
    if around is not None:
        return _Planner(read, world=world, frame=around).plan(order, parameters={})
    scope = Scope(read, order.parameters, facts=template_facts.facts(order.name, url=world.state.url))
    types = {name: scope.type_of(name) for name in scope.parameters}
    for name, value in scope.parameters.items():
        if template_parameters.is_secure(types[name]):
            world.hide(value)
    parameters = {name: template_parameters.typed(value, types[name]) for name, value in scope.parameters.items()}
    return _Planner(read, world=world, frame=scope.frame).plan(order, parameters=parameters)


def check_mode(properties: Mapping[str, Any], *, place: str) -> None:
    """Refuse what would delete: only Incremental deployments are played."""
    if str(properties.get("mode", "Incremental")).lower() != "incremental":
        raise TemplateError("only mode Incremental is played here", place=f"{place}.mode")


class _Planner:
    def __init__(self, read: Template, *, world: World, frame: Frame) -> None:
        self._template = read
        self._world = world
        self._frame = frame
        self._items = items(read, frame=frame)
        self._done: set[str] = set()
        self._doing: set[str] = set()
        self._nested: list[Plan] = []

    def plan(self, order: Order, *, parameters: Mapping[str, Any]) -> Plan:
        deployed = [item for item in self._items if item.deployed]
        for item in deployed:
            self._do(item)
        return Plan(
            name=order.name,
            parameters=parameters,
            outputs=dict(self._outputs()),
            targets=tuple(item.target for item in deployed),
            nested=tuple(self._nested),
        )

    def _do(self, item: Item) -> None:
        key = item.target.id.lower()
        if key in self._done or not item.deployed:
            return
        if key in self._doing:
            raise TemplateError("the resource depends on itself, perhaps by way of others", place=item.place)
        self._doing.add(key)
        for other in self._before(item):
            self._do(other)
        self._deploy(item)
        self._doing.discard(key)
        self._done.add(key)

    def _before(self, item: Item) -> Iterator[Item]:
        place = f"{item.place}.dependsOn"
        for at, written in enumerate(item.declared.body.get("dependsOn") or []):
            wanted = as_text(resolve(written, place=f"{place}[{at}]", frame=item.frame))
            named = [one for one in self._items if one.called(wanted)]
            if not named:
                raise TemplateError(f"no resource of the template is called '{wanted}'", place=f"{place}[{at}]")
            yield from named

    def _deploy(self, item: Item) -> None:
        kind, properties = item.target.type.lower(), item.declared.body.get("properties")
        if kind == NESTED:
            self._deploy_nested(item, properties)
        elif kind in CONNECTIONS:
            frame = self._runtime(item.frame)
            evaluated = resolve(properties, place=f"{item.place}.properties", frame=frame)
            self._world.plan_connection(CONNECTIONS[kind], identifier=item.target.id, properties=evaluated)
        else:
            known = "connections of an account or a project, and nested deployments"
            raise TemplateError(
                f"resource type '{item.target.type}' is not one the sandbox deploys: it deploys {known}"
            ).placed(f"{item.place}.type", position=position(item.declared.body["type"]))

    def _deploy_nested(self, item: Item, properties: Any) -> None:
        place, frame = f"{item.place}.properties", self._runtime(item.frame)
        if not isinstance(properties, dict) or "template" not in properties:
            raise TemplateError("a nested deployment needs 'template': links are not played here", place=place)
        check_mode(properties, place=place)
        parameters = resolve(properties.get("parameters") or {}, place=f"{place}.parameters", frame=frame)
        order = Order(
            name=item.target.name,
            template=properties["template"],
            parameters=parameters,
            place=f"{place}.template",
        )
        made = plan(order, world=self._world, around=None if _is_inner(properties) else item.frame)
        self._nested.append(made)
        self._world.plan(item.target, {"provisioningState": "Succeeded", "outputs": made.outputs})

    def _runtime(self, frame: Frame) -> Frame:
        table = Functions(frame.functions)
        table.define("reference", 1, 3)(self._reference)
        table.define("resourceInfo")(self._info)
        table.define("listSecrets", 1, 3)(lambda name, *_: self._listed(name, action="listSecrets"))
        table.define("listKeys", 1, 3)(lambda name, *_: self._listed(name, action="listKeys"))
        return Frame(functions=table, variables=frame.variables, loops=frame.loops)

    def _reference(self, name: Any, version: Any = None, whole: Any = None) -> Any:
        resource = self._world.read(self._seen(as_text(name), versioned=version is not None))
        return resource if str(whole).lower() == "full" else resource["properties"]

    def _listed(self, name: Any, *, action: str) -> Any:
        return self._world.secrets(self._seen(as_text(name), versioned=True), action=action)

    def _seen(self, name: str, *, versioned: bool) -> str:
        """Return the id behind a name or id; a resource that is named, or has no version, is planned first."""
        if name.startswith("/"):
            known = [item for item in self._items if item.deployed and item.target.id.lower() == name.lower()]
            if not known and not versioned:
                raise TemplateError("a resource outside the template needs an apiVersion as second argument")
            for item in [] if versioned else known:
                self._do(item)
            return name
        item = self._named(name)
        self._do(item)
        return item.target.id

    def _named(self, name: str) -> Item:
        named = [one for one in self._items if name.lower() in {one.label.lower(), one.target.name.lower()}]
        if not named:
            raise TemplateError(f"no resource of the template is called '{name}'")
        return next((one for one in named if one.active), named[0])

    def _info(self, name: Any) -> dict[str, str]:
        item = self._named(as_text(name))
        version = str(item.declared.body["apiVersion"])
        return {"id": item.target.id, "name": item.target.name, "type": item.target.type, "apiVersion": version}

    def _outputs(self) -> Iterator[tuple[str, Any]]:
        frame = self._runtime(self._frame)
        for name, output in self._template.outputs.items():
            place = template.under(self._template.place, f"outputs.{name}")
            if resolve(output.get("condition", True), place=f"{place}.condition", frame=self._frame) is not True:
                continue
            declared = template_parameters.type_of(output, place=place)
            value = _output_value(output, place=place, frame=frame)
            template_parameters.check(value, declaration=output, place=place)
            yield name, template_parameters.typed(value, declared)


def _is_inner(properties: Mapping[str, Any]) -> bool:
    options = properties.get("expressionEvaluationOptions")
    return isinstance(options, dict) and str(options.get("scope")).lower() == "inner"


def _output_value(output: Mapping[str, Any], *, place: str, frame: Frame) -> Any:
    if not isinstance(output.get("copy"), dict):
        return resolve(output.get("value"), place=f"{place}.value", frame=frame)
    loop = {"name": place, **output["copy"]}
    frames = turns(loop, place=f"{place}.copy", frame=frame)
    return [resolve(loop.get("input"), place=f"{place}.copy.input", frame=turn) for turn in frames]
