from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import httpx
import pytest

from foundry_sandbox.server import PortTakenError, listen

from .conftest import START_SECONDS, started

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Running

COMMAND = [sys.executable, "-m", "foundry_sandbox"]
needs_signals = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to handle")


def test_the_descriptor_says_where_everything_is(sandbox: Running) -> None:
    descriptor = sandbox.descriptor
    assert descriptor["arm"] == sandbox.url
    assert descriptor["portal"] == f"{sandbox.url}/"
    assert descriptor["ca"] is None
    assert descriptor["project_endpoint"] == f"{sandbox.url}/api/projects/workshop"
    assert set(descriptor["environment"]) == {
        "IDENTITY_ENDPOINT",
        "IDENTITY_HEADER",
        "SANDBOX_API_KEY",
        "SANDBOX_CLIENT_SECRET",
    }
    about = httpx.get(f"{sandbox.url}/sandbox").json()
    assert about["project_endpoint"] == descriptor["project_endpoint"]
    assert about["version"] == descriptor["version"]
    assert {"apim", "static", "oauth"} <= {gateway["name"] for gateway in about["gateways"]}
    assert sandbox.api_key not in str(about)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_no_file_is_open_to_others(sandbox: Running) -> None:
    assert {stat.S_IMODE(path.stat().st_mode) for path in sandbox.folder.iterdir()} == {0o600}


def test_a_second_sandbox_on_the_folder_says_where_the_first_is(sandbox: Running) -> None:
    second = subprocess.run(  # our own program
        [*COMMAND, "--state", str(sandbox.folder)], capture_output=True, text=True, check=False
    )
    assert second.returncode == 3
    assert sandbox.url in second.stderr
    assert httpx.get(f"{sandbox.url}/sandbox").status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", ""])
def test_another_host_name_is_turned_away(sandbox: Running, host: str) -> None:
    given = host.format(port=httpx.URL(sandbox.url).port)
    for path in ("/", "/sandbox", "/subscriptions", "/gateways/static/v1/chat/completions"):
        assert httpx.get(f"{sandbox.url}{path}", headers={"Host": given}).status_code in {400, 421}


def test_localhost_is_the_same_place(sandbox: Running) -> None:
    port = httpx.URL(sandbox.url).port
    assert httpx.get(f"{sandbox.url}/sandbox", headers={"Host": f"LocalHost:{port}"}).status_code == 200


def test_an_unknown_path_is_answered_in_json(sandbox: Running) -> None:
    response = httpx.get(f"{sandbox.url}/nowhere")
    assert (response.status_code, response.json()["error"]["code"]) == (404, "NotFound")
    wrong = httpx.post(f"{sandbox.url}/sandbox")
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (405, "MethodNotAllowed")
    number = httpx.get(f"{sandbox.url}/sandbox/gateways/static/requests", params={"after": "x"})
    assert number.status_code == 400


@needs_signals
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_order_and_the_port_is_kept(tmp_path: Path, number: signal.Signals) -> None:
    with started(tmp_path, "--port", "0") as running:
        url = running.url
        running.process.send_signal(number)
        said, _ = running.process.communicate(timeout=START_SECONDS)
        assert running.process.returncode == 0
    assert not (tmp_path / "sandbox.json").exists()
    assert url in said
    assert str(tmp_path) in said
    with started(tmp_path, "--port", "0") as again:
        assert again.url == url


def test_the_descriptor_of_a_killed_process_is_replaced(tmp_path: Path) -> None:
    with started(tmp_path, "--port", "0", "--quiet") as running:
        running.process.kill()
        running.process.wait()
        assert (tmp_path / "sandbox.json").exists()
    with started(tmp_path, "--port", "0", "--quiet") as again:
        assert again.descriptor["pid"] == again.process.pid
        assert httpx.get(f"{again.url}/sandbox").status_code == 200


def test_it_stops_when_nobody_wants_anything(tmp_path: Path) -> None:
    with started(tmp_path, "--port", "0", "--quiet", "--idle-seconds", "1.5") as running:
        for _ in range(6):
            time.sleep(0.4)
            # A request keeps it up well past the idle time; the portal's refreshes below must not.
            httpx.get(f"{running.url}/sandbox")
        deadline = time.monotonic() + 10
        while running.process.poll() is None and time.monotonic() < deadline:
            try:
                httpx.get(f"{running.url}/sandbox/portal")
            except httpx.TransportError:
                break
            time.sleep(0.2)
        assert running.process.wait(timeout=10) == 0
    assert not (tmp_path / "sandbox.json").exists()


def test_an_access_log_says_who_asked_for_what_and_no_secret(tmp_path: Path) -> None:
    log = tmp_path / "access.jsonl"
    with started(tmp_path / "state", "--port", "0", "--quiet", "--access-log", str(log)) as running:
        running.token("https://ai.azure.com")
        httpx.get(f"{running.url}/sandbox?key=swordfish", headers={"User-Agent": "somebody/1"})
        httpx.get(f"{running.descriptor['project_endpoint']}/agents", headers={"Authorization": "Bearer swordfish"})
    text = log.read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    asked = [(line["method"], line["path"], line["status"]) for line in lines]
    assert asked == [
        ("GET", "/msi/token", 200),
        ("GET", "/sandbox", 200),
        ("GET", "/api/projects/workshop/agents", 401),
    ]
    assert lines[1]["user_agent"] == "somebody/1"
    assert "swordfish" not in text


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_an_access_log_is_for_its_owner_and_one_that_cannot_be_is_refused(tmp_path: Path) -> None:
    log = tmp_path / "access.jsonl"
    with started(tmp_path / "state", "--port", "0", "--quiet", "--access-log", str(log)):
        assert stat.S_IMODE(log.stat().st_mode) == 0o600
    command = [*COMMAND, "--state", str(tmp_path / "state"), "--access-log", str(tmp_path / "no" / "folder")]
    refused = subprocess.run(command, capture_output=True, text=True, check=False)  # our own program
    assert refused.returncode == 2
    assert "take another --access-log file" in refused.stderr


def test_a_taken_port_is_passed_over() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with listen([port, 0]) as listener:
            assert listener.getsockname()[0] == "127.0.0.1"
            assert listener.getsockname()[1] != port
        with pytest.raises(PortTakenError, match=f"port {port} is taken"):
            listen([port])


@pytest.mark.parametrize("upstream", ["nameless", "a=ftp://x", "A B=http://x", "apim=http://127.0.0.1:1/v1"])
def test_an_upstream_that_cannot_be_is_refused(tmp_path: Path, upstream: str) -> None:
    command = [*COMMAND, "--state", str(tmp_path), "--upstream", upstream, "--idle-seconds", "0.1"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)  # our own program
    assert result.returncode == 2
    assert "--upstream" in result.stderr


OFFICIAL = """
import os
from azure.ai.projects import AIProjectClient
from azure.ai.projects.models import PromptAgentDefinition
from azure.identity import DefaultAzureCredential

with DefaultAzureCredential() as credential, AIProjectClient(os.environ["ENDPOINT"], credential) as project:
    agent = project.agents.create_version("official", definition=PromptAgentDefinition(model="conn/gpt-4o"))
    with project.get_openai_client() as client:
        reference = {"agent_reference": {"type": "agent_reference", "name": agent.name}}
        response = client.responses.create(input="Reply with exactly: TLS", extra_body=reference)
        print(response.output_text, response.id)
"""


def test_official_clients_work_unmodified_over_tls(tmp_path: Path) -> None:
    with started(tmp_path / "state", "--port", "0", "--tls") as running:
        ca, trust = str(running.descriptor["ca"]), running.trust
        assert running.url.startswith("https://")
        headers = {"Authorization": f"Bearer {running.token('https://management.azure.com')}"}
        properties = {
            "category": "ModelGateway",
            "target": f"{running.url}/gateways/static/v1",
            "authType": "ApiKey",
            "credentials": {"key": running.api_key},
            "metadata": {"deploymentInPath": "false", "models": "[]"},
        }
        resource = f"{running.url}{running.descriptor['project_resource_id']}/connections/conn?api-version=1"
        httpx.put(resource, json={"properties": properties}, headers=headers, verify=trust).raise_for_status()
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "ENDPOINT": running.descriptor["project_endpoint"],
            "REQUESTS_CA_BUNDLE": ca,
            "SSL_CERT_FILE": ca,
            **running.descriptor["environment"],
        }
        result = subprocess.run(  # our own program
            [sys.executable, "-c", OFFICIAL], env=environment, capture_output=True, text=True, check=False
        )
        assert result.returncode == 0, result.stderr
        text, response_id = result.stdout.split()
        assert text == "TLS"
        log = httpx.get(f"{running.url}/sandbox/gateways/static/requests", verify=trust).json()["value"]
        assert [entry["request_id"] for entry in log] == [response_id]
        running.process.terminate()
        said, _ = running.process.communicate(timeout=START_SECONDS)
    for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "IDENTITY_ENDPOINT", "IDENTITY_HEADER"):
        assert f"export {name}=" in said
