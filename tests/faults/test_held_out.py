"""How well the rules do on gateways they were not made for: measured once, and since then no worse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway_workbook.diagnosis import RULES
from tests.faults.held_out import HELD_OUT
from tests.faults.later import LATER
from tests.faults.test_later import code_of
from tests.faults.wordings import WORDINGS

if TYPE_CHECKING:
    from tests.faults.conftest import Diagnosed

MEASURED = 21  # named rightly when they were first diagnosed


def test_what_was_held_out_is_named_no_worse_than_at_first(diagnosed: Diagnosed) -> None:
    pairs = [(worded.code, code_of(worded)) for worded in HELD_OUT.values()]
    for label, code in pairs:
        diagnosed("held out", label, code)
    assert sum(label == code for label, code in pairs) >= MEASURED


def test_what_is_held_out_is_in_no_other_set_and_has_a_label_that_exists() -> None:
    assert not HELD_OUT.keys() & (WORDINGS.keys() | LATER.keys())
    assert {worded.code for worded in HELD_OUT.values()} <= {rule.code for rule in RULES}
