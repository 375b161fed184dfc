"""A labelled corpus of faults: each alone, named rightly, and green again where a change of the profile helps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway_workbook import bounded
from gateway_workbook.diagnosis import RULES
from gateway_workbook.mending import MOST
from tests.faults.bench import set_up
from tests.faults.cases import (
    APIM,
    BELOW_HTTP,
    DETOURS,
    IDENTITY,
    LIMITS,
    OAUTH,
    OPENAI,
    SETTINGS,
    SHAPES,
    STATIC,
    TOKENS,
    Case,
)
from tests.faults.ways import on, say
from tests.faults.wordings import WORDINGS
from tests.workbook.test_diagnose import FAULTS as WRITTEN

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.faults.conftest import Diagnosed
    from tests.sandbox.conftest import Running

SETS = {
    "below HTTP": BELOW_HTTP,
    "detour": DETOURS,
    "shape": SHAPES,
    "demand": SETTINGS,
    "limit": LIMITS,
    "token": TOKENS,
}
CASES = {f"{of}: {name}": case for of, cases in SETS.items() for name, case in cases.items()}
PROFILES = {
    f"setting: {name}": Case(code=code, ready=ready, profile=changes)
    for name, (ready, changes, code) in WRITTEN.items()
}


def check(case: Case, sandbox: Running, folder: Path, diagnosed: Callable[[str], None]) -> None:
    """Look, compare, apply what the finding says, and look again."""
    with set_up(case, sandbox, folder) as bench:
        found = bench.look()
        assert found.findings, "a fault that nobody sees"
        finding = found.findings[0]
        diagnosed(finding.code)
        assert finding.code == case.code, str(finding)
        assert case.mend in finding.mend
        assert found.calls <= MOST * len(found.findings)
        assert not any(secret in found.model_dump_json() for secret in bench.secrets.values())
        assert {name: finding.change.get(name) for name in case.change} == _placed(case, bench.path.read_text())
        if finding.change:
            bench.apply(finding.change)
            after = bench.look()
            assert after.well, str(after.findings)
            assert after.answering == ("gpt-4o",)
        else:
            assert not found.well


def _placed(case: Case, text: str) -> dict[str, object]:
    """The expected change, the proxy's address in it as in the profile."""
    url = text.partition("targetUrl: ")[2].split()[0].strip('"')
    host_port = url.partition("://")[2].partition("/")[0]
    places = {"{url}": f"http://{host_port}", "{host_port}": host_port}

    def placed(value: object) -> object:
        for name, place in places.items():
            value = value.replace(name, place) if isinstance(value, str) else value
        return value

    return {name: placed(value) for name, value in case.change.items()}


@pytest.mark.parametrize("ready", [STATIC, OPENAI, APIM, OAUTH, IDENTITY])
def test_without_a_fault_the_proxy_is_not_noticed(ready: str, sandbox: Running, tmp_path: Path) -> None:
    with set_up(Case(code="none", ready=ready), sandbox, tmp_path) as bench:
        found = bench.look()
    assert found.findings == ()
    assert found.answering == ("gpt-4o",)


@pytest.mark.parametrize("name", CASES)
def test_a_fault_is_named_and_mended(
    name: str, sandbox: Running, tmp_path: Path, diagnosed: Diagnosed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded, "MOST_SECONDS", 1.5)  # two minutes are too long for a test
    case = CASES[name]
    check(case, sandbox, tmp_path, lambda code: diagnosed("injected", case.code, code))


@pytest.mark.parametrize("name", PROFILES)
def test_a_wrong_setting_is_named_and_mended(name: str, sandbox: Running, tmp_path: Path, diagnosed: Diagnosed) -> None:
    case = PROFILES[name]
    check(case, sandbox, tmp_path, lambda code: diagnosed("settings", case.code, code))


@pytest.mark.parametrize("name", WORDINGS)
def test_the_words_of_products_are_understood(
    name: str, sandbox: Running, tmp_path: Path, diagnosed: Diagnosed
) -> None:
    worded = WORDINGS[name]
    case = Case(code=worded.code, fault=on("chat", say(worded.status, worded.body, **worded.headers)))
    check(case, sandbox, tmp_path, lambda code: diagnosed("wordings", worded.code, code))


def test_every_label_is_a_code_that_a_rule_gives() -> None:
    labels = {one.code for one in (*CASES.values(), *PROFILES.values(), *WORDINGS.values())}
    assert labels <= {rule.code for rule in RULES}
    assert len(CASES) + len(PROFILES) + len(WORDINGS) >= 60
