from __future__ import annotations

import stat
import sys
from typing import TYPE_CHECKING

import pytest
from cryptography.fernet import Fernet

from foundry_sandbox import connections
from foundry_sandbox import state as state_module
from foundry_sandbox.connections import Connection
from foundry_sandbox.state import AgentCall, GatewayRequest, State, StateError

if TYPE_CHECKING:
    from pathlib import Path


def gateway_request(gateway: str, *, request_id: str | None = None) -> GatewayRequest:
    return GatewayRequest(
        gateway=gateway,
        method="POST",
        path="/v1/chat/completions",
        query="",
        deployment="gpt-4o",
        routing="body",
        status=200,
        milliseconds=1.5,
        user_agent="test",
        request_id=request_id,
        time=1.0,
    )


def agent_call(response_id: str) -> AgentCall:
    return AgentCall(
        response_id=response_id,
        agent="helper",
        connection="c",
        deployment="d",
        method="POST",
        url="http://127.0.0.1/x",
        status=None,
        milliseconds=1,
        time=1.0,
    )


def connection(name: str) -> Connection:
    return Connection(
        name=name,
        scope="project",
        properties={"category": "ModelGateway", "authType": "ApiKey", "target": "https://gateway.example"},
        credentials={"key": "a-very-secret-key"},
        created="2026-01-01T00:00:00Z",
        changed="2026-01-01T00:00:00Z",
    )


def test_secrets_and_documents_survive_a_restart(tmp_path: Path) -> None:
    first = State.open(tmp_path)
    first.put({"n": 1}, kind="agent", name="a")
    first.remember("port", value="1234")
    connections.save(first, connection("Kept"))
    before = (first.api_key, first.client_secret, first.identity_header, first.signing_key)
    first.close()
    second = State.open(tmp_path)
    assert (second.api_key, second.client_secret, second.identity_header, second.signing_key) == before
    assert len(set(before)) == 4
    assert second.get("a", kind="agent") == {"n": 1}
    assert second.recall("port") == "1234"
    assert connections.find(second, "kept", scope="project") == connection("Kept")
    second.close()


def test_no_secret_lies_in_the_folder_in_clear(tmp_path: Path) -> None:
    state = State.open(tmp_path)
    connections.save(state, connection("c-1"))
    written = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"gateway.example" in written
    for secret in ("a-very-secret-key", state.api_key, state.client_secret, state.identity_header):
        assert secret.encode() not in written
    assert state.signing_key not in written
    state.close()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_only_the_owner_can_read_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    state = State.open(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    state.close()


def test_a_foreign_key_is_refused_with_what_to_do(tmp_path: Path) -> None:
    State.open(tmp_path).close()
    (tmp_path / "key").write_bytes(Fernet.generate_key())
    with pytest.raises(StateError, match=r"remove .* and start again"):
        State.open(tmp_path)


def test_a_replaced_document_keeps_its_place(state: State) -> None:
    for name in ("a", "b"):
        state.put({"name": name, "n": 1}, kind="agent", name=name)
    state.put({"name": "a", "n": 2}, kind="agent", name="a")
    assert [(one["name"], one["n"]) for one in state.all("agent")] == [("a", 2), ("b", 1)]


def test_documents_of_other_parents_and_kinds_stay_apart(state: State) -> None:
    state.put({"of": "x"}, kind="version", name="1", parent="x")
    state.put({"of": "y"}, kind="version", name="1", parent="y")
    state.remove_all("version", parent="x")
    assert state.all("version", parent="x") == []
    assert state.all("version", parent="y") == [{"of": "y"}]
    assert not state.remove("1", kind="version", parent="x")
    assert state.remove("1", kind="version", parent="y")


def test_a_gateway_log_is_read_by_gateway_position_and_request(state: State) -> None:
    for gateway, request_id in (("a", "r1"), ("b", "r1"), ("a", "r2"), ("a", None)):
        state.log_gateway_request(gateway_request(gateway, request_id=request_id))
    assert [one.id for one in state.gateway_requests("a")] == [1, 3, 4]
    assert [one.id for one in state.gateway_requests("a", after=1)] == [3, 4]
    assert [one.id for one in state.gateway_requests("a", request_id="r2")] == [3]
    assert state.gateway_requests("a", after=3, request_id="r2") == []
    assert [one.id for one in state.gateway_requests("a", last=2)] == [3, 4]
    assert state.count_gateway_requests("a") == 3


def test_the_oldest_log_rows_go(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state_module, "KEPT_LOG_ROWS", 2)
    for _ in range(5):
        state.log_gateway_request(gateway_request("a"))
        state.log_agent_call(agent_call("resp_1"))
    assert [one.id for one in state.gateway_requests("a")] == [4, 5]
    assert [one.id for one in state.agent_calls()] == [4, 5]


def test_agent_calls_are_read_by_response(state: State) -> None:
    state.log_agent_call(agent_call("resp_1"))
    state.log_agent_call(agent_call("resp_2"))
    (found,) = state.agent_calls(response_id="resp_2")
    assert (found.id, found.response_id, found.status) == (2, "resp_2", None)
