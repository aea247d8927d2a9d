"""What one collection finds out of one resource type: its lines, what was counted, and the sweeps that come of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import orjson

from annexlog.collectors import Scope
from annexlog.collectors.asking import Timeline
from annexlog.collectors.bodies import unreadable
from annexlog.collectors.compiled import Kind, Step
from annexlog.collectors.provenance import Trace, coverage, gravest
from annexlog.evidence_store.model import JSON, Coverage, Line, Millis, Sweep, Unknown, iso


class Part:
    """The population within one scope. `blocked`: why nothing counts as seen of it, whatever was answered."""

    def __init__(self, kind: Kind, scope: Scope, values: Mapping[str, str]) -> None:
        self.scope, self.values = scope, values
        facets = ("", *(step.facet for step in kind.steps))
        self.lines = {facet: Line(scope.name, kind.type.name, facet) for facet in facets}
        self.traces = {facet: Trace() for facet in facets}
        self.homes = frozenset((scope.name, *values.values()))
        self.blocked: Unknown | None = None
        self.ids: dict[str, int] = {}  # each resource's id, and a digest of its listing


@dataclass(slots=True)
class Item:
    """One resource on its way through its details: the steps that it still has to take."""

    id: str
    part: Part
    facets: dict[str, JSON | Unknown]
    steps: tuple[Step, ...]


class Population:
    """One type, in all scopes that one asker answers for. Threads may count at once.

    `due`, `wanted`: the details to ask for of every resource, and of a new one. `answered`: pages of the listing that
    came. `bulk`: how each bulk source was asked. `collapsed`: how many were known, where none is there any more.
    `staying`: the ids that should be among what is found.
    """

    def __init__(
        self,
        kind: Kind,
        due: frozenset[str],
        wanted: frozenset[str],
        known: frozenset[str] | None,
        parts: Mapping[str, Part],
        parent: Population | None = None,
        staying: frozenset[str] = frozenset(),
    ) -> None:
        self.kind, self.known, self.parts, self.staying = kind, known, parts, staying
        self.due = wanted if known is None else due
        self.wanted = wanted
        self.steps = tuple(step for step in kind.steps if step.facet in wanted)
        self.steps_due = tuple(step for step in kind.steps if step.facet in self.due)
        self.parent = parent
        self.children: list[Population] = []
        if parent:
            parent.children.append(self)
        self.listing = Trace()
        self.bulk: dict[str, Trace] = {}
        self.answered = self.elsewhere = 0
        self.total: int | None = None
        self.collapsed: int | None = None
        self._lock = threading.Lock()

    # ── counting ──────────────────────────────────────────────────────────────────────────

    def paged(self, total: int | None) -> None:
        """A page of the listing came, which says that there are so many in all."""
        with self._lock:
            self.answered += 1
            if total is not None:
                self.total = max(total, self.total or 0)

    def passed_by(self) -> None:
        """One more resource that belongs to another scope."""
        with self._lock:
            self.elsewhere += 1

    def admit(self, part: Part, id: str, facets: dict[str, JSON | Unknown]) -> Item | None:
        """A resource, once: a page that overlaps the one before shows it twice.

        Raises Refused(unreadable) where two resources have one id, TypeError on a body that is no JSON.
        """
        digest = hash(orjson.dumps(facets[self.kind.type.facet], option=orjson.OPT_SORT_KEYS))
        id.encode()  # raises UnicodeEncodeError on half a character, which no store could keep
        with self._lock:
            if part.ids.get(id, digest) != digest:
                raise unreadable("DuplicateId", f"two resources, or one that changed meanwhile, are called {id}")
            if id in part.ids:
                return None
            part.ids[id] = digest
        is_new = self.known is None or id not in self.known
        return Item(id, part, facets, self.steps if is_new else self.steps_due)

    @property
    def found(self) -> int:
        return sum(len(part.ids) for part in self.parts.values())

    def emptied(self) -> bool:
        """Whether some were known, and a listing without a fault shows none."""
        blocked = any(part.blocked for part in self.parts.values())
        return bool(self.known) and not self.found and not blocked and not self.refusals()

    # ── parents and children ──────────────────────────────────────────────────────────────

    def family(self) -> Iterator[Population]:
        """The population and all under it."""
        yield self
        for child in self.children:
            yield from child.family()

    def ancestors(self) -> Iterator[Population]:
        if self.parent:
            yield self.parent
            yield from self.parent.ancestors()

    @property
    def lineage(self) -> tuple[str, ...]:
        """The facets of one resource that those under it may read: its listing, and its parents'."""
        return (*(self.parent.lineage if self.parent else ()), self.kind.type.facet)

    # ── telling ───────────────────────────────────────────────────────────────────────────

    def settle(self) -> None:
        """All was asked: say what follows for the whole of it. Parents first."""
        if self.parent and self.listing.start is None:
            self.listing.covers(self.parent.listing.start or 0.0, self.parent.listing.end or 0.0)
        listed = self.kind.listed
        counted = self.found + self.elsewhere + sum(r.count for r in self.listing.refusals.values())
        if listed and self.total is not None and counted < self.total:
            said = f"{self.found + self.elsewhere} of {self.total}"
            self.listing.refused(Unknown("incomplete", listed.call.operation, listed.call.permission, "total"), said)
        if listed and self.answered and not self.refusals() and (lost := self._lost()):
            self.listing.refused(Unknown("incomplete", listed.call.operation, listed.call.permission, "Lost"), lost)
        for part in self.parts.values():
            part.traces[""].merge(self.listing)
            for facet, trace in self.bulk.items():
                part.traces[facet].merge(trace)

    def _lost(self) -> str:
        """How many of those that should be there are not, if more than may be; "" else."""
        gone = self.staying.difference(*(part.ids for part in self.parts.values()))
        if len(gone) < 2:
            return ""
        share = min(float(part.values[self.kind.type.loss]) for part in self.parts.values()) / 100
        return f"{len(gone)} of {len(self.staying)} are missing" if len(gone) > share * len(self.staying) else ""

    def traces(self) -> Iterator[Trace]:
        """How each line was asked."""
        for part in self.parts.values():
            yield from part.traces.values()

    def refusals(self) -> set[Unknown]:
        """Why the listing was not seen whole: also where its parent's was not."""
        if self.parent is None:
            return set(self.listing.refusals)
        unproven = {part.blocked for part in self.parent.parts.values() if part.blocked}
        return {*self.listing.refusals, *self.parent.refusals(), *unproven}

    def sweeps(self, timeline: Timeline, base: Mapping[str, JSON], correction: Millis) -> Iterator[Sweep]:
        """The sweeps of all lines; `correction` is added to every time."""
        for part in self.parts.values():
            status, refusal = self._listed(part)
            told = {
                "items": 0 if part.blocked else len(part.ids),
                "elsewhere": self.elsewhere,
                **({"total": self.total} if self.total is not None else {}),
                **({"collapsed": self.collapsed} if self.collapsed is not None else {}),
            }
            yield self._sweep(part, "", status, refusal, timeline, {**base, **told}, correction)
            for step in self.steps:
                trace = part.traces[step.facet]
                told = {"items": trace.count}
                if step.facet in self.due:
                    seen = _detailed(trace, status, refusal)
                    yield self._sweep(part, step.facet, *seen, timeline, {**base, **told}, correction)
                elif trace.count:
                    seen = (Coverage.SUPPLEMENT, None)
                    yield self._sweep(part, step.facet, *seen, timeline, {**base, **told}, correction)

    def _listed(self, part: Part) -> tuple[Coverage, Unknown | None]:
        if part.blocked:
            return coverage(part.blocked), part.blocked
        refusal = gravest(self.refusals())
        if refusal is None:
            return Coverage.COMPLETE, None
        return Coverage.PARTIAL if self.answered else coverage(refusal), refusal

    def _sweep(
        self,
        part: Part,
        facet: str,
        status: Coverage,
        refusal: Unknown | None,
        timeline: Timeline,
        told: Mapping[str, JSON],
        correction: Millis,
    ) -> Sweep:
        trace, listing = part.traces[facet], part.traces[""]
        span = trace if trace.start is not None else listing
        start, end = timeline.at(span.start or 0.0), timeline.at(span.end or 0.0)
        clock = {"clock": {"start": iso(start), "end": iso(end), "correction_ms": correction}} if correction else {}
        start, end = start + correction, end + correction
        if trace.observed is not None:
            start = min(start, trace.observed)
        type = self.kind.type
        rules = dict(self.kind.rules[facet or type.facet].declared)
        if not facet and type.incarnation:
            rules["incarnation"] = type.incarnation
        return Sweep(part.lines[facet], status, start, end, refusal, {**told, **trace.told(), **clock}, rules)


def _detailed(trace: Trace, listed: Coverage, refusal: Unknown | None) -> tuple[Coverage, Unknown | None]:
    """The coverage of a detail of every resource of a population that was listed so."""
    if listed not in (Coverage.COMPLETE, Coverage.PARTIAL):
        return listed, refusal
    own = gravest(u for u in trace.refusals if u.reason != "vanished")
    if own is None:
        return listed, refusal
    return (Coverage.PARTIAL, own) if trace.seen else (coverage(own), own)
