"""Cells as other hands store them: under the older name of the identity, with two discoveries, and broken."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from gateway_workbook.check import check
from gateway_workbook.discovery import discover
from gateway_workbook.document import Document
from gateway_workbook.gateway import Gateway
from gateway_workbook.profile import Profile
from tests.matrix.cells import DISCOVERIES, Cell
from tests.matrix.contract import broken, demands
from tests.matrix.forbidden import bases

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway_workbook.connection import Connection
    from tests.matrix.conftest import Bench

BASES = bases()
IDENTITIES = [cell for cell in BASES if cell.auth == "ProjectManagedIdentity"]
DYNAMIC = [cell for cell in BASES if cell.discovery not in ("static", "defaults")]
# Beyond the numbers of test_allowed's cells, whose connections stay on the sandbox.
FIRST = 2000


def described(cell: Cell, number: int, bench: Bench) -> Connection:
    profile = Profile.parse(Document("cell.yaml", cell.profile(bench.recorder.origin, number)))
    return bench.connections.describe(profile)


def put(connection: Connection, bench: Bench, change: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """Store the connection with a change, past everything that would refuse it; gives what ARM then has."""
    body = copy.deepcopy(connection.resource(bench.secrets))
    change(body["properties"])
    url = httpx.URL(
        bench.connections.url(connection.name, scope=connection.scope), params={"api-version": "2025-06-01"}
    )
    token = bench.credential.get_token("https://management.azure.com/.default").token
    answer = bench.http.put(url, json=body, headers={"Authorization": f"Bearer {token}"})
    assert answer.is_success, answer.text
    found = bench.connections.get(connection.name, scope=connection.scope)
    assert found is not None
    return found


@pytest.mark.parametrize("cell", IDENTITIES, ids=str)
def test_the_older_name_of_the_identity_is_the_same(cell: Cell, bench: Bench) -> None:
    number = FIRST + IDENTITIES.index(cell)
    wanted = described(cell, number, bench)
    stored = put(wanted, bench, lambda properties: properties.update(authType="AAD"))
    assert stored["properties"]["authType"] == "AAD"
    assert bench.connections.compare(wanted) == ("unchanged", ())
    assert not [finding for finding in bench.connections.findings(wanted) if finding.severity == "error"]

    bench.recorder.take()
    bench.ask(f"{wanted.name}/{cell.name}", "hello")
    assert broken(bench.recorder.take(), demands(cell, number, discovers=False)) == []


@pytest.mark.parametrize("cell", DYNAMIC, ids=str)
def test_a_list_in_the_metadata_comes_before_the_endpoints(cell: Cell, bench: Bench) -> None:
    """Such a connection is refused in a profile, and named when it is there; whoever reads it still has to choose."""
    number = FIRST + 100 + DYNAMIC.index(cell)
    wanted = described(cell, number, bench)
    models = json.dumps(DISCOVERIES["static"]["staticModels"])
    stored = put(wanted, bench, lambda properties: properties["metadata"].update(models=models))
    assert "discovery-both" in {finding.code for finding in check(stored)}
    both = wanted.model_copy(update={"models": described(BASES[0], number, bench).models})
    assert both.effective_discovery == "static"

    bench.recorder.take()
    client = Gateway(both, bench.http, secrets=bench.secrets, credential=bench.credential)
    assert discover(client, only=[cell.name]).callable == [cell.name]
    asked = [one.method for one in bench.recorder.take() if not one.path.endswith("/token")]
    assert asked == ["POST"], "the endpoints were asked though the models are listed"


@dataclass(frozen=True, kw_only=True)
class Broken:
    """One classic mistake in what is stored: its finding, the cells it can befall, and whether agents fail on it."""

    code: str
    befalls: Callable[[Cell], bool]
    change: Callable[[dict[str, Any]], object]
    scope: str = ""
    agents_fail: bool = True


def as_object(key: str) -> Callable[[dict[str, Any]], object]:
    return lambda properties: properties["metadata"].update({key: json.loads(properties["metadata"][key])})


def without(field: str) -> Callable[[dict[str, Any]], object]:
    return lambda properties: properties.pop(field)


def edited(key: str, **changes: str) -> Callable[[dict[str, Any]], object]:
    """A JSON text in the metadata with other values in it."""
    return lambda properties: properties["metadata"].update(
        {key: json.dumps(json.loads(properties["metadata"][key]) | changes)}
    )


def dynamic(cell: Cell) -> bool:
    return cell.discovery not in ("static", "defaults")


BROKEN = [
    Broken(code="metadata-not-text", befalls=lambda cell: cell.discovery == "static", change=as_object("models")),
    Broken(code="metadata-not-text", befalls=dynamic, change=as_object("modelDiscovery")),
    Broken(code="metadata-not-text", befalls=lambda cell: bool(cell.auth_config), change=as_object("authConfig")),
    Broken(code="metadata-not-text", befalls=lambda cell: cell.headers, change=as_object("customHeaders")),
    Broken(code="dropped-token-url", befalls=lambda cell: cell.auth == "OAuth2", change=without("tokenUrl")),
    Broken(
        code="dropped-scopes", befalls=lambda cell: cell.auth == "OAuth2", change=without("scopes"), agents_fail=False
    ),
    Broken(
        code="dropped-audience", befalls=lambda cell: cell.auth == "ProjectManagedIdentity", change=without("audience")
    ),
    Broken(
        code="identity-on-account",
        befalls=lambda cell: cell.auth == "ProjectManagedIdentity",
        change=lambda _: None,
        scope="account",
    ),
    Broken(
        code="auth-config-format",
        befalls=lambda cell: cell.auth_config == "bearer",
        change=edited("authConfig", format="Bearer"),
        agents_fail=False,  # the gateway is called, without the key: this one takes anything
    ),
    Broken(
        code="discovery-no-name",
        befalls=dynamic,
        change=edited("modelDiscovery", getModelEndpoint="/models"),
        agents_fail=False,  # discovery alone is broken
    ),
    Broken(
        code="routing-missing",
        befalls=lambda cell: cell.category == "ApiManagement",
        change=lambda properties: properties["metadata"].pop("deploymentInPath"),
    ),
]
CASES = [(broken, cell) for broken in BROKEN for cell in BASES if broken.befalls(cell)]


@pytest.mark.parametrize(
    ("number", "mistake", "cell"),
    [(FIRST + 200 + index, *case) for index, case in enumerate(CASES)],
    ids=[f"{mistake.code}-{cell}" for mistake, cell in CASES],
)
def test_what_is_stored_broken_is_named_with_its_mend_and_fails_agents(
    number: int, mistake: Broken, cell: Cell, bench: Bench
) -> None:
    wanted = described(cell, number, bench)
    if mistake.scope:
        wanted = wanted.model_copy(update={"scope": mistake.scope})
    put(wanted, bench, mistake.change)
    errors = [finding for finding in bench.connections.findings(wanted) if finding.severity == "error"]
    assert mistake.code in {finding.code for finding in errors}, errors
    assert all(finding.mend for finding in errors)
    bench.recorder.take()
    answer = bench.asked(f"{wanted.name}/{cell.name}", "hello")
    assert answer.is_success != mistake.agents_fail, answer.text
    reached = [one for one in bench.recorder.take() if one.path.partition("?")[0].endswith("/chat/completions")]
    assert bool(reached) != mistake.agents_fail, reached
