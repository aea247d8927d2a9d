"""Which details are asked of which resource, in which order, and what they need of each other."""

from __future__ import annotations

import pytest

from annexlog.collectors import Call, Detail
from annexlog.collectors.engine import Ask
from annexlog.evidence_store.model import Unknown
from tests.collectors.acme import Answer, Server, ask, boxes, collect, fault, lock, lock_refused


def two_boxes(server: Server) -> None:
    server.say("/boxes", {"items": [{"name": "a"}, {"name": "b"}]})
    for name in "ab":
        for facet in ("lock", "lid", "tape"):
            server.say(f"/boxes/{name}/{facet}", {facet: f"{facet} of {name}"})


def test_only_what_is_due_is_asked_of_known_resources(server: Server) -> None:
    two_boxes(server)

    seen = collect(server, ask(boxes(lock(), lock("lid")), known=["a", "b"], due=["lid"]))

    assert [sweep.line.facet for sweep in seen.sweeps] == ["", "lid"]
    assert seen.values("acme.box", "lid") == {"a": "lid of a", "b": "lid of b"}
    assert seen.status("acme.box", "lid") == ("complete", None)
    assert server.asked["/boxes/a/lock"] == server.asked["/boxes/b/lock"] == 0


def test_a_new_resource_gets_all_that_is_wanted_as_a_supplement(server: Server) -> None:
    two_boxes(server)

    seen = collect(server, ask(boxes(lock(), lock("lid")), known=["a"], due=["lid"]))

    assert seen.values("acme.box", "lid") == {"a": "lid of a", "b": "lid of b"}
    assert seen.values("acme.box", "lock") == {"b": "lock of b"}
    assert seen.status("acme.box", "lid") == ("complete", None)
    assert seen.status("acme.box", "lock") == ("supplement", None)


def test_where_nothing_is_known_all_that_is_wanted_is_polled_whole(server: Server) -> None:
    two_boxes(server)

    seen = collect(server, ask(boxes(lock(), lock("lid")), known=None, due=[]))

    assert seen.status("acme.box", "lock") == ("complete", None)
    assert seen.status("acme.box", "lid") == ("complete", None)


def test_a_type_without_anything_due_is_listed(server: Server) -> None:
    two_boxes(server)

    seen = collect(server, ask(boxes(lock()), known=["a", "b"], due=[]))

    assert [sweep.line.facet for sweep in seen.sweeps] == [""]
    assert server.log == ["/boxes"]


def test_the_name_of_the_listing_may_stand_among_the_wanted_facets(server: Server) -> None:
    two_boxes(server)

    seen = collect(server, Ask(boxes(lock()), frozenset({"box"}), frozenset({"box", "lock"}), frozenset("ab")))

    assert [sweep.line.facet for sweep in seen.sweeps] == [""]


def chained(**more: object) -> Detail:
    """A detail that needs another one's answer."""
    call = Call("box:Tape", "/tapes/{tape}", {"tape": "{lock.tape}"}, take="tape")
    return Detail("tape", call, **more)


def test_a_detail_can_use_an_earlier_one_which_is_then_asked_too(server: Server) -> None:
    server.say("/boxes", {"items": [{"name": "a"}]})
    server.say("/boxes/a/lock", {"lock": {"tape": "red/blue"}})
    server.say("/tapes/red%2Fblue", {"tape": "sticky"})

    seen = collect(server, ask(boxes(lock(), chained()), known=["a"], due=["tape"]))

    assert seen.values("acme.box", "tape") == {"a": "sticky"}
    assert seen.status("acme.box", "lock") == ("complete", None)


def test_a_detail_that_needs_an_unknown_one_is_that_same_unknown(server: Server) -> None:
    server.say("/boxes", {"items": [{"name": "a"}]})
    server.say("/boxes/a/lock", fault(403, "Nope"))

    seen = collect(server, ask(boxes(lock(), chained())))

    assert seen.values("acme.box", "tape") == {"a": lock_refused("denied", "Nope")}
    assert seen.status("acme.box", "tape") == ("denied", lock_refused("denied", "Nope"))


@pytest.mark.parametrize("lock_answer", [{"lock": {}}, {"lock": {"tape": None}}])
def test_a_detail_that_needs_what_is_not_there_is_unreadable(server: Server, lock_answer: object) -> None:
    server.say("/boxes", {"items": [{"name": "a"}]})
    server.say("/boxes/a/lock", lock_answer)

    seen = collect(server, ask(boxes(lock(), chained())))

    assert seen.values("acme.box", "tape") == {"a": Unknown("unreadable", "/tapes/{tape}", "box:Tape", "no lock.tape")}


def test_a_code_that_says_gone_makes_a_detail_vanished_which_is_no_failure_of_ours(server: Server) -> None:
    server.say("/boxes", {"items": [{"name": "a"}, {"name": "b"}]})
    server.say("/boxes/a/lock", {"lock": 1})
    server.say("/boxes/b/lock", fault(404, "NoBox"))

    seen = collect(server, ask(boxes(lock(), gone=("NoBox",))))

    assert seen.values("acme.box", "lock") == {"a": 1, "b": lock_refused("vanished", "NoBox")}
    assert seen.status("acme.box", "lock") == ("complete", None)
    assert server.asked["/boxes/b/lock"] == 1


@pytest.mark.parametrize(
    ("only", "value"),
    [
        ("box.kind == 'own'", "lock of a"),
        ("box.kind == 'lent'", None),
        ("box.kind != 'own'", None),
        ("box.kind != 'lent'", "lock of a"),
        ("box.size == '3'", "lock of a"),
        ("box.open == 'false'", "lock of a"),
        ("region == 'north'", "lock of a"),
        ("box.nothing == ''", "lock of a"),
        ("box.nothing != ''", None),
        ("box.none == ''", "lock of a"),
        ("box.nothing == 'own'", lock_refused("unreadable", "no box.nothing")),
        ("box.nothing != 'own'", lock_refused("unreadable", "no box.nothing")),
        ("box.parts == 'own'", lock_refused("unreadable", "TypeError")),
    ],
)
def test_a_detail_is_null_where_its_call_would_make_no_sense(server: Server, only: str, value: object) -> None:
    box = {"name": "a", "kind": "own", "size": 3, "open": False, "none": None, "parts": []}
    server.say("/boxes", {"items": [box]})
    server.say("/boxes/a/lock", {"lock": "lock of a"})

    seen = collect(server, ask(boxes(lock(only=only))))

    assert seen.values("acme.box", "lock") == {"a": value}
    assert server.asked["/boxes/a/lock"] == (value == "lock of a")


def test_a_detail_whose_condition_reads_an_unknown_facet_is_that_unknown(server: Server) -> None:
    server.say("/boxes", {"items": [{"name": "a"}]})
    server.say("/boxes/a/lock", fault(500, "Down"))
    server.say("/boxes/a/lid", {"lid": 1})

    seen = collect(server, ask(boxes(lock(), lock("lid", only="lock.kind == 'own'"))))

    assert seen.values("acme.box", "lid") == {"a": lock_refused("failed", "Down")}
    assert server.asked["/boxes/a/lid"] == 0


def test_a_detail_may_ask_another_region(server: Server) -> None:
    server.say("/boxes", {"items": [{"name": "a", "where": "south"}]})
    server.say("/boxes/a/lock?region=south", {"lock": 1})

    assert collect(server, ask(boxes(lock(region="{box.where}")))).values("acme.box", "lock") == {"a": 1}


def test_details_are_asked_in_the_declared_order(server: Server) -> None:
    two_boxes(server)

    collect(server, ask(boxes(lock("tape"), lock(), lock("lid"))), workers=1)

    order = [path for path in server.log if path.startswith("/boxes/a/")]
    assert order == ["/boxes/a/tape", "/boxes/a/lock", "/boxes/a/lid"]


def test_one_broken_answer_costs_nothing_but_itself(server: Server) -> None:
    two_boxes(server)
    server.say("/boxes/a/lock", Answer(raw=b"<html>"))

    seen = collect(server, ask(boxes(lock(), lock("lid"))))

    assert seen.values("acme.box", "lock") == {"a": lock_refused("unreadable", "NotJSON"), "b": "lock of b"}
    assert seen.values("acme.box", "lid") == {"a": "lid of a", "b": "lid of b"}
