"""A chat-completions request, read strictly: what the scripted model is asked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

Json = Mapping[str, Any]

_ROLES: Final = ("system", "developer", "user", "assistant", "tool")
_TOOL_NAME: Final = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_FIELDS: Final[Mapping[str, tuple[type, ...]]] = {
    "model": (str,),
    "tools": (list,),
    "tool_choice": (str, dict),
    "parallel_tool_calls": (bool,),
    "response_format": (dict,),
    "max_tokens": (int,),
    "max_completion_tokens": (int,),
    "temperature": (int, float),
    "top_p": (int, float),
    "stop": (str, list),
    "n": (int,),
    "stream": (bool,),
    "stream_options": (dict,),
    "reasoning_effort": (str,),
}
_EFFORTS: Final = ("none", "minimal", "low", "medium", "high", "xhigh")


class BadRequest(ValueError):  # noqa: N818 - HTTP's own name for it
    """A body the chat-completions contract does not allow; `error` is the JSON a server answers with 400."""

    def __init__(self, message: str, *, param: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.error: Final[dict[str, Any]] = {
            "error": {"message": message, "type": "invalid_request_error", "param": param, "code": code}
        }


@dataclass(frozen=True, kw_only=True)
class Tool:
    """A function the model may call."""

    name: str
    description: str
    parameters: Json


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a called function returned."""

    name: str
    output: str


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """A request whose form has been checked; `tools` are those `tool_choice` leaves callable."""

    model: str
    system: str
    turns: tuple[str, ...]
    results: tuple[Result, ...]
    tools: tuple[Tool, ...]
    must_call: bool
    parallel: bool
    format: str
    schema: Json | bool
    limit: int | None
    stops: tuple[str, ...]

    @property
    def text(self) -> str:
        """The user's last words."""
        return self.turns[-1] if self.turns else ""

    @classmethod
    def read(cls, body: Json, *, model: str) -> Self:
        """Read a request body; raises BadRequest naming the field at fault."""
        _check_fields(body)
        messages = _messages(body)
        tools, must_call = _callable_tools(body)
        format_, schema = _response_format(body)
        return cls(
            model=model,
            system="\n".join(_text(m) for m in messages if m["role"] in ("system", "developer")),
            turns=tuple(_text(m) for m in messages if m["role"] == "user"),
            results=_results(messages),
            tools=tools,
            must_call=must_call,
            parallel=body.get("parallel_tool_calls") is not False,
            format=format_,
            schema=schema,
            limit=_limit(body),
            stops=_stops(body),
        )


def _check_fields(body: Json) -> None:
    if not isinstance(body, Mapping):
        raise BadRequest("the request body is not a JSON object: send an object with 'messages'")
    for name, types in _FIELDS.items():
        value = body.get(name)
        if value is not None and (type(value) not in types):
            wanted = " or ".join(kind.__name__ for kind in types)
            raise BadRequest(f"'{name}' is of type {type(value).__name__}: send {wanted}", param=name)
    if body.get("reasoning_effort") not in (None, *_EFFORTS):
        raise BadRequest(f"'reasoning_effort' is none of {', '.join(_EFFORTS)}", param="reasoning_effort")
    if body.get("n") not in (None, 1):
        raise BadRequest("this model gives one choice: leave 'n' out or send 1", param="n")
    if body.get("stream_options") is not None and not body.get("stream"):
        raise BadRequest("'stream_options' is only allowed with 'stream': true", param="stream_options")


def _messages(body: Json) -> list[Json]:
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise BadRequest("'messages' is missing or empty: send at least one message", param="messages")
    for index, message in enumerate(messages):
        _check_message(message, where=f"messages[{index}]")
    _check_tool_pairs(messages)
    return messages


def _check_message(message: Json, *, where: str) -> None:
    if not isinstance(message, dict):
        raise BadRequest(f"'{where}' is not an object: send role and content", param=where)
    if message.get("role") not in _ROLES:
        found, allowed = message.get("role"), ", ".join(_ROLES)
        raise BadRequest(f"'{where}.role' is {found!r}: one of {allowed}", param=f"{where}.role")
    content = message.get("content")
    if content is None and not (message["role"] == "assistant" and message.get("tool_calls")):
        raise BadRequest(f"'{where}.content' is null: send text", param=f"{where}.content")
    if not isinstance(content, str | list | None):
        raise BadRequest(f"'{where}.content' is neither text nor a list of parts", param=f"{where}.content")
    for part in content if isinstance(content, list) else ():
        if not isinstance(part, dict) or not isinstance(part.get("type"), str):
            raise BadRequest(f"'{where}.content' holds a part without a type", param=f"{where}.content")
    _check_calls(message.get("tool_calls") or [], where=f"{where}.tool_calls")


def _check_calls(calls: object, *, where: str) -> None:
    for call in calls if isinstance(calls, list) else [calls]:
        found = call if isinstance(call, dict) else {}
        function = found.get("function")
        if not isinstance(function, dict) or not isinstance(found.get("id"), str):
            raise BadRequest(f"'{where}' holds a call without id or function", param=where)
        if not isinstance(function.get("name"), str) or not isinstance(function.get("arguments"), str):
            raise BadRequest(f"'{where}' holds a function without name or arguments", param=where)


def _check_tool_pairs(messages: list[Json]) -> None:
    """Refuse what the real service refuses: a call without its result, a result without its call."""
    waiting: set[str] = set()
    for index, message in enumerate(messages):
        if message["role"] != "tool":
            _refuse_waiting(waiting, where=f"messages[{index}]")
            waiting = {call["id"] for call in message.get("tool_calls") or []}
        elif message.get("tool_call_id") in waiting:
            waiting.discard(message["tool_call_id"])
        else:
            where = f"messages[{index}].tool_call_id"
            raise BadRequest(f"'{where}' answers no tool call before it: send that call's id", param=where)
    _refuse_waiting(waiting, where="messages")


def _refuse_waiting(waiting: set[str], *, where: str) -> None:
    if waiting:
        raise BadRequest(
            "an assistant message with 'tool_calls' must be followed by tool messages responding to each "
            f"'tool_call_id': unanswered are {', '.join(sorted(waiting))}",
            param=where,
        )


def _text(message: Json) -> str:
    content = message.get("content")
    if isinstance(content, list):
        return "\n".join(str(part.get("text", "")) for part in content if "text" in part)
    return content or ""


def _results(messages: list[Json]) -> tuple[Result, ...]:
    """Return the results nobody has spoken about yet: the tool messages at the end."""
    asked = [m for m in messages if m.get("tool_calls")]
    if not asked or messages[-1]["role"] != "tool":
        return ()
    names = {call["id"]: call["function"]["name"] for call in asked[-1]["tool_calls"]}
    late = [m for m in messages if m["role"] == "tool" and m["tool_call_id"] in names]
    return tuple(Result(name=names[m["tool_call_id"]], output=_text(m)) for m in late)


def _callable_tools(body: Json) -> tuple[tuple[Tool, ...], bool]:
    """Return the tools `tool_choice` leaves, and whether one must be called."""
    tools = tuple(_tool(item, where=f"tools[{i}]") for i, item in enumerate(body.get("tools") or []))
    mode, names = _choice(body.get("tool_choice"))
    if mode not in ("auto", "none", "required"):
        message = f"'tool_choice' is {mode!r}: none, auto, required or a function"
        raise BadRequest(message, param="tool_choice")
    if mode == "required" and not tools:
        raise BadRequest("'tool_choice' is only allowed when 'tools' are given", param="tool_choice")
    missing = [name for name in names or () if name not in {tool.name for tool in tools}]
    if missing:
        raise BadRequest(f"'tool_choice' names {missing[0]!r}, which is not in 'tools'", param="tool_choice")
    left = tuple(tool for tool in tools if names is None or tool.name in names)
    return (() if mode == "none" else left), mode == "required"


def _choice(choice: str | Json | None) -> tuple[str, list[str] | None]:
    if choice is None or isinstance(choice, str):
        return choice or "auto", None
    try:
        if choice.get("type") == "allowed_tools":
            allowed = choice["allowed_tools"]
            return str(allowed["mode"]), [str(tool["function"]["name"]) for tool in allowed["tools"]]
        return "required", [str(choice["function"]["name"])]
    except (KeyError, TypeError) as error:
        raise BadRequest("'tool_choice' is an object without function.name", param="tool_choice") from error


def _tool(item: Json, *, where: str) -> Tool:
    function = item.get("function") if isinstance(item, dict) and item.get("type") == "function" else None
    if not isinstance(function, dict):
        raise BadRequest(f"'{where}' is not a function: send {{type: function, function: …}}", param=where)
    name, parameters = function.get("name"), function.get("parameters") or {}
    if not isinstance(name, str) or not _TOOL_NAME.fullmatch(name):
        raise BadRequest(f"'{where}.function.name' is {name!r}: 1 to 64 letters, digits, _ or -", param=where)
    if not isinstance(parameters, dict):
        raise BadRequest(f"'{where}.function.parameters' is not a JSON schema", param=where)
    return Tool(name=name, description=str(function.get("description") or ""), parameters=parameters)


def _response_format(body: Json) -> tuple[str, Json | bool]:
    wanted = body.get("response_format") or {"type": "text"}
    kind = wanted.get("type")
    if kind not in ("text", "json_object", "json_schema"):
        message = f"'response_format.type' is {kind!r}: text, json_object or json_schema"
        raise BadRequest(message, param="response_format.type")
    if kind != "json_schema":
        return kind, True
    named = wanted.get("json_schema")
    if not isinstance(named, dict) or not isinstance(named.get("name"), str):
        raise BadRequest("'response_format.json_schema' has no name", param="response_format.json_schema")
    schema = named.get("schema", True)
    if not isinstance(schema, dict | bool):
        raise BadRequest("'response_format.json_schema.schema' is not a JSON schema", param="response_format")
    return kind, schema


def _limit(body: Json) -> int | None:
    for name in ("max_completion_tokens", "max_tokens"):
        limit = body.get(name)
        if isinstance(limit, int):
            if limit < 1:
                raise BadRequest(f"'{name}' is {limit}: send 1 or more", param=name)
            return limit
    return None


def _stops(body: Json) -> tuple[str, ...]:
    stop = body.get("stop") or []
    stops = [stop] if isinstance(stop, str) else stop
    if len(stops) > 4 or not all(isinstance(item, str) and item for item in stops):  # noqa: PLR2004 - the API's bound
        raise BadRequest("'stop' is not a text or a list of at most four texts", param="stop")
    return tuple(stops)
