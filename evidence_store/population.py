"""The resources of one scope and type, and the bodies they have: numbered when they are first recorded."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Sequence

from annexlog.evidence_store import layout
from annexlog.evidence_store.backend import Backend
from annexlog.evidence_store.chains import chunked
from annexlog.evidence_store.model import StoreError

_RIDS = "SELECT native_id, rid FROM resource WHERE scope = ? AND type = ? AND native_id IN ({})"
_OPENINGS = "SELECT r.rid, r.cid, o.salt FROM resource r JOIN opening o ON o.rid = r.rid WHERE r.rid IN ({})"
_MEMBERS = "SELECT rid FROM member WHERE lid = ? AND rid IN ({})"
_CREATE_AT_ONCE = 1000


class Population:
    """What a recording needs to know of the resources of one scope and type; asked once, shared by their lines."""

    def __init__(self, backend: Backend, scope: str, type: str) -> None:
        self._backend, self._scope, self._type = backend, scope, type
        self.rids: dict[str, int] = {}
        self._openings: dict[int, bytes] = {}  # cid ‖ salt

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
        self._openings.update((rid, cid + salt) for rid, cid, salt in zip(numbers, cids, salts, strict=True))

    def open(self, rids: Iterable[int]) -> None:
        """Have the cids and salts of these at hand."""
        unknown = [rid for rid in rids if rid not in self._openings]
        self._openings.update((rid, cid + salt) for rid, cid, salt in chunked(self._backend, _OPENINGS, (), unknown))

    def salted(self, rids: Collection[int]) -> set[int]:
        """Those of these whose cids and salts are at hand: all but those that were disposed of."""
        self.open(rids)
        return {rid for rid in rids if rid in self._openings}

    def cid(self, rid: int) -> bytes:
        return self._openings[rid][:32]

    def leaves(self, facet: str, digests: Iterable[tuple[int, bytes]]) -> list[bytes]:
        """The leaves of these (rid, sha256 of the body), in the order of their root."""
        known, leaf = self._openings, layout.leaf
        opened = sorted((known[rid], digest) for rid, digest in digests)
        return [leaf(opening[:32], opening[32:], facet, digest) for opening, digest in opened]

    def join(self, lid: int, rids: Sequence[int]) -> None:
        """Make these members of a line, where they are not."""
        known = {row[0] for row in chunked(self._backend, _MEMBERS, (lid,), rids)}
        self._backend.append("member", [(lid, rid) for rid in rids if rid not in known])
