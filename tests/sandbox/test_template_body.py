"""Bodies as Azure CLI makes them: one test for each way in which they are not JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from .template import DEPLOYMENTS, SCHEMA, body, template

if TYPE_CHECKING:
    import httpx

START = f'{{"$schema": "{SCHEMA}", "contentVersion": "1.0.0.0", "resources": []'
WHOLE = START + "}"


def spliced(text: str) -> bytes:
    """A body with the raw text of a template file in it, as Azure CLI splices it."""
    return ('{"properties": {"parameters": {}, "mode": "Incremental", template:' + text + "}}").encode()


def validated(arm: httpx.Client, content: bytes) -> httpx.Response:
    return arm.post(f"{DEPLOYMENTS}/body/validate", content=content)


@pytest.mark.parametrize(
    "text",
    [
        WHOLE,
        WHOLE.replace(", ", ",\r\n\t"),
        f"// first\n{WHOLE}\n",
        WHOLE.replace('"contentVersion"', '/* why */ "contentVersion"'),
        WHOLE.replace("[]", "[ // none, see https://a.example\n]"),
        WHOLE.replace("[]", "[/* several\nlines * / // of it */]"),
        f"{START},\n// the last member\n}}\n".replace("[],", "[]"),
        f"/**/{WHOLE}// the end\n",
    ],
    ids=["raw", "line breaks", "comment above", "block", "comment in line", "long block", "comment last", "after"],
)
def test_what_azure_cli_sends_is_read(arm: httpx.Client, text: str) -> None:
    answer = validated(arm, spliced(text))
    assert answer.status_code == 200, answer.text


def test_ordinary_json_is_read_too(arm: httpx.Client) -> None:
    assert validated(arm, json.dumps(body(template())).encode()).status_code == 200
    assert validated(arm, b"\xef\xbb\xbf" + json.dumps(body(template())).encode()).status_code == 200


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ('"https://a.example // no comment /* at all */"', "https://a.example // no comment /* at all */"),
        ('"two\nlines"', "two\nlines"),
        ('"a \\"quoted\\" \\u00fc \\n"', 'a "quoted" ü \n'),
        ("\"[concat(\n  'a', // not a comment here\n  'b')]\"", None),
        ("\"[concat(\n  'a',\n  'b'\n)]\"", "ab"),
        ('"grüße"', "grüße"),
    ],
)
def test_texts_are_kept_as_they_are(arm: httpx.Client, written: str, meant: str | None) -> None:
    text = f'{START}, "outputs": {{"it": {{"type": "string", "value": {written}}}}}}}'
    answer = arm.put(f"{DEPLOYMENTS}/body-text", content=spliced(text))
    if meant is None:
        assert "cannot be read" in answer.json()["error"]["message"]
        return
    assert answer.status_code == 201, answer.text
    found = arm.get(f"{DEPLOYMENTS}/body-text").json()["properties"]["outputs"]["it"]["value"]
    assert found == meant


def test_numbers_and_words_are_read(arm: httpx.Client) -> None:
    written = '{"whole": -12, "broken": 1.5e2, "yes": true, "no": false, "none": null}'
    text = f'{START}, "outputs": {{"it": {{"type": "object", "value": {written}}}}}}}'
    arm.put(f"{DEPLOYMENTS}/body-words", content=spliced(text)).raise_for_status()
    found = arm.get(f"{DEPLOYMENTS}/body-words").json()["properties"]["outputs"]["it"]["value"]
    assert found == json.loads(written)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "'properties' is required"),
        (b"[]", "must be an object"),
        (b'{"properties": {', "the body is not JSON at line 1, column 17"),
        (b'{"properties": {} } x', "nothing more is wanted, not 'x'"),
        (spliced("{,}"), "the template is not JSON at line 1, column 2"),
        (spliced('{\n  "a": 1\n  "b": 2}'), "the template is not JSON at line 3, column 3: ',' is wanted"),
        (spliced('{\n  "a": [1,]}'), "the template is not JSON at line 2, column 11: a value is wanted, not ']'"),
        (spliced('{"a": "\\x"}'), "a text without a wrong escape is wanted"),
        (spliced("{\"a\": 'single'}"), "a value is wanted"),
        (spliced('{"a": nonsense}'), "a value is wanted"),
        (spliced('{"a": "open}'), "a text in double quotes is wanted"),
        (spliced("{1: 2}"), "a text in double quotes is wanted"),
        (spliced('{"a": ' + "[" * 80 + "]" * 80 + "}"), "no more than 64 levels is wanted"),
        (spliced(WHOLE + "// swallows the rest"), "',' is wanted, not the end"),
        (b"\xff", "invalid start byte"),
    ],
)
def test_anything_else_is_refused_where_it_stands(arm: httpx.Client, content: bytes, complaint: str) -> None:
    answer = validated(arm, content)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "InvalidRequestContent"), answer.text
    assert complaint in answer.json()["error"]["message"]


def test_places_count_from_the_first_line_of_the_file(arm: httpx.Client) -> None:
    text = START.replace(", ", ",\n  ") + ',\n  "outputs": {"it": {"type": "string", "value": "[no()]"}}\n}'
    message = validated(arm, spliced(text)).json()["error"]["message"]
    assert "outputs.it.value (line 4, column 49, character 2 of the expression)" in message
    assert text.splitlines()[3][48:].startswith('"[no()]"')
