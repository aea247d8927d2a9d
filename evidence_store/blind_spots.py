"""What verifying a store cannot see, in plain words: it depends on which checkpoints and timestamps are at hand."""

from __future__ import annotations

from collections.abc import Iterator

from annexlog.evidence_store.model import iso
from annexlog.evidence_store.verify_anchors import Proven


def blind_spots(*, size: int, signed: int, outside: int, proven: Proven) -> Iterator[str]:
    """The attacks that would not have been seen, each with what would show it.

    `size`: the records of the log; `signed`: how many a checkpoint in the store covers; `outside`: how many a good
    checkpoint covers that was kept elsewhere.
    """
    if signed < size:
        yield f"A change to {_records(signed + 1, size)}: no checkpoint signs them yet. The next collection signs them."
    if outside < size or not size:
        behind = f" after record {outside}" if outside else ""
        yield (
            f"That the newest records were cut off{behind}, together with the checkpoints and tokens of them. "
            "Compare with a checkpoint kept elsewhere: annexlog verify --checkpoint FILE."
        )
        yield from _anew(size, outside, proven)
    yield from _dates(size, proven)
    for (kind, mend), count in sorted(proven.unchecked.items()):
        if count == 1:
            yield f"Whether the token of {kind} is genuine: it could not be checked. To check it: {mend}."
        else:
            yield f"Whether {count} tokens of {kind} are genuine: they could not be checked. To check them: {mend}."
    yield "That a record was false when it was written: checking shows that nothing changed since."


def _records(first: int, last: int) -> str:
    return f"records {first} to {last}" if first < last else f"record {last}"


def _anew(size: int, outside: int, proven: Proven) -> Iterator[str]:
    """Rewriting by the key's holder: what a checkpoint elsewhere covers, it shows; a timestamp bounds when it was."""
    known = outside
    for proof in sorted(proven.newest.values(), key=lambda proof: (proof.time, proof.size)):
        if proof.size > known:
            told = _records(known + 1, proof.size)
            yield (
                f"That whoever holds the signing key wrote {told} anew before {iso(proof.time)}, when {proof.by} "
                "vouched for them; what was written anew later would lack that. A checkpoint kept elsewhere shows more."
            )
            known = proof.size
    if known < size or not size:
        behind = f" after record {known}" if known else ""
        yield (
            f"That whoever holds the signing key wrote everything anew{behind}, and signed it. "
            "A checkpoint kept elsewhere shows this too."
        )


def _dates(size: int, proven: Proven) -> Iterator[str]:
    if proven.size < size or not size:
        told = f"records after {proven.size} were" if proven.size else "records were"
        yield (
            f"That {told} dated falsely: only this host's clock says when they were made, and whoever holds the key "
            'can give them any date. A timestamp or a witness shows it: [anchors.NAME] kind = "timestamp".'
        )
