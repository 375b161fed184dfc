"""YAML and JSON as people write them: what is text stays text, what is dangerous is refused in one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway_workbook.document import Document, dotted, placeholders
from gateway_workbook.errors import ProfileError, UsageError

if TYPE_CHECKING:
    from pathlib import Path


def parse(text: str) -> object:
    return Document.parse(text, source="file.yaml").value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2024-10-21", "2024-10-21"),
        ("2024-10-21 10:00:00", "2024-10-21 10:00:00"),
        ("1", "1"),
        ("1.10", "1.10"),
        ("0x1f", "0x1f"),
        ("1_000", "1_000"),
        ("010", "010"),
        (".inf", ".inf"),
        ("12:30:45", "12:30:45"),
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("TRUE", "TRUE"),
        ("=", "="),
        ("<<", "<<"),
        ("true", "true"),
        ("False", "False"),
        ("null", None),
        ("~", None),
        ("", None),
        ("'true'", "true"),
        ('"2024"', "2024"),
    ],
)
def test_all_but_null_is_text(text: str, value: object) -> None:
    assert parse(f"key: {text}") == {"key": value}


def test_a_json_schema_gets_what_json_would_make_of_it() -> None:
    assert parse("json_schema: {a: 1, b: -2.5, c: 2024-10-21, d: '1', e: yes, f: [true, 1e3], g: 007}") == {
        "json_schema": {"a": 1, "b": -2.5, "c": "2024-10-21", "d": "1", "e": "yes", "f": [True, 1000.0], "g": "007"}
    }


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("a: 1\nb: 2\na: 3", "line 3, a: written twice; keep one"),
        ("s:\n  - {a: 1, a: 2}", "line 2, s[0].a: written twice; keep one"),
        ("a: &x 1\nb: *x", "an alias is not allowed"),
        ("a: &a [x]\nb: &b [*a, *a]\nc: [*b, *b]", "an alias is not allowed"),
        ("!!python/object/apply:os.system [true]", "a tag is not allowed"),
        ("a: !!python/name:os.system ''", "a tag is not allowed"),
        ("a: !custom 1", "a tag is not allowed"),
        ("a: 1\n\tb: 2", "not plain YAML"),
        ("a: 'open", "not plain YAML"),
        ("a: b: c", "not plain YAML"),
        ("a: 1\n---\nb: 2", "another document"),
        ("[" * 5_000, "nested too deep"),
        ("{a: " * 5_000, "nested too deep"),
        ("? [a]\n: b", "a key has to be text"),
        ("%YAML 9.9\n---\na: 1", "not plain YAML"),
    ],
)
def test_what_yaml_can_do_beyond_data_is_refused_in_a_sentence(text: str, fact: str) -> None:
    with pytest.raises(ProfileError) as caught:
        parse(text)
    assert caught.value.source == "file.yaml"
    assert len(caught.value.problems) == 1
    assert fact in caught.value.problems[0]


def test_a_billion_laughs_costs_nothing() -> None:
    bomb = 'a: &a ["lol"]\n' + "\n".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [{','.join([f'*{chr(97 + n)}'] * 9)}]" for n in range(9)
    )
    with pytest.raises(ProfileError, match="an alias"):
        parse(bomb)


def test_a_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    for name in ("x.yaml", "x.json"):
        (tmp_path / name).write_bytes(b'\xef\xbb\xbf{"a": "b"}')
        assert Document.read(tmp_path / name).value == {"a": "b"}


@pytest.mark.parametrize("content", [b"a: \xff\xfe", "a: grüße".encode("utf-16"), "a: grüße".encode("latin-1")])
def test_other_encodings_are_refused_with_the_mend(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="not UTF-8 text: save it as UTF-8"):
        Document.read(path)


def test_a_huge_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(b"#" * 1_000_001)
    with pytest.raises(UsageError, match="larger than 1,000,000 bytes"):
        Document.read(path)


def test_a_missing_file_is_a_persons_mistake(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot be read .*: check the path"):
        Document.read(tmp_path / "none.yaml")


def test_broken_json_is_named_by_its_line(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text('{\n  "a": 1,\n}')
    with pytest.raises(ProfileError, match="line 3: not JSON"):
        Document.read(path)


def test_places_are_the_nearest_line_that_is_known() -> None:
    document = Document.parse("a: 1\nstaticModels:\n  - name: x\n    properties: {}\n", source="f")
    assert document.place(("a",)) == "line 1, a"
    assert document.place(("staticModels", 0, "name")) == "line 3, staticModels[0].name"
    assert document.place(("staticModels", 0, "properties", "model")) == "line 4, staticModels[0].properties.model"
    assert document.place(("absent",)) == "absent"


def test_problems_come_in_the_order_of_the_file_and_once() -> None:
    document = Document.parse("b: 1\na: 1\n", source="f")
    error = document.refuse([(("c",), "missing"), (("a",), "bad"), (("b",), "worse"), (("a",), "bad")])
    assert error.problems == ("line 1, b: worse", "line 2, a: bad", "c: missing")
    assert str(error) == "f: 3 problems\n  - line 1, b: worse\n  - line 2, a: bad\n  - c: missing"


def test_placeholders_are_found_in_values_and_keys_but_not_in_comments() -> None:
    value = {
        "_comment": "YOUR-COMMENT",
        "url": "https://<your-resource>.test/YOUR-PATH",
        "headers": {"YOUR-HEADER-1": "YOUR-VALUE-1"},
        "list": [{"name": "YOUR-MODEL"}],
        "fine": ["yours", "<a b>", "<{api_key}>", 5, None],
    }
    assert {found for _, found in placeholders(value)} == {
        "<your-resource>",
        "YOUR-PATH",
        "YOUR-HEADER-1",
        "YOUR-VALUE-1",
        "YOUR-MODEL",
    }
    assert (("list", 0, "name"), "YOUR-MODEL") in placeholders(value)


def test_paths_are_written_as_people_write_them() -> None:
    assert dotted(("staticModels", 0, "properties", "model")) == "staticModels[0].properties.model"
    assert dotted(()) == ""


def test_a_typed_document_holds_what_json_would(tmp_path: Path) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text("version: 1.0.0\nlimit: 5\nrate: 0.5\nneeded: true\nnone:\nresponses: {200: ok}\n'5': '5'\n")
    assert Document.read(path, typed=True).value == {
        "version": "1.0.0",
        "limit": 5,
        "rate": 0.5,
        "needed": True,
        "none": None,
        "responses": {"200": "ok"},
        "5": "5",
    }
    assert Document.read(path).value["limit"] == "5"
