"""What the next record follows on: the log's tree, the clock, and the newest sweeps of every line."""

from __future__ import annotations

from functools import partial

from annexlog.evidence_store import layout, manifest
from annexlog.evidence_store.backend import Backend
from annexlog.evidence_store.heads import Head, Heads
from annexlog.evidence_store.merkle import Tree
from annexlog.evidence_store.model import Line, Millis

_HEADS = """
SELECT l.lid, l.scope, l.type, l.facet,
    (SELECT max(s.at) FROM sweep s WHERE s.lid = l.lid),
    (SELECT s.seq FROM sweep s WHERE s.lid = l.lid ORDER BY s.at DESC, s.seq DESC LIMIT 1),
    coalesce((SELECT max(late.seq) FROM late WHERE late.lid = l.lid), 0)
FROM line l
"""
_LID = "SELECT lid FROM line WHERE scope = ? AND type = ? AND facet = ?"
_NEWER = "SELECT seq, recorded, record, manifest FROM run WHERE seq > ? ORDER BY seq"


# Functions, for a tree that asked its log would keep it in memory until the garbage collector found both.


def _tile(backend: Backend, level: int, index: int) -> bytes:
    row = next(backend.select("SELECT bytes FROM tile WHERE level = ? AND idx = ?", (level, index)), (b"",))
    return bytes(row[0])


def _leaves(backend: Backend, start: int, stop: int) -> list[bytes]:
    rows = backend.select("SELECT record FROM run WHERE seq > ? AND seq <= ? ORDER BY seq", (start, stop))
    return [layout.record_leaf(row[0]) for row in rows]


class Log:
    """The state of the log at one size, kept in memory between records. One that failed to be stored is thrown away.

    `newest`: the greatest end of any sweep. It holds what was committed when it was made or `refresh`ed last.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        sql = "SELECT seq, recorded, manifest FROM run ORDER BY seq DESC LIMIT 1"
        self.size, self.recorded, self.newest = 0, 0, 0
        for seq, recorded, packed in backend.select(sql):
            self.size, self.recorded, self.newest = seq, recorded, manifest.unpack(packed, backend.select).newest
        self._heads = self._stored()
        self._tree = Tree(self.size, partial(_tile, backend), partial(_leaves, backend))
        self.refresh()  # where the heads were read, others may have recorded more: what is taken in twice is the same

    def _stored(self) -> Heads:
        heads = Heads()
        for lid, scope, type_, facet, end, seq, late in self._backend.select(_HEADS):
            if end is not None:
                heads.put(Line(scope, type_, facet), Head(lid, max(seq, late), end, seq))
        return heads

    def head(self, line: Line) -> Head | None:
        """The newest sweeps of a line; None if it was never looked at."""
        return self._heads.get(line)

    def refresh(self) -> None:
        """Take in what others have recorded since."""
        for seq, recorded, record, packed in self._backend.select(_NEWER, (self.size,)):
            found = manifest.unpack(packed, self._backend.select)
            for names, end in zip(found.columns["line"], found.columns["end"], strict=True):
                line = Line(*names)
                lid = next(self._backend.select(_LID, line))[0] if self.head(line) is None else 0
                self.swept(line, lid, end, seq)
            self.newest = max(self.newest, found.newest)
            self._tree.append(layout.record_leaf(record))
            self.size, self.recorded = seq, recorded

    def swept(self, line: Line, lid: int, end: Millis, seq: int) -> bool:
        """Count one more sweep of a line; returns whether it came late, behind one that ended after it."""
        before, head = self._heads.get(line), Head(lid, seq, end, seq)
        late = before is not None and (end, seq) < (before.end, before.end_seq)
        if before is not None:
            newest = (before.end, before.end_seq) if late else (end, seq)
            head = Head(before.lid, max(before.last, seq), *newest)
        self._heads.put(line, head)
        return late

    def heads_root(self) -> bytes:
        return self._heads.root()

    def add(self, record: bytes, recorded: Millis, newest: Millis) -> None:
        """Take in the bytes of the next record, storing the tiles that it fills."""
        if filled := self._tree.append(layout.record_leaf(record)):
            self._backend.append("tile", filled)
        self.size, self.recorded, self.newest = self._tree.size, recorded, newest

    def root(self, size: int | None = None) -> bytes:
        return self._tree.root(size)
