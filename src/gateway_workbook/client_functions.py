"""The client's side of a function tool: the agent calls by name with JSON, the client's function answers."""

from __future__ import annotations

__all__ = ["Functions", "call_function"]

import json
from collections.abc import Callable, Mapping
from inspect import signature
from typing import Any

Functions = Mapping[str, Callable[..., object]]


def call_function(functions: Functions, *, name: str, arguments: str) -> tuple[str, str | None]:
    """What to tell the agent, and the problem if there was one.

    A name that is not there, arguments that do not fit and a function that fails are told to the agent: it may ask
    again, or say so.
    """
    try:
        result = _called(functions, name, arguments)
        output = result if isinstance(result, str) else json.dumps(result, ensure_ascii=False)
    except Exception as error:  # noqa: BLE001  somebody else's code: whatever it raises is the answer to this call
        problem = str(error) if isinstance(error, _BadCallError) else f"{type(error).__name__}: {error}"
        return json.dumps({"error": problem}, ensure_ascii=False), problem
    return output, None


class _BadCallError(Exception):
    pass


def _called(functions: Functions, name: str, arguments: str) -> object:
    function = functions.get(name)
    if function is None:
        raise _BadCallError(f"no function '{name}' here: there is {', '.join(sorted(functions)) or 'none'}")
    try:
        given: Any = json.loads(arguments or "{}")
    except (ValueError, RecursionError):
        raise _BadCallError(f"the arguments of {name} are not JSON: call it with an object") from None
    if not isinstance(given, dict):
        raise _BadCallError(f"the arguments of {name} are no object: call it with one")
    try:
        bound = signature(function).bind(**given)
    except TypeError as error:
        raise _BadCallError(f"{name} does not take these arguments: {error}") from None
    return function(*bound.args, **bound.kwargs)
