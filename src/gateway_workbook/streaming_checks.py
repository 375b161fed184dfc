"""Checks of streamed answers: by the times at which the pieces come, and by what the chunks hold."""

from __future__ import annotations

__all__ = ["streaming", "tool_call_in_stream", "usage_in_stream"]

import json
from typing import TYPE_CHECKING, Any, Final

from gateway_workbook.readiness_calls import Calls, Judged, could_not_tell, refused, supported, unanswered
from gateway_workbook.tool_checks import ASK_METER, METER

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gateway_workbook.streaming import Streamed

_TELL: Final = (
    "Tell me in one sentence of about thirty words, and without any list, what a weather station measures on an "
    "ordinary day in spring and why somebody would want to know."
)
_COUNTED: Final = {"include_usage": True}
_FEW: Final = 8  # pieces; of fewer nobody can say whether they came one by one
_SPREAD: Final = 20.0  # milliseconds between the first piece and the last that no buffer explains
_LUMP: Final = 5.0  # milliseconds within which a buffer lets go of everything
_WAITED: Final = 150.0  # milliseconds that an answer must have taken for a lump to be one


def streaming(calls: Calls) -> Judged:
    """Server-sent events whose first piece comes before the end; a lump counts when it comes twice."""
    first = _told(calls)
    judged = _paced(first)
    if judged.answer == "refused" and first.deltas:
        return _paced(calls.stream(f"{_TELL} Begin with the temperature.", stream_options=_COUNTED))
    return judged


def usage_in_stream(calls: Calls) -> Judged:
    """Tokens counted in a chunk, for those who ask for it."""
    told = calls.stream(_TELL, stream_options=_COUNTED)
    if not told.events:
        return unanswered(told.exchange) or could_not_tell("the answer was not streamed", told.exchange)
    if told.usage and isinstance(told.usage.get("total_tokens"), int):
        return supported(f"{told.usage['total_tokens']} tokens in all", told.exchange)
    if not told.whole or not told.done:
        return could_not_tell("the stream ended early", told.exchange)
    return refused("stream_options was taken and ignored: no chunk has usage", told.exchange)


def tool_call_in_stream(calls: Calls) -> Judged:
    """A tool call in pieces, which put together have an id, a name and arguments in JSON."""
    told = calls.stream(ASK_METER, tools=[METER])
    if not told.events:
        return unanswered(told.exchange) or refused("the answer was not streamed", told.exchange)
    pieces = told.call_pieces
    if not pieces:
        return could_not_tell("it took the tool and answered in words", told.exchange)
    first = [piece for piece in pieces if piece.get("index", 0) == pieces[0].get("index", 0)]
    name, arguments = _joined(first, "name"), _joined(first, "arguments")
    if not name or not any(piece.get("id") for piece in first) or not _is_object(arguments):
        return refused("the pieces of the call make no id, name and arguments in JSON", told.exchange)
    return supported(f"calls {name} in {len(first)} piece{'s' * (len(first) != 1)}", told.exchange)


def _told(calls: Calls) -> Streamed:
    """The stream, asked for without usage where a stream with usage is refused."""
    told = calls.stream(_TELL, stream_options=_COUNTED)
    failed = unanswered(told.exchange) if not told.events else None
    return calls.stream(_TELL) if failed and failed.answer == "refused" and not told.exchange.ok else told


def _paced(told: Streamed) -> Judged:
    if not told.events:
        failed = None if told.exchange.ok else unanswered(told.exchange)
        return failed or refused("stream was taken and ignored: the answer came whole", told.exchange)
    if told.exchange.status is None:
        return could_not_tell(f"the stream broke: {told.exchange.outcome}", told.exchange)
    if not told.deltas:
        return could_not_tell(f"{len(told.events)} events without text: {told.events[0].data}", told.exchange)
    return _by_times(told, [at for at, _ in told.deltas])


def _by_times(told: Streamed, times: Sequence[float]) -> Judged:
    first, last, pieces = times[0], times[-1], len(times)
    span = (
        f"{pieces} piece{'s' * (pieces != 1)}, the first after {first:.0f} ms and the last {last - first:.0f} ms later"
    )
    if last - first >= _SPREAD and pieces > 1:
        return supported(span, told.exchange)
    if pieces >= _FEW and last - first <= _LUMP and first >= _WAITED:
        return refused(f"in one lump: {span}", told.exchange)
    if pieces == 1 and first >= _WAITED and len(told.deltas[0][1].split()) >= _FEW:
        return refused(f"in one lump: {span}", told.exchange)
    return could_not_tell(f"too short or too fast to tell: {span}", told.exchange)


def _joined(pieces: Iterable[dict[str, Any]], name: str) -> str:
    functions = (piece.get("function") for piece in pieces)
    return "".join(str(function.get(name) or "") for function in functions if isinstance(function, dict))


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False
