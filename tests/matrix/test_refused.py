"""Every cell that the contract forbids: refused before a request, with the place and the mend."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from gateway_workbook.document import Document
from gateway_workbook.errors import ProfileError
from gateway_workbook.profile import Profile
from tests.conftest import COMMAND
from tests.matrix.forbidden import MISTAKES, Forbidden, bases, refused

if TYPE_CHECKING:
    from pathlib import Path

    from tests.matrix.cells import Cell

REFUSED = list(refused())


@pytest.mark.parametrize(
    ("mistake", "cell"), REFUSED, ids=[f"{mistake.name}-{cell}".replace("/", "~") for mistake, cell in REFUSED]
)
def test_a_forbidden_cell_is_refused_with_the_place_and_the_mend(mistake: Forbidden, cell: Cell) -> None:
    with pytest.raises(ProfileError) as caught:
        Profile.parse(Document("cell.yaml", mistake.profile(cell, 1)))
    problems = [problem for problem in caught.value.problems if mistake.place in problem.partition(": ")[0]]
    assert len(problems) == 1, caught.value
    assert mistake.told in problems[0]


def test_every_mistake_befalls_a_cell_and_no_cell_is_wrong_without_one() -> None:
    assert {mistake.name for mistake, _ in REFUSED} == {mistake.name for mistake in MISTAKES}
    for cell in bases():
        Profile.parse(Document("cell.yaml", cell.profile("https://gateway.test", 1)))


@pytest.mark.parametrize("mistake", MISTAKES[2::7], ids=lambda mistake: mistake.name)
def test_the_command_line_refuses_before_anything_runs(mistake: Forbidden, tmp_path: Path) -> None:
    cell = next(cell for cell in bases() if mistake.befalls(cell))
    file = tmp_path / "cell.yaml"
    file.write_text(json.dumps(mistake.profile(cell, 1)), encoding="utf-8")
    words = ["run", "--profile", str(file), "--run-dir", str(tmp_path / "run")]
    done = subprocess.run([COMMAND, *words], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 2
    assert mistake.told in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "run").exists()
