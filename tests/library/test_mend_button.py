"""The button that applies a mend: it shows what it writes, works once, and is never built where nobody is."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from jupyter_client.manager import start_new_kernel

from gateway_workbook.discovery import Discovered, DiscoveredModel
from gateway_workbook.finding import Finding
from gateway_workbook.front_end import somebody_there
from gateway_workbook.mend_form import KeyForm, MendForm, mend_button
from gateway_workbook.workbook import folder

if TYPE_CHECKING:
    from pathlib import Path

READY = folder() / "gateways" / "modelgateway-openai.yaml"


def finding(**change: object) -> Finding:
    return Finding.model_validate(
        {"code": "wrong-path", "field": "targetUrl", "found": "404", "mend": "mend <it>", "change": change}
    )


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_bytes(READY.read_bytes())
    return path


def test_it_shows_the_lines_and_writes_them_when_pressed(mine: Path) -> None:
    form = MendForm(finding(deploymentInPath=True, customHeaders={"X-A": "a<b"}), mine)
    assert form.action.button.description == "Apply"
    assert not form.action.button.disabled
    assert "\n-deploymentInPath: false\n" in form.difference.value
    assert "\n+deploymentInPath: true\n" in form.difference.value
    assert "a&lt;b" in form.difference.value
    assert "a<b" not in form.difference.value
    assert mine.read_bytes() == READY.read_bytes()
    form.action.button.click()
    assert "deploymentInPath: true" in mine.read_text()
    assert f"✓ wrote {mine}: run 00_start_here again" in form.action.told.value


def test_it_cannot_be_pressed_twice(mine: Path) -> None:
    form = MendForm(finding(deploymentInPath=True), mine)
    form.action.button.click()
    assert form.action.button.disabled
    mine.write_bytes(READY.read_bytes())
    form.action.button.click()
    assert mine.read_bytes() == READY.read_bytes()


def test_a_file_that_changed_meanwhile_is_left_alone(mine: Path) -> None:
    form = MendForm(finding(deploymentInPath=True), mine)
    mine.write_text(mine.read_text() + "# more\n")
    form.action.button.click()
    assert "has changed meanwhile" in form.action.told.value
    assert mine.read_text().endswith("# more\n")


def test_what_cannot_be_written_has_a_button_that_cannot_be_pressed() -> None:
    before = READY.read_bytes()
    form = MendForm(finding(deploymentInPath=True), "modelgateway-openai")
    assert form.action.button.disabled
    assert "workbook&#x27;s own profile: copy" in form.action.told.value
    assert "mend &lt;it&gt;" in form.difference.value
    form.action.button.click()
    assert READY.read_bytes() == before


def test_without_a_person_there_is_no_button(mine: Path) -> None:
    assert not somebody_there()
    assert mend_button([finding(deploymentInPath=True)], mine) is None


def test_a_refused_key_has_a_place_for_another(mine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERVER_SOFTWARE", "voila/test")
    monkeypatch.setenv("MY_KEY", "wrong")
    mine.write_text(mine.read_text().replace("env:SANDBOX_API_KEY", "env:MY_KEY"))
    refused = finding().model_copy(update={"code": "wrong-key"})
    assert mend_button([refused], mine) is not None
    assert mend_button([], mine) is None
    form = KeyForm(mine)
    (secret,) = form.secrets
    control = secret.widget.children[0]
    control.value = " canary-42 "
    assert os.environ["MY_KEY"] == "canary-42"
    assert control.value == ""
    assert "canary" not in form.told.value + secret.widget.children[1].value
    assert "run the cells above again" in form.told.value


def test_the_first_finding_with_a_change_is_the_one_to_mend() -> None:
    def model(name: str, found: Finding) -> DiscoveredModel:
        return DiscoveredModel(deployment=name, model=name, callable="no", finding=found)

    without, with_change = finding(), finding(deploymentInPath=True).model_copy(update={"found": "405"})
    found = Discovered(source="static", models=(model("a", without), model("b", with_change)))
    assert found.mendable == with_change
    assert Discovered(source="static", models=(model("a", without),)).mendable is None


def test_a_front_end_with_a_person_is_told_from_papermills_client() -> None:
    manager, client = start_new_kernel(kernel_name="python3")
    told: list[str] = []
    try:
        for allowed in (True, False):
            client.execute_interactive(
                "from gateway_workbook.front_end import somebody_there; print(somebody_there())",
                allow_stdin=allowed,
                timeout=60,
                output_hook=lambda message: told.append(message["content"].get("text", "")),
            )
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    assert [text.strip() for text in told if text.strip()] == ["True", "False"]
