"""What a probe costs: requests by gateway and URL, and its time against the sum of its round trips.

The second table is of gateways made at random of every mixture of habits. Run by hand:

python -m tests.benchmarks.probe [ROUNDS]
"""

from __future__ import annotations

import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from typing import TYPE_CHECKING, get_args

from rich.console import Console
from rich.table import Table

from gateway_workbook.probe_session import find_settings
from gateway_workbook.usual import HEADERS
from tests.conftest import COMMAND
from tests.library.test_probe import HOST, search
from tests.library.test_probe_generated import USUAL, Made, Version, Words, whole
from tests.library.test_probe_sandbox import FEW, GATEWAYS

if TYPE_CHECKING:
    from gateway_workbook.probe import Probed


def probed(gateway: str, path: str) -> tuple[Probed, float]:
    """One probe, and its milliseconds."""
    started = time.perf_counter()
    found = find_settings(f"sandbox://{gateway}{path}", GATEWAYS[gateway][0])
    return found, (time.perf_counter() - started) * 1000


def requests_of_made(kind: str, *, count: int = 400) -> tuple[list[int], int]:
    """What probes of gateways made at random asked, in ascending order, and how many found the settings."""
    chance, asked, found = random.Random(5), [], 0  # noqa: S311  the same gateways each time
    for _ in range(count):
        gateway = made(chance, usual=kind in ("its host", "another base"))
        base = chance.choice(sorted(USUAL)) if kind == "another base" else gateway.base
        url = {"a call": whole(gateway), "its host": HOST}.get(kind, HOST + base)
        outcome = search(gateway, url, model="talk")
        asked.append(outcome.probed.requests)
        found += outcome.probed.profile is not None and outcome.data["targetUrl"] == HOST + gateway.base
    return sorted(asked), found


def made(chance: random.Random, *, usual: bool) -> Made:
    bases = sorted(USUAL) if usual else [*sorted(USUAL), "/llm", "/llm/v1", "/team/openai"]
    return Made(
        base=chance.choice(bases),
        in_path=chance.random() < 1 / 2,
        header=chance.choice(HEADERS),
        version=chance.choice(get_args(Version)),
        listed=chance.choice(["no", "OpenAI", "AzureOpenAI"]),
        key_first=chance.random() < 1 / 2,
        words=chance.choice(get_args(Words)),
    )


def of_made() -> Table:
    table = Table(
        "URL given", "found", "median", "90 %", "most", "at most 15", title="Requests, gateways made at random"
    )
    for kind in ("a call", "its base", "its host", "another base"):
        asked, found = requests_of_made(kind)
        few = sum(one <= FEW for one in asked) / len(asked)
        cells = statistics.median(asked), asked[len(asked) * 9 // 10], asked[-1]
        table.add_row(kind, f"{found} of {len(asked)}", *(f"{cell:.0f}" for cell in cells), f"{few:.0%}")
    return table


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
    console.print(of_made())
    console.print(f"{len(requests)} probes: requests median {statistics.median(requests)}, most {max(requests)}")
    console.print(f"beside the round trips: median {statistics.median(beside):.0f} ms a probe, {rounds} rounds each")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        os.environ["GATEWAY_WORKBOOK_SANDBOX"] = folder
        try:
            main(int(sys.argv[1]) if sys.argv[1:] else 5)
        finally:
            subprocess.run([COMMAND, "sandbox", "--stop"], check=True)
