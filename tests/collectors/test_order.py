"""Threads: results are the same however many there are and whatever comes first; lanes do not wait for each other."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from annexlog.collectors import Call, Detail, Refused, ResourceType
from annexlog.collectors.engine import Engine
from annexlog.collectors.limits import Limits
from annexlog.collectors.pool import Pool
from annexlog.evidence_store.model import JSON
from tests.collectors.acme import ONE, Adapter, Answer, Memory, Server, ask, boxes, collect, fault, lock

ANSWERS = st.sampled_from(["good", "denied", "absent", "gone", "down", "bad"])


@dataclass(frozen=True)
class Estate:
    """Boxes with their locks and things, some of which cannot be seen."""

    pages: tuple[tuple[tuple[str, tuple[str, str], int], ...], ...]
    broken: bool


NAMES = st.text("abcdefgh", min_size=1, max_size=2)
BOXES = st.tuples(NAMES, st.tuples(ANSWERS, ANSWERS), st.integers(0, 3))
ESTATES = st.builds(
    Estate,
    st.lists(st.lists(BOXES, max_size=5).map(tuple), min_size=1, max_size=4).map(tuple),
    st.booleans(),
)


def answer(kind: str, good: JSON) -> Any:
    bad = {
        "denied": fault(403, "Nope"), "absent": fault(404, "NoLock"), "gone": fault(404, "NoBox"),
        "down": fault(500, "Down"), "bad": Answer(raw=b"<html>"),
    }  # fmt: skip
    return bad.get(kind, good)


def build(server: Server, estate: Estate) -> None:
    for number, page in enumerate(estate.pages):
        more = str(number + 1) if number + 1 < len(estate.pages) or estate.broken else ""
        path = f"/boxes?page={number}" if number else "/boxes"
        server.say(path, {"items": [{"name": name, "n": n} for name, _, n in page], "next": more})
        for name, (lock_answer, things_answer), n in page:
            server.say(f"/boxes/{name}/lock", answer(lock_answer, {"lock": {"of": name}}))
            server.say(f"/tapes/{name}", {"tape": name})
            server.say(f"/boxes/{name}/things", answer(things_answer, {"things": [{"name": str(i)} for i in range(n)]}))
            for index in range(n):
                server.say(f"/things/{name}%2F{index}", {"weight": index})
    server.say("/report", {"rows": [{"box": "a"}, {"box": "b"}, {"box": "c"}]})


BOX = boxes(
    lock(absent=("NoLock",)),
    Detail("tape", Call("box:Tape", "/tapes/{name}", {"name": "{lock.of}"}, take="tape")),
    Detail("report", Call("box:Report", "/report", items="rows"), key="box", match="{box.name}"),
    gone=("NoBox",),
)
THING = ResourceType(
    "acme.thing", facet="thing", id="{box.name}/{thing.name}", under="acme.box", per="account",
    listed=Call("box:Things", "/boxes/{box}/things", {"box": "{box.name}"}, items="things"),
    details=[Detail("weight", Call("thing:Weight", "/things/{id}", {"id": "{box.name}/{thing.name}"}, take="weight"))],
)  # fmt: skip


def told(provenance: Mapping[str, Any]) -> dict[str, Any]:
    """What of provenance is the same each time: all but which answer came first, when, and how often it was waited."""
    operations = [
        {k: o[k] for k in ("operation", "permission", "params", "pages", "items")} for o in provenance["operations"]
    ]
    return {k: v for k, v in provenance.items() if k not in ("operations", "clock", "skew_ms")} | {
        "operations": operations
    }


def outcome(server: Server, estate: Estate, **options: Any) -> tuple[Any, Any]:
    build(server, estate)
    server.skew = -server.clock.now() + 1_795_600_800_000  # however long the last run waited, Date says the same
    seen = collect(server, ask(BOX, known=["a"], due=["report"]), ask(THING), **options)
    sweeps = [(s.line, s.status, s.refusal, told(s.provenance), s.rules) for s in seen.sweeps]
    return sweeps, dict(sorted(seen.bodies.items()))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(estate=ESTATES, workers=st.integers(2, 16), window=st.integers(1, 20))
def test_results_do_not_depend_on_threads_or_windows(server: Server, estate: Estate, workers: int, window: int) -> None:
    alone = outcome(server, estate, workers=1, window=256)

    together = outcome(server, estate, workers=workers, window=window)

    assert together == alone


# ── windows and lanes ─────────────────────────────────────────────────────────────────────


def test_a_page_is_only_listed_while_few_resources_wait(server: Server) -> None:
    for page in range(5):
        path = f"/boxes?page={page}" if page else "/boxes"
        items = [{"name": f"{page}-{n}"} for n in range(4)]
        server.say(path, {"items": items, "next": str(page + 1) if page < 4 else ""})
        for n in range(4):
            server.say(f"/boxes/{page}-{n}/lock", {"lock": 1})
    waiting: list[int] = []
    listed = done = 0
    original = server.answer

    def watch(path: str) -> Answer:
        nonlocal listed, done
        if path.endswith("lock"):
            done += 1
        else:
            listed += 4
            waiting.append(listed - done)
        return original(path)

    server.answer = watch  # type: ignore[method-assign]

    collect(server, ask(boxes(lock())), workers=1, window=3)

    assert len(waiting) == 5
    assert max(waiting) <= 2 + 4


def test_a_crowded_lane_does_not_hold_up_another(server: Server) -> None:
    """24 boxes wait for a lane of one call a second; the cups, asked in another lane, do not wait for them."""
    server.say("/boxes", {"items": [{"name": str(n)} for n in range(24)]})
    server.say("/cups", {"items": [{"name": str(n)} for n in range(24)]})
    for n in range(24):
        server.say(f"/boxes/{n}/lock", {"lock": 1})
        server.say(f"/cups/{n}/lid", {"lid": 1})
    cup = ResourceType(
        "acme.cup", facet="cup", id="{cup.name}", per="account",
        listed=Call("cup:List", "/cups", items="items"),
        details=[Detail("lid", Call("cup:Lid", "/cups/{name}/lid", {"name": "{cup.name}"}, take="lid"))],
    )  # fmt: skip
    limits = Limits(server.clock, ceilings={"acme/one/box": 1.0})
    cups_done = threading.Event()
    server.clock.on_sleep = lambda: cups_done.wait(0.01) and None  # waiting takes a moment of real time

    seen = collect(server, ask(boxes(lock())), ask(cup), limits=limits, workers=8)

    last_cup = max(index for index, path in enumerate(server.log) if path.startswith("/cups"))
    boxes_before = sum(path.startswith("/boxes/") for path in server.log[:last_cup])
    assert seen.status("acme.cup", "lid") == ("complete", None)
    assert boxes_before < 12


def test_a_listing_goes_on_in_its_own_context_whichever_thread_asks(server: Server) -> None:
    who: ContextVar[str] = ContextVar("who", default="nobody")

    class Personal(Adapter):
        """Keeps whom it asks for in a context variable, as an adapter with many credentials may."""

        def pages(self, call: Call, params: Mapping[str, Any], scope: Any, region: str | None = None) -> Any:
            if call.operation == "/boxes":
                who.set("lister")
            for page in super().pages(call, params, scope, region):
                if call.operation == "/boxes" and who.get() != "lister":
                    raise Refused("denied", who.get())
                yield page

    for page in range(20):
        path = f"/boxes?page={page}" if page else "/boxes"
        server.say(path, {"items": [{"name": str(page)}], "next": str(page + 1) if page < 19 else ""})
        server.say(f"/boxes/{page}/lock", {"lock": 1})

    seen = collect(server, ask(boxes(lock())), adapter=Personal(server), workers=4, window=1)

    assert seen.status("acme.box") == ("complete", None)


def test_many_collections_can_share_an_engine(server: Server) -> None:
    server.say("/boxes", {"items": [{"name": str(n)} for n in range(10)]})
    for n in range(10):
        server.say(f"/boxes/{n}/lock", {"lock": n})
    engine = Engine(Adapter(server), clock=server.clock, limits=Limits(server.clock), workers=3)
    sinks = [Memory() for _ in range(5)]
    threads = [
        threading.Thread(target=engine.collect, args=(ONE, {ONE.name: ONE}, [ask(boxes(lock()))], sink))
        for sink in sinks
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [len(sink.bodies) for sink in sinks] == [20] * 5


def test_threads_end_with_the_work(server: Server) -> None:
    server.say("/boxes", {"items": [{"name": "a"}]})
    server.say("/boxes/a/lock", {"lock": 1})

    collect(server, ask(boxes(lock())))
    for thread in threading.enumerate():
        if thread.name == "annexlog-collect":
            thread.join(2)

    assert [thread for thread in threading.enumerate() if thread.name == "annexlog-collect"] == []


def test_an_engine_asked_for_nothing_returns_nothing(server: Server) -> None:
    assert (collect(server).sweeps, collect(server, ask(boxes()), roster=[]).sweeps) == ([], [])


# ── the pool ──────────────────────────────────────────────────────────────────────────────


class Tasks:
    """A source of given tasks."""

    def __init__(self, *tasks: Any) -> None:
        self.tasks = list(tasks)
        self.is_crowded = False

    def take(self) -> Any:
        return self.tasks.pop(0) if self.tasks else None

    def pending(self) -> bool:
        return bool(self.tasks)

    def crowded(self) -> bool:
        return self.is_crowded

    def exhausted(self) -> bool:
        return not self.tasks


def test_sources_take_turns() -> None:
    done: list[str] = []
    sources = [Tasks(*[lambda name=name: done.append(name)] * 3) for name in "abc"]

    Pool(1).run(sources)

    assert done == list("abcabcabc")


def test_an_error_of_a_task_is_raised_and_the_rest_is_left() -> None:
    done: list[int] = []
    tasks = Tasks(lambda: done.append(1), lambda: {}["x"], lambda: done.append(2))

    with pytest.raises(KeyError):
        Pool(1).run([tasks])

    assert done == [1]


def test_an_error_in_one_run_does_not_touch_another() -> None:
    pool, done = Pool(2), []
    begun, over = threading.Event(), threading.Event()
    other = threading.Thread(target=pool.run, args=([Tasks(begun.set, lambda: over.wait(5), lambda: done.append(1))],))
    other.start()
    begun.wait(5)

    with pytest.raises(ZeroDivisionError):
        pool.run([Tasks(lambda: 1 // 0)])
    over.set()
    other.join(5)

    assert done == [1]


def test_few_threads_are_spent_on_a_crowded_source() -> None:
    running = most = 0
    lock = threading.Lock()

    def task() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        threading.Event().wait(0.002)
        with lock:
            running -= 1

    crowded = Tasks(*[task] * 20)
    crowded.is_crowded = True

    Pool(16).run([crowded])

    assert most == 2
