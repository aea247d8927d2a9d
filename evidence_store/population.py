"""The resources of one scope and type, and the bodies they have: numbered when they are first recorded."""

from __future__ import annotations

import os
from array import array
from bisect import bisect_left
from collections.abc import Collection, Iterable, Sequence

from annexlog.evidence_store import layout
from annexlog.evidence_store.backend import Backend
from annexlog.evidence_store.chains import chunked
from annexlog.evidence_store.merkle import packed_root
from annexlog.evidence_store.model import StoreError

_RIDS = "SELECT native_id, rid FROM resource WHERE scope = ? AND type = ? AND native_id IN ({})"
_OPENINGS = "SELECT r.rid, r.cid, o.salt FROM resource r JOIN opening o ON o.rid = r.rid WHERE r.rid IN ({})"
_MEMBERS = "SELECT rid FROM member WHERE lid = ? AND rid IN ({})"
_CREATE_AT_ONCE = 1000
_CID = 32
_OPENING = _CID + layout.SALT_BYTES


class _Openings:
    """The cid and the salt of resources, by rid: packed, as 100,000 of them would take 18 MB in a dict."""

    def __init__(self) -> None:
        self._rids = array("q")
        self._packed = bytearray()

    def add(self, rows: Iterable[tuple[int, bytes, bytes]]) -> None:
        """Take in (rid, cid, salt) that are not there yet."""
        first = len(self._rids)
        for rid, cid, salt in rows:
            self._rids.append(rid)
            self._packed += cid + salt
        rids = self._rids
        if any(rids[i - 1] > rids[i] for i in range(max(first, 1), len(rids))):
            order = sorted(range(len(rids)), key=rids.__getitem__)
            self._packed = bytearray(b"").join(self.at(row) for row in order)
            self._rids = array("q", (rids[row] for row in order))

    def __contains__(self, rid: int) -> bool:
        return self._place(rid) is not None

    def row(self, rid: int) -> int:
        """Where it is. Raises KeyError: another's would be committed to instead."""
        row = self._place(rid)
        if row is None:
            raise KeyError(rid)
        return row

    def _place(self, rid: int) -> int | None:
        row = bisect_left(self._rids, rid)
        return row if row < len(self._rids) and self._rids[row] == rid else None

    def at(self, row: int) -> bytes:
        """The cid and the salt, in one piece."""
        return bytes(self._packed[_OPENING * row : _OPENING * (row + 1)])

    def cid(self, row: int) -> bytes:
        return bytes(self._packed[_OPENING * row : _OPENING * row + _CID])


class Population:
    """What a recording needs to know of the resources of one scope and type; asked once, shared by their lines."""

    def __init__(self, backend: Backend, scope: str, type: str) -> None:
        self._backend, self._scope, self._type = backend, scope, type
        self.rids: dict[str, int] = {}
        self._openings = _Openings()

    def find(self, ids: Iterable[str]) -> None:
        """Put those that are recorded already into `rids`. Raises StoreError: one cannot be kept in every database."""
        unknown = [id for id in ids if id not in self.rids]
        if bad := [id for id in unknown if "\0" in id]:
            raise StoreError(
                "a name has a NUL character, which PostgreSQL does not keep; nothing was recorded.",
                where=f"{self._scope} {self._type} {bad[0]!r}",
            )
        self.rids.update((row[0], row[1]) for row in chunked(self._backend, _RIDS, (self._scope, self._type), unknown))

    def ensure(self, ids: Iterable[str]) -> None:
        """As `find`; and record those that are new."""
        wanted = list(ids)
        self.find(wanted)
        if any(id not in self.rids for id in wanted) and self._backend.hold([f"{self._scope}\0{self._type}\0resource"]):
            self.find(wanted)  # somebody else may have recorded them meanwhile
        new = sorted({id for id in wanted if id not in self.rids})
        for start in range(0, len(new), _CREATE_AT_ONCE):
            self._create(new[start : start + _CREATE_AT_ONCE])

    def _create(self, ids: Sequence[str]) -> None:
        numbers = self._backend.claim("resource", len(ids))
        salts = [os.urandom(layout.SALT_BYTES) for _ in ids]
        cids = [layout.cid(salt, self._scope, self._type, id) for salt, id in zip(salts, ids, strict=True)]
        named = zip(numbers, ids, cids, strict=True)
        self._backend.append("resource", ((rid, self._scope, self._type, id, cid) for rid, id, cid in named))
        self._backend.append("opening", zip(numbers, salts, strict=True))
        self.rids.update(zip(ids, numbers, strict=True))
        self._openings.add(zip(numbers, cids, salts, strict=True))

    def open(self, rids: Iterable[int]) -> None:
        """Have the cids and salts of these at hand."""
        unknown = [rid for rid in rids if rid not in self._openings]
        self._openings.add((row[0], row[1], row[2]) for row in chunked(self._backend, _OPENINGS, (), unknown))

    def salted(self, rids: Collection[int]) -> set[int]:
        """Those of these whose cids and salts are at hand: all but those that were disposed of."""
        self.open(rids)
        return {rid for rid in rids if rid in self._openings}

    def cid(self, rid: int) -> bytes:
        return self._openings.cid(self._openings.row(rid))

    def root(self, facet: str, digests: Iterable[tuple[int, bytes]]) -> bytes:
        """The root of the leaves of these (rid, sha256 of the body), whose openings are at hand."""
        opened, leaf = self._openings, layout.leaves(facet)
        rows, told = array("q"), bytearray()
        for rid, digest in digests:
            rows.append(opened.row(rid))
            told += digest
        leaves = bytearray()
        for place in sorted(range(len(rows)), key=lambda place: opened.cid(rows[place])):
            opening = opened.at(rows[place])
            leaves += leaf(opening[:_CID], opening[_CID:], bytes(told[32 * place : 32 * place + 32]))
        return packed_root(leaves)

    def join(self, lid: int, rids: Sequence[int]) -> None:
        """Make these members of a line, where they are not."""
        known = {row[0] for row in chunked(self._backend, _MEMBERS, (lid,), rids)}
        self._backend.append("member", [(lid, rid) for rid in rids if rid not in known])
