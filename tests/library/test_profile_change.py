"""A change of a profile in the file a person wrote: nothing else in it moves, and nothing unusable is written."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from gateway_workbook.document import Document
from gateway_workbook.errors import ProfileError, UsageError
from gateway_workbook.export import FORMS, export
from gateway_workbook.profile import Profile, load_profile
from gateway_workbook.profile_change import change_profile, changed, in_words
from gateway_workbook.workbook import folder, ready_names
from gateway_workbook.yaml_edit import edited
from tests.library.parameter_files import SHAPES, parameter_file
from tests.library.profiles import profiles

if TYPE_CHECKING:
    from pathlib import Path

    from gateway_workbook.finding import Change
    from gateway_workbook.target import Target

ORDER = [str(field.alias) for field in Profile.model_fields.values()]
WRITTEN = """\
# Mine.
category: ModelGateway   # not API Management
connectionName: 'mine'

# where it is
targetUrl: "https://gateway.test/v1" # with /v1
authType: ApiKey
apiKey: env:KEY
# the header
authConfig:
  # as the vendor says
  name: Authorization
  format: "Bearer {api_key}" # Bearer, not Basic
# routing
deploymentInPath: true # or false?
inferenceAPIVersion: 2024-10-21 # a date to YAML, a version to us
# models
staticModels:
  - name: gpt-4o   # the big one
    properties: { model: { name: gpt-4o,
                           version: 2024-08-06 } }
  # nothing below
# the end
"""


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text(WRITTEN, encoding="utf-8")
    return path


def apply(path: Path, change: Change) -> str:
    change_profile(path, change).write()
    return path.read_text(encoding="utf-8")


LOST_HEADER = [
    "authConfig:",
    "  # as the vendor says",
    "  name: Authorization",
    '  format: "Bearer {api_key}" # Bearer, not Basic',
]
ENDPOINTS = {
    "listModelsEndpoint": "/models",
    "getModelEndpoint": "/models/{deploymentName}",
    "deploymentProvider": "OpenAI",
}


@pytest.mark.parametrize(
    ("change", "gone", "come"),
    [
        (
            {"deploymentInPath": False},
            ["deploymentInPath: true # or false?"],
            ["deploymentInPath: false # or false?"],
        ),
        (
            {"targetUrl": "https://gateway.test/openai/v1"},
            ['targetUrl: "https://gateway.test/v1" # with /v1'],
            ['targetUrl: "https://gateway.test/openai/v1" # with /v1'],
        ),
        ({"inferenceAPIVersion": None}, ["inferenceAPIVersion: 2024-10-21 # a date to YAML, a version to us"], []),
        ({"deploymentAPIVersion": "2024-10-21"}, [], ["deploymentAPIVersion: '2024-10-21'"]),
        ({"authConfig": None}, LOST_HEADER, []),
        (
            {"authConfig": {"name": "x-api-key"}},
            LOST_HEADER[2:],
            ["  {name: x-api-key} # Bearer, not Basic"],
        ),
        (
            {"staticModels": None, **ENDPOINTS},
            WRITTEN.splitlines()[17:21],
            [f"{name}: {value}" for name, value in ENDPOINTS.items()],
        ),
    ],
)
def test_only_the_lines_of_the_field_change(mine: Path, change: Change, gone: list[str], come: list[str]) -> None:
    shown, before = change_profile(mine, change), load_profile(mine)
    assert mine.read_text() == WRITTEN, "nothing is written before it is shown"
    shown.write()
    lines = mine.read_text().splitlines()
    assert [line for line in WRITTEN.splitlines() if line not in lines] == gone
    assert [line for line in lines if line not in WRITTEN.splitlines()] == come
    assert load_profile(mine) == changed(before, change)
    assert sorted(line[1:] for line in shown.diff.splitlines()[2:] if line[0] in "+-") == sorted(gone + come)


@given(profiles(), profiles())
def test_any_profile_becomes_any_other(before: Profile, after: Profile) -> None:
    change = dict.fromkeys(before.to_data()) | after.to_data()
    text = edited(before.to_yaml(), change, order=ORDER)
    assert parsed(text) == after


@given(profiles(), st.data())
def test_comments_and_order_survive_every_change(profile: Profile, data: st.DataObject) -> None:
    lines = profile.to_yaml().splitlines()
    text = "\n".join(f"# {number}\n{line}" for number, line in enumerate(lines) if not line.startswith((" ", "-")))
    names = [line.partition(":")[0] for line in text.splitlines()[1::2]]
    changed_field = data.draw(st.sampled_from(names))
    after = edited(text, {changed_field: "x"}, order=ORDER)
    assert [line for line in after.splitlines() if line[0] == "#"] == [
        line for line in text.splitlines() if line[0] == "#"
    ]
    assert list(yaml.safe_load(after)) == names


def test_line_ends_mark_mode_and_link_of_the_file_stay(tmp_path: Path) -> None:
    real, link = tmp_path / "real.yaml", tmp_path / "link.yaml"
    real.write_bytes(("\ufeff" + WRITTEN.replace("\n", "\r\n")).encode())
    real.chmod(0o640)
    link.symlink_to(real)
    change_profile(link, {"deploymentInPath": False}).write()
    assert link.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    expected = WRITTEN.replace("deploymentInPath: true", "deploymentInPath: false").replace("\n", "\r\n")
    assert real.read_bytes().decode() == "\ufeff" + expected


def test_a_file_without_a_last_line_feed_takes_a_new_field(mine: Path) -> None:
    mine.write_text("staticModels: [{name: a, properties: {model: {name: a}}}]\n" + WRITTEN.partition("\ninference")[0])
    assert apply(mine, {"inferenceAPIVersion": "preview"}).endswith("# or false?\ninferenceAPIVersion: preview\n")


# Parameter files.


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_a_parameter_file_stays_one(shape: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.parameters.json"
    before = parameter_file(SHAPES[shape])
    path.write_text(json.dumps(before, indent=4))
    profile = load_profile(path)
    change = {"deploymentInPath": not profile.deployment_in_path, "inferenceAPIVersion": "2025-01-01-preview"}
    apply(path, change)
    after = json.loads(path.read_text())
    assert list(after) == list(before)
    kept = set(before["parameters"]) - set(change)
    assert {name: after["parameters"][name] for name in kept} == {name: before["parameters"][name] for name in kept}
    assert load_profile(path) == changed(profile, change)
    apply(path, {"inferenceAPIVersion": None})
    assert load_profile(path).inference_api_version is None


def test_what_a_parameter_file_notes_beside_its_parameters_is_changed_there(tmp_path: Path, azure: Target) -> None:
    profile = load_profile("modelgateway-custom-headers").model_copy(update={"target_url": "https://gateway.test"})
    (written,) = (
        path for path in export(profile, "parameters", target=azure).write(tmp_path) if path.suffix == ".json"
    )
    before = load_profile(written)
    change: Change = {"apiKey": "env:OTHER", "authConfig": None, "deploymentInPath": True}
    apply(written, change)
    assert load_profile(written) == changed(before, change)


def test_a_json_profile_keeps_its_indentation(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    data = parsed(WRITTEN).to_data()
    path.write_text(json.dumps(data, indent="\t") + "\n")
    assert (
        apply(path, {"deploymentInPath": False}) == json.dumps(data | {"deploymentInPath": False}, indent="\t") + "\n"
    )


# What is refused, with the mend, and with nothing written.


@pytest.mark.parametrize("name", ready_names("gateways"))
def test_the_workbooks_own_profiles_are_not_written(name: str) -> None:
    with pytest.raises(
        UsageError, match=rf"{name} is the workbook's own profile: copy .*{name}\.yaml to a file of yours"
    ):
        change_profile(name, {"isSharedToAll": True})
    with pytest.raises(UsageError, match="own profile"):
        change_profile(folder() / "gateways" / f"{name}.yaml", {"isSharedToAll": True})


@pytest.mark.parametrize("form", [form for form in FORMS if form != "parameters"])
def test_other_forms_are_not_written_back(form: Any, tmp_path: Path, azure: Target) -> None:
    profile = load_profile("modelgateway-openai").model_copy(update={"target_url": "https://gateway.test/v1"})
    refused = []
    for path in export(profile, form, target=azure).write(tmp_path):
        before = path.read_bytes()
        try:
            change_profile(path, {"deploymentInPath": True})
        except UsageError as error:
            refused.append(str(error))
        assert path.read_bytes() == before
    assert any("gateway-workbook import" in sentence for sentence in refused)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"targetUrl": None}, "targetUrl: missing"),
        ({"listModelsEndpoint": "/models"}, "contradicts staticModels"),
        ({"apiKey": "sk-12345"}, "holds a secret or no reference"),
        ({"deploymentInPaht": True}, "did you mean deploymentInPath"),
    ],
)
def test_what_would_make_it_unusable_is_not_written(mine: Path, change: Change, told: str) -> None:
    with pytest.raises(ProfileError, match=told) as caught:
        change_profile(mine, change)
    assert "sk-12345" not in str(caught.value)
    assert mine.read_text() == WRITTEN


def test_a_file_changed_meanwhile_is_left_alone(mine: Path) -> None:
    shown = change_profile(mine, {"deploymentInPath": False})
    mine.write_text(WRITTEN + "# and more\n")
    with pytest.raises(UsageError, match="has changed meanwhile"):
        shown.write()
    assert mine.read_text() == WRITTEN + "# and more\n"


def test_a_mapping_in_braces_says_what_to_do(mine: Path) -> None:
    mine.write_text("# one line\n" + yaml.safe_dump(yaml.safe_load(WRITTEN), default_flow_style=True, width=9999))
    with pytest.raises(UsageError, match="is in braces; write one field a line"):
        change_profile(mine, {"deploymentInPath": False})


def test_a_change_reads_as_a_sentence() -> None:
    change: Change = {"deploymentInPath": True, "inferenceAPIVersion": None, "targetUrl": "https://a.test/v1"}
    assert in_words(change) == (
        "write deploymentInPath: true; leave inferenceAPIVersion out; write targetUrl: https://a.test/v1"
    )


def parsed(text: str) -> Profile:
    return Profile.parse(Document.parse(text, source="written"))
