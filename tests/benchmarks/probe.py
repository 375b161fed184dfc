"""What a probe costs: requests by gateway and URL, and its time against the sum of its round trips. Run by hand:

python -m tests.benchmarks.probe [ROUNDS]
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from gateway_workbook.probe_session import find_settings
from tests.conftest import COMMAND
from tests.library.test_probe_sandbox import GATEWAYS

if TYPE_CHECKING:
    from gateway_workbook.probe import Probed


def probed(gateway: str, path: str) -> tuple[Probed, float]:
    """One probe, and its milliseconds."""
    started = time.perf_counter()
    found = find_settings(f"sandbox://{gateway}{path}", GATEWAYS[gateway][0])
    return found, (time.perf_counter() - started) * 1000


def main(rounds: int) -> None:
    table = Table("gateway", "URL", "found", "requests", "ms", "round trips, ms", "beside them, ms")
    requests, beside = [], []
    for gateway, (_, paths, _) in GATEWAYS.items():
        for path in paths:
            outcomes = [probed(gateway, path) for _ in range(rounds)]
            found = outcomes[0][0]
            whole = statistics.median(milliseconds for _, milliseconds in outcomes)
            trips = statistics.median(one.milliseconds for one, _ in outcomes)
            requests.append(found.requests)
            beside.append(whole - trips)
            cells = f"{found.requests}", f"{whole:.0f}", f"{trips:.0f}", f"{whole - trips:.0f}"
            table.add_row(gateway, path or "(host)", "yes" if found.profile else "no", *cells)
    console = Console(width=140)
    console.print(table)
    console.print(f"{len(requests)} probes: requests median {statistics.median(requests)}, most {max(requests)}")
    console.print(f"beside the round trips: median {statistics.median(beside):.0f} ms a probe, {rounds} rounds each")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        os.environ["GATEWAY_WORKBOOK_SANDBOX"] = folder
        try:
            main(int(sys.argv[1]) if sys.argv[1:] else 5)
        finally:
            subprocess.run([COMMAND, "sandbox", "--stop"], check=True)
