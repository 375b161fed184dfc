"""What the report says of readiness: the grid in words, what to ask, the lines that show it; nothing when not asked."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gateway_workbook import report
from gateway_workbook.readiness import DeploymentReadiness, Outcome, Readiness
from gateway_workbook.visible import visible

from .conftest import HOSTILE
from .page import Page

if TYPE_CHECKING:
    from .conftest import Folder


def section(folder: Folder) -> str:
    html = report.write(folder.run).read_text(encoding="utf-8")
    found = re.search(r'<section aria-labelledby="readiness">.*?</section>', html, re.DOTALL)
    return found[0] if found else ""


def grid(*outcomes: Outcome, deployment: str = "gpt-4o") -> Readiness:
    one = DeploymentReadiness(deployment=deployment, outcomes=outcomes, requests=14, seconds=0.5)
    return Readiness(connection="contoso", deployments=(one,))


CHAT = Outcome(check="chat", answer="supported", found="answers a prompt")
LUMP = Outcome(check="streaming", answer="refused", found="in one lump: 30 pieces", curl="printf … | curl …")
OPEN = Outcome(check="tool call", answer="could not tell", found="it answered in words")


def test_the_grid_stands_in_words_with_what_to_ask(whole: Folder) -> None:
    whole.run.write(grid(CHAT, LUMP, OPEN))
    html = section(whole)
    text = Page(html).text
    for told in ("✓ supported", "✗ refused", "? could not tell", "nothing on the way may buffer", "30 pieces"):
        assert told in text
    assert "printf … | curl …" in text
    assert 'class="mark unknown"' in html


def test_nothing_to_ask_is_not_asked(whole: Folder) -> None:
    whole.run.write(grid(CHAT))
    text = Page(section(whole)).text
    assert "What follows" in text
    assert "What to ask" not in text


def test_a_run_that_did_not_look_has_no_such_section(whole: Folder) -> None:
    assert section(whole) == ""
    whole.run.write(Readiness(connection="contoso", deployments=()))
    assert section(whole) == ""


def test_a_damaged_record_is_told(whole: Folder) -> None:
    (whole.run.folder / "readiness.json").write_text('{"half":', encoding="utf-8")
    assert "readiness.json is damaged or of another version" in Page(section(whole)).text


def test_text_from_outside_stays_text(whole: Folder) -> None:
    outcome = Outcome(check="streaming", answer="refused", found=HOSTILE, curl=HOSTILE)
    whole.run.write(grid(CHAT, outcome, Outcome(check=HOSTILE, answer="refused", found="x"), deployment=HOSTILE))
    html = section(whole)
    assert HOSTILE not in html
    assert visible(HOSTILE).split("\n")[0] in Page(html).text
    assert not set(Page(html).tags) & {"script", "img", "svg"}
