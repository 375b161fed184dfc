"""Fields of a YAML mapping set and removed in its text: all else, comments first, stays as a person wrote it.

No loader that writes back keeps a comment that stands before or after a field it removes; its place in the text does.
"""

from __future__ import annotations

__all__ = ["edited"]

import re
import textwrap
from typing import TYPE_CHECKING, Final

import yaml

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import JsonValue

    from gateway_workbook.finding import Change

_WIDE: Final = 1 << 20
_QUOTE: Final = '"'


def edited(text: str, change: Change, *, order: Sequence[str]) -> str:
    """The text with the fields set (None removes one); a new one stands after the field before it in `order`.

    The text has to be one mapping in block style; raises ValueError for one in braces.
    """
    for name, value in change.items():
        text = _edited(text, name, value, order=order)
    return text


def _edited(text: str, name: str, value: JsonValue, *, order: Sequence[str]) -> str:
    fields = _fields(text)
    if name not in fields:
        return text if value is None else _with_new(text, name, value, after=_before(name, order, list(fields)))
    key, node = fields[name]
    if value is None:
        return text[: _line_start(text, key.start_mark.index)] + text[_line_end(text, _end(node)) :]
    return _with_value(text, key, node, value)


def _fields(text: str) -> dict[str, tuple[yaml.Node, yaml.Node]]:
    node = yaml.compose(text, Loader=yaml.BaseLoader)
    if not isinstance(node, yaml.MappingNode) or node.flow_style:
        raise ValueError("is in braces; write one field a line")
    return {key.value: (key, value) for key, value in node.value}


def _with_value(text: str, key: yaml.Node, node: yaml.Node, value: JsonValue) -> str:
    start, end = node.start_mark.index, _end(node)
    colon = text.index(":", key.end_mark.index) + 1
    if text[colon:start].isspace() or start == end:  # else a comment stands between; the value stays below it
        start = colon
    quoted = isinstance(node, yaml.ScalarNode) and node.style == _QUOTE
    spelled = _spelled(value, indent=key.start_mark.column, quoted=quoted)
    return text[:start] + (" " if start == colon and spelled[0] != "\n" else "") + spelled + text[end:]


def _with_new(text: str, name: str, value: JsonValue, *, after: str) -> str:
    key, node = _fields(text)[after]
    column, at = key.start_mark.column, _line_end(text, max(_end(node), key.end_mark.index))
    spelled = _spelled(value, indent=column, quoted=False)
    line = f"{' ' * column}{name}:{'' if spelled[0] == chr(10) else ' '}{spelled}\n"
    return f"{text[:at]}{'' if text[:at].endswith(chr(10)) else chr(10)}{line}{text[at:]}"


def _before(name: str, order: Sequence[str], there: list[str]) -> str:
    earlier = list(order[: order.index(name)]) if name in order else []
    return next((known for known in reversed(earlier) if known in there), there[-1])


def _end(node: yaml.Node) -> int:
    """Where the last letter of a node is; a block's own mark is only behind the comments that follow it."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(last[1] if isinstance(last, tuple) else last)
    end: int = node.end_mark.index
    # A block scalar's mark is behind its last line feed.
    return end - 1 if isinstance(node, yaml.ScalarNode) and node.style in ("|", ">") else end


def _line_start(text: str, at: int) -> int:
    return text.rfind("\n", 0, at) + 1


def _line_end(text: str, at: int) -> int:
    found = text.find("\n", at)
    return len(text) if found < 0 else found + 1


def _spelled(value: JsonValue, *, indent: int, quoted: bool) -> str:
    """The value as YAML: lists of mappings an entry a line below the key, everything else on its line."""
    if isinstance(value, list) and any(isinstance(item, dict) for item in value):
        entries = "".join(f"- {_line(item)}\n" for item in value).rstrip("\n")
        return "\n" + textwrap.indent(entries, " " * (indent + 2))
    return _line(value, quoted=quoted)


def _line(value: JsonValue, *, quoted: bool = False) -> str:
    style = _QUOTE if quoted and isinstance(value, str) else None
    dumped = yaml.safe_dump(
        value, default_flow_style=True, default_style=style, sort_keys=False, allow_unicode=True, width=_WIDE
    )
    return re.sub(r"\n(\.\.\.\n)?\Z", "", dumped)
