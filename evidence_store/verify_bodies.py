"""Verifying names and bodies: each resource is who it says, each body is its digest, and all of them are used."""

from __future__ import annotations

import hashlib
from typing import Any

import zstandard

from annexlog.evidence_store import layout
from annexlog.evidence_store.backend import Snapshot
from annexlog.evidence_store.findings import Findings

MAX_BODY = 1 << 28
"""Bytes of one body."""

_SLICE = 1024
"""Bytes unpacked at a time: at most some 32 MB come of them."""
_RESOURCES = (
    "SELECT r.rid, r.scope, r.type, r.native_id, r.cid, o.salt FROM resource r LEFT JOIN opening o ON o.rid = r.rid "
    "ORDER BY r.rid"
)
_BLOBS = "SELECT bid, sha256, did, base_bid, size, z FROM blob ORDER BY bid"

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
    ("dictionary", "SELECT did FROM dictionary", "is of no use to this version"),
    ("erased", "SELECT lid, rid, run FROM erased", "no record disposed of it"),
]
_OF_LINES = ("sweep", "version", "outcome", "tally", "late", "member")
_SURPLUS += [
    ("sweep", _OTHER_RUN.format("s.lid, s.seq"), "its run is not that of its record"),
    ("run", _OTHER_RUN.format("r.seq"), "or its run is not that of its sweeps"),
]
_SURPLUS += [(table, _NO_LINE.format(table), "there is no such line") for table in _OF_LINES]


def read_body(size: Any, z: Any) -> bytes:
    """The bytes of a stored body, from a row that may be anything. Raises one of `findings.BROKEN`."""
    if not isinstance(size, int) or not isinstance(z, bytes) or not 0 <= size <= MAX_BODY:
        raise ValueError("it is not the size and the bytes of a body")
    return z if len(z) == size else unpress(z, size)


def unpress(z: bytes, size: int) -> bytes:
    """The `size` bytes that are compressed in `z`, which may be anything. Raises ValueError, ZstdError."""
    plain = bytearray()
    frame = zstandard.ZstdDecompressor().decompressobj()
    left = len(z)
    for start in range(0, len(z), _SLICE):
        if frame.eof or len(plain) > size:
            break
        plain += frame.decompress(z[start : start + _SLICE])
        left -= _SLICE
    if not frame.eof or frame.unused_data or left > 0 or len(plain) != size:
        raise ValueError(f"it does not hold the {size} bytes that it says, and nothing else")
    return bytes(plain)


class BodyCheck:
    """Checks what the rows of single tables say by themselves, and that each is referred to."""

    def __init__(self, snapshot: Snapshot, findings: Findings) -> None:
        self._snapshot, self._findings = snapshot, findings

    def run(self) -> None:
        with self._findings.reading("resource", ""):
            for row in self._snapshot.select(_RESOURCES):
                self._resource(*row)
        with self._findings.reading("blob", ""):
            for row in self._snapshot.select(_BLOBS):
                self._blob(*row)
        for table, sql, what in _SURPLUS:
            with self._findings.reading(table, ""):
                for row in self._snapshot.select(sql):
                    self._findings.add(table, ", ".join(map(str, row)), what)

    def _resource(self, rid: Any, scope: Any, type: Any, native_id: Any, cid: Any, salt: Any) -> None:
        key = f"{rid}: {scope} {type} {native_id}"
        if not isinstance(salt, bytes):
            self._findings.add("opening", key, "is no salt: the resource's name cannot be checked")
        elif native_id is None:
            self._findings.add("resource", key, "has no name, though no record disposed of it")
        else:
            with self._findings.reading("resource", key):
                if layout.cid(salt, scope, type, native_id) != cid:
                    self._findings.add("resource", key, "its cid is not that of this name and salt")
                    self._findings.add("opening", key, "or the salt is not that of this name and cid")

    def _blob(self, bid: Any, sha256: Any, did: Any, base_bid: Any, size: Any, z: Any) -> None:
        key = f"{bid}"
        if did is not None or base_bid is not None:
            self._findings.add("blob", key, "was made with a dictionary or another body, which this version never does")
        with self._findings.reading("blob", key):
            if hashlib.sha256(read_body(size, z)).digest() != sha256:
                self._findings.add("blob", key, "its bytes are not those of its digest")
