"""The small language of declarations."""

from __future__ import annotations

import pytest

from annexlog.collectors.templates import MISSING, Condition, NoMember, Params, Template, dig, each, spread, steps
from annexlog.evidence_store.model import DeclarationError

FACETS = {"box": {"name": "a", "size": 3, "open": True, "none": None, "deep": {"x": "y"}, "list": [1]}, "label": "red"}
VALUES = {"account": "one", "box": "a value of the scope"}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("plain", "plain"),
        ("{box.name}", "a"),
        ("x-{box.name}-{account}", "x-a-one"),
        ("{box.deep.x}{box.size}{box.open}", "y3true"),
        ("{label}", "red"),
        ("{box}", "a value of the scope"),
        ("{ not a hole }{}", "{ not a hole }{}"),
        ("{label:0}", "red"),
    ],
)
def test_holes_are_filled_from_facets_and_the_scope(template: str, text: str) -> None:
    assert Template(template).fill(FACETS, VALUES) == text


def test_a_hole_can_be_one_field_between_colons() -> None:
    arn = {"trail": {"arn": "arn:aws:cloudtrail:eu-west-1:123456789012:trail/x"}}

    assert Template("{trail.arn:4}/{trail.arn:3}").fill(arn, {}) == "123456789012/eu-west-1"


@pytest.mark.parametrize(
    ("template", "path"),
    [
        ("{box.nothing}", "box.nothing"),
        ("{box.none}", "box.none"),
        ("{box.name.x}", "box.name.x"),
        ("{nothing}", "nothing"),
        ("{nothing.at.all}", "nothing.at.all"),
        ("{account.x}", "account.x"),
        ("{label:1}", "label:1"),
    ],
)
def test_what_is_not_there_is_said(template: str, path: str) -> None:
    with pytest.raises(NoMember) as caught:
        Template(template).fill(FACETS, VALUES)

    assert caught.value.path == path


def test_lists_and_objects_do_not_stand_in_texts() -> None:
    with pytest.raises(TypeError, match="a list cannot stand in a text"):
        Template("x{box.list}").fill(FACETS, VALUES)


def test_params_keep_the_type_of_a_lone_hole_and_fill_however_deep() -> None:
    params = Params({"n": "{box.size}", "list": "{box.list}", "deep": [{"x": "<{box.name}>"}, 1], "plain": {"a": 1}})

    assert params.fill(FACETS, VALUES) == {"n": 3, "list": [1], "deep": [{"x": "<a>"}, 1], "plain": {"a": 1}}
    assert params.roots == {"box"}


def test_a_parameter_is_a_whole_facet_unless_the_scope_has_a_value_of_its_name() -> None:
    facets = {**FACETS, "keys": [{"id": 1}]}

    assert Params({"keys": "{keys}", "box": "{box}"}).fill(facets, VALUES) == {
        "keys": [{"id": 1}],
        "box": "a value of the scope",
    }


@pytest.mark.parametrize(
    ("path", "there"), [("box.list", True), ("box.deep", True), ("box.none", False), ("no", False)]
)
def test_an_object_or_list_is_not_nothing(path: str, there: bool) -> None:
    assert Condition(f"{path} != ''").holds(FACETS, VALUES) is there


def test_params_without_holes_are_used_as_they_are() -> None:
    declared = {"a": ["b"]}

    assert Params(declared).fill({}, {}) is declared


@pytest.mark.parametrize("source", ["box.name", "box.name = 'a'", "box.name == a", "box.name == 'a' && x == 'b'", ""])
def test_conditions_that_say_more_are_refused(source: str) -> None:
    with pytest.raises(DeclarationError, match="is neither path == 'text' nor path != 'text'"):
        Condition(source)


def test_paths() -> None:
    assert (steps(""), steps("a.b")) == ((), ("a", "b"))
    assert spread("a[].b[][].c") == ("a", "[]", "b", "[]", "[]", "c")
    assert (dig({"a": None}, ("a",)), dig({"a": None}, ("a", "b")), dig([], ("a",))) == (None, MISSING, MISSING)
    assert list(each({"a": [{"b": 1}, {}, {"b": 2}]}, spread("a[].b"))) == [1, 2]
    assert list(each({"a": 1}, spread("a[].b"))) == []
