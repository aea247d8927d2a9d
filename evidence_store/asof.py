"""The resources of a population as known at an instant: one statement over all facets, then the rules that need more.

A facet counts only if it was read after the last complete listing that lacked the resource (it vanished, and
returned under its old name), and after its listing's declared `incarnation` value changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import takewhile
from typing import Final

import orjson

from annexlog.evidence_store.backend import Backend
from annexlog.evidence_store.bodies import WIDTH, Bodies, columns, joined
from annexlog.evidence_store.chains import chunked
from annexlog.evidence_store.manifest import Entry
from annexlog.evidence_store.model import JSON, Resource, Unknown, decode
from annexlog.evidence_store.schema import COMPLETE, SUPPLEMENT
from annexlog.evidence_store.sweeps import Look
from annexlog.evidence_store.timeline import Chain

UNOBSERVED: Final = Unknown("unobserved")
Moment = tuple[int, int]
"""(end, seq) of a look."""
_NEVER: Final[Moment] = (-1, -1)
EntryOf = Callable[[Look], Entry]
"""What the record of a look says of its line."""

_BODY = (
    "blob {0} ON {0}.bid = (SELECT v.bid FROM version v "
    "WHERE v.lid = ? AND v.rid = r.rid AND v.run <= ? ORDER BY v.run DESC LIMIT 1)"
)
_VERSIONS = "SELECT rid, run, bid FROM version WHERE lid = ? AND rid IN ({}) ORDER BY rid, run"
_CHANGED = "SELECT DISTINCT rid FROM version WHERE lid = ? AND run > ? AND run <= ?"
_WRITTEN = "SELECT rid, run, bid FROM version WHERE lid = ? AND run IN ({})"
_STORED = f"SELECT b.bid, {columns('b')} FROM blob b {joined('b')} WHERE b.bid IN ({{}})"  # noqa: S608 — names of ours


def moment(look: Look) -> Moment:
    return (look.end, look.seq)


class Listing:
    """The looks at a population, newest first, known at an instant; `refusal` of the newest, if it has one."""

    def __init__(self, backend: Backend, lid: int, looks: Iterable[Look], entry: EntryOf) -> None:
        self._backend, self.lid, self._looks, self._entry = backend, lid, looks, entry
        self.newest = next(iter(looks))
        self.why = entry(self.newest).refusal() or UNOBSERVED

    def hidden(self) -> Callable[[int], bool]:
        """Whether a resource (rid) that the newest look does not show is known all the same."""
        if self.newest.status == COMPLETE:
            return lambda rid: False  # noqa: ARG005 — whoever a complete look lacks is gone
        runs = []
        for look in self._looks:
            if look.shows:
                runs.append(look.run)
            if look.status == COMPLETE:
                break
        runs.sort()
        known = set()
        sql = "SELECT rid, run, bid FROM version WHERE lid = ? ORDER BY rid, run"
        for rid, chain in _chains(self._backend.select(sql, (self.lid,))):
            if any(chain.at(run) is not None for run in runs):
                known.add(rid)
        return known.__contains__

    def limits(self, oldest: Moment) -> Mapping[int, tuple[Moment, Moment]]:
        """Per resource (rid) whose facets read at or after `oldest` may not count: they count only if read after
        the first moment, and not before the second. Those not in it were there all along.
        """
        window = list(takewhile(lambda look: moment(look) >= oldest, self._looks))
        before = next((look for look in self._looks if look.shows and moment(look) < oldest), None)
        window = [look for look in window if look.shows]
        looks = window if before is None else [*window, before]
        if len(looks) < 2:
            return {}
        first, last = min(looks, key=lambda look: look.run), max(looks, key=lambda look: look.run)
        if self._entry(last).changed <= first.seq:
            return {}
        rids = [row[0] for row in self._backend.select(_CHANGED, (self.lid, first.run, last.run))]
        path = orjson.loads(self._entry(self.newest).rules or b"{}").get("incarnation")
        value = _Incarnation(self._backend, path) if path else None
        rows = chunked(self._backend, _VERSIONS, (self.lid,), rids)
        return {
            rid: (self._lacked(window, chain), self._changed(oldest, chain, value) if value else _NEVER)
            for rid, chain in _chains(rows)
        }

    def _lacked(self, window: Sequence[Look], chain: Chain[int]) -> Moment:
        """When it was last found missing."""
        lacking = (look for look in window if look.status == COMPLETE and chain.shown(look) is None)
        return next(map(moment, lacking), _NEVER)

    def _changed(self, oldest: Moment, chain: Chain[int], value: Callable[[int], JSON]) -> Moment:
        """When it was first seen as what it is now."""
        if len({bid for bid in chain.values if bid is not None}) < 2:
            return _NEVER
        newer: tuple[Look, JSON] | None = None
        for look in self._looks:
            bid = chain.shown(look)
            now = None if bid is None else value(bid)
            if now is None:
                continue
            if newer is not None and newer[1] != now:
                return moment(newer[0])
            if moment(look) < oldest:
                break
            newer = (look, now)
        return _NEVER


class _Incarnation:
    """The declared value in listing bodies, by bid. The path begins with the listing's own facet name."""

    def __init__(self, backend: Backend, path: str) -> None:
        self._bodies, self._path = Bodies(backend.select), path.split(".")[1:]
        self._known: dict[int, JSON] = {}

    def __call__(self, bid: int) -> JSON:
        if bid not in self._known:
            value = decode(self._bodies.one(bid))
            for part in self._path:
                value = value.get(part) if isinstance(value, dict) else None
            self._known[bid] = value
        return self._known[bid]


class Detail:
    """What is known of one facet of a population: the newest look that speaks of all of it, and newer supplements."""

    def __init__(self, backend: Backend, lid: int, looks: Iterable[Look], entry: EntryOf) -> None:
        self.lid = lid
        self.base: Look | None = None
        self.why = UNOBSERVED
        newer: list[Look] = []
        for look in looks:
            if look.status != SUPPLEMENT:
                self.base = look
                self.why = entry(look).refusal() or UNOBSERVED
                break
            newer.append(look)
        self.run = self.base.run if self.base is not None and self.base.shows else 0
        self.at = moment(self.base) if self.base is not None and self.base.shows else None
        self.carried: dict[int, tuple[Moment, int]] = {}  # rid → when, bid
        by_run = {look.run: look for look in newer}
        for rid, run, bid in chunked(backend, _WRITTEN, (lid,), by_run):
            found = (moment(by_run[run]), bid)
            if bid is not None and found > self.carried.get(rid, (_NEVER, 0)):
                self.carried[rid] = found
        self.oldest = min((m for m in (self.at, *map(moment, newer)) if m is not None), default=None)


def _chains(rows: Iterable[tuple[int, ...]]) -> Iterator[tuple[int, Chain[int]]]:
    """Each resource's chain, of rows (rid, run, bid) sorted by these."""
    current, versions = -1, list[tuple[int, int | None]]()
    for rid, run, bid in rows:
        if rid != current and versions:
            yield current, Chain(versions)
            versions = []
        current = rid
        versions.append((run, bid))
    if versions:
        yield current, Chain(versions)


def resources(
    backend: Backend, scope: str, type: str, listing: Listing, details: Mapping[str, Detail | None], id: str | None
) -> Iterator[Resource]:
    """Each resource of a population (or the one called `id`), by id. A facet whose Detail is None was never read."""
    known = {facet: detail for facet, detail in details.items() if detail is not None}
    read = [(facet, detail) for facet, detail in known.items() if detail.run]
    lines = [(listing.lid, listing.newest.run if listing.newest.shows else 0), *((d.lid, d.run) for _, d in read)]
    names = [f"b{number}" for number in range(len(lines))]
    sql = (
        f"SELECT r.rid, r.native_id, {', '.join(map(columns, names))} FROM resource r "  # noqa: S608 — parts of ours
        + " ".join(f"LEFT JOIN {_BODY.format(name)} {joined(name)}" for name in names)
        + " WHERE r.scope = ? AND r.type = ?"
        + (" AND r.native_id = ?" if id is not None else "")
        + " ORDER BY r.native_id"
    )
    parameters = [*(value for pair in lines for value in pair), scope, type, *([] if id is None else [id])]
    oldest = min((detail.oldest for detail in known.values() if detail.oldest), default=None)
    limits = listing.limits(oldest) if oldest and listing.newest.shows else {}
    carried = _carried(backend, known)
    hidden = listing.hidden()
    missing = {facet: UNOBSERVED if detail is None else detail.why for facet, detail in details.items()}
    unseen = {"": listing.why, **dict.fromkeys(details, listing.why)}
    body = Bodies(backend.select).read
    for rid, native_id, *stored in backend.select(sql, parameters):
        if stored[1] is None:
            if hidden(rid):
                yield Resource(scope, type, native_id, dict(unseen))
            continue
        facets = {"": decode(body(*stored[:WIDTH])), **missing}
        place = 0
        for facet, detail in read:
            place += WIDTH
            if stored[place + 1] is not None:
                counts = rid not in limits or _counts(detail.at, limits[rid])
                facets[facet] = decode(body(*stored[place : place + WIDTH])) if counts else UNOBSERVED
        for facet, when, value in carried.get(rid, ()):
            facets[facet] = value if rid not in limits or _counts(when, limits[rid]) else UNOBSERVED
        yield Resource(scope, type, native_id, facets)


def _counts(at: Moment | None, limit: tuple[Moment, Moment]) -> bool:
    return at is not None and at > limit[0] and at >= limit[1]


def _carried(backend: Backend, details: Mapping[str, Detail]) -> Mapping[int, list[tuple[str, Moment, JSON | Unknown]]]:
    """What supplements say, by resource."""
    bids = {bid for detail in details.values() for _, bid in detail.carried.values()}
    body = Bodies(backend.select).read
    bodies = {row[0]: body(*row[1:]) for row in chunked(backend, _STORED, (), bids)}
    found: dict[int, list[tuple[str, Moment, JSON | Unknown]]] = {}
    for facet, detail in details.items():
        for rid, (when, bid) in detail.carried.items():
            found.setdefault(rid, []).append((facet, when, decode(bodies[bid])))
    return found
