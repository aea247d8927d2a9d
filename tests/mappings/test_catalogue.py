"""What is shipped: all 93 controls, and control tests whose examples give what they say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import orjson
import pytest

from annexlog.answers import published_shapes
from annexlog.evidence_store.model import Status
from annexlog.mappings import CONTROLS, Example, Mappings, Test, asked, from_documents
from annexlog.mappings.checking import check
from annexlog.mappings.examples import judge_example, run_examples
from annexlog.mappings.loading import read

SHAPES = published_shapes()
MAPPINGS: Mappings = read(SHAPES)[0]
TESTS = list(MAPPINGS.tests.values())
each_test = pytest.mark.parametrize("test", TESTS, ids=[test.id for test in TESTS])


def test_nothing_is_wrong_with_what_is_shipped() -> None:
    assert [str(problem) for problem in check(SHAPES)] == []


def test_a_test_that_compares_with_several_clouds_is_asked_where_one_of_them_is_there() -> None:
    test = MAPPINGS.tests["k8s.managed.audit-logging"]

    where = [set[str](), {"aws"}, {"gcp"}, {"azure"}, {"okta"}]
    assert [asked(test, {"kubernetes", *clouds}) for clouds in where] == [False, True, True, True, False]


def test_every_control_of_annex_a_has_its_page() -> None:
    assert tuple(MAPPINGS.controls) == CONTROLS


def test_a_control_that_no_test_decides_says_what_is_not_shown_and_what_people_supply() -> None:
    silent = [control for control in MAPPINGS.controls.values() if not control.primary]

    assert [control.id for control in silent if not (control.not_shown and control.manual)] == []


@each_test
def test_the_examples_give_what_they_say(test: Test) -> None:
    assert [str(problem) for problem in run_examples(test, MAPPINGS.labels)] == []


@each_test
def test_hiding_anything_from_an_example_gives_no_other_verdict(test: Test) -> None:
    turned = [
        (example.where, hidden, str(status))
        for example in test.examples
        if example.kind != "unknown"
        for hidden, status in _hidden(test, example)
        if status not in (example.kind, Status.UNKNOWN)
    ]

    assert turned == []


def _hidden(test: Test, example: Example) -> Iterator[tuple[str, Status]]:
    """What the example gives with one facet, joined population or facet of a joined resource refused."""
    refused = {"$unknown": "denied"}
    for name in example.given:
        if name in test.of.facets or name == "tags":
            yield name, _status(test, example, {**example.given, name: refused})
    joined: dict[str, Any] = example.given.get("with", {})
    for name, resources in joined.items():
        yield name, _status(test, example, {**example.given, "with": {**joined, name: refused}})
        for number, one in enumerate(resources if isinstance(resources, list) else ()):
            for facet in (key for key in one if key not in ("id", "scope")):
                partly = [{**each, facet: refused} if each is one else each for each in resources]
                given = {**example.given, "with": {**joined, name: partly}}
                yield f"{name}[{number}].{facet}", _status(test, example, given)


def _status(test: Test, example: Example, given: dict[str, Any]) -> Status:
    return judge_example(test, replace(example, given=given), MAPPINGS.labels).status


@cache
def _again() -> Mappings:
    recorded = orjson.loads(orjson.dumps(MAPPINGS.documents()))
    return from_documents(recorded, SHAPES)


def test_what_is_recorded_rebuilds_the_same_definitions() -> None:
    again = _again()

    assert again.documents() == MAPPINGS.documents()
    assert {id: test.digest for id, test in again.tests.items()} == {t.id: t.digest for t in TESTS}
    assert [test.id for test in again.tests.values() if test.outdated] == []


def test_every_facet_that_is_wanted_is_declared() -> None:
    wanted = MAPPINGS.wanted()

    assert [
        (name, facet) for name, facets in wanted.items() for facet in facets if facet not in SHAPES[name].facets
    ] == []
