"""The text of a manifest as it is stored: one zstd frame, or what changed since an earlier record's manifest.

What changed is a byte 1, the place of that record in the log (8 bytes, big-endian), and a zstd frame made with the
text of its manifest as prefix. That one is whole, so one manifest more is all that reading ever takes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

import zstandard

from annexlog.evidence_store.backend import Row
from annexlog.evidence_store.bodies import frame

Select = Callable[[str, Sequence[object]], Iterator[Row]]
"""`select` of a Backend or a Snapshot."""
Base = tuple[int, bytes]
"""A record's place in the log, and the text of its manifest."""

_LEVEL: Final = 3
_LIMIT: Final = 1 << 30
_CHANGE: Final = 1
_HEAD: Final = 9
_CLOSE: Final = 0.75
"""What changed is kept only if it is so much smaller than the whole; else the whole is a new start."""
_STORED = "SELECT manifest FROM run WHERE seq = ?"


def pack(text: bytes, base: Base | None = None) -> bytes:
    """The stored bytes of a text."""
    whole = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True).compress(text)
    if base is None:
        return whole
    seq, before = base
    prefix = zstandard.ZstdCompressionDict(before, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
    change = zstandard.ZstdCompressor(level=_LEVEL, dict_data=prefix, write_checksum=True).compress(text)
    if len(change) >= len(whole) * _CLOSE:
        return whole
    return bytes([_CHANGE]) + seq.to_bytes(_HEAD - 1, "big") + change


def parts(stored: bytes) -> tuple[int | None, bytes]:
    """The record that a stored text is a change of (None: of none), and its zstd frame."""
    if stored[:1] != bytes([_CHANGE]):
        return None, stored
    return int.from_bytes(stored[1:_HEAD], "big"), stored[_HEAD:]


def unpack(stored: bytes, select: Select, limit: int = _LIMIT) -> bytes:
    """The text. Raises ValueError, ZstdError."""
    seq, packed = parts(stored)
    if seq is None:
        return _whole(packed, limit)
    before = base(select, seq)
    if before is None or before[0] != seq:
        raise ValueError(f"record {seq}, of which it is a change, is not there or is a change itself")
    _sized(packed, limit)
    return zstandard.ZstdDecompressor().decompress_content_dict_chain([frame(before[1]), packed])


def base(select: Select, seq: int) -> Base | None:
    """What the next manifest like that of record `seq` can be a change of: that, or what that is a change of."""
    row = next(iter(select(_STORED, (seq,))), None)
    if row is None:
        return None
    of, packed = parts(row[0])
    if of is None:
        return seq, _whole(packed, _LIMIT)
    row = next(iter(select(_STORED, (of,))), (b"",))
    return of, _whole(row[0], _LIMIT)


def _whole(packed: bytes, limit: int) -> bytes:
    _sized(packed, limit)
    return zstandard.ZstdDecompressor().decompress(packed, max_output_size=limit, allow_extra_data=False)


def _sized(packed: bytes, limit: int) -> None:
    size = zstandard.frame_content_size(packed)
    if not 0 <= size <= limit:
        raise ValueError(f"it claims to hold {size} bytes")
