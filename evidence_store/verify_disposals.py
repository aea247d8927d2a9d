"""Verifying disposals: what is gone is what records of disposals say is gone, no more and no less."""

from __future__ import annotations

from typing import Any

import msgspec

from annexlog.evidence_store.backend import Snapshot
from annexlog.evidence_store.bodies import Bodies, columns, joined
from annexlog.evidence_store.disposal import DISPOSALS
from annexlog.evidence_store.findings import Findings, named
from annexlog.evidence_store.layout import Record
from annexlog.evidence_store.model import Line

_SAID = (
    f"SELECT u.seq, u.record, {columns('b')} FROM line l JOIN version v ON v.lid = l.lid "  # noqa: S608 — names of ours
    f"JOIN run u ON u.run = v.run JOIN blob b ON b.bid = v.bid {joined('b')} "
    "WHERE l.scope = ? AND l.type = ? AND l.facet = ? ORDER BY u.seq"
)
_ERASED = """SELECT l.scope, l.type, l.facet, r.cid, u.seq, e.lid, e.rid, e.run FROM erased e
    LEFT JOIN line l ON l.lid = e.lid LEFT JOIN resource r ON r.rid = e.rid LEFT JOIN run u ON u.run = e.run"""
_NAMELESS = """SELECT r.rid, r.cid FROM resource r LEFT JOIN opening o ON o.rid = r.rid WHERE o.rid IS NULL"""
_NAMES = "SELECT native_id, cid FROM resource WHERE native_id LIKE 'erased:%'"

_Erased = tuple[Line, str, int]
"""A line, a cid, the seq of a record."""


class _Told(msgspec.Struct):
    names: list[str]
    what: list[tuple[str, str, str, list[tuple[str, list[int]]]]]


class DisposalCheck:
    """Compares what is gone with the records of kind `dispose`."""

    def __init__(self, snapshot: Snapshot, findings: Findings) -> None:
        self._snapshot, self._findings = snapshot, findings
        self._what: dict[_Erased, int] = {}
        self._names: dict[str, int] = {}

    def run(self) -> None:
        with self._findings.reading("version", named(DISPOSALS)):
            read = Bodies(self._snapshot.select).read
            for seq, record, *stored in self._snapshot.select(_SAID, DISPOSALS):
                with self._findings.reading("version", f"{named(DISPOSALS)}, record {seq}"):
                    self._said(seq, Record.parse(record), msgspec.json.decode(read(*stored), type=_Told))
        with self._findings.reading("erased", ""):
            for scope, type, facet, cid, seq, *key in self._snapshot.select(_ERASED):
                self._gone(Line(scope, type, facet), cid, seq, key)
        for (line, cid, seq), by in self._what.items():
            self._findings.add(
                "erased", f"{named(line)}, {cid}, record {seq}", f"is missing, though record {by} disposed of it"
            )
        with self._findings.reading("resource", ""):
            self._nameless()

    def _said(self, seq: int, record: Record, told: _Told) -> None:
        if record.kind != "dispose":
            self._findings.add("run", f"record {seq}", f"tells of a disposal, but is a record of kind {record.kind}")
            return
        for scope, type, facet, cids in told.what:
            for cid, seqs in cids:
                self._what.update(((Line(scope, type, facet), cid, of), seq) for of in seqs if of < seq)
        self._names.update((cid, seq) for cid in told.names)

    def _gone(self, line: Line, cid: Any, seq: Any, key: list[Any]) -> None:
        if not isinstance(cid, bytes) or self._what.pop((line, cid.hex(), seq), None) is None:
            self._findings.add("erased", ", ".join(map(str, key)), "no record disposed of it")

    def _nameless(self) -> None:
        """No name and salt is gone that no record disposed of, and those that one did are gone."""
        for rid, cid in self._snapshot.select(_NAMELESS):
            if not isinstance(cid, bytes) or self._names.pop(cid.hex(), None) is None:
                self._findings.add("opening", f"{rid}", "has no salt, though no record disposed of it")
        for cid, seq in self._names.items():
            self._findings.add("opening", cid, f"has a salt still, though record {seq} disposed of it")
