"""`gateway-workbook probe` as a process: the profile it writes, its exit codes, and what it shows."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from gateway_workbook.profile import load_profile
from tests.conftest import COMMAND

if TYPE_CHECKING:
    from pathlib import Path

    from gateway_workbook.target import Target

CLIENT = ("--client-id", "team", "--client-secret", "env:NAME")
KEY = ("--key", "env:SANDBOX_API_KEY")


def probe(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    given = os.environ | {"COLUMNS": "200", "NO_COLOR": "1"} | environment
    command = [COMMAND, "probe", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=180, env=given)


@pytest.mark.usefixtures("sandbox")
def test_writes_a_profile_that_can_be_read_and_run(tmp_path: Path) -> None:
    out = tmp_path / "new folder" / "profile.yaml"
    done = probe("sandbox://openai/v1/chat/completions", *KEY, "--name", "team-openai", "--out", str(out))
    assert done.returncode == 0, done.stderr
    assert f"wrote {out}" in done.stdout
    assert f"gateway-workbook run --profile '{out}'" in done.stdout
    assert "lists 4 in OpenAI form" in " ".join(done.stdout.split())
    profile = load_profile(out)
    assert (profile.connection_name, str(profile.api_key)) == ("team-openai", "env:SANDBOX_API_KEY")


@pytest.mark.usefixtures("sandbox")
def test_a_file_that_is_there_stays_unless_told(tmp_path: Path) -> None:
    out = tmp_path / "profile.yaml"
    out.write_text("mine", encoding="utf-8")
    done = probe("sandbox://openai/v1", *KEY, "--out", str(out))
    assert (done.returncode, out.read_text(encoding="utf-8")) == (2, "mine")
    assert "is there already" in done.stderr
    assert probe("sandbox://openai/v1", *KEY, "--out", str(out), "--overwrite").returncode == 0
    assert load_profile(out).target_url == "sandbox://openai/v1"


@pytest.mark.usefixtures("sandbox")
def test_without_a_file_the_profile_is_printed() -> None:
    done = probe("sandbox://static/v1", *KEY)
    assert done.returncode == 0
    assert "targetUrl: sandbox://static/v1\n" in done.stdout


def test_where_nothing_works_it_ends_in_one_cause(sandbox: Target, tmp_path: Path) -> None:
    out = tmp_path / "profile.yaml"
    url = sandbox.locate("sandbox://apim/openai")
    done = probe(url, "--key", "env:WRONG", "--out", str(out), WRONG="sk-swordfish-wrong")
    assert done.returncode == 1
    assert not out.exists()
    said = " ".join(done.stdout.split())
    assert "cause (likely): the gateway reads the header api-key, and does not take the key" in said
    assert "next: check the key at env:WRONG" in said
    assert "${WRONG}" in said
    assert "swordfish" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("https://gateway.example/v1", "--key", "sk-swordfish"), "--key is no reference to a secret"),
        (("http://gateway.example/v1", "--key", "env:NAME"), "would carry the key in clear"),
        (("https://gateway.example/v1", "--key", "env:NOT_SET"), "no secret at env:NOT_SET"),
        (("https://gateway.example/v1",), "no credential"),
        (
            ("https://gateway.example/v1", *CLIENT, "--token-url", "http://login.example/t"),
            "would carry the key in clear",
        ),
        (("https://gateway.example/v1", *CLIENT, "--token-url", "http://["), "tokenUrl: not a URL"),
        (("", "--key", "env:NAME"), "no gateway's URL"),
    ],
)
def test_your_own_mistakes_are_one_sentence(words: tuple[str, ...], sentence: str) -> None:
    done = probe(*words)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 2, "one sentence, below its place where it is of a profile"
    assert "swordfish" not in done.stderr


def test_a_host_that_is_not_there_is_told_after_one_request() -> None:
    done = probe("https://no-such-host.invalid/v1", "--key", "env:NAME", NAME="sk-swordfish")
    assert done.returncode == 1
    assert "after 1 request:" in done.stdout
    assert "swordfish" not in done.stdout + done.stderr
