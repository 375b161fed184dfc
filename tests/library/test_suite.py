"""Suites: every assertion passes and fails, and a bad suite is refused with all that is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from gateway_workbook.errors import ProfileError, UsageError
from gateway_workbook.suite import Assertion, Suite, load_suite
from gateway_workbook.workbook import ready_names

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA = {"type": "object", "required": ["code"], "properties": {"code": {"type": "integer", "minimum": 200}}}


def suite(tmp_path: Path, assertions: str) -> Suite:
    path = tmp_path / "suite.yaml"
    path.write_text(
        f"name: s\nprompts:\n  - name: p\n    prompt: hello\n    assertions: {assertions}\n", encoding="utf-8"
    )
    return load_suite(path)


@pytest.mark.parametrize(
    ("kind", "value", "holds", "fails", "why"),
    [
        ("not_empty", None, "x", " \n", "the answer is empty"),
        ("equals", "pong", " pong\n", "pong!", "the answer is not 'pong'"),
        ("contains", "Paris", "It is PARIS.", "London", "the answer does not contain 'Paris'"),
        ("contains", "Straße", "STRASSE", "Weg", "the answer does not contain 'Straße'"),
        ("contains", "世界", "Grüße, 世界 🌍", "world", "the answer does not contain '世界'"),
        ("not_contains", "sorry", "fine", "I am Sorry", "the answer contains 'sorry'"),
        ("matches", r"\b4[0-9]\b", "it is 42.", "it is 142", r"the answer does not match /\b4[0-9]\b/"),
        ("json_schema", SCHEMA, '{"code": 200}', '{"code": 100}', "the answer does not fit the schema: 100 is less"),
        ("json_schema", SCHEMA, ' {"code": 200}\n', "not json", "the answer is not JSON"),
        ("json_schema", SCHEMA, '{"code": 200}', "[" * 100_000, "the answer is not JSON"),
        ("json_schema", {"const": 1}, "1", '"1"', "the answer does not fit the schema"),
    ],
)
def test_every_assertion_passes_and_fails(kind: Any, value: Any, holds: str, fails: str, why: str) -> None:
    assertion = Assertion(kind=kind, value=value)
    assert assertion.failure(holds, seconds=1) is None
    assert str(assertion.failure(fails, seconds=1)).startswith(why)


def test_seconds_are_counted() -> None:
    assertion = Assertion(kind="max_seconds", value="2.5")
    assert assertion.failure("", seconds=2.5) is None
    assert assertion.failure("", seconds=2.6) == "took 2.6 s, more than 2.5"


def test_numbers_in_a_schema_are_numbers_and_in_texts_text(tmp_path: Path) -> None:
    loaded = suite(
        tmp_path,
        "[{contains: 42}, {max_seconds: 1.5}, {json_schema: {minimum: 1, maximum: 2.5, const: 2}}, not_empty]",
    )
    values = [assertion.value for assertion in loaded.prompts[0].assertions]
    assert values == ["42", "1.5", {"minimum": 1, "maximum": 2.5, "const": 2}, None]
    assert [str(assertion) for assertion in loaded.prompts[0].assertions] == [
        "contains: 42",
        "max_seconds: 1.5",
        'json_schema: {"minimum": 1, "maximum": 2.5, "const": 2}',
        "not_empty",
    ]


def test_every_prompt_goes_every_route_in_order(tmp_path: Path) -> None:
    path = tmp_path / "suite.yaml"
    path.write_text(
        "name: s\nprompts:\n"
        "  - {name: a, prompt: x, assertions: [not_empty]}\n"
        "  - {name: b, prompt: y, assertions: [not_empty], routes: [agent]}\n"
    )
    assert [(prompt.name, route) for prompt, route in load_suite(path).tasks] == [
        ("a", "gateway"),
        ("a", "agent"),
        ("b", "agent"),
    ]


@pytest.mark.parametrize(
    ("assertions", "problem"),
    [
        ("[{contians: x}]", "not a known value; write 'not_empty', 'equals'"),
        ("[nonsense]", "not a known value"),
        ("[{contains: ''}]", "needs a text to compare with; write it after the colon"),
        ("[{contains: }]", "needs a text to compare with"),
        ("[{equals: [a]}]", "needs a text to compare with"),
        ("[{matches: '['}]", "is not a regular expression (unterminated character set"),
        ("[{json_schema: {type: strin}}]", "is not a JSON schema ('strin' is not valid"),
        ("[{json_schema: nonsense}]", "is not a JSON schema"),
        ("[{json_schema: {pattern: '['}}]", "is not a JSON schema"),
        ("[{max_seconds: soon}]", "needs a number of seconds above 0"),
        ("[{max_seconds: 0}]", "needs a number of seconds above 0"),
        ("[{max_seconds: nan}]", "needs a number of seconds above 0"),
        ("[{contains: a, equals: b}]", "unknown key"),
        ("not_empty", "wrong type; write a list"),
        ("[[not_empty]]", "wrong type; write a mapping"),
        ("[]", "has nothing to check"),
    ],
)
def test_a_bad_assertion_is_refused_in_a_sentence(assertions: str, problem: str, tmp_path: Path) -> None:
    with pytest.raises(ProfileError) as caught:
        suite(tmp_path, assertions)
    assert any(problem in found for found in caught.value.problems), caught.value.problems


@pytest.mark.parametrize("text", ["", "[]", "text", "name: s", "{name: s, prompts: []}", "{name: s, prompts: x}"])
def test_what_is_no_suite_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "suite.yaml"
    path.write_text(text)
    with pytest.raises(ProfileError):
        load_suite(path)


def test_all_problems_come_at_once_with_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "suite.yaml"
    path.write_text(
        "name: s\n"
        "prompts:\n"
        "  - name: a\n"
        "    promt: x\n"
        "    assertions: [{matches: '['}]\n"
        "  - name: b\n"
        "    prompt: [5]\n"
        "    routes: [gateway, portal]\n"
        "    assertions: [not_empty]\n"
    )
    with pytest.raises(ProfileError) as caught:
        load_suite(path)
    text = str(caught.value)
    for fact in (
        "line 4, prompts[0].promt: unknown key; did you mean prompt?",
        "line 5, prompts[0].assertions[0]: is not a regular expression",
        "prompts[0].prompt: missing; write it",
        "line 7, prompts[1].prompt: wrong type; write text",
        "line 8, prompts[1].routes[1]: not a known value; write 'gateway' or 'agent'",
    ):
        assert fact in text


def test_two_prompts_of_one_name_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "suite.yaml"
    path.write_text("name: s\nprompts:\n" + "  - {name: a, prompt: x, assertions: [not_empty]}\n" * 2)
    with pytest.raises(ProfileError, match=r"two prompts of the same name \(a\); rename one"):
        load_suite(path)


@pytest.mark.parametrize("name", ready_names("prompts"))
def test_ready_suites_load(name: str) -> None:
    assert load_suite(name).tasks


def test_an_unknown_suite_names_those_there_are() -> None:
    with pytest.raises(UsageError, match=r"no suite 'nope' .*: give a file, or one of answers, smoke"):
        load_suite("nope")
