"""Which scope a resource belongs to, whether all of it could be seen, and what is under what."""

from __future__ import annotations

import gc

import pytest

from annexlog.collectors import Call, Detail, ResourceType, Scope
from annexlog.collectors.collecting import Collection, Drive
from annexlog.collectors.population import Population
from annexlog.evidence_store.model import DeclarationError, Unknown
from tests.collectors.acme import ONE, ORIGIN, Answer, Server, ask, boxes, collect, fault, lock, refused

TWO = Scope("acme/two", "account", {"account": "two"})


# ── one answer for many scopes ────────────────────────────────────────────────────────────


def test_one_answer_can_speak_for_many_scopes(server: Server) -> None:
    server.say(
        "/boxes", {"items": [{"name": "a", "of": "one"}, {"name": "a", "of": "two"}, {"name": "b", "of": "three"}]}
    )
    server.say("/boxes/a/lock", {"lock": 1})

    seen = collect(server, ask(boxes(lock(), scope="acme/{box.of}")), roster=[ONE, TWO])

    assert seen.values("acme.box") == {"a": {"name": "a", "of": "one"}}
    assert seen.values("acme.box", scope="acme/two") == {"a": {"name": "a", "of": "two"}}
    assert seen.values("acme.box", "lock", scope="acme/two") == {"a": 1}
    assert [seen.sweep("acme.box", scope=s).provenance["items"] for s in ("acme/one", "acme/two")] == [1, 1]
    assert seen.sweep("acme.box").provenance["elsewhere"] == 1
    assert server.asked["/boxes"] == 1


def test_a_refused_answer_leaves_every_scope_it_speaks_for_denied(server: Server) -> None:
    server.say("/boxes", fault(403, "Nope"))

    seen = collect(server, ask(boxes(scope="acme/{box.of}")), roster=[ONE, TWO])

    assert seen.status("acme.box") == ("denied", refused("denied", "Nope"))
    assert seen.status("acme.box", scope="acme/two") == ("denied", refused("denied", "Nope"))


def test_a_type_that_cannot_tell_scopes_apart_is_not_asked_for_many(server: Server) -> None:
    with pytest.raises(DeclarationError, match="has no scope="):
        collect(server, ask(boxes()), roster=[ONE, TWO])


def test_the_id_of_a_type_that_folds_has_no_case(server: Server) -> None:
    server.say("/boxes", {"items": [{"name": "Box"}]})

    assert collect(server, ask(boxes(fold=True))).values("acme.box") == {"box": {"name": "Box"}}


# ── proof of sight ────────────────────────────────────────────────────────────────────────

SIGHT = Call("acme:Role", "/roles/{account}", {"account": "{account}"}, take="actions")
UNPROVEN = Unknown("denied", "/roles/{account}", "acme:Role", "no proof of sight")


@pytest.mark.parametrize("proof", [[], None, False])
def test_without_proof_that_all_can_be_seen_a_listing_is_denied(server: Server, proof: object) -> None:
    sight = Call("acme:Role", "/roles/{account}", {"account": "{account}"}, take="actions", missing=None)
    server.say("/boxes", {"items": [{"name": "a"}]})
    server.say("/roles/one", {"actions": proof})

    seen = collect(server, ask(boxes(lock(), sight=sight)))

    assert seen.status("acme.box") == ("denied", UNPROVEN)
    assert seen.status("acme.box", "lock") == ("denied", UNPROVEN)
    assert seen.values("acme.box") == {}
    assert server.asked["/boxes"] == 0


def test_a_listing_was_looked_at_from_the_asking_for_its_proof_on(server: Server) -> None:
    server.say("/roles/one", Answer({"actions": []}, takes=3))

    sweep = collect(server, ask(boxes(sight=SIGHT))).sweep("acme.box")

    assert (sweep.start - ORIGIN, sweep.end - ORIGIN) == (0, 3_000)


def test_a_refused_proof_is_no_proof(server: Server) -> None:
    server.say("/boxes", {"items": [{"name": "a"}]})
    server.say("/roles/one", fault(403, "Nope"))

    seen = collect(server, ask(boxes(sight=SIGHT)))

    assert seen.status("acme.box") == ("denied", refused("denied", "Nope", "/roles/{account}", "acme:Role"))


def test_sight_is_proved_scope_by_scope(server: Server) -> None:
    server.say("/boxes", {"items": [{"name": "a", "of": "one"}, {"name": "b", "of": "two"}]})
    server.say("/roles/one", {"actions": ["read"]})
    server.say("/roles/two", {"actions": []})

    seen = collect(server, ask(boxes(sight=SIGHT, scope="acme/{box.of}")), roster=[ONE, TWO])

    assert seen.status("acme.box") == ("complete", None)
    assert seen.status("acme.box", scope="acme/two") == ("denied", UNPROVEN)
    assert seen.values("acme.box", scope="acme/two") == {}


# ── home ──────────────────────────────────────────────────────────────────────────────────


def test_a_resource_at_home_in_another_scope_counts_as_elsewhere(server: Server) -> None:
    server.say("/boxes", {"items": [{"name": "a", "home": "north"}, {"name": "b", "home": "south"}]})

    seen = collect(server, ask(boxes(home="{box.home}")))

    assert list(seen.values("acme.box")) == ["a"]
    assert seen.sweep("acme.box").provenance["elsewhere"] == 1
    assert seen.status("acme.box") == ("complete", None)


def test_home_can_be_one_field_of_a_name(server: Server) -> None:
    server.say("/boxes", {"items": [{"name": "arn:x:one:a"}, {"name": "arn:x:two:b"}]})

    seen = collect(server, ask(boxes(home="{box.name:2}")))

    assert list(seen.values("acme.box")) == ["arn:x:one:a"]


def test_a_resource_whose_home_cannot_be_told_makes_the_population_partial(server: Server) -> None:
    server.say("/boxes", {"items": [{"name": "a"}]})

    seen = collect(server, ask(boxes(home="{box.home}")))

    assert seen.status("acme.box") == ("partial", refused("unreadable", "no box.home"))


# ── parents and children ──────────────────────────────────────────────────────────────────


def things(*details: Detail, **more: object) -> ResourceType:
    listed = Call("box:Things", "/boxes/{box}/things", {"box": "{box.name}"}, items="things")
    return ResourceType(
        "acme.thing", facet="thing", id="{box.name}/{thing.name}", under="acme.box", per="account", listed=listed,
        details=details, **more,
    )  # fmt: skip


def thing_refused(reason: str, code: str) -> Unknown:
    return refused(reason, code, "/boxes/{box}/things", "box:Things")


def two_with_things(server: Server) -> None:
    server.say("/boxes", {"items": [{"name": "a"}, {"name": "b"}]})
    server.say("/boxes/a/things", {"things": [{"name": "x"}], "next": "2"})
    server.say("/boxes/a/things?page=2", {"things": [{"name": "y"}]})
    server.say("/boxes/b/things", {"things": [{"name": "x"}]})


@pytest.mark.parametrize("proof", [{"actions": []}, fault(403, "Nope")])
def test_without_proof_of_a_parent_s_sight_its_children_were_not_all_seen(server: Server, proof: object) -> None:
    two_with_things(server)
    server.say("/roles/one", proof)

    seen = collect(server, ask(boxes(sight=SIGHT)), ask(things()))

    assert seen.status("acme.thing") == seen.status("acme.box")
    assert seen.status("acme.thing")[0] == "denied"


def test_children_are_listed_parent_by_parent(server: Server) -> None:
    two_with_things(server)

    seen = collect(server, ask(boxes()), ask(things()))

    assert list(seen.values("acme.thing")) == ["a/x", "a/y", "b/x"]
    assert seen.status("acme.thing") == ("complete", None)
    assert seen.sweep("acme.thing").provenance["items"] == 3


def test_a_parent_that_was_not_asked_for_is_listed_for_its_childrens_sake(server: Server) -> None:
    two_with_things(server)
    parent = boxes(lock())

    seen = collect(server, ask(things()), types={"acme.box": parent})

    assert [sweep.line[1:] for sweep in seen.sweeps] == [("acme.box", ""), ("acme.thing", "")]
    assert list(seen.values("acme.thing")) == ["a/x", "a/y", "b/x"]


def test_children_were_looked_at_while_they_were_listed(server: Server) -> None:
    server.say("/boxes", Answer({"items": [{"name": "a"}]}, takes=1))
    server.say("/boxes/a/things", Answer({"things": []}, takes=10))

    seen = collect(server, ask(boxes()), ask(things()), workers=1)

    times = {s.line.type: (s.start - ORIGIN, s.end - ORIGIN) for s in seen.sweeps}
    assert times == {"acme.box": (0, 1_000), "acme.thing": (1_000, 11_000)}


def test_the_order_of_asks_does_not_matter_to_parents_and_children(server: Server) -> None:
    two_with_things(server)

    seen = collect(server, ask(things()), ask(boxes()))

    assert list(seen.values("acme.thing")) == ["a/x", "a/y", "b/x"]
    assert server.asked["/boxes"] == 1


def test_a_parent_that_does_not_exist_is_said(server: Server) -> None:
    with pytest.raises(DeclarationError, match=r"acme\.thing is under acme\.box, which is no known type"):
        collect(server, ask(things()))


def test_a_child_listing_refused_at_one_parent_is_partial(server: Server) -> None:
    two_with_things(server)
    server.say("/boxes/b/things", fault(403, "Nope"))

    seen = collect(server, ask(boxes()), ask(things()))

    assert list(seen.values("acme.thing")) == ["a/x", "a/y"]
    assert seen.status("acme.thing") == ("partial", thing_refused("denied", "Nope"))
    assert seen.status("acme.box") == ("complete", None)


def test_a_child_listing_refused_at_every_parent_is_denied(server: Server) -> None:
    two_with_things(server)
    for name in "ab":
        server.say(f"/boxes/{name}/things", fault(403, "Nope"))

    seen = collect(server, ask(boxes()), ask(things()))

    assert seen.status("acme.thing") == ("denied", thing_refused("denied", "Nope"))
    assert seen.sweep("acme.thing").provenance["refusals"][0]["count"] == 2


def test_children_of_parents_that_were_not_seen_are_not_seen(server: Server) -> None:
    two_with_things(server)
    server.say("/boxes", {"items": [{"name": "a"}], "next": "2"})
    server.say("/boxes?page=2", fault(403, "Nope"))
    partial = collect(server, ask(boxes()), ask(things())).status("acme.thing")
    server.say("/boxes", fault(403, "Nope"))
    denied = collect(server, ask(boxes()), ask(things())).status("acme.thing")

    assert partial == ("partial", refused("denied", "Nope"))
    assert denied == ("denied", refused("denied", "Nope"))


def test_a_parent_that_vanished_leaves_its_childrens_population_partial(server: Server) -> None:
    two_with_things(server)
    server.say("/boxes/b/things", fault(404, "NoBox"))

    seen = collect(server, ask(boxes(gone=("NoBox",))), ask(things()))

    assert seen.status("acme.thing") == ("partial", thing_refused("vanished", "NoBox"))


def test_children_have_details_and_children_of_their_own(server: Server) -> None:
    two_with_things(server)
    for thing in ("a/x", "a/y", "b/x"):
        server.say(f"/things/{thing.replace('/', '%2F')}/weight", {"weight": thing})
        server.say(f"/things/{thing.replace('/', '%2F')}/parts", {"parts": [{"name": "p"}]})
    weight = Detail(
        "weight", Call("thing:Weight", "/things/{id}/weight", {"id": "{box.name}/{thing.name}"}, take="weight")
    )
    part = ResourceType(
        "acme.part", facet="part", id="{box.name}/{thing.name}/{part.name}", under="acme.thing", per="account",
        listed=Call("thing:Parts", "/things/{id}/parts", {"id": "{box.name}/{thing.name}"}, items="parts"),
    )  # fmt: skip

    seen = collect(server, ask(boxes()), ask(things(weight)), ask(part))

    assert seen.values("acme.thing", "weight") == {"a/x": "a/x", "a/y": "a/y", "b/x": "b/x"}
    assert list(seen.values("acme.part")) == ["a/x/p", "a/y/p", "b/x/p"]


def test_a_collection_that_is_over_keeps_nothing_that_only_the_garbage_collector_would_find(server: Server) -> None:
    two_with_things(server)
    collect(server, ask(boxes()), ask(things()))
    gc.collect()
    gc.disable()

    try:
        collect(server, ask(boxes()), ask(things()))
        kept = [type(one) for one in gc.get_objects() if isinstance(one, (Population, Drive, Collection))]
    finally:
        gc.enable()

    assert kept == []


def test_children_that_are_all_gone_are_looked_for_again(server: Server) -> None:
    two_with_things(server)
    server.say("/boxes/a/things", {"things": []}, {"things": [{"name": "x"}]})
    server.say("/boxes/b/things", {"things": []})

    seen = collect(server, ask(boxes(), known=["a", "b"]), ask(things(), known=["a/x", "b/x"]))

    assert list(seen.values("acme.thing")) == ["a/x"]
    assert "collapsed" not in seen.sweep("acme.thing").provenance
    assert seen.status("acme.box") == ("complete", None)
    assert seen.sweep("acme.box").provenance["items"] == 2


def test_children_that_stay_gone_are_told_as_a_collapse(server: Server) -> None:
    server.say("/boxes", {"items": [{"name": "a"}]})
    server.say("/boxes/a/things", {"things": []})

    seen = collect(server, ask(boxes(), known=["a"]), ask(things(), known=["a/x", "a/y", "a/z"]))

    assert seen.status("acme.thing") == ("complete", None)
    assert seen.sweep("acme.thing").provenance["collapsed"] == 3
    assert "collapsed" not in seen.sweep("acme.box").provenance


def test_a_type_under_another_may_not_share_its_facets_name(server: Server) -> None:
    child = boxes(under="acme.parent")
    parent = ResourceType("acme.parent", facet="box", id="{box.name}", listed=Call("p:List", "/p", items="items"))

    with pytest.raises(DeclarationError, match="both call their facet box"):
        collect(server, ask(child), ask(parent))
