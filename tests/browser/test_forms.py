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
WRONG = "sk-wrong-and-made-up"


def key_of(sandbox_state: Path) -> str:
    """The key that the sandbox's gateways take."""
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


def test_a_wrong_key_is_diagnosed_where_it_shows_and_another_one_given(
    lab_page: LabPage, sandbox_state: Path, note: Note, screenshot: Screenshot
) -> None:
    start = lab_page.open("00_start_here").run_all()
    right = key_of(sandbox_state)
    start.fill("Connection", "my-key")
    start.fill("Key", f"env:{VARIABLE}")
    start.fill("Its value", WRONG)
    start.see("✓ set")
    start.click_button("Save")
    start.see("wrote ")
    assert passed(start.run_from(start.cell_with(AFTER_THE_FORM)))
    create = start.follow("01_create_connections").run_all()
    assert VARIABLE in str(create.errors())
    create.fill("Its value", WRONG)
    assert passed(create.run_from(create.cell_with("create(step")))
    discover = create.follow("02_discover_models").run_all()
    discover.fill("Its value", WRONG)
    discover.run_from(discover.cell_with("discover(gateway"))
    discover.see("wrong-key")
    screenshot(lab_page.page)

    before = lab_page.hand.clicks
    discover.fill("Its value", right)
    discover.see("01_create_connections sends it to Foundry")
    create = discover.follow("01_create_connections")
    create.fill("Its value", right)
    create.check("Write over one that differs")
    assert passed(create.run_from(create.cell_with("create(step")))
    discover = create.follow("02_discover_models")
    assert passed(discover.run_from(discover.cell_with("discover(gateway")))
    note(f"a wrong key, from its finding to green again: {lab_page.hand.clicks - before} clicks, and the key twice")
    assert passed(discover.follow("03_deploy_agent").run_all())

    lab_page.save_all()
    written = {path: path.read_bytes() for path in lab_page.folder.parent.rglob("*") if path.is_file()}
    assert len([path for path in written if path.suffix == ".ipynb" and b'"output_type"' in written[path]]) == 4
    for secret in (WRONG, right):
        assert [path.name for path, content in written.items() if secret.encode() in content] == []


def test_a_wrong_setting_is_mended_by_the_button(lab_page: LabPage, note: Note, screenshot: Screenshot) -> None:
    ready = (lab_page.folder / "gateways" / "apim-defaults.yaml").read_text(encoding="utf-8")
    mine = lab_page.folder.parent / "runs" / "mine.yaml"
    mine.parent.mkdir()
    mine.write_text(
        ready.replace("deploymentInPath: true", "deploymentInPath: false").replace("sandbox-apim", "my-mistake"),
        encoding="utf-8",
    )
    start = lab_page.open("00_start_here").run_all()
    start.choose("Start from", "mine.yaml")
    assert passed(start.run_from(start.cell_with(AFTER_THE_FORM)))
    create = start.follow("01_create_connections").run_all()
    assert passed(create)
    discover = create.follow("02_discover_models").run_all()
    assert discover.errors()

    before = lab_page.hand.clicks
    discover.click_button("Apply")
    discover.see(f"wrote {mine}")
    screenshot(lab_page.page)
    assert "deploymentInPath: true" in mine.read_text(encoding="utf-8")
    assert passed(discover.follow("00_start_here").run_all())
    create = start.follow("01_create_connections").run_all()
    assert create.errors()
    create.check("Write over one that differs")
    assert passed(create.run_from(create.cell_with("create(step")))
    assert passed(create.follow("02_discover_models").run_all())
    note(f"a wrong setting, from its finding to green again: {lab_page.hand.clicks - before} clicks")


def test_a_step_that_was_overtaken_is_called_stale(lab_page: LabPage, screenshot: Screenshot) -> None:
    notebook = lab_page.open("00_start_here").run_all()
    create = notebook.follow("01_create_connections").run_all()
    notebook = create.follow("02_discover_models").run_all()
    assert [told.split()[0] for told in notebook.rail().values()] == ["✓", "✓", "✓", "–", "–", "–"]
    create = notebook.follow("01_create_connections").run_all()
    screenshot(lab_page.page)
    told = list(create.rail().values())
    assert [one.split()[0] for one in told] == ["✓", "✓", "↺", "–", "–", "–"]
    assert told[2].startswith("↺ stale")
    assert "01_create_connections" in told[2]
