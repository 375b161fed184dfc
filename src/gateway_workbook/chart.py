"""A matplotlib figure that draws itself as SVG: real text in the reader's own font, colours a page may theme."""

from __future__ import annotations

__all__ = ["COLOURS", "Chart", "columns", "fitted", "svg"]

import base64
import io
import re
import unicodedata
import warnings
import xml.etree.ElementTree as ET
from html import escape
from typing import TYPE_CHECKING, Final

import matplotlib as mpl
from matplotlib.figure import Figure

from gateway_workbook.visible import visible

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# The routes and the failure differ in lightness and shape too, so that they are told apart without colour vision.
COLOURS: Final = {
    "ink": "#1f2328",
    "muted": "#59636e",
    "line": "#d8dee4",
    "join": "#9aa4af",
    "paper": "#ffffff",
    "gateway": "#0072b2",
    "agent": "#c77700",
    "good": "#116329",
    "bad": "#a40e26",
    "good-soft": "#dafbe1",
    "bad-soft": "#ffe3e1",
    "none-soft": "#eaeef2",
}
_FONTS: Final = "system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', 'DejaVu Sans', sans-serif"
_REFERENCE: Final = re.compile(r"(?:^|url\()#([\w-]+)")
_COLOUR: Final = re.compile("|".join(COLOURS.values()))
_NAMES: Final = {colour: name for name, colour in COLOURS.items()}


class Chart(Figure):
    """A figure of `size` inches. `describes` is its text for those who do not see it.

    A notebook shows it without pyplot and without an inline backend, because it knows its own SVG.
    """

    def __init__(self, name: str, *, size: tuple[float, float], describes: str) -> None:
        super().__init__(figsize=size, facecolor=COLOURS["paper"])
        self.name, self.describes = name, visible(describes)

    def pane(self, *, left: float, right: float, top: float, bottom: float) -> Axes:
        """Axes with these margins in inches: fixed, because measuring text would need every font the reader has."""
        width, height = self.get_size_inches()
        return self.add_axes(
            (left / width, bottom / height, 1 - (left + right) / width, 1 - (top + bottom) / height),
            facecolor="none",
        )

    def _repr_svg_(self) -> str:
        return svg(self)

    def _repr_html_(self) -> str:
        """The same as a picture that says what it shows: JupyterLab gives a bare SVG no text."""
        drawing = base64.b64encode(svg(self).encode()).decode()
        return f"<img alt='{escape(self.describes)}' src='data:image/svg+xml;base64,{drawing}'>"


def svg(chart: Chart, *, themed: bool = False) -> str:
    """The chart as one SVG element that refers to nothing outside itself.

    `themed`: without a background, its colours as CSS variables (`--ink`, `--good`, …) of the page around it.
    """
    root = ET.fromstring(_drawn(chart))  # noqa: S314  matplotlib wrote it just now
    for parent in list(root.iter()):
        for child in [child for child in parent if child.tag.rsplit("}")[-1] in ("metadata", "style")]:
            parent.remove(child)
    for element in root.iter():
        element.tag = element.tag.rsplit("}")[-1]
        for key in [key for key in element.attrib if "}" in key]:
            element.set(key.rsplit("}")[-1], element.attrib.pop(key))
    _own_ids(root, chart.name)
    _restyle(root, themed=themed)
    root.attrib.update({"xmlns": "http://www.w3.org/2000/svg", "role": "img", "aria-label": chart.describes})
    root.set("style", "stroke-linejoin: round; stroke-linecap: butt")  # what matplotlib's style sheet says
    return ET.tostring(root, encoding="unicode")


def _drawn(chart: Chart) -> bytes:
    drawing = io.BytesIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": chart.name}), warnings.catch_warnings():
        # matplotlib's own font lacks them; the reader's browser draws the text with fonts that do not.
        warnings.filterwarnings("ignore", message=r"Glyph .* missing from font")
        chart.savefig(drawing, format="svg", metadata={"Date": None})
    return drawing.getvalue()


def _own_ids(root: ET.Element, name: str) -> None:
    # Several charts share one page, where an id may stand once.
    wanted = {
        found for element in root.iter() for value in element.attrib.values() for found in _REFERENCE.findall(value)
    }
    for element in root.iter():
        for key, value in list(element.attrib.items()):
            if key == "id" and value not in wanted:
                del element.attrib["id"]
            elif key == "id":
                element.set("id", f"{name}-{value}")
            elif key in ("href", "clip-path"):
                element.set(key, _REFERENCE.sub(lambda found: found[0].replace("#", f"#{name}-"), value))


def _restyle(root: ET.Element, *, themed: bool) -> None:
    for element in root.iter():
        style = element.get("style", "")
        if element.tag == "text":
            style = re.sub(r"font-family: [^;]*", f"font-family: {_FONTS}", style)
            element.attrib.pop("transform", None)  # it turns by -0 degrees
        if themed:
            style = _COLOUR.sub(lambda found: f"var(--{_NAMES[found[0]]})", style)
        element.set("style", style)
        if not style:
            del element.attrib["style"]


def fitted(text: str, width: int) -> str:
    """The text in at most `width` columns, cut in the middle, because names differ at their ends."""
    shown = visible(text).replace("\n", " ").replace("\t", " ")
    if columns(shown) <= width:
        return shown
    head = tail = ""
    while shown and columns(head + shown[0] + tail + shown[-1]) < width:
        head, tail, shown = head + shown[0], shown[-1] + tail, shown[1:-1]
    return f"{head}…{tail}"


def columns(text: str) -> int:
    """Its width in letters of a Latin script; those of East Asian ones take two."""
    return sum(
        0 if unicodedata.combining(letter) else 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        for letter in text
    )
