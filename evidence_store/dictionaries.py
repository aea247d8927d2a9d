"""Dictionaries: what bodies of one kind have in common, kept once; trained while recording, when it pays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import zstandard

from annexlog.evidence_store.backend import Backend
from annexlog.evidence_store.bodies import Bodies, columns, joined
from annexlog.evidence_store.layout import sha256

LEVEL: Final = 3

_LARGEST: Final = 32 << 10
_SHARE: Final = 8
"""A dictionary is at most that part of the bodies it is made of: a small store keeps none."""
_SAMPLES: Final = 64
_SAMPLED: Final = 512 << 10
"""Bodies that there must be to make one, and bytes of them that are looked at."""
_FEW: Final = 4
"""New bodies that are worth the thought. Where they are less than samples, those that are stored are taken as well."""
_GROWN: Final = 4
"""A dictionary that is not of the largest size is made anew from that many times more bytes."""
_PROBES: Final = 32
_FALLEN: Final = 0.7
"""A dictionary with which bodies are not at least that much smaller than without one has had its day."""
_BETTER: Final = 0.8
"""A new one is kept only if with it bodies become that much smaller than with what there is."""
_GENERATIONS: Final = 16
"""Of one kind there are never more."""

_NEWEST = "SELECT did, bytes FROM dictionary WHERE type = ? ORDER BY did DESC LIMIT 1"
_COUNT = "SELECT count(*) FROM dictionary WHERE type = ?"
_STORED = f"""
SELECT {columns("b")} FROM line l JOIN member m ON m.lid = l.lid JOIN blob b ON b.bid = (
    SELECT v.bid FROM version v WHERE v.lid = m.lid AND v.rid = m.rid AND v.bid IS NOT NULL ORDER BY v.run DESC LIMIT 1)
{joined("b")} WHERE l.type || '/' || l.facet = ? LIMIT {8 * _SAMPLES}
"""  # noqa: S608 — names of ours


class Dictionary:
    """One dictionary, ready to press with."""

    __slots__ = ("bytes", "did", "press")

    def __init__(self, did: int, data: bytes) -> None:
        self.did, self.bytes = did, data
        press = zstandard.ZstdCompressor(
            level=LEVEL, dict_data=zstandard.ZstdCompressionDict(data), write_content_size=True, write_dict_id=True
        )
        self.press = press.compress


class Dictionaries:
    """The dictionaries that one transaction presses with, by kind of body. A kind's newest one is used."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._newest: dict[str, Dictionary | None] = {}
        self._tried: set[str] = set()

    def of(self, kind: str, bodies: Sequence[bytes]) -> Dictionary | None:
        """The dictionary to press these with, made from them where that pays; None if there is to be none."""
        if kind not in self._newest:
            row = next(self._backend.select(_NEWEST, (kind,)), None)
            self._newest[kind] = None if row is None else Dictionary(*row)
        known = self._newest[kind]
        if kind in self._tried or len(bodies) < _FEW or not _due(known, bodies):
            return known
        self._tried.add(kind)
        if len(bodies) < _SAMPLES:
            bodies = [*bodies, *sorted(self._stored(kind).difference(bodies))]
        if len(bodies) >= _SAMPLES and next(self._backend.select(_COUNT, (kind,)))[0] < _GENERATIONS:
            self._newest[kind] = known = self._learnt(kind, bodies, known)
        return known

    def _stored(self, kind: str) -> set[bytes]:
        """Bodies of a kind that are stored already, some of them."""
        read = Bodies(self._backend.select).read
        return {read(*row) for row in self._backend.select(_STORED, (kind,))}

    def _learnt(self, kind: str, bodies: Sequence[bytes], known: Dictionary | None) -> Dictionary | None:
        """A dictionary made of most of these, if the rest shows that it is better than what there is."""
        data = train(bodies)
        if data is None:
            return known
        did = self._backend.claim("dictionary", 1)[0]
        made, probes = Dictionary(did, data), _spread(bodies, _PROBES)
        if _pressed(made, probes) > _BETTER * _pressed(known, probes):
            return known
        self._backend.append("dictionary", [(did, kind, sha256(data), data)])
        return made


def train(bodies: Sequence[bytes]) -> bytes | None:
    """A dictionary made of some of these, the same for the same bodies; None where there is nothing to learn."""
    whole = sum(map(len, bodies))
    samples: list[bytes | bytearray | memoryview] = [
        body for body in _spread(bodies, max(_SAMPLES, len(bodies) * _SAMPLED // max(whole, 1))) if body
    ]
    size = min(_LARGEST, sum(map(len, samples)) // _SHARE)
    if size < 256 or len(samples) < _SAMPLES:
        return None
    try:
        return zstandard.train_dictionary(size, samples, k=512, d=8).as_bytes()
    except zstandard.ZstdError:  # they have nothing in common
        return None


def _due(known: Dictionary | None, bodies: Sequence[bytes]) -> bool:
    """Whether there is much to learn from these, or the dictionary that there is no longer fits them."""
    if known is None:
        return True
    if len(known.bytes) < _LARGEST // 2 and sum(map(len, bodies)) >= _GROWN * _SHARE * len(known.bytes):
        return True
    probes = _spread(bodies, _PROBES)
    return _pressed(known, probes) > _FALLEN * _pressed(None, probes)


def _spread(bodies: Sequence[bytes], count: int) -> Sequence[bytes]:
    """At most so many of these, from all over."""
    step = max(1, -(-len(bodies) // count))
    return bodies[step // 2 :: step]


def _pressed(dictionary: Dictionary | None, bodies: Sequence[bytes]) -> int:
    press = zstandard.ZstdCompressor(level=LEVEL).compress if dictionary is None else dictionary.press
    return sum(min(len(press(body)), len(body)) for body in bodies)
