"""The stop button: whatever is under way ends at once, is noted, and the same cell run again passes."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from queue import Empty
from threading import Lock
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from jupyter_client.manager import start_new_kernel

from tests.library.model_server import good
from tests.library.wire import KEY, server
from tests.workbook.conftest import NOTEBOOKS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from jupyter_client.blocking.client import BlockingKernelClient
    from jupyter_client.manager import KernelManager

    from tests.workbook.conftest import Workbook


SLOW_SECONDS = 6.0
MODELS = ["gpt-4o", "mini", "third", "fourth", "fifth", "sixth"]
THREADS = """
import threading
print([one.name for one in threading.enumerate() if not one.daemon and one is not threading.main_thread()
       and one.name in ("gateway-workbook", "progress") or "ThreadPoolExecutor" in one.name],
      [one.name for one in threading.enumerate() if one.name == "progress"])
"""


@dataclass
class Gateway:
    """A gateway of the test's own: it thinks for `pause` seconds before each answer but the `free` first."""

    url: str = ""
    pause: float = 0.0
    free: int = 0
    limited: bool = False
    seen: int = 0
    lock: Lock = field(default_factory=Lock)

    def respond(self, method: str, path: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        with self.lock:
            self.seen += 1
            pause = self.pause if self.seen > self.free else 0
        time.sleep(pause)
        kind = {"content-type": "application/json"}
        if self.limited:
            return 429, kind | {"retry-after": "15"}, b"{}"
        if method == "POST":
            reply = good(json.loads(body))
            return reply.status, {"content-type": reply.kind}, b"".join(piece for _, piece in reply.pieces)
        name = path.partition("/models")[2].strip("/")
        found: dict[str, Any] = {"id": name} if name else {"data": [{"id": one} for one in MODELS]}
        return (200 if not name or name in MODELS else 404), kind, json.dumps(found).encode()


@dataclass
class Cell:
    """What running a cell left: its status, what it showed, and how long after the interrupt the kernel was idle."""

    status: str = ""
    shown: list[str] = field(default_factory=list)
    error: list[str] = field(default_factory=list)
    messages: int = 0
    seconds_to_idle: float = 0.0

    @property
    def text(self) -> str:
        return "\n".join(self.shown)


@dataclass
class Kernel:
    """A kernel as JupyterLab has one."""

    manager: KernelManager
    client: BlockingKernelClient

    def run(self, source: str, *, stop_when: Callable[[], bool] = lambda: False) -> Cell:
        """Run a cell; interrupt it once when `stop_when` says so."""
        cell, stopped = Cell(), 0.0
        message = self.client.execute(source, allow_stdin=False)
        end = time.monotonic() + 120
        while time.monotonic() < end:
            if not stopped and stop_when():
                self.manager.interrupt_kernel()
                stopped = time.monotonic()
            try:
                told = self.client.get_iopub_msg(timeout=0.05)
            except Empty:
                continue
            if told["parent_header"].get("msg_id") != message:
                continue
            if told["msg_type"] == "status" and told["content"]["execution_state"] == "idle":
                cell.seconds_to_idle = time.monotonic() - stopped if stopped else 0.0
                cell.status = self._reply(message)
                return cell
            self._keep(told, cell)
        raise AssertionError(f"the cell does not end: {source}")

    def _reply(self, message: str) -> str:
        # On a busy machine, answers to who asked whether the kernel was up are still there.
        while True:
            reply = self.client.get_shell_msg(timeout=10)
            if reply["parent_header"].get("msg_id") == message:
                return str(reply["content"]["status"])

    @staticmethod
    def _keep(told: dict[str, Any], cell: Cell) -> None:
        content = told["content"]
        if told["msg_type"] == "stream":
            cell.shown.append(content["text"])
        elif told["msg_type"] == "error":
            cell.error = content["traceback"]
            cell.shown.extend(content["traceback"])
        elif "data" in content:
            cell.messages += 1
            cell.shown.append(content["data"].get("text/plain", ""))


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    made = Gateway()
    with server(made.respond) as url:
        made.url = f"{url}/v1"
        yield made


@pytest.fixture
def kernel(environment: dict[str, str], tmp_path: Path) -> Iterator[Kernel]:
    manager, client = start_new_kernel(
        kernel_name="python3", env=environment | {"INTERRUPT_KEY": KEY}, cwd=str(tmp_path)
    )
    try:
        yield Kernel(manager, client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


@pytest.fixture
def mine(profile: Callable[..., str], gateway: Gateway) -> str:
    """A profile of the test's gateway, whose models are looked up."""
    return profile(
        "modelgateway-openai",
        connectionName="interrupted",
        targetUrl=gateway.url,
        apiKey="env:INTERRUPT_KEY",
    )


class Notebook:
    """The code cells of a notebook, run one by one; `cell` finds one by a word in it."""

    def __init__(self, kernel: Kernel, name: str, folder: Path, **parameters: object) -> None:
        self.kernel, self.name, self.folder = kernel, name, folder
        read = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)  # type: ignore[no-untyped-call]
        self.cells = [one["source"] for one in read.cells if one["cell_type"] == "code"]
        given = {**({} if "10" in name else {"run_dir": str(folder)}), **parameters}
        self.cells.insert(1, "# Parameters\n" + "\n".join(f"{key} = {value!r}" for key, value in given.items()))

    def run_until(self, word: str) -> str:
        """Run the cells before the one that holds the word; returns that one."""
        while word not in self.cells[0]:
            self.pass_one()
        return self.cells[0]

    def pass_one(self) -> Cell:
        done = self.kernel.run(self.cells.pop(0))
        assert done.status == "ok", done.text
        return done

    def run_on(self) -> str:
        """Run what is left; the last cell is the checkpoint."""
        text = ""
        while self.cells:
            text = self.pass_one().text
        return text

    def record(self) -> tuple[str, str]:
        record = json.loads((self.folder / "steps" / f"{self.name}.json").read_text())
        return record["state"], record["found"]

    def interrupted(self, word: str, gateway: Gateway, *, after: int = 1, recorded: bool = True) -> Cell:
        """Interrupt the cell while the gateway thinks about the call number `after`; then see that nothing is left."""
        source = self.run_until(word)
        gateway.pause = SLOW_SECONDS
        before, asked = gateway.seen, [0.0]

        def waiting() -> bool:
            if gateway.seen - before >= after and not asked[0]:
                asked[0] = time.monotonic() + 1.2  # long enough to be shown
            return bool(asked[0]) and time.monotonic() > asked[0]

        stopped = self.kernel.run(source, stop_when=waiting)
        assert stopped.status == "error", stopped.text
        assert stopped.seconds_to_idle < 2, stopped.text
        assert stopped.error == ["interrupted: run this cell again"]
        assert not recorded or self.record() == ("broken", "interrupted: run this cell again")
        left = self.kernel.run(THREADS)
        assert left.text.strip() == "[] []"
        gateway.pause = 0.0
        again = self.pass_one()
        assert again.status == "ok"
        return stopped


def opened(folder: Path) -> list[str]:
    """What the ledger still owns."""
    left: list[str] = []
    for line in (folder / "ledger.jsonl").read_text().splitlines():
        entry = json.loads(line)
        left = [*left, entry["name"]] if entry["state"] == "intended" else [x for x in left if x != entry["name"]]
    return left


def suite(folder: Path) -> Path:
    """Three prompts that the gateway answers well."""
    prompts = [{"name": name, "prompt": name, "assertions": [{"contains": "ok"}]} for name in ("a", "b", "c")]
    path = folder / "suite.yaml"
    path.write_text(json.dumps({"name": "three", "prompts": prompts}), encoding="utf-8")
    return path


def begun(kernel: Kernel, mine: str, folder: Path) -> None:
    """Notebooks 00 and 01, on the sandbox."""
    Notebook(kernel, "00_start_here", folder, profile=mine).run_on()
    Notebook(kernel, "01_create_connections", folder, replace=True).run_on()


def test_discovery_and_readiness_are_interrupted_and_run_again(
    kernel: Kernel, gateway: Gateway, mine: str, tmp_path: Path
) -> None:
    begun(kernel, mine, tmp_path / "run")
    notebook = Notebook(kernel, "02_discover_models", tmp_path / "run")
    stopped = notebook.interrupted("discover(gateway", gateway)
    assert "asking for the list of models … 1 s" in stopped.text
    assert "✗ asking for the list of models: interrupted after" in stopped.text
    stopped = notebook.interrupted("examine_readiness", gateway)
    assert "checking gpt-4o: chat … 0 of" in stopped.text
    assert "✓ 02_discover_models: 6 of 6 deployments answer" in notebook.run_on()


def test_calls_under_way_on_threads_are_left_behind_and_begin_no_other(
    kernel: Kernel, gateway: Gateway, mine: str, tmp_path: Path
) -> None:
    begun(kernel, mine, tmp_path / "run")
    notebook = Notebook(kernel, "02_discover_models", tmp_path / "run")
    source = notebook.run_until("discover(gateway")

    before = gateway.seen
    gateway.pause, gateway.free = 2.0, before + 1  # the list comes at once
    stopped = kernel.run(source, stop_when=lambda: gateway.seen == before + 5)
    assert stopped.status == "error", stopped.text
    assert stopped.seconds_to_idle < 2
    time.sleep(3)  # each of the four has had its answer, and would have called next
    assert gateway.seen == before + 5
    gateway.pause = 0.0
    assert notebook.pass_one().status == "ok"


def test_an_agent_a_judge_and_a_control_are_interrupted_and_run_again(
    kernel: Kernel, gateway: Gateway, mine: str, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    begun(kernel, mine, folder)
    Notebook(kernel, "02_discover_models", folder, readiness="none").run_on()
    notebook = Notebook(kernel, "03_deploy_agent", folder)
    stopped = notebook.interrupted("agents.ask(name", gateway)
    assert "asking interrupted-agent … 1 s" in stopped.text
    assert "✓ 03_deploy_agent" in notebook.run_on()
    notebook = Notebook(kernel, "04_validate_prompts", folder, control="always", suite=str(suite(tmp_path)))
    stopped = notebook.interrupted("validator.judge", gateway, after=3)
    assert "✗ judging answers: interrupted after 0 of 6" in stopped.text
    stopped = notebook.interrupted("prove_route", gateway)
    assert "trying a broken credential: interrupted after" in stopped.text
    assert "✓ 04_validate_prompts" in notebook.run_on()
    assert "✓ 05_clean_up" in Notebook(kernel, "05_clean_up", folder).run_on()
    assert not opened(folder)


def test_a_probe_is_interrupted_and_run_again(kernel: Kernel, gateway: Gateway, tmp_path: Path) -> None:
    out = tmp_path / "found.yaml"
    notebook = Notebook(
        kernel, "10_find_settings", tmp_path, url=gateway.url, key="env:INTERRUPT_KEY", out=str(out), overwrite=True
    )
    stopped = notebook.interrupted("find_settings(form.url", gateway, recorded=False)
    assert "GET /v1/models … 1, 1 s" in stopped.text
    assert "probing: interrupted after 1" in stopped.text
    assert "✓ 10_find_settings" in notebook.run_on()


def test_waiting_for_a_limit_is_said_interrupted_and_run_again(
    kernel: Kernel, gateway: Gateway, mine: str, tmp_path: Path
) -> None:
    begun(kernel, mine, tmp_path / "run")
    notebook = Notebook(kernel, "02_discover_models", tmp_path / "run", readiness="none")
    source, before, gateway.limited = notebook.run_until("discover(gateway"), gateway.seen, True
    limit: list[float] = []

    def a_second_later() -> bool:
        if gateway.seen > before:
            limit.append(time.monotonic())
        return bool(limit) and time.monotonic() - limit[0] > 1

    stopped = kernel.run(source, stop_when=a_second_later)
    assert stopped.seconds_to_idle < 2
    assert "waiting: the answer was 429 …" in stopped.text
    assert stopped.error == ["interrupted: run this cell again"]
    assert gateway.seen == before + 1
    gateway.limited = False
    assert "✓ 02_discover_models" in notebook.run_on()


def test_the_start_of_a_sandbox_is_interrupted_and_run_again(
    environment: dict[str, str], mine: str, tmp_path: Path
) -> None:
    own = environment | {"GATEWAY_WORKBOOK_SANDBOX": str(tmp_path / "sandbox"), "INTERRUPT_KEY": KEY}
    manager, client = start_new_kernel(kernel_name="python3", env=own, cwd=str(tmp_path))
    kernel = Kernel(manager, client)
    try:
        notebook = Notebook(kernel, "00_start_here", tmp_path / "run", profile=mine)
        source = notebook.run_until("Step.start")
        stopped = kernel.run(source, stop_when=(tmp_path / "sandbox" / "sandbox.log").exists)
        assert stopped.seconds_to_idle < 2
        assert stopped.error == ["interrupted: run this cell again"]
        assert not (tmp_path / "run" / "run.json").exists()
        assert "✓ 00_start_here" in notebook.run_on()
        kernel.run("from gateway_workbook import sandbox_process; sandbox_process.stop()")
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_a_saved_notebook_has_the_last_line_of_each_task_alone(
    environment: dict[str, str], workbook: Workbook, gateway: Gateway, mine: str
) -> None:
    gateway.pause = 0.4
    slow = type(workbook)(environment | {"INTERRUPT_KEY": KEY}, workbook.folder)
    outcome = slow.run("--profile", mine, "-p", "replace=true", "-p", f"suite={suite(workbook.folder.parent)}")
    assert outcome.code == 0, outcome.output
    text = (outcome.folder / "notebooks" / "02_discover_models.ipynb").read_text(encoding="utf-8")
    saved = nbformat.reads(text, as_version=4)  # type: ignore[no-untyped-call]
    shown = [one["data"] for cell in saved.cells for one in cell.get("outputs", []) if "data" in one]
    lines = [data["text/plain"] for data in shown if data.get("text/plain", "").startswith("✓ ")]
    assert [line.rpartition(" in ")[0] for line in lines] == [
        "✓ 6 deployments asked",
        "✓ 17 checks of readiness made",
    ]
    assert "<progress" not in text
    assert "calling gpt-4o …" not in text
