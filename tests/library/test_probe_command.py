"""What `gateway-workbook probe` says where nothing works: each thing once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.library.test_cli_probe import probe

if TYPE_CHECKING:
    from gateway_workbook.target import Target


def test_the_cause_is_said_once(sandbox: Target) -> None:
    done = probe(sandbox.locate("sandbox://openai"), "--key", "env:WRONG", WRONG="sk-swordfish-wrong")
    assert done.returncode == 1
    assert done.stdout.count("the gateway reads the header Authorization, and does not take the key") == 1
    assert "cause (likely): the gateway reads the header" in done.stdout


@pytest.mark.usefixtures("sandbox")
def test_what_a_request_was_for_that_has_no_row() -> None:
    client = ("--client-id", "sandbox-client", "--client-secret", "env:SANDBOX_CLIENT_SECRET")
    scopes = ("--scope", "models.read", "--scope", "models.invoke")
    done = probe("sandbox://oauth/v1", *client, "--token-url", "sandbox://oauth/token", *scopes)
    assert done.returncode == 0, done.stdout
    assert "of the requests 1 went for a token\n" in done.stdout
    assert "429" not in done.stdout


@pytest.mark.usefixtures("sandbox")
def test_a_gateway_that_the_sandbox_does_not_have_is_your_own_mistake() -> None:
    done = probe("sandbox://nosuch", "--key", "env:SANDBOX_API_KEY")
    assert (done.returncode, done.stdout) == (2, "")
    assert "no gateway 'nosuch' in this sandbox: there are apim" in done.stderr
