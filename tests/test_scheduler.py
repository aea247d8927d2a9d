"""When lines are due, what was missed, and a daemon on simulated time."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annexlog.collectors.clock import SystemClock
from annexlog.evidence_store.model import Coverage, Line, StoreBusy, duration, instant
from annexlog.scheduler import (
    RETRY,
    Gap,
    Look,
    Memory,
    Schedule,
    Ticker,
    Watched,
    alone,
    due,
    gaps,
)

HOUR = duration("PT1H")
DAY = 24 * HOUR
FLOOR = 6 * HOUR
GRAIN = FLOOR // 24
START = instant("2026-11-25")
LINE = Line("aws/123456789012", "aws.s3.bucket", "policy")
OK, DENIED, FAILED = Coverage.COMPLETE, Coverage.DENIED, Coverage.FAILED

instants = st.integers(START, START + 400 * DAY)
everies = st.sampled_from([HOUR, 6 * HOUR, 8 * HOUR, 12 * HOUR, DAY, 7 * DAY])
scopes = st.integers(0, 99).map(lambda n: f"aws/{n:012}/eu-west-1")


def look(start, status=OK, *, line=LINE, run=0, end=None, reason=""):
    return Look(line, run, start, start + 1000 if end is None else end, status, reason)


def decide(watched, now, *, floor=FLOOR, jitter=0, spread=True):
    return due(watched, now, floor=floor, jitter=jitter, spread=spread)


def next_due(one, now, **how):
    """When a line that is not due yet will be."""
    return decide([one], now, **how).next


# ── what is due ───────────────────────────────────────────────────────────────────────────


def test_a_line_that_was_never_seen_is_due_at_once():
    plan = decide([Watched(LINE, FLOOR)], START)

    assert plan.lines == {LINE}
    assert plan.next is None


def test_a_line_that_was_just_seen_is_not_due():
    plan = decide([Watched(LINE, FLOOR, seen=START)], START + 1000)

    assert plan.lines == frozenset()
    assert START + FLOOR - GRAIN <= plan.next <= START + FLOOR + GRAIN


@given(scope=scopes, every=everies, seen=instants, jitter=st.integers(0, HOUR))
def test_a_line_is_never_polled_faster_than_the_floor_nor_much_slower_than_asked(scope, every, seen, jitter):
    line = Line(scope, "aws.s3.bucket")
    period = max(every, FLOOR)

    at = next_due(Watched(line, every, seen=seen), seen, jitter=jitter)

    assert seen + FLOOR - GRAIN <= at <= seen + period + period // 24
    assert decide([Watched(line, every, seen=seen)], at - 1, jitter=jitter).lines == frozenset()
    assert decide([Watched(line, every, seen=seen)], at, jitter=jitter).lines == {line}


@given(
    scope=scopes, every=everies, seen=instants, delays=st.lists(st.integers(0, 20 * 60_000), min_size=30, max_size=30)
)
def test_polls_that_run_late_are_made_up_for_but_never_add_up_to_more_than_one_in_a_floor(scope, every, seen, delays):
    line = Line(scope, "aws.s3.bucket")
    polls = [seen]

    for delay in delays:
        polls.append(next_due(Watched(line, every, seen=polls[-1]), polls[-1], jitter=300_000) + delay)

    spent = [polls[j] - polls[i] - (j - i) * FLOOR for i in range(31) for j in range(i, 31)]
    assert min(spent) >= -GRAIN - 300_000


@given(scope=scopes, every=everies, seen=instants)
def test_a_line_finds_back_to_its_own_slots_and_stays_there(scope, every, seen):
    line = Line(scope, "aws.s3.bucket")
    period = max(every, FLOOR)
    polls = [seen]

    for _ in range(30):
        polls.append(next_due(Watched(line, every, seen=polls[-1]), polls[-1]))

    assert {b - a for a, b in pairwise(polls[-5:])} == {period}


def test_the_slots_of_many_scopes_spread_over_the_interval():
    seen = START
    polls = dict.fromkeys((f"aws/{n:012}" for n in range(100)), seen)

    for _ in range(30):
        for scope, last in polls.items():
            polls[scope] = next_due(Watched(Line(scope, "aws.s3.bucket"), FLOOR, seen=last), last)

    by_hour = Counter(at % FLOOR // HOUR for at in polls.values())
    assert sorted(by_hour) == [0, 1, 2, 3, 4, 5]
    assert max(by_hour.values()) <= 30


def test_after_a_long_sleep_a_line_is_due_once():
    slept = START + 30 * DAY

    plan = decide([Watched(LINE, FLOOR, seen=START)], slept)
    after = decide([Watched(LINE, FLOOR, seen=slept)], slept)

    assert plan.lines == {LINE}
    assert after.lines == frozenset()
    assert after.next >= slept + FLOOR - GRAIN


@given(
    watched=st.lists(
        st.builds(
            Watched,
            st.builds(Line, scopes, st.sampled_from(["aws.s3.bucket", "aws.kms.key"]), st.sampled_from(["", "policy"])),
            everies,
            st.none() | instants,
            st.none() | instants,
            st.integers(0, 40),
        ),
        max_size=20,
        unique_by=lambda w: w.line,
    ),
    now=instants,
)
def test_nothing_due_is_forgotten_and_order_does_not_matter(watched, now):
    plan = decide(watched, now)

    overdue = {w.line for w in watched if w.seen is None or w.seen + 2 * max(w.every, FLOOR) <= now}
    surely = {w.line for w in watched if w.line in overdue and (not w.misses or (w.tried or 0) + 7 * DAY <= now)}
    assert plan == decide(reversed(watched), now)
    assert surely <= plan.lines
    assert plan.next is None or plan.next > now
    assert plan.next is not None or plan.lines == {w.line for w in watched}


def test_a_look_in_the_far_future_does_not_silence_a_line():
    plan = decide([Watched(LINE, FLOOR, seen=START + 365 * DAY)], START)

    assert plan.lines == {LINE}


def test_a_line_that_could_not_be_seen_is_asked_again_later_and_later():
    waits = [
        next_due(Watched(LINE, 7 * DAY, seen=START - DAY, tried=START, misses=n), START, spread=False) - START
        for n in range(1, 12)
    ]

    assert waits == [RETRY << n for n in range(9)] + [RETRY << 9, 7 * DAY]


@given(scope=scopes, every=everies, tried=instants, misses=st.integers(1, 100))
def test_a_retry_comes_after_a_quarter_of_an_hour_at_the_soonest_and_an_interval_at_the_latest(
    scope, every, tried, misses
):
    line = Line(scope, "aws.s3.bucket")

    at = next_due(Watched(line, every, tried=tried, misses=misses), tried)

    assert tried + RETRY <= at <= tried + max(every, FLOOR)


@given(scope=scopes, seen=instants)
def test_lines_of_one_scope_fall_together_even_if_one_is_due_rarely(scope, seen):
    often, rarely = Line(scope, "aws.s3.bucket"), Line(scope, "aws.kms.key", "rotation")
    last, polls = {often: seen, rarely: seen}, []

    for _ in range(12):
        at = next_due_of(last, often, rarely)
        polls.append((at, decide_of(last, often, rarely, at).lines))
        last |= dict.fromkeys(polls[-1][1], at)

    assert {often in lines for _, lines in polls} == {True}
    assert [rarely in lines for _, lines in polls].count(True) in {2, 3, 4}


def decide_of(last, often, rarely, now):
    return decide([Watched(often, FLOOR, last[often]), Watched(rarely, DAY, last[rarely])], now, jitter=300_000)


def next_due_of(last, often, rarely):
    return decide_of(last, often, rarely, max(last.values())).next


def test_cron_every_six_hours_does_not_skip_each_second_time_by_a_second():
    seen, polls = START + 20_000, 0

    for n in range(1, 9):
        if decide([Watched(LINE, FLOOR, seen=seen)], START + n * FLOOR, spread=False).lines:
            seen, polls = START + n * FLOOR + 20_000, polls + 1

    assert polls == 8


def test_a_slot_names_the_occasion_alike_for_all_and_never_twice():
    watched = Watched(LINE, FLOOR, seen=START, asked=START)
    at = next_due(watched, START)

    first, second = decide([watched], at + 1000), decide([watched], at + 60_000)
    interrupted = decide([Watched(LINE, FLOOR, seen=START, asked=at + 500)], at + 60_000)
    failed = decide([Watched(LINE, FLOOR, START, at + 500, 1, at + 500)], at + 500 + RETRY)

    assert first == second
    assert first.slot == at
    assert [p.lines for p in (first, interrupted, failed)] == [{LINE}] * 3
    assert first.slot < interrupted.slot < failed.slot


def test_what_nobody_knew_of_is_looked_at_and_what_is_not_due_is_not():
    known = Watched(LINE, FLOOR, seen=START)
    plan = decide([known], START)

    assert plan.choose(LINE.scope, LINE.type, ["policy"]) is None
    assert plan.choose(LINE.scope, LINE.type, ["policy", "acl"]) == {"acl"}
    assert plan.choose("aws/999999999999", LINE.type, ["", "policy"]) == {"", "policy"}


# ── what earlier looks mean ───────────────────────────────────────────────────────────────


def remembered(*looks, now=START + 400 * DAY, line=LINE):
    memory = Memory()
    memory.note(looks, now)
    return next(memory.watched({line: FLOOR}))


def test_a_whole_answer_counts_from_the_begin_of_its_run():
    other = Line(LINE.scope, LINE.type)

    watched = remembered(look(START, line=other, run=3), look(START + 9000, run=3))

    assert watched == Watched(LINE, FLOOR, seen=START, asked=START)


def test_refusals_count_until_a_whole_answer_comes():
    refused = [look(START + n * HOUR, DENIED, run=n) for n in (1, 2)]
    failed = look(START + 3 * HOUR, FAILED, run=3)

    before = remembered(look(START), *refused, failed)
    after = remembered(look(START), *refused, failed, look(START + 4 * HOUR, run=4))

    assert before == Watched(LINE, FLOOR, START, START + 3 * HOUR, 3, START + 3 * HOUR)
    assert after == Watched(LINE, FLOOR, START + 4 * HOUR, asked=START + 4 * HOUR)


def test_what_a_region_does_not_offer_is_an_answer():
    assert remembered(look(START, Coverage.UNSUPPORTED)).misses == 0


def test_a_supplement_is_no_look_and_an_interrupted_look_changes_nothing():
    supplement = look(START + HOUR, Coverage.SUPPLEMENT, run=1)
    interrupted = look(START + 2 * HOUR, FAILED, run=2, reason="interrupted")

    watched = remembered(look(START), supplement, interrupted)

    assert watched == Watched(LINE, FLOOR, seen=START, asked=START + 2 * HOUR)


def test_a_look_recorded_late_does_not_hide_a_newer_one():
    watched = remembered(look(START + HOUR, run=1), look(START, DENIED, run=2))

    assert watched == Watched(LINE, FLOOR, seen=START + HOUR, asked=START + HOUR)


# ── gaps ──────────────────────────────────────────────────────────────────────────────────


def test_polls_in_time_leave_no_gap():
    looks = [look(START + n * FLOOR + n % 3 * GRAIN, run=n) for n in range(20)]

    assert gaps(looks, FLOOR, START, START + 19 * FLOOR) == []


def test_a_host_that_was_down_leaves_a_gap_from_when_the_line_was_due():
    looks = [look(START), look(START + 2 * DAY)]

    found = gaps(looks, FLOOR, START, START + 2 * DAY)

    assert found == [Gap(START + FLOOR, START + 2 * DAY, "unattended")]


def test_runs_under_way_make_it_an_overrun():
    looks = [look(START), look(START + DAY)]

    found = gaps(looks, FLOOR, START, START + DAY, busy=[(START + 5 * HOUR, START + 20 * HOUR)])

    assert found == [Gap(START + FLOOR, START + DAY, "overrun")]


def test_a_line_that_nobody_ever_looked_at_is_one_gap():
    assert gaps([], FLOOR, START, START + DAY) == [Gap(START, START + DAY, "unattended")]


def test_a_gap_says_what_refused_and_when_nobody_tried_any_more():
    looks = [look(START), look(START + FLOOR, DENIED, reason="denied"), look(START + 2 * DAY)]

    found = gaps(looks, FLOOR, START, START + 2 * DAY)

    until = START + FLOOR + FLOOR + FLOOR // 3 + RETRY
    assert found == [Gap(START + FLOOR, until, "denied"), Gap(until, START + 2 * DAY, "unattended")]


def test_a_look_that_saw_some_of_it_leaves_no_gap():
    looks = [look(START), look(START + FLOOR, Coverage.PARTIAL, reason="denied")]

    assert gaps(looks, FLOOR, START, START + 2 * FLOOR) == []


def test_a_line_that_is_not_seen_now_is_a_gap_up_to_the_end():
    looks = [look(START), look(START + FLOOR, FAILED), look(START + FLOOR + RETRY, FAILED, run=1)]

    assert gaps(looks, FLOOR, START, START + 2 * FLOOR) == [Gap(START + FLOOR, START + 2 * FLOOR, "failed")]


@settings(max_examples=200)
@given(
    looks=st.lists(
        st.builds(
            lambda at, status: look(START + at, status),
            st.integers(-2 * DAY, 12 * DAY),
            st.sampled_from([OK, OK, DENIED, FAILED, Coverage.PARTIAL, Coverage.SUPPLEMENT]),
        ),
        max_size=30,
    ),
    every=everies,
)
def test_gaps_and_served_time_part_the_period_between_them(looks, every):
    end = START + 10 * DAY
    period = max(every, FLOOR)

    found = gaps(looks, every, START, end, floor=FLOOR)

    edges = [t for g in found for t in (g.start, g.end)]
    seen = [k.start for k in looks if k.status in (OK, Coverage.PARTIAL)]
    in_gap = [any(g.start <= at < g.end for g in found) for at in range(START, end, HOUR)]
    served = [any(s <= at < s + period for s in seen) for at in range(START, end, HOUR)]
    missed = [
        not any(s <= at < s + period + period // 3 + RETRY for s in seen) and at >= START + period // 3 + RETRY
        for at in range(START, end, HOUR)
    ]
    assert edges == sorted(edges)
    assert all(START <= g.start < g.end <= end for g in found)
    assert not any(g and s for g, s in zip(in_gap, served, strict=True))
    assert all(g for g, m in zip(in_gap, missed, strict=True) if m)


# ── the daemon on simulated time ──────────────────────────────────────────────────────────


class Simulated:
    """A clock and a timer in one: waiting is free."""

    def __init__(self, until):
        self.at, self.until, self.steps = START, until, 0

    def now(self):
        return self.at

    def monotonic(self):
        return self.at / 1000

    def sleep(self, seconds):
        self.at += round(seconds * 1000)

    def run(self, step, stop):
        while self.at < self.until and not stop.is_set() and (then := step()) is not None:
            self.steps += 1
            self.at = max(self.at, then)


@dataclass
class Estate:
    """Scopes that answer, with what was recorded of them."""

    clock: Simulated
    wanted: dict
    status: object = lambda line, at: OK
    takes: int = 2000
    log: list = field(default_factory=list)
    plans: list = field(default_factory=list)

    def looks(self, after):
        return [k for k in self.log if k.run > after] if after else list(self.log)

    def collect(self, plan):
        self.plans.append(plan)
        by_scope = defaultdict(list)
        for line in sorted(plan.lines):
            by_scope[line.scope].append(line)
        began = self.clock.now()
        run = self.log[-1].run if self.log else 0
        for lines in by_scope.values():
            run += 1
            self.log += [look(began, self.status(k, began), line=k, run=run) for k in lines]
        self.clock.sleep(self.takes / 1000)

    def schedule(self, **more):
        return Schedule(lambda: self.wanted, self._tail, self.collect, self.clock, FLOOR, **more)

    def _tail(self, after):
        found = []
        for one in reversed(self.log):
            if one.run <= after:
                break
            found.append(one)
        return reversed(found)

    def starts(self, line):
        return [k.start for k in self.log if k.line == line]


def wanted(scopes):
    return {
        Line(f"aws/{n:012}", "aws.s3.bucket", facet): every
        for n in range(scopes)
        for facet, every in (("", FLOOR), ("acl", DAY))
    }


def test_a_month_of_a_hundred_scopes_is_polled_as_often_as_asked():
    clock = Simulated(START + 30 * DAY)
    estate = Estate(clock, wanted(100))

    estate.schedule().run(clock)

    polls = Counter(k.line for k in estate.log)
    apart = _apart(estate)
    assert set(polls) == set(estate.wanted)
    assert {n for line, n in polls.items() if line.facet == "acl"} <= {29, 30, 31}
    assert {n for line, n in polls.items() if line.facet != "acl"} <= set(range(114, 122))
    assert min(apart[FLOOR]) >= FLOOR - GRAIN
    assert max(apart[FLOOR]) <= FLOOR + 2 * GRAIN
    assert max(apart[DAY]) <= DAY + FLOOR + GRAIN


def _apart(estate):
    """Per interval asked for, the times between polls of one line."""
    starts, apart = defaultdict(list), defaultdict(list)
    for one in estate.log:
        starts[one.line].append(one.start)
    for line, times in starts.items():
        apart[estate.wanted[line]] += [b - a for a, b in pairwise(times)]
    return apart


def test_runs_are_few_because_what_falls_together_goes_together():
    clock = Simulated(START + 20 * DAY)
    estate = Estate(clock, wanted(20))

    estate.schedule().run(clock)

    collections = [k for k, group in groupby(k.start for k in estate.log)]
    assert min(b - a for a, b in pairwise(collections)) >= 60_000
    runs_of_one_day = {(k.line.scope, k.run) for k in estate.log if k.start >= START + 19 * DAY}
    assert len(runs_of_one_day) <= 20 * 5


def test_what_becomes_due_within_a_minute_is_left_to_go_together():
    first, second = (Line("aws/000000000000", name) for name in ("aws.s3.bucket", "aws.kms.key"))
    clock = Simulated(START + DAY)
    estate = Estate(clock, {first: FLOOR, second: FLOOR})
    estate.log += [look(START, line=first, run=1), look(START + 10_000, line=second, run=2)]
    clock.at = next_due(Watched(first, FLOOR, seen=START), START)

    then = estate.schedule(jitter=0).step()

    assert [plan.lines for plan in estate.plans] == [{first}]
    assert then == clock.at + 60_000


def test_a_denied_line_is_retried_with_patience_and_the_others_are_left_alone():
    clock = Simulated(START + 4 * DAY)
    estate = Estate(clock, wanted(1), status=lambda k, at: DENIED if k.facet == "acl" else OK)

    estate.schedule().run(clock)

    denied = estate.starts(Line("aws/000000000000", "aws.s3.bucket", "acl"))
    well = estate.starts(Line("aws/000000000000", "aws.s3.bucket"))
    assert min(b - a for a, b in pairwise(denied)) >= RETRY
    assert len(denied) <= len(well) + 6
    assert min(b - a for a, b in pairwise(well)) >= FLOOR - GRAIN


def test_what_else_is_to_be_done_is_done_at_each_step_after_what_was_due():
    clock = Simulated(START + HOUR)
    estate = Estate(clock, wanted(1))
    done = []

    estate.schedule(tend=lambda: done.append((clock.now(), len(estate.plans)))).run(clock)

    assert done[0][1] == 1
    assert len(done) == clock.steps
    assert max(b[0] - a[0] for a, b in pairwise(done)) <= RETRY


def test_what_else_cannot_be_done_is_told_and_stops_nothing():
    clock = Simulated(START + HOUR)
    estate = Estate(clock, wanted(1))
    troubles = []

    def busy():
        raise StoreBusy("another writer holds it.")

    estate.schedule(tend=busy, trouble=lambda error: troubles.append(error.what)).run(clock)

    assert (len(estate.plans), set(troubles)) == (1, {"another writer holds it."})
    assert len(troubles) == clock.steps


def test_a_collection_that_records_nothing_is_not_repeated_for_ever():
    clock = Simulated(START + DAY)
    estate = Estate(clock, wanted(3))
    troubles = []

    def busy(plan):
        estate.plans.append(plan)
        raise StoreBusy("another writer holds it.")

    schedule = estate.schedule(trouble=troubles.append)
    schedule.collect = busy
    schedule.run(clock)

    assert 5 <= len(estate.plans) <= 25
    assert len(troubles) == len(estate.plans)


def test_a_daemon_that_starts_again_knows_what_was_done():
    clock = Simulated(START + 2 * DAY)
    estate = Estate(clock, wanted(5))
    estate.schedule().run(clock)
    before = len(estate.log)

    assert estate.schedule().decide().lines == frozenset()
    assert len(estate.log) == before


def test_a_new_scope_is_looked_at_within_a_quarter_of_an_hour():
    clock = Simulated(START + 7 * HOUR)
    estate = Estate(clock, wanted(1))
    new = Line("aws/999999999999", "aws.s3.bucket")
    schedule = estate.schedule()
    schedule.demand = lambda: estate.wanted | ({new: FLOOR} if clock.at >= START + HOUR else {})

    schedule.run(clock)

    assert START + HOUR <= estate.starts(new)[0] <= START + HOUR + RETRY + 60_000


def test_stop_ends_the_schedule_after_the_run_in_hand():
    clock = Simulated(START + DAY)
    estate = Estate(clock, wanted(3))
    stop = threading.Event()

    def stopped_meanwhile(plan):
        stop.set()
        estate.collect(plan)

    schedule = estate.schedule(stop=stop)
    schedule.collect = stopped_meanwhile
    after_the_run, once_more = schedule.step(), schedule.step()

    assert (after_the_run, once_more) == (None, None)
    assert len(estate.plans) == 1
    assert {k.line for k in estate.log} == set(estate.wanted)


def test_a_schedule_that_was_stopped_before_it_began_collects_nothing():
    clock = Simulated(START + DAY)
    estate = Estate(clock, wanted(3))
    stop = threading.Event()
    stop.set()

    assert estate.schedule(stop=stop).step() is None
    assert estate.plans == []


def test_the_same_record_gives_the_same_month():
    logs = []

    for _ in range(2):
        clock = Simulated(START + 5 * DAY)
        estate = Estate(clock, wanted(7))
        estate.schedule().run(clock)
        logs.append(estate.log)

    assert logs[0] == logs[1]


# ── the real timer ────────────────────────────────────────────────────────────────────────


def test_the_timer_makes_each_step_when_the_one_before_said_and_ends_with_none():
    clock, steps = SystemClock(), []

    def step():
        steps.append(clock.now())
        return clock.now() + 20 if len(steps) < 3 else None

    Ticker(clock).run(step, threading.Event())

    assert len(steps) == 3
    assert min(b - a for a, b in pairwise(steps)) >= 15


def test_the_timer_waits_for_the_step_under_way_when_told_to_stop():
    stop, ended = threading.Event(), []

    def step():
        stop.set()
        time.sleep(0.2)
        ended.append(True)
        return 10**15

    Ticker(SystemClock()).run(step, stop)

    assert ended == [True]


def test_a_defect_in_a_step_ends_the_timer_loudly():
    def step():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Ticker(SystemClock()).run(step, threading.Event())


# ── signals, as the command line turns them into `stop` ───────────────────────────────────

DAEMON = """
import time
from annexlog.cli.collecting import stopping
from annexlog.collectors.clock import SystemClock
from annexlog.scheduler import Ticker

with stopping() as stop:
    def step():
        print("begun", flush=True)
        {body}
    Ticker(SystemClock()).run(step, stop)
print("ended", flush=True)
"""
OBEDIENT = "stop.wait(30); print('recorded', flush=True); return 10**12"
STUBBORN = "time.sleep(30)"


def daemon(body):
    process = subprocess.Popen(
        [sys.executable, "-c", DAEMON.format(body=body)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "begun\n"
    return process


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_daemon_after_the_run_in_hand(number):
    process = daemon(OBEDIENT)

    process.send_signal(number)
    out, err = process.communicate(timeout=20)

    assert (out, process.returncode) == ("recorded\nended\n", 0)
    assert err == "annexlog: stopping; recording what was seen. Once more to stop at once.\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_it_at_once(number):
    process = daemon(STUBBORN)

    process.send_signal(number)
    process.stderr.readline()
    process.send_signal(number)
    out, _ = process.communicate(timeout=20)

    assert (out, process.returncode) == ("", -number)


# ── one instance ──────────────────────────────────────────────────────────────────────────


def test_a_second_schedule_of_the_same_store_is_refused(tmp_path: Path):
    lock = tmp_path / "evidence.db.watch.lock"
    script = (
        "import sys, pathlib, annexlog.scheduler as scheduler\nwith scheduler.alone(pathlib.Path(sys.argv[1])): pass"
    )

    with alone(lock):
        second = subprocess.run([sys.executable, "-c", script, lock], capture_output=True, text=True, check=False)
    third = subprocess.run([sys.executable, "-c", script, lock], capture_output=True, text=True, check=False)

    assert "StoreBusy" in second.stderr
    assert third.returncode == 0


# ── an entry point of its own ─────────────────────────────────────────────────────────────


def test_it_runs_from_a_checkout_as_the_watch_command(tmp_path: Path):
    script = Path(__file__).parents[1] / "scheduler.py"

    helped = subprocess.run([sys.executable, script, "--help"], capture_output=True, text=True, check=False)
    nowhere = subprocess.run([sys.executable, script, "-C", tmp_path], capture_output=True, text=True, check=False)

    assert helped.stdout.startswith("Usage: annexlog watch")
    assert nowhere.returncode == 2
    assert str(tmp_path) in nowhere.stderr
    assert "Traceback" not in nowhere.stderr
