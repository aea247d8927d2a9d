"""Verify a store: recompute everything from the bodies up, and say plainly what nobody could see from inside."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from annexlog.evidence_store.findings import Finding, Findings
from annexlog.evidence_store.verify_bodies import BodyCheck
from annexlog.evidence_store.verify_lines import LineCheck
from annexlog.evidence_store.verify_log import LogCheck

if TYPE_CHECKING:
    from annexlog.evidence_store.keys import Verifier
    from annexlog.evidence_store.store import Store

__all__ = ["Finding", "Report", "verify"]

GIVEN = "checkpoint given"
"""The `table` of findings about the checkpoint that was kept outside."""

_LIMIT = 1000
_OF_EACH = 200


@dataclass(frozen=True, slots=True)
class Report:
    """What verifying found. `findings`: the first ones (at most 1,000); `total`: how many there are.

    `records`: the size of the log. `checkpoints`: how many there are; `signed`: how many records the newest good one
    covers. `blind_spots`: attacks that verifying would not have seen, each with what would show it.
    """

    records: int
    checkpoints: int
    signed: int
    findings: Sequence[Finding]
    total: int
    blind_spots: Sequence[str]

    @property
    def ok(self) -> bool:
        return self.total == 0


def verify(store: Store, *, keys: Sequence[Verifier], checkpoint: bytes | None = None) -> Report:
    """Check every byte of a store, never stopping at the first finding.

    `keys`: the public keys that checkpoints may be signed with. `checkpoint`: the bytes of one that was kept
    elsewhere; against it truncation, forks and rewriting by the key's holder are found. Others may write meanwhile.
    Memory is bounded by the longest history of one line. Raises nothing that the store's content could cause.
    """
    findings = Findings(_LIMIT, _OF_EACH)
    with store.backend.snapshot() as snapshot:
        with findings.reading("file", ""):
            for table, key, what in snapshot.faults():
                findings.add(table, key, what)
        log = LogCheck(snapshot, findings, keys)
        log.run()
        BodyCheck(snapshot, findings).run()
        LineCheck(snapshot, findings, log.facts).run()
    held = checkpoint is not None and log.check_note(GIVEN, "", checkpoint)
    size = log.tree.size
    if size and not log.checkpoints:
        findings.add("checkpoint", "", "there is none: nothing that is recorded is signed")
    outside = log.given if held else 0
    return Report(
        size, log.checkpoints, log.signed, findings.kept, findings.total, tuple(_blind(size, log.signed, outside))
    )


def _blind(size: int, signed: int, outside: int) -> Iterator[str]:
    """What would not have been seen. `outside`: the size of the good checkpoint that was kept elsewhere."""
    if signed < size:
        told = f"records {signed + 1} to {size}" if signed + 1 < size else f"record {size}"
        yield f"A change to {told}: no checkpoint signs them yet. The next collection signs them."
    behind = f" after record {outside}" if outside else ""
    if outside < size or not size:
        yield (
            f"That the newest records were cut off{behind}, together with the checkpoints that sign them. "
            "Compare with a checkpoint kept elsewhere: annexlog verify --checkpoint FILE."
        )
        yield (
            f"That whoever holds the signing key wrote everything anew{behind}, and signed it. "
            "A checkpoint kept elsewhere shows this too."
        )
    yield "That a record was false or its clock wrong when it was written: checking shows that nothing changed since."
