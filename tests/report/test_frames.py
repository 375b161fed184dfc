from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pandas as pd

from gateway_workbook import frames
from gateway_workbook.discovery import Discovered
from gateway_workbook.run import STEPS

from .conftest import HOSTILE, MODELS, RESOURCES, both_routes, verdict

if TYPE_CHECKING:
    from .conftest import Folder


def test_one_row_for_each_notebook_run_or_not(folder: Folder) -> None:
    folder.passed(STEPS[:1])
    folder.step(STEPS[1], state="refused", found="no secret at env:KEY: set it")
    found = frames.steps(folder.run)
    assert list(found["Step"]) == list(STEPS)
    assert list(found["Verdict"][:3]) == ["✓ passed", "✗ refused", "– not run"]
    assert found["Seconds"][0] == 2.5
    assert pd.isna(found["Seconds"][2])


def test_models_show_a_word_beside_every_glyph() -> None:
    found = frames.models(MODELS)
    assert list(found["Deployment"]) == ["gpt-4o", "gpt-4o-mini", "meta/llama-3", "gpt-35-turbo"]
    assert list(found["Callable"]) == ["✓ yes", "✓ yes", "– not asked", "✗ no"]
    assert "404" in found["Why"][3]


def test_verdicts_keep_numbers_as_numbers() -> None:
    found = frames.verdicts([verdict("a", "gateway", tokens=None), verdict("a", "agent", through_gateway=False)])
    assert found["Tokens"].sum() == 21
    assert pd.isna(found["Tokens"][0])
    assert found["Seconds"].dtype == "Float64"
    assert list(found["In the gateway's log"]) == ["– not needed", "✗ no"]
    assert len(frames.verdicts(both_routes())) == 12


def test_an_empty_list_is_a_frame_with_its_columns() -> None:
    assert "Callable" in frames.models(Discovered(source="static")).columns
    assert len(frames.verdicts([])) == len(frames.resources([])) == 0


def test_a_signature_in_a_resource_s_address_is_not_shown() -> None:
    found = frames.resources(RESOURCES)
    assert list(found["Target"]) == [RESOURCES[0]["target"], "https://contoso.blob.core.windows.net/docs?…"]
    assert list(found.columns) == ["Name", "Belongs to", "Category", "Authentication", "Target"]


def test_control_characters_are_shown() -> None:
    shown = frames.verdicts([verdict(HOSTILE, "agent")])["Prompt"][0]
    assert "␛[31mred␀" in shown
    assert "\u202e" not in shown


def test_nothing_heavy_is_imported_before_it_is_used() -> None:
    program = (
        "import sys, gateway_workbook.report, gateway_workbook.junit, gateway_workbook.frames\n"
        "print(*{'pandas', 'matplotlib', 'jinja2', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
