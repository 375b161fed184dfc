"""Each fault of the corpus yields its finding; where the finding has a change, the same call then succeeds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway_workbook.diagnosis import diagnose
from tests.faults.answers.corpus import Case, call, found, injected, rebuilt
from tests.faults.answers.held_out import HELD_OUT
from tests.faults.answers.injected import INJECTED
from tests.faults.answers.wordings import WORDINGS
from tests.library.wire import KEY

if TYPE_CHECKING:
    from tests.faults.conftest import Diagnosed

CORPUS = (*INJECTED, *WORDINGS)
MEASURED = 13  # of 25, once, when they were written


@pytest.mark.parametrize("case", CORPUS, ids=lambda case: case.name)
def test_the_fault_is_told_by_its_name(case: Case, diagnosed: Diagnosed) -> None:
    finding = found(case)
    diagnosed("one call alone", case.code, finding.code)
    assert finding.code == case.code
    assert finding.mend
    assert KEY not in finding.model_dump_json()


@pytest.mark.parametrize("case", [case for case in INJECTED if case.mended], ids=lambda case: case.name)
def test_the_change_makes_the_same_call_succeed(case: Case) -> None:
    with injected(case) as connection:
        change = diagnose(call(connection, case.asked), connection, deployment="gpt-4o").change
        assert change
        assert call(rebuilt(case, connection.target, change), case.asked).ok


def test_what_was_held_out_is_told_no_worse_than_when_it_was_measured(diagnosed: Diagnosed) -> None:
    pairs = [(case.code, found(case).code) for case in HELD_OUT]
    for label, code in pairs:
        diagnosed("held out before", label, code)
    assert sum(label == code for label, code in pairs) >= MEASURED
