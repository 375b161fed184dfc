"""Forms without a browser: what they ask, check, show and give; and without a person, the parameters."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from gateway_workbook.errors import UsageError
from gateway_workbook.field import Field
from gateway_workbook.form import Form, Memory
from gateway_workbook.profile import load_profile
from gateway_workbook.profile_form import ProfileForm
from gateway_workbook.workbook import folder

if TYPE_CHECKING:
    from pathlib import Path

NAMES = Field(name="names", title="Names", about="One a line.", kind="lines")
COLOUR = Field(
    name="colour",
    title="Colour",
    about="Of what it is painted in.",
    kind="choice",
    choices=lambda values: [("red", "r"), *([("blue", "b")] if values["many"] else [])],
)
MANY = Field(name="many", title="Many", about="More than one.", kind="switch")
COUNT = Field(name="count", title="Count", about="How many.", kind="number", applies=lambda values: values["many"])
GIVEN: dict[str, Any] = {"names": ["a"], "colour": "r", "many": True, "count": 2}


def small(values: Any) -> dict[str, str]:
    return {"count": "is too large: write 9 at most"} if values["count"] > 9 else {}


@pytest.fixture
def _somebody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SERVER_SOFTWARE", "voila/test")
    monkeypatch.setenv("GATEWAY_WORKBOOK_SANDBOX", str(tmp_path / "no-sandbox"))


def form(memory: Memory | None = None) -> Form:
    return Form((NAMES, COLOUR, MANY, COUNT), dict(GIVEN), check=small, memory=memory)


def control(of: Any, name: str) -> Any:
    return of.row(name).children[0]


def note(of: Any, name: str) -> str:
    return str(of.row(name).children[1].value)


def test_headless_it_is_its_parameters() -> None:
    made = form()
    assert made.box is None
    assert (made.names, made.colour, made.many, made.count) == (["a"], "r", True, 2)
    shown = made._repr_mimebundle_()
    assert set(shown) == {"text/plain", "text/html"}
    assert "Colour" in shown["text/plain"]


def test_headless_the_same_checks_hold() -> None:
    made = Form((COUNT,), {"count": 10, "many": True}, check=small)
    with pytest.raises(UsageError, match="count: is too large: write 9 at most"):
        _ = made.count


@pytest.mark.usefixtures("_somebody")
def test_it_gives_what_a_person_has_chosen() -> None:
    made = form()
    control(made, "names").value = " b \n\nc"
    control(made, "colour").value = "b"
    control(made, "count").value = 5
    assert (made.names, made.colour, made.count) == (["b", "c"], "b", 5)
    bundle = made._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert "<table" in bundle["text/html"]


@pytest.mark.usefixtures("_somebody")
def test_it_shows_only_what_applies_and_offers_only_what_may_be_chosen() -> None:
    made = form()
    control(made, "colour").value = "b"
    control(made, "many").value = False
    assert made.row("count").layout.display == "none"
    assert made.colour == "r"
    assert [value for _, value in control(made, "colour").options] == ["r"]
    control(made, "many").value = True
    assert made.row("count").layout.display == ""


@pytest.mark.usefixtures("_somebody")
def test_it_checks_while_one_types() -> None:
    made = form()
    assert "One a line." in note(made, "names")
    control(made, "count").value = 12
    assert "✗ is too large" in note(made, "count")
    with pytest.raises(UsageError, match="too large"):
        _ = made.names
    control(made, "count").value = 3
    assert "✗" not in note(made, "count")


@pytest.mark.usefixtures("_somebody")
def test_a_change_after_it_was_used_asks_for_the_cells_below() -> None:
    made = form()
    hint = made.box.children[-1]
    control(made, "count").value = 3
    assert hint.value == ""
    assert made.count == 3
    control(made, "count").value = 4
    assert "run the cells below again" in hint.value
    assert made.count == 4
    assert hint.value == ""


@pytest.mark.usefixtures("_somebody")
def test_what_was_chosen_outlives_the_kernel_until_the_parameters_change(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "run" / "forms.json", "02")
    made = form(memory)
    control(made, "count").value = 7
    assert form(memory).count == 2, "nothing was done with it yet"
    assert made.count == 7
    assert form(memory).count == 7
    assert Form((COUNT, MANY), {"count": 3, "many": True}, memory=memory).count == 3
    assert Form((COUNT, MANY), {"count": 3, "many": True}, memory=Memory(memory.path, "03")).count == 3
    assert memory.path.parent.stat().st_mode & 0o077 == 0


def test_headless_neither_reads_nor_writes_what_was_chosen(tmp_path: Path) -> None:
    path = tmp_path / "forms.json"
    path.write_text(json.dumps({"02": {"given": GIVEN, "chosen": {"count": 7}}}))
    before = path.read_bytes()
    assert form(Memory(path, "02")).count == 2
    assert path.read_bytes() == before


@pytest.mark.usefixtures("_somebody")
def test_a_file_of_choices_that_somebody_has_broken_is_none(tmp_path: Path) -> None:
    path = tmp_path / "forms.json"
    path.write_text("[1, 2")
    assert form(Memory(path, "02")).count == 2


# The profile's form


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def profile_form(work: Path, profile: str = "modelgateway-openai", target: str = "sandbox") -> ProfileForm:
    return ProfileForm(profile=profile, target=target, memory=Memory(work / "run" / "forms.json", "00"))


def fields(of: ProfileForm) -> Form:
    return of.fields


def test_headless_a_profile_is_the_one_that_was_named(work: Path) -> None:
    made = profile_form(work)
    assert made.box is None
    assert (made.profile, made.target) == ("modelgateway-openai", "sandbox")
    assert "sandbox://openai/v1" in made._repr_mimebundle_()["text/plain"]
    with pytest.raises(UsageError, match="no profile 'nonsense'"):
        profile_form(work, "nonsense")


@pytest.mark.usefixtures("_somebody")
def test_a_changed_profile_is_saved_as_papermill_takes_it(work: Path) -> None:
    made = profile_form(work)
    assert made.profile == "modelgateway-openai"
    save = made.save
    assert save.button.disabled, "there is nothing to save"
    control(fields(made), "connectionName").value = "contoso"
    control(fields(made), "file").value = "runs/contoso.yaml"
    assert not save.button.disabled
    with pytest.raises(UsageError, match="not saved: press Save"):
        _ = made.profile
    save.button.click()
    assert "✓ wrote" in save.told.value
    assert save.button.disabled
    assert made.profile == "runs/contoso.yaml"
    assert load_profile("runs/contoso.yaml").connection_name == "contoso"
    assert profile_form(work).profile == "runs/contoso.yaml", "it is remembered"
    assert profile_form(work, "apim-static").profile == "apim-static", "until the parameter says otherwise"


@pytest.mark.usefixtures("_somebody")
def test_the_file_is_named_as_the_connection_until_a_person_names_it(work: Path) -> None:
    made = profile_form(work)
    assert control(fields(made), "file").value == "runs/sandbox-openai.yaml"
    control(fields(made), "connectionName").value = "contoso"
    assert control(fields(made), "file").value == "runs/contoso.yaml"
    control(fields(made), "file").value = "mine.yaml"
    control(fields(made), "connectionName").value = "contoso-2"
    assert control(fields(made), "file").value == "mine.yaml"


@pytest.mark.usefixtures("_somebody")
def test_a_file_beside_the_notebook_is_written_where_it_lies(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (work / "notebooks").mkdir()
    monkeypatch.chdir(work / "notebooks")
    mine = work / "notebooks" / "mine.yaml"
    mine.write_text((folder() / "gateways" / "modelgateway-openai.yaml").read_text())
    made = profile_form(work, "mine.yaml")
    control(fields(made), "connectionName").value = "contoso"
    made.save.button.click()
    assert "connectionName: contoso" in mine.read_text()
    assert not (work / "mine.yaml").exists()
    assert load_profile(made.profile).connection_name == "contoso"


@pytest.mark.usefixtures("_somebody")
def test_a_profile_of_ones_own_keeps_its_comments(work: Path) -> None:
    text = (folder() / "gateways" / "modelgateway-openai.yaml").read_text()
    (work / "mine.yaml").write_text(f"# mine\n{text}")
    made = profile_form(work, "mine.yaml")
    control(fields(made), "headerName").value = ""
    control(fields(made), "inferenceAPIVersion").value = "2024-10-21"
    made.save.button.click()
    after = (work / "mine.yaml").read_text()
    assert after.startswith("# mine\n")
    assert "authConfig" not in after
    assert made.profile == "mine.yaml"
    assert load_profile("mine.yaml").inference_api_version == "2024-10-21"


@pytest.mark.usefixtures("_somebody")
def test_another_profile_is_never_written_over(work: Path) -> None:
    (work / "there.yaml").write_text((folder() / "gateways" / "apim-static.yaml").read_text())
    made = profile_form(work)
    control(fields(made), "connectionName").value = "contoso"
    control(fields(made), "file").value = "there.yaml"
    assert "holds another profile" in note(fields(made), "file")
    assert made.save.button.disabled


@pytest.mark.usefixtures("_somebody")
def test_choosing_another_to_start_from_fills_every_field(work: Path) -> None:
    made = profile_form(work)
    control(fields(made), "profile").value = "modelgateway-oauth2"
    assert control(fields(made), "authType").value == "OAuth2"
    assert control(fields(made), "staticModels").value == "gpt-4o | gpt-4o | 2024-08-06"
    assert fields(made).row("apiKey").layout.display == "none"
    assert made.save.button.disabled
    assert made.profile == "modelgateway-oauth2"
    for name in ("apim-defaults", "apim-identity", "modelgateway-custom-headers", "modelgateway-openai"):
        control(fields(made), "profile").value = name
        assert made.profile == name


@pytest.mark.usefixtures("_somebody")
def test_changing_the_kind_leaves_a_form_that_can_be_mended(work: Path) -> None:
    made = profile_form(work, "modelgateway-oauth2")
    control(fields(made), "category").value = "ApiManagement"
    assert control(fields(made), "authType").value == "ApiKey"
    assert "missing" in note(fields(made), "apiKey")
    control(fields(made), "apiKey").value = "env:CONTOSO_KEY"
    assert not fields(made).problems()


@pytest.mark.usefixtures("_somebody")
def test_beside_it_stand_the_profile_and_the_requests(work: Path) -> None:
    made = profile_form(work)
    assert "connectionName: sandbox-openai" in made.aside.value
    made.which.value = "To the gateway"
    assert "GET sandbox://openai/v1/models\nAuthorization: Bearer •••" in made.aside.value
    assert "POST sandbox://openai/v1/chat/completions" in made.aside.value
    made.which.value = "To Foundry"
    assert "PUT https://management.azure.com/subscriptions/" in made.aside.value
    assert "&lt;env:SANDBOX_API_KEY&gt;" in made.aside.value
    control(fields(made), "targetUrl").value = "nonsense"
    assert "mend what is marked first" in made.aside.value


@pytest.mark.usefixtures("_somebody")
def test_a_key_in_the_place_of_its_reference_is_shown_as_dots(work: Path) -> None:
    made = profile_form(work)
    control(fields(made), "apiKey").value = "sk-canary-1"
    assert "•••" in made.aside.value
    assert "canary" not in made.aside.value + note(fields(made), "apiKey")
    assert made.save.button.disabled


@pytest.mark.usefixtures("_somebody")
def test_a_secret_goes_into_the_kernel_and_nowhere_else(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CONTOSO_KEY", raising=False)
    made = profile_form(work)
    box = fields(made).secret_box.widget
    assert not box.children, "the sandbox knows its own"
    control(fields(made), "targetUrl").value = "https://gateway.test/v1"
    control(fields(made), "apiKey").value = "env:CONTOSO_KEY"
    (place,) = box.children
    password, told = place.children
    assert "not set" in told.value
    password.value = "canary-7"
    assert os.environ["CONTOSO_KEY"] == "canary-7"
    assert password.value == ""
    assert "✓ set" in told.value
    made.save.button.click()
    written = "".join(path.read_text() for path in work.rglob("*") if path.is_file())
    assert "canary" not in written
    assert "env:CONTOSO_KEY" in written
