"""The requests made of the ARM resource, and what becomes of its answers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from gateway_workbook.arm import Connections, resource_rows
from gateway_workbook.errors import ServiceError, UsageError
from gateway_workbook.ledger import Ledger
from tests.library.wire import KEY, PROJECT, SECRETS, Credential, Recorder, connection, profile, reply

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gateway_workbook.target import Target

HERE = f"https://management.azure.com{PROJECT}/connections"
ACCOUNT = HERE.replace("/projects/workshop", "")
VERSION = "api-version=2025-04-01-preview"
SERVICE = "/subscriptions/1/resourceGroups/rg/providers/Microsoft.ApiManagement/service/contoso"


class Arm:
    """The connections of a project and its account, kept in memory; never gives credentials back."""

    def __init__(self) -> None:
        self.stored: dict[str, dict[str, Any]] = {}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path, name = request.url.path, request.url.path.rpartition("/")[2]
        if name == "connections":
            return reply(200, {"value": [item for key, item in self.stored.items() if key.rpartition("/")[0] == path]})
        if request.method == "PUT":
            properties = json.loads(request.content)["properties"] | {"credentials": None}
            self.stored[path] = {"id": path, "name": name, "properties": properties}
        elif request.method == "DELETE":
            return reply(200 if self.stored.pop(path, None) else 204, "")
        if path not in self.stored:
            return reply(404, {"error": {"code": "ResourceNotFound", "message": "no such connection"}})
        return reply(200, self.stored[path])


@pytest.fixture
def wired(azure: Target) -> Callable[[Callable[[httpx.Request], httpx.Response]], tuple[Connections, Recorder]]:
    def wire(respond: Callable[[httpx.Request], httpx.Response]) -> tuple[Connections, Recorder]:
        recorder = Recorder(respond)
        return Connections(azure, recorder.client(), credential=Credential(), secrets=SECRETS), recorder

    return wire


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "ledger.jsonl")


def test_a_connection_is_put_with_its_secret_and_a_token(wired: Any) -> None:
    connections, recorder = wired(Arm())
    connections.put(connection())
    request = recorder.requests[0]
    assert recorder.seen == [f"PUT {HERE}/contoso?{VERSION}"]
    assert request.headers["authorization"] == "Bearer token for https://management.azure.com/.default"
    assert json.loads(request.content) == connection().resource(SECRETS)
    assert json.loads(request.content)["properties"]["credentials"] == {"key": KEY}


def test_get_answers_none_for_what_is_not_there(wired: Any) -> None:
    connections, recorder = wired(Arm())
    assert connections.get("contoso") is None
    connections.put(connection())
    assert connections.get("contoso")["properties"]["credentials"] is None
    assert recorder.seen[0] == f"GET {HERE}/contoso?{VERSION}"


def test_a_missing_project_is_not_a_missing_connection(wired: Any) -> None:
    answer = {"error": {"code": "ParentResourceNotFound", "message": "no such project"}}
    connections, _ = wired(lambda _: reply(404, answer))
    with pytest.raises(ServiceError, match="404 no such project: check projectResourceId") as caught:
        connections.get("contoso")
    assert caught.value.status == 404
    with pytest.raises(ServiceError, match="check projectResourceId"):
        connections.list()


def test_pages_are_followed(wired: Any) -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        if "page=2" in str(request.url):
            return reply(200, {"value": [{"name": "b"}]})
        return reply(200, {"value": [{"name": "a"}], "nextLink": f"{HERE}?page=2&{VERSION}"})

    connections, recorder = wired(respond)
    assert [row["name"] for row in connections.of_project()] == ["a", "b"]
    assert recorder.seen == [f"GET {HERE}?{VERSION}", f"GET {HERE}?page=2&{VERSION}"]


def test_creating_is_idempotent(wired: Any, ledger: Ledger) -> None:
    connections, recorder = wired(Arm())
    assert connections.apply(connection(), ledger=ledger) == ("created", ())
    assert connections.apply(connection(), ledger=ledger) == ("unchanged", ())
    assert [request.method for request in recorder.requests] == ["GET", "PUT", "GET"]
    assert [entry.name for entry in ledger.open_entries()] == ["contoso"]


def test_the_ledger_has_it_before_the_request_is_made(wired: Any, ledger: Ledger) -> None:
    arm, seen = Arm(), []

    def respond(request: httpx.Request) -> httpx.Response:
        if request.method == "PUT":
            seen.extend(entry.name for entry in Ledger(ledger.path).open_entries())
        return arm(request)

    wired(respond)[0].apply(connection(), ledger=ledger)
    assert seen == ["contoso"]


def test_a_difference_is_shown_and_written_over_only_when_told(wired: Any, ledger: Ledger) -> None:
    connections, recorder = wired(Arm())
    connections.put(connection())
    other = connection(inferenceAPIVersion="2024-10-21")
    outcome, found = connections.apply(other, ledger=ledger)
    assert (outcome, [row.field for row in found]) == ("differs", ["metadata.inferenceAPIVersion"])
    assert [request.method for request in recorder.requests] == ["PUT", "GET"]
    outcome, found = connections.apply(other, ledger=ledger, replace=True)
    assert (outcome, [row.field for row in found]) == ("replaced", ["metadata.inferenceAPIVersion"])
    assert connections.compare(other) == ("unchanged", ())
    assert ledger.open_entries() == [], "what was there before this run is not this run's to remove"


def test_replacing_sends_the_secret_again_though_nothing_differs(wired: Any, ledger: Ledger) -> None:
    connections, recorder = wired(Arm())
    connections.put(connection())
    assert connections.apply(connection(), ledger=ledger, replace=True) == ("replaced", ())
    assert recorder.requests[-1].method == "PUT"


def test_a_refusal_withdraws_the_entry_and_silence_leaves_it(wired: Any, ledger: Ledger) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        if request.method == "PUT":
            return reply(403, {"error": {"code": "AuthorizationFailed", "message": "not allowed"}})
        return reply(404, "")

    def hang(request: httpx.Request) -> httpx.Response:
        if request.method == "PUT":
            raise httpx.ReadTimeout("slow", request=request)
        return reply(404, "")

    with pytest.raises(ServiceError, match="403 not allowed: ask for the role Azure AI Project Manager"):
        wired(refuse)[0].apply(connection(), ledger=ledger)
    assert ledger.open_entries() == []
    with pytest.raises(ServiceError, match=r"got no answer .ReadTimeout: slow.: check the network"):
        wired(hang)[0].apply(connection(), ledger=ledger)
    assert [entry.name for entry in ledger.open_entries()] == ["contoso"]


def test_deleting_says_whether_there_was_one(wired: Any) -> None:
    connections, recorder = wired(Arm())
    connections.put(connection())
    assert connections.delete("contoso") is True
    assert connections.delete("contoso") is False
    assert recorder.seen[2] == f"DELETE {HERE}/contoso?{VERSION}"


@pytest.mark.parametrize(
    ("status", "mend"), [(401, "sign in again"), (403, "ask for the role"), (500, ""), (302, ""), (409, "")]
)
def test_a_failure_says_what_was_asked_and_what_was_answered(wired: Any, status: int, mend: str) -> None:
    connections, _ = wired(lambda _: reply(status, {"error": {"message": "because"}}))
    with pytest.raises(ServiceError) as caught:
        connections.put(connection())
    assert str(caught.value).startswith(f"PUT {HERE}/contoso answered {status} because")
    assert mend in str(caught.value)
    assert caught.value.status == status
    assert KEY not in str(caught.value)


def test_an_api_management_api_is_looked_up(wired: Any) -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/apis/openai"):
            return reply(200, {"properties": {"path": "/my/openai/"}})
        return reply(200, {"properties": {"gatewayUrl": "https://contoso.azure-api.test/"}})

    connections, recorder = wired(respond)
    found = connections.describe(
        profile(category="ApiManagement", targetUrl=None, apimResourceId=SERVICE, apiName="openai")
    )
    assert found.target == "https://contoso.azure-api.test/my/openai"
    service = f"https://management.azure.com{SERVICE}"
    assert recorder.seen == [
        f"GET {service}?api-version=2024-05-01",
        f"GET {service}/apis/openai?api-version=2024-05-01",
    ]


def test_a_sandbox_url_does_not_go_to_azure(wired: Any) -> None:
    connections, recorder = wired(Arm())
    with pytest.raises(UsageError, match="exists in the sandbox only: write your gateway's own https:// URL"):
        connections.describe(profile(targetUrl="sandbox://static/v1"))
    assert recorder.requests == []


def test_rows_survive_connections_of_other_kinds() -> None:
    rows = resource_rows(
        [
            {"name": "a", "properties": {"category": "ApiManagement", "authType": "ApiKey", "target": "https://x"}},
            {"name": "b", "properties": {"category": "CustomKeys"}},
            {},
        ]
    )
    assert rows[0] == {
        "name": "a",
        "scope": "project",
        "category": "ApiManagement",
        "authType": "ApiKey",
        "target": "https://x",
    }
    assert [row["category"] for row in rows] == ["ApiManagement", "CustomKeys", "None"]


def test_a_connection_of_the_account_lives_on_the_account(wired: Any, ledger: Ledger) -> None:
    connections, recorder = wired(Arm())
    shared = connection(connectionScope="account")
    assert connections.apply(shared, ledger=ledger) == ("created", ())
    assert connections.compare(shared) == ("unchanged", ())
    assert [request.url.path for request in recorder.requests if request.method == "PUT"] == [
        httpx.URL(f"{ACCOUNT}/contoso").path
    ]
    assert [(entry.name, entry.scope) for entry in ledger.open_entries()] == [("contoso", "account")]
    assert connections.find("contoso")["id"] == httpx.URL(f"{ACCOUNT}/contoso").path
    assert connections.delete("contoso") is False, "the project has none of that name"
    assert connections.delete("contoso", scope="account") is True
    assert recorder.seen[-1] == f"DELETE {ACCOUNT}/contoso?{VERSION}"


def test_the_project_sees_its_own_and_the_accounts_it_does_not_hide(wired: Any) -> None:
    connections, _ = wired(Arm())
    for name, scope in (("both", "account"), ("shared", "account"), ("both", "project"), ("own", "project")):
        connections.put(connection(connectionName=name, connectionScope=scope))
    seen = [(row["name"], row["scope"]) for row in resource_rows(connections.list())]
    assert seen == [("both", "project"), ("own", "project"), ("shared", "account")]
    assert "/projects/" in connections.find("both")["id"]


def test_an_account_that_may_not_be_read_leaves_the_projects_own(wired: Any) -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        own = "/projects/" in request.url.path
        return reply(200, {"value": [{"name": "a"}]}) if own else reply(status, {"error": {"message": "no"}})

    status = 403
    assert [item["name"] for item in wired(respond)[0].list()] == ["a"]
    status = 500
    with pytest.raises(ServiceError, match="500 no"):
        wired(respond)[0].list()


def test_a_connection_of_the_account_that_the_project_hides_is_refused(wired: Any, ledger: Ledger) -> None:
    connections, recorder = wired(Arm())
    connections.put(connection())
    with pytest.raises(UsageError, match="contoso of the project hides the account's: remove it, or take another"):
        connections.apply(connection(connectionScope="account"), ledger=ledger)
    assert [request.method for request in recorder.requests] == ["PUT", "GET"]


def test_a_name_that_is_not_there_names_those_that_are(wired: Any) -> None:
    connections, _ = wired(Arm())
    with pytest.raises(UsageError, match="no connection 'x' on the project or its account: there is none"):
        connections.find("x")
    connections.put(connection(connectionName="own"))
    connections.put(connection(connectionName="shared", connectionScope="account"))
    with pytest.raises(UsageError, match="there is own, shared"):
        connections.find("x")


def test_against_the_sandbox_a_connection_lives_and_dies(sandbox: Target, ledger: Ledger) -> None:
    with httpx.Client() as http:
        connections = Connections(sandbox, http, credential=sandbox.credential(), secrets=SECRETS)
        wanted = connection(connectionName="arm-test", customHeaders={"X-Team-Token": "env:TEAM_TOKEN"})
        assert connections.apply(wanted, ledger=ledger)[0] == "created"
        assert connections.compare(wanted) == ("unchanged", ())
        assert "arm-test" in [row["name"] for row in connections.list()]
        assert KEY not in json.dumps(connections.get("arm-test"))
        assert connections.delete("arm-test") is True
        assert connections.delete("arm-test") is False


def test_against_the_sandbox_a_connection_of_the_account_is_seen_by_the_project(
    sandbox: Target, ledger: Ledger
) -> None:
    with httpx.Client() as http:
        connections = Connections(sandbox, http, credential=sandbox.credential(), secrets=SECRETS)
        wanted = connection(connectionName="shared-test", connectionScope="account")
        assert connections.apply(wanted, ledger=ledger)[0] == "created"
        assert connections.compare(wanted) == ("unchanged", ())
        assert connections.get("shared-test") is None
        rows = {row["name"]: row["scope"] for row in resource_rows(connections.list())}
        assert rows["shared-test"] == "account"
        assert connections.delete("shared-test", scope="account") is True
