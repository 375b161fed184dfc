"""Evaluating a template's values: expressions inside texts, objects and arrays, and the loops of `copy`."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from foundry_sandbox import template_collection_functions, template_text_functions
from foundry_sandbox.template_error import TemplateError
from foundry_sandbox.template_expression import Access, Call, Literal, Node, is_expression, parse, unescaped
from foundry_sandbox.template_function import Functions, as_bool, as_int, as_text
from foundry_sandbox.template_text import position

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

PURE: Final = {**template_text_functions.FUNCTIONS, **template_collection_functions.FUNCTIONS}
LONGEST_LOOP: Final = 800  # turns, as Azure
ELSEWHERE: Final = {
    **dict.fromkeys(("utcnow", "newguid"), "only a parameter's defaultValue can use it"),
    **dict.fromkeys(("reference", "listsecrets", "listkeys"), "only resource properties and outputs can use it"),
    **dict.fromkeys(("variables", "resourceinfo"), "a parameter's defaultValue cannot use it"),
}


@dataclass(frozen=True, kw_only=True)
class Frame:
    """What an expression can use where it stands: the place's functions, the lambda variables and loops around it."""

    functions: Functions
    variables: Mapping[str, Any] = field(default_factory=dict)
    loops: Mapping[str, int] = field(default_factory=dict)

    def within(self, loop: str, *, turn: int) -> Frame:
        """Return the frame of one turn of a loop."""
        return replace(self, loops={**self.loops, loop.lower(): turn})


def resolve(value: Any, *, place: str, frame: Frame) -> Any:
    """Return a value of the template with everything in it evaluated. Raises TemplateError with the place."""
    if isinstance(value, str):
        return _text(value, place=place, frame=frame)
    if isinstance(value, list):
        return [resolve(item, place=f"{place}[{at}]", frame=frame) for at, item in enumerate(value)]
    if isinstance(value, dict):
        return _object(value, place=place, frame=frame)
    return value


def turns(loop: Mapping[str, Any], *, place: str, frame: Frame) -> Iterator[Frame]:
    """Yield a frame for each turn of a `copy`."""
    count = resolve(loop.get("count"), place=f"{place}.count", frame=frame)
    name = resolve(loop.get("name"), place=f"{place}.name", frame=frame)
    if not isinstance(name, str) or not isinstance(count, int) or not 0 <= count <= LONGEST_LOOP:
        raise TemplateError(f"a loop needs a name, and a count from 0 to {LONGEST_LOOP}", place=place)
    for turn in range(count):
        yield frame.within(name, turn=turn)


def evaluate(node: Node, frame: Frame) -> Any:
    """Evaluate one expression. Raises TemplateError, which says at which character."""
    if isinstance(node, Literal):
        return node.value
    try:
        return _access(node, frame) if isinstance(node, Access) else _call(node, frame)
    except TemplateError as error:
        raise error.behind(node.at) from error


def _text(value: str, *, place: str, frame: Frame) -> Any:
    if not is_expression(value):
        return str(unescaped(value))
    try:
        return evaluate(parse(value), frame)
    except TemplateError as error:
        raise error.placed(place, position=position(value)) from error


def _object(value: dict[str, Any], *, place: str, frame: Frame) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, inner in value.items():
        if key == "copy" and isinstance(inner, list):
            found |= _loops(inner, place=f"{place}.copy", frame=frame)
        else:
            name = as_text(resolve(key, place=place, frame=frame))
            found[name] = resolve(inner, place=f"{place}.{key}", frame=frame)
    return found


def _loops(loops: list[Any], *, place: str, frame: Frame) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for at, loop in enumerate(loops):
        here = f"{place}[{at}]"
        if not isinstance(loop, dict) or "input" not in loop:
            raise TemplateError("a loop needs name, count and input", place=here)
        filled = [
            resolve(loop["input"], place=f"{here}.input", frame=turn) for turn in turns(loop, place=here, frame=frame)
        ]
        found[str(loop["name"])] = filled
    return found


def _access(node: Access, frame: Frame) -> Any:
    value = evaluate(node.of, frame)
    return template_collection_functions.element(value, evaluate(node.key, frame), safe=node.safe)


def _call(node: Call, frame: Frame) -> Any:
    name = node.name.lower()
    if name in _FORMS:
        return _FORMS[name](node.arguments, frame)
    function = frame.functions.get(name) or PURE.get(name)
    if function is None:
        raise TemplateError(_unknown(node.name))
    return function([evaluate(argument, frame) for argument in node.arguments])


def _unknown(name: str) -> str:
    if name.lower() in ELSEWHERE:
        return f"function '{name}' cannot be used here: {ELSEWHERE[name.lower()]}"
    return f"function '{name}' is not one the sandbox knows"


def _if(arguments: tuple[Node, ...], frame: Frame) -> Any:
    if len(arguments) != 3:  # noqa: PLR2004  # condition, then, else
        raise TemplateError(f"function 'if' takes 3 arguments, not {len(arguments)}")
    condition, yes, no = arguments
    return evaluate(yes if as_bool(evaluate(condition, frame)) else no, frame)


def _lambda(arguments: tuple[Node, ...], frame: Frame) -> Callable[..., Any]:
    if not arguments:
        raise TemplateError("function 'lambda' takes its variables and one expression")
    names = [as_text(evaluate(argument, frame)) for argument in arguments[:-1]]

    def call(*values: Any) -> Any:
        if len(names) > len(values):
            raise TemplateError(f"a lambda of {len(names)} variables is called with {len(values)} values")
        known = {**frame.variables, **dict(zip(names, values, strict=False))}
        return evaluate(arguments[-1], replace(frame, variables=known))

    return call


def _lambda_variable(arguments: tuple[Node, ...], frame: Frame) -> Any:
    name = as_text(evaluate(arguments[0], frame)) if arguments else ""
    if name not in frame.variables:
        raise TemplateError(f"no lambda around has a variable '{name}'")
    return frame.variables[name]


def _copy_index(arguments: tuple[Node, ...], frame: Frame) -> int:
    values = [evaluate(argument, frame) for argument in arguments]
    named = bool(values) and isinstance(values[0], str)
    name = values[0].lower() if named else next(reversed(list(frame.loops)), "")
    if name not in frame.loops:
        raise TemplateError("function 'copyIndex' names no loop around it")
    offset = values[named:]
    return frame.loops[name] + (as_int(offset[0]) if offset else 0)


_FORMS: Final[Mapping[str, Callable[[tuple[Node, ...], Frame], Any]]] = {
    "if": _if,
    "lambda": _lambda,
    "lambdavariables": _lambda_variable,
    "copyindex": _copy_index,
}
