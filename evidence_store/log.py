"""What the next record follows on: the log's tree, the clock, and the newest sweeps of every line."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

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


class Head(NamedTuple):
    """The newest sweeps of one line: the last recorded, and the one with the greatest (end, seq)."""

    lid: int
    last: int
    end: Millis
    end_seq: int


def _key(line: Line) -> bytes:
    """Sorts as the texts of head lines do, for the encoding leaves TAB the lowest byte."""
    return layout.head_line(line, 0, 0, 0)


def _leaf(line: Line, head: Head) -> bytes:
    return layout.line_leaf(layout.head_line(line, head.last, head.end, head.end_seq))


# Functions, for a tree that asked its log would keep it in memory until the garbage collector found both.


def _tile(backend: Backend, level: int, index: int) -> bytes:
    row = next(backend.select("SELECT bytes FROM tile WHERE level = ? AND idx = ?", (level, index)), (b"",))
    return bytes(row[0])


def _leaves(backend: Backend, start: int, stop: int) -> list[bytes]:
    rows = backend.select("SELECT record FROM run WHERE seq > ? AND seq <= ? ORDER BY seq", (start, stop))
    return [layout.record_leaf(row[0]) for row in rows]


class _Heads:
    """The head of every line, as numbers side by side: an organization has hundreds of thousands of lines."""

    def __init__(self) -> None:
        self._places: dict[bytes, int] = {}
        self._numbers = array("q")

    def get(self, key: bytes) -> Head | None:
        place = self._places.get(key)
        return None if place is None else Head(*self._numbers[place : place + _WIDTH])

    def put(self, key: bytes, head: Head) -> None:
        place = self._places.setdefault(key, len(self._numbers))
        self._numbers[place : place + _WIDTH] = array("q", head)


_WIDTH = len(Head._fields)


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
        self._heads = _Heads()
        self._tree = Tree(self.size, partial(_tile, backend), partial(_leaves, backend))
        self._ordered = Ordered(self._stored())
        self.refresh()  # where the heads were read, others may have recorded more: what is taken in twice is the same

    def _stored(self) -> Iterator[tuple[bytes, bytes]]:
        """Take in the heads as they are stored: key and leaf of each."""
        for lid, scope, type_, facet, end, seq, late in self._backend.select(_HEADS):
            if end is not None:
                line = Line(scope, type_, facet)
                key, head = _key(line), Head(lid, max(seq, late), end, seq)
                leaf = _leaf(line, head)  # first, for it refuses what is no number
                self._heads.put(key, head)
                yield key, leaf

    def head(self, line: Line) -> Head | None:
        """The newest sweeps of a line; None if it was never looked at."""
        return self._heads.get(_key(line))

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
        key = _key(line)
        before, head = self._heads.get(key), Head(lid, seq, end, seq)
        late = before is not None and (end, seq) < (before.end, before.end_seq)
        if before is not None:
            newest = (before.end, before.end_seq) if late else (end, seq)
            head = Head(before.lid, max(before.last, seq), *newest)
        self._heads.put(key, head)
        self._ordered.put(key, _leaf(line, head))
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
