import re
import sys
import unicodedata

import pytest

from gateway_workbook.visible import visible

from .page import tree


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "␛[31mred␛[0m"),
        ("a\x00b\x7fc\x85d", "a␀b␡c⟨U+0085⟩d"),
        ("file\u202egnp.exe", "file⟨U+202E⟩gnp.exe"),
        ("in\u200bvisible\U000e0041", "in⟨U+200B⟩visible⟨U+E0041⟩"),
        ("half \ud83d of a pair", "half ⟨U+D83D⟩ of a pair"),
        ("one\r\ntwo\rthree", "one\ntwo␍three"),
    ],
)
def test_shows_what_would_steer(text: str, shown: str) -> None:
    assert visible(text) == shown


@pytest.mark.parametrize(
    "text", ["two\nlines\tand a tab", "שלום עולם", "日本語", "👩‍🚀 🙂", "naïve – “quoted” ½", "$x_{1}$ <b>&amp;"]
)
def test_leaves_letters_of_every_script_alone(text: str) -> None:
    assert visible(text) == text


def test_everything_it_returns_can_stand_in_xml_and_utf_8() -> None:
    every = visible("".join(map(chr, range(sys.maxunicode + 1))))
    parsed = tree(f"<a>{every.translate({38: '&amp;', 60: '&lt;', 62: '&gt;'})}</a>".encode())
    assert parsed.text == every


def test_no_control_character_comes_through() -> None:
    every = visible("".join(map(chr, range(sys.maxunicode + 1))))
    assert {letter for letter in every if unicodedata.category(letter) in ("Cc", "Cs")} == {"\n", "\t"}
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", every)
