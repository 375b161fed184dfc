"""A notebook's kernel: ended when it takes too long, told apart when it dies, and nothing left of it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import nbformat
import psutil

from gateway_workbook.kernel import run_notebook

if TYPE_CHECKING:
    from pathlib import Path


def notebook(folder: Path, source: str) -> tuple[Path, Path]:
    written = nbformat.v4.new_notebook(  # type: ignore[no-untyped-call]
        cells=[nbformat.v4.new_code_cell(source)],  # type: ignore[no-untyped-call]
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )
    nbformat.write(written, folder / "in.ipynb")  # type: ignore[no-untyped-call]
    return folder / "in.ipynb", folder / "out.ipynb"


def kernels() -> list[psutil.Process]:
    return [child for child in psutil.Process().children(recursive=True) if "ipykernel" in str(child.cmdline())]


def test_a_notebook_that_hangs_is_stopped_in_time_and_its_kernel_with_it(tmp_path: Path) -> None:
    source, output = notebook(tmp_path, "import time\nprint('before')\ntime.sleep(600)")
    started = time.monotonic()
    problem = run_notebook(source, output, parameters={}, timeout=5)
    assert problem == "stopped after 5 s: raise --timeout, or look for what hangs"
    assert time.monotonic() - started < 30
    assert kernels() == []
    assert "before" in output.read_text(encoding="utf-8")


def test_a_kernel_that_kills_itself_is_told(tmp_path: Path) -> None:
    source, output = notebook(tmp_path, "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)")
    problem = run_notebook(source, output, parameters={}, timeout=60)
    assert problem is not None
    assert "Kernel died" in problem


def test_what_a_kernel_says_on_its_own_is_kept_beside_the_notebook(tmp_path: Path) -> None:
    source, output = notebook(tmp_path, "import os\nos.write(2, b'straight to the file descriptor')")
    assert run_notebook(source, output, parameters={}, timeout=60) is None
    said = [path for path in (output, output.with_suffix(".log")) if path.exists()]
    assert any("straight to the file descriptor" in path.read_text(encoding="utf-8") for path in said)
