"""What the walk over the notebooks is told: parameters of the right name and type, before anything runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway_workbook.batch import EXIT_CODES, RunOptions, declared_parameters, execute
from gateway_workbook.errors import ProfileError, UsageError
from gateway_workbook.profile import load_profile
from gateway_workbook.run import STEPS
from tests.library.wire import PROJECT, profile

if TYPE_CHECKING:
    from pathlib import Path

    from gateway_workbook.run import Run


def refused(tmp_path: Path, profile: str = "apim-defaults", **parameters: str) -> str:
    options = RunOptions(profile=profile, target="sandbox", run_dir=tmp_path / "run", parameters=parameters)
    with pytest.raises(UsageError) as caught:
        execute(options, tell=lambda *_: pytest.fail("a notebook was started"))
    assert not (tmp_path / "run").exists()
    return str(caught.value)


def test_every_notebook_declares_its_parameters() -> None:
    declared = declared_parameters()
    assert tuple(declared) == STEPS
    assert all("run_dir" in parameters for parameters in declared.values())
    assert {"profile", "target"} <= set(declared[STEPS[0]])
    assert declared["02_discover_models"]["most"] == 20


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"msot": "3"}, "unknown parameter 'msot': did you mean most?"),
        ({"zzz": "3"}, "unknown parameter 'zzz': there is "),
        ({"": "3"}, "unknown parameter '': there is "),
        ({"run_dir": "x"}, "'run_dir' has an option of its own: write --run-dir"),
        ({"target": "azure"}, "'target' has an option of its own: write --target"),
        ({"most": "many"}, "parameter 'most' takes a whole number such as 20, not 'many'"),
        ({"most": "true"}, "parameter 'most' takes a whole number"),
        ({"most": "1.5"}, "parameter 'most' takes a whole number"),
        ({"most": "__import__('os').getcwd()"}, "parameter 'most' takes a whole number"),
        ({"control": "allways"}, "no control 'allways': write auto, always, never"),
        ({"only": "gpt-4o"}, "parameter 'only' takes a list such as"),
        ({"replace": "yes"}, "parameter 'replace' takes true or false, such as False"),
    ],
)
def test_a_parameter_that_cannot_be_is_refused_before_anything_runs(
    parameters: dict[str, str], message: str, tmp_path: Path
) -> None:
    assert message in refused(tmp_path, **parameters)


def test_a_profile_that_cannot_be_is_refused_before_anything_runs(tmp_path: Path) -> None:
    assert "no profile 'nope'" in refused(tmp_path, profile="nope")
    (tmp_path / "bad.yaml").write_text("category: Apim\n")
    with pytest.raises(ProfileError):
        execute(RunOptions(profile=str(tmp_path / "bad.yaml"), target="sandbox", run_dir=tmp_path / "run"))


@pytest.mark.parametrize(("name", "target"), [("modelgateway-openai", "sandbox"), ("azure", "azure")])
def test_what_was_kept_is_not_taken_over_and_cleaned_up(name: str, target: str, run: Run) -> None:
    with run.ledger.creating("connection", "sandbox-apim"):
        pass
    other = run.folder.parent / "azure.yaml"
    other.write_text(profile(connectionName="sandbox-apim", projectResourceId=PROJECT).to_yaml(), encoding="utf-8")
    options = RunOptions(profile=str(other) if name == "azure" else name, target=target, run_dir=run.folder)
    whose = "in another project" if target == "azure" else "of another profile"
    with pytest.raises(UsageError, match=f"still owns connection sandbox-apim {whose}: gateway-workbook clean-up "):
        execute(options, tell=lambda *_: pytest.fail("a notebook was started"))
    assert [entry.name for entry in run.ledger.open_entries()] == ["sandbox-apim"]
    assert run.profile() == load_profile("apim-defaults")


def test_every_verdict_has_its_exit_code() -> None:
    assert EXIT_CODES == {"passed": 0, "failed": 1, "refused": 2, "broken": 3, "running": 3}
