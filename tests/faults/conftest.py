"""The confusion table: what each fault was, and what it was taken for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests.sandbox.conftest import Running, started

if TYPE_CHECKING:
    from collections.abc import Iterator

PAIR = "diagnosed"
Diagnosed = Callable[[str, str, str], None]


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The gateways that work."""
    with started(tmp_path_factory.mktemp("sandbox") / "state", "--port", "0", "--quiet") as running:
        yield running


@pytest.fixture
def diagnosed(record_property: Callable[[str, object], None]) -> Diagnosed:
    """Keeps a pair for the table: diagnosed(set, label, code)."""
    return lambda of, label, code: record_property(PAIR, [of, label, code])


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say for each set of faults how many were named rightly, and of what the others were taken for."""
    # Properties of reports come from other processes, too.
    reports = [report for name in ("passed", "failed") for report in terminalreporter.stats.get(name, ())]
    pairs = [value for report in reports for name, value in getattr(report, "user_properties", ()) if name == PAIR]
    for of in sorted({pair[0] for pair in pairs}):
        _table(terminalreporter, of, Counter((label, code) for kind, label, code in pairs if kind == of))


def _table(terminalreporter: Any, of: str, counted: Counter[tuple[str, str]]) -> None:
    right = sum(count for (label, code), count in counted.items() if label == code)
    terminalreporter.section(f"{of}: {right} of {counted.total()} named rightly ({right / counted.total():.1%})")
    for label in sorted({label for label, _ in counted}):
        taken = {code: count for (one, code), count in counted.items() if one == label}
        told = ", ".join(f"{code} {count}" for code, count in sorted(taken.items(), key=lambda item: -item[1]))
        terminalreporter.write_line(f"{'  ' if set(taken) == {label} else '! '}{label:24} taken for {told}")
