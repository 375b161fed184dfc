"""The two pictures of a run: which models answer, and what each prompt cost on either route.

Import this module where a picture is needed: matplotlib takes a third of a second. Nothing here touches pyplot.
"""

from __future__ import annotations

__all__ = ["Chart", "models", "svg", "verdicts"]

import statistics
from typing import TYPE_CHECKING, Any, Final

from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.ticker import FormatStrFormatter, LogLocator, MaxNLocator, NullLocator

from gateway_workbook.chart import COLOURS, Chart, columns, fitted, svg
from gateway_workbook.frames import mark

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from matplotlib.axes import Axes

    from gateway_workbook.discovery import Answered, Discovered, DiscoveredModel
    from gateway_workbook.validation import Verdict

ROW: Final = 0.34  # inches
_NAME_WIDTH: Final = 34  # characters
_LABEL_SIZE: Final = 9.5
_SMALL_SIZE: Final = 8.5
_CELL: Final[Mapping[Answered, tuple[str, str]]] = {
    "yes": ("good", "good-soft"),
    "no": ("bad", "bad-soft"),
    "not asked": ("muted", "none-soft"),
}
_QUESTIONS: Final = ("listed", "gettable", "callable")
_ROUTES: Final = {"gateway": ("o", 8.0, "straight to the gateway"), "agent": ("D", 7.0, "through the agent")}
_CROSSES: Final = {"failed": ("X", 10.0, "failed"), "no answer": ("x", 8.0, "no answer")}
_WIDE_SPREAD: Final = 25  # slowest by median from which a linear axis would press most dots together
_SHORTEST: Final = 0.001  # seconds; a logarithmic axis has no zero


def models(discovered: Discovered) -> Chart:
    """Deployments against listed, gettable and callable: a glyph and a colour in every cell."""
    rows = discovered.models
    left, cell, note = _name_room([row.deployment for row in rows]), 1.05, 2.1
    chart = Chart(
        "models",
        size=(left + 3 * cell + note, 0.5 + ROW * max(len(rows), 1) + 0.1),
        describes=_models_said(discovered),
    )
    axes = chart.pane(left=left, right=note, top=0.5, bottom=0.1)
    axes.set(xlim=(0, 3), ylim=(max(len(rows), 1), 0))
    axes.set_axis_off()
    for column, question in enumerate(_QUESTIONS):
        _text(axes, (column + 0.5, -0.3), question, ha="center", weight="bold")
    for index, row in enumerate(rows):
        _model_row(axes, index, row)
    return chart


def _model_row(axes: Axes, index: int, row: DiscoveredModel) -> None:
    middle = index + 0.5
    _text(axes, (-0.12, middle), fitted(row.deployment, _NAME_WIDTH), ha="right")
    for column, question in enumerate(_QUESTIONS):
        answer: Answered = getattr(row, question)
        ink, tint = _CELL[answer]
        axes.add_patch(
            Rectangle(
                (column + 0.03, index + 0.06),
                0.94,
                0.88,
                facecolor=COLOURS[tint],
                edgecolor="none",
                clip_on=False,
            )
        )
        _text(axes, (column + 0.5, middle), mark(answer), ha="center", color=COLOURS[ink])
    _text(
        axes,
        (3.12, middle),
        fitted(f"{row.model} {row.version}".strip(), 26),
        size=_SMALL_SIZE,
        color=COLOURS["muted"],
    )


def _models_said(discovered: Discovered) -> str:
    answer = f"{len(discovered.callable)} of {len(discovered.models)}"
    return f"Which deployments are listed, gettable and callable: {answer} answer a prompt."


def verdicts(verdicts: Iterable[Verdict]) -> Chart:
    """Seconds of every prompt on both routes, joined: the line is the price of going through the agent."""
    asked = list(verdicts)
    rows: dict[str, list[Verdict]] = {}
    for verdict in asked:
        rows.setdefault(verdict.prompt, []).append(verdict)
    left, right = _name_room(rows), 1.55
    chart = Chart(
        "verdicts",
        size=(left + 5.6 + right, 0.75 + ROW * max(len(rows), 1) + 0.55),
        describes=_verdicts_said(asked, rows),
    )
    axes = chart.pane(left=left, right=right, top=0.75, bottom=0.55)
    axes.set_ylim(max(len(rows), 1) - 0.5, -0.5)
    _seconds_axis(axes, [verdict.seconds for verdict in asked])
    _text(
        axes,
        (1.03, -0.85),
        "price of the agent",
        size=_SMALL_SIZE,
        color=COLOURS["muted"],
        transform=axes.get_yaxis_transform(),
    )
    for index, (name, found) in enumerate(rows.items()):
        _prompt_row(axes, index, fitted(name, _NAME_WIDTH), found=found)
    _explain(chart, asked, left=left)
    return chart


def _seconds_axis(axes: Axes, seconds: Sequence[float]) -> None:
    longest = max(seconds, default=0) or 1.0
    spread = bool(seconds) and longest > _WIDE_SPREAD * max(statistics.median(seconds), _SHORTEST)
    axes.set_xscale("log" if spread else "linear")
    axes.set_xlim(max(min(seconds), _SHORTEST) / 1.6 if spread else 0, longest * (1.6 if spread else 1.06))
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 3.0)) if spread else MaxNLocator(6))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FormatStrFormatter("%g"))
    axes.yaxis.set_visible(False)
    for side in ("left", "right", "top"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(COLOURS["line"])
    axes.tick_params(axis="x", color=COLOURS["line"], labelcolor=COLOURS["muted"], labelsize=_SMALL_SIZE)
    axes.grid(visible=True, axis="x", color=COLOURS["line"], linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set_xlabel(
        "seconds to the whole answer" + (" (logarithmic)" if spread else ""),
        color=COLOURS["muted"],
        fontsize=_SMALL_SIZE,
    )


def _prompt_row(axes: Axes, index: int, name: str, *, found: Sequence[Verdict]) -> None:
    _text(axes, (-0.02, index), name, ha="right", transform=axes.get_yaxis_transform())
    places = [max(verdict.seconds, _SHORTEST if axes.get_xscale() == "log" else 0) for verdict in found]
    axes.axhline(index, color=COLOURS["line"], linewidth=0.6, zorder=0.5)
    axes.plot(
        [min(places), max(places)],
        [index, index],
        color=COLOURS["join"],
        linewidth=2.2,
        solid_capstyle="round",
        zorder=2,
    )
    for verdict, place in zip(found, places, strict=True):
        axes.plot([place], [index], **_dot(verdict), clip_on=False, zorder=3 if verdict.route == "gateway" else 4)
    said = _price(found)
    _text(
        axes,
        (1.03, index),
        said,
        size=_SMALL_SIZE,
        color=COLOURS["bad" if "✗" in said else "ink"],
        transform=axes.get_yaxis_transform(),
    )


def _dot(verdict: Verdict) -> dict[str, Any]:
    passed = verdict.judgement == "passed"
    shape, size, _ = _ROUTES[verdict.route] if passed else _CROSSES[verdict.judgement]
    colour = COLOURS[verdict.route if passed else "bad"]
    edge, width = (colour, 2.0) if shape == "x" else (COLOURS["paper"], 1.0)
    return {
        "marker": shape,
        "markersize": size,
        "color": colour,
        "markeredgecolor": edge,
        "markeredgewidth": width,
        "linestyle": "none",
    }


def _price(found: Sequence[Verdict]) -> str:
    wrong: dict[str, list[str]] = {}
    for verdict in found:
        if verdict.judgement != "passed":
            wrong.setdefault(verdict.judgement, []).append(verdict.route)
    if wrong:
        return "\n".join(
            f"✗ {'both' if len(routes) > 1 else routes[0]}: {judgement}" for judgement, routes in wrong.items()
        )
    by_route = {verdict.route: verdict.seconds for verdict in found}
    return f"{by_route['agent'] - by_route['gateway']:+.2f} s".replace("-", "−") if len(by_route) > 1 else ""


def _explain(chart: Chart, asked: Sequence[Verdict], *, left: float) -> None:
    samples: dict[str, Verdict] = {}
    for verdict in asked:
        samples.setdefault(verdict.route if verdict.judgement == "passed" else verdict.judgement, verdict)
    signs = [(sample, words) for key, (_, _, words) in {**_ROUTES, **_CROSSES}.items() if (sample := samples.get(key))]
    chart.legend(
        handles=[Line2D([], [], label=words, **_dot(sample)) for sample, words in signs],
        bbox_to_anchor=((left - 0.1) / chart.get_figwidth(), 1),
        loc="upper left",
        ncols=4,
        frameon=False,
        fontsize=_SMALL_SIZE,
        labelcolor=COLOURS["ink"],
        handletextpad=0.2,
    )


def _verdicts_said(asked: Sequence[Verdict], rows: Mapping[str, object]) -> str:
    passed = sum(verdict.judgement == "passed" for verdict in asked)
    prices = f"Seconds of {len(rows)} prompts straight to the gateway and through the agent"
    return f"{prices}: {passed} of {len(asked)} answers passed."


def _name_room(names: Iterable[str]) -> float:
    longest = max((columns(fitted(name, _NAME_WIDTH)) for name in names), default=0)
    return 0.35 + 0.078 * max(longest, 8)


def _text(axes: Axes, at: tuple[float, float], said: str, **style: Any) -> None:
    look: dict[str, Any] = {"ha": "left", "va": "center", "size": _LABEL_SIZE, "color": COLOURS["ink"]} | style
    axes.text(*at, said, parse_math=False, clip_on=False, **look)
