"""A table as HTML and as text, read as a browser and a screen reader would."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from gateway_workbook import frames
from gateway_workbook.grid import LONG, Grid, framed
from gateway_workbook.table import grid_of, table

from .conftest import HOSTILE, MODELS, both_routes, verdict
from .page import Page, tree

if TYPE_CHECKING:
    import xml.etree.ElementTree as ET

GRID = Grid(
    caption="Deployments",
    columns=("Deployment", "Answers", "Seconds"),
    rows=(("gpt-10", "✓ yes", 1.234), ("gpt-9", "✗ no", None), ("gpt-2", "? could not tell", 0.5)),
    numbers=frozenset({2}),
)


def shown(grid: Grid) -> ET.Element:
    return tree(grid.html())


def texts(found: ET.Element, path: str) -> list[str]:
    return ["".join(one.itertext()) for one in found.iterfind(path)]


def test_a_table_has_a_caption_and_its_headings_say_what_they_head() -> None:
    found = shown(GRID)
    assert texts(found, "table/caption") == ["Deployments"]
    assert texts(found, ".//thead/tr/th[@scope='col']") == ["Deployment", "Answers", "Seconds"]
    assert texts(found, ".//tbody/tr/th[@scope='row']") == ["gpt-10", "gpt-9", "gpt-2"]
    unnamed = shown(Grid(caption="", columns=("Severity",), rows=(("✗ error",),), named=False))
    assert texts(unnamed, ".//tbody/tr/td") == ["✗ error"]
    assert unnamed.find(".//caption") is None


def test_numbers_stand_right_with_two_places_and_what_is_missing_is_empty() -> None:
    assert texts(shown(GRID), ".//tbody/tr/td[@class='n']") == ["1.23", "", "0.50"]


def test_a_mark_has_its_glyph_its_word_and_a_tone() -> None:
    found = shown(GRID)
    assert [(one.get("class"), one.text, one.tail) for one in found.iterfind(".//span")] == [
        ("good", "✓", " yes"),
        ("bad", "✗", " no"),
        ("open", "?", " could not tell"),
    ]


def test_a_glyph_within_a_text_is_no_mark() -> None:
    assert not list(shown(Grid(caption="", columns=("A",), rows=(("so ✓ yes",), ("✓",)))).iterfind(".//span"))


def test_a_wide_or_long_table_is_a_named_region_that_takes_the_focus_and_a_small_one_is_none() -> None:
    assert {key: shown(GRID).get(key) for key in ("role", "aria-label", "tabindex")} == {
        "role": "region",
        "aria-label": "Deployments",
        "tabindex": "0",
    }
    rows = tuple(("a", str(number)) for number in range(LONG))
    small = Grid(caption="Facts", columns=("What", "Value"), rows=rows)
    assert shown(small).get("tabindex") is None
    long = Grid(caption='"Facts"', columns=("What", "Value"), rows=(*rows, ("b", "")))
    assert (shown(long).get("class"), shown(long).get("aria-label")) == ("scroll long", '"Facts"')


def test_hostile_text_is_shown_and_does_nothing() -> None:
    frame = frames.verdicts([verdict(HOSTILE, "agent", failures=(HOSTILE,), judgement="failed")])
    html = frame._repr_html_()
    page = Page(html)
    assert page.unbalanced == []
    assert not {"script", "svg", "img", "a", "link"} & set(page.tags)
    assert page.text.count("<script>alert(1)</script></svg> $x_{1}$ ␛[31mred␀ ]]> &amp; ⟨U+202E⟩gnp.exe") == 2
    columns = table(("Check", HOSTILE), [("chat", "✓ supported")], caption=HOSTILE)._repr_html_()
    assert Page(columns).unbalanced == []
    assert "<script" not in columns
    assert "tex2jax_ignore" in columns


def test_the_style_touches_nothing_outside_and_loads_nothing() -> None:
    (style,) = re.findall(r"<style>(.*)</style>", framed(""))
    selectors = re.findall(r"(?:^|[}{])\s*([^{}@]+)\{", style)
    assert len(selectors) > 10
    assert all(one.strip().startswith(".gateway-workbook ") for each in selectors for one in each.split(","))
    assert "url(" not in style
    assert "@import" not in style
    assert len(style) < 2500


@pytest.mark.parametrize(
    ("page", "text"), [("#fff", "#000"), ("#fff", "#212121"), ("#111", "#fff"), ("#222", "#e0e0e0")]
)
def test_the_tones_are_told_from_the_page_in_light_and_dark(page: str, text: str) -> None:
    mixes = re.findall(r"color-mix\(in srgb,(#\w{6}) (\d+)%,currentColor\)", framed(""))
    assert len(mixes) == 3
    for tone, share in mixes:
        mixed = [int(share) / 100 * a + (1 - int(share) / 100) * b for a, b in zip(rgb(tone), rgb(text), strict=True)]
        assert contrast(mixed, rgb(page)) >= 4.5


def rgb(colour: str) -> list[float]:
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
    return [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]


def contrast(one: list[float], other: list[float]) -> float:
    """WCAG 2: the ratio of the relative luminances."""

    def luminance(colour: list[float]) -> float:
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    brighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def test_rows_go_by_numbers_in_texts_by_marks_and_what_is_missing_goes_last() -> None:
    assert [row[0] for row in GRID.sorted(0).rows] == ["gpt-2", "gpt-9", "gpt-10"]
    assert [row[0] for row in GRID.sorted(0, descending=True).rows] == ["gpt-10", "gpt-9", "gpt-2"]
    assert [row[2] for row in GRID.sorted(2).rows] == [0.5, 1.234, None]
    assert [row[2] for row in GRID.sorted(2, descending=True).rows] == [1.234, 0.5, None]
    assert GRID.sorted(None) == GRID
    digits = Grid(caption="", columns=("A",), rows=(("9" * 5000,), ("0009",), ("10",), ("²",), ("",)))
    assert [row[0][:4] for row in digits.sorted(0).rows] == ["0009", "10", "9999", "²", ""]


def test_the_heading_that_rows_go_by_says_so() -> None:
    found = shown(GRID.sorted(2, descending=True))
    assert [(one.text, one.get("aria-sort")) for one in found.iterfind(".//thead/tr/th")] == [
        ("Deployment", None),
        ("Answers", None),
        ("Seconds", "descending"),
    ]


def test_the_text_keeps_to_the_terminal_s_width_and_loses_no_word(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = frames.models(MODELS)
    for width in (60, 100, 200):
        monkeypatch.setenv("COLUMNS", str(width))
        printed = repr(frame)
        assert printed.startswith("Deployments: listed, gettable, callable")
        assert max(map(len, printed.splitlines())) <= width
        assert "\x1b" not in printed
    words = " ".join(printed.split())
    assert all(model.deployment in words for model in MODELS.models)


def test_a_frame_keeps_its_caption_where_columns_or_rows_are_chosen() -> None:
    frame = frames.verdicts(both_routes())
    chosen = frame[frame["Route"] == "agent"][["Prompt", "Verdict"]]
    assert grid_of(chosen).caption == "Verdicts"
    assert len(grid_of(chosen).rows) == 6
