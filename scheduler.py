"""When to look: decides which lines are due, wakes up for them, and tells afterwards what was missed."""

from __future__ import annotations

import hashlib
import logging
import sys
import threading
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from annexlog.evidence_store.model import AnnexlogError, Coverage, Line, Millis, StoreBusy

if TYPE_CHECKING:
    from annexlog.collectors.clock import Clock

MINUTE: Millis = 60_000
RETRY: Millis = 15 * MINUTE
"""The soonest that a line is asked again after it could not be seen whole; doubled each time, up to its interval."""
JITTER: Millis = 5 * MINUTE
GRAINS = 24
"""What is "about" an interval: a 24th more or less (15 minutes of 6 hours). A poll that ran late lets the next one
follow by up to that much sooner, so a run that takes a while does not push all later ones."""
ANSWERED = frozenset({Coverage.COMPLETE, Coverage.UNSUPPORTED})
"""What ends the need to look: asking again soon would not get a fuller answer."""


@dataclass(frozen=True, slots=True)
class Look:
    """One recorded sweep of a line. `run`: place in the log of the record it is in; `reason`: of its refusal."""

    line: Line
    run: int
    start: Millis
    end: Millis
    status: Coverage
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Watched:
    """A line that should be looked at every so often.

    `seen`: when the run began that last had its whole answer. `tried`, `misses`: when the latest of the runs began
    that did not, and how many there were since. `asked`: when the latest run began that was to look at it, even if it
    was interrupted.
    """

    line: Line
    every: Millis
    seen: Millis | None = None
    tried: Millis | None = None
    misses: int = 0
    asked: Millis = 0


@dataclass(frozen=True, slots=True)
class Due:
    """What to look at now.

    `slot`: names the occasion. Everyone who decides from the same record names it alike, and it is later than any
    earlier look at any of these lines, so that it can make recording idempotent. `next`: when something else is due.
    `watched`: every line that was considered.
    """

    lines: frozenset[Line]
    slot: Millis
    next: Millis | None
    watched: Collection[Line] = frozenset()

    def choose(self, scope: str, type: str, facets: Iterable[str]) -> frozenset[str] | None:
        """Which of a resource type's lines to look at in a scope; None: none. What nobody knew of yet is due."""
        lines = (Line(scope, type, facet) for facet in facets)
        return frozenset(li.facet for li in lines if li in self.lines or li not in self.watched) or None


# ── the decision: pure ────────────────────────────────────────────────────────────────────


def due(watched: Iterable[Watched], now: Millis, *, floor: Millis, jitter: Millis = JITTER, spread: bool = True) -> Due:
    """What is due at `now`.

    A line is polled every `every`, or every `floor` if that is longer. A line that was never seen is due at once, one
    that could not be seen after 15, 30, 60 … minutes; however often it was missed, it is due once.

    `spread`: a line keeps to its slots, which the name of its scope spreads over the interval, and which are delayed
    by up to `jitter`; off them, it drifts back by a 24th of its interval each time. Not (for cron, which chooses the
    times itself): it is due whenever about its interval has passed.
    """
    pace = _Pace(now, floor, jitter, spread)
    scopes: dict[str, list[Watched]] = defaultdict(list)
    for one in watched:
        scopes[one.line.scope].append(one)
    ready: list[Watched] = []
    slot, later, every_line = 0, None, set[Line]()
    for lines in scopes.values():
        for one, at in zip(lines, _together(lines, pace), strict=True):
            every_line.add(one.line)
            if at <= now:
                ready.append(one)
                slot = max(slot, at, one.asked + 1)
            elif later is None or at < later:
                later = at
    return Due(frozenset(one.line for one in ready), slot, later, every_line)


def _together(lines: Sequence[Watched], pace: _Pace) -> list[Millis]:
    """When each of a scope's lines is due. They go in one run: one that is due rarely waits for the most frequent one,
    for at most 7 24ths of its interval.
    """
    at = [pace.due_at(one) for one in lines]
    periods = [max(one.every, pace.floor) for one in lines]
    fastest = min(periods)
    soonest = min(when for when, period in zip(at, periods, strict=True) if period == fastest)
    return [
        when
        if period == fastest or when >= soonest or one.seen is None or one.misses
        else min(soonest, when + 7 * period // GRAINS)
        for one, when, period in zip(lines, at, periods, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class _Pace:
    now: Millis
    floor: Millis
    jitter: Millis
    spread: bool

    def due_at(self, one: Watched) -> Millis:
        """When a line becomes (or became) due."""
        period = max(one.every, self.floor)
        # A look from further ahead than an interval is a wrong clock's, and must not silence the line till then.
        credible = self.now + period
        if one.misses and one.tried is not None and one.tried <= credible:
            again = one.tried + min(RETRY << min(one.misses - 1, 16), period)
            return min(again, self._slot(one.tried + RETRY, one.line.scope, period)) if self.spread else again
        if one.seen is None or one.seen > credible:
            return self._slot(self.now, one.line.scope, period) - 2 * period  # surely past, and the same for a while
        if not self.spread:
            return one.seen + period - period // GRAINS
        slot = self._slot(one.seen + self.floor - self.floor // GRAINS, one.line.scope, period)
        return min(slot, one.seen + period + period // GRAINS)

    def _slot(self, then: Millis, scope: str, period: Millis) -> Millis:
        """The line's first slot from then on. Slots of longer intervals are among those of shorter ones that divide
        them, and jitter is the same for all that fall together: so a scope's lines, and scopes, still go together.
        """
        bound = min(self.jitter, period // GRAINS)
        slot = then - bound + (_offset(scope, self.floor // GRAINS) - then + bound) % period
        delayed = slot + slot * 2_654_435_761 % (bound + 1)
        return delayed if delayed >= then else slot + period + (slot + period) * 2_654_435_761 % (bound + 1)


@lru_cache(maxsize=65_536)
def _offset(scope: str, grain: Millis) -> Millis:
    """Where a scope's slots lie: only its name decides."""
    grain = max(grain, MINUTE)
    return int.from_bytes(hashlib.sha256(scope.encode()).digest()[:8]) // grain * grain


@dataclass(frozen=True, slots=True)
class _Known:
    """Of one line: `end` and `run` of its latest look, and what Watched says."""

    end: Millis = 0
    run: int = 0
    seen: Millis | None = None
    tried: Millis | None = None
    misses: int = 0
    asked: Millis = 0


class Memory:
    """What was looked at so far, as far as it decides when to look again."""

    def __init__(self) -> None:
        self._lines: dict[Line, _Known] = {}
        self.upto = 0
        """The last record of the log that was taken in."""

    def note(self, looks: Iterable[Look], now: Millis) -> None:
        """Take in recorded looks, in the order of the log."""
        for run, together in groupby(looks, key=lambda look: look.run):
            self.upto = max(self.upto, run)
            found = list(together)
            began = min(look.start for look in found)
            for look in found:
                if look.status is not Coverage.SUPPLEMENT:  # which is no look at the line
                    self._lines[look.line] = self._after(look, began, now)

    def _after(self, look: Look, began: Millis, now: Millis) -> _Known:
        known = self._lines.get(look.line, _Known())
        if look.end < known.end <= now:  # recorded late; a newer look is known
            return known
        if look.status in ANSWERED:
            return _Known(look.end, look.run, seen=began, asked=began)
        if look.reason == "interrupted":  # tells nothing: the line is as due as it was
            return replace(known, run=look.run, asked=began)
        return _Known(look.end, look.run, known.seen, began, known.misses + 1, began)

    def missed(self, lines: Iterable[Line], at: Millis, since: int) -> None:
        """Asked for at that time, and nothing in the log since: tried in vain, or it would be asked for for ever."""
        for line in lines:
            known = self._lines.get(line, _Known())
            if known.run <= since:
                self._lines[line] = replace(known, tried=at, misses=known.misses + 1, asked=at)

    def watched(self, demand: Mapping[Line, Millis]) -> Iterator[Watched]:
        """Each line that is wanted, with what is known of it."""
        for line, every in demand.items():
            known = self._lines.get(line, _Known())
            yield Watched(line, every, known.seen, known.tried, known.misses, known.asked)


# ── afterwards: what was missed ───────────────────────────────────────────────────────────


_SERVES = ANSWERED | {Coverage.PARTIAL}


@dataclass(frozen=True, slots=True)
class Gap:
    """A time in which a line was due and nothing was seen of it.

    `why`: the reason or status of the looks that failed; `overrun`: no look began in time because other runs were
    under way; `unattended`: nobody looked at all (the host was down, the daemon was stopped).
    """

    start: Millis
    end: Millis
    why: str


def gaps(
    looks: Iterable[Look],
    every: Millis,
    start: Millis,
    end: Millis,
    *,
    floor: Millis = 0,
    busy: Sequence[tuple[Millis, Millis]] = (),
) -> list[Gap]:
    """The gaps of one line within [start, end), oldest first; they never overlap. A partial look leaves no gap: what it
    did not show is unknown, resource by resource.

    `looks`: all of this line, those before `start` too. `busy`: when any run was under way. A look serves until the
    line is due again; the next may be late by a third of the interval (`due` lets it drift and wait by as much) and 15
    minutes before it counts as missed.
    """
    period = max(every, floor)
    late = period // 3 + RETRY
    ordered = sorted((look for look in looks if look.start < end), key=lambda look: (look.start, look.run))
    failed = [k for k in ordered if k.status in (Coverage.DENIED, Coverage.FAILED)]
    found: list[Gap] = []
    served = start  # until when the looks so far serve
    for at in [*(k.start for k in ordered if k.status in _SERVES), end]:
        if at > served + late and at > start:
            found += _causes(max(served, start), at, failed, period + late, busy)
        served = at + period
    return found


def _causes(
    start: Millis, end: Millis, failed: Sequence[Look], lasts: Millis, busy: Sequence[tuple[Millis, Millis]]
) -> Iterator[Gap]:
    """One gap, split where its cause changes: a failed look explains it until the next should have been made."""
    alone = "overrun" if any(a <= start + RETRY and start < b for a, b in busy) else "unattended"
    edges = {start, end, *(e for k in failed for e in (k.start, k.start + lasts) if start < e < end)}
    spans: list[Gap] = []
    for a, b in zip(ordered := sorted(edges), ordered[1:], strict=False):
        latest = next((k for k in reversed(failed) if k.start <= a < k.start + lasts), None)
        why = (latest.reason or latest.status.value) if latest else alone
        if spans and spans[-1].why == why:
            spans[-1] = Gap(spans[-1].start, b, why)
        else:
            spans.append(Gap(a, b, why))
    yield from spans


# ── the daemon ────────────────────────────────────────────────────────────────────────────


class Timer(Protocol):
    """What waits between steps."""

    def run(self, step: Callable[[], Millis | None], stop: threading.Event) -> None:
        """Make a step now, and another at each moment that one names, until one names none or `stop` is set.

        A step under way is waited for. What it raises is raised here.
        """


@dataclass(slots=True)
class Schedule:
    """Looks at what is due, again and again.

    `demand()`: every line that is wanted now, and how often. `looks(after)`: what was recorded after that place in the
    log, in order; after 0, at least the latest whole answer of each line and what failed since. `collect(due)`: looks,
    records, judges; it ends early when `stop` is set. `trouble(error)`: is told what could not be done; it is tried
    again later.
    """

    demand: Callable[[], Mapping[Line, Millis]]
    looks: Callable[[int], Iterable[Look]]
    collect: Callable[[Due], object]
    clock: Clock
    floor: Millis
    jitter: Millis = JITTER
    stop: threading.Event = field(default_factory=threading.Event)
    trouble: Callable[[AnnexlogError], None] = lambda error: None  # noqa: ARG005 — says nothing
    tend: Callable[[], object] = lambda: None
    """What else is done at each step, after what was due."""
    _memory: Memory = field(default_factory=Memory, init=False)

    def decide(self) -> Due:
        """What is due now, by all that is recorded. Raises AnnexlogError."""
        now = self.clock.now()
        self._memory.note(self.looks(self._memory.upto), now)
        return due(self._memory.watched(self.demand()), now, floor=self.floor, jitter=self.jitter)

    def step(self) -> Millis | None:
        """Do what is due, if anything is; returns when to come again: in a minute at the soonest (what becomes due
        meanwhile goes together), in a quarter of an hour at the latest (there may be new scopes, or another clock).
        """
        if self.stop.is_set():
            return None
        later = None
        try:
            plan = self.decide()
            if plan.lines:
                self._collect(plan)
                plan = self.decide()
            later = plan.next
            self.tend()
        except AnnexlogError as error:
            self.trouble(error)
        now = self.clock.now()
        soonest, latest = now + MINUTE, now + RETRY
        return None if self.stop.is_set() else min(max(later or latest, soonest), latest)

    def _collect(self, plan: Due) -> None:
        began, since = self.clock.now(), self._memory.upto
        try:
            self.collect(plan)
        except AnnexlogError as error:
            self.trouble(error)
        if not self.stop.is_set():
            self._memory.note(self.looks(self._memory.upto), self.clock.now())
            self._memory.missed(plan.lines, began, since)

    def run(self, timer: Timer | None = None) -> None:
        """Step by step until `stop` is set."""
        (timer or Ticker(self.clock)).run(self.step, self.stop)


class Ticker:
    """The real timer: APScheduler makes the steps in a thread of its own, one at a time, and none is skipped."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def run(self, step: Callable[[], Millis | None], stop: threading.Event) -> None:
        from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_EXECUTED  # noqa: PLC0415 — costs 100 ms
        from apscheduler.executors.pool import ThreadPoolExecutor  # noqa: PLC0415 — as above
        from apscheduler.schedulers.background import BackgroundScheduler  # noqa: PLC0415 — as above

        logging.getLogger("apscheduler").propagate = False  # its errors are raised here, and not printed there too
        ended, errors = threading.Event(), list[BaseException]()
        scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(1)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )

        def again(at: Millis) -> None:
            wait = timedelta(milliseconds=max(at - self._clock.now(), 0))
            # A job of its own each time: APScheduler removes one that has run, maybe after the next was added.
            scheduler.add_job(step, "date", run_date=datetime.now(UTC) + wait)

        def after(event: Any) -> None:
            if event.exception is not None:
                errors.append(event.exception)
            if event.exception is not None or event.retval is None:
                ended.set()
            elif not stop.is_set():
                again(event.retval)

        scheduler.add_listener(after, EVENT_JOB_EXECUTED | EVENT_JOB_ERROR)
        again(self._clock.now())
        scheduler.start()
        try:
            # Not stop.wait(): a signal's handler sets it in this thread, which must not hold its lock then.
            while not (ended.wait(0.1) or stop.is_set()):
                pass
        finally:
            scheduler.shutdown(wait=True)
        if errors:
            raise errors[0]


@contextmanager
def alone(lock: Path) -> Iterator[None]:
    """Be the only schedule that holds this lock file. Raises StoreBusy at once if another one does."""
    from filelock import FileLock, Timeout  # noqa: PLC0415 — only a daemon needs it

    try:
        with FileLock(lock, timeout=0, mode=0o600):
            yield
    except Timeout:
        raise StoreBusy(
            "another annexlog watch is running on this store.", where=str(lock), next="Stop it first; one is enough."
        ) from None


def main(arguments: Sequence[str]) -> int:
    """`python scheduler.py [options]` is `annexlog [-C DIR | -c FILE] watch [options]`."""
    from annexlog.cli import run  # noqa: PLC0415 — upwards on purpose: this is an entry point as well

    common = 0
    while common < len(arguments) and arguments[common] in {"-C", "--folder", "-c", "--config"}:
        common += 2
    return run([*arguments[:common], "watch", *arguments[common:]])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
