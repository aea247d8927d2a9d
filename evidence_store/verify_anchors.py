"""Verifying anchors: that each token is of its checkpoint and genuine, and that no record contradicts its time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from annexlog.evidence_store.anchors import TIMESTAMP, WITNESS, Receipt, Trust
from annexlog.evidence_store.backend import Snapshot
from annexlog.evidence_store.checkpoint import Checkpoint
from annexlog.evidence_store.cosignatures import cosigned
from annexlog.evidence_store.findings import Findings
from annexlog.evidence_store.keys import Verifier
from annexlog.evidence_store.layout import sha256
from annexlog.evidence_store.merkle import Tree
from annexlog.evidence_store.model import Millis, iso
from annexlog.evidence_store.timestamps import Unavailable, stamped_at

TOLERANCE: Millis = 600_000
"""So far a host's clock may be from those of authorities and witnesses before a record counts as falsely dated."""

_TOKENS = (
    "SELECT a.size, a.kind, a.token, c.note FROM anchor a LEFT JOIN checkpoint c ON c.size = a.size "
    "WHERE a.size >= ? ORDER BY 1, 2"
)
_RECENT = "SELECT size FROM anchor WHERE kind LIKE 'timestamp:%' AND size <= ? ORDER BY size DESC LIMIT 16"
_RECORDS = "SELECT seq, recorded, record FROM run WHERE seq > ? ORDER BY seq"
_NAMES = b"\nprevious_timestamp "


class Proof(NamedTuple):
    """The first `size` records existed at `time`, by the word of `by` (`timestamp:<name>`, a witness's name)."""

    size: int
    time: Millis
    by: str


@dataclass(slots=True)
class Proven:
    """What others' word shows. `newest`: of each of them, the proof of the most records.

    `unchecked`: how many tokens of a kind could not be checked, and what it takes to check them.
    `lag`, `lagging`: the longest time between what a record says and the first proof of it, and that record.
    """

    newest: dict[str, Proof] = field(default_factory=dict)
    unchecked: Counter[tuple[str, str]] = field(default_factory=Counter)
    lag: Millis = 0
    lagging: int = 0

    @property
    def size(self) -> int:
        """So many records are proven to have existed at some time."""
        return max((proof.size for proof in self.newest.values()), default=0)


class AnchorCheck:
    """Reads the tokens, then what the records say of time.

    `after`: so many records are taken as checked, and the tokens of logs that short; of these only the last few are
    read, which later records may name.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        findings: Findings,
        log: Tree,
        keys: Collection[Verifier],
        trust: Trust,
        after: int = 0,
    ) -> None:
        self._after = after
        self._snapshot, self.findings, self._log, self._keys, self._trust = snapshot, findings, log, keys, trust
        self.proven = Proven()
        self._proofs: list[Proof] = []
        self._stamps: dict[bytes, tuple[int, Millis | None]] = {}  # by digest: size and time of each timestamp

    def _vouched(self, size: int, time: Millis, by: str, note: bytes) -> None:
        """Count a proof of a checkpoint in the store, if that is one of this log as it is now."""
        if size <= self._log.size and Checkpoint.parse(note).root == self._log.root(size):
            self.add(Proof(size, time, by))

    def add(self, proof: Proof) -> None:
        """Count a proof of the first records as they are now."""
        self._proofs.append(proof)
        known = self.proven.newest.get(proof.by)
        if known is None or (known.size, -known.time) < (proof.size, -proof.time):
            self.proven.newest[proof.by] = proof

    def run(self) -> None:
        with self.findings.reading("anchor", ""):
            recent = [row[0] for row in self._snapshot.select(_RECENT, (self._after,))] if self._after else []
            least = min([*recent, self._after]) if self._after else -(2**62)
            for size, kind, token, note in self._snapshot.select(_TOKENS, (least,)):
                with self.findings.reading("anchor", f"size {size}, {kind}"):
                    self._token(size, kind, token, note)
        with self.findings.reading("run", ""):
            self._times()

    # ── tokens ────────────────────────────────────────────────────────────────────────────

    def _token(self, size: Any, kind: Any, token: Any, note: Any) -> None:
        key = f"size {size}, {kind}"
        if not (isinstance(size, int) and isinstance(kind, str) and isinstance(token, bytes)):
            self.findings.add("anchor", key, "is not a size, a kind and a token")
            return
        if not isinstance(note, bytes):
            self.findings.add("anchor", key, "there is no checkpoint of this size")
            return
        try:
            of = kind.partition(":")[0]
            if of == TIMESTAMP:
                self._timestamp(size, kind, token, note)
            elif of == WITNESS:
                self._witness(size, kind, token, note)
            else:
                self._receipt(size, kind, token, note)
        except ValueError as error:
            self.findings.add("anchor", key, f"is not good: {error}")

    def _timestamp(self, size: int, kind: str, token: bytes, note: bytes) -> None:
        try:
            time = stamped_at(token, note, self._trust.authorities)
        except Unavailable:
            self._stamps[sha256(token)] = (size, None)
            self.proven.unchecked[kind, 'pip install "annexlog[timestamp]"'] += 1
            return
        self._stamps[sha256(token)] = (size, time if self._trust.authorities else None)
        if self._trust.authorities:
            self._vouched(size, time, kind, note)
        else:
            self.proven.unchecked[kind, "name the authority's certificates as tsa_ca_file, or by --tsa-ca"] += 1

    def _witness(self, size: int, kind: str, token: bytes, note: bytes) -> None:
        signed = Checkpoint.parse(token)
        if signed.note.text != Checkpoint.parse(note).note.text:
            raise ValueError("it is of another checkpoint")
        if signed.encode() != token:
            raise ValueError("it is not in the one form that a note has")
        found = list(cosigned(signed.note, self._trust.witnesses))
        for cosigner, time in found:
            self._vouched(size, time, cosigner.name, note)
        if not found:
            self.proven.unchecked[kind, "name the witness's key in the configuration, or by --witness-key"] += 1

    def _receipt(self, size: int, kind: str, token: bytes, note: bytes) -> None:
        receipt = Receipt.check(token, self._keys)
        if (receipt.kind, receipt.size, receipt.note_sha256) != (kind, size, sha256(note)):
            raise ValueError("it is of another checkpoint or anchor")

    # ── what records say of time ──────────────────────────────────────────────────────────

    def _times(self) -> None:
        """Each record against the timestamp that it names (it is newer) and the proofs that cover it (it is older)."""
        proofs = self._ordered()
        last, at = 0, 0
        for seq, recorded, record in self._snapshot.select(_RECORDS, (self._after,)):
            if not (isinstance(seq, int) and isinstance(recorded, int) and isinstance(record, bytes)):
                continue  # which the check of the log reports
            last = self._named(seq, recorded, record, last)
            while at < len(proofs) and proofs[at].size < seq:
                at += 1
            if at < len(proofs):
                self._covered(seq, recorded, proofs[at])

    def _ordered(self) -> list[Proof]:
        """By size; of those that cover a record, the first is the earliest."""
        found: list[Proof] = []
        for proof in sorted(self._proofs, key=lambda proof: (-proof.size, proof.time)):
            if not found or proof.time < found[-1].time:
                found.append(proof)
        return found[::-1]

    def _named(self, seq: int, recorded: Millis, record: bytes, last: int) -> int:
        """Check the timestamp that a record names; returns its size. `last`: that of the one named before."""
        name = record.rpartition(_NAMES)[2].strip().decode("ascii", "replace")
        key = f"before record {seq}"
        if name == "-":
            if last:
                self.findings.add("anchor", key, "a timestamp that was known before is named no more")
            return last
        size, time = self._stamps.get(_digest(name), (0, None))
        if not 0 < size < seq:
            self.findings.add("anchor", key, "the timestamp that the record names is missing")
            return last
        if size < last:
            self.findings.add("anchor", key, "an older timestamp than before is named")
        if time is not None and recorded + TOLERANCE < time:
            self.findings.add(
                "run",
                f"record {seq}",
                f"is back-dated: it says that it was recorded at {iso(recorded)}, "
                f"but names a timestamp that was made at {iso(time)}",
            )
        return max(size, last)

    def _covered(self, seq: int, recorded: Millis, proof: Proof) -> None:
        if recorded - TOLERANCE > proof.time:
            self.findings.add(
                "run",
                f"record {seq}",
                f"says that it was recorded at {iso(recorded)}, but {proof.by} saw it at {iso(proof.time)}",
            )
        if proof.time - recorded > self.proven.lag:
            self.proven.lag, self.proven.lagging = proof.time - recorded, seq


def _digest(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""


def shown(proven: Proven) -> Iterator[str]:
    """In plain words, what others' word shows."""
    for proof in sorted(proven.newest.values()):
        told = f"records 1 to {proof.size}" if proof.size > 1 else "record 1"
        yield f"By the word of {proof.by}, {told} existed at {iso(proof.time)} and are the same now."
    if proven.lagging:
        yield (
            f"No record was first seen from outside more than {_span(proven.lag)} after the time that it gives itself "
            f"(record {proven.lagging}), as far as record {proven.size}."
        )


def _span(time: Millis) -> str:
    for unit, name in ((86_400_000, "days"), (3_600_000, "hours"), (60_000, "minutes")):
        if time >= 2 * unit:
            return f"{-(-time // unit)} {name}"
    return f"{-(-time // 1000)} seconds"
