"""The newest sweeps of every line, and the root over them: lines by scope, for an organization has millions of them."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator
from operator import attrgetter
from typing import NamedTuple

from annexlog.evidence_store import layout
from annexlog.evidence_store.merkle import Levels, packed_above
from annexlog.evidence_store.model import Line, Millis

_BLOCK = 16  # 2 to the _HEIGHT
_HEIGHT = 4
"""Leaves whose hashes are joined to one at once: of the tree below that nothing is kept but the leaves."""
_PIECE = 32 * _BLOCK * 256
"""Bytes of leaves that are taken together where many blocks are hashed anew."""


class Head(NamedTuple):
    """The newest sweeps of one line: the last recorded, and the one with the greatest (end, seq)."""

    lid: int
    last: int
    end: Millis
    end_seq: int


_WIDTH = len(Head._fields)


class _Scope:
    """The lines of one scope in order. `text`: what it is sorted by. `start`: the place of its first line among all.

    `kinds`: for each line the number of its type and facet. `numbers`: its head. `leaves`: the hash of its head.
    """

    __slots__ = ("kinds", "leaves", "numbers", "start", "text")

    def __init__(self, text: bytes) -> None:
        self.text, self.start = text, 0
        self.kinds, self.numbers, self.leaves = array("I"), array("q"), bytearray()


_by_text, _by_start = attrgetter("text"), attrgetter("start")


class Heads:
    """The head of each line. Setting one costs little wherever its line stands; `root` hashes what moved since.

    A line that is new costs the hashes of all behind it, once for all that are new between two roots. The order is that
    of the texts of head lines: their encoding leaves TAB the lowest byte, so scopes can be sorted apart from the rest.
    """

    def __init__(self) -> None:
        self._scopes: dict[str, _Scope] = {}
        self._order: list[_Scope] = []
        self._kinds: dict[tuple[str, str], int] = {}
        self._texts: list[bytes] = []  # of the kinds
        self._levels = Levels(bytearray())
        self._moved = 0  # of the order, the first whose lines may stand elsewhere than when they were hashed
        self._changed: list[tuple[_Scope, int]] = []
        self._root: bytes | None = None

    def get(self, line: Line) -> Head | None:
        scope, kind = self._scopes.get(line.scope), self._kinds.get((line.type, line.facet))
        if scope is None or kind is None:
            return None
        index, known = self._find(scope, kind)
        return Head(*scope.numbers[_WIDTH * index : _WIDTH * (index + 1)]) if known else None

    def put(self, line: Line, head: Head) -> None:
        """Set the head of a line. Raises ValueError on a number that cannot be one."""
        text = layout.head_line(line, head.last, head.end, head.end_seq)
        leaf = layout.line_leaf(text)
        scope = self._scopes.get(line.scope) or self._enter(line.scope, text)
        index, known = self._find(scope, self._kind(line, text))
        numbers, leaves = slice(_WIDTH * index, _WIDTH * (index + known)), slice(32 * index, 32 * (index + known))
        scope.numbers[numbers], scope.leaves[leaves] = array("q", head), leaf
        if known:
            self._changed.append((scope, index))
        else:
            scope.kinds.insert(index, self._kinds[line.type, line.facet])
            self._moved = min(self._moved, bisect_left(self._order, scope.text, key=_by_text))
        self._root = None

    def _enter(self, name: str, text: bytes) -> _Scope:
        scope = self._scopes[name] = _Scope(text.partition(b"\t")[0])
        place = bisect_left(self._order, scope.text, key=_by_text)
        self._order.insert(place, scope)
        self._moved = min(self._moved, place)
        return scope

    def _kind(self, line: Line, text: bytes) -> int:
        kind = self._kinds.get((line.type, line.facet))
        if kind is None:
            kind = self._kinds[line.type, line.facet] = len(self._texts)
            self._texts.append(b"\t".join(text.split(b"\t", 3)[1:3]))
        return kind

    def _find(self, scope: _Scope, kind: int) -> tuple[int, bool]:
        kinds = scope.kinds
        index = bisect_left(kinds, self._texts[kind], key=self._texts.__getitem__)
        return index, index < len(kinds) and kinds[index] == kind

    # ── the root ──────────────────────────────────────────────────────────────────────────

    def root(self) -> bytes:
        """The tree hash over the heads of all lines, in the order of their texts."""
        if self._root is None:
            whole = self._place() if self._moved < len(self._order) else len(self._levels.row) // 32
            blocks = {(scope.start + index) // _BLOCK for scope, index in self._changed}
            for block in blocks:
                if block < whole:
                    some = b"".join(self._leaves(block * _BLOCK, (block + 1) * _BLOCK))
                    self._levels.row[32 * block : 32 * block + 32] = _joined(some)
                    self._levels.changed.add(block)
            self._changed.clear()
            self._root = self._levels.root()
        return self._root

    def _place(self) -> int:
        """Say of the lines that moved where they stand, and hash their blocks; returns the first of these."""
        before = self._order[self._moved - 1] if self._moved else None
        at = before.start + len(before.kinds) if before else 0
        first = at // _BLOCK
        for scope in self._order[self._moved :]:
            scope.start = at
            at += len(scope.kinds)
        self._moved = len(self._order)
        self._levels.shifted = min(self._levels.shifted, first)
        del self._levels.row[32 * first :]
        piece = bytearray()
        for leaves in self._leaves(first * _BLOCK, at):
            piece += leaves
            if len(piece) >= _PIECE:
                whole = len(piece) // (32 * _BLOCK) * (32 * _BLOCK)
                self._levels.row += _joined(bytes(piece[:whole]))
                del piece[:whole]
        self._levels.row += _joined(bytes(piece))
        return first

    def _leaves(self, start: int, stop: int) -> Iterator[bytearray]:
        """The leaves of these places, scope by scope."""
        place = bisect_left(self._order, start + 1, key=_by_start) - 1
        while start < stop and place < len(self._order):
            scope = self._order[place]
            yield scope.leaves[32 * (start - scope.start) : 32 * (stop - scope.start)]
            start, place = scope.start + len(scope.kinds), place + 1


def _joined(leaves: bytes) -> bytes:
    """One hash for each block of leaves; the last block may be a part of one."""
    for _ in range(_HEIGHT):
        leaves = packed_above(leaves)
    return leaves
