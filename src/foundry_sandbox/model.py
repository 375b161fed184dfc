"""The scripted model: chat completions by rule, the same answer to the same request every time."""

from __future__ import annotations

import hashlib
import json
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from foundry_sandbox.prompt import BadRequest, Prompt
from foundry_sandbox.script import Reply, answer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["BadRequest", "complete", "stream"]

_TOKEN: Final = re.compile(r"\w+|[^\w\s]")
_PIECE: Final = re.compile(r"\s*\S+|\s+\Z")
_NOT_ASKED: Final = ("stream", "stream_options")


@dataclass(frozen=True, kw_only=True)
class _Completion:
    """An answer before it is put on the wire, whole or in pieces."""

    digest: str
    created: int
    model: str
    reply: Reply
    finish: str
    usage: dict[str, Any]

    def envelope(self, kind: str) -> dict[str, Any]:
        return {
            "id": f"chatcmpl-{self.digest[:24]}",
            "object": kind,
            "created": self.created,
            "model": self.model,
            "system_fingerprint": "fp_scripted",
        }

    def calls(self) -> list[dict[str, Any]]:
        return [
            {
                "id": f"call_{_digest([self.digest, index])[:24]}",
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
            }
            for index, call in enumerate(self.reply.calls)
        ]


def complete(body: Mapping[str, Any], *, model: str) -> dict[str, Any]:
    """Answer a chat-completions body with a `chat.completion`; raises BadRequest."""
    made = _made(body, model=model)
    message: dict[str, Any] = {"role": "assistant", "content": made.reply.text, "refusal": None}
    if made.reply.calls:
        message["tool_calls"] = made.calls()
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": made.finish}
    return {**made.envelope("chat.completion"), "choices": [choice], "usage": made.usage}


def stream(body: Mapping[str, Any], *, model: str) -> Iterator[dict[str, Any]]:
    """Answer in `chat.completion.chunk`s; raises BadRequest at once, before the first chunk is taken."""
    made = _made(body, model=model)
    options = body.get("stream_options") or {}
    return _chunks(made, with_usage=options.get("include_usage") is True)


def _made(body: Mapping[str, Any], *, model: str) -> _Completion:
    prompt = Prompt.read(body, model=model)
    reply, finish = _bounded(answer(prompt), prompt)
    said = reply.text if reply.text is not None else "".join(c.name + c.arguments for c in reply.calls)
    asked = {key: value for key, value in body.items() if key not in _NOT_ASKED}
    return _Completion(
        digest=_digest([asked, model]),
        created=int(time.time()),
        model=model,
        reply=reply,
        finish=finish,
        usage=_usage(body, said=said),
    )


def _bounded(reply: Reply, prompt: Prompt) -> tuple[Reply, str]:
    """Cut a text at its first stop sequence and at the token limit; say why it ends."""
    if reply.text is None:
        return reply, "tool_calls"
    text = min((reply.text.partition(stop)[0] for stop in prompt.stops), key=len, default=reply.text)
    tokens = list(_TOKEN.finditer(text))
    if prompt.limit is not None and len(tokens) > prompt.limit:
        return Reply(text=text[: tokens[prompt.limit - 1].end()]), "length"
    return Reply(text=text), "stop"


def _usage(body: Mapping[str, Any], *, said: str) -> dict[str, Any]:
    """Estimate tokens as words and punctuation marks: stable, and near enough to compare."""
    asked = json.dumps([body["messages"], body.get("tools") or []], ensure_ascii=False, sort_keys=True)
    words = re.sub(r'[\[\]{}",:]', " ", asked)
    prompt_tokens, completion_tokens = len(_TOKEN.findall(words)), len(_TOKEN.findall(said))
    return {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": completion_tokens,
        "total_tokens": prompt_tokens + completion_tokens,
    }


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _chunks(made: _Completion, *, with_usage: bool) -> Iterator[dict[str, Any]]:
    envelope = made.envelope("chat.completion.chunk")
    extra: dict[str, Any] = {"usage": None} if with_usage else {}
    for delta in _deltas(made):
        yield {**envelope, "choices": [_choice(delta)], **extra}
    yield {**envelope, "choices": [_choice({}, finish=made.finish)], **extra}
    if with_usage:
        yield {**envelope, "choices": [], "usage": made.usage}


def _choice(delta: dict[str, Any], *, finish: str | None = None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}


def _deltas(made: _Completion) -> Iterator[dict[str, Any]]:
    if made.reply.text is not None:
        yield {"role": "assistant", "content": "", "refusal": None}
        yield from ({"content": piece} for piece in _PIECE.findall(made.reply.text))
        return
    yield {"role": "assistant", "content": None}
    for index, (call, whole) in enumerate(zip(made.reply.calls, made.calls(), strict=True)):
        head = {"index": index, **whole, "function": {"name": call.name, "arguments": ""}}
        yield {"tool_calls": [head]}
        for piece in _PIECE.findall(call.arguments):
            yield {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}
