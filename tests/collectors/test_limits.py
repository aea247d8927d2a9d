"""How fast a lane may be asked, and what is asked again."""

from __future__ import annotations

from email.utils import formatdate

import pytest

from annexlog.collectors.asking import Retry
from annexlog.collectors.headers import pause, retry_after
from annexlog.collectors.limits import Limits
from tests.collectors.acme import ORIGIN, Answer, Clock, Server, ask, boxes, collect, fault, lock, lock_refused, refused

# ── lanes ─────────────────────────────────────────────────────────────────────────────────


def test_a_lane_is_asked_no_faster_than_its_ceiling() -> None:
    limits = Limits(Clock(), ceiling=10)

    waits = [limits.reserve("a") for _ in range(15)]

    assert waits[:10] == [0.0] * 10
    assert waits[10:] == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5])


def test_tokens_come_back_with_time() -> None:
    clock = Clock()
    limits = Limits(clock, ceiling=10)
    for _ in range(12):
        limits.reserve("a")

    clock.sleep(0.5)

    assert [limits.reserve("a") for _ in range(4)] == pytest.approx([0, 0, 0, 0.1])


def test_a_lane_may_have_a_ceiling_of_its_own() -> None:
    limits = Limits(Clock(), ceiling=10, ceilings={"aws/*/iam": 2})

    assert (limits.rate("aws/1/iam"), limits.rate("aws/1/s3")) == (2, 10)


def test_a_throttled_lane_is_halved_and_no_other() -> None:
    limits = Limits(Clock(), ceiling=40)
    for lane in "ab":
        for _ in range(40):
            limits.reserve(lane)

    limits.throttled("a")

    assert (limits.rate("a"), limits.rate("b")) == (20, 40)


def test_a_throttled_lane_is_halved_from_what_was_really_asked() -> None:
    limits = Limits(Clock(), ceiling=1000)
    for _ in range(30):
        limits.reserve("a")

    limits.throttled("a")

    assert limits.rate("a") == 15


def test_what_was_really_asked_is_counted_by_the_second() -> None:
    clock = Clock()
    limits = Limits(clock, ceiling=1000, floor=1)
    for _ in range(12):
        limits.reserve("a")
        clock.sleep(0.25)
    limits.throttled("a")

    assert limits.rate("a") == pytest.approx(2, rel=0.3)  # four a second, halved


def test_a_place_that_is_given_back_is_free_again() -> None:
    limits = Limits(Clock(), ceiling=1)
    limits.reserve("a")
    limits.reserve("a")

    limits.release("a")

    assert limits.reserve("a") == 1.0


def test_refusals_of_calls_that_were_under_way_together_count_once() -> None:
    clock = Clock()
    limits = Limits(clock, ceiling=40, recovery=1e9)
    for _ in range(40):
        limits.reserve("a")

    for _ in range(10):
        limits.throttled("a")
    once = limits.rate("a")
    clock.sleep(1.0)
    limits.throttled("a")

    assert (once, round(limits.rate("a"))) == (20, 10)


def test_a_lane_is_never_slowed_below_the_floor() -> None:
    clock = Clock()
    limits = Limits(clock, ceiling=40, floor=3, recovery=1e9)

    for _ in range(9):
        limits.throttled("a")
        clock.sleep(2)

    assert limits.rate("a") == pytest.approx(3)


def test_a_lane_recovers_up_to_its_ceiling() -> None:
    clock = Clock()
    limits = Limits(clock, ceiling=60, recovery=60)
    for _ in range(60):
        limits.reserve("a")
    limits.throttled("a")

    clock.sleep(10)
    later = limits.rate("a")
    clock.sleep(100)

    assert (later, limits.rate("a")) == (40, 60)


def test_a_lane_is_crowded_while_calls_wait_for_it() -> None:
    clock = Clock()
    limits = Limits(clock, ceiling=2)
    before = limits.crowded("a")
    for _ in range(3):
        limits.reserve("a")
    during = limits.crowded("a")
    clock.sleep(2)
    limits.reserve("a")

    assert (before, during, limits.crowded("a")) == (False, True, False)


def test_the_engine_waits_for_the_lane(server: Server) -> None:
    server.say("/boxes", {"items": [{"name": str(n)} for n in range(20)]})
    for n in range(20):
        server.say(f"/boxes/{n}/lock", {"lock": n})

    collect(server, ask(boxes(lock())), limits=Limits(server.clock, ceiling=5), workers=1)

    assert sum(server.clock.slept) == pytest.approx((21 - 5) / 5, abs=0.01)


def test_pages_take_their_place_in_the_lane_too(server: Server) -> None:
    for n in range(10):
        path = f"/boxes?page={n}" if n else "/boxes"
        server.say(path, {"items": [], "next": str(n + 1) if n < 9 else ""})

    collect(server, ask(boxes()), limits=Limits(server.clock, ceiling=2), workers=1)

    assert sum(server.clock.slept) == pytest.approx((10 - 2) / 2, abs=0.01)


# ── asking again ──────────────────────────────────────────────────────────────────────────


def locked(server: Server, *answers: object) -> None:
    server.say("/boxes", {"items": [{"name": "a"}]})
    server.say("/boxes/a/lock", *answers)


@pytest.mark.parametrize("trouble", [fault(429, "Slow"), fault(500, "Down"), Answer(hang_up=True)])
def test_throttling_and_failures_are_asked_again(server: Server, trouble: Answer) -> None:
    locked(server, trouble, trouble, {"lock": 1})

    seen = collect(server, ask(boxes(lock())))

    told = seen.sweep("acme.box", "lock").provenance
    assert seen.values("acme.box", "lock") == {"a": 1}
    assert [(o["calls"], o["pages"], o["retries"]) for o in told["operations"]] == [(3, 1, 2)]
    assert told["refusals"] == []


@pytest.mark.parametrize("status", [401, 403, 404, 501])
def test_what_asking_again_would_only_repeat_is_asked_once(server: Server, status: int) -> None:
    locked(server, fault(status, "No"))

    collect(server, ask(boxes(lock())))

    assert server.asked["/boxes/a/lock"] == 1
    assert server.clock.slept == []


@pytest.mark.parametrize("codes", [{"absent": ("NoLock",)}, {"gone": ("NoLock",)}])
def test_a_code_that_is_declared_to_be_an_answer_is_asked_once(server: Server, codes: dict[str, tuple[str]]) -> None:
    locked(server, fault(500, "NoLock"))
    type = boxes(lock(**codes)) if "absent" in codes else boxes(lock(), **codes)

    collect(server, ask(type))

    assert server.asked["/boxes/a/lock"] == 1


@pytest.mark.parametrize(("status", "reason", "times"), [(429, "throttled", 4), (503, "failed", 2)])
def test_attempts_are_limited(server: Server, status: int, reason: str, times: int) -> None:
    locked(server, fault(status, "No"))

    seen = collect(server, ask(boxes(lock())), retry=Retry(throttled=4, failed=2))

    assert seen.values("acme.box", "lock") == {"a": lock_refused(reason, "No")}
    assert server.asked["/boxes/a/lock"] == times


def test_waits_double_up_to_the_longest_and_chance_takes_up_to_half() -> None:
    retry = Retry(first=1, longest=5)

    shortest = [retry.wait(attempt, 0.0) for attempt in (1, 2, 3, 4)]
    longest = [retry.wait(attempt, 1.0) for attempt in (1, 2, 3, 4)]

    assert (shortest, longest) == ([0.5, 1, 2, 2.5], [1, 2, 4, 5])


def test_the_engine_waits_longer_each_time(server: Server) -> None:
    locked(server, fault(500, "Down"))

    collect(server, ask(boxes(lock())), retry=Retry(failed=4, first=1, longest=60))

    assert 3.5 <= sum(server.clock.slept) <= 7


@pytest.mark.parametrize("trouble", [429, 503])
@pytest.mark.parametrize("after", ["90", formatdate((ORIGIN + 90_000) / 1000, usegmt=True)])
def test_a_provider_that_says_how_long_to_wait_is_left_alone_for_that_time(
    server: Server, trouble: int, after: str
) -> None:
    locked(server, fault(trouble, "Slow", Retry_After=after), {"lock": 1})

    seen = collect(server, ask(boxes(lock())), retry=Retry(first=1, longest=1))

    assert seen.values("acme.box", "lock") == {"a": 1}
    assert server.asked["/boxes/a/lock"] == 2
    assert 90 <= sum(server.clock.slept) <= 91


def test_a_wait_that_would_outlast_the_time_allowed_is_not_begun(server: Server) -> None:
    locked(server, fault(429, "Slow", Retry_After="7200"))

    seen = collect(server, ask(boxes(lock())), deadline=3_600_000)

    assert seen.values("acme.box", "lock") == {"a": lock_refused("throttled", "Slow")}
    assert server.clock.slept == []


def test_the_whole_lane_is_left_alone_while_its_provider_wants_to_hear_nothing() -> None:
    clock = Clock()
    limits = Limits(clock)

    limits.throttled("a", 30)
    clock.sleep(10)

    assert (limits.reserve("a"), limits.reserve("b")) == (20, 0)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0),
        ({"retry-after": " 7 "}, 7),
        ({"Retry-After": "Wed, 25 Nov 2026 10:00:30 GMT", "Date": "Wed, 25 Nov 2026 10:00:00 GMT"}, 30),
        ({"Retry-After": "Wed, 25 Nov 2026 09:00:00 GMT", "Date": "Wed, 25 Nov 2026 10:00:00 GMT"}, 0),
        ({"Retry-After": "Wed, 25 Nov 2026 10:00:30 GMT"}, 0),  # counted from what?
        ({"Retry-After": "soon", "Date": "Wed, 25 Nov 2026 10:00:00 GMT"}, 0),
        ({"Retry-After": "-3"}, 0),
    ],
)
def test_seconds_and_dates_are_read_and_nothing_else(headers: dict[str, str], seconds: float) -> None:
    assert retry_after(headers) == seconds


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0),
        ({"x-ms-ratelimit-remaining-subscription-reads": "249"}, 0),
        ({"x-ms-ratelimit-remaining-subscription-reads": "24"}, 1),
        ({"x-ms-ratelimit-remaining-tenant-reads": "0"}, 1),
        ({"x-ms-ratelimit-remaining-subscription-reads": "some"}, 0),
        ({"x-ms-user-quota-remaining": "1", "x-ms-user-quota-resets-after": "00:00:05"}, 0),
        ({"x-ms-user-quota-remaining": "0", "x-ms-user-quota-resets-after": "00:00:05"}, 5),
        ({"x-ms-user-quota-remaining": "0"}, 0),
    ],
)
def test_a_provider_with_little_left_for_us_is_left_alone_before_it_refuses(
    headers: dict[str, str], seconds: float
) -> None:
    assert pause(headers) == seconds


def test_a_page_that_fails_is_asked_again_and_not_those_before_it(server: Server) -> None:
    server.say("/boxes", {"items": [{"name": "a"}], "next": "2"})
    server.say("/boxes?page=2", fault(429, "Slow"), fault(500, "Down"), {"items": [{"name": "b"}]})

    seen = collect(server, ask(boxes()))

    assert list(seen.values("acme.box")) == ["a", "b"]
    assert seen.status("acme.box") == ("complete", None)
    assert server.log == ["/boxes", *["/boxes?page=2"] * 3]


def test_attempts_are_counted_page_by_page(server: Server) -> None:
    server.say("/boxes", fault(500, "Down"), {"items": [], "next": "2"})
    server.say("/boxes?page=2", fault(500, "Down"), {"items": []})

    assert collect(server, ask(boxes()), retry=Retry(failed=2)).status("acme.box") == ("complete", None)


def test_a_call_that_is_refused_to_the_end_again_and_again_is_no_longer_repeated(server: Server) -> None:
    server.say("/boxes", {"items": [{"name": str(n)} for n in range(10)]})
    for n in range(10):
        server.say(f"/boxes/{n}/lock", fault(503, "Down"))

    seen = collect(server, ask(boxes(lock())), retry=Retry(failed=3), workers=1)

    assert [server.asked[f"/boxes/{n}/lock"] for n in range(10)] == [3] * 5 + [1] * 5
    assert set(seen.values("acme.box", "lock").values()) == {lock_refused("failed", "Down")}


def test_one_answer_is_enough_to_be_patient_again(server: Server) -> None:
    server.say("/boxes", {"items": [{"name": str(n)} for n in range(8)]})
    for n in range(8):
        server.say(f"/boxes/{n}/lock", {"lock": 1} if n == 5 else fault(503, "Down"))

    collect(server, ask(boxes(lock())), retry=Retry(failed=3), workers=1)

    assert [server.asked[f"/boxes/{n}/lock"] for n in range(8)] == [3] * 5 + [1] + [3] * 2


def test_a_provider_that_throttles_for_ever_is_told_as_such(server: Server) -> None:
    server.say("/boxes", fault(429, "Slow"))

    assert collect(server, ask(boxes())).status("acme.box") == ("failed", refused("throttled", "Slow"))


# ── lanes that come and go ────────────────────────────────────────────────────────────────


def test_lanes_that_are_idle_are_forgotten_and_those_that_were_slowed_are_not() -> None:
    clock = Clock()
    limits = Limits(clock, ceiling=10)
    limits.throttled("slowed", after=3600)
    limits.reserve("idle")
    clock.sleep(5)

    for n in range(1500):
        limits.reserve(f"aws/{n}")

    assert limits.reserve("slowed") == pytest.approx(3595)
    assert limits.lanes == 1501


def test_a_place_given_back_to_a_lane_that_was_forgotten_is_no_error() -> None:
    limits = Limits(Clock(), ceiling=10)

    limits.release("never seen")

    assert limits.reserve("never seen") == 0
