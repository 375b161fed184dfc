"""Who looks at a notebook, told from what servers put into a kernel's environment."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from gateway_workbook.front_end import notebooks_url, somebody_there

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def serve(monkeypatch: pytest.MonkeyPatch, runtime: Path, **server: str) -> None:
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(runtime))
    monkeypatch.setenv("JPY_PARENT_PID", "7")
    (runtime / "jpserver-7.json").write_text(json.dumps({"token": "hidden", **server}))


def test_nobody_is_there_outside_a_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SERVER_SOFTWARE", raising=False)
    assert not somebody_there()


def test_voila_has_a_person_who_cannot_be_asked_for_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERVER_SOFTWARE", "voila/0.5.13")
    assert somebody_there()


def test_the_notebooks_are_where_the_server_shows_their_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    serve(monkeypatch, tmp_path, url="http://localhost:8888/", root_dir="/work")
    monkeypatch.setenv("JPY_SESSION_NAME", "/work/my notebooks/00_start_here.ipynb")
    assert notebooks_url() == "http://localhost:8888/lab/tree/my%20notebooks"
    monkeypatch.setenv("JPY_SESSION_NAME", "00_start_here.ipynb")
    assert notebooks_url() == "http://localhost:8888/lab/tree"


def test_no_server_no_notebooks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    assert notebooks_url() == ""
    monkeypatch.setenv("JPY_SESSION_NAME", "/work/00_start_here.ipynb")
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path))
    assert notebooks_url() == ""
