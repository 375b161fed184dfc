"""Every notebook keeps to the rules that make it a lesson, and run anywhere."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest

NOTEBOOKS = sorted(
    (Path(__file__).parents[2] / "notebooks").glob("[0-9]*.ipynb")
)  # walkthrough.ipynb is a page, no lesson
LONGEST_CELL = 15


def read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request: pytest.FixtureRequest) -> Any:
    return read(request.param)


def code(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def parameters(notebook: Any) -> list[Any]:
    return [cell for cell in code(notebook) if "parameters" in cell.metadata.get("tags", [])]


def test_the_walkthrough_is_complete() -> None:
    names = [path.stem for path in NOTEBOOKS]
    assert names[:6] == [
        "00_start_here",
        "01_create_connections",
        "02_discover_models",
        "03_deploy_agent",
        "04_validate_prompts",
        "05_clean_up",
    ]


def test_it_is_valid_and_carries_no_outputs(notebook: Any) -> None:
    nbformat.validate(notebook)
    assert not [cell.id for cell in code(notebook) if cell.outputs or cell.execution_count]
    assert "widgets" not in notebook.metadata


def test_it_opens_with_a_question_and_what_you_will_have(notebook: Any) -> None:
    first = notebook.cells[0]
    assert first.cell_type == "markdown"
    assert re.match(r"# .+\?\n", first.source)
    assert "**You will have:**" in first.source
    assert "**Before you begin:**" in first.source


def test_one_parameters_cell_of_typed_literals_with_help(notebook: Any) -> None:
    (cell,) = parameters(notebook)
    statements = ast.parse(cell.source).body
    assert all(isinstance(statement, ast.AnnAssign) for statement in statements)
    for statement in statements:
        assert isinstance(statement, ast.AnnAssign)
        assert statement.value is not None
        ast.literal_eval(statement.value)
    # papermill tells its own injected cell from ours by this first line
    assert not cell.source.startswith("# Parameters")


def test_a_sentence_stands_before_every_code_cell(notebook: Any) -> None:
    before = None
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert before is not None, cell.id
            assert before.cell_type == "markdown", cell.id
        before = cell


def test_three_to_six_numbered_steps_then_a_checkpoint(notebook: Any) -> None:
    headings = [line for cell in notebook.cells if cell.cell_type == "markdown" for line in cell.source.splitlines()]
    numbers = [int(match[1]) for line in headings if (match := re.match(r"## (\d)\. ", line))]
    assert numbers == list(range(1, len(numbers) + 1))
    assert 3 <= len(numbers) <= 6
    assert "## Checkpoint" in headings
    assert "step.checkpoint(" in code(notebook)[-1].source


def test_cells_are_short_and_plain(notebook: Any) -> None:
    for cell in code(notebook):
        assert len(cell.source.splitlines()) <= LONGEST_CELL, cell.id
        assert not re.search(r"sys\.path|^[!%]|ipywidgets\.Output|input\(", cell.source, re.MULTILINE), cell.id
