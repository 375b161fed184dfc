"""A notebook that shows what went over HTTP, run by papermill on the sandbox: everything is in it but the secrets."""

from __future__ import annotations

import json
import os
import subprocess
from base64 import b64encode
from html import unescape
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import nbformat
import pytest
import yaml

from tests.library.wire import server

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

KEY = 'sk-Canary/7+"q&=<12>'
PROFILE: dict[str, object] = {
    "category": "ModelGateway",
    "connectionName": "echoing",
    "authType": "ApiKey",
    "apiKey": "env:ECHOED_KEY",
    "authConfig": {"name": "X-Contoso", "format": "{api_key}"},
    "customHeaders": {"X-Team": "env:ECHOED_KEY"},
    "deploymentInPath": False,
    "staticModels": [{"name": "m", "properties": {"model": {"name": "m", "version": "1", "format": "OpenAI"}}}],
}
CELLS = (
    'run_dir = ""\nprofile = ""',
    "from gateway_workbook import Step\nstep = Step.start(run_dir, profile=profile, target='sandbox')",
    "wanted = step.connections.describe(step.run.profile())\nstep.connections.put(wanted)['name']",
    "step.gateway(wanted).chat('m', [{'role': 'user', 'content': '<b>hello</b>'}]).status",
    "step.agents().latest('nobody')",
    "step.wire",
    "step.wire.failed",
    "print(step.wire.text())",
    "print(step.wire.curl())",
    "step.connections.delete(wanted.name)",
    "step.checkpoint(holds=True, found='shown')",
    "step.wire.latest()",
)


def notebook(folder: Path) -> Path:
    cells = [nbformat.v4.new_code_cell(source) for source in CELLS]  # type: ignore[no-untyped-call]
    cells[0].metadata["tags"] = ["parameters"]
    written = nbformat.v4.new_notebook(  # type: ignore[no-untyped-call]
        cells=cells, metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    )
    nbformat.write(written, folder / "wire.ipynb")  # type: ignore[no-untyped-call]
    return folder / "wire.ipynb"


@pytest.fixture(scope="module")
def executed(
    python: str, environment: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, list[Any]]:
    """The notebook as papermill left it, as text and as its cells."""

    def respond(_: str, __: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        echo = f"no {KEY}, {quote(KEY, safe='')}, Basic {b64encode(f'user:{KEY}'.encode()).decode()}: {body.decode()}"
        return 401, {"content-type": "application/json"}, json.dumps({"error": {"message": echo}}).encode()

    folder = tmp_path_factory.mktemp("wire")
    source, output = notebook(folder), folder / "out.ipynb"
    with server(respond) as url:
        profile = folder / "profile.yaml"
        profile.write_text(yaml.safe_dump(PROFILE | {"targetUrl": f"{url}/v1"}), encoding="utf-8")
        parameters = ["-p", "run_dir", str(folder / "run"), "-p", "profile", str(profile)]
        subprocess.run(
            [python, "-m", "papermill", str(source), str(output), *parameters, "--no-progress-bar"],
            env={**environment, "ECHOED_KEY": KEY},
            check=True,
            capture_output=True,
            timeout=120,
        )
    text = output.read_text(encoding="utf-8")
    return text, json.loads(text)["cells"]


def told(cells: list[Any], source: str, kind: str) -> str:
    """What the cell of that source left, of that kind."""
    [cell] = [cell for cell in cells if "".join(cell["source"]) == source]
    [output] = cell["outputs"]
    return "".join(output["text"] if kind == "stream" else output["data"][kind])


def test_an_executed_notebook_shows_the_wire_and_holds_no_secret(
    executed: tuple[str, list[Any]], environment: Mapping[str, str], sandbox_state: Path
) -> None:
    text, cells = executed
    page, lines = told(cells, "step.wire", "text/html"), told(cells, "step.wire", "text/plain").splitlines()
    assert lines[0] == "3 exchanges over HTTP, 2 with an error"
    assert [line.split()[1:3] for line in lines[1:]] == [["✓", "PUT"], ["✗", "POST"], ["✗", "GET"]]
    assert page.count("<details") == page.count("</details>") == 1 + 3
    assert "401 Unauthorized" in page
    assert "404 Not Found" in page
    assert '"key": "•••"' in unescape(page)
    assert "<th scope='row'>X-Contoso</th><td>•••</td>" in page
    assert "<b>hello</b>" not in page
    assert "&lt;b&gt;hello&lt;/b&gt;" in page
    assert told(cells, "step.wire.failed", "text/plain").startswith("2 exchanges over HTTP, 2 with an error")
    assert "DELETE" in told(cells, "step.wire.latest()", "text/plain")  # still there after the checkpoint
    written = json.loads((sandbox_state / "sandbox.json").read_text(encoding="utf-8"))["environment"]
    secrets = [KEY, json.dumps(KEY)[1:-1], quote(KEY, safe=""), b64encode(f"user:{KEY}".encode()).decode(), "Canary"]
    secrets += [value for name, value in written.items() if name != "IDENTITY_ENDPOINT"]
    assert len(secrets) > 6
    assert not [secret for secret in secrets if secret in text]
    assert "${ECHOED_KEY}" in text
    assert environment["GATEWAY_WORKBOOK_SANDBOX"] not in page


def test_the_lines_that_a_notebook_prints_are_a_script_that_a_shell_can_read(executed: tuple[str, list[Any]]) -> None:
    script = told(executed[1], "print(step.wire.curl())", "stream")
    done = subprocess.run(["/bin/sh", "-n", "-c", script], env=dict(os.environ), capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert script.count("curl --silent") == 5  # three exchanges, and two tokens
