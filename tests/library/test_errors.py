"""The tree of errors, and the names that the notebooks use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import gateway_workbook
from gateway_workbook.errors import CheckpointFailed, ProfileError, ServiceError, UsageError, WorkbookError
from gateway_workbook.workbook import folder, ready_file

if TYPE_CHECKING:
    from pathlib import Path


def test_what_a_person_can_mend_stands_beside_what_a_service_said() -> None:
    assert issubclass(ProfileError, UsageError)
    for kind in (UsageError, ServiceError, CheckpointFailed):
        assert issubclass(kind, WorkbookError)
    assert not issubclass(ServiceError, UsageError)
    assert ServiceError("x").status is None
    assert ServiceError("x", status=404).status == 404


def test_one_problem_is_not_two_problems() -> None:
    assert str(ProfileError("f", ["a: b"])) == "f: 1 problem\n  - a: b"
    assert str(ProfileError("f", ["a", "b"])) == "f: 2 problems\n  - a\n  - b"
    assert ProfileError("f", ["a", "b"]).problems == ("a", "b")


@pytest.mark.parametrize("name", gateway_workbook.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(gateway_workbook, name) is not None


def test_no_other_name_is() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nope'"):
        _ = gateway_workbook.nope


def test_a_file_of_ones_own_goes_before_a_ready_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert ready_file("smoke", kind="prompts") == folder() / "prompts" / "smoke.yaml"
    (tmp_path / "smoke").write_text("name: mine")
    assert ready_file("smoke", kind="prompts").resolve() == (tmp_path / "smoke").resolve()
