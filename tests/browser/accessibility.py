"""What axe-core says about a page, as far as it keeps somebody out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from axe_playwright_python.sync_playwright import Axe

if TYPE_CHECKING:
    from playwright.sync_api import Page

_GRAVE: Final = ("serious", "critical")


def serious_findings(page: Page, *, within: str | None = None) -> list[str]:
    """Each violation of serious or critical impact: the rule, what would help, and where; inside a selector or all."""
    found = Axe().run(page, context=within).response["violations"]
    return [
        _sentence(violation, node)
        for violation in found
        if violation["impact"] in _GRAVE
        for node in violation["nodes"]
    ]


def _sentence(violation: dict[str, Any], node: dict[str, Any]) -> str:
    where = " ".join(map(str, node["target"]))
    why = node["failureSummary"].splitlines()[-1].strip()
    return f"{violation['id']}: {violation['help']}: {where}: {why}"
