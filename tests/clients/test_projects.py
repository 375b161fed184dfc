"""azure-ai-projects, openai and what stands on it, used as their users use them; each script checks what it gets."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from .conftest import MANY_CONNECTIONS, SCRIPTS

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Clients

pytestmark = pytest.mark.clients


@pytest.mark.usefixtures("others", "written")
@pytest.mark.parametrize(
    "script",
    sorted([*SCRIPTS.glob("projects_*.py"), *SCRIPTS.glob("openai_*.py"), SCRIPTS / "agents_sdk.py"]),
    ids=lambda script: script.stem,
)
def test_a_client_gets_what_it_expects(clients: Clients, script: Path) -> None:
    clients.run(script, MANY_CONNECTIONS=str(MANY_CONNECTIONS))


@pytest.mark.usefixtures("others", "written")
@pytest.mark.parametrize("script", ["openai_async", "openai_errors"])
def test_an_older_client_gets_it_too(clients: Clients, clients_python: Path, script: str) -> None:
    older = replace(clients, python=clients_python.parents[1] / "older" / clients_python.parent.name / "python")
    older.run(SCRIPTS / f"{script}.py")
