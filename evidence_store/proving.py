"""Make the proof of one population from the store, for somebody who has neither (see `proof`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from annexlog.evidence_store import layout, manifest
from annexlog.evidence_store.backend import Row, Snapshot
from annexlog.evidence_store.bodies import Bodies, columns, joined
from annexlog.evidence_store.checkpoint import Checkpoint
from annexlog.evidence_store.disposal import GONE
from annexlog.evidence_store.manifest import Entry
from annexlog.evidence_store.merkle import Tree, inclusion_proof
from annexlog.evidence_store.model import JSON, Coverage, Line, Millis, StoreError, Unknown, decode
from annexlog.evidence_store.proof import FORMAT, OUTCOMES
from annexlog.evidence_store.store import Store
from annexlog.evidence_store.verdicts import is_outcome

_OF_CHAIN = f"""SELECT r.native_id, o.salt, b.sha256, {columns("b")} FROM member m JOIN resource r ON r.rid = m.rid
    JOIN opening o ON o.rid = m.rid JOIN blob b ON b.bid = (
        SELECT v.bid FROM version v WHERE v.lid = m.lid AND v.rid = m.rid AND v.run <= ? ORDER BY v.run DESC LIMIT 1)
    {joined("b")} JOIN line l ON l.lid = m.lid WHERE l.scope = ? AND l.type = ? AND l.facet = ? ORDER BY r.cid"""  # noqa: S608 — names of ours
_OF_RECORD = f"""SELECT r.native_id, o.salt, b.sha256, {columns("b")} FROM version v JOIN resource r ON r.rid = v.rid
    JOIN opening o ON o.rid = v.rid JOIN blob b ON b.bid = v.bid {joined("b")} JOIN line l ON l.lid = v.lid
    WHERE v.run = ? AND l.scope = ? AND l.type = ? AND l.facet = ? ORDER BY r.cid"""  # noqa: S608
_OF_OUTCOMES = f"""SELECT r.native_id, p.salt, o.status, {columns("b")} FROM member m JOIN resource r ON r.rid = m.rid
    JOIN opening p ON p.rid = m.rid JOIN outcome o ON o.lid = m.lid AND o.rid = m.rid AND o.run = (
        SELECT max(x.run) FROM outcome x WHERE x.lid = m.lid AND x.rid = m.rid AND x.run <= ?)
    JOIN line l ON l.lid = m.lid LEFT JOIN blob b ON b.bid = o.reason {joined("b")}
    WHERE o.status IS NOT NULL AND l.scope = ? AND l.type = ? AND l.facet = ? ORDER BY r.cid"""  # noqa: S608
_GONE_OF_CHAIN = """SELECT r.cid, e.leaf FROM member m JOIN resource r ON r.rid = m.rid JOIN line l ON l.lid = m.lid
    JOIN erased e ON e.lid = m.lid AND e.rid = m.rid AND e.run = (
        SELECT max(v.run) FROM version v WHERE v.lid = m.lid AND v.rid = m.rid AND v.run <= ?)
    WHERE l.scope = ? AND l.type = ? AND l.facet = ? ORDER BY r.cid"""
_GONE_OF_RECORD = """SELECT r.cid, e.leaf FROM erased e JOIN resource r ON r.rid = e.rid JOIN line l ON l.lid = e.lid
    WHERE e.run = ? AND l.scope = ? AND l.type = ? AND l.facet = ? ORDER BY r.cid"""
_GONE = layout.sha256(GONE).hex()
_HEADS = """SELECT l.scope, l.type, l.facet, s.seq, s.at FROM sweep s JOIN line l ON l.lid = s.lid
    WHERE s.seq <= ? ORDER BY s.lid, s.seq"""


def prove_population(
    store: Store, line: Line, seq: int, *, known_at: Millis | None = None, bodies: bool = False
) -> dict[str, JSON]:
    """The proof of what record `seq` saw of a line, or judged of it, as a document that `check_population` checks.

    It shows as well which sweep of the line was the newest by what was recorded at `known_at` (None: in the newest
    checkpoint). `bodies`: with the bodies, not their digests alone. Raises StoreError: no such sweep, a record that no
    checkpoint signs yet.
    """
    with store.backend.snapshot() as snapshot:
        return _Proving(snapshot, line, seq).document(known_at, bodies=bodies)


class _Proving:
    def __init__(self, snapshot: Snapshot, line: Line, seq: int) -> None:
        self._select, self._line, self._seq = snapshot.select, line, seq
        note = next(self._select("SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1"), (None,))[0]
        self._checkpoint = None if note is None else layout.stored(Checkpoint.parse, note, "a checkpoint")
        self._size = self._checkpoint.size if self._checkpoint else 0
        if seq > self._size:
            raise StoreError(f"no checkpoint signs record {seq} yet.", next="The next collection signs it.")
        self._tree = Tree(self._size, self._tile, self._leaves)

    def document(self, known_at: Millis | None, *, bodies: bool) -> dict[str, JSON]:
        entries = manifest.unpack(
            self._one("SELECT manifest FROM run WHERE seq = ?", self._seq), self._select
        ).entries()
        entry = next((entry for entry in entries if entry.line == self._line), None)
        if entry is None:
            raise StoreError(f"record {self._seq} did not look at this line.", where="/".join(self._line))
        known = self._known(known_at)
        return {
            "format": OUTCOMES if is_outcome(self._line) else FORMAT,
            "checkpoint": self._checkpoint.encode().decode() if self._checkpoint else "",
            "record": self._record(self._seq),
            "line": _path([entry.text() for entry in entries], entry.text()),
            "known": {"record": self._record(known), **self._head(known)},
            "next": self._record(known + 1) if known < self._size else None,
            **self._all(entry, bodies=bodies),
        }

    def _all(self, entry: Entry, *, bodies: bool) -> dict[str, JSON]:
        """All leaves that the record commits to: what can be shown, and what was disposed of since."""
        leaves = [leaf for leaf in self._seen(entry.status, bodies=bodies) if leaf.get("sha256") != _GONE]
        gone = [{"cid": cid.hex(), "leaf": leaf.hex()} for cid, leaf in self._disposed(entry.status)]
        if len(leaves) + len(gone) != (entry.n or 0):
            raise StoreError(
                f"some of what record {self._seq} judged was disposed of since: it can be verified, not shown.",
                where="/".join(self._line),
                next="See why: annexlog population disposal --scope org",
            )
        return {"leaves": leaves, "disposed": gone} if gone else {"leaves": leaves}

    def _disposed(self, status: Coverage) -> Iterator[Row]:
        """(cid, leaf) of what the record saw and has no body any more."""
        if is_outcome(self._line) or status not in layout.SEEN:
            return iter(())
        run = self._one("SELECT run FROM run WHERE seq = ?", self._seq)
        rows = _GONE_OF_RECORD if status is Coverage.SUPPLEMENT else _GONE_OF_CHAIN
        return self._select(rows, (run, *self._line))

    def _seen(self, status: Coverage, *, bodies: bool) -> Iterator[dict[str, JSON]]:
        """The leaves of what the record saw or judged."""
        parameters = (self._one("SELECT run FROM run WHERE seq = ?", self._seq), *self._line)
        read = Bodies(self._select).read
        if is_outcome(self._line):
            yield from (_verdict(row, read) for row in self._select(_OF_OUTCOMES, parameters))
        elif status in layout.SEEN:
            rows = _OF_RECORD if status is Coverage.SUPPLEMENT else _OF_CHAIN
            yield from (_leaf(row, read if bodies else None) for row in self._select(rows, parameters))

    def _known(self, at: Millis | None) -> int:
        """The last signed record of those recorded by then."""
        if at is None:
            return self._size
        known: int = self._one("SELECT coalesce(max(seq), 0) FROM run WHERE recorded <= ?", at)
        if known < self._seq:
            raise StoreError(f"record {self._seq} was not known yet by then.", next="Ask for a later time.")
        return min(known, self._size)

    def _record(self, seq: int) -> dict[str, JSON]:
        text = self._one("SELECT record FROM run WHERE seq = ?", seq).decode()
        return {"text": text, "path": [hash.hex() for hash in self._tree.inclusion_proof(seq - 1)]}

    def _head(self, upto: int) -> dict[str, JSON]:
        """The line's head after record `upto`, with its path among all heads."""
        heads: dict[Line, tuple[int, Millis, int]] = {}
        for scope, type, facet, seq, end in self._select(_HEADS, (upto,)):
            line = Line(scope, type, facet)
            _, newest, newest_seq = heads.get(line, (0, -1, 0))
            heads[line] = (seq, end, seq) if end >= newest else (seq, newest, newest_seq)
        texts = {line: layout.head_line(line, *head) for line, head in heads.items()}
        return _path(list(texts.values()), texts[self._line])

    def _one(self, sql: str, parameter: int) -> Any:
        row = next(self._select(sql, (parameter,)), None)
        if row is None:
            raise StoreError(f"there is no record {parameter}.")
        return row[0]

    def _tile(self, level: int, index: int) -> bytes:
        row = next(self._select("SELECT bytes FROM tile WHERE level = ? AND idx = ?", (level, index)), (b"",))
        return bytes(row[0])

    def _leaves(self, start: int, stop: int) -> Iterator[bytes]:
        rows = self._select("SELECT record FROM run WHERE seq > ? AND seq <= ? ORDER BY seq", (start, stop))
        return (layout.record_leaf(row[0]) for row in rows)


def _path(texts: Sequence[bytes], text: bytes) -> dict[str, JSON]:
    """A line and its path to the root over all of them."""
    index = sorted(texts).index(text)
    path = inclusion_proof(layout.line_leaves(texts), index)
    return {"text": text.decode(), "index": index, "of": len(texts), "path": [hash.hex() for hash in path]}


def _verdict(row: Row, body: Callable[..., bytes]) -> dict[str, JSON]:
    id, salt, status, *stored = row
    reason = None if stored[1] is None else decode(body(*stored))
    told = reason.as_json() if isinstance(reason, Unknown) else None
    return {"id": id, "salt": salt.hex(), "status": status, "reason": told}


def _leaf(row: Row, body: Callable[..., bytes] | None) -> dict[str, JSON]:
    id, salt, sha256, *stored = row
    told = {} if body is None else {"body": body(*stored).decode()}
    return {"id": id, "salt": salt.hex(), "sha256": sha256.hex(), **told}
