"""How many calls a configuration costs, before any is made."""

from __future__ import annotations

import pytest

from annexlog.collectors import Call, Detail, ResourceType
from annexlog.collectors.planning import Sizes, plan, totals
from annexlog.evidence_store.model import DeclarationError, duration
from tests.collectors.acme import boxes, lock

HOUR, DAY = duration("PT1H"), duration("P1D")
REPORT = Call("report:Get", "/report", items="rows")
BOX = boxes(
    lock(),
    lock("lid", only="lock.kind == 'own'"),
    Detail("report", REPORT, key="box", match="{box.name}"),
    Detail("batch", Call("box:Batch", "/batch", items="rows"), key="box", match="{box.name}", batch=("names", 10)),
)
THING = ResourceType(
    "acme.thing", facet="thing", id="{thing.name}", under="acme.box", per="account",
    listed=Call("box:Things", "/things", items="things"),
)  # fmt: skip
ROOT = ResourceType(
    "acme.root", facet="root", id="{account}", listed=None, per="account",
    details=[Detail("report", REPORT, key="box", match="<root>"), Detail("options", Call("acme.options", "/options"))],
)  # fmt: skip
TYPES = {type.name: type for type in (BOX, THING, ROOT)}
SIZES = Sizes({"account": 2}, {"acme.box": 1000, "acme.thing": 5000})


def calls(wanted: dict[str, dict[str, int]], **more: int) -> dict[tuple[str, str], float]:
    return {(p.type, p.facet): p.daily for p in plan(TYPES, wanted, SIZES, **more)}


def test_each_facet_costs_a_call_for_each_resource_as_often_as_it_is_wanted() -> None:
    assert calls({"acme.box": {"lock": 6 * HOUR, "box": DAY}}) == {
        ("acme.box", ""): 10 * 4,  # two scopes of 500, 100 a page
        ("acme.box", "lock"): 1000 * 4,
    }


def test_what_a_facet_needs_is_counted() -> None:
    assert calls({"acme.box": {"lid": DAY}}) == {
        ("acme.box", ""): 10,
        ("acme.box", "lock"): 1000,
        ("acme.box", "lid"): 1000,
    }


def test_bulk_sources_and_batches_cost_what_they_cost() -> None:
    assert calls({"acme.box": {"report": DAY, "batch": DAY}}) == {
        ("acme.box", ""): 10,
        ("acme.box", "report"): 10,
        ("acme.box", "batch"): 100,
    }


def test_a_bulk_source_that_types_share_is_counted_once() -> None:
    assert calls({"acme.box": {"report": DAY}, "acme.root": {"report": DAY, "options": DAY}}) == {
        ("acme.box", ""): 10,
        ("acme.box", "report"): 10,
        ("acme.root", "options"): 2,
    }


def test_children_cost_a_listing_for_each_parent_and_the_parents() -> None:
    assert calls({"acme.thing": {"thing": DAY}}) == {("acme.box", ""): 10, ("acme.thing", ""): 1000}


def test_nothing_is_polled_faster_than_the_floor() -> None:
    assert calls({"acme.box": {"lock": HOUR}}, floor=12 * HOUR) == {("acme.box", ""): 20, ("acme.box", "lock"): 2000}


def test_a_proof_of_sight_and_calls_of_a_function_are_counted() -> None:
    listed = Call("box:List", "/boxes", items="items", fn=list, also=("box:A", "box:B"))
    types = {"acme.box": boxes(listed=listed, sight=Call("acme:Role", "/role"))}

    found = plan(types, {"acme.box": {"box": DAY}}, SIZES)

    assert [(p.facet, p.daily) for p in found] == [("", 30), ("sight", 2)]


def test_calls_are_summed_by_service() -> None:
    found = plan(TYPES, {"acme.box": {"lock": DAY, "report": DAY}, "acme.root": {"options": DAY}}, SIZES)

    assert totals(found) == {"box": 1010, "report": 10, "acme": 2}


def test_a_type_of_which_nothing_is_wanted_costs_nothing() -> None:
    assert plan(TYPES, {"acme.box": {}}, SIZES) == []


def test_an_unknown_type_is_said() -> None:
    with pytest.raises(DeclarationError, match=r"acme\.nothing: no such resource type"):
        plan(TYPES, {"acme.nothing": {"x": DAY}}, SIZES)
