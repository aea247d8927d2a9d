"""Assess → record: judge the evidence known at an instant, and judge it again (replay)."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from annexlog.answers import definitions, outcome_lines
from annexlog.evidence_store.disposal import ERASED
from annexlog.evidence_store.model import (
    ORG,
    POPULATION,
    Line,
    Millis,
    Outcome,
    Status,
    StoreError,
    Unknown,
)
from annexlog.evidence_store.store import Assessment, JudgedLine
from annexlog.evidence_store.waiting import Waiting
from annexlog.mappings import Estate, inputs, judge, judge_together

if TYPE_CHECKING:
    from annexlog.collectors.clock import Clock
    from annexlog.evidence_store.queries import View
    from annexlog.evidence_store.store import Store
    from annexlog.mappings import Mappings, Test


@dataclass(slots=True)
class Assessed:
    """What one assessment did: its place in the log, lines judged and carried, outcomes that changed by new status."""

    seq: int
    now: Millis
    judged: int = 0
    carried: int = 0
    outcomes: int = 0
    changed: Counter[Status] = field(default_factory=Counter)


def assess(store: Store, mappings: Mappings, clock: Clock, *, now: Millis | None = None) -> Assessed:
    """Judge every enabled test in every open scope at `now` (the present), and record what changed.

    A test whose definition, documents and evidence are as they were, and that does not read the time, is carried.
    """
    view = store.view(at=present(store, clock) if now is None else now)
    done = Assessed(0, view.at)
    key = hashlib.sha256(f"assess {view.at} {view.upto}".encode()).hexdigest()
    with store.waiting() as waiting:
        lines = tuple(_judged(view, mappings, done, waiting))
        done.seq = store.record_assessment(Assessment(key, view.at, view.upto, lines), recorded=clock.now())
    return done


def present(store: Store, clock: Clock) -> Millis:
    """The present, never before what was observed: providers' clocks correct a host's that is behind."""
    return max(clock.now(), store.view().at)


def restate(store: Store, clock: Clock) -> list[Assessed]:
    """Judge again the instants whose assessments could not see what was observed by then, and recorded later.

    Each is judged with the definitions of its day. Returns the new assessments, oldest first.
    """
    since = _late(store)
    instants = [] if since is None else store.assessed_instants(since=since)
    return [assess(store, definitions(store.view(at=at)), clock, now=at) for at in instants]


def _late(store: Store) -> Millis | None:
    """The earliest end of the looks that were recorded after the newest instant was assessed.

    Restatements are of that instant or older ones, and are recorded oldest first: one that was cut short is seen.
    """
    view, newest = store.view(), store.last_assessed()
    earliest: Millis | None = None
    for run in view.runs() if newest is not None else ():
        if run.kind == "assess" and run.now == newest:
            break
        if run.kind != "assess":
            ends = [row.seen.end for row in view.population_lines(seq=run.seq)]
            earliest = min(ends) if earliest is None else min(earliest, *ends)
    return earliest


def _judged(view: View, mappings: Mappings, done: Assessed, waiting: Waiting) -> Iterator[JudgedLine]:
    """Judge what may have changed, all tests of one population together; carry the rest."""
    estate, past = Estate(view), view.earlier(view.at - 1)  # a change is one from the instant before, restated or not
    populations: dict[tuple[str, str], list[tuple[Test, Line]]] = {}
    for test, line in outcome_lines(view, mappings):
        populations.setdefault((line.scope, line.type), []).append((test, line))
    for (scope, _), tests in populations.items():
        fresh: list[tuple[Test, Line, bytes]] = []
        for test, line in tests:
            before = past.assessed(line)
            prints = _fingerprint(view, test, inputs(test, scope, estate))
            if before is not None and before.fingerprint == prints and not test.reads_now:
                done.carried += 1
                yield JudgedLine(line, None, before.inputs, prints, None)
            else:
                fresh.append((test, line, prints))
        judged = judge_together([test for test, *_ in fresh], scope, estate) if fresh else {}
        for test, line, prints in fresh:
            result = judged[test.id]
            done.judged += 1
            done.outcomes += len(result.outcomes)
            causes = _causes(past, test, line, prints, result.outcomes)
            done.changed.update(result.outcomes[id].status for id in causes)
            kept = waiting.outcomes(result.outcomes), waiting.causes(causes)
            yield JudgedLine(line, kept[0], result.inputs, prints, kept[1])


def _fingerprint(view: View, test: Test, lines: frozenset[Line]) -> bytes:
    """Definition ‖ documents ‖ coverage ‖ evidence, 8 bytes each: which part moved names the cause of a change."""
    documents = frozenset(line for line in lines if line.scope == ORG)
    coverage = repr(
        [(line, seen and (seen.status, seen.refusal)) for line in sorted(lines) for seen in (view.seen(line),)]
    )
    parts = (
        bytes.fromhex(test.digest),
        view.fingerprint(sorted(documents)),
        coverage.encode(),
        view.fingerprint(sorted(lines - documents)),
    )
    return b"".join(hashlib.sha256(part).digest()[:8] for part in parts)


def _causes(past: View, test: Test, line: Line, prints: bytes, outcomes: Mapping[str, Outcome]) -> dict[str, str]:
    """Why outcomes are not what they were in the past: {id: cause} of those that changed."""
    before = past.assessed(line)
    old = (
        {
            row.id: Outcome(row.status, row.reason)
            for row in past.outcomes(test=test.id, scope=line.scope, type=line.type)
        }
        if before
        else {}
    )
    moved = [before is None or prints[i : i + 8] != before.fingerprint[i : i + 8] for i in range(0, 32, 8)]
    causes: dict[str, str] = {}
    for id, new in outcomes.items():
        was = old.get(id)
        if was == new:
            continue
        unknown = new.status is Status.UNKNOWN or (was is not None and was.status is Status.UNKNOWN)
        causes[id] = (
            "estate" if was is None and (before is not None or id != POPULATION)
            else "definition" if moved[0]
            else "register" if moved[1]
            else "coverage" if unknown
            else "estate" if moved[3] or not test.reads_now
            else "clock"
        )  # fmt: skip
    return causes


@dataclass(frozen=True, slots=True)
class Difference:
    """A verdict that replays otherwise."""

    test: str
    scope: str
    id: str
    recorded: Outcome | None
    replayed: Outcome | None


@dataclass(frozen=True, slots=True)
class Replay:
    """One assessment, judged again from its own day's evidence and definitions."""

    seq: int
    now: Millis
    upto: int
    outcomes: int
    differences: tuple[Difference, ...]
    disposed: int = 0
    """Outcomes that cannot be told any more: of the evidence that they were judged from, some was disposed of."""


def latest(store: Store) -> int:
    """The newest assessment's place in the log. Raises StoreError if nothing was ever assessed."""
    newest = next(store.view().runs(kind="assess", limit=1), None)
    if newest is None:
        raise StoreError("nothing was ever assessed.", next="Do it: annexlog assess")
    return newest.seq


def replay(store: Store, seq: int, *, test: str | None = None, resource: str | None = None) -> Replay:
    """Judge assessment `seq` again. Raises StoreError if there is no such assessment."""
    record = store.assessment(seq)
    if record is None:
        raise StoreError(f"record {seq} is not an assessment.", next="List them: annexlog runs --kind assess")
    view = store.view(at=record.now, upto=record.upto)
    after = store.view(at=record.now, upto=seq)
    estate, mappings = Estate(view), definitions(view)
    total, disposed, differences = 0, 0, []
    for judged, line in outcome_lines(view, mappings):
        if test is not None and judged.id != test:
            continue
        recorded = {r.id: Outcome(r.status, r.reason) for r in after.outcomes(test=judged.id, scope=line.scope)}
        again = judge(judged, line.scope, estate).outcomes
        for id in sorted(recorded.keys() | again.keys()):
            if resource is not None and id != resource:
                continue
            total += 1
            if recorded.get(id) == again.get(id):
                continue
            if _gone(id, line, view, after):
                disposed += 1
            else:
                differences.append(Difference(judged.id, line.scope, id, recorded.get(id), again.get(id)))
    return Replay(seq, record.now, record.upto, total, tuple(differences), disposed)


def _gone(id: str, line: Line, view: View, after: View) -> bool:
    """Whether what an outcome was judged from was disposed of: its resource, or anything that was read for its line."""
    if id.startswith(ERASED):
        return True
    told = after.assessed(line)
    facets: dict[tuple[str, str], set[str]] = {}
    for read in told.inputs if told else ():
        facets.setdefault(read[:2], set()).add(read.facet)
    return any(
        isinstance(value, Unknown) and value.reason == "disposed"
        for (scope, type), wanted in facets.items()
        for resource in view.resources(scope, type, wanted - {""})
        for value in resource.facets.values()
    )
