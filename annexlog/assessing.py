"""Assess → record: judge the evidence known at an instant, and judge it again (replay)."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from annexlog.collectors import providers, resource_types
from annexlog.evidence_store.model import (
    ORG,
    POPULATION,
    Line,
    Millis,
    Outcome,
    Status,
    StoreError,
    TypeShape,
)
from annexlog.evidence_store.store import Assessment, JudgedLine
from annexlog.mappings import Estate, Mappings, Test, from_documents, inputs, judge

if TYPE_CHECKING:
    from annexlog.collectors.clock import Clock
    from annexlog.evidence_store.queries import AssessedLine, View
    from annexlog.evidence_store.store import Store

PREFIX = "outcome:"
"""Outcome lines are facets of this prefix and a test's id."""


@dataclass(slots=True)
class Assessed:
    """What one assessment did: its place in the log, lines judged and carried, outcomes that changed by new status."""

    seq: int
    now: Millis
    judged: int = 0
    carried: int = 0
    outcomes: int = 0
    changed: Counter[Status] = field(default_factory=Counter)


def shapes() -> Mapping[str, TypeShape]:
    """What mappings may know of every declared resource type."""
    return {name: kind.shape() for name, kind in resource_types().items()}


def published_shapes() -> Mapping[str, TypeShape]:
    """The same with the field names that the providers publish (slower: it reads their models)."""
    known = providers()
    return {name: kind.shape(known[kind.provider].members(kind)) for name, kind in resource_types().items()}


def assess(store: Store, mappings: Mappings, clock: Clock, *, now: Millis | None = None) -> Assessed:
    """Judge every enabled test in every open scope at `now` (the present), and record what changed.

    A test whose definition, documents and evidence are as they were, and that does not read the time, is carried.
    """
    view = store.view(at=clock.now() if now is None else now)
    done = Assessed(0, view.at)
    lines = tuple(_judged(view, mappings, done))
    key = hashlib.sha256(f"assess {view.at} {view.upto}".encode()).hexdigest()
    done.seq = store.record_assessment(Assessment(key, view.at, view.upto, lines), recorded=clock.now())
    return done


def restate(store: Store, clock: Clock, late: Millis) -> list[Assessed]:
    """Evidence of `late` was recorded after assessments that should have seen it: judge those instants again.

    Each is judged with the definitions of its day. Returns the new assessments, oldest first.
    """
    return [assess(store, definitions(store.view(at=at)), clock, now=at) for at in store.assessed_instants(since=late)]


def definitions(view: View) -> Mappings:
    """The definitions as they stood in a view."""
    return from_documents({kind: view.documents(kind) for kind in DOCUMENTS}, shapes())


DOCUMENTS = ("definition", "control", "register", "setting", "exception", "label", "owner", "soa")


def lines_of(view: View, mappings: Mappings) -> Iterator[tuple[Test, Line]]:
    """Every (test, outcome line) there is to judge in a view: the open scopes of the level the test's type has."""
    known = shapes()
    for test in mappings.tests.values():
        shape = known[test.of]
        for scope, attributes in view.scopes().items():
            if attributes.get("level") == shape.level and attributes.get("provider") == shape.provider:
                yield test, Line(scope, test.of, PREFIX + test.id)


def _judged(view: View, mappings: Mappings, done: Assessed) -> Iterator[JudgedLine]:
    estate = Estate(view)
    for test, line in lines_of(view, mappings):
        before = view.assessed(line)
        prints = _fingerprint(view, test, inputs(test, line.scope, estate))
        if before is not None and before.fingerprint == prints and not test.reads_now:
            done.carried += 1
            yield JudgedLine(line, None, before.inputs, prints, None)
            continue
        result = judge(test, line.scope, estate)
        done.judged += 1
        done.outcomes += len(result.outcomes)
        yield JudgedLine(line, result.outcomes, result.inputs, prints, _causes(view, test, line, before, prints, result.outcomes, done))


def _fingerprint(view: View, test: Test, lines: frozenset[Line]) -> bytes:
    """Definition ‖ documents ‖ coverage ‖ evidence, 8 bytes each: which part moved names the cause of a change."""
    documents = frozenset(line for line in lines if line.scope == ORG)
    coverage = repr([(line, seen and (seen.status, seen.refusal)) for line in sorted(lines) for seen in (view.seen(line),)])
    parts = (bytes.fromhex(test.digest), view.fingerprint(sorted(documents)), coverage.encode(), view.fingerprint(sorted(lines - documents)))
    return b"".join(hashlib.sha256(part).digest()[:8] for part in parts)


def _causes(
    view: View, test: Test, line: Line, before: AssessedLine | None, prints: bytes, outcomes: Mapping[str, Outcome], done: Assessed
) -> dict[str, str]:
    old = {row.id: Outcome(row.status, row.reason) for row in view.outcomes(test=test.id, scope=line.scope)} if before else {}
    moved = [before is None or prints[i : i + 8] != before.fingerprint[i : i + 8] for i in range(0, 32, 8)]
    causes: dict[str, str] = {}
    for id, new in outcomes.items():
        was = old.get(id)
        if was == new:
            continue
        done.changed[new.status] += 1
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


def replay(store: Store, seq: int, *, test: str | None = None, resource: str | None = None) -> Replay:
    """Judge assessment `seq` again. Raises StoreError if there is no such assessment."""
    record = store.assessment(seq)
    if record is None:
        raise StoreError(f"record {seq} is not an assessment.", next="List them: annexlog runs --kind assess")
    view = store.view(at=record.now, upto=record.upto)
    after = store.view(at=record.now, upto=seq)
    estate, mappings = Estate(view), definitions(view)
    total, differences = 0, []
    for judged, line in lines_of(view, mappings):
        if test is not None and judged.id != test:
            continue
        recorded = {r.id: Outcome(r.status, r.reason) for r in after.outcomes(test=judged.id, scope=line.scope)}
        again = judge(judged, line.scope, estate).outcomes
        for id in sorted(recorded.keys() | again.keys()):
            if resource is not None and id != resource:
                continue
            total += 1
            if recorded.get(id) != again.get(id):
                differences.append(Difference(judged.id, line.scope, id, recorded.get(id), again.get(id)))
    return Replay(seq, record.now, record.upto, total, tuple(differences))
