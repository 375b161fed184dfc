"""Functions of the template language for arrays and objects, those that take a lambda among them."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Final

from foundry_sandbox.template_error import TemplateError
from foundry_sandbox.template_function import (
    ANY_NUMBER,
    Functions,
    as_array,
    as_bool,
    as_int,
    as_object,
    as_text,
    find_key,
    kind,
    wanted,
    written,
)
from foundry_sandbox.template_text_functions import same

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Lambda = Callable[..., Any]

FUNCTIONS: Final = Functions()
define = FUNCTIONS.define
LONGEST: Final = 10_000

define("createArray", 0, ANY_NUMBER)(lambda *items: list(items))
define("array")(lambda value: value if isinstance(value, list) else [value])
define("objectKeys")(lambda members: sorted(as_object(members), key=str.lower))
define("coalesce", 1, ANY_NUMBER)(lambda *values: next((value for value in values if value is not None), None))
define("first")(lambda value: _end(value, 0))
define("last")(lambda value: _end(value, -1))
define("min", 1, ANY_NUMBER)(lambda *values: min(_numbers(values)))
define("max", 1, ANY_NUMBER)(lambda *values: max(_numbers(values)))
define("flatten")(lambda several: [item for items in as_array(several) for item in as_array(items)])
define("map", 2)(lambda items, to: [called(to, item, at) for at, item in enumerate(as_array(items))])
define("mapValues", 2)(lambda members, to: {key: called(to, value) for key, value in as_object(members).items()})


@define("createObject", 0, ANY_NUMBER)
def _create_object(*parts: object) -> dict[str, Any]:
    if len(parts) % 2:
        raise TemplateError("names and values come in pairs")
    return {as_text(name): value for name, value in zip(parts[::2], parts[1::2], strict=True)}


@define("concat", 1, ANY_NUMBER)
def _concat(*parts: object) -> str | list[Any]:
    if isinstance(parts[0], list):
        return [item for part in parts for item in as_array(part)]
    wrong = [part for part in parts if kind(part) not in {"text", "int", "bool"}]
    return wanted("text", wrong[0]) if wrong else "".join(map(written, parts))


@define("union", 2, ANY_NUMBER)
def _union(*parts: object) -> dict[str, Any] | list[Any]:
    if isinstance(parts[0], list):
        return distinct(item for part in parts for item in as_array(part))
    return functools.reduce(_merged, [as_object(part) for part in parts])


@define("intersection", 2, ANY_NUMBER)
def _intersection(first: object, *others: object) -> dict[str, Any] | list[Any]:
    if isinstance(first, list):
        kept = [item for item in first if all(_holds(as_array(other), item) for other in others)]
        return distinct(kept)
    rest = [as_object(other) for other in others]
    common = as_object(first).items()
    return {key: value for key, value in common if all(key in one and same(one[key], value) for one in rest)}


@define("contains", 2)
def _contains(whole: object, part: object) -> bool:
    if isinstance(whole, str):
        return written(part) in whole
    if isinstance(whole, dict):
        return find_key(whole, as_text(part)) is not None
    return _holds(as_array(whole), part)


@define("take", 2)
def _take(value: object, count: object) -> str | list[Any]:
    return _sequence(value)[: max(0, as_int(count))]


@define("skip", 2)
def _skip(value: object, count: object) -> str | list[Any]:
    return _sequence(value)[max(0, as_int(count)) :]


@define("range", 2)
def _range(start: object, count: object) -> list[int]:
    if not 0 <= as_int(count) <= LONGEST:
        raise TemplateError(f"a count from 0 to {LONGEST} is wanted")
    return list(range(as_int(start), as_int(start) + as_int(count)))


@define("items")
def _items(members: object) -> list[dict[str, Any]]:
    return [{"key": key, "value": value} for key, value in sorted(as_object(members).items(), key=_lower_key)]


@define("shallowMerge")
def _shallow_merge(several: object) -> dict[str, Any]:
    return {key: value for members in as_array(several) for key, value in as_object(members).items()}


@define("tryGet", 2, ANY_NUMBER)
def _try_get(value: object, *keys: object) -> Any:
    return functools.reduce(lambda inner, key: element(inner, key, safe=True), keys, value)


@define("filter", 2)
def _filter(items: object, keep: Lambda) -> list[Any]:
    return [item for at, item in enumerate(as_array(items)) if as_bool(called(keep, item, at))]


@define("sort", 2)
def _sort(items: object, before: Lambda) -> list[Any]:
    def compared(one: object, other: object) -> int:
        return int(as_bool(called(before, other, one))) - int(as_bool(called(before, one, other)))

    return sorted(as_array(items), key=functools.cmp_to_key(compared))


@define("reduce", 3)
def _reduce(items: object, start: object, step: Lambda) -> Any:
    return functools.reduce(lambda so_far, item: called(step, so_far, item), as_array(items), start)


@define("toObject", 2, 3)
def _to_object(items: object, key: Lambda, value: Lambda | None = None) -> dict[str, Any]:
    return {as_text(called(key, item)): item if value is None else called(value, item) for item in as_array(items)}


@define("groupBy", 2)
def _group_by(items: object, key: Lambda) -> dict[str, Any]:
    groups: dict[str, list[Any]] = {}
    for item in as_array(items):
        groups.setdefault(as_text(called(key, item)), []).append(item)
    return groups


def called(function: object, *values: object) -> Any:
    """Call a lambda with as many of the values as it takes."""
    if not callable(function):
        wanted("a lambda", function)
    return function(*values)


def element(value: object, key: object, *, safe: bool) -> Any:
    """Return a property of an object or an element of an array; a safe look gives null where there is none."""
    if safe and value is None:
        return None
    if isinstance(value, dict):
        name = find_key(value, as_text(key))
        if name is not None or safe:
            return None if name is None else value[name]
        known = ", ".join(value) or "none"
        raise TemplateError(f"property '{key}' does not exist: there is {known}")
    items = value if isinstance(value, list) else wanted("an object or array", value)
    at = as_int(key)
    if 0 <= at < len(items) or safe:
        return items[at] if 0 <= at < len(items) else None
    raise TemplateError(f"index {at} is outside an array of {len(items)}")


def distinct(items: Iterable[Any]) -> list[Any]:
    """Return the items in order, each once."""
    found: list[Any] = []
    for item in items:
        if not _holds(found, item):
            found.append(item)
    return found


def _merged(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    both = dict(one)
    for key, value in other.items():
        old = both.get(key)
        both[key] = _merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return both


def _holds(items: list[Any], wanted_item: object) -> bool:
    return any(same(item, wanted_item) for item in items)


def _lower_key(pair: tuple[str, object]) -> str:
    return pair[0].lower()


def _sequence(value: object) -> str | list[Any]:
    return value if isinstance(value, (str, list)) else wanted("text or array", value)


def _size(value: object) -> int:
    return len(value) if isinstance(value, (str, list, dict)) else wanted("text, array or object", value)


def _end(value: object, at: int) -> Any:
    items = _sequence(value)
    if items:
        return items[at]
    return "" if isinstance(items, str) else None


def _numbers(values: tuple[Any, ...]) -> list[int]:
    found = as_array(values[0]) if len(values) == 1 and isinstance(values[0], list) else list(values)
    if not found:
        raise TemplateError("at least one int is wanted")
    return [as_int(value) for value in found]


define("length")(_size)
define("empty")(lambda value: value is None or _size(value) == 0)
