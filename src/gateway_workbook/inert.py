"""HTML of a notebook made inert: it can be read, folded and followed; it runs nothing, loads nothing, sends nothing."""

from __future__ import annotations

__all__ = ["inert"]

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from gateway_workbook.visible import visible

if TYPE_CHECKING:
    from collections.abc import Callable

    from bs4 import Tag
    from markupsafe import Markup

_TEXT: Final = (
    "a abbr article aside b bdi blockquote br button caption cite code col colgroup dd del details dfn div dl dt em "
    "figcaption figure footer h1 h2 h3 h4 h5 h6 header hr i img input ins kbd label legend li main mark meter nav ol "
    "output p pre progress q s samp section small span strong style sub summary sup table tbody td tfoot th thead time "
    "tr u ul var wbr"
)
_DRAWING: Final = (
    "svg g path rect circle ellipse line polyline polygon text tspan title desc defs use marker clippath symbol "
    "lineargradient radialgradient stop"
)
_ALLOWED: Final = frozenset(f"{_TEXT} {_DRAWING}".split())
# What these hold is no text for people; any other element that is not allowed leaves its text behind.
_SILENT: Final = frozenset(
    {"applet", "head", "iframe", "math", "noembed", "noframes", "noscript", "object", "script", "template"}
)
_SENDING: Final = frozenset(
    {"action", "autofocus", "background", "data", "ping", "poster", "srcdoc", "srcset", "target"}
)
_WORDS: Final = ("alt", "aria-", "class", "data-", "id", "placeholder", "src", "title", "value")  # hold no CSS
_SCHEMES: Final = ("", "http", "https", "mailto")
_PICTURE: Final = "data:image/"
# CSS can spell any of them with backslashes, too; the page's content security policy has the last word.
_LOADS: Final = re.compile(r"@import|\b(?:url|src|image|image-set)\((?!\s*['\"]?\s*(?:#|data:image/))", re.IGNORECASE)


def inert(
    html: str, *, link: Callable[[str], str | None] = str, picture: Callable[[str], str | None] = lambda _: None
) -> Markup:
    """The HTML without script, forms, and whatever else would load or send something.

    `link` gives what an `<a href>` becomes, `picture` the data of a picture that is no `data:` URL yet; None is a link
    that leads nowhere, and a picture of which its description stays.
    """
    from bs4 import BeautifulSoup
    from bs4.element import PreformattedString
    from markupsafe import Markup

    soup = BeautifulSoup(visible(html), "html.parser")
    for told in soup.find_all(string=lambda text: isinstance(text, PreformattedString)):
        told.extract()  # comments, declarations and the like, which parsers read differently
    for tag in soup.find_all(name=True):
        if tag.decomposed:
            continue
        if tag.name in _SILENT or (tag.name == "style" and _loads(tag.get_text())):
            tag.decompose()
        elif tag.name not in _ALLOWED:
            tag.unwrap()
        else:
            _clean(tag, link)
            if tag.name == "img":
                _embed(tag, picture)
    return Markup(str(soup))  # noqa: S704  what is left is what is allowed above


def _clean(tag: Tag, link: Callable[[str], str | None]) -> None:
    for name, value in list(tag.attrs.items()):
        text = value if isinstance(value, str) else " ".join(value or ())
        if name in ("href", "xlink:href"):
            kept = _linked(tag.name, text, link)
            if kept is None:
                del tag[name]
            else:
                tag[name] = kept
        elif name.startswith(("on", "form")) or name in _SENDING or (not name.startswith(_WORDS) and _loads(text)):
            del tag[name]


def _linked(element: str, href: str, link: Callable[[str], str | None]) -> str | None:
    text = href.strip("".join(map(chr, range(0x21))))  # a browser takes spaces and control characters away, too
    if text.startswith("#"):
        return text
    try:
        scheme = urlsplit(text).scheme.lower()
    except ValueError:  # no URL at all
        return None
    return link(text) if element == "a" and scheme in _SCHEMES else None


def _embed(image: Tag, picture: Callable[[str], str | None]) -> None:
    source = str(image.get("src", ""))
    data = source if source.lower().startswith(_PICTURE) else picture(source)
    if data is None:
        image.replace_with(str(image.get("alt") or ""))
        return
    image["src"] = data
    if not image.has_attr("alt"):
        image["alt"] = ""


def _loads(css: str) -> bool:
    # Inside a drawing a browser reads the text of a style as markup, so that none may have any.
    return "<" in css or bool(_LOADS.search(css))
