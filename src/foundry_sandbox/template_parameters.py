"""Parameters and outputs of a template: their types, and the rules a parameter's value must keep."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from foundry_sandbox.template_error import TemplateError
from foundry_sandbox.template_function import kind
from foundry_sandbox.template_text_functions import same

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

KINDS: Final = {
    "string": "text",
    "securestring": "text",
    "int": "int",
    "bool": "bool",
    "array": "array",
    "object": "object",
    "secureobject": "object",
}
# The spelling Azure answers with.
SPELLING: Final = {
    **{name: name.capitalize() for name in KINDS},
    "securestring": "SecureString",
    "secureobject": "SecureObject",
}


def type_of(declaration: Mapping[str, Any], *, place: str) -> str:
    """Return the declared type in lower case. Raises TemplateError for one that is not played."""
    declared = declaration.get("type")
    if not isinstance(declared, str) or declared.lower() not in KINDS:
        raise TemplateError(f"'type' must be one of {', '.join(KINDS)}", place=f"{place}.type")
    return declared.lower()


def is_secure(declared: str) -> bool:
    """Say whether a value of this type may never be shown."""
    return declared.startswith("secure")


def typed(value: Any, declared: str) -> dict[str, Any]:
    """Return a value with its type as an answer has it; a secure one without the value."""
    return {"type": SPELLING[declared]} if is_secure(declared) else {"type": SPELLING[declared], "value": value}


def given_value(name: str, given: Mapping[str, Any]) -> Any:
    """Return what the deployment gives for a parameter: a `value`, and nothing else is played."""
    entry = given[name]
    if isinstance(entry, dict) and "value" in entry:
        return entry["value"]
    if isinstance(entry, dict) and "reference" in entry:
        raise TemplateError(
            "a Key Vault reference is not played here, the sandbox has no vault: give the value itself",
            place=f"parameters.{name}",
        )
    raise TemplateError("an object with 'value' is wanted", place=f"parameters.{name}")


def check(value: Any, *, declaration: Mapping[str, Any], place: str) -> None:
    """Check a value against its declaration. Raises TemplateError, which does not tell the value."""
    declared = type_of(declaration, place=place)
    if value is None and declaration.get("nullable") is True:
        return
    if kind(value) != KINDS[declared]:
        raise TemplateError(f"the value must be of type {declared}, not {kind(value)}", place=place)
    for complaint in _complaints(value, declaration):
        raise TemplateError(complaint, place=place)


def _complaints(value: Any, declaration: Mapping[str, Any]) -> Iterator[str]:
    allowed = declaration.get("allowedValues")
    if isinstance(allowed, list) and not _allowed(value, allowed):
        yield f"the value is not one of the allowedValues: {', '.join(str(one) for one in allowed)}"
    if isinstance(value, (str, list)):
        yield from _bounds(len(value), declaration, least="minLength", most="maxLength")
    if kind(value) == "int":
        yield from _bounds(value, declaration, least="minValue", most="maxValue")


def _allowed(value: Any, allowed: list[Any]) -> bool:
    if isinstance(value, list):
        return all(any(same(item, one) for one in allowed) for item in value)
    return any(same(value, one) for one in allowed)


def _bounds(measure: int, declaration: Mapping[str, Any], *, least: str, most: str) -> Iterator[str]:
    what = "length" if least == "minLength" else "value"
    if least in declaration and measure < declaration[least]:
        yield f"the {what} is below the {least} of {declaration[least]}"
    if most in declaration and measure > declaration[most]:
        yield f"the {what} is above the {most} of {declaration[most]}"
