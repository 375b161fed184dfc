"""Proof of the route on the real sandbox: a broken twin makes an agent fail, and nothing of it stays."""

from __future__ import annotations

import json
import shlex
import sys
from typing import TYPE_CHECKING

import pytest

from gateway_workbook.cleanup import clean_up
from gateway_workbook.errors import UsageError
from gateway_workbook.gateway_log import gateway_log
from gateway_workbook.log_proof import prove_by_log
from gateway_workbook.profile import load_profile
from gateway_workbook.route_proof import prove_by_control
from gateway_workbook.run import Run
from gateway_workbook.step import Step
from gateway_workbook.triage import triage
from tests.library.wire import server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gateway_workbook.connection import Connection
    from gateway_workbook.target import Target


def begun(folder: Path, profile: str, target: Target) -> tuple[Step, Connection]:
    """A step of a run on that profile, and its connection, stored."""
    run = Run.start(folder, profile=load_profile(profile), target=target, source=profile)
    step = Step("04_validate_prompts", run)
    connection = step.connections.describe(run.profile())
    step.connections.put(connection)
    return step, connection


@pytest.fixture
def step(tmp_path: Path, sandbox: Target) -> Iterator[Step]:
    step, _ = begun(tmp_path / "run", "apim-defaults", sandbox)
    yield step
    step.checkpoint(holds=True, found="done")


@pytest.mark.parametrize("profile", ["apim-defaults", "apim-identity", "modelgateway-oauth2", "modelgateway-static"])
def test_a_twin_with_a_broken_credential_fails_its_agent(
    profile: str,
    tmp_path: Path,
    sandbox: Target,
) -> None:
    step, connection = begun(tmp_path / "run", profile, sandbox)
    agents = step.agents()
    before = {item["name"] for item in step.connections.list()}
    proof = prove_by_control(step, step.gateway(connection), agents, deployment="gpt-4o")
    assert proof.holds is True, proof
    assert {item["name"] for item in step.connections.list()} == before
    entries = [json.loads(line) for line in step.run.ledger.path.read_text().splitlines()]
    assert [(entry["state"], entry["kind"]) for entry in entries] == [
        ("intended", "connection"),
        ("intended", "agent"),
        ("removed", "agent"),
        ("removed", "connection"),
    ]
    assert agents.latest(entries[1]["name"]) is None
    step.checkpoint(holds=True, found="done")


def test_a_gateway_that_takes_any_key_proves_nothing(step: Step) -> None:
    answer = {"choices": [{"message": {"role": "assistant", "content": "ok"}}]}
    with server(lambda *_: (200, {"content-type": "application/json"}, json.dumps(answer).encode())) as url:
        connection = step.connections.describe(step.run.profile()).model_copy(update={"target": url})
        proof = prove_by_control(step, step.gateway(connection), step.agents(), deployment="gpt-4o")
    assert (proof.holds, proof.why) == (None, "the gateway answers to an invented key, too")
    assert step.run.ledger.open_entries() == []


def test_a_killed_control_is_removed_by_cleaning_up(step: Step) -> None:
    connection = step.connections.describe(step.run.profile())
    twin = connection.model_copy(update={"name": "sandbox-apim-twin-0a1b"})
    step.connections.apply(twin, ledger=step.run.ledger)
    assert [entry.name for entry in step.run.ledger.open_entries()] == [twin.name]
    assert clean_up(step).removed == (f"connection {twin.name}",)


def deployed(step: Step, model: str, name: str) -> str:
    # Past our own refusal of bare names: somebody else made this agent.
    agents = step.agents()
    agents._create_version(name, {"kind": "prompt", "model": model}, run_id="another")  # noqa: SLF001
    return name


def test_an_agent_on_a_bare_name_is_caught(step: Step) -> None:
    """It answers just as well, and the gateway's log does not show it."""
    connection = step.connections.describe(step.run.profile())
    agent = deployed(step, "gpt-4o-mini", "bare-agent")
    agents = step.agents()
    seen = gateway_log(step.target, connection, step.http)
    found = triage(step.gateway(connection), agents, agent=agent, deployment="gpt-4o", seen_by_gateway=seen)
    assert (found.party, found.through_gateway) == ("profile", False)
    assert "answered from elsewhere" in found.why
    agents.delete_versions_of(agent, run_id="another")


def test_a_secret_that_is_stored_wrong_is_told_from_one_that_is_wrong(step: Step) -> None:
    connection = step.connections.describe(step.run.profile())
    stored = connection.resource(step.secrets)
    stored["properties"]["credentials"]["key"] = "of-last-year"
    url = step.connections.url(connection.name)
    token = step.credential.get_token("https://management.azure.com/.default").token
    headers = {"Authorization": f"Bearer {token}"}
    step.http.put(url, params={"api-version": "2025-06-01"}, json=stored, headers=headers).raise_for_status()
    agent = deployed(step, f"{connection.name}/gpt-4o", "stale-agent")
    agents = step.agents()
    found = triage(step.gateway(connection), agents, agent=agent, deployment="gpt-4o")
    assert found.party == "profile"
    assert "not the one that is stored" in found.why
    assert "replace" in found.mend
    agents.delete_versions_of(agent, run_id="another")
    step.connections.put(connection)


@pytest.fixture
def recorded(step: Step) -> Iterator[tuple[str, list[bytes]]]:
    """The URL of a gateway that writes down what it is asked, with an agent `logged-agent` on it."""
    bodies: list[bytes] = []
    answer = {"choices": [{"message": {"role": "assistant", "content": "ok"}, "finish_reason": "stop"}]}

    def respond(method: str, _: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        if method == "GET":
            return 200, {"content-type": "text/plain"}, b"\n".join(bodies)
        bodies.append(body)
        return 200, {"content-type": "application/json"}, json.dumps(answer).encode()

    with server(respond) as url:
        connection = step.connections.describe(step.run.profile())
        logged = connection.model_copy(update={"name": "logged-apim", "target": url})
        step.connections.put(logged)
        agent = deployed(step, "logged-apim/gpt-4o", "logged-agent")
        yield url, bodies
        step.agents().delete_versions_of(agent, run_id="another")
        step.connections.delete("logged-apim")


def test_the_gateways_own_log_proves_the_route_by_url_and_by_command(
    step: Step, recorded: tuple[str, list[bytes]]
) -> None:
    url, _ = recorded
    agents = step.agents()
    assert prove_by_log(agents, f"{url}/log?q={{marker}}", agent="logged-agent", http=step.http).holds is True
    fetch = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1]).read())"
    command = shlex.join([sys.executable, "-c", fetch, f"{url}/log"])
    assert prove_by_log(agents, command, agent="logged-agent", http=step.http).holds is True


def test_a_log_without_the_prompt_tells_nothing(step: Step, recorded: tuple[str, list[bytes]], tmp_path: Path) -> None:
    assert recorded
    (tmp_path / "empty.log").write_text("nothing")
    for log, told in (
        (f"grep {{marker}} {shlex.quote(str(tmp_path / 'empty.log'))}", "does not show the agent's prompt"),
        (shlex.join([sys.executable, "-c", "print('{marker}')"]), "shows a word that was never sent"),
    ):
        proof = prove_by_log(step.agents(), log, agent="logged-agent", http=step.http)
        assert (proof.holds, told in proof.why) == (None, True), proof


@pytest.mark.parametrize(
    ("log", "told"),
    [
        ("no-such-command", "cannot be run"),
        ("", "cannot be run"),
        ("ls --no-such-option", "ended with 2"),
        ("http://127.0.0.1:9/log", "gives no answer"),
    ],
)
def test_a_log_that_cannot_be_had_is_the_persons(step: Step, log: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        prove_by_log(step.agents(), log, agent="nobody", http=step.http)


def test_a_log_without_an_end_is_read_so_far(step: Step) -> None:
    endless = shlex.join([sys.executable, "-c", "while True: print('x' * 1000)"])
    proof = prove_by_log(step.agents(), endless, agent="nobody", http=step.http)
    assert (proof.holds, "the agent does not answer" in proof.why) == (None, True)
