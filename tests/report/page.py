"""What the report writes, taken apart: HTML into elements, attributes and text, XML into its tree."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from html.parser import HTMLParser

_VOID = {"meta", "br", "wbr", "link", "img", "input", "hr"}


def tree(xml: str | bytes) -> ET.Element:
    """The root of an XML document."""
    return ET.fromstring(xml)  # noqa: S314  written a moment ago by what is tested


class Page(HTMLParser):
    """`text` is what a reader sees, style sheets left out; `unbalanced` names closing tags that close nothing."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.unbalanced: list[str] = []
        self._open: list[str] = []
        self._text: list[str] = []
        self.feed(html)
        self.close()
        self.unbalanced += self._open

    @property
    def text(self) -> str:
        return " ".join(" ".join(self._text).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_startendtag(tag, attrs)
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        if self._open and self._open[-1] == tag:
            self._open.pop()
        else:
            self.unbalanced.append(tag)

    def handle_data(self, data: str) -> None:
        if "style" not in self._open:
            self._text.append(data)
