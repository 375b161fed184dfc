from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .envoy import Envoy, configuration
from .server import (
    Command,
    Server,
    environment_without,
    free_port,
    pytest_runtest_makereport,  # noqa: F401  pytest finds hooks by name
    python_named_by,
    running,
)
from .workbook import Sandbox, running_sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

VARIABLE = "GATEWAY_WORKBOOK_GATEWAYS_PYTHON"
CONFIGURATION = Path(__file__).with_name("litellm.yaml")


@pytest.fixture(scope="session")
def gateways_python() -> Path:
    return python_named_by(VARIABLE, target="test-gateways")


@pytest.fixture(scope="session")
def litellm(gateways_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    port = free_port()
    folder = tmp_path_factory.mktemp("litellm")
    server = Server(url=f"http://127.0.0.1:{port}", key="sk-litellm-made-up-key", log=folder / "litellm.log")
    options = ["--host", "127.0.0.1", "--port", str(port), "--telemetry", "False"]
    words = [gateways_python.with_name("litellm"), "--config", CONFIGURATION, *options]
    environment = environment_without(
        *("LITELLM_", "DATABASE_", "OPENAI_", "AZURE_"),
        LITELLM_MASTER_KEY=server.key,
        LITELLM_LOCAL_MODEL_COST_MAP="True",  # else it fetches a price list at its start
    )
    command = Command(words=words, ready=f"{server.url}/health/liveliness", environment=environment)
    with running(command, log=server.log):
        yield server


@pytest.fixture(scope="session")
def envoy(gateways_python: Path, litellm: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Envoy]:
    folder = tmp_path_factory.mktemp("envoy")
    server = Envoy(
        url=f"http://127.0.0.1:{free_port()}",
        key="envoy-made-up-key",
        log=folder / "envoy.log",
        access_log=folder / "access.jsonl",
    )
    file = folder / "envoy.yaml"
    file.write_text(configuration(server, upstream=litellm), encoding="utf-8")
    # Hot restart shares memory under a fixed name: two Envoys on one machine would not start.
    options = ["--disable-hot-restart", "--concurrency", "1", "--log-level", "error"]
    options += ["--file-flush-interval-msec", "50"]
    words = [gateways_python.with_name("envoy"), "--config-path", file, *options]
    with running(Command(words=words, ready=server.url), log=server.log):
        yield server


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with running_sandbox(tmp_path_factory.mktemp("sandbox")) as sandbox:
        yield sandbox
