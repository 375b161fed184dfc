"""What an agent answered, and which tools it called on the way: a response of the service as plain data."""

from __future__ import annotations

__all__ = ["Answer", "ToolCall", "api_problem", "read_response"]

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from gateway_workbook.visible import storable

_SHOWN: Final = 300  # characters of a call's arguments and output: enough to recognise them
_CALL: Final = "_call"  # every call of a tool is an output item of a type that ends so
_OUTPUT: Final = "_call_output"


class ToolCall(BaseModel):
    """One call an agent made while it answered.

    `type` is the output item's, `server` the label of an MCP server; arguments and output are shortened, and `problem`
    is None when the call went well.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    type: str
    server: str = ""
    arguments: str = ""
    output: str = ""
    problem: str | None = None

    @classmethod
    def of(cls, item: Any, *, output: str = "", problem: str | None = None) -> ToolCall:
        """The record of an output item; its own output and error count where none is given."""
        failed = _text(item, "error") or (
            f"the call is {item.status}" if getattr(item, "status", None) in ("failed", "incomplete") else None
        )
        return cls(
            name=_text(item, "name") or item.type.removesuffix(_CALL),
            type=item.type,
            server=_text(item, "server_label"),
            arguments=_short(_text(item, "arguments")),
            output=_short(output or _text(item, "output")),
            problem=_short(problem or failed or "") or None,
        )


class Answer(BaseModel):
    """What an agent answered to one prompt; `problem` is None when it did.

    `seconds` are the service's own, over all the rounds that tools need; `tokens` are summed up likewise.
    """

    model_config = ConfigDict(frozen=True)

    text: str = ""
    response_id: str | None = None
    seconds: float = 0
    tokens: int | None = None
    problem: str | None = None
    calls: tuple[ToolCall, ...] = ()

    def after(self, earlier: Iterable[Answer]) -> Answer:
        """The same as the last of several rounds."""
        rounds = [*earlier, self]
        counted = [answer.tokens for answer in rounds if answer.tokens is not None]
        return self.model_copy(
            update={
                "seconds": sum(answer.seconds for answer in rounds),
                "tokens": sum(counted) if counted else None,
                "calls": tuple(call for answer in rounds for call in answer.calls),
            }
        )


def read_response(response: Any, seconds: float) -> Answer:
    """What an agent answered; a failed or filtered response is a problem, whatever text it carries."""
    if not isinstance(getattr(response, "output", None), list):
        return Answer(seconds=seconds, problem="the answer is no response: a proxy or a portal may stand in between")
    calls = tuple(_hosted_calls(response.output))
    reason = getattr(response.incomplete_details, "reason", None)
    cut_short = reason == "max_output_tokens" and response.output_text  # said less, but said it
    if response.status not in ("completed", None) and not cut_short:
        why = getattr(response.error, "message", None) or f"the response is {response.status}: {reason or 'no reason'}"
        return Answer(response_id=response.id, seconds=seconds, problem=storable(why), calls=calls)
    return Answer(
        text=storable(response.output_text),
        response_id=response.id,
        seconds=seconds,
        tokens=response.usage.total_tokens if response.usage else None,
        calls=calls,
    )


def api_problem(error: Any) -> str:
    """What the service said when it refused to answer."""
    status = getattr(error, "status_code", None)
    body = error.body if isinstance(getattr(error, "body", None), Mapping) else {}
    return storable(f"{status or type(error).__name__} {body.get('message') or error.message}")


def _hosted_calls(items: Iterable[Any]) -> Iterator[ToolCall]:
    """The calls Foundry has carried out itself; the client's functions are recorded when they are answered."""
    typed = [(_text(item, "type"), item) for item in items]
    outputs = {_text(item, "call_id"): _text(item, "output") for type_, item in typed if type_.endswith(_OUTPUT)}
    for type_, item in typed:
        if type_.endswith(_CALL) and type_ != "function_call":
            yield ToolCall.of(item, output=outputs.get(_text(item, "call_id"), ""))


def _text(item: Any, name: str) -> str:
    value = getattr(item, name, None)
    return "" if value is None else storable(value if isinstance(value, str) else str(value))


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
