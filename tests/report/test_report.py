from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from gateway_workbook import report
from gateway_workbook.difference import differences as differences_of
from gateway_workbook.errors import UsageError
from gateway_workbook.finding import warning
from gateway_workbook.profile import AuthConfig
from gateway_workbook.run import STEPS, ConnectionRecord, Run, Validation
from gateway_workbook.secrets import SecretReference, Secrets
from gateway_workbook.visible import visible

from .conftest import CONNECTION, HOSTILE, RESOURCES, verdict
from .page import Page

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Folder


def _html(folder: Folder) -> str:
    path = report.write(folder.run)
    assert path == folder.run.folder / "report.html"
    return path.read_text(encoding="utf-8")


def _text(folder: Folder) -> str:
    return Page(_html(folder)).text


def _section(folder: Folder, name: str) -> str:
    html = _html(folder)
    found = re.search(rf'<section aria-labelledby="{name}">.*?</section>', html, re.DOTALL)
    assert found is not None, name
    return Page(found[0]).text


@pytest.fixture(params=["folder", "whole", "hostile"])
def any_run(request: pytest.FixtureRequest) -> Folder:
    found: Folder = request.getfixturevalue(request.param)
    return found


def test_loads_nothing(any_run: Folder) -> None:
    html = _html(any_run)
    page = Page(html)
    assert not set(page.tags) & {"script", "link", "img", "iframe", "object", "embed", "base", "form"}
    assert all(value.startswith("#") for name, value in page.attributes if name in ("href", "src", "srcset", "action"))
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert all(url.startswith("#") for url in re.findall(r"url\(\s*['\"]?([^)]*)", html))
    assert "@import" not in html


def test_is_well_formed_with_unique_ids(any_run: Folder) -> None:
    page = Page(_html(any_run))
    ids = [value for name, value in page.attributes if name == "id"]
    assert page.unbalanced == []
    assert len(ids) == len(set(ids))
    wanted = [value for name, value in page.attributes if name == "aria-labelledby"]
    wanted += [value[1:] for name, value in page.attributes if name == "href"]
    assert set(wanted) <= set(ids)


def test_says_the_verdict_first_and_that_the_sandbox_played(whole: Folder) -> None:
    html = _html(whole)
    first = re.search(r"<h1.*?</h1>", html, re.DOTALL)
    assert first is not None
    assert "The agent answers through the gateway: 6 of 6 prompts passed on both routes." in Page(first[0]).text
    assert "Played by the sandbox on this machine: nothing here has met Azure." in Page(html).text
    assert re.findall(r"<h(\d)", html)[0] == "1"
    assert html.count("<h1") == 1


def test_azure_is_not_called_a_sandbox(whole: Folder) -> None:
    info = whole.run.info()
    whole.write(info.model_copy(update={"target": info.target.model_copy(update={"kind": "azure"})}))
    assert "sandbox on this machine" not in _text(whole)


def test_shows_everything_a_run_left(whole: Folder) -> None:
    connected = _section(whole, "connected")
    for fact in (
        "Name contoso-apim",
        "env:SANDBOX_API_KEY, sent as api-key: {api_key}",
        "by path: POST",
        "2024-10-21",
        "dynamic: /deployments, /deployments/{deploymentName} in AzureOpenAI form",
        "Custom header X-Team-Token env:TEAM_TOKEN",
        "The connection was created",
    ):
        assert fact in connected
    assert "2 of 4 answered a prompt" in _section(whole, "models")
    assert "Model contoso-apim/gpt-4o Deployment gpt-4o" in _section(whole, "agent")
    prompts = _section(whole, "prompts")
    assert "What is the capital of France?" in prompts
    assert "In the gateway's log: ✓ yes" in prompts
    assert "Had to hold: contains: Paris" in prompts
    assert "Removed agent contoso-helper, connection contoso-apim" in _section(whole, "cleaned")
    assert "owns nothing any more" in _section(whole, "cleaned")
    environment = _section(whole, "environment")
    assert "Created 2026-10-05T09:30:00Z" in environment
    assert "httpx 0.28.1" in environment


def test_every_figure_has_a_text_and_a_table(whole: Folder) -> None:
    html = _html(whole)
    figures = re.findall(r"<svg[^>]*>", html)
    assert len(figures) == 2
    assert all('role="img"' in figure and re.search(r'aria-label="[^"]{20,}"', figure) for figure in figures)
    assert html.count("<caption>") == html.count("<table>") == 4
    assert "Seconds of 6 prompts" in html
    assert len(re.findall(r'<th scope="row"', html)) == 12 + 2 + 4 + 2


def test_a_run_that_failed_early_still_has_a_report(folder: Folder) -> None:
    folder.passed(STEPS[:1])
    folder.step(STEPS[1], state="failed", found="PUT answered 403: ask for the role Azure AI Project Manager")
    with folder.run.ledger.creating("connection", "contoso-apim"):
        pass
    text = _text(folder)
    assert "Stopped at 01_create_connections: PUT answered 403: ask for the role Azure AI Project Manager" in text
    assert "01_create_connections did not get this far." in _section(folder, "connected")
    assert "02_discover_models has not been run." in _section(folder, "models")
    assert "04_validate_prompts has not been run." in _section(folder, "prompts")
    assert "Still owned by this run: connection contoso-apim" in _section(folder, "cleaned")


def test_a_started_folder_without_any_step_has_a_report(folder: Folder) -> None:
    assert "Nothing has run yet; next: 00_start_here" in _text(folder)


def test_a_failed_cleanup_is_told_in_full(whole: Folder) -> None:
    whole.step("05_clean_up", state="failed", found="agent contoso-helper cannot be removed: 500 " + "x" * 200)
    text = _section(whole, "steps")
    assert "05_clean_up failed: agent contoso-helper cannot be removed: 500 " + "x" * 200 in text


def test_what_was_overtaken_is_said_not_to_count(whole: Folder) -> None:
    whole.step("02_discover_models", state="failed", found="the list is empty", minute=60)
    assert "These verdicts do not count" in _section(whole, "verdicts")
    assert "This no longer counts: 03_deploy_agent passed before 02_discover_models was run again." in _section(
        whole, "agent"
    )
    assert "02_discover_models has not passed" in _section(whole, "models")


def test_damaged_files_are_reported_not_raised(whole: Folder) -> None:
    for name in ("models.json", "agent.json", "verdicts.json"):
        (whole.run.folder / name).write_text('{"half":', encoding="utf-8")
    whole.run.ledger.path.write_text('{"time": "x"}\n', encoding="utf-8")
    assert "models.json is damaged or of another version" in _section(whole, "models")
    assert "ledger of this run is damaged" in _section(whole, "cleaned")


def test_a_folder_without_run_json_is_refused_with_the_mend(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"run 00_start_here\.ipynb first"):
        report.write(Run(tmp_path))


def test_hostile_text_is_shown_and_does_nothing(hostile: Folder) -> None:
    html = _html(hostile)
    page = Page(html)
    assert "script" not in page.tags
    assert "i" not in page.tags
    assert " ".join(visible(HOSTILE).split()) in page.text
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", html)
    assert "<script>alert(1)" not in html


def test_long_answers_are_folded_short_ones_are_not(whole: Folder) -> None:
    whole.write(
        Validation(
            suite="s", verdicts=(verdict("p", "gateway", answer="z" * 20_000), verdict("p", "agent", answer="short"))
        )
    )
    html = _html(whole)
    assert html.count("<details>") == 1
    assert "20,000 characters, folded" in html
    assert f'<pre dir="auto">{"z" * 20_000}</pre></details>' in html
    assert '<pre dir="auto">short</pre>' in html


def test_failures_and_missing_proof_stand_at_their_prompt(whole: Folder) -> None:
    failures = ("the answer is not '391'", "the gateway's log does not show this request")
    failed = verdict("sum", "agent", judgement="failed", answer="400", failures=failures, through_gateway=False)
    whole.write(
        Validation(
            suite="s", verdicts=(failed, verdict("mute", "gateway", judgement="no answer", answer="", tokens=None))
        )
    )
    prompts = _section(whole, "prompts")
    assert "✗ failed 0.40 s 21 tokens In the gateway's log: ✗ no the answer is not '391'" in prompts
    assert "✗ no answer 0.40 s No text came back." in prompts


def test_forty_prompts_in_the_suite_s_order(whole: Folder) -> None:
    names = [f"prompt {index:02}" for index in range(40)]
    whole.write(
        Validation(suite="s", verdicts=tuple(verdict(name, route) for name in names for route in ("gateway", "agent")))
    )
    html = _html(whole)
    assert re.findall(r'<h3 dir="auto">(.*?)</h3>', html) == names
    assert "40 of 40 prompts passed" in html


@pytest.mark.parametrize(
    ("changed", "facts"),
    [
        (
            {
                "auth_type": "OAuth2",
                "client_id": "me",
                "client_secret": SecretReference("env", "CS"),
                "token_url": "https://id/token?tenant=secret-ish",
                "scopes": ("a", "b"),
                "deployment_in_path": False,
            },
            [
                "Client me, secret env:CS",
                "Token URL https://id/token?…",
                "Scopes a b",
                'by body: POST …/chat/completions with "model"',
            ],
        ),
        ({"auth_type": "ProjectManagedIdentity", "audience": "https://aud"}, ["Audience https://aud"]),
        ({"auth_config": AuthConfig(name="X-Key", format="Key {api_key}")}, ["sent as X-Key: Key {api_key}"]),
        ({"discovery": None}, ["dynamic, API Management's defaults: /deployments"]),
        (
            {"discovery": None, "category": "ModelGateway"},
            ["has neither models nor modelDiscovery: a ModelGateway needs one"],
        ),
        ({"custom_headers": {"X-Api-Key": "sk-plain"}}, ["Custom header X-Api-Key •••"]),
    ],
)
def test_tells_each_kind_of_connection(whole: Folder, changed: dict[str, object], facts: list[str]) -> None:
    connection = CONNECTION.model_copy(update=changed)
    whole.write(ConnectionRecord(connection=connection, outcome="unchanged", resources=RESOURCES))
    text = _section(whole, "connected")
    assert [fact for fact in facts if fact not in text] == []


def test_what_is_wrong_with_the_stored_connection_is_told_only_when_there_is_something(whole: Folder) -> None:
    assert "What is wrong with the stored connection" not in _section(whole, "connected")
    found = warning("target-slash", "target", found="ends in /", mend="remove the / at its end")
    record = ConnectionRecord(connection=CONNECTION, outcome="unchanged", findings=(found,), resources=RESOURCES)
    whole.write(record)
    text = _section(whole, "connected")
    assert "What is wrong with the stored connection" in text
    assert "! warning target ends in / remove the / at its end" in text


def test_no_secret_of_a_stored_connection_is_shown(whole: Folder) -> None:
    stored = {
        "category": "ApiManagement",
        "authType": "ApiKey",
        "target": "https://a/c?sig=sk-stored",
        "metadata": {
            "authConfig": {"format": "sk-stored"},
            "customHeaders": json.dumps({"X-Api-Key": "sk-stored", "X-Environment": "prod"}),
        },
    }
    wanted = CONNECTION.model_copy(update={"custom_headers": {"X-Environment": "test"}})
    known = Secrets({"SANDBOX_API_KEY": "sk-stored"})
    differences = differences_of(wanted, {"properties": stored}, secrets=known)
    whole.write(
        ConnectionRecord(connection=CONNECTION, outcome="differs", differences=differences, resources=RESOURCES)
    )
    html = _html(whole)
    assert "sk-stored" not in html
    assert "sig=abc123" not in html
    assert "metadata.customHeaders.X-Api-Key absent •••" in Page(html).text
    assert "metadata.customHeaders.X-Environment test prod" in Page(html).text
