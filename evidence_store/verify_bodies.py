"""Verifying names and bodies: each resource is who it says, each body is its digest, and all of them are used."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import zstandard

from annexlog.evidence_store import layout
from annexlog.evidence_store.backend import Row, Snapshot
from annexlog.evidence_store.bodies import MAX_BODY, Bodies, columns, joined
from annexlog.evidence_store.chains import chunked
from annexlog.evidence_store.disposal import placeholder
from annexlog.evidence_store.findings import Findings
from annexlog.evidence_store.salvage import readable

_EXAMPLES = 8
"""Bodies of each dictionary that are looked at for what they are of."""
_RESOURCES = (
    "SELECT r.rid, r.scope, r.type, r.native_id, r.cid, o.salt FROM resource r LEFT JOIN opening o ON o.rid = r.rid "
    "WHERE r.rid >= ? ORDER BY r.rid"
)
_BLOBS = (
    f"SELECT b.bid, b.sha256, b.base_bid, b_base.bid, b_base.base_bid, {columns('b')} "  # noqa: S608 — names of ours
    f"FROM blob b {joined('b')} WHERE b.bid >= ? ORDER BY b.bid"
)
_DICTIONARIES = "SELECT did, type, sha256, bytes FROM dictionary ORDER BY did"
_KINDS = "SELECT v.bid, l.type || '/' || l.facet FROM version v JOIN line l ON l.lid = v.lid WHERE v.bid IN ({})"

# Rows that nothing refers to, or that refer to nothing: (table, rows by their key, what is wrong).
_UNUSED = """SELECT m.lid, m.rid FROM member m WHERE
    NOT EXISTS (SELECT 1 FROM version v WHERE v.lid = m.lid AND v.rid = m.rid)
    AND NOT EXISTS (SELECT 1 FROM outcome o WHERE o.lid = m.lid AND o.rid = m.rid)"""
_NO_MEMBER = """SELECT DISTINCT x.lid, x.rid FROM {} x WHERE
    NOT EXISTS (SELECT 1 FROM member m WHERE m.lid = x.lid AND m.rid = x.rid)"""
_NO_BODY = """SELECT DISTINCT {0} FROM {1} x WHERE {0} IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM blob b WHERE b.bid = x.{0})"""
_NO_RESOURCE = "SELECT DISTINCT rid FROM member WHERE rid NOT IN (SELECT rid FROM resource)"
_NO_USE = "SELECT bid FROM blob EXCEPT SELECT bid FROM version EXCEPT SELECT reason FROM outcome"
_OTHER_RUN = "SELECT DISTINCT {} FROM sweep s JOIN run r ON r.seq = s.seq WHERE r.run <> s.run"
_NO_LINE = "SELECT DISTINCT lid FROM {} WHERE lid NOT IN (SELECT lid FROM line)"
_SURPLUS = [
    ("opening", "SELECT rid FROM opening WHERE rid NOT IN (SELECT rid FROM resource)", "there is no such resource"),
    ("resource", "SELECT rid FROM resource WHERE rid NOT IN (SELECT rid FROM member)", "no line ever showed it"),
    ("resource", _NO_RESOURCE, "is missing, though a line showed it"),
    (
        "line",
        "SELECT lid FROM line WHERE lid NOT IN (SELECT lid FROM sweep)",
        "nothing ever looked at a line of this lid",
    ),
    ("member", _UNUSED, "the line never showed the resource"),
    ("member", _NO_MEMBER.format("version"), "is missing, though there are versions"),
    ("member", _NO_MEMBER.format("outcome"), "is missing, though there are outcomes"),
    ("blob", _NO_BODY.format("bid", "version"), "is missing, though a version has this body"),
    ("blob", _NO_BODY.format("reason", "outcome"), "is missing, though it is the reason of an outcome"),
    ("blob", _NO_USE, "no version or outcome has this body"),
]
_OF_LINES = ("sweep", "version", "outcome", "tally", "late", "member")
_SURPLUS += [
    ("sweep", _OTHER_RUN.format("s.lid, s.seq"), "its run is not that of its record"),
    ("run", _OTHER_RUN.format("r.seq"), "or its run is not that of its sweeps"),
]
_SURPLUS += [(table, _NO_LINE.format(table), "there is no such line") for table in _OF_LINES]


class BodyCheck:
    """Checks what the rows of single tables say by themselves, and that each is referred to."""

    def __init__(self, snapshot: Snapshot, findings: Findings) -> None:
        self._snapshot, self._findings = snapshot, findings

    def run(self) -> None:
        with self._findings.reading("resource", ""):
            for row in readable(self._snapshot, self._findings, "resource", _RESOURCES):
                self._resource(*row)
        BlobCheck(self._snapshot, self._findings).run()
        for table, sql, what in _SURPLUS:
            with self._findings.reading(table, ""):
                for row in self._snapshot.select(sql):
                    self._findings.add(table, ", ".join(map(str, row)), what)

    def some(self, resources: Iterable[int], bodies: Iterable[int]) -> None:
        """Check these alone, by their numbers."""
        sql = _RESOURCES.replace("r.rid >= ?", "r.rid IN ({})")
        with self._findings.reading("resource", ""):
            for row in chunked(self._snapshot, sql, (), sorted(resources)):
                self._resource(*row)
        BlobCheck(self._snapshot, self._findings).some(bodies)

    def _resource(self, rid: Any, scope: Any, type: Any, native_id: Any, cid: Any, salt: Any) -> None:
        key = f"{rid}: {scope} {type} {native_id}"
        if salt is None and isinstance(cid, bytes) and native_id == placeholder(cid):
            return  # a record must have disposed of it: see verify_disposals
        if not isinstance(salt, bytes):
            self._findings.add("opening", key, "is no salt: the resource's name cannot be checked")
        elif native_id is None:
            self._findings.add("resource", key, "has no name")
        else:
            with self._findings.reading("resource", key):
                if layout.cid(salt, scope, type, native_id) != cid:
                    self._findings.add("resource", key, "its cid is not that of this name and salt")
                    self._findings.add("opening", key, "or the salt is not that of this name and cid")


class BlobCheck:
    """Checks that bodies, read as they are stored, and dictionaries are what their digests say, and are used."""

    def __init__(self, snapshot: Snapshot, findings: Findings) -> None:
        self._snapshot, self._findings = snapshot, findings
        self._bodies = Bodies(snapshot.select)
        self._ids: dict[int, int] = {}  # of each dictionary, as frames name it
        self._used: dict[int, list[int]] = {}  # by dictionary, some bodies that were made with it

    def run(self) -> None:
        with self._findings.reading("dictionary", ""):
            for row in self._snapshot.select(_DICTIONARIES):
                self._dictionary(*row)
        with self._findings.reading("blob", ""):
            self._blobs(readable(self._snapshot, self._findings, "blob", _BLOBS))
        with self._findings.reading("dictionary", ""):
            self._uses()

    def some(self, bodies: Iterable[int]) -> None:
        """Check these bodies alone."""
        with self._findings.reading("dictionary", ""):
            for row in self._snapshot.select(_DICTIONARIES):
                self._dictionary(*row)
        sql = _BLOBS.replace("b.bid >= ?", "b.bid IN ({})")
        with self._findings.reading("blob", ""):
            self._blobs(chunked(self._snapshot, sql, (), sorted(bodies)))

    def _blobs(self, rows: Iterable[Row]) -> None:
        for bid, sha256, base_bid, found, deeper, *stored in rows:
            with self._findings.reading("blob", f"{bid}"):
                self._blob(bid, base_bid, (found, deeper), stored)
                if hashlib.sha256(self._bodies.read(*stored)).digest() != sha256:
                    self._findings.add("blob", f"{bid}", "its bytes are not those of its digest")

    def _dictionary(self, did: Any, _type: Any, sha256: Any, data: Any) -> None:
        with self._findings.reading("dictionary", f"{did}"):
            if hashlib.sha256(data).digest() != sha256:
                self._findings.add("dictionary", f"{did}", "its bytes are not those of its digest")
            self._ids[did] = zstandard.ZstdCompressionDict(data).dict_id()

    def _blob(self, bid: Any, base_bid: Any, base: tuple[Any, Any], stored: list[Any]) -> None:
        size, z, did = stored[:3]
        if not isinstance(size, int) or not isinstance(z, bytes) or not 0 <= size <= MAX_BODY:
            raise ValueError("it is not the size and the bytes of a body")
        if base_bid is not None:
            if did is not None or base[0] is None or base[1] is not None:
                raise ValueError(f"body {base_bid}, of which it is a change, is not there or is a change itself")
        elif did is None and len(z) == size:
            return
        if zstandard.frame_content_size(z) != size or frame_length(z) != len(z):
            raise ValueError(f"it does not hold the {size} bytes that it says, and nothing else")
        if did is not None:
            used = self._used.setdefault(did, [])
            if len(used) < _EXAMPLES:
                used.append(bid)
        if zstandard.get_frame_parameters(z).dict_id != (0 if did is None else self._ids.get(did)):
            raise ValueError(f"it was not made with dictionary {did}")

    def _uses(self) -> None:
        """Each dictionary is used, by bodies of the kind that it is of."""
        kinds: dict[int, set[str]] = {}
        for bid, kind in chunked(self._snapshot, _KINDS, (), (bid for used in self._used.values() for bid in used)):
            kinds.setdefault(bid, set()).add(kind)
        for did, type in self._snapshot.select("SELECT did, type FROM dictionary"):
            if did not in self._used:
                self._findings.add("dictionary", f"{did}", "no body was made with it")
            elif not any(type in kinds.get(bid, ()) for bid in self._used[did]):
                self._findings.add("dictionary", f"{did}", f"is not of bodies of {type}")


def frame_length(z: bytes) -> int:
    """How long the zstd frame is that `z` begins with (RFC 8878, 3.1.1). Raises ValueError, IndexError."""
    told = z[4]
    if told & 0x18:
        raise ValueError("its frame has bits set that mean nothing")
    single, sized = told >> 5 & 1, told >> 6
    place = 5 + (1 - single) + (0, 1, 2, 4)[told & 3] + ((single, 2, 4, 8)[sized])
    last = False
    while not last:
        if place + 3 > len(z):
            raise ValueError("its frame is cut off")
        head = int.from_bytes(z[place : place + 3], "little")
        last = bool(head & 1)
        place += 3 + (1 if head >> 1 & 3 == 1 else head >> 3)
    return place + (4 if told & 4 else 0)
