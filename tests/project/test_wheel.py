"""The wheel carries what an installed workbook needs: notebooks, profiles, suites, templates."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
SAYS = "from gateway_workbook import workbook; print(*workbook.ready_names('gateways'), workbook.folder())"


def test_an_installed_workbook_finds_its_notebooks(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", str(tmp_path)]
    subprocess.run([*build, str(ROOT)], check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    installed = tmp_path / "installed"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(installed)
    told = subprocess.run(
        [sys.executable, "-c", SAYS], env={"PYTHONPATH": str(installed)}, capture_output=True, text=True, check=True
    ).stdout
    assert "apim-defaults" in told
    assert str(installed) in told
    assert len(list((installed / "gateway_workbook" / "notebooks").glob("*.ipynb"))) >= 6
    assert (installed / "gateway_workbook" / "templates" / "report.html.j2").exists()
    assert list((installed / "foundry_sandbox" / "templates").glob("*"))
