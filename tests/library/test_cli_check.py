"""`gateway-workbook check`: any connection that is there, its findings, its exit code; secrets only when asked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from gateway_workbook import target as targets
from gateway_workbook.arm import Connections
from gateway_workbook.connection import Connection
from gateway_workbook.profile import load_profile
from tests.conftest import COMMAND
from tests.library.conftest import START_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LIMIT_SECONDS = 180


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path]]:
    """A sandbox that writes down every request: its state folder, and the log."""
    folder = tmp_path_factory.mktemp("checked-sandbox")
    log = folder / "access.jsonl"
    command = [sys.executable, "-m", "foundry_sandbox", "--state", str(folder), "--port", "0", "--quiet"]
    with subprocess.Popen([*command, "--access-log", str(log)]) as process:
        try:
            deadline = time.monotonic() + START_SECONDS
            while not (folder / "sandbox.json").exists():
                assert process.poll() is None, "the sandbox ended at its start"
                assert time.monotonic() < deadline, "the sandbox does not come up"
                time.sleep(0.05)
            yield folder, log
        finally:
            process.terminate()


@pytest.fixture
def connections(logged: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[Connections]:
    """The sandbox's connections, for making what is then checked; all are gone afterwards."""
    monkeypatch.setenv("GATEWAY_WORKBOOK_SANDBOX", str(logged[0]))
    where = targets.sandbox(start=False)
    with httpx.Client() as http:
        made = Connections(where, http, credential=where.credential(), secrets=where.secrets())
        yield made
        for item in made.list():
            made.delete(item["name"], scope="project" if "/projects/" in item["id"] else "account")


def call(*words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"COLUMNS": "200", "NO_COLOR": "1"}
    return subprocess.run(
        [COMMAND, *words], capture_output=True, text=True, check=False, timeout=LIMIT_SECONDS, cwd=cwd, env=environment
    )


def put(connections: Connections, name: str, **changes: Any) -> None:
    """A ready profile's connection, as somebody else's tool might have made it."""
    wanted = Connection.of(load_profile("modelgateway-oauth2"), locate=lambda url: url.replace("sandbox", "https"))
    body = wanted.resource(connections.secrets)
    body["properties"] = {key: value for key, value in (body["properties"] | changes).items() if value is not None}
    connections._require("PUT", connections.url(name), body=body)  # noqa: SLF001  not what the library would send


def flat(text: str) -> str:
    """What a table says, without its lines and folds."""
    return " ".join(text.translate(str.maketrans(dict.fromkeys("│┃─━┏┓┗┛┡┩└┘┌┐├┤┼╇┳┴┬╋", " "))).split())


def asked(log: Path, what: str) -> int:
    lines = map(json.loads, log.read_text(encoding="utf-8").splitlines())
    return sum(what in line["path"] for line in lines)


def test_nothing_wrong_is_exit_0(connections: Connections) -> None:
    put(connections, "good")
    done = call("check", "good")
    assert done.returncode == 0, done.stderr
    assert "good project ModelGateway OAuth2 https://oauth/v1" in flat(done.stdout)
    assert "nothing is wrong with it" in done.stdout


def test_warnings_are_told_and_are_exit_0(connections: Connections) -> None:
    put(connections, "warned", scopes=None, target="https://oauth/v1/")
    done = call("check", "warned")
    assert done.returncode == 0
    assert "! warning" in done.stdout
    assert "scopes" in done.stdout
    assert "ends in /" in done.stdout
    assert "✗ error" not in done.stdout


def test_an_error_is_exit_1_with_its_mend(connections: Connections) -> None:
    put(connections, "broken", tokenUrl=None, metadata={"models": [{"name": "gpt-4o"}], "deploymentInPath": False})
    done = call("check", "broken")
    assert done.returncode == 1
    assert done.stdout.count("✗ error") == 3
    told = flat(done.stdout)
    assert "instead of text" in told
    assert "tokenUrl" in told
    assert "beside credentials" in told


def test_the_accounts_is_found_after_the_projects_and_told(connections: Connections) -> None:
    account = load_profile("modelgateway-static").model_copy(update={"connection_scope": "account"})
    connections.put(connections.describe(account))
    done = call("check", "sandbox-static")
    assert done.returncode == 0
    assert "sandbox-static account ModelGateway" in flat(done.stdout)
    done = call("check", "sandbox-static", "--profile", "modelgateway-static")
    assert done.returncode == 0
    assert "connectionScope: account" in flat(done.stdout)


def test_a_profile_adds_what_differs(connections: Connections) -> None:
    connections.put(connections.describe(load_profile("modelgateway-oauth2")))
    assert call("check", "sandbox-oauth2", "--profile", "modelgateway-oauth2").returncode == 0
    put(connections, "sandbox-oauth2", isSharedToAll=True, scopes=None)
    done = call("check", "sandbox-oauth2", "--profile", "modelgateway-oauth2")
    assert done.returncode == 1
    told = flat(done.stdout)
    assert "the profile says false" in told
    assert "✗ error scopes are missing" in told
    assert call("check", "sandbox-oauth2").returncode == 0, "without the profile only the scopes are missing"


def test_secrets_are_compared_only_when_asked_and_never_shown(
    connections: Connections, logged: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = connections.secrets.sandbox["SANDBOX_CLIENT_SECRET"]
    connections.put(connections.describe(load_profile("modelgateway-oauth2")))
    before = asked(logged[1], "listSecrets")
    words = ("check", "sandbox-oauth2", "--profile", "modelgateway-oauth2")
    assert call(*words).returncode == 0
    assert asked(logged[1], "listSecrets") == before
    done = call(*words, "--compare-secrets")
    assert done.returncode == 0
    assert done.stdout.count("same") == 2
    assert asked(logged[1], "listSecrets") == before + 1
    monkeypatch.setenv("SANDBOX_CLIENT_SECRET", "another-swordfish")
    changed = call(*words, "--compare-secrets")
    assert changed.returncode == 1
    assert "clientSecret: differs" in changed.stdout
    assert "clientId: same" in changed.stdout
    for shown in (done.stdout, done.stderr, changed.stdout, changed.stderr):
        assert secret not in shown
        assert "swordfish" not in shown


def test_nothing_else_lists_secrets(connections: Connections, logged: tuple[Path, Path], tmp_path: Path) -> None:
    before = asked(logged[1], "listSecrets")
    words = ("run", "--profile", "apim-static", "-p", "suite=smoke", "--run-dir", str(tmp_path / "run"), "--keep")
    ran = call(*words, cwd=tmp_path)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    stored = tmp_path / "stored.json"
    stored.write_text(json.dumps(connections.get("sandbox-apim-static")), encoding="utf-8")
    assert call("check", "sandbox-apim-static", "--profile", "apim-static").returncode == 0
    imported = call("import", str(stored), cwd=tmp_path)
    assert imported.returncode == 0, imported.stderr
    assert call("clean-up", str(tmp_path / "run"), cwd=tmp_path).returncode == 0
    assert asked(logged[1], "/connections/sandbox-apim-static") > 3, "the log sees what is asked of ARM"
    assert asked(logged[1], "listSecrets") == before


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("check", "nope"), "no connection 'nope' on the project or its account: there is good"),
        (("check", "good", "--compare-secrets"), "--compare-secrets has nothing to compare with: add --profile"),
        (("check", "good", "--target", "azure"), "no Foundry project: add --project RESOURCE_ID"),
        (("check", "good", "--target", "azure", "--project", "x"), "no Foundry project: write projectResourceId"),
        (("check", "good", "--target", "cloud"), "no target 'cloud': write sandbox or azure"),
        (("check", "good", "--target", "sandbox", "--project", "x"), "--project is for --target azure"),
        (("check", "good", "--profile", "nope"), "no profile 'nope'"),
    ],
)
def test_a_mistake_is_one_sentence_and_exit_2(connections: Connections, words: tuple[str, ...], sentence: str) -> None:
    put(connections, "good")
    done = call(*words)
    assert done.returncode == 2
    assert done.stderr.startswith(sentence)
    assert done.stdout == ""


def test_a_refusal_of_the_service_is_exit_1(connections: Connections, tmp_path: Path) -> None:
    put(connections, "good")
    profile = {
        "category": "ApiManagement",
        "connectionName": "good",
        "apimResourceId": "/subscriptions/1/resourceGroups/rg/providers/Microsoft.ApiManagement/service/contoso",
        "apiName": "openai",
        "authType": "ApiKey",
        "apiKey": "env:SANDBOX_API_KEY",
        "deploymentInPath": True,
    }
    path = tmp_path / "mine.yaml"
    path.write_text(json.dumps(profile), encoding="utf-8")
    done = call("check", "good", "--profile", str(path))
    assert (done.returncode, done.stdout) == (1, "")
    assert "answered 404" in done.stderr
