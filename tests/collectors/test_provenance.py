"""What each sweep says of how it was asked, and when."""

from __future__ import annotations

from annexlog.collectors import Call, Detail, Refused
from annexlog.collectors.asking import Retry
from annexlog.collectors.provenance import common
from annexlog.evidence_store.model import Sweep, Unknown
from tests.collectors.acme import ORIGIN, Adapter, Answer, Server, ask, boxes, collect, fault, lock


def test_a_sweep_tells_who_asked_what_and_how_often(server: Server) -> None:
    server.say("/boxes", {"items": [{"name": "a"}, {"name": "b"}], "next": "2", "total": 3})
    server.say("/boxes?page=2", fault(500, "Down"), {"items": [{"name": "c"}]})
    listed = Call("box:List", "/boxes", {}, items="items")

    seen = collect(server, ask(boxes(listed=listed)), retry=Retry(first=0))

    assert seen.sweep("acme.box") == Sweep(
        line=seen.sweeps[0].line,
        status=seen.sweeps[0].status,
        start=ORIGIN,
        end=ORIGIN,
        provenance={
            "caller": "robot",
            "endpoint": "127.0.0.1",
            "items": 3,
            "elsewhere": 0,
            "total": 3,
            "skew_ms": 0,
            "refusals": [],
            "operations": [
                {
                    "operation": "/boxes",
                    "permission": "box:List",
                    "params": {},
                    "calls": 3,
                    "pages": 2,
                    "items": 3,
                    "retries": 1,
                    "first_request": "r-/boxes",
                    "last_request": "r-/boxes?page=2",
                }
            ],
        },
    )


def test_a_detail_tells_its_calls_with_the_parameters_as_declared(server: Server) -> None:
    server.say("/boxes", {"items": [{"name": "a"}, {"name": "b"}]})
    for name in "ab":
        server.say(f"/boxes/{name}/lock", {"lock": 1})

    told = collect(server, ask(boxes(lock()))).sweep("acme.box", "lock").provenance

    operation = told["operations"][0]
    assert told["items"] == 2
    assert (operation["params"], operation["calls"], operation["pages"]) == ({"name": "{box.name}"}, 2, 2)


def test_refusals_are_counted_by_what_they_say_with_one_message(server: Server) -> None:
    server.say("/boxes", {"items": [{"name": n} for n in "abc"]})
    server.say("/boxes/a/lock", fault(403, "Nope", "not b"))
    server.say("/boxes/b/lock", fault(403, "Nope", "not a"))
    server.say("/boxes/c/lock", fault(404, "NoBox", "long " * 100 + "ghp_" + "a" * 36))

    told = collect(server, ask(boxes(lock(), gone=("NoBox",)))).sweep("acme.box", "lock").provenance["refusals"]

    about = {"operation": "/boxes/{name}/lock", "permission": "box:Lock"}
    assert told == [
        {"code": "NoBox", "reason": "vanished", "count": 1, "message": ("long " * 100)[:199] + "…", **about},
        {"code": "Nope", "reason": "denied", "count": 2, "message": "not a", **about},
    ]


def test_calls_of_a_function_tell_what_their_parameters_had_in_common(server: Server) -> None:
    def keys(ask: object, params: dict[str, str]) -> object:
        for key in "xy":
            yield ask("/keys", {**params, "key": key, "all": 1})

    server.say("/boxes", {"items": [{"name": "a"}, {"name": "b"}]})
    for name in "ab":
        for key in "xy":
            server.say(f"/keys?name={name}&key={key}&all=1", {"keys": [key]})
    detail = Detail("keys", Call("box:Keys", "/keys", {"name": "{box.name}"}, items="keys", fn=keys))

    seen = collect(server, ask(boxes(detail)))

    told = seen.sweep("acme.box", "keys").provenance["operations"]
    assert seen.values("acme.box", "keys") == {"a": ["x", "y"], "b": ["x", "y"]}
    assert [(o["params"], o["calls"], o["items"]) for o in told] == [({"all": 1, "key": "*", "name": "*"}, 4, 4)]


def test_what_calls_have_in_common_does_not_depend_on_their_order() -> None:
    calls = ({"a": 1, "b": 1}, {"a": 1, "b": 2}, {"a": 1})

    forth = common(common(calls[0], calls[1]), calls[2])
    back = common(common(calls[2], calls[1]), calls[0])

    assert forth == back == {"a": 1, "b": "*"}


def test_a_caller_that_cannot_be_told_is_told_as_such(server: Server) -> None:
    adapter = Adapter(server)
    adapter.refuses_caller = Refused("unauthenticated", "ExpiredToken")
    server.say("/boxes", {"items": []})

    told = collect(server, ask(boxes()), adapter=adapter).sweep("acme.box").provenance

    assert told["caller"] == ""
    assert told["caller_refused"] == Unknown("unauthenticated", "", "", "ExpiredToken").as_json()


# ── when ──────────────────────────────────────────────────────────────────────────────────


def test_each_line_was_looked_at_from_its_first_call_to_the_end_of_its_last(server: Server) -> None:
    server.say("/boxes", Answer({"items": [{"name": "a"}, {"name": "b"}]}, takes=1))
    for name in "ab":
        server.say(f"/boxes/{name}/lock", Answer({"lock": 1}, takes=10))
        server.say(f"/boxes/{name}/lid", Answer({"lid": 1}, takes=100))

    seen = collect(server, ask(boxes(lock(), lock("lid"))), workers=1)

    times = {s.line.facet: ((s.start - ORIGIN) / 1000, (s.end - ORIGIN) / 1000) for s in seen.sweeps}
    assert times == {"": (0, 1), "lock": (1, 121), "lid": (11, 221)}


def test_a_detail_that_nothing_was_asked_for_has_the_listings_times(server: Server) -> None:
    server.say("/boxes", Answer({"items": []}, takes=1))

    seen = collect(server, ask(boxes(lock())))

    sweep = seen.sweep("acme.box", "lock")
    assert (sweep.start - ORIGIN, sweep.end - ORIGIN) == (0, 1000)


def test_the_providers_own_older_time_of_an_answer_is_the_sweeps_start(server: Server) -> None:
    server.say("/boxes", {"items": [{"name": "a"}, {"name": "b"}]})
    server.say("/report", {"made": "2026-11-25T06:00:00Z", "rows": [{"box": "a"}, {"box": "b"}]})
    report = Detail("report", Call("b:R", "/report", items="rows", observed="made"), key="box", match="{box.name}")

    seen = collect(server, ask(boxes(report)))

    sweep = seen.sweep("acme.box", "report")
    assert (ORIGIN - sweep.start, sweep.end) == (4 * 3_600_000, ORIGIN)
    assert sweep.provenance["observed"] == "2026-11-25T06:00:00.000Z"
    assert seen.sweep("acme.box").start == ORIGIN


def test_of_several_times_the_oldest_counts(server: Server) -> None:
    server.say(
        "/boxes", {"items": [{"name": "a", "at": "2026-11-25T09:00:00Z"}, {"name": "b", "at": "2026-11-25T08:00:00Z"}]}
    )
    listed = Call("box:List", "/boxes", items="items", observed="items[].at")

    assert ORIGIN - collect(server, ask(boxes(listed=listed))).sweep("acme.box").start == 2 * 3_600_000


def test_a_time_of_the_future_makes_nothing_younger(server: Server) -> None:
    server.say("/boxes", {"items": [], "made": "2027-01-01T00:00:00Z"})
    listed = Call("box:List", "/boxes", items="items", observed="made")

    assert collect(server, ask(boxes(listed=listed))).sweep("acme.box").start == ORIGIN


def test_evidence_without_its_declared_time_is_unreadable(server: Server) -> None:
    unknowns = []
    for made in ("", "yesterday", 5, None):
        server.say("/boxes", {"items": [], "made": made})
        listed = Call("box:List", "/boxes", items="items", observed="made")
        unknowns.append(collect(server, ask(boxes(listed=listed))).status("acme.box"))

    assert unknowns == [("failed", Unknown("unreadable", "/boxes", "box:List", "no made"))] * 4


def test_a_clock_that_agrees_with_the_providers_is_left_alone(server: Server) -> None:
    server.skew = 1_900
    server.say("/boxes", {"items": []})

    sweep = collect(server, ask(boxes())).sweep("acme.box")

    assert (sweep.start, sweep.provenance["skew_ms"]) == (ORIGIN, 1_000)  # HTTP dates are of whole seconds
    assert "clock" not in sweep.provenance


def test_times_are_corrected_where_our_clock_is_wrong_and_both_are_kept(server: Server) -> None:
    moved = []
    for skew in (60_000, -60_000):
        server.skew = skew
        server.say("/boxes", {"items": []})
        sweep = collect(server, ask(boxes())).sweep("acme.box")
        moved.append((sweep.start - ORIGIN, sweep.end - ORIGIN, sweep.provenance["clock"], sweep.provenance["skew_ms"]))

    raw = {"start": "2026-11-25T10:00:00.000Z", "end": "2026-11-25T10:00:00.000Z"}
    assert moved == [
        (60_000, 60_000, {**raw, "correction_ms": 60_000}, 60_000),
        (-60_000, -60_000, {**raw, "correction_ms": -60_000}, -60_000),
    ]


def test_one_answer_that_agrees_with_our_clock_clears_it(server: Server) -> None:
    server.say("/boxes", {"items": [{"name": "a"}]})
    server.say("/boxes/a/lock", Answer({"lock": 1}, takes=1))
    server.skew = 60_000
    server.clock.on_sleep = lambda: setattr(server, "skew", 0)

    seen = collect(server, ask(boxes(lock())))

    assert [(s.start - ORIGIN, s.provenance["skew_ms"]) for s in seen.sweeps] == [(0, 60_000), (0, 0)]


def test_a_clock_that_jumps_meanwhile_does_not_move_the_end(server: Server) -> None:
    clock = server.clock
    server.say("/boxes", Answer({"items": []}, takes=5))
    clock.on_sleep = lambda: setattr(clock, "_start", ORIGIN - 86_400_000)
    server.skew = 86_400_000

    sweep = collect(server, ask(boxes())).sweep("acme.box")

    assert (sweep.start, sweep.end) == (ORIGIN, ORIGIN + 5_000)


def test_a_sweep_tells_the_rules_of_its_line(server: Server) -> None:
    server.say("/boxes", {"items": [{"name": "a"}]})
    server.say("/boxes/a/lock", {"lock": {"beat": 1}})

    seen = collect(server, ask(boxes(lock(), incarnation="box.made", ignore=("lock.beat",), sets=("box.parts",))))

    assert seen.sweep("acme.box").rules == {"sets": ["box.parts"], "incarnation": "box.made"}
    assert seen.sweep("acme.box", "lock").rules == {"ignore": ["lock.beat"]}
