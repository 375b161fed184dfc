"""What a prompt agent may be: the checks on a definition before a version is made of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from foundry_sandbox.refusal import invalid
from foundry_sandbox.tool_definitions import check_tools

if TYPE_CHECKING:
    from collections.abc import Mapping

AGENT_NAME = re.compile(r"[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?")


def check_name(name: str) -> None:
    """Refuse a name that is not 1 to 63 letters, digits and inner hyphens."""
    if not AGENT_NAME.fullmatch(name):
        rule = "at most 63 letters, digits and hyphens, with a letter or digit at both ends"
        raise invalid(f"the agent name {name!r} is not allowed: use {rule}")


def check(definition: object) -> Mapping[str, Any]:
    """Return the definition of a prompt agent, or refuse it and say why."""
    if not isinstance(definition, dict):
        raise invalid("'definition' is required and must be an object")
    if definition.get("kind") != "prompt":
        raise invalid(f"an agent of kind {definition.get('kind')!r} is not played here: only 'prompt' agents are")
    if not isinstance(definition.get("model"), str) or not definition["model"]:
        raise invalid("'definition.model' is required: '<connection>/<deployment>' or a deployment of the project")
    check_tools(definition.get("tools") or [], model=definition["model"])
    return definition
