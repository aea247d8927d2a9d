"""What the next record follows on: the log's tree, the clock, and the newest sweeps of every line."""

from __future__ import annotations

from annexlog.evidence_store import layout
from annexlog.evidence_store.backend import Backend
from annexlog.evidence_store.merkle import Ordered, Tree
from annexlog.evidence_store.model import Line, Millis

_HEADS = """
SELECT l.lid, l.scope, l.type, l.facet, s.at, s.seq, coalesce((SELECT max(seq) FROM late WHERE lid = l.lid), 0)
FROM line l CROSS JOIN sweep s WHERE s.lid = l.lid
    AND s.at = (SELECT max(at) FROM sweep WHERE lid = l.lid)
    AND s.seq = (SELECT max(seq) FROM sweep x WHERE x.lid = l.lid AND x.at = s.at)
"""


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
    """The state of the log at one size, kept in memory between records. One that failed to be stored is thrown away."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        row = next(backend.select("SELECT seq, recorded FROM run ORDER BY seq DESC LIMIT 1"), (0, 0))
        self.size: int = row[0]
        self.recorded: Millis = row[1]
        self.heads: dict[Line, Head] = {}
        for lid, scope, type_, facet, end, seq, late in backend.select(_HEADS):
            name = Line(scope, type_, facet)
            self.heads[name] = Head(name, lid, max(seq, late), end, seq)
        self._tree = Tree(self.size, self._tile, self._leaves)
        self._ordered = Ordered((_key(name), head.leaf()) for name, head in self.heads.items())

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
            head.last = seq
            late = (end, seq) < (head.end, head.end_seq)
            if not late:
                head.end, head.end_seq = end, seq
        self._ordered.put(_key(line), head.leaf())
        return late

    def heads_root(self) -> bytes:
        return self._ordered.root()

    def add(self, record: bytes, recorded: Millis) -> None:
        """Take in the bytes of the next record, storing the tiles that it fills."""
        self._backend.append("tile", self._tree.append(layout.record_leaf(record)))
        self.size, self.recorded = self._tree.size, recorded

    def root(self, size: int | None = None) -> bytes:
        return self._tree.root(size)
