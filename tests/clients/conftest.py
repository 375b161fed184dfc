"""Clients nobody here wrote, in an environment without a line of ours, pointed at one sandbox by variables alone."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from gateway_workbook import target as targets
from gateway_workbook.arm import Connections
from gateway_workbook.profile import load_profile
from tests.gateways.server import python_named_by
from tests.library.wire import server
from tests.sandbox.conftest import ARM, Running, metadata, started

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gateway_workbook.connection import Connection
    from gateway_workbook.target import Target

VARIABLE = "GATEWAY_WORKBOOK_CLIENTS_PYTHON"
SCRIPTS = Path(__file__).with_name("scripts")
SECONDS = 120
MANY_CONNECTIONS = 45
TROUBLE = {"busy": 429, "down": 500}
CALLS = pytest.StashKey[Counter[str]]()
# One of every way to authenticate; the names are those the profiles give.
PROFILES = ("apim-defaults", "modelgateway-oauth2", "apim-identity")
# The Agent Service's own calls to the gateways, and what the tests ask about a sandbox, are no client's.
OURS = ("foundry-sandbox-agent-service/", "python-httpx/0.")


@dataclass(frozen=True, kw_only=True)
class Clients:
    """An interpreter with official clients in it, and the variables that lead them to the sandbox."""

    python: Path
    environment: Mapping[str, str] = field(repr=False)

    def run(self, script: Path, *, given: str = "", **variables: str) -> str:
        """What the script prints when it is given that to read; fails with all it said unless it ends well."""
        done = subprocess.run(
            [self.python, script.name],
            cwd=script.parent,
            env={**self.environment, **variables},
            input=given,
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
        )
        if done.returncode:
            pytest.fail(f"{script.name} ended with {done.returncode}\n{done.stdout}\n{done.stderr}", pytrace=False)
        return done.stdout


@pytest.fixture(scope="session")
def clients_python() -> Path:
    return python_named_by(VARIABLE, target="test-clients")


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Running]:
    """One sandbox for all clients, which counts their calls."""
    folder = tmp_path_factory.mktemp("sandbox")
    log = folder / "access.jsonl"
    with started(folder / "state", "--port", "0", "--tls", "--quiet", "--access-log", str(log)) as running:
        yield running
    count(log, request.config)


@pytest.fixture(scope="session")
def clients(sandbox: Running, clients_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Clients:
    ca = str(sandbox.descriptor["ca"])
    variables = sandbox.descriptor["environment"]
    environment = {
        **{name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ},
        "HOME": str(tmp_path_factory.mktemp("home")),
        "PYTHONDONTWRITEBYTECODE": "1",
        "REQUESTS_CA_BUNDLE": ca,
        "SSL_CERT_FILE": ca,
        "IDENTITY_ENDPOINT": variables["IDENTITY_ENDPOINT"],
        "IDENTITY_HEADER": variables["IDENTITY_HEADER"],
        "AZURE_AI_PROJECT_ENDPOINT": sandbox.descriptor["project_endpoint"],
        "AZURE_RESOURCE_MANAGER": sandbox.descriptor["arm"],
        "PROJECT_RESOURCE_ID": sandbox.descriptor["project_resource_id"],
    }
    return Clients(python=clients_python, environment=environment)


@pytest.fixture(scope="session")
def target(sandbox: Running) -> Target:
    """The sandbox as the library finds a person's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GATEWAY_WORKBOOK_SANDBOX", str(sandbox.folder))
        return targets.sandbox(start=False)


@pytest.fixture(scope="session")
def library(target: Target) -> Iterator[Connections]:
    """The library's own view of the project's connections."""
    with targets.http_client(target) as http:
        yield Connections(target, http, credential=target.credential(), secrets=target.secrets())


@pytest.fixture(scope="session")
def written(library: Connections) -> dict[str, Connection]:
    """Connections the library wrote, by name."""
    connections = [library.describe(load_profile(profile)) for profile in PROFILES]
    shared = connections[0].model_copy(update={"name": "sandbox-shared", "scope": "account"})
    for connection in (*connections, shared):
        library.put(connection)
    return {connection.name: connection for connection in (*connections, shared)}


@pytest.fixture(scope="session")
def troubled_gateway() -> Iterator[str]:
    """A gateway that answers every call with the trouble its path names."""

    def respond(_: str, path: str, __: bytes) -> tuple[int, dict[str, str], bytes]:
        status = TROUBLE[path.split("/")[1]]
        content = json.dumps({"error": {"message": "not now"}}).encode()
        return status, {"content-type": "application/json", "retry-after": "7"}, content

    with server(respond) as url:
        yield url


@pytest.fixture(scope="session")
def others(sandbox: Running, troubled_gateway: str) -> None:
    """Connections beside those of the library: many of another kind, a default one, and gateways that are no help."""
    properties = {"target": "https://beside.example", "authType": "ApiKey", "credentials": {"key": "made-up"}}
    many = {f"beside-{number:02}": {**properties, "category": "AppConfig"} for number in range(MANY_CONNECTIONS)}
    default = {"sandbox-default": {**properties, "category": "AzureOpenAI", "isDefault": True}}
    gateway = {**properties, "category": "ModelGateway", "metadata": metadata()}
    trouble = {f"{name}-gateway": {**gateway, "target": f"{troubled_gateway}/{name}"} for name in TROUBLE}
    with httpx.Client(
        base_url=f"{sandbox.url}{sandbox.descriptor['project_resource_id']}/connections/",
        headers={"Authorization": f"Bearer {sandbox.token(ARM)}"},
        params={"api-version": "2025-04-01-preview"},
        verify=sandbox.trust,
    ) as arm:
        for name, wanted in (many | default | trouble).items():
            arm.put(name, json={"properties": wanted}).raise_for_status()


def count(log: Path, config: pytest.Config) -> None:
    """Add the calls of clients in a sandbox's access log to those that are told at the end."""
    agents = (json.loads(line)["user_agent"] for line in log.read_text(encoding="utf-8").splitlines())
    calls = config.stash.setdefault(CALLS, Counter())
    calls.update(client_of(agent) for agent in agents if not agent.startswith(OURS))


def client_of(user_agent: str) -> str:
    """The client's own name in a user agent: `azsdk-python-ai-projects/2.10.0`, `OpenAI/Python 3.57.0`."""
    own = re.search(r"AZURECLI/\S+", user_agent) or re.search(r"\w+/Python \S+|azsdk-\S+", user_agent)
    return own[0] if own else user_agent.partition(" ")[0] or "no name"


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say how much was asked, and by whom: counted by the sandbox, where the calls arrive."""
    calls = config.stash.get(CALLS, Counter())
    if calls:
        terminalreporter.section("calls at the sandbox")
        for client, count in calls.most_common():
            terminalreporter.write_line(f"{count:6} {client}")
        terminalreporter.write_line(f"{calls.total():6} in all, from {len(calls)} clients")
