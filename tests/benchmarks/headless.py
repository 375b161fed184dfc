"""What a headless run costs, against its own floor and against bare papermill, all in one go. Run by hand:

python -m tests.benchmarks.headless [ROUNDS]
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
from rich.console import Console
from rich.table import Table

from tests.conftest import COMMAND

if TYPE_CHECKING:
    from collections.abc import Callable

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("0*.ipynb"))


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def call(*words: str, folder: Path) -> None:
    subprocess.run(
        words,
        cwd=folder,
        check=True,
        capture_output=True,
        env=os.environ | {"GATEWAY_WORKBOOK_SANDBOX": str(folder / "sandbox")},
    )


def papermill(notebook: Path, *words: str, folder: Path) -> None:
    call(sys.executable, "-m", "papermill", str(notebook), "out.ipynb", *words, folder=folder)


def empty(folder: Path) -> Path:
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")], metadata=kernel)  # type: ignore[no-untyped-call]
    nbformat.write(notebook, folder / "empty.ipynb")  # type: ignore[no-untyped-call]
    return folder / "empty.ipynb"


def measure(folder: Path) -> dict[str, float]:
    """Seconds of each way, one after the other, so that a noisy machine is noisy for all of them."""
    nothing, runs = empty(folder), tempfile.mkdtemp(dir=folder)
    return {
        "empty notebooks, bare papermill": seconds(lambda: [papermill(nothing, folder=folder) for _ in NOTEBOOKS]),
        "the notebooks, bare papermill": seconds(
            lambda: [papermill(path, "-p", "run_dir", f"{runs}/bare", folder=folder) for path in NOTEBOOKS]
        ),
        "gateway-workbook run": seconds(lambda: call(COMMAND, "run", "--run-dir", f"{runs}/ours", folder=folder)),
        "import gateway_workbook": seconds(
            lambda: call(sys.executable, "-c", "import gateway_workbook", folder=folder)
        ),
        "python -c pass": seconds(lambda: call(sys.executable, "-c", "pass", folder=folder)),
    }


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        call(COMMAND, "run", "--run-dir", "warm", folder=folder)  # starts the sandbox, fills the caches
        found = [measure(folder) for _ in range(rounds)]
        call(COMMAND, "sandbox", "--stop", folder=folder)
    floor = statistics.median(one["empty notebooks, bare papermill"] for one in found)
    table = Table("what", "median s", "least", "most", "of the floor", title=f"{rounds} rounds")
    for what in found[0]:
        times = [one[what] for one in found]
        middle = statistics.median(times)
        table.add_row(what, f"{middle:.2f}", f"{min(times):.2f}", f"{max(times):.2f}", f"{middle / floor:.2f}")
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
