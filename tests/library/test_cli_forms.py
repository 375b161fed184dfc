"""`gateway-workbook export` and `import` as people meet them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import time
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from gateway_workbook import target as targets
from gateway_workbook.connection import Connection
from gateway_workbook.export import FORMS
from gateway_workbook.profile import load_profile
from tests.library.wire import PROJECT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway_workbook.target import Target

COMMAND = str(Path(sysconfig.get_path("scripts")) / "gateway-workbook")
CANARY = "swordfish-canary"
PROFILE = f"""\
category: ModelGateway
connectionName: contoso
projectResourceId: {PROJECT}
targetUrl: https://gateway.test/v1
authType: ApiKey
apiKey: env:CONTOSO_KEY
deploymentInPath: false
staticModels:
  - name: meta/llama-3
    properties: {{ model: {{ name: llama, version: "3", format: OpenAI }} }}
"""
TOKEN = "customHeaders: {X-Team-Token: env:TEAM_TOKEN}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the person works: two profiles, and nothing else."""
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "contoso.yaml").write_text(PROFILE)
    (folder / "token.yaml").write_text(PROFILE + TOKEN)
    return folder


def call(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    secrets = {"CONTOSO_KEY": CANARY, "TEAM_TOKEN": CANARY, "GATEWAY_API_KEY": CANARY}
    done = subprocess.run(
        [COMMAND, *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=cwd,
        env=os.environ | secrets | {"NO_COLOR": "1"},
    )
    assert CANARY not in done.stdout + done.stderr
    assert not [path for path in cwd.rglob("*") if path.is_file() and CANARY in path.read_text(encoding="utf-8")]
    return done


def refusal(done: subprocess.CompletedProcess[str]) -> str:
    """The sentence of a refusal, which is all there is."""
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1
    return done.stderr.strip()


@pytest.mark.parametrize("form", FORMS)
def test_each_form_is_written_and_comes_back_by_command(form: str, folder: Path) -> None:
    profile = "contoso.yaml" if form == "az-yaml" else "token.yaml"
    done = call("export", profile, "--format", form, "--out", "out", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    written = [Path(line.removeprefix("wrote ")) for line in done.stdout.splitlines() if line.startswith("wrote ")]
    assert {folder / path for path in written} == {*(folder / "out").iterdir()}
    assert "\nNext:\n\ncd out\n" in done.stdout
    for path in written:
        back = call("import", str(path), "--out", f"{path}.yaml", cwd=folder)
        assert (back.returncode, back.stdout, back.stderr) == (0, f"wrote {path}.yaml\n", "")
        assert load_profile(folder / f"{path}.yaml") == load_profile(folder / profile)


def test_a_template_for_this_folder_is_the_default(folder: Path) -> None:
    done = call("export", "contoso.yaml", cwd=folder)
    assert done.returncode == 0
    assert done.stdout.startswith("wrote contoso.template.json\nwrote contoso.parameters.json\n\nNext:\n\njson() {")
    assert "az deployment group create" in done.stdout


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("export", "nope"), "no profile 'nope' (looked for "),
        (("export", "contoso.yaml", "--format", "bicpe"), "no form 'bicpe': write arm, template, bicep, parameters,"),
        (("export", "contoso.yaml", "--target", "aws"), "no target 'aws': write sandbox or azure"),
        (("export", "token.yaml", "--format", "az-yaml"), "az-yaml cannot hold the reference in customHeaders."),
        (("export", "apim-defaults", "--target", "azure"), "no Foundry project: write projectResourceId into the"),
        (("import", "nope.json"), "no file 'nope.json': give one, or the name of a connection that is there"),
        (("import", "con toso"), "no file 'con toso': give one, or the name of a connection that is there"),
        (("import", "x", "--target", "sandbox", "--project", "y"), "--project is for --target azure: the sandbox has"),
        (("import", "contoso.yaml", "--out", "token.yaml"), "token.yaml is there already: take another place, or add"),
        (("import", "contoso.yaml", "--target", "aws"), "no target 'aws': write sandbox or azure"),
        (("import", "contoso", "--target", "azure", "--project", "x"), "no Foundry project: write projectResourceId"),
    ],
)
def test_a_mistake_is_one_sentence_and_nothing_is_written(words: tuple[str, ...], sentence: str, folder: Path) -> None:
    before = sorted(folder.rglob("*"))
    assert refusal(call(*words, cwd=folder)).startswith(sentence)
    assert sorted(folder.rglob("*")) == before
    assert (folder / "token.yaml").read_text() == PROFILE + TOKEN


def test_files_are_written_over_only_when_told(folder: Path) -> None:
    (folder / "contoso.parameters.json").write_text("mine")
    assert "contoso.parameters.json is there already" in refusal(call("export", "contoso.yaml", cwd=folder))
    assert (folder / "contoso.parameters.json").read_text() == "mine"
    assert not (folder / "contoso.template.json").exists()
    assert call("export", "contoso.yaml", "--overwrite", cwd=folder).returncode == 0
    assert load_profile(folder / "contoso.parameters.json") == load_profile(folder / "contoso.yaml")


def test_a_bad_file_names_every_problem(folder: Path) -> None:
    (folder / "bad.json").write_text(
        json.dumps({"properties": {"category": "ModelGateway", "target": "YOUR-URL", "metadata": {}}})
    )
    done = call("import", "bad.json", cwd=folder)
    assert done.returncode == 2
    assert done.stderr.startswith("bad.json: 4 problems\n")
    assert "Traceback" not in done.stderr


def test_a_name_and_a_project_can_be_told(folder: Path) -> None:
    project = PROJECT.replace("workshop", "other")
    call("export", "contoso.yaml", "--format", "arm", cwd=folder)
    done = call("import", "contoso.arm.json", "--name", "renamed", "--project", project, cwd=folder)
    assert f"connectionName: renamed\nprojectResourceId: {project}\n" in done.stdout


def test_a_secret_that_a_file_does_not_hold_is_one_line_on_standard_error(folder: Path) -> None:
    path = folder / "contoso.arm.json"
    call("export", "contoso.yaml", "--format", "arm", cwd=folder)
    resource = json.loads(path.read_text())
    resource["properties"] |= {"credentials": None, "group": "AzureAI"}
    path.write_text(json.dumps(resource))
    done = call("import", "contoso.arm.json", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "note: apiKey is not in it: set GATEWAY_API_KEY to the secret\n")
    (folder / "again.yaml").write_text(done.stdout)
    assert str(load_profile(folder / "again.yaml").api_key) == "env:GATEWAY_API_KEY"


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Target]:
    """A sandbox that writes down who asked for what."""
    state = tmp_path / "state"
    monkeypatch.setenv("GATEWAY_WORKBOOK_SANDBOX", str(state))
    options = ["--state", str(state), "--port", "0", "--quiet", "--access-log", str(tmp_path / "access.log")]
    with subprocess.Popen([sys.executable, "-m", "foundry_sandbox", *options]) as process:
        deadline = time.monotonic() + 30
        while not (state / "sandbox.json").exists():
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield targets.sandbox(start=False)
        process.terminate()


def test_a_connection_that_is_there_becomes_a_profile_and_its_secrets_are_not_asked_for(
    folder: Path, watched: Target
) -> None:
    connection = Connection.of(load_profile("modelgateway-custom-headers"), locate=watched.locate)
    url = f"{watched.arm}{watched.project_resource_id}/connections/{connection.name}"
    token = watched.credential().get_token("https://management.azure.com/.default").token
    body = connection.resource(watched.secrets())
    body["properties"]["metadata"]["authConfig"] = json.loads(body["properties"]["metadata"]["authConfig"])
    headers = {"Authorization": f"Bearer {token}"}
    httpx.put(url, params={"api-version": "2025-04-01-preview"}, json=body, headers=headers).raise_for_status()

    done = call("import", connection.name, "--target", "sandbox", "--out", "it.yaml", cwd=folder)
    assert (done.returncode, done.stdout) == (0, "wrote it.yaml\n")
    assert done.stderr.splitlines() == [
        "note: metadata.authConfig is no text, and Agent Service reads text alone: create the connection anew",
        "note: apiKey is the sandbox's own: SANDBOX_API_KEY need not be set",
    ]
    again = load_profile(folder / "it.yaml")
    expected = load_profile("modelgateway-custom-headers")
    told = {"project_resource_id", "gateway_name"}
    assert str(again.api_key) == "env:SANDBOX_API_KEY"
    assert again.model_dump(exclude=told) == expected.model_dump(exclude=told)
    missing = call("import", "nope", cwd=folder)
    assert refusal(missing).startswith("no connection 'nope' on the project or its account: there is sandbox-custom")

    asked = [json.loads(line) for line in (folder.parent / "access.log").read_text().splitlines()]
    assert [line["path"] for line in asked if line["path"].endswith(connection.name)]
    assert not [line["path"] for line in asked if "secrets" in line["path"].lower()]


def test_a_form_runs_as_any_profile_does(folder: Path) -> None:
    call("export", "contoso.yaml", "--format", "bicep", cwd=folder)
    again = call("export", "contoso.bicepparam", "--format", "az-rest", cwd=folder)
    assert again.returncode == 0
    direct = call("export", "contoso.yaml", "--format", "az-rest", "--out", "direct", cwd=folder)
    assert direct.returncode == 0
    assert (folder / "contoso.az-rest.sh").read_text() == (folder / "direct" / "contoso.az-rest.sh").read_text()


def test_a_sandbox_is_started_where_there_is_none_and_the_written_resource_runs(folder: Path) -> None:
    done = call("export", "apim-static", "--format", "arm", cwd=folder)
    try:
        assert (done.returncode, done.stderr.startswith("note: for the sandbox, as the profile names no")) == (0, True)
        command = done.stdout.rpartition("Next:\n\n")[2].split()
        ran = call(*command[1:], "-p", "suite=smoke", "--run-dir", "run", cwd=folder)
        assert (command[0], ran.returncode) == ("gateway-workbook", 0), ran.stdout + ran.stderr
        nothing = call("import", "nope", cwd=folder)
        assert refusal(nothing) == "no connection 'nope' on the project or its account: there is none"
    finally:
        assert call("sandbox", "--stop", cwd=folder).returncode == 0
