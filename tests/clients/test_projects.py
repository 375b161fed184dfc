"""azure-ai-projects and openai, used as their users use them; each script checks every answer it gets."""

from __future__ import annotations

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
    sorted([*SCRIPTS.glob("projects_*.py"), *SCRIPTS.glob("openai_*.py")]),
    ids=lambda script: script.stem,
)
def test_a_client_gets_what_it_expects(clients: Clients, script: Path) -> None:
    clients.run(script, MANY_CONNECTIONS=str(MANY_CONNECTIONS))
