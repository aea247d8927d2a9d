"""Bodies as they are stored: whole, pressed with a dictionary of their kind, or as what changed since an earlier body.

A blob is raw where `z` is as long as `size` and it names neither a dictionary nor a base; else `z` is one zstd frame:
with `did` made with that dictionary, with `base_bid` with the body of that blob as its prefix. A base has no base
itself, so one body more is all that reading ever takes; each body names one of the two at most. Whoever removes a blob
must first store anew, without it, what has it as its base.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import zstandard

from annexlog.evidence_store.backend import Row
from annexlog.evidence_store.model import StoreDamaged

Select = Callable[[str, Sequence[object]], Iterator[Row]]
"""`select` of a Backend or a Snapshot."""

MAX_BODY: Final = 1 << 28
"""Bytes of one body."""
_DICTIONARIES: Final = 64
"""Dictionaries that are at hand at a time, of some 64 kB each."""

_DICTIONARY = "SELECT bytes FROM dictionary WHERE did = ?"


def columns(blob: str) -> str:
    """The columns that `Bodies.read` takes, of the blob that a statement calls so (see `joined`)."""
    return f"{blob}.size, {blob}.z, {blob}.did, {blob}_base.size, {blob}_base.z, {blob}_base.did"


WIDTH: Final = 6
"""How many columns these are."""


def joined(blob: str) -> str:
    """The join that belongs to these columns, behind that of the blob itself."""
    return f"LEFT JOIN blob {blob}_base ON {blob}_base.bid = {blob}.base_bid"


ONE: Final = f"SELECT {columns('b')} FROM blob b {joined('b')} WHERE b.bid = ?"  # noqa: S608 — names of ours
"""The columns of one blob, by its bid."""


class Bodies:
    """Reads stored bodies, with the dictionaries that it needed last at hand. For one thread at a time."""

    def __init__(self, select: Select) -> None:
        self._select = select
        self._plain = zstandard.ZstdDecompressor()
        self._presses: OrderedDict[int, zstandard.ZstdDecompressor] = OrderedDict()

    def read(
        self,
        size: int,
        z: bytes,
        did: int | None = None,
        base_size: int | None = None,
        base_z: bytes | None = None,
        base_did: int | None = None,
    ) -> bytes:
        """The bytes of a body, from its `columns`. Raises StoreDamaged."""
        if len(z) == size and did is None and base_size is None:
            return z
        try:
            if size > MAX_BODY:
                raise ValueError(f"it says that it has {size} bytes")  # noqa: TRY301 — as any frame that lies
            if base_size is not None and base_z is not None:
                body = self._after(self.read(base_size, base_z, base_did), z)
            else:
                press = self._plain if did is None else self._press(did)
                body = press.decompress(z, max_output_size=size, allow_extra_data=False)
        except (zstandard.ZstdError, MemoryError, ValueError) as error:  # a damaged frame may ask for any amount
            raise StoreDamaged(f"a body cannot be read ({error}).", next="Run `annexlog verify`.") from error
        if len(body) != size:
            raise StoreDamaged("a body is not as long as it says.", next="Run `annexlog verify`.")
        return body

    def one(self, bid: int) -> bytes:
        """The body of a blob. Raises StoreDamaged, also where there is none."""
        row = next(self._select(ONE, (bid,)), None)
        if row is None:
            raise StoreDamaged(f"body {bid} is missing.", next="Run `annexlog verify`.")
        return self.read(*row)

    def _after(self, base: bytes, z: bytes) -> bytes:
        """A body that is a change of another: zstd is given that as a frame, which is far cheaper than a dictionary."""
        return self._plain.decompress_content_dict_chain([frame(base), z])

    def _press(self, did: int) -> zstandard.ZstdDecompressor:
        press = self._presses.get(did)
        if press is not None:
            self._presses.move_to_end(did)
            return press
        row = next(self._select(_DICTIONARY, (did,)), None)
        if row is None:
            raise StoreDamaged(f"dictionary {did} is missing.", next="Run `annexlog verify`.")
        press = self._presses[did] = zstandard.ZstdDecompressor(dict_data=zstandard.ZstdCompressionDict(row[0]))
        if len(self._presses) > _DICTIONARIES:
            self._presses.popitem(last=False)
        return press


_BLOCK: Final = 128 << 10


def frame(body: bytes) -> bytes:
    """A zstd frame (RFC 8878, 3.1.1) that holds a body as it is."""
    size = len(body)
    if size < 256:
        head = b"\x28\xb5\x2f\xfd\x20%c" % size
    elif size < 65_536 + 256:
        head = b"\x28\xb5\x2f\xfd\x60" + (size - 256).to_bytes(2, "little")
    else:
        head = b"\x28\xb5\x2f\xfd\xa0" + size.to_bytes(4, "little")
    if size <= _BLOCK:
        return head + (size << 3 | 1).to_bytes(3, "little") + body
    blocks = [body[start : start + _BLOCK] for start in range(0, size, _BLOCK)]
    heads = [len(block) << 3 | (place == len(blocks) - 1) for place, block in enumerate(blocks)]
    return head + b"".join(n.to_bytes(3, "little") + block for n, block in zip(heads, blocks, strict=True))
