"""What the names of one template mean: its parameters and variables, each worked out when first asked for."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from foundry_sandbox import template_parameters
from foundry_sandbox.template import under
from foundry_sandbox.template_error import TemplateError
from foundry_sandbox.template_evaluation import Frame, resolve, turns
from foundry_sandbox.template_function import Functions, as_text, find_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from foundry_sandbox.template import Template

# .NET's letters, and strftime's.
TIME: Final = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S"}


class Scope:
    """The parameters and variables of a template, deployed with `given` parameters."""

    def __init__(self, template: Template, given: Mapping[str, Any], *, facts: Functions) -> None:
        self.template = template
        self._given = given
        base = Functions(facts)
        self._parameter = _Named("parameter", template.parameters, make=self._worked_out)
        base.define("parameters")(self._parameter)
        defaults = Functions(base)
        defaults.define("newGuid", 0)(lambda: str(uuid.uuid4()))
        defaults.define("utcNow", 0, 1)(_utc_now)
        self._defaults = Frame(functions=defaults)
        self.frame = Frame(functions=base)
        looped = self._looped_variables()
        names = [*(name for name in template.variables if name != "copy"), *looped]
        base.define("variables")(_Named("variable", names, make=lambda name: self._variable(name, looped)))
        self._check_given()
        self.parameters = {name: self._parameter(name) for name in template.parameters}

    def type_of(self, name: str) -> str:
        """Return the type a parameter is declared with."""
        return template_parameters.type_of(self.template.parameters[name], place=self._place("parameters", name))

    def _place(self, section: str, name: str) -> str:
        return under(self.template.place, f"{section}.{name}")

    def _check_given(self) -> None:
        unknown = [name for name in self._given if find_key(dict(self.template.parameters), name) is None]
        if unknown:
            known = ", ".join(self.template.parameters) or "none"
            raise TemplateError(
                f"the template has no such parameter: it has {known}", place=self._place("parameters", unknown[0])
            )

    def _worked_out(self, name: str) -> Any:
        declaration, place = self.template.parameters[name], self._place("parameters", name)
        given = find_key(dict(self._given), name)
        if given is not None:
            value = template_parameters.given_value(given, self._given)
        elif "defaultValue" in declaration:
            value = resolve(declaration["defaultValue"], place=f"{place}.defaultValue", frame=self._defaults)
        elif declaration.get("nullable") is True:
            value = None
        else:
            raise TemplateError("the parameter has no value and no default", place=place)
        template_parameters.check(value, declaration=declaration, place=place)
        return value

    def _looped_variables(self) -> dict[str, tuple[str, Mapping[str, Any]]]:
        loops = self.template.variables.get("copy")
        place = self._place("variables", "copy")
        if not isinstance(loops, list):
            return {}
        return {str(loop.get("name")): (f"{place}[{at}]", loop) for at, loop in enumerate(loops)}

    def _variable(self, name: str, looped: Mapping[str, tuple[str, Mapping[str, Any]]]) -> Any:
        if name not in looped:
            return resolve(self.template.variables[name], place=self._place("variables", name), frame=self.frame)
        place, loop = looped[name]
        frames = turns(loop, place=place, frame=self.frame)
        return [resolve(loop.get("input"), place=f"{place}.input", frame=turn) for turn in frames]


class _Named:
    """Looks values up by name, making each once; one that needs itself is refused."""

    def __init__(self, what: str, names: Iterable[str], *, make: Callable[[str], Any]) -> None:
        self._what = what
        self._names = dict.fromkeys(names)
        self._make = make
        self._made: dict[str, Any] = {}
        self._making: set[str] = set()

    def __call__(self, asked: Any) -> Any:
        name = find_key(self._names, as_text(asked))
        if name is None:
            raise TemplateError(f"the template has no {self._what} '{asked}'")
        if name in self._making:
            raise TemplateError(f"{self._what} '{name}' is defined by itself")
        if name not in self._made:
            self._making.add(name)
            self._made[name] = self._make(name)
            self._making.discard(name)
        return self._made[name]


def _utc_now(pattern: Any = "yyyyMMddTHHmmssZ") -> str:
    written = as_text(pattern)
    for letters, code in TIME.items():
        written = written.replace(letters, code)
    return datetime.now(UTC).strftime(written)
