"""JupyterLab as a person starts it, on folders of the tests' own: nothing of the developer's is read or written."""

from __future__ import annotations

import json
import secrets
import shutil
import sysconfig
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx
import psutil

from tests.gateways.server import Command, Server, free_port, running

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NOTEBOOKS: Final = Path(__file__).parents[2] / "notebooks"
_MANY: Final = ("JUPYTER", "JPY_", "IPYTHON")
_END_SECONDS: Final = 20
SETTINGS: Final[dict[str, dict[str, object]]] = {
    # An output that is scrolled out of sight is in the page all the same.
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"},
    "@jupyterlab/apputils-extension:notification": {"checkForUpdates": False, "fetchNews": "false"},
    "@jupyterlab/docmanager-extension:plugin": {"autosaveInterval": 3600},
}


@dataclass(frozen=True, kw_only=True)
class Lab(Server):
    """A running JupyterLab; `key` is its token, `root` the folder it shows, `settings` what a person changed in it."""

    root: Path
    settings: Path

    def folder(self, name: str) -> Path:
        """A copy of the checkout's notebooks under the root, which may be run in and written to."""
        copy = self.root / name / "notebooks"
        ignored = shutil.ignore_patterns("runs", ".ipynb_checkpoints")
        return Path(shutil.copytree(NOTEBOOKS, copy, ignore=ignored))

    def forget(self) -> None:
        """End all kernels and undo what was changed in the settings, as for somebody new."""
        with httpx.Client(base_url=self.url, headers={"Authorization": f"token {self.key}"}, timeout=60) as api:
            for session in api.get("/api/sessions").raise_for_status().json():
                api.delete(f"/api/sessions/{session['id']}").raise_for_status()
        shutil.rmtree(self.settings, ignore_errors=True)


@contextmanager
def running_lab(folder: Path, environment: Mapping[str, str]) -> Iterator[Lab]:
    """JupyterLab with its root and everything it keeps below `folder`; at the end no process of it is left."""
    lab = Lab(
        url=f"http://127.0.0.1:{free_port()}",
        key=secrets.token_hex(16),
        log=folder / "lab.log",
        root=folder / "root",
        settings=folder / "settings",
    )
    lab.root.mkdir()
    surroundings = _environment(folder, environment) | {"JUPYTER_TOKEN": lab.key}
    command = Command(words=_words(lab), ready=f"{lab.url}/api", environment=surroundings)
    processes: list[psutil.Process] = []
    try:
        with running(command, log=lab.log):
            yield lab
            processes = _processes(folder / "runtime")
    finally:
        _, left = psutil.wait_procs(processes, timeout=_END_SECONDS)
    assert not left, f"JupyterLab left processes behind: {left}"


def _words(lab: Lab) -> list[str | Path]:
    program = Path(sysconfig.get_path("scripts")) / "jupyter-lab"
    options = [f"--port={lab.url.rpartition(':')[2]}", "--ip=127.0.0.1", "--port-retries=0", "--no-browser"]
    options += [f"--notebook-dir={lab.root}", "--expose-app-in-browser"]
    return [program, *options, "--allow-root"]


def _environment(folder: Path, environment: Mapping[str, str]) -> dict[str, str]:
    overrides = folder / "config" / "labconfig" / "default_setting_overrides.json"
    overrides.parent.mkdir(parents=True)
    overrides.write_text(json.dumps(SETTINGS), encoding="utf-8")
    kept = {name: value for name, value in environment.items() if not name.startswith(_MANY)}
    return kept | {
        "IPYTHONDIR": str(folder / "ipython"),
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
    }


def _processes(runtime: Path) -> list[psutil.Process]:
    """The server and its kernels."""
    (file,) = runtime.glob("jpserver-*.json")
    told: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    server = psutil.Process(told["pid"])
    return [server, *server.children()]
