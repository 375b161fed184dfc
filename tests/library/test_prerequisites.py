"""What has to be there before the first call, each thing that is missing with its mend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from azure.core.exceptions import ClientAuthenticationError

from gateway_workbook.errors import ServiceError
from gateway_workbook.prerequisites import check_prerequisites, references
from gateway_workbook.run import Run
from gateway_workbook.secrets import Secrets
from gateway_workbook.step import Step
from tests.library.wire import SECRETS, Credential, profile

if TYPE_CHECKING:
    from pathlib import Path

    from azure.core.credentials import AccessToken

    from gateway_workbook.profile import Profile
    from gateway_workbook.target import Target


@dataclass
class Listing:
    """Connections that can be listed, or not."""

    error: Exception | None = None

    def of_project(self) -> list[dict[str, Any]]:
        if self.error:
            raise self.error
        return []


@dataclass
class Begun:
    """What a step has that the check looks at."""

    run: Run
    secrets: Secrets
    credential: Any
    connections: Listing


class SignedOut(Credential):
    def get_token(self, *scopes: str, **_: object) -> AccessToken:
        raise ClientAuthenticationError(f"no account found for {scopes[0]}\nTo mitigate this issue, …")


@pytest.fixture
def begun(tmp_path: Path, azure: Target) -> Begun:
    headers = {"X-Team-Token": "env:TEAM_TOKEN", "X-Environment": "production"}
    run = Run.start(tmp_path / "run", profile=profile(customHeaders=headers), target=azure, source="x")
    return Begun(run, SECRETS, Credential(), Listing())


def checked(step: Any) -> dict[str, str | None]:
    return {row.what: None if row.there else row.mend for row in check_prerequisites(step)}


def test_everything_that_is_there_is_said_to_be(begun: Begun) -> None:
    assert checked(begun) == {
        "secret env:KEY": None,
        "secret env:TEAM_TOKEN": None,
        "Entra sign-in": None,
        "Foundry project": None,
    }


def test_everything_that_is_missing_comes_with_its_mend(begun: Begun) -> None:
    begun.secrets, begun.credential = Secrets(), SignedOut()
    begun.connections = Listing(ServiceError("GET … answered 403: ask for the role"))
    found = checked(begun)
    assert "set the environment variable KEY" in str(found["secret env:KEY"])
    assert "set the environment variable TEAM_TOKEN" in str(found["secret env:TEAM_TOKEN"])
    signed_out = str(found["Entra sign-in"])
    assert signed_out.startswith("no Entra token (no account found for https://management.azure.com/.default): sign in")
    assert "mitigate" not in signed_out
    assert found["Foundry project"] == "GET … answered 403: ask for the role"


def test_the_references_of_every_sign_in_are_looked_for() -> None:
    fields: dict[str, Any] = {"authType": "OAuth2", "apiKey": None, "clientId": "c", "clientSecret": "keyring:a/b"}
    asked: Profile = profile(**fields, tokenUrl="https://login.test/t", customHeaders={"X-A": "env:A", "X-B": "b"})
    assert [str(reference) for reference in references(asked)] == ["keyring:a/b", "env:A"]


def test_on_the_sandbox_nothing_is_missing(run: Run, sandbox: Target) -> None:
    step = Step("00_start_here", run)
    assert sandbox.kind == "sandbox"
    assert checked(step) == {"secret env:SANDBOX_API_KEY": None, "Entra sign-in": None, "Foundry project": None}
    step.checkpoint(holds=True, found="all there")
