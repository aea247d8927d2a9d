"""Verifying one line: its rows, played again record by record, and the facts that they come to."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, ClassVar

from annexlog.evidence_store import chains, layout
from annexlog.evidence_store.backend import Row, Snapshot
from annexlog.evidence_store.disposal import GONE
from annexlog.evidence_store.findings import named
from annexlog.evidence_store.merkle import Ordered, root
from annexlog.evidence_store.model import Line, Status
from annexlog.evidence_store.schema import STATUSES
from annexlog.evidence_store.timeline import Standing, stands
from annexlog.evidence_store.verify_log import Fact, Start

Note = Callable[[str, str, str], None]
"""Takes a finding: table, key, what."""

_SWEEPS = "SELECT seq, run, at, start, status FROM sweep WHERE lid = ? AND seq > ? ORDER BY seq"
_NEWEST = "SELECT at FROM sweep WHERE lid = ? AND seq <= ? ORDER BY at DESC LIMIT 1"
_LATE = "SELECT seq FROM late WHERE lid = ? AND seq > ? ORDER BY seq"
_TALLIES = "SELECT run, pass, fail, unknown, na FROM tally WHERE lid = ? AND run > ? ORDER BY run"
_TALLY = "SELECT pass, fail, unknown, na FROM tally WHERE lid = ? AND run <= ? ORDER BY run DESC LIMIT 1"
_ROWS = "SELECT v.run, v.rid, {} FROM {} v {}WHERE v.lid = ? AND v.run > ? ORDER BY v.run, v.rid"
_STANDING = (
    "SELECT v.run, v.rid, {0} FROM (SELECT lid, rid, max(run) AS run FROM {1} WHERE lid = ? AND run <= ? "
    "GROUP BY lid, rid) g JOIN {1} v ON v.lid = g.lid AND v.rid = g.rid AND v.run = g.run {2}"
)
_OPENINGS = (
    "SELECT m.rid, r.cid, o.salt FROM member m LEFT JOIN resource r ON r.rid = m.rid "
    "LEFT JOIN opening o ON o.rid = m.rid WHERE m.lid = ?"
)
_OPENING = "SELECT r.cid, o.salt FROM resource r LEFT JOIN opening o ON o.rid = r.rid WHERE r.rid = ?"
_ERASED = "SELECT run, rid, leaf FROM erased WHERE lid = ?"
_LEAVES = 200_000
"""Leaves that are kept, for outcomes that come again."""
_COUNTED = (Status.PASS, Status.FAIL, Status.UNKNOWN, Status.NOT_APPLICABLE)


GONE_SHA256 = layout.sha256(GONE)


class _Changes:
    """Rows in the order of records, handed out record by record."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._groups = groupby(rows, key=lambda row: row[0] if isinstance(row[0], int) else -1)
        self._next = next(self._groups, None)

    @property
    def none(self) -> bool:
        """Whether there are none left."""
        return self._next is None

    def of(self, run: int | None, stray: Callable[[Any], None]) -> list[Row]:
        """Those of one `run` (None: of none); `stray` takes each that is passed over."""
        while self._next is not None and (run is None or self._next[0] < run):
            stray(self._next[0])
            self._next = next(self._groups, None)
        if self._next is None or self._next[0] != run:
            return []
        rows = list(self._next[1])
        self._next = next(self._groups, None)
        return rows


class _Openings(dict[Any, tuple[Any, Any]]):
    """(cid, salt) of each resource, by rid: the line's members at once, any other when it is met."""

    def __init__(self, snapshot: Snapshot, lid: int) -> None:
        super().__init__((rid, (cid, salt)) for rid, cid, salt in snapshot.select(_OPENINGS, (lid,)))
        self._snapshot = snapshot

    def __missing__(self, rid: Any) -> tuple[Any, Any]:
        cid, salt = next(self._snapshot.select(_OPENING, (rid,)), (None, None))
        self[rid] = cid, salt
        return cid, salt


class History(ABC):
    """A line's sweeps and changes. `note` takes what no history could be; rows of arbitrary bytes may raise BROKEN."""

    table: ClassVar[str]
    rows: ClassVar[str]
    standing: ClassVar[str]

    def __init__(self, snapshot: Snapshot, lid: int, line: Line, note: Note, start: Start) -> None:
        self._snapshot, self._lid, self._line, self._note, self._start = snapshot, lid, line, note, start
        self._still: tuple[int, bytes] | None = None  # how much there is, and its root, where nothing changed since
        self._values: dict[Any, Any] = {}  # by rid
        self._leaf = layout.leaves(line.facet)
        self._openings: Mapping[Any, tuple[Any, Any]] = {}
        self._tree = Ordered()  # by cid
        self._kept: dict[tuple[Any, Any], bytes] = {}  # by run and rid, until they are met
        self._changed = start.changed  # the last record that did
        self._run = max(start.run, 0)

    def facts(self) -> Iterator[Fact]:
        """What the rows come to after each record since the start that looked at the line."""
        self._kept = self._erased()
        changes = _Changes(self._snapshot.select(self.rows, (self._lid, self._start.run)))
        if changes.none and self._start.seq:
            self._still = self._start.n, self._start.root
        else:
            self._openings = _Openings(self._snapshot, self._lid)
            self._begin()
        late, newest = [], next(self._snapshot.select(_NEWEST, (self._lid, self._start.seq)), (-1,))[0]
        for row in self._snapshot.select(_SWEEPS, (self._lid, self._start.seq)):
            seq, run, end, start, status = row
            if not all(isinstance(part, int) for part in row) or not 0 <= status < len(STATUSES):
                self._say(seq, f"{row[1:]} is no sweep", "sweep")
                continue
            if run <= self._run:
                self._say(seq, f"its run is {run}, after {self._run}", "sweep")
            self._run = run
            if end < newest:
                late.append((seq,))
            newest = max(newest, end)
            rows = changes.of(run, self._stray)
            yield self._step(Fact(seq, STATUSES[status], start, end, None, None, None, self._changed), rows)
        changes.of(None, self._stray)
        self._same("late", _LATE, self._start.seq, late)
        for run, rid in self._kept:
            if run > self._start.run:
                self._say(run, f"is the leaf of no row of resource {rid}", "erased")
        self._finish()

    @abstractmethod
    def _step(self, fact: Fact, rows: Sequence[Row]) -> Fact:
        """Take in one sweep of the line and the rows that it wrote; what was learnt of it."""

    @abstractmethod
    def _finish(self) -> None:
        """Check what holds of the whole line."""

    def _say(self, seq: Any, what: str, table: str | None = None) -> None:
        self._note(table or self.table, f"{named(self._line)}, record {seq}", what)

    def _stray(self, seq: Any) -> None:
        self._say(seq, "has rows, but no sweep of the line")

    def _begin(self) -> None:
        """Take in what stood at the start, and check that it is what the record there commits to."""
        if not self._start.seq:
            return
        self._tree = Ordered(self._stood(self._snapshot.select(self.standing, (self._lid, self._start.run))))
        if self._whole() != (self._start.n, self._start.root):
            self._say(self._start.seq, "what stood then is not what the record commits to")

    @abstractmethod
    def _stood(self, rows: Iterable[Row]) -> Iterator[tuple[bytes, bytes]]:
        """(cid, leaf) of each of these rows that says that there was something."""

    def _whole(self) -> tuple[int, bytes]:
        """How much there is, and its root."""
        return self._still or (len(self._values), self._tree.root())

    def _same(self, table: str, sql: str, after: int, wanted: Sequence[Row]) -> None:
        """The rows of a derived table are these."""
        found = list(self._snapshot.select(sql, (self._lid, after)))
        known, there = set(wanted), set(found)
        for row in found:
            if row not in known:
                self._say(row[0], f"{row[1:] or 'it'} is not what the other tables come to", table)
        for row in wanted:
            if row not in there:
                self._say(row[0], f"{row[1:] or 'it'} is missing", table)

    def _none(self, *tables: str) -> None:
        for table in tables:
            for (run,) in self._snapshot.select(f"SELECT run FROM {table} WHERE lid = ? LIMIT 1", (self._lid,)):  # noqa: S608 — names of ours
                self._say(run, "has rows that cannot be of such a line", table)

    def _erased(self) -> dict[tuple[Any, Any], bytes]:
        """By run and rid, the leaves of what was disposed of."""
        rows = self._snapshot.select(_ERASED, (self._lid,))
        return {(run, rid): leaf for run, rid, leaf in rows if isinstance(leaf, bytes)}

    def _named(self, seq: int, rid: Any) -> bytes | None:
        """The resource's cid, where its salt is not needed."""
        cid, _ = self._openings[rid]
        if isinstance(cid, bytes):
            return cid
        self._say(seq, f"there is no resource {rid}")
        return None

    def _opened(self, seq: int, rid: Any) -> tuple[bytes, bytes] | None:
        """The resource's cid and salt, if it has them."""
        cid, salt = self._openings[rid]
        if isinstance(cid, bytes) and isinstance(salt, bytes):
            return cid, salt
        self._say(seq, f"there is no resource {rid} with an opening")
        return None


class Versions(History):
    """The history of a line of evidence."""

    table = "version"
    rows = _ROWS.format("v.bid, b.sha256", "version", "LEFT JOIN blob b ON b.bid = v.bid ")
    standing = _STANDING.format("v.bid, b.sha256", "version", "LEFT JOIN blob b ON b.bid = v.bid")

    def __init__(self, snapshot: Snapshot, lid: int, line: Line, note: Note, start: Start) -> None:
        super().__init__(snapshot, lid, line, note, start)
        self._chain = (start.n, start.root) if start.seq else None

    def _stood(self, rows: Iterable[Row]) -> Iterator[tuple[bytes, bytes]]:
        for run, rid, bid, found in rows:
            made = None if bid is None else self._of_version(run, run, rid, found)
            if made is not None:
                self._values[rid] = made[1]
                yield made

    def _step(self, fact: Fact, rows: Sequence[Row]) -> Fact:
        if fact.status not in layout.SEEN:
            if rows:
                self._say(fact.seq, f"a sweep that was {fact.status} has versions")
            return fact._replace(chain=self._chain)
        supplement = fact.status == "supplement"
        moved, leaves = self._take(fact.seq, rows, supplement=supplement)
        self._tree.update(leaves)
        if rows:
            self._changed = fact.seq
        if not supplement:
            n, top = self._chain = self._whole()
        else:
            n, top = len(leaves), root([leaf for _, leaf in sorted(leaves.items()) if leaf is not None])
            self._chain = None if moved else self._chain
        return fact._replace(n=n, root=top, chain=self._chain, changed=self._changed)

    def _take(self, seq: int, rows: Sequence[Row], *, supplement: bool) -> tuple[bool, dict[bytes, bytes | None]]:
        """Whether anything changed, and the leaves of these rows by cid (None: not there any more)."""
        moved = False
        leaves: dict[bytes, bytes | None] = {}
        for run, rid, bid, found in rows:
            if bid is None:
                cid = self._named(seq, rid)
                if cid is None:
                    continue
                if supplement or self._values.pop(rid, None) is None:
                    self._say(seq, f"resource {rid} ends that was not there")
                moved, leaves[cid] = True, None
                continue
            made = self._of_version(seq, run, rid, found)
            if made is None:
                continue
            cid, leaf = made
            if self._values.get(rid) != leaf:
                moved = True
            elif not supplement:
                self._say(seq, f"resource {rid} says again what it said before")
            self._values[rid] = leaves[cid] = leaf
        return moved, leaves

    def _of_version(self, seq: int, run: int, rid: Any, digest: Any) -> tuple[bytes, bytes] | None:
        """The cid and the leaf of a version, made of its body's digest, or kept since its body was disposed of."""
        kept = self._kept.pop((run, rid), None)
        if kept is not None:
            cid = self._named(seq, rid)
            if digest != GONE_SHA256:
                self._say(seq, f"resource {rid} has a body, and the leaf of one that was disposed of", "erased")
            return None if cid is None else (cid, kept)
        if digest == GONE_SHA256:
            self._say(seq, f"resource {rid} has no body, and not the leaf of one that was disposed of")
        opened = self._opened(seq, rid)
        return (
            None if opened is None else (opened[0], self._leaf(*opened, digest if isinstance(digest, bytes) else b""))
        )

    def _finish(self) -> None:
        self._none("outcome", "tally")


class Outcomes(History):
    """The history of a line of outcomes. `digest(status, bid of the reason)`: that of the outcome's body."""

    table = "outcome"
    rows = _ROWS.format("v.status, v.reason, v.cause, v.began", "outcome", "")
    standing = _STANDING.format("v.status, v.reason, coalesce(v.began, v.run)", "outcome", "")

    def __init__(
        self,
        snapshot: Snapshot,
        lid: int,
        line: Line,
        note: Note,
        start: Start,
        digest: Callable[[str, int | None], bytes],
    ) -> None:
        super().__init__(snapshot, lid, line, note, start)
        self._digest = digest
        self._leaves: dict[tuple[Any, bytes], bytes] = {}  # by rid and digest
        self._standing: dict[Any, Standing] = {}  # by rid
        self._of: Counter[str] = Counter()
        self._tallies: list[tuple[int, ...]] = []
        if start.counts is not None:
            self._of.update(dict(zip(_COUNTED, start.counts, strict=True)))
            self._tallies.append((start.run, *start.counts))

    def _stood(self, rows: Iterable[Row]) -> Iterator[tuple[bytes, bytes]]:
        for run, rid, status, reason, began in rows:
            if status is not None:
                self._standing[rid] = Standing(status, began, None if status == Status.UNKNOWN else (status, began))
            kept = self._kept.pop((run, rid), None)
            cid = self._salted(run, rid) if kept is None else self._named(run, rid)
            if status is not None and cid is not None:
                self._values[rid] = (status, reason)
                yield cid, kept or self._leaf(cid, self._openings[rid][1], self._digest(status, reason))

    def _begin(self) -> None:
        super()._begin()
        unknown = [rid for rid, standing in self._standing.items() if standing.known is None]
        for rid, known in chains.known(self._snapshot, self._lid, unknown, self._start.run).items():
            self._standing[rid] = self._standing[rid]._replace(known=known)

    def _step(self, fact: Fact, rows: Sequence[Row]) -> Fact:
        leaves, causes = self._take(fact.seq, rows)
        self._tree.update(leaves)
        if rows:
            self._changed = fact.seq
        n, top = self._whole()
        passed, failed, unknown, na = counts = tuple(self._of[status] for status in _COUNTED)
        if not self._tallies or self._tallies[-1][1:] != counts:
            self._tallies.append((self._run, *counts))
        return fact._replace(
            n=n,
            root=top,
            chain=(n, top),
            changed=self._changed,
            counts=(passed, failed, unknown, na),
            causes=layout.causes_sha256(causes),
        )

    def _take(self, seq: int, rows: Sequence[Row]) -> tuple[Mapping[bytes, bytes | None], Mapping[bytes, str]]:
        """The leaves of these rows by cid (None: no outcome any more), and the causes."""
        leaves: dict[bytes, bytes | None] = {}
        causes: dict[bytes, str] = {}
        for run, rid, status, reason, cause, began in rows:
            self._since(seq, run, rid, status, began)
            kept = self._kept.pop((run, rid), None)
            cid = self._named(seq, rid) if kept is not None or status is None else self._salted(seq, rid)
            if cid is None:
                continue
            before: tuple[str, int | None] | None = self._values.pop(rid, None)
            now = None if status is None else (status, reason)
            if before == now or (status is None and reason is not None):
                self._say(seq, f"resource {rid} has a row that changes nothing")
            if before is not None:
                self._of[before[0]] -= 1
            leaves[cid] = None
            if now is not None:
                self._values[rid] = now
                self._of[now[0]] += 1
                leaves[cid] = kept or self._judged(rid, cid, self._openings[rid][1], self._digest(*now))
            if cause is not None:
                causes[cid] = cause
        return leaves, causes

    def _since(self, seq: int, run: int, rid: Any, status: str | None, began: Any) -> None:
        """Check since when a row says that its status stands."""
        standing = stands(self._standing.pop(rid, None), status, run)
        if standing is not None:
            self._standing[rid] = standing
        if began != (None if standing is None or standing.began == run else standing.began):
            self._say(seq, f"the status of resource {rid} does not stand since run {began}")

    def _salted(self, seq: int, rid: Any) -> bytes | None:
        opened = self._opened(seq, rid)
        return None if opened is None else opened[0]

    def _judged(self, rid: Any, cid: bytes, salt: bytes, digest: bytes) -> bytes:
        """The leaf of an outcome; most outcomes were there before."""
        known = self._leaves.get((rid, digest))
        if known is None:
            if len(self._leaves) >= _LEAVES:
                self._leaves.clear()
            known = self._leaves[rid, digest] = self._leaf(cid, salt, digest)
        return known

    def _finish(self) -> None:
        counts = self._start.counts
        if counts is not None and next(self._snapshot.select(_TALLY, (self._lid, self._start.run)), None) != counts:
            self._say(self._start.seq, "is not what the record there says", "tally")
        self._same("tally", _TALLIES, self._start.run, self._tallies[counts is not None :])
        self._none("version")
