"""Declarations that contradict themselves are refused when they are made."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from annexlog.collectors import Call, Detail
from annexlog.evidence_store.model import DeclarationError
from tests.collectors.acme import boxes, lock

CALL = Call("p:C", "/c", items="rows")


@pytest.mark.parametrize(
    ("declare", "why"),
    [
        (lambda: Call("p", "/c", items="a", take="b"), "/c: it has both items and take"),
        (lambda: Call("p", "/c", take="b", decode={"": "yaml"}), "/c: it cannot decode 'yaml'"),
        (
            lambda: Call("p", "/c", items="a", decode={"b": "json"}),
            r"/c: what it decodes at 'b' does not begin with \[\]",
        ),
        (
            lambda: Call("p", "/c", take="a", decode={"[].b": "json"}),
            r"/c: what it decodes at '\[\].b' begins with \[\]",
        ),
        (lambda: Detail("d", CALL, key="k"), "d: key and match go together"),
        (lambda: Detail("d", CALL, match="m"), "d: key and match go together"),
        (lambda: Detail("d", CALL, batch=("n", 2)), "d: a batch needs key and match"),
        (lambda: Detail("d", Call("p", "/c"), key="k", match="m"), "d: a bulk source needs items"),
        (lambda: Detail("d", CALL, otherwise=None), "d: otherwise needs key and match"),
        (lambda: boxes(lock(only="box.x > 3")), "is neither"),
        (lambda: boxes(lock(), lock()), "acme.box: its facet lock is declared twice"),
        (lambda: boxes(lock("box")), "acme.box: its facet box is declared twice"),
        (lambda: boxes(lock("namespace")), "a facet cannot be called namespace"),
        (lambda: boxes(lock("lid", only="lock.x == '1'"), lock()), "its facet lid needs lock, which comes no earlier"),
        (lambda: boxes(lock(only="lock.x == '1'")), "its facet lock needs lock, which comes no earlier"),
        (lambda: boxes(ignore=("lock.x",)), "its path lock.x begins with no facet"),
        (lambda: boxes(tags="lock.x"), "its path lock.x begins with no facet"),
        (lambda: boxes(ignore=("box",)), "its path box is all of a facet"),
        (lambda: boxes(redact={"box": "secrets"}), "its path box is all of a facet"),
        (lambda: boxes(lock(), incarnation="lock.made"), "its incarnation is not in the listing"),
        (lambda: boxes(listed=None, under="acme.shelf"), "what is not listed has no under, no scope"),
        (lambda: boxes(listed=Call("p", "/c")), "its listing names no items"),
    ],
)
def test_a_contradiction_is_refused(declare: Callable[[], object], why: str) -> None:
    with pytest.raises(DeclarationError, match=why):
        declare()


CHAIN = boxes(
    lock("first"),
    Detail("second", Call("p:S", "/s", {"x": "{first.x}", "y": "{box.y}", "z": "{account}"})),
    Detail("third", Call("p:T", "/t"), only="second.kind == 'own'"),
    Detail("fourth", CALL, key="k", match="{first.k}"),
    Detail("fifth", Call("p:F", "/f"), region="{second.region}"),
    lock("apart"),
)


@pytest.mark.parametrize(
    ("facets", "needed"),
    [
        ([], set()),
        (["first"], {"first"}),
        (["second"], {"first", "second"}),
        (["third"], {"first", "second", "third"}),
        (["fourth"], {"first", "fourth"}),
        (["fifth", "apart"], {"first", "second", "fifth", "apart"}),
        (["box", "", "nothing"], set()),
    ],
)
def test_a_type_knows_what_its_facets_need(facets: list[str], needed: set[str]) -> None:
    assert CHAIN.needs(facets) == needed


def test_what_a_facet_needs_is_wanted_as_often_as_the_facet() -> None:
    wanted = {"box": 9, "third": 2, "fourth": 5, "first": 7}

    assert CHAIN.closure(wanted) == {"box": 9, "third": 2, "second": 2, "fourth": 5, "first": 2}


def test_calls_include_those_of_needed_facets() -> None:
    assert [call.permission for call in CHAIN.calls(["third"])] == ["box:List", "box:First", "p:S", "p:T"]
