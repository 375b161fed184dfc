"""Where a command finds the project: the sandbox's own URLs are the sandbox's, however they are written."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from gateway_workbook.cli_target import target_of
from gateway_workbook.errors import UsageError
from tests.conftest import COMMAND
from tests.library.wire import PROJECT, profile

if TYPE_CHECKING:
    from pathlib import Path

    from gateway_workbook.target import Target


def test_the_sandboxs_own_urls_are_the_sandbox_and_others_are_not(sandbox: Target, azure: Target) -> None:
    own = sandbox.locate("sandbox://static/v1")
    assert own.startswith("http://127.0.0.1:")
    for url in (own, "sandbox://static/v1"):
        for project in (None, PROJECT):
            assert target_of(profile(targetUrl=url, projectResourceId=project)) == sandbox
    assert target_of(profile(targetUrl=own, projectResourceId=PROJECT), "azure") == azure
    assert target_of(profile(targetUrl="http://127.0.0.1:9/gateways/static/v1")) is None
    assert target_of(profile()) is None
    assert target_of(profile(projectResourceId=PROJECT)) == azure
    assert target_of(profile(), "sandbox") == sandbox
    for kind, told in (("aws", "no target 'aws': write sandbox or azure"), ("azure", "no Foundry project")):
        with pytest.raises(UsageError, match=told):
            target_of(profile(), kind)


@pytest.mark.parametrize("words", [("diagnose",), ("readiness", "--deployment", "gpt-4o")])
def test_a_profile_of_its_http_url_needs_no_secret_set(words: tuple[str, ...], sandbox: Target, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    url = sandbox.locate("sandbox://openai/v1")
    bearer = {"type": "api_key", "name": "Authorization", "format": "Bearer {api_key}"}
    mine = profile(targetUrl=url, apiKey="env:SANDBOX_API_KEY", authConfig=bearer).to_yaml()
    path.write_text(mine, encoding="utf-8")
    done = subprocess.run(
        [COMMAND, words[0], str(path), *words[1:]],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env=os.environ | {"NO_COLOR": "1"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
