from __future__ import annotations

import base64
import re
import sys
from html import unescape

import pytest
from IPython.core.formatters import DisplayFormatter

from gateway_workbook import figures
from gateway_workbook.chart import COLOURS, columns, fitted
from gateway_workbook.discovery import Discovered, DiscoveredModel
from gateway_workbook.visible import visible

from .conftest import HOSTILE, MODELS, both_routes, verdict
from .page import tree

SVG = "{http://www.w3.org/2000/svg}"


def _texts(chart: figures.Chart) -> list[str]:
    root = tree(figures.svg(chart))
    return ["".join(text.itertext()) for text in root.iter(f"{SVG}text")]


def _colours(chart: figures.Chart, *, shape: str) -> int:
    """How often a marker of that colour is drawn, the legend's included."""
    uses = tree(figures.svg(chart)).iter(f"{SVG}use")
    return sum(COLOURS[shape] in (use.get("style") or "") for use in uses)


def test_every_model_has_a_word_in_each_of_three_columns() -> None:
    said = _texts(figures.models(MODELS))
    assert [text for text in said if text in ("listed", "gettable", "callable")] == ["listed", "gettable", "callable"]
    assert said.count("✓ yes") == 9
    assert said.count("✗ no") == 1
    assert said.count("– not asked") == 2
    assert {"gpt-4o", "meta/llama-3", "gpt-35-turbo"} <= set(said)


def test_every_prompt_shows_the_price_of_the_agent() -> None:
    said = _texts(figures.verdicts(both_routes()))
    assert "+0.47 s" in said
    assert {"capital", "tool call", "straight to the gateway", "through the agent"} <= set(said)
    assert "failed" not in said


def test_an_agent_faster_than_the_gateway_has_a_negative_price() -> None:
    assert "−0.25 s" in _texts(
        figures.verdicts([verdict("a", "gateway", seconds=0.5), verdict("a", "agent", seconds=0.25)])
    )


def test_failures_are_crosses_of_their_own_colour_and_named() -> None:
    chart = figures.verdicts(
        [
            verdict("a", "gateway"),
            verdict("a", "agent", judgement="failed"),
            verdict("b", "gateway", judgement="no answer"),
            verdict("b", "agent", judgement="no answer"),
            verdict("c", "gateway", judgement="failed"),
            verdict("c", "agent", judgement="no answer"),
        ]
    )
    said = _texts(chart)
    assert {"✗ agent: failed", "✗ both: no answer", "✗ gateway: failed", "✗ agent: no answer"} <= set(said)
    assert {"failed", "no answer", "straight to the gateway"} <= set(said)
    assert _colours(chart, shape="bad") == 5 + 2
    assert _colours(chart, shape="gateway") == 1 + 1
    assert "through the agent" not in said  # none of that kind is drawn, so the legend does not explain it


def test_one_slow_prompt_does_not_press_the_others_together() -> None:
    quick = [verdict(f"p{index}", "gateway", seconds=0.2) for index in range(9)]
    assert figures.verdicts([*quick, verdict("slow", "gateway", seconds=50)]).axes[0].get_xscale() == "log"
    assert figures.verdicts([*quick, verdict("slow", "gateway", seconds=2)]).axes[0].get_xscale() == "linear"
    assert figures.verdicts(
        [*quick, verdict("zero", "gateway", seconds=0), verdict("s", "agent", seconds=50)]
    )._repr_svg_()


@pytest.mark.parametrize("count", [0, 1, 40])
def test_draws_any_number_of_rows_at_the_same_row_height(count: int) -> None:
    models = Discovered(
        source="static", models=tuple(DiscoveredModel(deployment=f"d{i}", model="m") for i in range(count))
    )
    verdicts = [verdict(f"p{i}", route) for i in range(count) for route in ("gateway", "agent")]
    for chart, names in ((figures.models(models), "d"), (figures.verdicts(verdicts), "p")):
        assert {f"{names}{i}" for i in range(count)} <= set(_texts(chart))
    height = figures.verdicts(verdicts).get_figheight()
    assert height == pytest.approx(1.3 + figures.ROW * max(count, 1))


def test_hostile_names_are_text_and_nothing_else() -> None:
    chart = figures.verdicts([verdict(HOSTILE, "agent"), verdict("$\\frac{1}{2}$", "gateway")])
    said = _texts(chart)
    assert "$\\frac{1}{2}$" in said
    assert fitted(HOSTILE, 34) in said
    assert tree(figures.svg(chart)).find(f".//{SVG}script") is None
    models = Discovered(source="static", models=(DiscoveredModel(deployment="🙂 日本語 שלום", model="\x1b[1m"),))
    assert {"🙂 日本語 שלום", visible("\x1b[1m")} <= set(_texts(figures.models(models)))


def test_a_themed_chart_has_the_page_s_colours_and_no_others() -> None:
    themed = figures.svg(figures.models(MODELS), themed=True)
    assert set(re.findall(r"var\(--([\w-]+)\)", themed)) <= set(COLOURS)
    assert "var(--good-soft)" in themed
    assert not re.search(r"#[0-9a-f]{6}", themed)


def test_a_name_that_looks_like_a_colour_stays_as_it_is() -> None:
    models = Discovered(source="static", models=(DiscoveredModel(deployment=COLOURS["ink"], model="m"),))
    assert f">{COLOURS['ink']}<" in figures.svg(figures.models(models), themed=True)


def test_the_same_chart_is_drawn_the_same() -> None:
    assert figures.svg(figures.verdicts(both_routes())) == figures.svg(figures.verdicts(both_routes()))


def test_a_notebook_shows_the_chart_without_pyplot() -> None:
    data, _ = DisplayFormatter().format(figures.models(MODELS))
    assert data["image/svg+xml"].startswith("<svg")
    assert "matplotlib.pyplot" not in sys.modules


def test_a_notebook_shows_the_chart_with_its_text() -> None:
    chart = figures.models(MODELS)
    _, alt, _, source, _ = chart._repr_html_().split("'")
    assert unescape(alt) == chart.describes
    assert base64.b64decode(source.removeprefix("data:image/svg+xml;base64,")).decode() == figures.svg(chart)


def test_names_are_cut_in_the_middle() -> None:
    assert fitted("short", 10) == "short"
    assert fitted("abcdefghijklmnop", 9) == "abcd…mnop"
    assert columns(fitted("日本語" * 20, 10)) <= 10
    assert fitted("two\nlines", 20) == "two lines"
