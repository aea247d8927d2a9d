"""One answer about many resources: asked once, or in batches, its rows found by key."""

from __future__ import annotations

import pytest

from annexlog.collectors import Call, Detail, ResourceType
from annexlog.evidence_store.model import Unknown
from tests.collectors.acme import Server, ask, boxes, collect, fault, lock, lock_refused

REPORT = Call("box:Report", "/report", items="rows")


def report(facet: str = "report", call: Call = REPORT, **more: object) -> Detail:
    return Detail(facet, call, key="box", match="{box.name}", **more)


def three_boxes(server: Server, *, names: str = "abc") -> None:
    server.say("/boxes", {"items": [{"name": name} for name in names]})


def unlisted(operation: str = "/report", permission: str = "box:Report") -> Unknown:
    return Unknown("unlisted", operation, permission)


def test_a_bulk_answer_is_asked_once_and_joined_by_key(server: Server) -> None:
    three_boxes(server)
    server.say("/report", {"rows": [{"box": "c", "n": 3}, {"box": "a", "n": 1}, {"box": "other"}], "next": "2"})
    server.say("/report?page=2", {"rows": [{"box": "b", "n": 2}]})

    seen = collect(server, ask(boxes(report())))

    assert seen.values("acme.box", "report") == {n: {"box": n, "n": i} for i, n in enumerate("abc", 1)}
    assert seen.status("acme.box", "report") == ("complete", None)
    assert server.asked["/report"] == 1


def test_a_resource_that_the_bulk_answer_does_not_mention_is_unlisted(server: Server) -> None:
    three_boxes(server)
    server.say("/report", {"rows": [{"box": "a"}, {"box": "b"}]})

    seen = collect(server, ask(boxes(report())))

    assert seen.values("acme.box", "report")["c"] == unlisted()
    assert seen.status("acme.box", "report") == ("partial", unlisted())


def test_one_member_of_a_row_can_be_what_is_wanted(server: Server) -> None:
    three_boxes(server)
    server.say("/report", {"rows": [{"box": "a", "held": [1, 2]}, {"box": "b", "held": []}, {"box": "c", "n": 3}]})

    seen = collect(server, ask(boxes(report(value="held"))))

    lacking = Unknown("unreadable", "/report", "box:Report", "no held")
    assert seen.values("acme.box", "report") == {"a": [1, 2], "b": [], "c": lacking}


def test_a_declaration_may_say_what_it_means_not_to_be_mentioned(server: Server) -> None:
    three_boxes(server)
    server.say("/report", {"rows": [{"box": "a"}]})

    seen = collect(server, ask(boxes(report(otherwise=None), report("other", otherwise={"n": 0}))))

    assert seen.values("acme.box", "report") == {"a": {"box": "a"}, "b": None, "c": None}
    assert seen.values("acme.box", "other") == {"a": {"box": "a"}, "b": {"n": 0}, "c": {"n": 0}}
    assert seen.status("acme.box", "report") == ("complete", None)


@pytest.mark.parametrize("otherwise", [{}, {"otherwise": None}])
def test_a_bulk_answer_that_fails_makes_the_detail_of_every_resource_unknown(
    server: Server, otherwise: dict[str, object]
) -> None:
    three_boxes(server)
    server.say("/report", {"rows": [{"box": "a"}], "next": "2"})
    server.say("/report?page=2", fault(403, "Nope"))
    denied = Unknown("denied", "/report", "box:Report", "Nope")

    seen = collect(server, ask(boxes(report(**otherwise))))

    assert seen.values("acme.box", "report") == dict.fromkeys("abc", denied)
    assert seen.status("acme.box", "report") == ("denied", denied)


def test_a_row_without_a_key_is_left_out_unless_silence_means_something(server: Server) -> None:
    three_boxes(server, names="a")
    server.say("/report", {"rows": [{"box": "a"}, {"n": 2}]})

    strict = collect(server, ask(boxes(report(otherwise=None)))).values("acme.box", "report")
    plain = collect(server, ask(boxes(report()))).values("acme.box", "report")

    assert strict == {"a": Unknown("unreadable", "/report", "box:Report", "no box")}
    assert plain == {"a": {"box": "a"}}


def test_two_rows_for_one_resource_are_unreadable(server: Server) -> None:
    three_boxes(server, names="ab")
    server.say("/report", {"rows": [{"box": "a", "n": 1}, {"box": "a", "n": 2}, {"box": "b"}]})

    seen = collect(server, ask(boxes(report())))

    assert seen.values("acme.box", "report") == {
        "a": Unknown("unreadable", "/report", "box:Report", "DuplicateRow"),
        "b": {"box": "b"},
    }


def test_types_that_share_a_bulk_source_share_its_answer(server: Server) -> None:
    three_boxes(server, names="a")
    server.say("/report", {"rows": [{"box": "a"}, {"box": "<root>"}]})
    root = ResourceType(
        "acme.root", facet="root", id="{account}", listed=None, per="account",
        details=[Detail("report", REPORT, key="box", match="<root>")],
    )  # fmt: skip

    seen = collect(server, ask(boxes(report())), ask(root))

    assert seen.values("acme.box", "report") == {"a": {"box": "a"}}
    assert seen.values("acme.root", "report") == {"one": {"box": "<root>"}}
    assert server.asked["/report"] == 1
    calls = [s.provenance["operations"][0]["calls"] for s in seen.sweeps if s.line.facet == "report"]
    assert calls == [1, 1]


def test_the_key_of_a_type_that_folds_is_found_whatever_its_case(server: Server) -> None:
    three_boxes(server, names="A")
    server.say("/report", {"rows": [{"box": "a"}]})

    seen = collect(server, ask(boxes(report(), fold=True)))

    assert seen.values("acme.box", "report") == {"a": {"box": "a"}}


def test_a_bulk_source_that_nothing_needs_is_not_asked(server: Server) -> None:
    three_boxes(server, names="")

    seen = collect(server, ask(boxes(report())))

    assert server.log == ["/boxes"]
    assert seen.status("acme.box", "report") == ("complete", None)


# ── batches ───────────────────────────────────────────────────────────────────────────────

BATCH = Call("box:Batch", "/batch", items="rows", absent=("NoBatches",))


def batch(size: int = 2, **more: object) -> Detail:
    return Detail("batch", BATCH, key="box", match="{box.name}", batch=("names", size), **more)


def test_resources_are_asked_for_in_batches(server: Server) -> None:
    three_boxes(server)
    server.say("/batch?names=a&names=b", {"rows": [{"box": "b"}, {"box": "a"}]})
    server.say("/batch?names=c", {"rows": [{"box": "c"}]})

    seen = collect(server, ask(boxes(batch())))

    assert seen.values("acme.box", "batch") == {n: {"box": n} for n in "abc"}
    assert seen.status("acme.box", "batch") == ("complete", None)
    assert sum(path.startswith("/batch") for path in server.log) == 2


def test_a_batch_of_what_is_under_a_parent_is_asked_of_that_parent(server: Server) -> None:
    three_boxes(server, names="ab")
    for name in "ab":
        server.say(f"/things?box={name}", {"items": [{"name": f"{name}1"}, {"name": f"{name}2"}]})
        server.say(
            f"/sizes?box={name}&names={name}1&names={name}2",
            {"rows": [{"thing": f"{name}{n}", "n": n} for n in (1, 2)]},
        )
    of = {"box": "{box.name}"}
    things = ResourceType(
        "acme.thing", facet="thing", id="{thing.name}", under="acme.box", per="account",
        listed=Call("box:Things", "/things", of, items="items"),
        details=[
            Detail(
                "size",
                Call("box:Sizes", "/sizes", of, items="rows"),
                key="thing",
                match="{thing.name}",
                batch=("names", 10),
            )
        ],
    )  # fmt: skip

    seen = collect(server, ask(boxes()), ask(things))

    sizes = {f"{box}{n}": {"thing": f"{box}{n}", "n": n} for box in "ab" for n in (1, 2)}
    assert seen.values("acme.thing", "size") == sizes
    assert seen.status("acme.thing", "size") == ("complete", None)


def test_one_that_its_batch_does_not_mention_is_unlisted(server: Server) -> None:
    three_boxes(server, names="ab")
    server.say("/batch?names=a&names=b", {"rows": [{"box": "b"}], "failures": [{"box": "a", "why": "MISSING"}]})

    seen = collect(server, ask(boxes(batch())))
    silent = collect(server, ask(boxes(batch(otherwise=None))))

    assert seen.values("acme.box", "batch") == {"a": unlisted("/batch", "box:Batch"), "b": {"box": "b"}}
    assert silent.values("acme.box", "batch") == {"a": None, "b": {"box": "b"}}


def test_a_batch_that_fails_costs_its_own_resources_only(server: Server) -> None:
    three_boxes(server)
    server.say("/batch?names=a&names=b", fault(500, "Down"))
    server.say("/batch?names=c", {"rows": [{"box": "c"}]})
    failed = Unknown("failed", "/batch", "box:Batch", "Down")

    seen = collect(server, ask(boxes(batch())))

    assert seen.values("acme.box", "batch") == {"a": failed, "b": failed, "c": {"box": "c"}}
    assert seen.status("acme.box", "batch") == ("partial", failed)


def test_a_batch_that_one_vanished_resource_fails_is_asked_one_by_one(server: Server) -> None:
    three_boxes(server, names="ab")
    server.say("/batch?names=a&names=b", fault(404, "NoBox"))
    server.say("/batch?names=a", fault(404, "NoBox"))
    server.say("/batch?names=b", {"rows": [{"box": "b"}]})

    seen = collect(server, ask(boxes(batch(), gone=("NoBox",))))

    assert seen.values("acme.box", "batch") == {
        "a": Unknown("vanished", "/batch", "box:Batch", "NoBox"),
        "b": {"box": "b"},
    }
    assert seen.status("acme.box", "batch") == ("complete", None)


def test_an_absent_batch_leaves_its_resources_unlisted(server: Server) -> None:
    three_boxes(server, names="a")
    server.say("/batch?names=a", fault(404, "NoBatches"))

    assert collect(server, ask(boxes(batch()))).values("acme.box", "batch") == {"a": unlisted("/batch", "box:Batch")}


def test_resources_for_which_a_batch_makes_no_sense_are_left_out_of_it(server: Server) -> None:
    server.say("/boxes", {"items": [{"name": "a", "kind": "own"}, {"name": "b", "kind": "lent"}, {"name": "c"}]})
    server.say("/batch?names=a", {"rows": [{"box": "a"}]})

    seen = collect(server, ask(boxes(batch(only="box.kind == 'own'"))))

    assert seen.values("acme.box", "batch") == {
        "a": {"box": "a"},
        "b": None,
        "c": Unknown("unreadable", "/batch", "box:Batch", "no box.kind"),
    }


def test_a_batch_that_needs_an_unknown_facet_is_that_unknown(server: Server) -> None:
    three_boxes(server, names="a")
    server.say("/boxes/a/lock", fault(403, "Nope"))
    detail = Detail("batch", BATCH, key="box", match="{lock.id}", batch=("names", 2))

    seen = collect(server, ask(boxes(lock(), detail)))

    assert seen.values("acme.box", "batch") == {"a": lock_refused("denied", "Nope")}
