"""environment.yml and pyproject.toml say the same, and the project speaks of itself alone."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import yaml

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
