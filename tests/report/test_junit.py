from __future__ import annotations

from typing import TYPE_CHECKING

from gateway_workbook import junit
from gateway_workbook.run import STEPS, Validation
from gateway_workbook.visible import visible

from .conftest import verdict
from .page import tree

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from .conftest import Folder


def _written(folder: Folder) -> Element:
    path = junit.write(folder.run)
    assert path == folder.run.folder / "junit.xml"
    return tree(path.read_bytes())


def _counts(element: Element) -> tuple[int, ...]:
    return tuple(int(element.attrib[name]) for name in ("tests", "failures", "errors", "skipped"))


def test_a_whole_run_passes_everywhere(whole: Folder) -> None:
    root = _written(whole)
    assert [suite.attrib["name"] for suite in root] == ["steps", "smoke"]
    assert _counts(root) == (18, 0, 0, 0)
    assert [case.attrib["name"] for case in root[0]] == list(STEPS)
    assert root[0].attrib["time"] == "15.000"
    assert root[0][0].attrib == {"name": "00_start_here", "classname": "steps", "time": "2.500"}
    assert [case.attrib["classname"] for case in root[1]][:2] == ["smoke.gateway", "smoke.agent"]
    assert float(root.attrib["time"]) == round(sum(float(suite.attrib["time"]) for suite in root), 3)


def test_a_run_cut_short_fails_where_it_stopped_and_skips_the_rest(folder: Folder) -> None:
    folder.passed(STEPS[:1])
    folder.step(STEPS[1], state="refused", found="no secret at env:KEY: set it")
    folder.step(STEPS[5], found="nothing to remove")
    root = _written(folder)
    assert _counts(root) == (6, 1, 0, 3)
    failure = root.find(".//failure")
    assert failure is not None
    assert failure.attrib == {"message": "no secret at env:KEY: set it", "type": "refused"}
    assert [case.find("skipped") is not None for case in root[0]] == [False, False, True, True, True, False]


def test_a_notebook_that_broke_or_never_ended_is_an_error(folder: Folder) -> None:
    folder.step(STEPS[0], state="broken", found="KeyError: 'x'")
    folder.step(STEPS[1], state="running")
    root = _written(folder)
    assert _counts(root) == (6, 0, 2, 4)
    assert [error.attrib["message"] for error in root.iter("error")] == [
        "KeyError: 'x'",
        "it never reached its checkpoint",
    ]


def test_failed_assertions_and_missing_answers_are_told_apart(whole: Folder) -> None:
    verdicts = (
        verdict("capital", "gateway", answer="Paris"),
        verdict(
            "capital", "agent", judgement="failed", asked="Where?", answer="Rome", failures=("not Paris", "too long")
        ),
        verdict("json", "agent", judgement="no answer", answer="", failures=("500 boom",)),
    )
    whole.write(Validation(suite="smoke", verdicts=verdicts))
    whole.step("04_validate_prompts", state="failed", found="2 of 3 answers did not pass")
    root = _written(whole)
    assert _counts(root[1]) == (3, 1, 1, 0)
    assert _counts(root) == (9, 2, 1, 0)
    failure, error = root[1].find(".//failure"), root[1].find(".//error")
    assert failure is not None
    assert error is not None
    assert failure.attrib["message"] == "not Paris; too long"
    assert failure.text == "not Paris\ntoo long\nasked: Where?\nanswered: Rome"
    assert error.attrib["message"] == "500 boom"


def test_verdicts_that_were_overtaken_are_not_counted(whole: Folder) -> None:
    whole.step("01_create_connections", state="failed", found="403", minute=60)
    root = _written(whole)
    assert [suite.attrib["name"] for suite in root] == ["steps"]
    assert _counts(root) == (6, 1, 0, 4)
    skipped = [element.attrib["message"] for element in root.iter("skipped")]
    assert skipped[0] == "passed before 01_create_connections was run again"


def test_any_answer_is_valid_xml_and_reads_back(whole: Folder) -> None:
    every = "".join(map(chr, [*range(0xD800), *range(0xE000, 0x11000), 0xFFFE, 0xFFFF]))
    answer = f"]]> <b> &amp; {every}"
    verdicts = tuple(
        verdict(f"p{start}", "agent", judgement="failed", answer=answer[start : start + 2000], failures=("x\x00]]>",))
        for start in range(0, len(answer), 2000)
    )
    whole.write(Validation(suite="s\x1b\x00", verdicts=verdicts))
    root = _written(whole)
    assert root[1].attrib["name"] == "s␛␀"
    texts = [failure.text or "" for failure in root[1].iter("failure")]
    assert [text.partition("answered: ")[2] for text in texts] == [visible(found.answer) for found in verdicts]


def test_a_huge_answer_is_cut(hostile: Folder) -> None:
    verdicts = (verdict("p", "agent", judgement="failed", answer="y" * 50_000, failures=("no",)),)
    hostile.write(Validation(suite="smoke", verdicts=verdicts))
    assert junit.write(hostile.run).stat().st_size < 10_000


def test_many_prompts(whole: Folder) -> None:
    verdicts = tuple(verdict(f"p{i}", route) for i in range(40) for route in ("gateway", "agent"))
    whole.write(Validation(suite="forty", verdicts=verdicts))
    assert _counts(_written(whole)[1]) == (80, 0, 0, 0)
