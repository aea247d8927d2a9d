"""Verifying what came after a checkpoint: all before it counts as checked when it was signed.

Of the records before it only the bytes are read, to see that they are those that it signs. From there on records are
checked as ever, and so are the lines that they changed: what stood in each at the checkpoint comes to the root that its
record commits to, and every change since is played on top of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from annexlog.evidence_store import layout
from annexlog.evidence_store.backend import Snapshot
from annexlog.evidence_store.checkpoint import Checkpoint
from annexlog.evidence_store.findings import Findings, named
from annexlog.evidence_store.keyring import announced
from annexlog.evidence_store.keys import Verifier
from annexlog.evidence_store.layout import Record
from annexlog.evidence_store.manifest import Entry
from annexlog.evidence_store.merkle import root
from annexlog.evidence_store.model import Line
from annexlog.evidence_store.schema import COMPLETE, PARTIAL, SUPPLEMENT
from annexlog.evidence_store.verdicts import PREFIX
from annexlog.evidence_store.verify_bodies import BodyCheck
from annexlog.evidence_store.verify_log import DEFINITIONS, Head, LogCheck, Start, read_manifest

GIVEN = "checkpoint since"
"""The `table` of findings about the checkpoint since which is checked."""

_RECORDS = "SELECT seq, run, recorded, record FROM run WHERE seq <= ? ORDER BY seq"
_ONE = "SELECT record, manifest FROM run WHERE seq = ?"
_NEWEST = "(SELECT s.{} FROM sweep s WHERE s.lid = l.lid AND s.seq <= ? ORDER BY s.at DESC, s.seq DESC LIMIT 1)"
_HEADS = (
    f"SELECT l.scope, l.type, l.facet, {_NEWEST.format('at')}, {_NEWEST.format('seq')}, "  # noqa: S608 — names of ours
    "(SELECT max(t.seq) FROM late t WHERE t.lid = l.lid AND t.seq <= ?) FROM line l"
)
_WHOLE = "SELECT seq, run FROM sweep WHERE lid = ? AND seq <= ? AND status IN (?, ?) ORDER BY {} LIMIT 1"
_LATE = "SELECT 1 FROM late WHERE lid = ? AND seq <= ? LIMIT 1"
_STANDING = (
    "SELECT s.at, s.seq FROM sweep s JOIN line l ON l.lid = s.lid WHERE l.scope = ? AND l.type = ? AND l.facet = ? "
    "AND s.at <= ? AND s.seq <= ? AND s.status <> ? ORDER BY s.at DESC, s.seq DESC LIMIT 1"
)


class SinceCheck(LogCheck):
    """The log from a good checkpoint on."""

    def __init__(self, snapshot: Snapshot, findings: Findings, keys: Sequence[Verifier], since: Checkpoint) -> None:
        super().__init__(snapshot, findings, keys)
        self.after, self._since = since.size, since
        self._manifests: dict[int, dict[Line, Entry]] = {}

    # ── before the checkpoint ─────────────────────────────────────────────────────────────

    def _before(self) -> None:
        last = b""
        for seq, run, recorded, record in self._snapshot.select(_RECORDS, (self.after,)):
            while self.tree.size + 1 < min(seq, self.after):
                self._add_leaf(bytes(32))  # a record that is missing: the root will not be the one signed
            if b"\nkind key\n" in record:
                self.ring.announce(announced(self._snapshot, seq, run))
            self._recorded, last = recorded, record
            self._add_leaf(layout.record_leaf(record))
        if self.tree.size != self.after or self.tree.root() != self._since.root:
            self._findings.add(GIVEN, "", f"the first {self.after} records are not those that it signs")
        record = Record.parse(last)
        self._named_last = self._noted.get(record.previous_checkpoint or b"", 0)
        self._take_heads()
        if record.heads_root != self._ordered.root():
            self._findings.add("sweep", f"up to record {self.after}", "the newest of all lines are not those signed")

    def _take_heads(self) -> None:
        """The newest sweeps of all lines, as they were at the checkpoint."""
        for scope, type, facet, end, seq, late in self._snapshot.select(_HEADS, (self.after,) * 3):
            if seq is not None:
                line = Line(scope, type, facet)
                head = self._heads[line] = Head(seq, end)
                head.last = max(seq, late or 0)
                text = layout.head_line(line, head.last, head.end, head.end_seq)
                self._ordered.put(layout.head_line(line, 0, 0, 0), layout.line_leaf(text))
                self._newest = max(self._newest, end)

    def _entry(self, seq: int, line: Line) -> Entry | None:
        """What a record before the checkpoint says of a line. Its manifest comes to what the record commits to."""
        if seq not in self._manifests:
            record, packed = next(self._snapshot.select(_ONE, (seq,)))
            made, entries = Record.parse(record), read_manifest(packed, self._snapshot.select)[1]
            if root(layout.line_leaves(entry.text() for entry in entries)) != (
                made.outcomes_root or made.populations_root
            ):
                what = "its lines do not come to the root that the record commits to"
                self._findings.add("run", f"manifest of record {seq}", what)
            self._manifests[seq] = {entry.line: entry for entry in entries}
        return self._manifests[seq].get(line)

    def start(self, lid: int, line: Line) -> Start:
        """The newest look at all of the line that was recorded by the checkpoint."""
        late = next(self._snapshot.select(_LATE, (lid, self.after)), None)
        sql = _WHOLE.format("seq DESC" if late else "at DESC, seq DESC")  # the same, and faster, where none was late
        row = next(self._snapshot.select(sql, (lid, self.after, COMPLETE, PARTIAL)), None)
        entry = None if row is None else self._entry(row[0], line)
        if row is None or entry is None or entry.root is None:
            return Start()
        return Start(row[0], row[1], entry.n or 0, entry.root, entry.counts, entry.changed)

    def _standing(self, record: Record) -> bytes | None:
        now, upto = record.now or 0, record.upto or 0
        parameters = (*DEFINITIONS, now, min(upto, self.after), SUPPLEMENT)
        before = next(self._snapshot.select(_STANDING, parameters), (-1, 0))
        since = [(end, seq, top) for end, seq, top in self._definitions if end <= now and seq <= upto]
        if since and since[-1][:2] > before:
            return since[-1][2] or None
        entry = self._entry(before[1], DEFINITIONS) if before[1] else None
        return None if entry is None else entry.root


def check_bodies(snapshot: Snapshot, findings: Findings, log: LogCheck) -> None:
    """Check the names and bodies of what changed since the checkpoint."""
    resources, bodies = set[int](), set[int]()
    for lid, *names in snapshot.select("SELECT lid, scope, type, facet FROM line ORDER BY lid"):
        line = Line(*names)
        if line in log.facts:
            with findings.reading("line", named(line)):
                for rid, bid in _changed(snapshot, lid, line, log.start(lid, line).run):
                    resources.add(rid)
                    bodies.update(() if bid is None else (bid,))
    BodyCheck(snapshot, findings).some(resources, bodies)


def _changed(snapshot: Snapshot, lid: int, line: Line, run: int) -> Iterator[tuple[Any, Any]]:
    """(rid, bid) of each change of a line after a run."""
    column, table = ("reason", "outcome") if line.facet.startswith(PREFIX) else ("bid", "version")
    sql = f"SELECT rid, {column} FROM {table} WHERE lid = ? AND run > ?"  # noqa: S608 — names of ours
    return ((row[0], row[1]) for row in snapshot.select(sql, (lid, run)))


def unchecked(size: int, after: int) -> Iterator[str]:
    """What checking since record `after` has not seen."""
    if after:
        yield (
            f"A change to what records 1 to {after} say, beyond what still stood in lines that changed since: bodies, "
            "names and rows that were replaced by then, lines that did not change since, and damage to the file that "
            f"was not met. It was checked when record {after} was signed, if it was. All of it: annexlog verify."
        )
    if after == size:
        yield "Anything new: nothing was recorded since."
