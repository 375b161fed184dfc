from __future__ import annotations

import secrets
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.gateways.server import (
    Command,
    Server,
    environment_without,
    free_port,
    pytest_runtest_makereport,  # noqa: F401  pytest finds hooks by name
    python_named_by,
    running,
)
from tests.gateways.workbook import Sandbox, running_sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

VARIABLE = "GATEWAY_WORKBOOK_MODEL_PYTHON"
SERVE = Path(__file__).with_name("serve.py")


@pytest.fixture(scope="session")
def model_python() -> Path:
    return python_named_by(VARIABLE, target="test-model")


@contextmanager
def serving(python: Path, *, log: Path, key: str = "") -> Iterator[Server]:
    port = free_port()
    server = Server(url=f"http://127.0.0.1:{port}", key=key, log=log)
    environment = environment_without("LLAMA_", "LOCAL_MODEL_", LOCAL_MODEL_KEY=key)
    command = Command(words=[python, SERVE, str(port)], ready=f"{server.url}/health", environment=environment)
    with running(command, log=log):
        yield server


@pytest.fixture(scope="session")
def local_model(model_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    log = tmp_path_factory.mktemp("model") / "model.log"
    with serving(model_python, log=log, key=f"sk-{secrets.token_hex(8)}") as server:
        yield server


@pytest.fixture(scope="session")
def keyless_model(model_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The model as it stands behind a gateway, which keeps the callers' keys to itself."""
    with serving(model_python, log=tmp_path_factory.mktemp("keyless") / "model.log") as server:
        yield server


@pytest.fixture(scope="session")
def sandbox(keyless_model: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """The sandbox with one more gateway, `local`, in front of the model."""
    with running_sandbox(tmp_path_factory.mktemp("sandbox"), upstreams={"local": f"{keyless_model.url}/v1"}) as sandbox:
        yield sandbox
