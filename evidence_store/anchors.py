"""What the store keeps of checkpoints that left it: one token for each size and anchor.

`anchor.kind` is `<kind>:<name>`, the name being the one in the configuration. Its token is

- of `timestamp`: the authority's answer, TimeStampResp in DER (see `timestamps`);
- of `witness`: the checkpoint's note with the witness's cosignature (see `cosignatures`);
- of every other kind: a receipt, which is our own signed word of what was sent where (see `Receipt`). It helps to find
  what was sent; it proves nothing that the store does not.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Self

from annexlog.evidence_store.checkpoint import Note
from annexlog.evidence_store.cosignatures import Cosigner
from annexlog.evidence_store.keys import Signer, Verifier
from annexlog.evidence_store.layout import record_leaf, sha256
from annexlog.evidence_store.merkle import Tree
from annexlog.evidence_store.model import Millis

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from annexlog.evidence_store.backend import Backend, Snapshot

TIMESTAMP, WITNESS = "timestamp", "witness"


@dataclass(frozen=True, slots=True)
class Trust:
    """Whose word counts besides the log's own key: certificates of timestamp authorities, and witnesses' keys."""

    authorities: tuple[Certificate, ...] = ()
    witnesses: tuple[Cosigner, ...] = ()


class Token(NamedTuple):
    """A row of `anchor`."""

    size: int
    kind: str
    token: bytes


# ── receipts ──────────────────────────────────────────────────────────────────────────────

_FIRST = "annexlog/receipt/1"
"""The second line of a receipt is no number, so that none can be taken for a checkpoint."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was sent: to the anchor `kind`, the note of this size and digest, at that time. `detail`: where to find it.

    Encoded it is a signed note of the lines `annexlog/receipt/1`, `to <kind>`, `size <n>`, `note <sha256>`,
    `at <ms>` and `detail <text>`.
    """

    kind: str
    size: int
    note_sha256: bytes
    at: Millis
    detail: str = ""

    @property
    def text(self) -> str:
        detail = "".join(c if c.isprintable() else "?" for c in self.detail)
        told = f"to {self.kind}\nsize {self.size}\nnote {self.note_sha256.hex()}\nat {self.at}\ndetail {detail}\n"
        return f"{_FIRST}\n{told}"

    def encode(self, signer: Signer) -> bytes:
        return Note.sign(self.text, signer).encode()

    @classmethod
    def parse(cls, data: bytes) -> tuple[Self, Note]:
        """The receipt, its signature not yet checked. Raises ValueError."""
        note = Note.parse(data)
        lines = note.text.removesuffix("\n").split("\n")
        names = ["to", "size", "note", "at", "detail"]
        if lines[:1] != [_FIRST] or [line.partition(" ")[0] for line in lines[1:]] != names:
            raise ValueError("it is not a receipt")
        to, size, digest, at, detail = (line.partition(" ")[2] for line in lines[1:])
        made = cls(to, int(size), bytes.fromhex(digest), int(at), detail)
        if made.text != note.text:
            raise ValueError("it is not a receipt in its one form")
        return made, note

    @classmethod
    def check(cls, data: bytes, keys: Collection[Verifier]) -> Self:
        """The receipt that one of these keys signed, and nothing besides. Raises ValueError."""
        receipt, note = cls.parse(data)
        if len(note.signatures) != 1 or not note.signed_by(keys):
            raise ValueError("it is signed by no key that is known")
        return receipt


# ── the store's own ───────────────────────────────────────────────────────────────────────


def keep(backend: Backend, row: Token) -> None:
    """Add a token; one of this size and kind that is there already stays."""
    with backend.writing():
        backend.hold([f"anchor\0{row.size}\0{row.kind}"])
        if next(backend.select("SELECT 1 FROM anchor WHERE size = ? AND kind = ?", row[:2]), None) is None:
            backend.append("anchor", [row])


def newest(backend: Backend, kind: str, upto: int = 2**62) -> Token | None:
    """The token of an anchor for the largest log of at most `upto` records."""
    sql = "SELECT size, kind, token FROM anchor WHERE kind = ? AND size <= ? ORDER BY size DESC LIMIT 1"
    row = next(backend.select(sql, (kind, upto)), None)
    return None if row is None else Token(*row)


def sizes(backend: Backend, kind: str) -> list[int]:
    """The sizes of the log that an anchor has, ascending."""
    return [row[0] for row in backend.select("SELECT size FROM anchor WHERE kind = ? ORDER BY size", (kind,))]


def latest_timestamp(backend: Backend) -> bytes | None:
    """The digest of the newest timestamp: what the next record names as `previous_timestamp`."""
    sql = "SELECT token FROM anchor WHERE kind LIKE 'timestamp:%' ORDER BY size DESC, kind LIMIT 1"
    row = next(backend.select(sql), None)
    return None if row is None else sha256(row[0])


def tree(of: Backend | Snapshot, size: int) -> Tree:
    """The tree over the first `size` records, for roots and proofs. Raises ValueError if tiles or records lack."""

    def tile(level: int, index: int) -> bytes:
        row = next(of.select("SELECT bytes FROM tile WHERE level = ? AND idx = ?", (level, index)), (b"",))
        return bytes(row[0])

    def leaves(start: int, stop: int) -> Iterator[bytes]:
        rows = of.select("SELECT record FROM run WHERE seq > ? AND seq <= ? ORDER BY seq", (start, stop))
        return (record_leaf(row[0]) for row in rows)

    return Tree(size, tile, leaves)


# ── files of many notes ───────────────────────────────────────────────────────────────────


def notes(data: bytes) -> list[bytes]:
    """The notes of checkpoints that stand one after another in a file, as bytes that may be anything.

    A note ends with its signatures; blank lines between notes are skipped. What is no note comes out as it is.
    """
    found: list[bytes] = []
    lines: list[bytes] = []
    signed = False
    for line in data.splitlines(keepends=True):
        signature = line.startswith("— ".encode())
        if signed and not signature:
            found.append(b"".join(lines))
            lines = []
        signed = signature
        if lines or line.strip():
            lines.append(line)
    return [*found, b"".join(lines)] if lines or not found else found
