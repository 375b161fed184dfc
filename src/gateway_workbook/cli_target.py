"""Where a command finds the project: one rule for all that take `--target` and `--project`."""

from __future__ import annotations

__all__ = ["chosen_target"]

from typing import TYPE_CHECKING

from gateway_workbook.errors import UsageError

if TYPE_CHECKING:
    from gateway_workbook.target import Target


def chosen_target(kind: str | None, *, project: str | None = None) -> Target:
    """The target of that kind; without one Azure where a project is named, else the sandbox, which is started.

    Raises UsageError for another kind, and for Azure without a project.
    """
    from gateway_workbook import target as targets

    wanted = kind or ("azure" if project else "sandbox")
    if wanted == "sandbox" and project:
        raise UsageError("--project is for --target azure: the sandbox has one project")
    if wanted == "sandbox":
        return targets.sandbox()
    if wanted != "azure":
        raise UsageError(f"no target '{wanted}': write sandbox or azure")
    return targets.azure(project)
