from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pandas as pd

from gateway_workbook import frames
from gateway_workbook.discovery import Discovered
from gateway_workbook.finding import Finding
from gateway_workbook.probe_session import ProbeOptions
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


def called(code: str = "wrong-path", **fields: object) -> Finding:
    known: dict[str, object] = {
        "code": code,
        "field": "targetUrl",
        "request": "POST https://gateway.test/chat/completions",
        "found": "404 \x1b[31mnot <b>found",
        "cause": "the gateway has no such path",
        "mend": "write targetUrl: https://gateway.test/v1: the same call then succeeds",
        "milliseconds": 12.4,
        "change": {"targetUrl": "https://gateway.test/v1", "inferenceAPIVersion": None},
        "curl": 'printf "%s" "$KEY" | curl </script> https://gateway.test',
    }
    return Finding.model_validate(known | fields)


def test_a_call_that_failed_shows_what_was_seen_the_cause_the_mend_and_the_line_that_repeats_it() -> None:
    found = frames.findings([called(), called("no-discovery", curl="curl 2", severity="warning", milliseconds=None)])
    assert list(found.columns) == ["Severity", "Observed", "Cause", "How sure", "Mend", "Change"]
    assert found["Observed"][0] == "POST https://gateway.test/chat/completions: 404 ␛[31mnot <b>found (12 ms)"
    assert found["Change"][0] == "write targetUrl: https://gateway.test/v1; leave inferenceAPIVersion out"
    assert list(found["Severity"]) == ["✗ error", "! warning"]
    page = found._repr_html_()
    assert page.count("<details") == page.count("</details>") == 2
    assert "<summary>repeat wrong-path</summary>" in page
    assert "curl &lt;/script&gt; https://gateway.test" in page
    assert "not &lt;b&gt;found" in page
    printed = repr(found)
    assert (
        printed.index("How sure") < printed.index("repeat wrong-path:\nprintf") < printed.index("repeat no-discovery:")
    )


def test_errors_stand_before_warnings_and_a_stored_connection_has_its_own_columns() -> None:
    stored = [
        Finding(code="a", severity="warning", field="scopes", found="are empty", mend="write them"),
        Finding(code="b", field="audience", found="is absent", mend="write it"),
    ]
    found = frames.findings(stored)
    assert list(found.columns) == ["Severity", "Field", "Found", "Mend"]
    assert list(found["Field"]) == ["audience", "scopes"]
    assert "<details" not in found._repr_html_()
    assert repr(frames.findings([])) == "no rows"


def test_nobody_is_named_where_every_prompt_was_answered() -> None:
    assert list(frames.triage(None)["Whose"]) == ["→ nobody"]


def test_what_a_probe_is_told_is_shown_without_what_is_left_to_it() -> None:
    shown = frames.given("sandbox://apim", ProbeOptions(key="env:KEY", scopes=("a", "b")))
    assert shown.to_numpy().tolist() == [["url", "sandbox://apim"], ["key", "env:KEY"], ["scopes", "a, b"]]
