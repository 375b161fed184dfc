"""A running sandbox, and official clients that reach it."""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import openai
import pytest
from azure.ai.projects import AIProjectClient
from azure.core.credentials import AccessToken
from azure.core.pipeline.policies import SansIOHTTPPolicy

from foundry_sandbox.state import State

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from azure.core.pipeline import PipelineRequest

ARM = "https://management.azure.com"
PROJECT = "https://ai.azure.com"
START_SECONDS = 20

# How the `connect` fixture is called: connect("name", target="/gateways/…", **properties).
Connect = Callable[..., str]


@dataclass(frozen=True, kw_only=True)
class Running:
    """A sandbox process, as its descriptor tells."""

    folder: Path
    process: subprocess.Popen[str]
    descriptor: Mapping[str, Any]

    @property
    def url(self) -> str:
        return str(self.descriptor["url"])

    @property
    def api_key(self) -> str:
        return str(self.descriptor["environment"]["SANDBOX_API_KEY"])

    @property
    def client_secret(self) -> str:
        return str(self.descriptor["environment"]["SANDBOX_CLIENT_SECRET"])

    @property
    def trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.descriptor["ca"])

    def token(self, audience: str) -> str:
        """Fetch a token as a managed identity does."""
        environment = self.descriptor["environment"]
        response = httpx.get(
            environment["IDENTITY_ENDPOINT"],
            params={"api-version": "2019-08-01", "resource": audience},
            headers={"X-IDENTITY-HEADER": environment["IDENTITY_HEADER"]},
            verify=self.trust,
        )
        return str(response.raise_for_status().json()["access_token"])


@contextmanager
def started(folder: Path, *options: str) -> Iterator[Running]:
    """Run a sandbox until the block ends."""
    command = [sys.executable, "-m", "foundry_sandbox", "--state", str(folder), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # our own program
        try:
            yield Running(folder=folder, process=process, descriptor=awaited(folder, process))
        finally:
            process.terminate()


def awaited(folder: Path, process: subprocess.Popen[str]) -> Mapping[str, Any]:
    """Wait for the descriptor of this very process."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        path = folder / "sandbox.json"
        if path.exists():
            descriptor: Mapping[str, Any] = json.loads(path.read_text())
            if descriptor["pid"] == process.pid:
                return descriptor
        time.sleep(0.05)
    raise AssertionError(f"no sandbox on {folder}: exit code {process.poll()}")


class InsecureHttp(SansIOHTTPPolicy[Any, Any]):
    """Lets the official client send its token over plain http, which on loopback nobody overhears."""

    def on_request(self, request: PipelineRequest[Any]) -> None:
        request.context.options["enforce_https"] = False


class SandboxCredential:
    """Fetches tokens from the sandbox's identity endpoint."""

    def __init__(self, running: Running) -> None:
        self.running = running

    def get_token(self, *scopes: str, **_: object) -> AccessToken:
        return AccessToken(self.running.token(scopes[0].removesuffix("/.default")), int(time.time()) + 3000)


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One sandbox for all tests of this process; use names of your own in it."""
    with started(tmp_path_factory.mktemp("sandbox") / "state", "--port", "0", "--quiet") as running:
        yield running


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    """A state of its own, in no process."""
    opened = State.open(tmp_path / "state")
    opened.url = "http://127.0.0.1:8765"
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def arm(sandbox: Running) -> Iterator[httpx.Client]:
    """ARM, with a token and an api-version."""
    headers = {"Authorization": f"Bearer {sandbox.token(ARM)}"}
    with httpx.Client(base_url=sandbox.url, headers=headers, params={"api-version": "2025-04-01-preview"}) as client:
        yield client


@pytest.fixture(scope="session")
def project(sandbox: Running) -> Iterator[AIProjectClient]:
    """The official projects client."""
    with AIProjectClient(
        endpoint=sandbox.descriptor["project_endpoint"],
        credential=SandboxCredential(sandbox),
        per_call_policies=[InsecureHttp()],
    ) as client:
        yield client


@pytest.fixture(scope="session")
def strict(sandbox: Running) -> Iterator[openai.OpenAI]:
    """The official OpenAI client, checking every field of every answer, retrying nothing."""
    with openai.OpenAI(
        base_url=f"{sandbox.descriptor['project_endpoint']}/openai/v1",
        api_key=sandbox.token(PROJECT),
        max_retries=0,
        _strict_response_validation=True,
    ) as client:
        yield client


@pytest.fixture(scope="session")
def connect(sandbox: Running, arm: httpx.Client) -> Connect:
    """Create a connection and return its name: `connect("name", target="/gateways/…", …properties)`."""

    def create(name: str, *, target: str, scope: str = "project", **properties: object) -> str:
        whole: dict[str, object] = {
            "category": "ModelGateway",
            "target": f"{sandbox.url}{target}" if target.startswith("/") else target,
            "authType": "ApiKey",
            "credentials": {"key": sandbox.api_key},
            "metadata": metadata(),
            **properties,
        }
        parent = str(sandbox.descriptor["project_resource_id"])
        parent = parent if scope == "project" else parent.partition("/projects/")[0]
        arm.put(f"{parent}/connections/{name}", json={"properties": whole}).raise_for_status()
        return name

    return create


def metadata(**extra: str) -> dict[str, str]:
    """Metadata of a body-routed gateway with one static model; `extra` is added or replaces."""
    model = {"name": "gpt-4o", "properties": {"model": {"name": "gpt-4o", "version": "", "format": "OpenAI"}}}
    return {"deploymentInPath": "false", "models": json.dumps([model]), **extra}


DISCOVERY = json.dumps(
    {
        "listModelsEndpoint": "/models",
        "getModelEndpoint": "/models/{deploymentName}",
        "deploymentProvider": "OpenAI",
    }
)


def properties(running: Running, gateway: str) -> dict[str, Any]:
    """The connection each gateway of the sandbox wants."""
    by_path = {"deploymentInPath": "true", "inferenceAPIVersion": "2024-10-21"}
    oauth = {
        "authType": "OAuth2",
        "tokenUrl": f"{running.url}/gateways/oauth/token",
        "scopes": ["models.read", "models.invoke"],
        "credentials": {"clientId": "sandbox-client", "clientSecret": running.client_secret},
    }
    custom = {
        "authConfig": json.dumps({"type": "api_key", "name": "X-Gateway-Key", "format": "Key {api_key}"}),
        "customHeaders": json.dumps({"X-Environment": "test"}),
    }
    bearer = json.dumps({"type": "api_key", "name": "Authorization", "format": "Bearer {api_key}"})
    identity = {
        "authType": "ProjectManagedIdentity",
        "audience": "https://cognitiveservices.azure.com",
        "credentials": {},
    }
    table: dict[str, dict[str, Any]] = {
        "apim": {"target": "/gateways/apim/openai", "category": "ApiManagement", "metadata": by_path},
        "apim-static": {"target": "/gateways/apim-static/openai/", "metadata": metadata(**by_path)},
        "static": {"target": "/gateways/static/v1"},
        "openai": {
            "target": "/gateways/openai/v1",
            "metadata": {"modelDiscovery": DISCOVERY, "authConfig": bearer},
        },
        "azure": {"target": "/gateways/azure", "metadata": metadata(deploymentAPIVersion="1")},
        "oauth": {"target": "/gateways/oauth/v1", **oauth},
        "custom": {"target": "/gateways/custom/v1", "metadata": metadata(**custom)},
        "identity": {
            "target": "/gateways/identity/openai",
            "category": "ApiManagement",
            "metadata": by_path,
            **identity,
        },
    }
    return table[gateway]
