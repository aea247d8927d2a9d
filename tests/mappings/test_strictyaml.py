"""YAML without surprises."""

from __future__ import annotations

import pytest

from annexlog.evidence_store.model import MappingError
from annexlog.mappings.strictyaml import MAX_BYTES, parse

TEXT = """\
yes: no
list: [1, -2, 1.5, 1e3, 010, 0x10, ~, 2026-01-01, "1", true, false, null]
nested:
  - folded: >-
      two
      lines
  - nothing:
"""


def test_only_words_of_json_and_its_numbers_are_special() -> None:
    assert parse(TEXT, "f.yaml").value == {
        "yes": "no",
        "list": [1, -2, 1.5, 1000.0, "010", "0x10", "~", "2026-01-01", "1", True, False, None],
        "nested": [{"folded": "two lines"}, {"nothing": None}],
    }


def test_every_value_knows_its_line_and_column() -> None:
    document = parse(TEXT, "f.yaml")

    places = [document.where(path) for path in (("yes",), ("list", 2), ("nested", 0, "folded"), ("nested", 1, "gone"))]

    assert places == ["f.yaml:1:1", "f.yaml:2:15", "f.yaml:4:5", "f.yaml:7:5"]


REFUSED = [
    ("a: 1\na: 2", "f.yaml:2:1: the key 'a' is given twice"),
    ("a:\n  b: {c: 1, c: 1}", "f.yaml:2:13: the key 'c' is given twice"),
    ("a: &x 1", "f.yaml:1:4: anchors and aliases are not allowed: write the value where it is used"),
    ("a: *x", "f.yaml:1:4: anchors and aliases are not allowed: write the value where it is used"),
    ("<<: {a: 1}", "f.yaml:1:1: merge keys are not allowed: write the values where they are used"),
    ("a: !!str 1", "f.yaml:1:4: tags such as tag:yaml.org,2002:str are not allowed"),
    ("a: !python/object:x.Y {}", "f.yaml:1:4: tags such as !python/object:x.Y are not allowed"),
    ("!!str a: 1", "f.yaml:1:1: anchors and tags are not allowed"),
    ("? [a]\n: b", "f.yaml:1:3: a key must be a text"),
    ("a: 1\n---\nb: 2", "f.yaml:2:1: a second document in one file"),
    ("a: [1", "f.yaml:2:1: not YAML: did not find expected ',' or ']'"),
    ("a:\n\t- b", "f.yaml:2:1: not YAML: found character that cannot start any token"),
    (
        "a: 9223372036854775808",
        "f.yaml:1:4: the number 9223372036854775808 is too large; put it in quotes if it is a name",
    ),
    ("a: 1e999", "f.yaml:1:4: the number 1e999 is too large"),
    ("[" * 40 + "]" * 40, "f.yaml:1:34: nested deeper than 32 levels"),
]


@pytest.mark.parametrize(("text", "message"), REFUSED, ids=[row[0][:24] for row in REFUSED])
def test_what_could_be_misread_is_refused_where_it_stands(text: str, message: str) -> None:
    with pytest.raises(MappingError) as refused:
        parse(text, "f.yaml")

    assert str(refused.value) == message


def test_a_byte_that_yaml_does_not_allow_is_refused() -> None:
    with pytest.raises(MappingError) as refused:
        parse("a: \x01", "f.yaml")

    assert str(refused.value).startswith("f.yaml: not YAML: unacceptable character #x0001")


def test_a_text_larger_than_a_mebibyte_is_refused() -> None:
    with pytest.raises(MappingError) as refused:
        parse("#" * (MAX_BYTES + 1), "f.yaml")

    assert str(refused.value) == "f.yaml: larger than 1,048,576 bytes. Split it into several files."


def test_an_empty_text_is_null() -> None:
    assert [parse(text, "f.yaml").value for text in ("", "# a remark\n", "---\n")] == [None, None, None]
