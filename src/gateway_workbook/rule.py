"""One rule of diagnosis: which answers it fits, the cause it names, and the mend."""

from __future__ import annotations

__all__ = ["Rule", "fault", "no_change"]

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway_workbook.finding import Change, Confidence
    from gateway_workbook.network import Fault
    from gateway_workbook.observation import Observation


def no_change(_: Observation) -> Change:
    """Nothing in the profile mends it, or the answer alone does not tell what."""
    return {}


@dataclass(frozen=True, kw_only=True)
class Rule:
    """`when` it fits, `cause` is why and `mend` what to do; both may name facts in braces, see `diagnosis.facts`.

    `field` is the part of the profile that is to blame; `change` gives the fields that mend it, where the answer alone
    tells them.
    """

    code: str
    when: Callable[[Observation], bool]
    cause: str
    mend: str
    field: str = "targetUrl"
    change: Callable[[Observation], Change] = no_change
    confidence: Confidence = "likely"


def fault(*faults: Fault) -> Callable[[Observation], bool]:
    """Fits where no answer came, for one of these reasons."""
    return lambda seen: seen.exchange.status is None and seen.exchange.fault in faults
