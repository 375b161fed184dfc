"""Values as the portal writes them: times, statuses, addresses that may be broken, text that is only text."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from markupsafe import Markup, escape

if TYPE_CHECKING:
    from jinja2 import Environment

AGENT_SERVICE = "foundry-sandbox-agent-service/"
LONGEST_LINE = 120  # characters of what stands in one line

# Control characters, those that turn the direction of writing, those that take no room, halves of characters.
STEERING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\uffff\ud800-\udfff]"
)
BREAKS = re.compile(r"(?<=[/?&=_])(?<!//)(?=[^/])")
LONGEST_WHOLE = 22  # characters of a piece that is kept in one line although it has a hyphen


def register(templates: Environment) -> None:
    """Give templates the filters and tests of this module, and make every text they write harmless."""
    templates.finalize = plain
    templates.filters |= {
        "breakable": breakable,
        "clock": clock,
        "line": line,
        "milliseconds": milliseconds,
        "phrase": phrase,
        "version": version,
    }
    templates.tests["agent_service"] = lambda user_agent: str(user_agent).startswith(AGENT_SERVICE)


def plain(value: object) -> object:
    """Return a text with the code points of what would steer the eye, ⟨U+202E⟩ for example; the rest as it is."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    return STEERING.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", value.replace("\r\n", "\n"))


def breakable(text: object) -> Markup:
    """Allow an address to be broken after its separators, and not in the middle of a word or at a hyphen."""
    return Markup("<wbr>").join(_piece(piece) for piece in BREAKS.split(str(plain(str(text)))))


def _piece(text: str) -> Markup:
    whole = "-" in text and len(text) <= LONGEST_WHOLE
    return Markup('<span class="whole">{}</span>').format(text) if whole else escape(text)


def line(text: object) -> str:
    """Return the beginning of a text, in one line."""
    words = " ".join(str(text).split())
    return words if len(words) <= LONGEST_LINE else f"{words[:LONGEST_LINE]} …"


def clock(seconds: float) -> Markup:
    """Write a time, with its day when that is not today."""
    time = datetime.fromtimestamp(seconds, UTC)
    shape = "%H:%M:%S" if time.date() == datetime.now(UTC).date() else "%Y-%m-%d %H:%M:%S"
    return Markup('<time datetime="{}">{}</time>').format(time.isoformat(timespec="milliseconds"), time.strftime(shape))


def milliseconds(value: float) -> str:
    """Write a duration with a digit after the point where that still says something."""
    return f"{value:.1f}" if value < 100 else f"{value:.0f}"  # noqa: PLR2004  # three digits are enough


def phrase(status: int) -> str:
    """Return a status with its words."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def version(query: str) -> str:
    """Return the api-version out of a logged query."""
    return ", ".join(value for name, value in parse_qsl(query, keep_blank_values=True) if name == "api-version")
