"""Dispose of evidence: bodies, salts and names go for good; leaves stay, so that every proof still holds.

A version whose body is gone has the body `GONE` instead (an Unknown with the reason `disposed`), and its leaf in the
table `erased`; so has an outcome whose resource lost its salt. A resource that lost its name is called after its cid.
Each disposal is a record of kind `dispose`: its line (org, disposal, "") holds all disposals so far, each with

    rule, reason, by, at   by which rule, why, by whom, when
    versions, outcomes     how many rows lost their body, or the salt of their leaf
    names                  cids of the resources that lost their name and salt
    what                   [[scope, type, facet, [[cid, [seq, …]], …]], …]: of which records, by commitments alone

The record and what it says are one transaction. What a change of the database leaves in the file is overwritten as it
is freed (SQLite's secure_delete), and the file is then rewritten (VACUUM).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import orjson

from annexlog.evidence_store import chains, layout, lines, retention
from annexlog.evidence_store.backend import Backend
from annexlog.evidence_store.bodies import Bodies
from annexlog.evidence_store.holds import Hold, holds
from annexlog.evidence_store.model import (
    JSON,
    ORG,
    Coverage,
    Line,
    Millis,
    StoreError,
    Sweep,
    Unknown,
    decode,
    encode,
    iso,
)
from annexlog.evidence_store.pressing import alone
from annexlog.evidence_store.recording import About, Recording
from annexlog.evidence_store.retention import Row
from annexlog.evidence_store.spool import Spool
from annexlog.evidence_store.store import Store

DISPOSALS = Line(ORG, "disposal")
GONE = encode(Unknown("disposed"))
"""The body of what has none any more."""
ERASED = "erased:"
"""What the names of resources begin with that lost theirs; the cid follows."""

_RESOURCES = "SELECT rid, scope, type, native_id, cid FROM resource WHERE rid IN ({})"
_NAMED = "SELECT rid, scope, type FROM resource WHERE native_id = ?"
_GONE = "SELECT bid FROM blob WHERE substr(sha256, 1, 6) = ? AND sha256 = ?"
_OF_RESOURCE = (
    "SELECT v.lid, v.rid, v.run FROM version v WHERE v.rid = ? AND v.lid = ? AND v.bid IS NOT NULL AND v.bid <> ?"
)
_LINES_OF = (
    "SELECT m.lid FROM member m WHERE m.rid = ? AND m.lid IN (SELECT lid FROM line WHERE scope = ? AND type = ?)"
)
_LEFT = "SELECT count(*) FROM version WHERE rid = ? AND lid = ? AND bid IS NOT NULL AND bid <> ?"
_VERDICTS = "SELECT o.run, o.status, o.reason FROM outcome o WHERE o.lid = ? AND o.rid = ? AND o.status IS NOT NULL"
_LEAF = """SELECT r.cid, o.salt, b.sha256, v.bid FROM version v JOIN resource r ON r.rid = v.rid
    JOIN opening o ON o.rid = v.rid JOIN blob b ON b.bid = v.bid WHERE v.lid = ? AND v.rid = ? AND v.run = ?"""
_OPENING = "SELECT r.cid, o.salt FROM resource r JOIN opening o ON o.rid = r.rid WHERE r.rid = ?"
_ERASED = "SELECT run FROM erased WHERE lid = ? AND rid = ?"


def placeholder(cid: bytes) -> str:
    """What a resource is called that has lost its name."""
    return f"{ERASED}{cid.hex()}"


@dataclass(frozen=True, slots=True)
class Asked:
    """A disposal that is wanted, by `rule` ("age" or "erasure"), for a reason, by somebody."""

    rule: str
    reason: str
    by: str
    now: Millis


@dataclass(slots=True)
class Plan:
    """What a disposal takes. `names`: resources that lose name and salt. `held`: versions that each hold keeps."""

    versions: list[Row] = field(default_factory=list)
    names: list[int] = field(default_factory=list)
    held: dict[str, int] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.versions or self.names)


@dataclass(frozen=True, slots=True)
class Disposed:
    """`seq`: the record that says so. `bodies`: how many were not needed by anything else, and are gone."""

    seq: int
    versions: int
    outcomes: int
    names: int
    bodies: int


Planned = Callable[[Store], Plan]


# ── what is to go ─────────────────────────────────────────────────────────────────────────


def by_age(store: Store, classes: Mapping[str, str], now: Millis) -> Plan:
    """Everything that was superseded longer ago than it is to be kept (see `retention`), but for what is held."""
    plan, gone, active = Plan(), _gone(store.backend), holds(store)
    for lid, line in retention.lines(store.backend):
        until = retention.before(now, retention.class_of(line, classes))
        rows = list(retention.superseded(store.backend, lid, None, until, gone))
        ids = _ids(store.backend, {row.rid for row in rows}) if active else {}
        for row in rows:
            hold = _hold(active, line, ids.get(row.rid))
            if hold is None:
                plan.versions.append(row)
            else:
                plan.held[hold.name] = plan.held.get(hold.name, 0) + 1
    plan.names = list(_nameless(store.backend, plan.versions, gone))
    return plan


def of_resource(
    store: Store, id: str, *, scope: str | None = None, type: str | None = None, until: Millis | None = None
) -> Plan:
    """All that is known of a resource; `until`: only what was superseded by then, and not its name.

    Raises StoreError: there is none of this name, it is not the estate's, or a hold covers it.
    """
    backend, plan, gone = store.backend, Plan(), _gone(store.backend)
    found = [
        (rid, of, kind)
        for rid, of, kind in backend.select(_NAMED, (id,))
        if scope in (None, of) and type in (None, kind) and retention.evidence(Line(of, kind))
    ]
    if not found:
        raise StoreError("no resource of the estate has this id.", where=id, next="See: annexlog population --help")
    active = holds(store)
    for rid, of, kind in found:
        hold = _hold(active, Line(of, kind), id)
        if hold is not None:
            raise StoreError(
                f"the hold {hold.name} covers it ({hold.reason}); nothing was erased.",
                where=id,
                next="When it is over: annexlog store hold release",
            )
        for (lid,) in list(backend.select(_LINES_OF, (rid, of, kind))):
            if until is None:
                plan.versions += (Row(*row) for row in backend.select(_OF_RESOURCE, (rid, lid, gone)))
            else:
                plan.versions += retention.superseded(backend, lid, rid, until, gone)
    plan.names = [] if until is not None else [rid for rid, _, _ in found]
    return plan


def _hold(active: Iterable[Hold], line: Line, id: str | None) -> Hold | None:
    return next((hold for hold in active if hold.covers(line, id)), None)


def _ids(backend: Backend, rids: Collection[int]) -> Mapping[int, str]:
    return {row[0]: row[3] for row in chains.chunked(backend, _RESOURCES, (), rids)}


def _nameless(backend: Backend, versions: Iterable[Row], gone: int) -> Iterator[int]:
    """The resources of which nothing is left once these versions are gone."""
    going: dict[int, dict[int, int]] = {}
    for row in versions:
        of = going.setdefault(row.rid, {})
        of[row.lid] = of.get(row.lid, 0) + 1
    for rid, scope, type, *_ in chains.chunked(backend, _RESOURCES, (), list(going)):
        lids = [lid for (lid,) in backend.select(_LINES_OF, (rid, scope, type))]
        left = (next(backend.select(_LEFT, (rid, lid, gone)))[0] - going[rid].get(lid, 0) for lid in lids)
        if not any(left):
            yield rid


def _gone(backend: Backend) -> int:
    """The bid of `GONE`; 0 if nothing was ever disposed of."""
    digest = layout.sha256(GONE)
    bid: int = next(backend.select(_GONE, (digest[:6], digest)), (0,))[0]
    return bid


# ── and how it goes ───────────────────────────────────────────────────────────────────────


class _Nothing(Exception):
    """There is nothing to dispose of."""


def dispose(store: Store, asked: Asked, planned: Planned, *, rebuild: bool = False) -> Disposed | None:
    """Dispose of what `planned` says once nobody else writes; None if that is nothing.

    `rebuild`: dictionaries that bodies of these kinds were pressed with go as well: they hold parts of bodies.
    Interrupted, either all of it is recorded and gone or nothing is. Raises StoreBusy, StoreFull, StoreError.
    """
    done: list[Disposed] = []
    key = f"dispose/{iso(asked.now)}/{os.urandom(8).hex()}"
    about = About("dispose", key, store.writer)

    def write(recording: Recording) -> None:
        plan = planned(store)
        if not plan:
            raise _Nothing
        work = _Disposing(store.backend, plan, recording)
        with store.spool() as spool:
            for id, body in _before(store.backend):
                spool.add(DISPOSALS, id, orjson.loads(body))
            spool.add(DISPOSALS, key, work.told(asked))
            _sweep(recording, spool, asked)
        bodies = work.run(rebuild=rebuild)
        done.append(Disposed(0, len(plan.versions), len(work.outcomes), len(plan.names), bodies))

    with store.exclusive():
        try:
            seq = store.write(about, [DISPOSALS], write, asked.now)
        except _Nothing:
            return None
    store.forget()
    (made,) = done[-1:]
    return Disposed(seq, made.versions, made.outcomes, made.names, made.bodies)


def _before(backend: Backend) -> Iterator[tuple[str, bytes]]:
    lid = lines.lid(backend, DISPOSALS)
    rows = () if lid is None else chains.bodies(backend, lid, chains.ALL)
    return ((id, body) for _, id, body in rows)


def _sweep(recording: Recording, spool: Spool, asked: Asked) -> None:
    recording.sweep(Sweep(DISPOSALS, Coverage.COMPLETE, asked.now, asked.now), spool)


class _Disposing:
    """One disposal in the transaction that records it."""

    def __init__(self, backend: Backend, plan: Plan, recording: Recording) -> None:
        self._backend, self._plan, self._recording = backend, plan, recording
        self._lines: dict[int, Line] = {
            lid: Line(*names) for lid, *names in backend.select("SELECT lid, scope, type, facet FROM line")
        }
        self._cids: dict[int, bytes] = {}
        self._bids: set[int] = set()
        self.outcomes: list[Row] = []
        self._erased: list[tuple[int, int, int, bytes]] = [*self._of_versions(), *self._of_outcomes()]

    def _of_versions(self) -> Iterator[tuple[int, int, int, bytes]]:
        for row in sorted(self._plan.versions):
            cid, salt, digest, bid = next(self._backend.select(_LEAF, row))
            self._cids[row.rid] = cid
            self._bids.add(bid)
            yield row.lid, row.rid, row.run, layout.leaf(cid, salt, self._lines[row.lid].facet, digest)

    def _of_outcomes(self) -> Iterator[tuple[int, int, int, bytes]]:
        """Of resources that lose their salt, without which the leaves of outcomes cannot be made again."""
        read = Bodies(self._backend.select)
        for rid in sorted(self._plan.names):
            cid, salt = next(self._backend.select(_OPENING, (rid,)))
            self._cids[rid] = cid
            for (lid,) in list(self._backend.select("SELECT lid FROM member WHERE rid = ?", (rid,))):
                for run, status, reason in list(self._backend.select(_VERDICTS, (lid, rid))):
                    why = None if reason is None else decode(read.one(reason))
                    body = layout.outcome_body(status, why if isinstance(why, Unknown) else None)
                    self.outcomes.append(Row(lid, rid, run))
                    yield lid, rid, run, layout.leaf(cid, salt, self._lines[lid].facet, layout.sha256(body))

    def told(self, asked: Asked) -> JSON:
        """What the record says of it."""
        seqs: dict[int, int] = dict(self._backend.select("SELECT run, seq FROM run"))
        what = []
        rows = sorted((self._lines[lid], self._cids[rid].hex(), seqs[run]) for lid, rid, run, _ in self._erased)
        for line, of_line in groupby(rows, key=lambda row: row[0]):
            cids = groupby(of_line, key=lambda row: row[1])
            what.append([*line, [[cid, [seq for _, _, seq in some]] for cid, some in cids]])
        return {
            "rule": asked.rule,
            "reason": asked.reason,
            "by": asked.by,
            "at": iso(asked.now),
            "versions": len(self._plan.versions),
            "outcomes": len(self.outcomes),
            "names": sorted(self._cids[rid].hex() for rid in self._plan.names),
            "what": what,
        }

    def run(self, *, rebuild: bool) -> int:
        """Take it out of the tables; returns how many bodies are gone."""
        backend = self._backend
        gone = [*self._recording.press.keep([(layout.sha256(GONE), GONE)] if self._plan.versions else [])]
        backend.append("erased", sorted(self._erased))
        kinds = {f"{self._lines[row.lid].type}/{self._lines[row.lid].facet}" for row in self._plan.versions}
        with backend.disposing() as change:
            change(
                "UPDATE version SET bid = ? WHERE lid = ? AND rid = ? AND run = ?",
                ((*gone, *row) for row in self._plan.versions),
            )
            names = [(placeholder(self._cids[rid]), rid) for rid in self._plan.names]
            change("UPDATE resource SET native_id = ? WHERE rid = ?", names)
            change("DELETE FROM opening WHERE rid = ?", ((rid,) for rid in self._plan.names))
            doomed = self._unused()
            dictionaries = self._dictionaries(kinds) if rebuild else set()
            self._stand_alone(change, doomed, dictionaries)
            change("DELETE FROM blob WHERE bid = ?", ((bid,) for bid in sorted(doomed)))
            unused = backend.select("SELECT did FROM dictionary EXCEPT SELECT did FROM blob")
            change("DELETE FROM dictionary WHERE did = ?", list(unused))
        return len(doomed)

    def _unused(self) -> set[int]:
        """The bodies among those taken out that nothing else has."""
        doomed = set(self._bids)
        for sql in ("SELECT DISTINCT bid FROM version", "SELECT DISTINCT reason FROM outcome"):
            doomed.difference_update(row[0] for row in self._backend.select(sql))
        return doomed

    def _dictionaries(self, kinds: Collection[str]) -> set[int]:
        return {did for did, kind in self._backend.select("SELECT did, type FROM dictionary") if kind in kinds}

    def _stand_alone(self, change: Any, doomed: Collection[int], dictionaries: Collection[int]) -> None:
        """Store anew, by themselves, the bodies that could not be read any more without what goes."""
        read = Bodies(self._backend.select)
        rows = list(
            self._backend.select("SELECT bid, base_bid, did FROM blob WHERE base_bid IS NOT NULL OR did IS NOT NULL")
        )
        based = [bid for bid, base, did in rows if bid not in doomed and (base in doomed or did in dictionaries)]
        for bid in based:
            did, base, _, z = alone(read.one(bid))
            change("UPDATE blob SET did = ?, base_bid = ?, z = ? WHERE bid = ?", [(did, base, z, bid)])
