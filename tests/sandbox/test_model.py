from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from foundry_sandbox.model import BadRequest, complete, stream

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Tell the temperature at a place.",
        "parameters": {
            "type": "object",
            "properties": {
                "location": {"type": "string"},
                "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
                "days": {"type": "integer", "minimum": 2, "maximum": 7},
            },
            "required": ["location", "unit", "days"],
            "additionalProperties": False,
        },
    },
}
CLOCK = {
    "type": "function",
    "function": {
        "name": "clock",
        "description": "Tell the local hour.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


def ask(*turns: str | dict[str, Any], **options: object) -> dict[str, Any]:
    return complete(body(*turns, **options), model="gpt-4o")


def body(*turns: str | dict[str, Any], **options: object) -> dict[str, Any]:
    messages = [{"role": "user", "content": turn} if isinstance(turn, str) else turn for turn in turns]
    return {"messages": messages, **options}


def text(*turns: str | dict[str, Any], **options: object) -> str:
    content = ask(*turns, **options)["choices"][0]["message"]["content"]
    assert isinstance(content, str)
    return content


def calls(*turns: str | dict[str, Any], **options: object) -> list[tuple[str, dict[str, Any]]]:
    choice = ask(*turns, **options)["choices"][0]
    made = choice["message"].get("tool_calls", [])
    assert choice["finish_reason"] == ("tool_calls" if made else "stop")
    return [(call["function"]["name"], json.loads(call["function"]["arguments"])) for call in made]


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("What is 17 + 25?", "17 + 25 is 42."),
        ("what's 6 times 7", "6 times 7 is 42."),
        ("Calculate 6×7 please", "6 × 7 is 42."),  # noqa: RUF001 - as people type it
        ("How much is 50 minus 8?", "50 minus 8 is 42."),
        ("What is -3 * 4?", "-3 * 4 is -12."),
    ],
)
def test_sums_are_worked_out(question: str, answer: str) -> None:
    assert text(question) == f"[scripted gpt-4o] {answer}"


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        ("Reply with exactly: pong", "pong"),
        ("Reply with only: 17 + 25", "17 + 25"),
        ('Reply with exactly: "two words"', "two words"),
        ("Say pong and nothing else.", "pong"),
        ("Please respond with exactly: a\nThank you.", "a"),
    ],
)
def test_exact_words_come_without_prefix(request_: str, answer: str) -> None:
    assert text(request_) == answer


def test_exact_words_may_be_asked_for_by_the_instructions() -> None:
    assert text({"role": "system", "content": "Reply with exactly: closed"}, "Hello?") == "closed"


@pytest.mark.parametrize(
    ("told", "question", "answer"),
    [
        ("My name is Ada.", "What is my name?", "Your name is Ada."),
        ("my favourite colour is dark green, really", "What's my favourite colour?", "dark green"),
        ("The code word is heron.", "What is the code word?", "The code word is heron."),
        ("Remember the number 7421.", "Which number did I ask you to remember?", "7421"),
    ],
)
def test_earlier_turns_are_remembered(told: str, question: str, answer: str) -> None:
    assert answer in text(told, {"role": "assistant", "content": "Noted."}, question)
    assert answer not in text(question)


def test_the_later_statement_counts() -> None:
    assert "Grace" in text("My name is Ada.", "My name is Grace.", "What is my name?")


def test_other_prompts_are_restated() -> None:
    assert text("Tell me about herons.") == "[scripted gpt-4o] You said: Tell me about herons."
    parts = {"role": "user", "content": [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]}
    assert text(parts) == "[scripted gpt-4o] You said: one\ntwo"


@pytest.mark.parametrize("role", ["system", "developer"])
def test_upper_case_is_honoured(role: str) -> None:
    instruction = {"role": role, "content": "You are terse. Always answer in upper case."}
    assert text(instruction, "Hello") == "[SCRIPTED GPT-4O] YOU SAID: HELLO"


def test_a_tool_is_called_when_the_words_name_it() -> None:
    asked = calls("What will the weather be in New York, in fahrenheit, for 3 days?", tools=[WEATHER, CLOCK])
    assert asked == [("get_weather", {"location": "New York", "unit": "fahrenheit", "days": 3})]
    jsonschema.validate(asked[0][1], WEATHER["function"]["parameters"])  # type: ignore[index]  # plain JSON


def test_no_tool_is_called_when_none_fits_or_none_may() -> None:
    assert calls("Hello there", tools=[WEATHER, CLOCK]) == []
    assert calls("The weather in Oslo?", tools=[WEATHER], tool_choice="none") == []


def test_several_fitting_tools_are_called_at_once_unless_that_is_forbidden() -> None:
    question = "Weather and temperature at a place, and its local hour?"
    assert [name for name, _ in calls(question, tools=[CLOCK, WEATHER])] == ["get_weather", "clock"]
    single = calls(question, tools=[CLOCK, WEATHER], parallel_tool_calls=False)
    assert [name for name, _ in single] == ["get_weather"]


def test_a_forced_tool_is_called_whatever_the_words() -> None:
    forced = {"type": "function", "function": {"name": "clock"}}
    assert calls("Hello", tools=[WEATHER, CLOCK], tool_choice=forced) == [("clock", {"city": "example"})]
    assert [name for name, _ in calls("Hello", tools=[WEATHER, CLOCK], tool_choice="required")] == ["get_weather"]
    allowed = {"mode": "required", "tools": [{"type": "function", "function": {"name": "clock"}}]}
    choice = {"type": "allowed_tools", "allowed_tools": allowed}
    assert [name for name, _ in calls("The weather?", tools=[WEATHER, CLOCK], tool_choice=choice)] == ["clock"]


def after_tools(*outputs: str) -> list[str | dict[str, Any]]:
    made = ask("Weather in Oslo and the local hour", tools=[WEATHER, CLOCK])["choices"][0]["message"]
    results = [
        {"role": "tool", "tool_call_id": call["id"], "content": output}
        for call, output in zip(made["tool_calls"], outputs, strict=True)
    ]
    return ["Weather in Oslo and the local hour", made, *results]


def test_tool_results_are_reported_word_for_word() -> None:
    said = text(*after_tools('{"degrees": -4}', "half past nine"), tools=[WEATHER, CLOCK])
    assert '{"degrees": -4}' in said
    assert "half past nine" in said


def test_a_new_question_after_tool_results_is_a_new_turn() -> None:
    turns = [*after_tools("cold", "nine"), {"role": "assistant", "content": "Cold, nine."}]
    assert text(*turns, "What is 1 + 1?", tools=[WEATHER, CLOCK]).endswith("1 + 1 is 2.")


SCHEMAS: list[dict[str, Any]] = [
    {"type": "object", "properties": {"answer": {"type": "string"}}, "required": ["answer"]},
    {
        "type": "object",
        "properties": {
            "score": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
            "step": {"type": "integer", "minimum": 7, "multipleOf": 5},
            "below": {"type": "integer", "maximum": -3},
            "grade": {"enum": ["low", "high"]},
            "sure": {"type": "boolean"},
            "kind": {"const": "report"},
            "nothing": {"type": "null"},
            "maybe": {"type": ["string", "null"]},
            "either": {"anyOf": [{"type": "integer"}, {"type": "string"}]},
        },
        "required": ["score", "step", "below", "grade", "sure", "kind", "nothing", "maybe", "either"],
        "additionalProperties": False,
    },
    {
        "type": "object",
        "properties": {
            "day": {"type": "string", "format": "date"},
            "mail": {"type": "string", "format": "email"},
            "code": {"type": "string", "pattern": "^[A-Z]{3}-\\d{3}$"},
            "short": {"type": "string", "maxLength": 3},
            "long": {"type": "string", "minLength": 40},
            "tags": {"type": "array", "items": {"type": "string"}, "minItems": 3, "maxItems": 4},
            "pair": {
                "type": "array",
                "prefixItems": [{"type": "integer"}, {"type": "string"}],
                "minItems": 2,
            },
        },
        "required": ["day", "mail", "code", "short", "long", "tags", "pair"],
    },
    {
        "$defs": {
            "node": {
                "type": "object",
                "properties": {
                    "value": {"type": "integer"},
                    "next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]},
                    "children": {"type": "array", "items": {"$ref": "#/$defs/node"}},
                },
                "required": ["value", "next", "children"],
                "additionalProperties": False,
            }
        },
        "$ref": "#/$defs/node",
    },
    {
        "allOf": [
            {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]},
            {"properties": {"b": {"type": "array", "items": {"type": "number"}}}, "required": ["b"]},
        ]
    },
]


@pytest.mark.parametrize("schema", SCHEMAS)
@pytest.mark.parametrize("prompt", ["Go.", "What is 17 + 25, in Paris, for a long time of 0.5 and 12 and -8?"])
def test_documents_are_valid_against_the_schema(schema: dict[str, Any], prompt: str) -> None:
    format_ = {"type": "json_schema", "json_schema": {"name": "report", "strict": True, "schema": schema}}
    document = json.loads(text(prompt, response_format=format_))
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    jsonschema.Draft202012Validator(schema, format_checker=checker).validate(document)


def test_a_document_carries_what_would_have_been_said() -> None:
    properties = {"answer": {"type": "string"}, "result": {"type": "integer"}, "city": {"type": "string"}}
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    format_ = {"type": "json_schema", "json_schema": {"name": "r", "schema": schema}}
    made = json.loads(text("What is 17 + 25, as they count in Oslo?", response_format=format_))
    assert made == {"answer": "[scripted gpt-4o] 17 + 25 is 42.", "result": 42, "city": "Oslo"}


def test_a_json_object_holds_the_answer() -> None:
    made = json.loads(text("Reply with exactly: yes", response_format={"type": "json_object"}))
    assert made == {"answer": "yes"}


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"a": {"not": {"type": "string"}}}, "required": ["a"]},
        {"type": "string", "pattern": "^(?:zq){19}$"},
        {"type": "string", "pattern": "("},
        {"type": "thing"},
        {"$ref": "#/$defs/absent"},
        {"$ref": "#"},
        {"type": "object", "properties": 3},
        {"type": "integer", "minimum": 3, "maximum": 2},
        {"type": "array", "items": {"const": 1}, "minItems": 2, "uniqueItems": True},
        {"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]},
    ],
)
def test_a_schema_without_an_example_is_refused(schema: dict[str, Any]) -> None:
    format_ = {"type": "json_schema", "json_schema": {"name": "r", "schema": schema}}
    with pytest.raises(BadRequest, match="Invalid schema"):
        ask("Go.", response_format=format_)


def test_the_token_limit_cuts() -> None:
    whole = text("Tell me about the herons of the north.")
    for name in ("max_tokens", "max_completion_tokens"):
        cut = ask("Tell me about the herons of the north.", **{name: 8})
        assert cut["choices"][0]["finish_reason"] == "length"
        assert cut["usage"]["completion_tokens"] == 8
        said = cut["choices"][0]["message"]["content"]
        assert whole.startswith(said)
        assert said != whole


def test_stop_sequences_cut() -> None:
    made = ask("Reply with exactly: one two three four", stop=["four", " three"])
    assert made["choices"][0]["message"]["content"] == "one two"
    assert made["choices"][0]["finish_reason"] == "stop"


def test_usage_grows_with_the_words_and_adds_up() -> None:
    short, long = ask("One word")["usage"], ask("One word and then some more of them")["usage"]
    assert long["prompt_tokens"] > short["prompt_tokens"] > 0
    assert long["total_tokens"] == long["prompt_tokens"] + long["completion_tokens"]


def test_the_same_request_is_answered_the_same() -> None:
    first, again = ask("Hello", temperature=1), ask("Hello", temperature=1)
    assert {**first, "created": 0} == {**again, "created": 0}
    assert ask("Hello there")["id"] != first["id"]


def test_a_streamed_text_is_the_whole_text_in_words() -> None:
    request = body("Tell me\n\nabout herons. ")
    chunks = list(stream({**request, "stream": True}, model="gpt-4o"))
    whole = complete(request, model="gpt-4o")
    pieces = [chunk["choices"][0]["delta"].get("content", "") for chunk in chunks]
    assert "".join(pieces) == whole["choices"][0]["message"]["content"]
    assert max(len(piece.split()) for piece in pieces) == 1
    assert [chunk["choices"][0]["finish_reason"] for chunk in chunks] == [None] * (len(chunks) - 1) + ["stop"]
    assert {chunk["id"] for chunk in chunks} == {whole["id"]}
    assert not any("usage" in chunk for chunk in chunks)


def test_a_stream_ends_with_the_usage_when_asked() -> None:
    request = body("Hello")
    asked = {**request, "stream": True, "stream_options": {"include_usage": True}}
    *chunks, last = list(stream(asked, model="gpt-4o"))
    assert last["choices"] == []
    assert last["usage"] == complete(request, model="gpt-4o")["usage"]
    assert all(chunk["usage"] is None for chunk in chunks)


def test_streamed_calls_begin_with_id_and_name_and_go_on_with_arguments() -> None:
    request = body("Weather in New York and the local hour", tools=[WEATHER, CLOCK])
    whole = complete(request, model="gpt-4o")["choices"][0]["message"]["tool_calls"]
    joined: dict[int, dict[str, Any]] = {}
    for chunk in stream({**request, "stream": True}, model="gpt-4o"):
        for piece in chunk["choices"][0]["delta"].get("tool_calls", []):
            if "id" in piece:
                assert piece["function"]["arguments"] == ""
                joined[piece["index"]] = {k: v for k, v in piece.items() if k != "index"}
            else:
                joined[piece["index"]]["function"]["arguments"] += piece["function"]["arguments"]
    assert [joined[index] for index in sorted(joined)] == whole


TOOL_CALL = {"id": "call_1", "type": "function", "function": {"name": "clock", "arguments": "{}"}}
CALLING = {"role": "assistant", "content": None, "tool_calls": [TOOL_CALL]}
USER = {"role": "user", "content": "hi"}


@pytest.mark.parametrize(
    ("request_", "param"),
    [
        ({}, "messages"),
        ({"messages": []}, "messages"),
        ({"messages": "hi"}, "messages"),
        ({"messages": ["hi"]}, "messages[0]"),
        ({"messages": [{"role": "robot", "content": "hi"}]}, "messages[0].role"),
        ({"messages": [{"role": "user"}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": 3}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": ["hi"]}]}, "messages[0].content"),
        ({"messages": [{**CALLING, "tool_calls": [{"id": "x"}]}]}, "messages[0].tool_calls"),
        ({"messages": [USER, CALLING, USER]}, "messages[2]"),
        ({"messages": [USER, CALLING]}, "messages"),
        (
            {"messages": [USER, {"role": "tool", "tool_call_id": "x", "content": ""}]},
            "messages[1].tool_call_id",
        ),
        ({"messages": [USER], "max_tokens": "9"}, "max_tokens"),
        ({"messages": [USER], "max_tokens": 0}, "max_tokens"),
        ({"messages": [USER], "n": True}, "n"),
        ({"messages": [USER], "n": 2}, "n"),
        ({"messages": [USER], "stop": ["a"] * 5}, "stop"),
        ({"messages": [USER], "stream_options": {"include_usage": True}}, "stream_options"),
        ({"messages": [USER], "tools": [{"type": "web_search"}]}, "tools[0]"),
        ({"messages": [USER], "tools": [{"type": "function", "function": {"name": "a b"}}]}, "tools[0]"),
        ({"messages": [USER], "tool_choice": "required"}, "tool_choice"),
        ({"messages": [USER], "tools": [CLOCK], "tool_choice": "always"}, "tool_choice"),
        ({"messages": [USER], "tools": [CLOCK], "tool_choice": {"type": "function"}}, "tool_choice"),
        ({"messages": [USER], "tool_choice": {"type": "function", "function": {"name": "x"}}}, "tool_choice"),
        ({"messages": [USER], "response_format": {"type": "yaml"}}, "response_format.type"),
        ({"messages": [USER], "response_format": {"type": "json_schema"}}, "response_format.json_schema"),
    ],
)
def test_a_malformed_body_is_refused_by_field(request_: dict[str, Any], param: str) -> None:
    with pytest.raises(BadRequest) as caught:
        complete(request_, model="gpt-4o")
    error = caught.value.error["error"]
    assert error["param"] == param
    assert error["type"] == "invalid_request_error"
    with pytest.raises(BadRequest):
        stream(request_, model="gpt-4o")
