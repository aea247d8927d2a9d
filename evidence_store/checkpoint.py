"""Checkpoints: what a log of a given size comes to, signed, in the format that witnesses and other tools read.

A checkpoint is a signed note whose text is origin, size and root (https://c2sp.org/tlog-checkpoint,
https://c2sp.org/signed-note). Signatures by unknown keys are kept and ignored; a bad one by a known key is an error.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, Self

from annexlog.evidence_store.keys import Signer, Verifier, decode_base64, valid_name

MAX_NOTE = 256 * 1024
"""A note is never longer, in bytes: 16 signatures are to be accepted, and some kinds have 5 kB each."""
MAX_SIGNATURES = 100

_DASH = "— "


class Signature(NamedTuple):
    """`key_id`: four bytes. `data`: what follows them."""

    name: str
    key_id: bytes
    data: bytes

    def line(self) -> str:
        return f"{_DASH}{self.name} {base64.b64encode(self.key_id + self.data).decode()}\n"

    @classmethod
    def parse(cls, line: str) -> Self:
        """Raises ValueError."""
        name, _, text = line.removeprefix(_DASH).partition(" ")
        if not line.startswith(_DASH) or not valid_name(name):
            raise ValueError("a line after the note's text is not a signature")
        data = decode_base64(text)
        if len(data) < 5:
            raise ValueError(f"the signature by {name} is too short")
        return cls(name, data[:4], data[4:])


@dataclass(frozen=True, slots=True)
class Note:
    """A text (ending in a newline) and its signatures."""

    text: str
    signatures: tuple[Signature, ...]

    def encode(self) -> bytes:
        return f"{self.text}\n{''.join(signature.line() for signature in self.signatures)}".encode()

    @classmethod
    def sign(cls, text: str, *signers: Signer) -> Self:
        """Raises ValueError if the text cannot be that of a note."""
        if not text.endswith("\n") or any(c < " " and c != "\n" for c in text):
            raise ValueError("a note's text ends in a newline and has no control characters")
        message = text.encode()
        return cls(text, tuple(Signature(s.name, s.verifier.id, s.sign(message)) for s in signers))

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Raises ValueError."""
        if len(data) > MAX_NOTE:
            raise ValueError(f"a note of {len(data)} bytes is longer than {MAX_NOTE}")
        whole = data.decode()
        if any(c < " " and c != "\n" for c in whole):
            raise ValueError("a note has no control characters")
        text, blank, signatures = whole.rpartition("\n\n")
        if not blank or not signatures.endswith("\n"):
            raise ValueError("a note is a text, an empty line, and signatures")
        lines = signatures.removesuffix("\n").split("\n")
        if len(lines) > MAX_SIGNATURES:
            raise ValueError(f"a note of {len(lines)} signatures has more than {MAX_SIGNATURES}")
        return cls(f"{text}\n", tuple(map(Signature.parse, lines)))

    def signed_by(self, verifiers: Iterable[Verifier]) -> tuple[Verifier, ...]:
        """Those of these keys that signed the text. Raises ValueError if one of them is said to and did not."""
        found = []
        message = self.text.encode()
        known = {(verifier.name, verifier.id): verifier for verifier in verifiers}
        for signature in self.signatures:
            verifier = known.get((signature.name, signature.key_id))
            if verifier is None:
                continue
            if not verifier.verifies(message, signature.data):
                raise ValueError(f"the signature by {signature.name} is not of this text")
            if verifier not in found:
                found.append(verifier)
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The log called `origin` had `size` records that come to `root`. `extensions`: further lines, opaque."""

    origin: str
    size: int
    root: bytes
    note: Note
    extensions: tuple[str, ...] = ()

    @classmethod
    def sign(cls, origin: str, size: int, root: bytes, *signers: Signer) -> Self:
        """Raises ValueError."""
        text = f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n"
        return cls.of(Note.sign(text, *signers))

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """The checkpoint in a note's bytes, its signatures not yet checked. Raises ValueError."""
        return cls.of(Note.parse(data))

    @classmethod
    def of(cls, note: Note) -> Self:
        """Raises ValueError."""
        lines = note.text.removesuffix("\n").split("\n")
        if len(lines) < 3 or not all(lines):
            raise ValueError("a checkpoint is an origin, a size and a root, none of them empty")
        origin, size, root = lines[:3]
        if not size.isdigit() or str(int(size[:20])) != size or int(size) >= 2**63:
            raise ValueError(f"{size[:40]!r} is not the size of a log")
        hash = decode_base64(root)
        if len(hash) != 32:
            raise ValueError("the root of a log has 32 bytes")
        return cls(origin, int(size), hash, note, tuple(lines[3:]))

    def encode(self) -> bytes:
        """The bytes of the note: what is stored, sent, and given to `parse`."""
        return self.note.encode()

    def signed_by(self, verifiers: Iterable[Verifier]) -> tuple[Verifier, ...]:
        """Those of these keys that signed it. Raises ValueError if one of them is said to and did not."""
        return self.note.signed_by(verifiers)
