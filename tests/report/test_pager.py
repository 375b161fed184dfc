"""A long table a page at a time: pressed and chosen as a front end does it, without a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway_workbook import frames
from gateway_workbook.grid import Grid
from gateway_workbook.pager import Pager
from gateway_workbook.table import grid_of

from .conftest import HOSTILE, verdict
from .page import Page, tree

if TYPE_CHECKING:
    import pandas as pd


def verdicts(number: int) -> pd.DataFrame:
    return frames.verdicts([verdict(f"prompt {place}", "agent", seconds=number - place) for place in range(number)])


def names(pager: Pager) -> list[str]:
    page = tree(pager.table.value)
    return [str(one.text) for one in page.iterfind(".//tbody/tr/th")]


def told(pager: Pager) -> str:
    return Page(pager.told.value).text


def choose(pager: Pager, column: str) -> None:
    pager.column.value = {name: value for name, value in pager.column.options}[column]  # noqa: C416  pairs of a widget


def test_pages_follow_one_another_and_end() -> None:
    pager = Pager(grid_of(verdicts(45)))
    assert (told(pager), pager.previous.disabled, pager.next.disabled) == ("rows 1 to 20 of 45", True, False)
    assert names(pager) == [f"prompt {place}" for place in range(20)]
    pager.next.click()
    pager.next.click()
    assert (told(pager), pager.previous.disabled, pager.next.disabled) == ("rows 41 to 45 of 45", False, True)
    assert names(pager) == [f"prompt {place}" for place in range(40, 45)]
    pager.next.click()  # what a slow front end may still send
    assert told(pager) == "rows 41 to 45 of 45"
    pager.previous.click()
    assert told(pager) == "rows 21 to 40 of 45"


def test_a_last_page_that_is_full_is_the_last() -> None:
    pager = Pager(grid_of(verdicts(40)))
    pager.next.click()
    assert (told(pager), pager.next.disabled) == ("rows 21 to 40 of 40", True)
    pager.next.click()
    assert told(pager) == "rows 21 to 40 of 40"


def test_the_whole_table_is_sorted_not_the_page_and_the_first_page_shown() -> None:
    pager = Pager(grid_of(verdicts(45)))
    pager.next.click()
    assert pager.order.disabled
    choose(pager, "Seconds")
    assert (told(pager), names(pager)[0]) == ("rows 1 to 20 of 45", "prompt 44")
    pager.order.value = True
    assert names(pager)[0] == "prompt 0"
    choose(pager, "Prompt")
    assert names(pager)[0] == "prompt 44"
    choose(pager, "as found")
    assert names(pager)[0] == "prompt 0"


def test_what_is_pressed_has_a_name_and_a_page_has_the_caption_of_the_whole() -> None:
    pager = Pager(grid_of(verdicts(45)))
    assert [one.description for one in (pager.column, pager.order, pager.previous, pager.next)] == [
        "Sort by",
        "Order",
        "Previous",
        "Next",
    ]
    assert [one.text for one in tree(pager.table.value).iterfind(".//caption")] == ["Verdicts"]


def test_hostile_cells_stay_text_on_a_page_and_in_the_choices() -> None:
    grid = Grid(caption=HOSTILE, columns=("<b>", "B"), rows=tuple((HOSTILE, "x") for _ in range(30)))
    pager = Pager(grid)
    page = Page(pager.table.value)
    assert page.unbalanced == []
    assert "script" not in page.tags
    assert [name for name, _ in pager.column.options] == ["as found", "<b>", "B"]
