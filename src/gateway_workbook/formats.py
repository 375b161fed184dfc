"""Has IPython show the workbook's values by their views; nothing of them is imported before one is shown."""

from __future__ import annotations

__all__ = ["SHOWN", "register"]

from typing import Any, Final

from IPython.core.getipython import get_ipython

SHOWN: Final = {
    "profile": ("Profile",),
    "connection": ("Connection",),
    "finding": ("Finding",),
    "discovery": ("Discovered",),
    "readiness": ("Readiness",),
    "target": ("Target",),
    "tools": ("Tools",),
    "suite": ("Suite",),
    "validation": ("Verdict",),
    "triage": ("Triage",),
    "route_proof": ("RouteProof",),
    "run": ("AgentRecord", "ConnectionRecord", "Cleanup", "Validation"),
}


def register() -> None:
    """Tell the IPython that runs here, if one does; any number of times is the same as once."""
    shell = get_ipython()
    formatter = shell.display_formatter if shell else None
    if formatter is None:
        return
    for module, classes in SHOWN.items():
        for name in classes:
            formatter.mimebundle_formatter.for_type_by_name(f"gateway_workbook.{module}", name, _bundle)


def _bundle(value: Any) -> dict[str, Any]:
    from gateway_workbook.views import view_of

    return view_of(value).bundle()
