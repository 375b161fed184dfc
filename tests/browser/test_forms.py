"""What a person does in the notebooks' forms: fill in a gateway, mend a wrong key, mend a wrong setting."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Note, Screenshot
    from .lab_page import LabPage
    from .notebook import Notebook

pytestmark = pytest.mark.browser

AFTER_THE_FORM = "load_profile(form.profile)"
ARRIVED = ("01_create_connections", "02_discover_models", "03_deploy_agent", "04_validate_prompts")
VARIABLE = "MY_GATEWAY_KEY"


@pytest.fixture
def key(sandbox_state: Path, lab_page: LabPage) -> str:
    """The key that the sandbox's gateways take."""
    lab_page.open("00_start_here").run_all()
    descriptor = json.loads((sandbox_state / "sandbox.json").read_text(encoding="utf-8"))
    return str(descriptor["environment"]["SANDBOX_API_KEY"])


def passed(notebook: Notebook) -> bool:
    assert notebook.errors() == []
    return f"✓ {notebook.name}: " in "\n".join(notebook.outputs())


@pytest.mark.parametrize("start", ["apim-static", "modelgateway-openai"])
def test_from_the_form_to_green_verdicts(start: str, lab_page: LabPage, note: Note, screenshot: Screenshot) -> None:
    notebook = lab_page.open("00_start_here")
    notebook.run_all()
    notebook.choose("Start from", f"{start} (ready)")
    notebook.fill("Connection", f"my-{start}")
    notebook.click_button("Save")
    notebook.see("wrote ")
    notebook.run_from(notebook.cell_with(AFTER_THE_FORM))
    assert passed(notebook)
    screenshot(lab_page.page, "00")
    for name in ARRIVED:
        notebook = notebook.follow(name)
        notebook.run_all()
        assert passed(notebook)
        screenshot(lab_page.page, name[:2])
    assert "10 of 10 verdicts passed" in notebook.last_line
    note(f"{start} under a name of one's own, from 00_start_here to green verdicts: {lab_page.hand}")
