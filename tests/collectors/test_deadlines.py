"""What is not seen because the time is over, or because the run is stopped, is said to be not seen."""

from __future__ import annotations

import threading

import pytest

from annexlog.collectors import Call
from annexlog.collectors.asking import Retry
from annexlog.collectors.limits import Limits
from tests.collectors.acme import Answer, Server, ask, boxes, collect, fault, lock, lock_refused, refused


def slow_boxes(server: Server, *, takes: float) -> None:
    server.say("/boxes", {"items": [{"name": name} for name in "abc"]})
    for name in "abc":
        server.say(f"/boxes/{name}/lock", Answer({"lock": 1}, takes=takes))


def test_details_that_the_time_did_not_suffice_for_are_unknown(server: Server) -> None:
    slow_boxes(server, takes=10)

    seen = collect(server, ask(boxes(lock())), deadline=15_000, workers=1)

    late = lock_refused("deadline", "")
    assert seen.values("acme.box", "lock") == {"a": 1, "b": 1, "c": late}
    assert seen.status("acme.box", "lock") == ("partial", late)
    assert seen.status("acme.box") == ("complete", None)
    assert server.asked["/boxes/c/lock"] == 0


def test_a_listing_that_the_time_did_not_suffice_for_is_partial(server: Server) -> None:
    server.say("/boxes", {"items": [{"name": "a"}], "next": "2"})
    server.say("/boxes?page=2", Answer({"items": [{"name": "b"}], "next": "3"}, takes=20))
    server.say("/boxes?page=3", {"items": [{"name": "c"}]})

    seen = collect(server, ask(boxes()), deadline=15_000)

    assert list(seen.values("acme.box")) == ["a"]
    assert seen.status("acme.box") == ("partial", refused("deadline", ""))
    assert server.asked["/boxes?page=3"] == 0


def test_a_listing_that_never_began_is_failed(server: Server) -> None:
    server.say("/boxes", {"items": []})

    seen = collect(server, ask(boxes(lock())), deadline=0)

    assert seen.status("acme.box") == ("failed", refused("deadline", ""))
    assert seen.status("acme.box", "lock") == ("failed", refused("deadline", ""))
    assert server.log == []


def test_a_retry_that_would_outlast_the_time_is_not_waited_for(server: Server) -> None:
    server.say("/boxes", fault(500, "Down"))

    seen = collect(server, ask(boxes()), deadline=5_000, retry=Retry(failed=9, first=4, longest=60))

    assert seen.status("acme.box") == ("failed", refused("failed", "Down"))
    assert server.clock.monotonic() < 5


def test_a_place_in_a_lane_that_would_outlast_the_time_is_not_waited_for(server: Server) -> None:
    slow_boxes(server, takes=0)

    seen = collect(server, ask(boxes(lock())), deadline=1_500, limits=Limits(server.clock, ceiling=1), workers=1)

    assert [server.asked[f"/boxes/{n}/lock"] for n in "abc"] == [1, 0, 0]
    assert seen.values("acme.box", "lock")["c"] == lock_refused("deadline", "")


def test_a_run_that_is_stopped_returns_what_it_saw_and_says_what_it_did_not(server: Server) -> None:
    stop = threading.Event()
    slow_boxes(server, takes=0)
    server.say("/boxes/b/lock", Answer({"lock": 1}, takes=1))
    server.clock.on_sleep = stop.set

    seen = collect(server, ask(boxes(lock())), stop=stop, workers=1)

    assert seen.values("acme.box", "lock") == {"a": 1, "b": 1, "c": lock_refused("interrupted", "")}
    assert seen.status("acme.box", "lock") == ("partial", lock_refused("interrupted", ""))


def test_a_wait_ends_when_the_run_is_stopped(server: Server) -> None:
    stop = threading.Event()
    server.say("/boxes", fault(500, "Down"))
    server.clock.on_sleep = stop.set

    seen = collect(server, ask(boxes()), stop=stop, retry=Retry(failed=2, first=60, longest=60))

    assert seen.status("acme.box") == ("failed", refused("interrupted", ""))
    assert server.clock.monotonic() <= 0.2


def test_a_run_stopped_before_it_began_asks_nothing(server: Server) -> None:
    stop = threading.Event()
    stop.set()

    seen = collect(server, ask(boxes()), stop=stop)

    assert seen.status("acme.box") == ("failed", refused("interrupted", ""))
    assert server.log == []


@pytest.mark.parametrize("reason", ["deadline", "interrupted"])
def test_a_function_of_several_calls_stops_too(server: Server, reason: str) -> None:
    stop = threading.Event()
    server.say("/more", Answer({"items": []}, takes=9))
    if reason == "interrupted":
        server.clock.on_sleep = stop.set

    def endless(ask: object, params: object) -> object:
        while True:
            yield ask("/more", {})

    listed = Call("box:List", "/boxes", items="items", fn=endless)

    seen = collect(server, ask(boxes(listed=listed)), stop=stop, deadline=20_000)

    assert seen.status("acme.box") == ("partial", refused(reason, "", "/more"))
