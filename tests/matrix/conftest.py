"""One sandbox, one recorder and one client for the whole matrix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from gateway_workbook import target as targets
from gateway_workbook.arm import Connections
from gateway_workbook.secrets import Secrets
from tests.matrix.cells import NAMES
from tests.matrix.contract import CLIENT_SECRET, KEY, TEAM_TOKEN
from tests.matrix.recorder import Recorder, recording

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx
    from azure.core.credentials import TokenCredential


@dataclass(frozen=True)
class Bench:
    """What every cell is tried on."""

    recorder: Recorder
    connections: Connections
    http: httpx.Client
    secrets: Secrets
    credential: TokenCredential
    project: str

    def ask(self, model: str, text: str) -> Any:
        """Ask the sandbox's Agent Service, with no agent between it and the gateway."""
        answer = self.asked(model, text)
        assert answer.is_success, answer.text
        return answer.json()

    def asked(self, model: str, text: str) -> httpx.Response:
        """The same, whatever comes of it."""
        token = self.credential.get_token("https://ai.azure.com/.default").token
        return self.http.post(
            f"{self.project}/openai/v1/responses",
            json={"model": model, "input": text, "store": False},
            headers={"Authorization": f"Bearer {token}"},
        )


@pytest.fixture(scope="session")
def bench(sandbox_state: Path) -> Iterator[Bench]:
    secrets = Secrets({"KEY": KEY, "CLIENT_SECRET": CLIENT_SECRET, "TEAM_TOKEN": TEAM_TOKEN})
    with pytest.MonkeyPatch.context() as patched, recording(NAMES) as recorder:
        patched.setenv("GATEWAY_WORKBOOK_SANDBOX", str(sandbox_state))
        for name in secrets.sandbox:
            patched.delenv(name, raising=False)
        where = targets.sandbox()
        credential = where.credential()
        with targets.http_client(where) as http:
            connections = Connections(where, http, credential=credential, secrets=secrets)
            yield Bench(recorder, connections, http, secrets, credential, where.project_endpoint)
