"""azure-mgmt-cognitiveservices, stable and newest, on connections that the library reads and writes."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any, Final

import pytest

from gateway_workbook.check import compare
from tests.conftest import COMMAND

from .conftest import SCRIPTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway_workbook.arm import Connections
    from gateway_workbook.connection import Connection
    from gateway_workbook.secrets import Secrets
    from gateway_workbook.target import Target
    from tests.sandbox.conftest import Running

    from .conftest import Clients

pytestmark = pytest.mark.clients
RELEASES: Final = ("stable", "preview")
# The connections that are written, by the name they get, and the one of the library's that each repeats.
WRITTEN: Final = {"key": "sandbox-apim", "oauth2": "sandbox-oauth2", "identity": "sandbox-apim-identity"}
NO_TOKEN: Final = ("dropped-scopes", "dropped-token-url")
# What the library finds in the connections that a client wrote; a text is the refusal that met it instead.
FOUND: Final[Mapping[str, tuple[str, ...] | str]] = {
    "stable-key-dict": (),
    "stable-key-bytes": (),
    "stable-oauth2-models": NO_TOKEN,
    "stable-oauth2-dict": NO_TOKEN,
    "stable-oauth2-bytes": (),
    "stable-identity-models": ("dropped-audience",),
    "stable-identity-dict": "ValidationError",
    "stable-identity-bytes": (),
    "preview-key-dict": (),
    "preview-key-bytes": (),
    "preview-oauth2-models": NO_TOKEN,
    "preview-oauth2-dict": (),
    "preview-oauth2-bytes": (),
    "preview-identity-models": ("dropped-audience",),
    "preview-identity-dict": (),
    "preview-identity-bytes": (),
}


def run(clients: Clients, script: str, *, release: str, given: str = "") -> dict[str, Any]:
    beside = {"PYTHONPATH": str(clients.python.parents[1] / "preview")} if release == "preview" else {}
    answer: dict[str, Any] = json.loads(clients.run(SCRIPTS / script, given=given, RELEASE=release, **beside))
    return answer


@pytest.fixture(scope="module")
def secrets(target: Target) -> Secrets:
    return target.secrets()


@pytest.fixture(scope="module", params=RELEASES)
def outcomes(
    request: pytest.FixtureRequest, clients: Clients, written: Mapping[str, Connection], secrets: Secrets
) -> dict[str, str | None]:
    """What became of each connection that one release was to write."""
    release = request.param
    resources = {f"{release}-{name}": written[ours].resource(secrets) for name, ours in WRITTEN.items()}
    told = run(clients, "management_write.py", release=release, given=json.dumps(resources))
    made: dict[str, str | None] = told["outcomes"]
    assert told["deleted"] == f"{release}-key-models"
    assert made.pop(told["deleted"]) is None
    return made


@pytest.mark.parametrize("release", RELEASES)
def test_a_client_reads_what_the_library_wrote(
    clients: Clients, written: Mapping[str, Connection], secrets: Secrets, release: str
) -> None:
    told = run(clients, "management_read.py", release=release)
    assert told["version"].startswith({"stable": "14.", "preview": "15."}[release])
    for name, connection in written.items():
        wanted = connection.resource(secrets)["properties"]
        seen = told[connection.scope][name]
        assert {**seen, "authType": wanted["authType"]} == {
            **{field: wanted[field] for field in ("category", "target", "authType", "isSharedToAll", "metadata")},
            "id": seen["id"],
            "type": seen["type"],
            "credentials": None,
        }
        # The stable release has no name for this one and shows nothing.
        unknown = release == "stable" and wanted["authType"] == "ProjectManagedIdentity"
        assert seen["authType"] == (None if unknown else wanted["authType"])
        assert seen["id"].endswith(f"/connections/{name}")


def test_the_library_finds_what_a_client_dropped(
    outcomes: Mapping[str, str | None], library: Connections, written: Mapping[str, Connection], secrets: Secrets
) -> None:
    found: dict[str, tuple[str, ...] | str] = {}
    for name, refusal in outcomes.items():
        _, kind, _ = name.split("-")
        if refusal:
            found[name] = refusal
            continue
        stored = library.get(name)
        assert stored is not None
        errors = compare(written[WRITTEN[kind]], stored, secrets=secrets)
        found[name] = tuple(sorted(one.code for one in errors if one.severity == "error"))
    assert found == {name: FOUND[name] for name in outcomes}


def test_the_command_line_says_so_too(outcomes: Mapping[str, str | None], sandbox: Running) -> None:
    (name,) = (name for name in outcomes if name.endswith("-oauth2-models"))
    environment = os.environ | {"GATEWAY_WORKBOOK_SANDBOX": str(sandbox.folder)}
    command = [COMMAND, "check", name, "--profile", "modelgateway-oauth2"]
    told = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert told.returncode == 1, told.stdout + told.stderr
    assert "tokenUrl" in told.stdout
    assert "scopes" in told.stdout
