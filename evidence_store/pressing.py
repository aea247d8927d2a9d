"""Storing bodies: each whole, pressed with a dictionary of its kind, or as what changed since the one before it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import zstandard

from annexlog.evidence_store.backend import Backend
from annexlog.evidence_store.bodies import Bodies
from annexlog.evidence_store.chains import chunked
from annexlog.evidence_store.dictionaries import LEVEL, Dictionaries, Dictionary

_SMALLEST: Final = 64
"""A body that is shorter is stored raw."""
_PLAIN: Final = b'{"$unknown":'
"""Why something is unknown is kept as it is, so that any SQL tool can read it (see `views`); they are few."""
_GAIN: Final = 0.9
"""A pressed body is kept only if it is that much smaller: reading it costs as much as parsing it."""
_CLOSE: Final = 0.75
"""A body is kept as a change of another only if that is so much smaller than it is by itself. Else it is a new start:
what changes later is near to it."""
_FORMATTED: Final = b"\x37\xa4\x30\xec"
"""What begins so is no prefix: it would be taken for a dictionary."""

_KNOWN = "SELECT sha256, bid FROM blob WHERE substr(sha256, 1, 6) IN ({})"
_BASES = (
    "SELECT p.bid, b.bid, b.size, b.z, b.did FROM blob p JOIN blob b ON b.bid = coalesce(p.base_bid, p.bid) "
    "WHERE p.bid IN ({})"
)
_Base = tuple[int, bytes]
"""A blob's bid, and its body."""


class Press:
    """Stores bodies. For one transaction: what it remembers may be gone where that fails."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._bodies = Bodies(backend.select)
        self._dictionaries = Dictionaries(backend)

    def keep(
        self, bodies: Sequence[tuple[bytes, bytes]], kind: str = "", previous: Mapping[bytes, int] | None = None
    ) -> Iterator[int]:
        """The bids of these (sha256, body), storing those that are new.

        `kind`: bodies of one kind are alike ("aws.s3.bucket/policy"); "": they are few. `previous`: by digest, the
        bid of the body that one takes the place of.
        """
        if not bodies:
            return iter(())
        wanted = dict(bodies)
        prefixes = {digest[:6] for digest in wanted}
        known: dict[bytes, int] = {row[0]: row[1] for row in chunked(self._backend, _KNOWN, (), prefixes)}
        new = [digest for digest in wanted if digest not in known]
        bases = self._bases({digest: previous[digest] for digest in new if digest in previous} if previous else {})
        dictionary = self._dictionary(kind, [wanted[digest] for digest in new]) if kind else None
        rows = []
        for bid, digest in zip(self._backend.claim("blob", len(new)), new, strict=True):
            known[digest] = bid
            body = wanted[digest]
            rows.append((bid, digest, *_stored(body, dictionary, bases.get(digest))))
        self._backend.append("blob", rows)
        return (known[digest] for digest, _ in bodies)

    def _dictionary(self, kind: str, bodies: Iterable[bytes]) -> Dictionary | None:
        return self._dictionaries.of(kind, [body for body in bodies if _pressable(body)])

    def _bases(self, previous: Mapping[bytes, int]) -> dict[bytes, _Base]:
        """What each may be kept as a change of: the body before it, or what that is a change of."""
        rows = chunked(self._backend, _BASES, (), set(previous.values())) if previous else ()
        found: dict[int, _Base] = {bid: (base, self._bodies.read(size, z, did)) for bid, base, size, z, did in rows}
        return {digest: found[bid] for digest, bid in previous.items() if bid in found and _base(found[bid][1])}


def alone(body: bytes) -> tuple[Any, ...]:
    """(did, base_bid, size, z) of a body that depends on nothing else."""
    return _stored(body, None, None)


def _pressable(body: bytes) -> bool:
    return len(body) >= _SMALLEST and not body.startswith(_PLAIN)


def _base(body: bytes) -> bool:
    return len(body) >= _SMALLEST and not body.startswith(_FORMATTED)


def _stored(body: bytes, dictionary: Dictionary | None, base: _Base | None) -> tuple[Any, ...]:
    """(did, base_bid, size, z) of a body: whatever is smallest."""
    size, did = len(body), None
    z = body
    if not _pressable(body):
        return (None, None, size, z)
    if dictionary is not None:
        pressed, did = dictionary.press(body), dictionary.did
    else:
        pressed = zstandard.ZstdCompressor(level=LEVEL).compress(body)
    if len(pressed) < size * _GAIN:
        z = pressed
    else:
        did = None
    if base is not None:
        change = _change(body, base[1])
        if len(change) < len(z) * _CLOSE:
            return (None, base[0], size, change)
    return (did, None, size, z)


def _change(body: bytes, base: bytes) -> bytes:
    prefix = zstandard.ZstdCompressionDict(base, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
    return zstandard.ZstdCompressor(level=LEVEL, dict_data=prefix, write_content_size=True).compress(body)
