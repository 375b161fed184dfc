"""Every cell that the contract allows: stored right, found right, and called right from both sides."""

from __future__ import annotations

from itertools import combinations, product
from typing import TYPE_CHECKING

import pytest

from gateway_workbook.discovery import discover
from gateway_workbook.document import Document
from gateway_workbook.finding import is_error
from gateway_workbook.gateway import Gateway
from gateway_workbook.profile import Profile
from tests.matrix.cells import OFFERED, TOGETHER, Cell, axes, cells
from tests.matrix.contract import broken, demands, warned

if TYPE_CHECKING:
    from tests.matrix.conftest import Bench

CELLS = cells()


@pytest.mark.parametrize(("number", "cell"), list(enumerate(CELLS)), ids=[str(cell) for cell in CELLS])
def test_a_cell_is_stored_and_called_as_the_contract_demands(number: int, cell: Cell, bench: Bench) -> None:
    profile = Profile.parse(Document("cell.yaml", cell.profile(bench.recorder.origin, number)))
    wanted = bench.connections.describe(profile)
    bench.connections.put(wanted)
    assert bench.connections.compare(wanted) == ("unchanged", ())
    findings = bench.connections.findings(wanted)
    assert not is_error(findings), findings
    assert {finding.code for finding in findings} == warned(cell)

    bench.recorder.take()
    gateway = Gateway(wanted, bench.http, secrets=bench.secrets, credential=bench.credential)
    found = discover(gateway, only=[cell.name])
    assert broken(bench.recorder.take(), demands(cell, number, discovers=True)) == []
    assert (found.problem, found.callable) == (None, [cell.name])

    answer = bench.ask(f"{wanted.name}/{cell.name}", f"hello from cell {number}")
    seen = bench.recorder.take()
    assert broken(seen, demands(cell, number, discovers=False)) == []
    assert f"hello from cell {number}".encode() in seen[-1].body
    assert answer["output"][0]["content"][0]["text"] == "from the recorder"


def test_the_matrix_holds_every_triple_of_settings_and_every_url() -> None:
    assert len(CELLS) == len(set(CELLS)) == 511
    for category, auth in OFFERED:
        rows = [cell for cell in CELLS if (cell.category, cell.auth) == (category, auth)]
        values = axes(category, auth)
        for names in (*combinations(values, 3), TOGETHER):
            held = {tuple(getattr(cell, name) for name in names) for cell in rows}
            assert held == set(product(*(values[name] for name in names)))
