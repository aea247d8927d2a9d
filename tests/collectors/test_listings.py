"""A population is complete, or its sweep says why not."""

from __future__ import annotations

import pytest

from annexlog.collectors import Call, Detail, Page, Refused
from annexlog.evidence_store.model import Unknown
from tests.collectors.acme import Adapter, Answer, Memory, Server, ask, boxes, collect, fault, lock, refused


def names(seen: object) -> list[str]:
    return list(seen.values("acme.box"))  # type: ignore[attr-defined]


def test_all_pages_are_listed(server: Server) -> None:
    server.say("/boxes", {"items": [{"name": "a"}], "next": "2"})
    server.say("/boxes?page=2", {"items": [{"name": "b"}], "next": "3"})
    server.say("/boxes?page=3", {"items": []})

    seen = collect(server, ask(boxes()))

    assert names(seen) == ["a", "b"]
    assert seen.status("acme.box") == ("complete", None)


@pytest.mark.parametrize(
    ("answer", "coverage", "refusal"),
    [
        (fault(403, "Nope"), "denied", refused("denied", "Nope")),
        (fault(401, "Who"), "denied", refused("unauthenticated", "Who")),
        (fault(501, "NotHere"), "unsupported", refused("unsupported", "NotHere")),
        (fault(500, "Down"), "failed", refused("failed", "Down")),
        (fault(429, "Slow"), "failed", refused("throttled", "Slow")),
        (fault(404, "Gone"), "failed", refused("failed", "Gone")),
        (Answer(hang_up=True), "failed", refused("failed", "RemoteDisconnected")),
        (Answer(raw=b""), "failed", refused("unreadable", "NotJSON")),
        ({}, "failed", refused("unreadable", "no items")),
        ({"items": None}, "failed", refused("unreadable", "no items")),
        ({"items": {}}, "failed", refused("unreadable", "items is no list")),
        ([], "failed", refused("unreadable", "no items")),
    ],
)
def test_a_refused_first_page_is_no_empty_population(
    server: Server, answer: object, coverage: str, refusal: Unknown
) -> None:
    server.say("/boxes", answer)

    seen = collect(server, ask(boxes()))

    assert seen.status("acme.box") == (coverage, refusal)
    assert names(seen) == []


@pytest.mark.parametrize("resumes", [True, False])
@pytest.mark.parametrize(
    ("second", "refusal"),
    [
        (fault(403, "Nope"), refused("denied", "Nope")),
        (fault(500, "Down"), refused("failed", "Down")),
        ({}, refused("unreadable", "no items")),
        (Answer(raw=b'{"items": [{"na'), refused("unreadable", "NotJSON")),
    ],
)
def test_a_later_page_that_fails_makes_the_population_partial(
    server: Server, second: object, refusal: Unknown, resumes: bool
) -> None:
    server.say("/boxes", {"items": [{"name": "a"}], "next": "2"})
    server.say("/boxes?page=2", second)

    seen = collect(server, ask(boxes()), adapter=Adapter(server, resumes=resumes))

    assert names(seen) == ["a"]
    assert seen.status("acme.box") == ("partial", refusal)


def test_a_detail_of_a_partial_population_is_partial(server: Server) -> None:
    server.say("/boxes", {"items": [{"name": "a"}], "next": "2"})
    server.say("/boxes?page=2", fault(403, "Nope"))
    server.say("/boxes/a/lock", {"lock": 1})

    seen = collect(server, ask(boxes(lock())))

    assert seen.values("acme.box", "lock") == {"a": 1}
    assert seen.status("acme.box", "lock") == ("partial", refused("denied", "Nope"))


def test_a_population_whose_pages_are_of_different_moments_is_partial(server: Server) -> None:
    server.say("/boxes", {"items": [{"name": "a"}], "next": "2"})
    server.say("/boxes?page=2", {"items": [{"name": "b"}], "mixed": "410 Expired"})

    seen = collect(server, ask(boxes()))

    assert names(seen) == ["a", "b"]
    assert seen.status("acme.box") == ("partial", refused("mixed", "410 Expired"))


def test_fewer_items_than_the_provider_counts_are_partial(server: Server) -> None:
    server.say("/boxes", {"items": [{"name": "a"}], "total": 3})

    seen = collect(server, ask(boxes()))

    assert seen.status("acme.box") == ("partial", refused("incomplete", "total"))
    told = seen.sweep("acme.box").provenance
    assert (told["total"], told["refusals"][0]["message"]) == (3, "1 of 3")


def test_as_many_items_as_the_provider_counts_are_complete(server: Server) -> None:
    server.say("/boxes", {"items": [{"name": "a"}], "total": 1})

    assert collect(server, ask(boxes())).status("acme.box") == ("complete", None)


@pytest.mark.parametrize("item", [{}, {"name": None}, {"name": ["a"]}, "a", None, {"name": "\ud800"}, {"name": "a\0"}])
def test_an_item_without_a_readable_id_makes_the_population_partial(server: Server, item: object) -> None:
    server.say("/boxes", {"items": [{"name": "b"}, item]})

    seen = collect(server, ask(boxes()))

    status, refusal = seen.status("acme.box")
    assert names(seen) == ["b"]
    assert (status, refusal and refusal.reason) == ("partial", "unreadable")


def test_an_item_shown_twice_counts_once(server: Server) -> None:
    server.say("/boxes", {"items": [{"name": "a"}], "next": "2"})
    server.say("/boxes?page=2", {"items": [{"name": "a"}, {"name": "b"}]})

    seen = collect(server, ask(boxes()))

    assert names(seen) == ["a", "b"]
    assert seen.sweep("acme.box").provenance["items"] == 2
    assert seen.status("acme.box") == ("complete", None)


def test_two_items_with_one_id_do_not_pass_for_one(server: Server) -> None:
    server.say("/boxes", {"items": [{"name": "a", "size": 1}, {"name": "a", "size": 2}]})

    seen = collect(server, ask(boxes()))

    assert seen.values("acme.box") == {"a": {"name": "a", "size": 1}}
    assert seen.status("acme.box") == ("partial", refused("unreadable", "DuplicateId"))


def test_an_absent_code_of_a_listing_means_an_empty_population(server: Server) -> None:
    server.say("/boxes", fault(404, "NoBoxesHere"))
    listed = Call("box:List", "/boxes", items="items", absent=("NoBoxesHere",))

    seen = collect(server, ask(boxes(listed=listed)))

    assert seen.status("acme.box") == ("complete", None)
    assert names(seen) == []


def test_a_missing_member_of_a_listing_may_be_declared_empty(server: Server) -> None:
    server.say("/boxes", {})
    listed = Call("box:List", "/boxes", items="items", missing=())

    assert collect(server, ask(boxes(listed=listed))).status("acme.box") == ("complete", None)


def test_an_empty_list_where_there_was_a_population_is_read_again(server: Server) -> None:
    server.say("/boxes", {"items": []}, {"items": [{"name": "a"}]})

    seen = collect(server, ask(boxes(), known=["a", "b"]))

    assert names(seen) == ["a"]
    assert server.log == ["/boxes", "/boxes"]
    assert "collapsed" not in seen.sweep("acme.box").provenance


def test_an_empty_list_that_stands_is_complete_and_told_as_a_collapse(server: Server) -> None:
    server.say("/boxes", {"items": []})

    seen = collect(server, ask(boxes(), known=["a", "b"]))

    assert seen.status("acme.box") == ("complete", None)
    assert seen.sweep("acme.box").provenance["collapsed"] == 2
    assert server.log == ["/boxes", "/boxes"]


def test_a_second_look_that_is_refused_leaves_the_population_partial(server: Server) -> None:
    server.say("/boxes", {"items": []}, fault(403, "Nope"))

    seen = collect(server, ask(boxes(), known=["a"]))

    assert seen.status("acme.box") == ("partial", refused("denied", "Nope"))
    assert "collapsed" not in seen.sweep("acme.box").provenance


def test_an_empty_list_where_nothing_was_known_is_read_once(server: Server) -> None:
    server.say("/boxes", {"items": []})

    collect(server, ask(boxes(), known=[]))
    collect(server, ask(boxes()))

    assert server.log == ["/boxes", "/boxes"]


def test_a_listing_may_be_made_by_a_function_of_several_calls(server: Server) -> None:
    def both(ask: object, params: object) -> object:
        yield ask("/boxes", {})
        yield ask("/more", {})

    server.say("/boxes", {"items": [{"name": "a"}]})
    server.say("/more", {"items": [{"name": "b"}]})
    listed = Call("box:List", "/boxes", items="items", fn=both, also=("box:More",))

    seen = collect(server, ask(boxes(listed=listed)))

    told = seen.sweep("acme.box").provenance["operations"]
    assert names(seen) == ["a", "b"]
    assert [(o["operation"], o["permission"], o["calls"]) for o in told] == [
        ("/boxes", "box:List", 1),
        ("/more", "box:More", 1),
    ]


def test_a_call_of_a_function_that_is_refused_names_its_own_operation_and_permission(server: Server) -> None:
    def both(ask: object, params: object) -> object:
        yield ask("/boxes", {})
        yield ask("/more", {})

    server.say("/boxes", {"items": [{"name": "a"}]})
    server.say("/more", fault(403, "Nope"))
    listed = Call("box:List", "/boxes", items="items", fn=both, also=("box:More",))

    seen = collect(server, ask(boxes(listed=listed)))

    assert seen.status("acme.box") == ("partial", refused("denied", "Nope", "/more", "box:More"))


def test_a_function_that_asks_for_patience_is_started_again(server: Server) -> None:
    server.say("/boxes", {"ready": False}, {"ready": False}, {"ready": True})

    def report(ask: object, params: object) -> object:
        if not ask("/boxes", {}).body["ready"]:
            raise Refused("throttled", "NotReady")
        yield Page({"items": [{"name": "a"}]})

    listed = Call("box:List", "/boxes", items="items", fn=report)

    seen = collect(server, ask(boxes(listed=listed)))

    assert names(seen) == ["a"]
    assert server.asked["/boxes"] == 3


def test_the_patience_with_a_function_is_limited(server: Server) -> None:
    server.say("/boxes", {"ready": False})

    def never(ask: object, params: object) -> object:
        ask("/boxes", {})
        raise Refused("throttled", "NotReady")

    seen = collect(server, ask(boxes(listed=Call("box:List", "/boxes", items="items", fn=never))))

    assert seen.status("acme.box") == ("failed", refused("throttled", "NotReady"))
    assert server.asked["/boxes"] == 6


def test_a_scope_can_be_the_one_resource_of_a_type(server: Server) -> None:
    server.say("/options?account=one", {"on": True})
    detail = Detail("options", Call("acme:Options", "/options", {"account": "{account}"}))
    type = boxes(detail, listed=None, id="{box.account}")

    seen = collect(server, ask(type))

    assert seen.values("acme.box") == {"one": {"account": "one", "region": "north"}}
    assert seen.values("acme.box", "options") == {"one": {"on": True}}
    assert seen.status("acme.box") == ("complete", None)


def test_an_error_of_the_sink_ends_the_collection(server: Server) -> None:
    class Full(Memory):
        def add(self, line: object, id: str, value: object) -> None:
            raise OSError("no space left")

    server.say("/boxes", {"items": [{"name": "a"}]})

    with pytest.raises(OSError, match="no space left"):
        collect(server, ask(boxes(lock())), sink=Full())


def test_a_stubborn_generator_adapter_is_asked_anew_for_its_first_page(server: Server) -> None:
    server.say("/boxes", fault(500, "Down"), {"items": [{"name": "a"}]})

    seen = collect(server, ask(boxes()), adapter=Adapter(server, resumes=False))

    assert seen.status("acme.box") == ("complete", None)
    assert server.asked["/boxes"] == 2
