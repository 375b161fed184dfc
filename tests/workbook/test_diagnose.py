"""`gateway-workbook diagnose`: a profile with one wrong setting, named, mended in its file, and green in a run."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.conftest import COMMAND

from .conftest import LIMIT_SECONDS, NOTEBOOKS, Workbook

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

BEARER = {"name": "Authorization", "format": "Bearer {api_key}"}
BELOW_V1 = {"listModelsEndpoint": "/v1/models", "getModelEndpoint": "/v1/models/{deploymentName}"}
FAULTS: dict[str, tuple[str, dict[str, Any], str]] = {
    "deploymentInPath": ("apim-defaults", {"deploymentInPath": "false"}, "wrong-path"),
    "no api-version": ("apim-static", {"inferenceAPIVersion": None}, "wrong-path"),
    "unwanted api-version": ("modelgateway-openai", {"inferenceAPIVersion": "2024-10-21"}, "api-version-unwanted"),
    "routing and api-version": (
        "apim-static",
        {"deploymentInPath": "false", "inferenceAPIVersion": None},
        "wrong-path",
    ),
    "target without /openai": ("apim-defaults", {"targetUrl": "sandbox://apim"}, "no-discovery"),
    "target without /v1": ("modelgateway-static", {"targetUrl": "sandbox://static"}, "wrong-path"),
    "target too far": ("modelgateway-static", {"targetUrl": "sandbox://static/v1/models"}, "wrong-path"),
    "unwanted header": ("apim-defaults", {"authConfig": BEARER}, "no-key-seen"),
    "no header": ("modelgateway-openai", {"authConfig": None}, "no-key-seen"),
    "provider": ("modelgateway-openai", {"deploymentProvider": "AzureOpenAI"}, "provider-mismatch"),
    "/v1 twice": ("modelgateway-openai", BELOW_V1, "no-discovery"),
    "/v1 in endpoints alone": ("modelgateway-openai", {"targetUrl": "sandbox://openai", **BELOW_V1}, "wrong-path"),
    "get endpoint": ("modelgateway-openai", {"getModelEndpoint": "/model/{deploymentName}"}, "not-gettable"),
    "no version for discovery": ("modelgateway-azure-openai", {"deploymentAPIVersion": None}, "no-discovery"),
    "audience": ("apim-identity", {"audience": "https://ai.azure.com"}, "wrong-audience"),
    "target of OAuth2": ("modelgateway-oauth2", {"targetUrl": "sandbox://oauth"}, "wrong-path"),
}
RUN = ("routing and api-version", "no header", "/v1 in endpoints alone")


@pytest.fixture
def faulty(tmp_path: Path) -> Callable[..., Path]:
    """Writes a ready profile, comments and all, with some lines changed."""

    def write(ready: str, changes: Mapping[str, object]) -> Path:
        lines = (NOTEBOOKS / "gateways" / f"{ready}.yaml").read_text(encoding="utf-8").splitlines()
        kept = [line for line in lines if line.partition(":")[0] not in changes]
        new = [f"{name}: {json.dumps(value)}" for name, value in changes.items() if value is not None]
        path = tmp_path / "mine.yaml"
        path.write_text("\n".join([*kept, *new, "# the end"]) + "\n", encoding="utf-8")
        return path

    return write


def diagnose(environment: Mapping[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COMMAND, "diagnose", *words],
        env=dict(environment),
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )


@pytest.mark.parametrize("name", FAULTS)
def test_a_wrong_setting_is_named_and_mended(
    name: str, faulty: Callable[..., Path], environment: dict[str, str], workbook: Workbook
) -> None:
    ready, changes, code = FAULTS[name]
    path = faulty(ready, changes)
    before = path.read_text()
    seen = diagnose(environment, str(path))
    assert seen.returncode == 1, seen.stdout + seen.stderr
    assert f"✗ {code}  " in seen.stdout
    assert "the same call then succeeds" in seen.stdout
    assert "(certain)" in seen.stdout
    assert "curl --silent" in seen.stdout
    assert f"next: gateway-workbook diagnose {path} --apply" in seen.stdout
    assert path.read_text() == before, "nothing is written unasked"

    mended = diagnose(environment, str(path), "--apply")
    assert mended.returncode == 0, mended.stdout + mended.stderr
    assert mended.stdout.count(f"wrote {path}") == 1
    after = path.read_text()
    assert [line for line in after.splitlines() if line[0] == "#"] == [
        line for line in before.splitlines() if line[0] == "#"
    ]
    told = {line[3:] for line in seen.stdout.splitlines() if line.startswith(("  + ", "  +"))} - {
        "++ mine.yaml (mended)"
    }
    assert told == set(after.splitlines()) - set(before.splitlines()), "what was shown is what was written"
    if name in RUN:
        outcome = workbook.run("--profile", str(path))
        assert outcome.code == 0, outcome.output


@pytest.mark.parametrize("ready", sorted(path.stem for path in (NOTEBOOKS / "gateways").glob("*.yaml")))
def test_nothing_is_wrong_with_the_ready_profiles(ready: str, environment: dict[str, str]) -> None:
    seen = diagnose(environment, ready)
    assert seen.returncode == 0, seen.stdout + seen.stderr
    assert "✗" not in seen.stdout
    assert "gpt-4o" in seen.stdout
    name = yaml.safe_load((NOTEBOOKS / "gateways" / f"{ready}.yaml").read_text())["connectionName"]
    assert f"gateway-workbook check {name} --profile {ready} --target sandbox" in seen.stdout


def test_a_wrong_key_is_not_mended_and_not_shown(faulty: Callable[..., Path], environment: dict[str, str]) -> None:
    path = faulty("modelgateway-openai", {"apiKey": "env:MY_KEY"})
    before = path.read_text()
    seen = diagnose(environment | {"MY_KEY": "sk-swordfish-1234"}, str(path), "--apply")
    assert seen.returncode == 1
    assert "check the secret at env:MY_KEY" in seen.stdout
    assert "4 others were tried and do not help" in seen.stdout
    assert "${MY_KEY}" in seen.stdout
    assert "swordfish" not in seen.stdout + seen.stderr
    assert path.read_text() == before


def test_one_deployment_is_looked_at_alone(environment: dict[str, str]) -> None:
    seen = diagnose(environment, "apim-defaults", "--deployment", "gpt-35-turbo")
    assert seen.returncode == 1
    assert "✗ listed-not-callable" in seen.stdout
    assert diagnose(environment, "apim-defaults", "--deployment", "gpt-4o").returncode == 0


def test_a_ready_profile_is_not_written(environment: dict[str, str], faulty: Callable[..., Path]) -> None:
    ready = NOTEBOOKS / "gateways" / "modelgateway-openai.yaml"
    before = ready.read_bytes()
    # The ready profile itself works, so that its key is what is broken.
    seen = diagnose(environment | {"SANDBOX_API_KEY": "wrong-key-of-mine"}, "modelgateway-openai", "--apply")
    assert seen.returncode == 1
    assert ready.read_bytes() == before
    assert faulty("modelgateway-openai", {}).read_text().endswith("# the end\n")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("nowhere",), "no profile 'nowhere'"),
        (("apim-defaults", "--target", "aws"), "write sandbox or azure"),
        (("apim-defaults", "--target", "azure"), "projectResourceId"),
        (("apim-defaults", "--deployment", "nope"), "no deployment nope on sandbox-apim: it lists gpt-4o"),
    ],
)
def test_mistakes_end_in_one_sentence(words: tuple[str, ...], told: str, environment: dict[str, str]) -> None:
    seen = diagnose(environment, *words)
    assert seen.returncode == 2, seen.stdout + seen.stderr
    assert told in seen.stderr
    assert "Traceback" not in seen.stderr


def test_a_missing_secret_is_a_persons_mistake(faulty: Callable[..., Path], environment: dict[str, str]) -> None:
    seen = diagnose(environment, str(faulty("apim-defaults", {"apiKey": "env:NOT_SET_HERE"})))
    assert seen.returncode == 2
    assert "set the environment variable NOT_SET_HERE" in seen.stderr


def test_no_host_at_all_is_one_finding(faulty: Callable[..., Path], environment: dict[str, str]) -> None:
    path = faulty("modelgateway-openai", {"targetUrl": "https://127.0.0.1:9/v1", "apiKey": "env:MY_KEY"})
    seen = diagnose(environment | {"MY_KEY": "sk-swordfish-1234"}, str(path), "--apply")
    assert seen.returncode == 1
    assert "✗ refused" in seen.stdout
    assert "nothing listens at that host and port (certain)" in seen.stdout
    assert "gateway-workbook check" not in seen.stdout, "there is no project to look in"


def test_a_run_that_fails_ends_with_the_mend_and_the_command(
    faulty: Callable[..., Path], workbook: Workbook, environment: dict[str, str]
) -> None:
    path = faulty("apim-static", {"deploymentInPath": False})
    outcome = workbook.run("--profile", str(path))
    assert outcome.code == 1, outcome.output
    found = outcome.found("02_discover_models")
    assert "404 Resource not found (the gateway has no such path)" in found
    assert "write deploymentInPath: true: the same call then succeeds" in found
    assert found.endswith(f"; next: gateway-workbook diagnose {path}")
    executed = json.loads((outcome.folder / "notebooks" / "02_discover_models.ipynb").read_text(encoding="utf-8"))
    shown = json.dumps(executed)
    assert "widgets" not in executed["metadata"], "no button where nobody is"
    assert "application/vnd.jupyter.widget-view+json" not in shown
    assert "<summary>repeat wrong-path</summary>" in shown
    assert diagnose(environment, *found.rpartition("diagnose ")[2].split(), "--apply").returncode == 0


def test_a_token_that_is_refused_costs_no_search(faulty: Callable[..., Path], environment: dict[str, str]) -> None:
    path = faulty("modelgateway-oauth2", {"clientId": "nobody"})
    seen = diagnose(environment, str(path), "--apply")
    assert seen.returncode == 1
    assert "✗ token-client" in seen.stdout
    assert "client_secret@-" in seen.stdout, "the line fetches the token"
    assert "in search of the mend" not in seen.stdout
    assert "wrote" not in seen.stdout
