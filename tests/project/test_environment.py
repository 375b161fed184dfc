"""environment.yml and pyproject.toml say the same, and the project speaks of itself alone."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions, requires
from pathlib import Path

import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def tracked() -> list[Path]:
    """Files git knows or would take; all files where the tests run outside a checkout."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],  # noqa: S607  git is where the shell finds it
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    return [ROOT / name for name in listed if (ROOT / name).is_file()]


def test_conda_and_pip_install_the_same() -> None:
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    through_pip = next(entry["pip"] for entry in environment if isinstance(entry, dict))
    through_conda = [entry for entry in environment if isinstance(entry, str)]
    python = f"python{PYPROJECT['project']['requires-python']}"
    listed = sorted({*through_conda, *through_pip} - {"pip", python, "--editable ."})
    assert python in through_conda
    assert listed == sorted(PYPROJECT["project"]["dependencies"])


def imported(path: Path) -> set[str]:
    """The top-level names of the packages a module imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found - set(sys.stdlib_module_names) - {"foundry_sandbox", "gateway_workbook", "tests"}


def installed_with(lines: list[str]) -> set[str]:
    """The distributions that pip installs for these requirements, those that they require in turn included."""
    found: set[str] = set()
    waiting = [Requirement(line) for line in lines]
    while waiting:
        one = waiting.pop()
        name = canonicalize_name(one.name)
        extras = one.extras or {""}
        if name in found or (one.marker and not one.marker.evaluate()):
            continue
        found.add(name)
        further = (Requirement(line) for line in requires(name) or ())
        waiting += [
            next_one
            for next_one in further
            if not next_one.marker or any(next_one.marker.evaluate({"extra": extra}) for extra in extras)
        ]
    return found


def test_what_is_imported_is_installed_by_what_is_declared() -> None:
    """A package that somebody installed by hand is missing from a fresh clone."""
    extras = PYPROJECT["project"]["optional-dependencies"]
    declared = installed_with(
        [*PYPROJECT["project"]["dependencies"], *(line for lines in extras.values() for line in lines)]
    )
    offered = packages_distributions()
    with_requirements_of_their_own = ("browser", "clients/scripts", "local_model/serve.py")
    of_other_environments = [ROOT / "tests" / one for one in with_requirements_of_their_own]
    missing = {
        (path.name, name)
        for path in tracked()
        if path.suffix == ".py" and not any(path.is_relative_to(one) for one in of_other_environments)
        for name in imported(path)
        if not {canonicalize_name(one) for one in offered.get(name, [name])} & declared
    }
    assert sorted(missing) == []


def test_nothing_is_left_to_do_in_the_tree() -> None:
    mark = re.compile("TO" + "DO|FIX" + "ME|XX" + "X")
    found = [
        path.name for path in tracked() if path.suffix in (".py", ".ipynb") and mark.search(path.read_text("utf-8"))
    ]
    assert not found


def test_no_lock_files_and_no_machine_paths() -> None:
    names = {path.name for path in tracked()}
    assert not names & {"uv.lock", "poetry.lock", "pdm.lock", "package-lock.json", "yarn.lock"}
    texts = [path for path in tracked() if path.suffix not in (".png", ".ico")]
    somebodys_home = re.compile("/(?:home|Users)/[a-z]+/|/ro" + "ot/")
    assert not [path.name for path in texts if somebodys_home.search(path.read_text("utf-8", errors="replace"))]
