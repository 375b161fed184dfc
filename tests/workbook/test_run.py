"""`gateway-workbook run`: what make run does, on every ready profile, and when things go wrong."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import nbformat
import psutil
import pytest

from tests.conftest import COMMAND

from .conftest import NOTEBOOKS, Workbook

if TYPE_CHECKING:
    from collections.abc import Callable

READY = sorted(path.stem for path in (NOTEBOOKS / "gateways").glob("*.yaml"))
STEPS = [path.stem for path in sorted(NOTEBOOKS.glob("0*.ipynb"))]
BAD_ANSWER = """
name: wrong
prompts:
  - {name: nonsense, prompt: "Reply with exactly: pong", assertions: [{equals: something else}]}
"""


def descriptor(environment: dict[str, str]) -> dict[str, Any]:
    path = Path(environment["GATEWAY_WORKBOOK_SANDBOX"]) / "sandbox.json"
    return dict(json.loads(path.read_text(encoding="utf-8")))


def connected(environment: dict[str, str]) -> set[str]:
    """Names of the project's connections, asked of the sandbox as any client would."""
    sandbox = descriptor(environment)
    secrets = sandbox["environment"]
    token = httpx.get(
        secrets["IDENTITY_ENDPOINT"],
        params={"api-version": "2019-08-01", "resource": "https://management.azure.com"},
        headers={"X-IDENTITY-HEADER": secrets["IDENTITY_HEADER"]},
    ).json()["access_token"]
    listed = httpx.get(
        f"{sandbox['arm']}{sandbox['project_resource_id']}/connections",
        params={"api-version": "2025-04-01-preview"},
        headers={"Authorization": f"Bearer {token}"},
    )
    return {item["name"] for item in listed.json()["value"]}


@pytest.mark.parametrize("name", READY)
def test_every_ready_profile_runs_green(workbook: Workbook, name: str) -> None:
    outcome = workbook.run("--profile", name)
    assert outcome.code == 0, outcome.output
    assert outcome.states() == dict.fromkeys(STEPS, "passed")
    assert all(name in outcome.output for name in STEPS)
    assert "report.html" in outcome.output
    assert set(outcome.cases().values()) == {"passed"}
    assert len(outcome.cases()) == len(STEPS) + 10
    assert outcome.ledger() == [
        ("intended", "connection"),
        ("intended", "agent"),
        ("removed", "agent"),
        ("removed", "connection"),
    ]
    executed = [nbformat.read(path, as_version=4) for path in sorted((outcome.folder / "notebooks").glob("*.ipynb"))]  # type: ignore[no-untyped-call]
    assert len(executed) == len(STEPS)
    assert (outcome.folder.stat().st_mode & 0o077) == 0


def test_the_agents_calls_are_proven_and_no_secret_is_left(workbook: Workbook, environment: dict[str, str]) -> None:
    outcome = workbook.run()
    verdicts = json.loads((outcome.folder / "verdicts.json").read_text())["verdicts"]
    assert {verdict["through_gateway"] for verdict in verdicts if verdict["route"] == "agent"} == {True}
    secrets = [value for value in descriptor(environment)["environment"].values() if not value.startswith("http")]
    assert len(secrets) == 3
    for path in outcome.folder.rglob("*"):
        if path.is_file():
            content = path.read_text(encoding="utf-8")
            assert not [secret for secret in secrets if secret in content], path


def test_a_failed_checkpoint_ends_the_walk_and_still_cleans_up(
    workbook: Workbook, profile: Callable[..., str], environment: dict[str, str], tmp_path: Path
) -> None:
    retired = {"name": "gpt-35-turbo", "properties": {"model": {"name": "gpt-35-turbo"}}}
    outcome = workbook.run("--profile", profile("apim-static", connectionName="retired", staticModels=[retired]))
    assert outcome.code == 1, outcome.output
    assert outcome.states() == {STEPS[0]: "passed", STEPS[1]: "passed", STEPS[2]: "failed", STEPS[5]: "passed"}
    assert "no deployment answers" in outcome.found(STEPS[2])
    assert "404" in outcome.found(STEPS[2])
    assert "retired" not in connected(environment)
    cases = outcome.cases()
    assert [cases[f"steps:{name}"] for name in STEPS] == ["passed", "passed", "failure", "skipped", "skipped", "passed"]
    assert (outcome.folder / "report.html").exists()
    asked = workbook.command("triage", str(outcome.folder))
    assert asked.code == 1, asked.output
    assert asked.output.startswith("02_discover_models failed: ")
    assert asked.output.endswith(f"; next: gateway-workbook diagnose {tmp_path / 'profile.yaml'}\n")


def test_a_wrong_answer_fails_the_run(workbook: Workbook, tmp_path: Path) -> None:
    suite = tmp_path / "wrong.yaml"
    suite.write_text(BAD_ANSWER, encoding="utf-8")
    outcome = workbook.run("-p", f"suite={suite}")
    assert outcome.code == 1
    assert outcome.states()["04_validate_prompts"] == "failed"
    assert "2 of 2 verdicts did not pass" in outcome.found("04_validate_prompts")


def test_a_wrong_key_is_told_by_the_gateways_own_words(workbook: Workbook, environment: dict[str, str]) -> None:
    wrong = Workbook(environment | {"SANDBOX_API_KEY": "not-the-key"}, workbook.folder)
    outcome = wrong.run()
    assert outcome.code == 1
    assert "401" in outcome.found("02_discover_models")
    assert "not-the-key" not in outcome.output


def test_mistakes_end_in_one_sentence_before_anything_runs(workbook: Workbook, profile: Callable[..., str]) -> None:
    for words, told in {
        ("-p", "sutie=smoke"): "did you mean suite?",
        ("-p", "parallel=many"): "takes a whole number such as 4",
        ("-p", "run_dir=x"): "write --run-dir",
        ("--profile", "nowhere"): "no profile 'nowhere'",
        ("--profile", profile("apim-defaults", apiKey="sk-12345")): "write apiKey: env:GATEWAY_API_KEY",
        ("--target", "aws"): "write sandbox or azure",
        ("-p", "suite=smok"): "no suite 'smok'",
        ("--target", "azure"): "projectResourceId",
    }.items():
        outcome = workbook.run(*words)
        assert outcome.code == 2, (words, outcome.output)
        assert told in outcome.output
        assert "Traceback" not in outcome.output
        assert "sk-12345" not in outcome.output
        assert not (outcome.folder / "run.json").exists()


def test_the_same_profile_twice_changes_nothing_and_another_is_shown_first(
    workbook: Workbook, profile: Callable[..., str], environment: dict[str, str], tmp_path: Path
) -> None:
    mine = profile("apim-defaults", connectionName="kept-apim")
    first = workbook.run("--profile", mine, "--keep")
    second = workbook.run("--profile", mine, folder=tmp_path / "second")
    assert (first.code, second.code) == (0, 0)
    assert "unchanged" in second.found("01_create_connections")
    assert "kept-apim" in connected(environment), "cleaning up the second run removed what the first one made"

    other = profile("apim-defaults", connectionName="kept-apim", inferenceAPIVersion="2025-01-01")
    differing = workbook.run("--profile", other, folder=tmp_path / "third")
    assert differing.code == 1
    assert "metadata.inferenceAPIVersion is 2024-10-21, the profile says 2025-01-01" in differing.found(
        "01_create_connections"
    )
    replacing = workbook.run("--profile", other, "-p", "replace=true", folder=tmp_path / "fourth")
    assert replacing.code == 0, replacing.output
    assert "replaced" in replacing.found("01_create_connections")

    assert workbook.papermill("05_clean_up").code == 0
    assert "kept-apim" not in connected(environment)
    again = workbook.papermill("05_clean_up")
    assert again.code == 0
    assert again.found("05_clean_up") == "removed nothing"


def test_a_missing_secret_is_the_persons_and_needs_no_cleaning_up(
    workbook: Workbook, profile: Callable[..., str]
) -> None:
    outcome = workbook.run("--profile", profile("apim-defaults", apiKey="env:NOBODY_SET_THIS"))
    assert outcome.code == 2, outcome.output
    assert outcome.states() == {STEPS[0]: "refused"}
    assert "set the environment variable NOBODY_SET_THIS" in outcome.found(STEPS[0])


def test_a_second_run_on_the_same_folder_is_refused_and_harms_nothing(workbook: Workbook) -> None:
    first = started(workbook)
    wait_for(workbook.folder / "run.json")
    second = workbook.run()
    output, _ = first.communicate(timeout=120)
    assert second.code == 2, second.output
    assert "another run uses" in second.output
    assert first.returncode == 0, output


def test_what_was_kept_is_named_and_cleaned_up_by_command(
    workbook: Workbook, profile: Callable[..., str], environment: dict[str, str]
) -> None:
    outcome = workbook.run("--profile", profile("modelgateway-static", connectionName="kept-static"), "--keep")
    left = "agent kept-static-agent, connection kept-static are still there"
    assert f"kept:    {left}: gateway-workbook clean-up {workbook.folder}" in outcome.output
    assert [outcome.output.count(f"  {name}  ") for name in STEPS[:5]] == [1] * 5, "a log has each line once"
    other = workbook.run("--profile", "modelgateway-openai")
    assert other.code == 2, other.output
    assert "still owns agent kept-static-agent, connection kept-static of another profile: " in other.output
    assert "kept-static" in connected(environment)
    done = subprocess.run(
        [COMMAND, "clean-up", str(workbook.folder)], env=environment, capture_output=True, check=False
    )
    assert done.returncode == 0
    assert "kept-static" not in connected(environment)


def test_the_workbook_finds_its_way_over_tls_without_being_told(tmp_path: Path, environment: dict[str, str]) -> None:
    state = tmp_path / "state"
    told = environment | {"GATEWAY_WORKBOOK_SANDBOX": str(state)}
    with subprocess.Popen([COMMAND, "sandbox", "--tls", "--port", "0"], env=told, stdout=subprocess.PIPE) as sandbox:
        try:
            wait_for(state / "sandbox.json")
            outcome = Workbook(told, tmp_path / "run").run("--profile", "modelgateway-oauth2")
            assert outcome.code == 0, outcome.output
            assert descriptor(told)["url"].startswith("https://")
        finally:
            sandbox.terminate()


def wait_for(path: Path, *, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} did not appear"
        time.sleep(0.02)


def started(workbook: Workbook, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [COMMAND, "run", "--run-dir", str(workbook.folder), *words],
        env=dict(workbook.environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_removes_what_it_made(
    workbook: Workbook, profile: Callable[..., str], environment: dict[str, str], sent: signal.Signals, code: int
) -> None:
    process = started(workbook, "--profile", profile("apim-defaults", connectionName=f"stopped-{code}"))
    wait_for(workbook.folder / "connection.json")
    process.send_signal(sent)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == code, output
    assert "interrupted: nothing that this run made is left" in output
    assert "Traceback" not in output
    assert "Kernel died" not in output
    assert f"stopped-{code}" not in connected(environment), output


def test_a_killed_kernel_is_a_broken_step_not_a_pass(
    workbook: Workbook, profile: Callable[..., str], environment: dict[str, str]
) -> None:
    process = started(workbook, "--profile", profile("apim-defaults", connectionName="killed"))
    wait_for(workbook.folder / "steps" / "01_create_connections.json")
    kernels = [
        child for child in psutil.Process(process.pid).children(recursive=True) if "ipykernel" in str(child.cmdline())
    ]
    for kernel in kernels:
        os.kill(kernel.pid, signal.SIGKILL)
    output, _ = process.communicate(timeout=120)
    assert kernels
    assert process.returncode == 3, output
    records = json.loads((workbook.folder / "steps" / "01_create_connections.json").read_text())
    assert records["state"] == "broken" or "02_discover_models  " in output
    assert "killed" not in connected(environment)


def test_a_negative_control_proves_the_route_and_leaves_nothing(workbook: Workbook) -> None:
    outcome = workbook.run("-p", "control=always", "--keep")
    assert outcome.code == 0, outcome.output
    assert "proven by control: with a broken credential in the connection the agent fails" in outcome.found(STEPS[4])
    assert [entry for entry in outcome.ledger() if entry[0] == "removed"] == [
        ("removed", "agent"),
        ("removed", "connection"),
    ]
    assert outcome.cases()["route:control"] == "passed"
    assert "What proves the route" in (outcome.folder / "report.html").read_text(encoding="utf-8")
    asked = workbook.command("triage", str(outcome.folder))
    assert asked.code == 0, asked.output
    assert "whose: nobody: both routes answer" in asked.output
    assert workbook.command("clean-up", str(outcome.folder)).code == 0
    gone = workbook.command("triage", str(outcome.folder))
    assert (gone.code, "run again with --keep" in gone.output) == (2, True), gone.output


def test_a_control_that_is_none_is_refused(workbook: Workbook) -> None:
    outcome = workbook.run("-p", "control=perhaps")
    assert outcome.code == 2, outcome.output
    assert "no control 'perhaps': write auto, always, never" in outcome.output


def test_a_stored_key_of_last_year_is_told_from_the_one_at_hand(
    profile: Callable[..., str], environment: dict[str, str], tmp_path: Path
) -> None:
    mine = profile("apim-static", connectionName="stale-apim", apiKey="env:STALE_KEY")
    stale = Workbook(environment | {"STALE_KEY": "of-last-year"}, tmp_path / "stale")
    assert stale.run("--profile", mine, "--keep").states()[STEPS[2]] == "failed"
    key = json.loads((Path(environment["GATEWAY_WORKBOOK_SANDBOX"]) / "sandbox.json").read_text())["environment"]
    fresh = Workbook(environment | {"STALE_KEY": key["SANDBOX_API_KEY"]}, tmp_path / "fresh")
    failing = fresh.run("--profile", mine, "-p", "suite=smoke")
    assert (failing.code, failing.states()[STEPS[3]]) == (1, "failed"), failing.output
    assert "not the one that is stored in stale-apim: send it again: replace = True" in failing.found(STEPS[3])
    mended = fresh.run("--profile", mine, "-p", "suite=smoke", "-p", "replace=true", folder=tmp_path / "mended")
    assert mended.code == 0, mended.output
    assert stale.command("clean-up", str(stale.folder)).code == 0
