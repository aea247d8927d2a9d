"""Cosignatures: a witness's signed word that a log of this size and root was, by then, the largest it had seen.

Source: https://c2sp.org/tlog-cosignature (`cosignature/v1`, Ed25519). A witness's key is written as
`<name>+<key id>+<base64 of 04 ‖ public key>`; the key id is the first four bytes of
SHA-256(name ‖ LF ‖ 04 ‖ public key), in lower hex.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from annexlog.evidence_store.checkpoint import Note
from annexlog.evidence_store.keys import decode_base64, valid_name
from annexlog.evidence_store.model import Millis

_COSIGNATURE = b"\x04"
_SIZE = 8 + 64
"""Bytes of a signature: seconds since 1970, and an Ed25519 signature."""


@dataclass(frozen=True, slots=True)
class Cosigner:
    """A witness's name and public key."""

    name: str
    public: bytes

    @property
    def id(self) -> bytes:
        """The four bytes that its signatures are marked with."""
        return sha256(self.name.encode() + b"\n" + _COSIGNATURE + self.public).digest()[:4]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises ValueError."""
        name, _, rest = text.partition("+")
        id, _, key = rest.partition("+")
        if not valid_name(name):
            raise ValueError("it has no name")
        data = decode_base64(key)
        if data[:1] != _COSIGNATURE or len(data) != 33:
            raise ValueError("the key is not one of Ed25519 cosignatures (type 4)")
        cosigner = cls(name, data[1:])
        if cosigner.id.hex() != id:
            raise ValueError(f"the key id of {name} does not belong to its key")
        return cosigner

    def signed_at(self, text: str, data: bytes) -> Millis:
        """When it signed a note's text, by its own clock. Raises ValueError if it did not."""
        if len(data) != _SIZE:
            raise ValueError(f"the cosignature by {self.name} has {len(data)} bytes, not {_SIZE}")
        seconds = int.from_bytes(data[:8])
        message = f"cosignature/v1\ntime {seconds}\n{text}".encode()
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(data[8:], message)
        except InvalidSignature:
            raise ValueError(f"the cosignature by {self.name} is not of this text") from None
        if not 0 < seconds < 2**43:
            raise ValueError(f"the cosignature by {self.name} has no time")
        return seconds * 1000


def cosigned(note: Note, cosigners: Iterable[Cosigner]) -> Iterator[tuple[Cosigner, Millis]]:
    """Who of these cosigned a checkpoint's note, and when. Raises ValueError if one is said to and did not."""
    known = {(cosigner.name, cosigner.id): cosigner for cosigner in cosigners}
    for signature in note.signatures:
        cosigner = known.get((signature.name, signature.key_id))
        if cosigner is not None:
            yield cosigner, cosigner.signed_at(note.text, signature.data)
