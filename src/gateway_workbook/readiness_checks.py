"""What Agent Service needs of a model beyond one answer: a table of checks, each small, judged by the wire.

A model that does not follow an instruction has refused nothing: where the wire was right and the content unlucky, the
answer is "could not tell". A field that was taken and had no effect counts as refused, because nobody is told.
"""

from __future__ import annotations

__all__ = ["CHECKS", "GATEWAY_CHECKS", "Check", "Need"]

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from gateway_workbook import chat_checks, streaming_checks, tool_checks

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway_workbook.readiness_calls import Calls, Judged

Need = Literal["every agent", "agents with tools", "some agents", "people"]


@dataclass(frozen=True, kw_only=True)
class Check:
    """One check: its name, `why` Agent Service needs it, who has that `need`, what to `ask` of the gateway's team."""

    name: str
    why: str
    need: Need
    ask: str
    judge: Callable[[Calls], Judged]


CHECKS: Final = (
    Check(
        name="chat",
        why="every turn of an agent is a chat completion",
        need="every agent",
        ask="Answer a chat completion with choices[0].message.",
        judge=chat_checks.chat,
    ),
    Check(
        name="system prompt",
        why="an agent's instructions are the system message",
        need="every agent",
        ask="Accept a message of the role system, and pass it on.",
        judge=chat_checks.system_prompt,
    ),
    Check(
        name="several turns",
        why="a conversation is sent again with every turn",
        need="every agent",
        ask="Accept several user and assistant messages, and pass all of them on.",
        judge=chat_checks.several_turns,
    ),
    Check(
        name="streaming",
        why="Agent Service streams, and people wait for the first word",
        need="every agent",
        ask="Pass server-sent events on as they come: nothing on the way may buffer text/event-stream.",
        judge=streaming_checks.streaming,
    ),
    Check(
        name="usage in the stream",
        why="token counts of streamed turns come from stream_options.include_usage",
        need="some agents",
        ask="Pass stream_options on, and the last chunk with usage back.",
        judge=streaming_checks.usage_in_stream,
    ),
    Check(
        name="usage",
        why="token counts, quotas and costs of turns come from it",
        need="some agents",
        ask="Leave usage in the answers.",
        judge=chat_checks.usage,
    ),
    Check(
        name="tool call",
        why="every tool of an agent is a function for the model",
        need="agents with tools",
        ask="Pass tools on, and answer with tool_calls that have id, function.name and function.arguments.",
        judge=tool_checks.tool_call,
    ),
    Check(
        name="tool call in a stream",
        why="turns with tools are streamed as well",
        need="agents with tools",
        ask="Pass the deltas of tool_calls on unchanged: id and name first, then the pieces of the arguments.",
        judge=streaming_checks.tool_call_in_stream,
    ),
    Check(
        name="tool round trip",
        why="a tool's result goes back as a message with the call's tool_call_id",
        need="agents with tools",
        ask="Accept an assistant message with tool_calls followed by messages of the role tool with tool_call_id.",
        judge=tool_checks.tool_round_trip,
    ),
    Check(
        name="parallel tool calls",
        why="without it every call costs a turn of its own",
        need="some agents",
        ask="Pass parallel_tool_calls on, and give each call in an answer an id of its own.",
        judge=tool_checks.parallel_calls,
    ),
    Check(
        name="forced tool choice",
        why="tool_choice of an agent or a response is passed on",
        need="some agents",
        ask="Honour tool_choice that names a function.",
        judge=tool_checks.forced_choice,
    ),
    Check(
        name="response_format",
        why="agents with structured output send a JSON schema",
        need="some agents",
        ask="Honour response_format of type json_schema with strict, or refuse it; do not ignore it.",
        judge=chat_checks.response_format,
    ),
    Check(
        name="max_completion_tokens",
        why="max_output_tokens of a response is sent under this name",
        need="some agents",
        ask="Honour max_completion_tokens, the successor of max_tokens.",
        judge=chat_checks.token_limit,
    ),
    Check(
        name="reasoning_effort",
        why="reasoning.effort of an agent is sent under this name; models that do not reason may refuse it",
        need="some agents",
        ask="Pass reasoning_effort on to models that reason.",
        judge=chat_checks.reasoning_effort,
    ),
    Check(
        name="error shape",
        why="the sentence in an error is all that a person gets to see",
        need="people",
        ask="Answer a wrong request with 4xx and JSON that has error.message.",
        judge=chat_checks.error_shape,
    ),
)
GATEWAY_CHECKS: Final = (
    Check(
        name="refusing an unknown model",
        why="a slip in a deployment's name must not be answered by another model",
        need="people",
        ask="Answer 404 with JSON for a deployment that does not exist.",
        judge=chat_checks.unknown_model,
    ),
    Check(
        name="refusing a wrong key",
        why="otherwise the key in the connection protects nothing",
        need="people",
        ask="Answer 401 to a key that is not known.",
        judge=chat_checks.wrong_key,
    ),
)
