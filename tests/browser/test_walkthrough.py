"""The notebooks in JupyterLab, opened one from the other and run by a person's clicks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .conftest import Note
    from .lab_page import LabPage

pytestmark = pytest.mark.browser

NAMES = (
    "00_start_here",
    "01_create_connections",
    "02_discover_models",
    "03_deploy_agent",
    "04_validate_prompts",
    "05_clean_up",
)


def test_each_notebook_leads_to_the_next_and_ends_well(lab_page: LabPage, note: Note) -> None:
    notebook = lab_page.open(NAMES[0])
    note(f"{notebook.seconds:5.1f} s until {notebook.name} can be run, JupyterLab's page and all")
    for name in NAMES:
        if notebook.name != name:
            notebook = notebook.follow(name)
            note(f"{notebook.seconds:5.1f} s from the link until {name} can be run")
        notebook.run_all()
        assert notebook.errors() == []
        assert notebook.last_line.startswith(f"✓ {name}: ")
    note(f"apim-defaults, from 00_start_here to clean: {lab_page.hand}")
