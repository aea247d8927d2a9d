"""What the next record follows on: the log's tree, the clock, and the newest sweeps of every line."""

from __future__ import annotations

from annexlog.evidence_store import layout, manifest
from annexlog.evidence_store.backend import Backend
from annexlog.evidence_store.merkle import Ordered, Tree
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


class Head:
    """The newest sweeps of one line: the last recorded, and the one with the greatest (end, seq)."""

    __slots__ = ("end", "end_seq", "last", "lid", "name")

    def __init__(self, name: Line, lid: int, last: int, end: Millis, end_seq: int) -> None:
        self.name, self.lid, self.last, self.end, self.end_seq = name, lid, last, end, end_seq

    def leaf(self) -> bytes:
        return layout.line_leaf(layout.head_line(self.name, self.last, self.end, self.end_seq))


def _key(line: Line) -> bytes:
    """Sorts as the texts of head lines do, for the encoding leaves TAB the lowest byte."""
    return layout.head_line(line, 0, 0, 0)


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
        self.heads: dict[Line, Head] = {}
        for lid, scope, type_, facet, end, seq, late in backend.select(_HEADS):
            if end is not None:
                name = Line(scope, type_, facet)
                self.heads[name] = Head(name, lid, max(seq, late), end, seq)
        self._tree = Tree(self.size, self._tile, self._leaves)
        self._ordered = Ordered((_key(name), head.leaf()) for name, head in self.heads.items())
        self.refresh()  # where the heads were read, others may have recorded more: what is taken in twice is the same

    def refresh(self) -> None:
        """Take in what others have recorded since."""
        for seq, recorded, record, packed in self._backend.select(_NEWER, (self.size,)):
            found = manifest.unpack(packed, self._backend.select)
            for names, end in zip(found.columns["line"], found.columns["end"], strict=True):
                line = Line(*names)
                lid = next(self._backend.select(_LID, line))[0] if line not in self.heads else 0
                self.swept(line, lid, end, seq)
            self.newest = max(self.newest, found.newest)
            self._tree.append(layout.record_leaf(record))
            self.size, self.recorded = seq, recorded

    def _tile(self, level: int, index: int) -> bytes:
        row = next(self._backend.select("SELECT bytes FROM tile WHERE level = ? AND idx = ?", (level, index)), (b"",))
        return bytes(row[0])

    def _leaves(self, start: int, stop: int) -> list[bytes]:
        rows = self._backend.select("SELECT record FROM run WHERE seq > ? AND seq <= ? ORDER BY seq", (start, stop))
        return [layout.record_leaf(row[0]) for row in rows]

    def swept(self, line: Line, lid: int, end: Millis, seq: int) -> bool:
        """Count one more sweep of a line; returns whether it came late, behind one that ended after it."""
        head = self.heads.get(line)
        late = False
        if head is None:
            head = self.heads[line] = Head(line, lid, seq, end, seq)
        else:
            head.last = max(head.last, seq)
            late = (end, seq) < (head.end, head.end_seq)
            if not late:
                head.end, head.end_seq = end, seq
        self._ordered.put(_key(line), head.leaf())
        return late

    def heads_root(self) -> bytes:
        return self._ordered.root()

    def add(self, record: bytes, recorded: Millis, newest: Millis) -> None:
        """Take in the bytes of the next record, storing the tiles that it fills."""
        if filled := self._tree.append(layout.record_leaf(record)):
            self._backend.append("tile", filled)
        self.size, self.recorded, self.newest = self._tree.size, recorded, newest

    def root(self, size: int | None = None) -> bytes:
        return self._tree.root(size)
