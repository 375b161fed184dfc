"""Diagnose the corpus and print its confusion tables: `python -m tests.faults.answers`."""

from __future__ import annotations

from tests.faults.answers.corpus import confusion, found
from tests.faults.answers.held_out import HELD_OUT
from tests.faults.answers.injected import INJECTED
from tests.faults.answers.wordings import WORDINGS

for name, cases in (("injected", INJECTED), ("wordings", WORDINGS), ("held out", HELD_OUT)):
    pairs = [(case.code, found(case).code) for case in cases]
    print(f"\n{name}\n{confusion(pairs)}")  # noqa: T201  this is its output
