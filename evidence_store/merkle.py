"""Merkle trees of RFC 6962: roots, proofs, the log that grows by one leaf, and the ordered tree of heads.

Leaves are given as hashes (`layout.record_leaf` and its like), 32 bytes each. Tiles are those of C2SP tlog-tiles:
tile (level, n) holds the 256 hashes MTH(D[(256n + i)·256^level : (256n + i + 1)·256^level]).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from hashlib import sha256

WIDTH = 256
"""Hashes in a full tile."""

EMPTY = sha256(b"").digest()
"""The root of no leaves."""


_NODE = sha256(b"\1")
"""Copied for each node: a copy costs half of what making a hash does."""


def node(left: bytes, right: bytes) -> bytes:
    hash = _NODE.copy()
    hash.update(left + right)
    return hash.digest()


def _above(level: list[bytes]) -> list[bytes]:
    """The next level up: pairs hashed, an odd one out carried."""
    copy, above = _NODE.copy, []
    pairs = iter(level)
    for left, right in zip(pairs, pairs, strict=False):
        hash = copy()
        hash.update(left + right)
        above.append(hash.digest())
    return above + level[-1:] if len(level) % 2 else above


def packed_above(level: bytes) -> bytes:
    """The same of hashes in one piece."""
    copy, above = _NODE.copy, []
    paired = len(level) // 64 * 64
    for at in range(0, paired, 64):
        hash = copy()
        hash.update(level[at : at + 64])
        above.append(hash.digest())
    return b"".join(above) + level[paired:]


def root(leaves: Sequence[bytes]) -> bytes:
    """The tree hash of these leaf hashes (RFC 6962, 2.1)."""
    level = list(leaves)
    while len(level) > 1:
        level = _above(level)
    return level[0] if level else EMPTY


def packed_root(leaves: bytes | bytearray) -> bytes:
    """The same of leaf hashes in one piece."""
    level = bytes(leaves)
    while len(level) > 32:
        level = packed_above(level)
    return level or EMPTY


# ── proofs ────────────────────────────────────────────────────────────────────────────────

_Span = Callable[[int, int], bytes]
"""The hash of the tree over leaves lo to hi."""


def _split(n: int) -> int:
    """The largest power of two below n."""
    return 1 << (n - 1).bit_length() - 1


def _path(index: int, lo: int, hi: int, span: _Span) -> list[bytes]:
    proof = []
    while hi - lo > 1:
        middle = lo + _split(hi - lo)
        if index < middle:
            proof.append(span(middle, hi))
            hi = middle
        else:
            proof.append(span(lo, middle))
            lo = middle
    return proof[::-1]


def _consistency(old: int, new: int, span: _Span) -> list[bytes]:
    proof = []
    lo, hi, whole = 0, new, True
    while old != hi:
        middle = lo + _split(hi - lo)
        if old <= middle:
            proof.append(span(middle, hi))
            hi = middle
        else:
            proof.append(span(lo, middle))
            lo, whole = middle, False
    if not whole:
        proof.append(span(lo, hi))
    return proof[::-1]


def _within(index: int, size: int) -> None:
    if not 0 <= index < size:
        raise IndexError(f"there is no leaf {index} in a tree of {size}")


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The audit path of leaf `index` (RFC 6962, 2.1.1). Raises IndexError."""
    _within(index, len(leaves))
    return _path(index, 0, len(leaves), lambda lo, hi: root(leaves[lo:hi]))


def consistency_proof(leaves: Sequence[bytes], old: int) -> list[bytes]:
    """That the tree of the first `old` leaves became this one by appends only (RFC 6962, 2.1.2). Raises IndexError."""
    if not 0 <= old <= len(leaves):
        raise IndexError(f"a tree of {len(leaves)} was never one of {old}")
    return _consistency(old, len(leaves), lambda lo, hi: root(leaves[lo:hi])) if old else []


def _fold(hash: bytes, proof: Sequence[bytes], index: int, last: int) -> tuple[bytes, int]:
    """Walk up from a leaf or subtree at `index`, `last` being the last of its level: the root, and what is left."""
    for sibling in proof:
        if last == 0:
            return b"", -1
        if index % 2 or index == last:
            hash = node(sibling, hash)
            while index % 2 == 0 and index:
                index, last = index >> 1, last >> 1
        else:
            hash = node(hash, sibling)
        index, last = index >> 1, last >> 1
    return hash, last


def _hashes_all(*hashes: bytes) -> bool:
    """Whether all of these can be hashes: of another length they might be read as two, or as none."""
    return all(len(hash) == 32 for hash in hashes)


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether `proof` shows that `leaf` is number `index` of the `size` leaves under `root` (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size or not _hashes_all(leaf, root, *proof):
        return False
    return _fold(leaf, proof, index, size - 1) == (root, 0)


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether `proof` shows that the tree of `new` leaves extends that of `old` (RFC 9162, 2.1.4.2)."""
    if not 0 <= old <= new or not _hashes_all(old_root, new_root, *proof):
        return False
    if old == new:
        return not proof and old_root == new_root
    if old == 0:
        return not proof and old_root == EMPTY
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not path:
        return False
    index, last = old - 1, new - 1
    while index % 2:
        index, last = index >> 1, last >> 1
    return _fold_both(path, index, last) == (old_root, new_root)


def _fold_both(path: Sequence[bytes], index: int, last: int) -> tuple[bytes, bytes]:
    """The old and the new root that a consistency path leads to; empty bytes if its length is wrong."""
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            return b"", b""
        if index % 2 or index == last:
            old, new = node(sibling, old), node(sibling, new)
            while index % 2 == 0 and index:
                index, last = index >> 1, last >> 1
        else:
            new = node(new, sibling)
        index, last = index >> 1, last >> 1
    return (old, new) if last == 0 else (b"", b"")


# ── the log ───────────────────────────────────────────────────────────────────────────────


def _no_tile(_level: int, _index: int) -> bytes:
    return b""


def _no_leaves(_start: int, _stop: int) -> Sequence[bytes]:
    return ()


def _hashes(tile: bytes) -> list[bytes]:
    return [tile[i : i + 32] for i in range(0, len(tile), 32)]


class Tree:
    """A log of `size` leaves that grows by appends; only its right edge is held in memory.

    `tile(level, index)` gives the bytes of a full tile (256 hashes), as `append` returned it. `leaves(start, stop)`
    gives leaf hashes, and is asked once, for the last `size % 256`. Both may be left out for an empty log.
    Raises ValueError if a tile is not whole or leaves are missing. An append cannot be taken back: where storing it
    fails, the tree is to be made anew.
    """

    def __init__(
        self,
        size: int = 0,
        tile: Callable[[int, int], bytes] = _no_tile,
        leaves: Callable[[int, int], Iterable[bytes]] = _no_leaves,
    ) -> None:
        self.size = size
        self._stored = tile
        self._fresh: dict[tuple[int, int], bytes] = {}  # tiles that this process filled
        self._read = lru_cache(maxsize=64)(self._read_tile)
        self._edge = [list(leaves(size - size % WIDTH, size))]
        if len(self._edge[0]) != size % WIDTH:
            raise ValueError(f"the log of {size} lacks some of its last leaves")
        level, above = 1, size // WIDTH
        while above:
            first = above - above % WIDTH
            self._edge.append([root(self._read(level - 1, index)) for index in range(first, above)])
            level, above = level + 1, above // WIDTH

    def _read_tile(self, level: int, index: int) -> list[bytes]:
        tile = self._fresh.get((level, index)) or self._stored(level, index)
        if len(tile) != WIDTH * 32:
            raise ValueError(f"tile {level}/{index} of the log is not whole")
        return _hashes(tile)

    def append(self, leaf: bytes) -> list[tuple[int, int, bytes]]:
        """Add a leaf; returns the tiles (level, index, bytes) that it filled, mostly none, for the caller to store."""
        if len(leaf) != 32:
            raise ValueError("a leaf hash has 32 bytes")
        filled: list[tuple[int, int, bytes]] = []
        hash, level = leaf, 0
        while True:
            if level == len(self._edge):
                self._edge.append([])
            edge = self._edge[level]
            edge.append(hash)
            if len(edge) < WIDTH:
                break
            index = self.size >> 8 * (level + 1)
            tile = b"".join(edge)
            filled.append((level, index, tile))
            self._fresh[level, index] = tile
            hash = root(edge)
            edge.clear()
            level += 1
        self.size += 1
        return filled

    def root(self, size: int | None = None) -> bytes:
        """The root of the first `size` leaves (None: all). Raises IndexError."""
        size = self._as_of(size)
        return self._span(0, size) if size else EMPTY

    def inclusion_proof(self, index: int, size: int | None = None) -> list[bytes]:
        """The path of leaf `index` (from 0) to the root of the first `size` leaves. Raises IndexError."""
        size = self._as_of(size)
        _within(index, size)
        return _path(index, 0, size, self._span)

    def consistency_proof(self, old: int, new: int | None = None) -> list[bytes]:
        """That the first `new` leaves extend the first `old`. Raises IndexError."""
        new = self._as_of(new)
        if not 0 <= old <= new:
            raise IndexError(f"a log of {new} was never one of {old}")
        return _consistency(old, new, self._span) if old else []

    def _as_of(self, size: int | None) -> int:
        if size is None:
            return self.size
        if not 0 <= size <= self.size:
            raise IndexError(f"the log has {self.size} leaves, not {size}")
        return size

    def _span(self, lo: int, hi: int) -> bytes:
        """The hash over leaves lo to hi, where lo is a multiple of the smallest power of two ≥ hi - lo."""
        parts = []
        while lo < hi:
            height = (hi - lo).bit_length() - 1
            parts.append(self._whole(height, lo >> height))
            lo += 1 << height
        hash = parts.pop()
        while parts:
            hash = node(parts.pop(), hash)
        return hash

    def _whole(self, height: int, index: int) -> bytes:
        """The hash of the whole subtree number `index` of 2^height leaves."""
        level, rest = divmod(height, 8)
        tile, offset = divmod(index << rest, WIDTH)
        on_edge = level < len(self._edge) and tile == self.size >> 8 * (level + 1)
        hashes = self._edge[level] if on_edge else self._read(level, tile)
        return root(hashes[offset : offset + (1 << rest)])


# ── leaves by key, changing in place ──────────────────────────────────────────────────────


_NO_HASH = bytes(32)


def _sound(leaf: bytes) -> bytes:
    """The leaf; of another length, as damaged rows may have it, it would shift those behind it."""
    return leaf if len(leaf) == 32 else _NO_HASH


class Levels:
    """The tree over a row of hashes of which some change: a changed one costs log n hashes, not n.

    `row`: the hashes in one piece, which takes a third of the memory; whoever changes it says where by `changed` and,
    where hashes came in or fell out, from which on all is to be hashed anew, by `shifted`.
    """

    def __init__(self, row: bytearray) -> None:
        self.row = row
        self.changed: set[int] = set()
        self.shifted = 0
        self._above: list[bytearray] = []

    def root(self) -> bytes:
        changed, shifted, copy = self.changed, self.shifted, _NODE.copy
        level, depth = self.row, 0
        while len(level) > 32:
            if depth == len(self._above):
                self._above.append(bytearray())
                shifted = 0
            above = self._above[depth]
            changed = {index // 2 for index in changed}
            shifted //= 2
            if 32 * shifted < len(above) or 64 * shifted < len(level):
                above[32 * shifted :] = packed_above(bytes(level[64 * shifted :]))
            for index in changed:
                if index < shifted:
                    pair = level[64 * index : 64 * index + 64]
                    if len(pair) == 64:
                        hash = copy()
                        hash.update(pair)
                        above[32 * index : 32 * index + 32] = hash.digest()
                    else:
                        above[32 * index : 32 * index + 32] = pair
            level, depth = above, depth + 1
        self.changed, self.shifted = set(), len(self.row) // 32
        return bytes(level) or EMPTY


class Ordered:
    """A tree over leaves sorted by key, some of which change: a changed leaf costs log n hashes, not n.

    A new key costs the hashes to its right; many at once are hashed once, at the next `root`. A leaf that is no hash
    counts as one that nothing has.
    """

    def __init__(self, leaves: Iterable[tuple[bytes, bytes]] = ()) -> None:
        self._load(leaves)

    def _load(self, leaves: Iterable[tuple[bytes, bytes]]) -> None:
        pairs = sorted(leaves)
        self._keys = [key for key, _ in pairs]
        self._levels = Levels(bytearray(b"".join([_sound(leaf) for _, leaf in pairs])))
        self._root: bytes | None = None

    def __len__(self) -> int:
        return len(self._keys)

    def _find(self, key: bytes) -> tuple[int, bool]:
        index = bisect_left(self._keys, key)
        return index, index < len(self._keys) and self._keys[index] == key

    def put(self, key: bytes, leaf: bytes) -> None:
        """Set the leaf of a key, new or known."""
        self._root = None
        index, known = self._find(key)
        if known:
            self._levels.row[32 * index : 32 * index + 32] = _sound(leaf)
            self._levels.changed.add(index)
        else:
            self._keys.insert(index, key)
            self._levels.row[32 * index : 32 * index] = _sound(leaf)
            self._levels.shifted = min(self._levels.shifted, index)  # what changed right of it is hashed anew as well

    def update(self, leaves: Mapping[bytes, bytes | None]) -> None:
        """Set the leaves of many keys; None takes a key out, if it is there."""
        if len(leaves) > len(self._keys) // 8:
            whole = {**dict(zip(self._keys, self._leaves(), strict=True)), **leaves}
            self._load((key, leaf) for key, leaf in whole.items() if leaf is not None)
            return
        for key, leaf in leaves.items():
            if leaf is not None:
                self.put(key, leaf)
                continue
            self._root = None
            index, known = self._find(key)
            if known:
                del self._keys[index], self._levels.row[32 * index : 32 * index + 32]
                self._levels.shifted = min(self._levels.shifted, index)

    def root(self) -> bytes:
        if self._root is None:
            self._root = self._levels.root()
        return self._root

    def _leaves(self) -> list[bytes]:
        return _hashes(bytes(self._levels.row))

    def proof(self, key: bytes) -> tuple[int, list[bytes]]:
        """The index of a key's leaf and its path. Raises KeyError."""
        index, known = self._find(key)
        if not known:
            raise KeyError(key)
        return index, inclusion_proof(self._leaves(), index)
