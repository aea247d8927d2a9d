"""Verify a store: recompute everything from the bodies up, and say plainly what nobody could see from inside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from annexlog.evidence_store import verify_parallel
from annexlog.evidence_store.anchors import Trust, notes
from annexlog.evidence_store.blind_spots import blind_spots
from annexlog.evidence_store.checkpoint import Checkpoint
from annexlog.evidence_store.cosignatures import cosigned
from annexlog.evidence_store.findings import Finding, Findings
from annexlog.evidence_store.verify_anchors import AnchorCheck, Proof, shown
from annexlog.evidence_store.verify_bodies import BodyCheck
from annexlog.evidence_store.verify_disposals import DisposalCheck
from annexlog.evidence_store.verify_lines import Differ, LineCheck, Tables
from annexlog.evidence_store.verify_log import LogCheck
from annexlog.evidence_store.verify_since import GIVEN as SINCE
from annexlog.evidence_store.verify_since import SinceCheck, check_bodies, unchecked

if TYPE_CHECKING:
    from annexlog.evidence_store.backend import Snapshot
    from annexlog.evidence_store.keys import Verifier
    from annexlog.evidence_store.store import Store

__all__ = ["Finding", "Report", "verify"]

GIVEN = "checkpoint given"
"""The `table` of findings about the checkpoint that was kept outside."""

_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class Report:
    """What verifying found. `findings`: the first ones (at most 1,000); `total`: how many there are.

    `records`: the size of the log. `checkpoints`: how many there are; `signed`: how many records the newest good one
    covers. `shown`: what timestamps and witnesses vouch for. `blind_spots`: attacks that verifying would not have seen,
    each with what would show it.
    """

    records: int
    checkpoints: int
    signed: int
    findings: Sequence[Finding]
    total: int
    blind_spots: Sequence[str]
    shown: Sequence[str] = ()

    @property
    def ok(self) -> bool:
        return self.total == 0


def verify(
    store: Store,
    *,
    keys: Sequence[Verifier],
    checkpoints: Mapping[str, bytes] = MappingProxyType({}),
    trust: Trust = Trust(),  # noqa: B008 — frozen
    since: bytes | None = None,
    processes: int | None = None,
) -> Report:
    """Check every byte of a store, never stopping at the first finding.

    `keys`: the public keys that checkpoints may be signed with. `checkpoints`: what was kept elsewhere, by a name to
    report it under: each the bytes of one or more of them; against these truncation, forks and rewriting by the key's
    holder are found. `trust`: whose timestamps and cosignatures count. Others may write meanwhile.
    `since`: the bytes of a checkpoint at which the whole store was verified: what came before it is taken as checked
    (verify_since says how far), and the blind spots say so. If it is not good, that is a finding, and all is checked.
    `processes`: how many check lines side by side, of a store that is a file; None: as many as there are cores where
    it is large. They find the same, in the same order. Memory, of each, is bounded by the longest history of one line.
    Raises nothing that the store's content could cause.
    """
    findings = Findings(_LIMIT, verify_parallel.OF_EACH)
    with store.backend.snapshot() as snapshot:
        log = _log(snapshot, findings, keys, since)
        with findings.reading("file", ""):
            for table, key, what in snapshot.guards() if log.after else snapshot.faults():
                findings.add(table, key, what)
        log.run()
        anchors = AnchorCheck(snapshot, findings, log.tree, log.ring.named, trust, log.after)
        outside = max((_outside(log, anchors, trust, name, data) for name, data in checkpoints.items()), default=0)
        anchors.run()
        if log.after:
            check_bodies(snapshot, findings, log)
        else:
            BodyCheck(snapshot, findings).run()
        LineCheck(snapshot, findings, log, _differ(store, snapshot, findings, log, processes)).run()
        DisposalCheck(snapshot, findings).run()
    size = log.tree.size
    if size and not log.checkpoints:
        findings.add("checkpoint", "", "there is none: nothing that is recorded is signed")
    spots = blind_spots(size=size, signed=log.signed, outside=outside, proven=anchors.proven)
    return Report(
        size,
        log.checkpoints,
        log.signed,
        findings.kept,
        findings.total,
        (*unchecked(size, log.after), *spots, *log.ring.notes()),
        tuple(shown(anchors.proven)),
    )


def _log(snapshot: Snapshot, findings: Findings, keys: Sequence[Verifier], since: bytes | None) -> LogCheck:
    """The check of the log: from a checkpoint on, if it is one that a key signed which is given, else of all of it."""
    if since is not None:
        try:
            checkpoint = Checkpoint.parse(since)
        except ValueError as error:
            findings.add(SINCE, "", f"is not good: {error}; everything is checked")
        else:
            if {verifier.name for verifier in checkpoint.signed_by(keys)} & {checkpoint.origin}:
                return SinceCheck(snapshot, findings, keys, checkpoint)
            findings.add(SINCE, "", "is signed by no key that is given; everything is checked")
    return LogCheck(snapshot, findings, keys)


def _differ(
    store: Store, snapshot: Snapshot, findings: Findings, log: LogCheck, processes: int | None
) -> Differ | None:
    """How lines are checked in several processes; None where one is enough."""
    path = getattr(store.backend, "path", None)
    if not isinstance(path, Path):
        return None
    count = verify_parallel.processes(path) if processes is None else processes
    here = Tables(snapshot, findings, log.after)
    at = log.tree.size, log.after
    return None if count < 2 else verify_parallel.Parallel(path, count, findings, here, at).differ


def _outside(log: LogCheck, anchors: AnchorCheck, trust: Trust, name: str, data: bytes) -> int:
    """Check what was kept elsewhere under a name; returns the size of its largest good checkpoint."""
    largest = 0
    for number, note in enumerate(found := notes(data), 1):
        key = name if len(found) == 1 else f"{name}, checkpoint {number}".removeprefix(", ")
        if not log.check_note(GIVEN, key, note):
            continue
        checkpoint = Checkpoint.parse(note)
        largest = max(largest, checkpoint.size)
        try:
            for cosigner, time in cosigned(checkpoint.note, trust.witnesses):
                anchors.add(Proof(checkpoint.size, time, cosigner.name))
        except ValueError as error:
            anchors.findings.add(GIVEN, key, f"is not good: {error}")
    return largest
