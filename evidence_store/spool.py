"""Where a collector puts what it sees until the run is recorded: bytes on disk, digests in memory."""

from __future__ import annotations

import os
import tempfile
import threading
from array import array
from collections.abc import Iterator, Sequence
from hashlib import sha256
from itertools import accumulate, islice
from operator import add, lt
from pathlib import Path
from typing import Self

import orjson

from annexlog.evidence_store.model import JSON, Line, StoreError, Unknown, encode
from annexlog.evidence_store.sqlite import full

_BUFFER = 1 << 20
_BATCH = 64
"""Bodies of a line that wait to be taken in together."""
_SPREAD = 2
"""Bodies are read in one piece where that has no more than so many times their bytes."""
_LARGE = 1 << 12
"""A body of so many bytes does not wait."""
_AGAIN = 1 << 10
"""So many bodies are read at a time where each needs its digest."""
_OTHERS = "the bytes are others than were written"


class Seen:
    """What one line's answer holds: per resource its id, and where its body lies; digests of bodies, or of all in one.

    Bodies of ids that came in order are hashed in one piece, which is all that it takes to know an answer again; each
    has a digest of its own once something differs (`Spool.digests`).
    """

    __slots__ = ("digests", "ids", "lengths", "offsets", "ordered", "pending", "piece")

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.offsets = array("Q")
        self.lengths = array("I")
        self.ordered = 0
        """How many bodies, the first, are hashed as one piece."""
        self.piece = sha256()
        self.digests = bytearray()
        """Of the bodies behind those."""
        self.pending: list[tuple[str, bytes]] = []
        """(id, body) of those that came last."""

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, ids: Sequence[str], bodies: Sequence[bytes], start: int) -> bytes:
        """Take in bodies that lie from `start` on; returns them in one piece."""
        piece, lengths = b"".join(bodies), array("I", map(len, bodies))
        following = [*self.ids[-1:], *ids]
        if self.ordered == len(self.ids) and all(map(lt, following, following[1:])):
            self.piece.update(piece)
            self.ordered += len(ids)
        else:
            self.digests += b"".join([sha256(body).digest() for body in bodies])
        self.ids += ids
        self.offsets.extend(islice(accumulate(lengths, initial=start), len(lengths)))
        self.lengths.extend(lengths)
        return piece


class Spool:
    """A `model.Sink` over a temporary file beside the store (mode 0600, gone with the process), for many threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._seen: dict[Line, Seen] = {}
        self._pending = bytearray()
        self._written = 0
        try:
            self._file = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115 — closed by `close`
        except OSError as error:
            raise full(error, folder) from error

    def add(self, line: Line, id: str, value: JSON | Unknown) -> None:
        """Keep what an answer says of one resource. Raises StoreFull."""
        body = encode(value)
        try:
            pending = self._seen[line].pending
        except KeyError:
            pending = self._seen.setdefault(line, Seen()).pending
        pending.append((id, body))  # without the lock, which is not free: appending is atomic
        if len(pending) >= _BATCH or len(body) >= _LARGE:
            self._take(self._seen[line])

    def _take(self, seen: Seen) -> None:
        """Take in what came last. Others may add meanwhile."""
        with self._lock:
            came = seen.pending[:]
            del seen.pending[: len(came)]
            if came:
                ids, bodies = zip(*came, strict=True)
                self._pending += seen.take(ids, bodies, self._written + len(self._pending))
            if len(self._pending) >= _BUFFER:
                self._flush()

    def _flush(self) -> None:
        """Write what is pending to its place: what a failed write left half done is written over by the next."""
        done = 0
        try:
            with memoryview(self._pending) as pending:
                while done < len(pending):
                    done += os.pwrite(self._file.fileno(), pending[done:], self._written + done)
        except OSError as error:
            raise full(error, self._folder) from error
        self._written += done
        self._pending = bytearray()

    def lines(self) -> Iterator[Line]:
        return iter(self._seen)

    def seen(self, line: Line) -> Seen:
        """What was added for a line, in the order it came; empty if nothing was."""
        seen = self._seen.get(line)
        if seen is None:
            return Seen()
        self._take(seen)
        return seen

    def digests(self, seen: Seen) -> bytearray:
        """The digest of each body, 32 bytes each. Raises StoreError if one does not read back as it was added."""
        if seen.ordered:
            piece, found = sha256(), bytearray()
            for start in range(0, seen.ordered, _AGAIN):
                bodies = self._read(seen, range(start, min(start + _AGAIN, seen.ordered)))
                piece.update(b"".join(bodies))
                found += b"".join([sha256(body).digest() for body in bodies])
            if piece.digest() != seen.piece.digest():
                raise self._lost(_OTHERS)
            seen.digests, seen.ordered = found + seen.digests, 0
        return seen.digests

    def order(self, seen: Seen) -> Sequence[int]:
        """Indexes in the order of ids, each id once (of two bodies for one id, that with the greater digest)."""
        ids = seen.ids
        if seen.ordered == len(ids) or all(map(lt, ids, ids[1:])):
            return range(len(ids))
        order = sorted(range(len(ids)), key=ids.__getitem__)
        if len(set(ids)) == len(order):
            return order
        told = self.digests(seen)
        best: dict[str, int] = {}
        for index in order:
            known = best.setdefault(ids[index], index)
            if told[32 * known : 32 * known + 32] < told[32 * index : 32 * index + 32]:
                best[ids[index]] = index
        return list(best.values())

    def print(self, seen: Seen, order: Sequence[int]) -> bytes:
        """A digest of ids and bodies: equal only for equal answers.

        Equal answers that came in another order print alike, unless one came in the order of ids and the other did not.
        """
        if seen.ordered == len(seen.ids):
            return sha256(orjson.dumps(seen.ids) + seen.lengths.tobytes() + seen.piece.digest()).digest()
        ids, told = seen.ids, bytes(self.digests(seen))
        digests = b"".join([told[32 * i : 32 * i + 32] for i in order])
        return sha256(orjson.dumps([ids[i] for i in order]) + digests).digest()

    def body(self, seen: Seen, index: int) -> bytes:
        """The bytes of one body. Raises StoreError if they do not read back as they were added."""
        return self.bodies(seen, [index])[0][1]

    def bodies(self, seen: Seen, indexes: Sequence[int]) -> list[tuple[bytes, bytes]]:
        """(digest, bytes) of some bodies. Raises StoreError if they do not read back as they were added."""
        known = self.digests(seen)
        told = [(sha256(body).digest(), body) for body in self._read(seen, indexes)]
        if any(digest != known[32 * i : 32 * i + 32] for (digest, _), i in zip(told, indexes, strict=True)):
            raise self._lost(_OTHERS)
        return told

    def _read(self, seen: Seen, indexes: Sequence[int]) -> list[bytes]:
        """Some bodies: read in one piece where they lie close together."""
        if self._pending:
            with self._lock:
                self._flush()
        offsets, lengths = [seen.offsets[i] for i in indexes], [seen.lengths[i] for i in indexes]
        file = self._file.fileno()
        start = min(offsets, default=0)
        span = max(map(add, offsets, lengths), default=0) - start
        try:
            if span > _SPREAD * sum(lengths):
                return [os.pread(file, length, offset) for offset, length in zip(offsets, lengths, strict=True)]
            piece = os.pread(file, span, start)
        except OSError as error:
            raise self._lost(str(error.strerror)) from error
        return [piece[at - start : at - start + length] for at, length in zip(offsets, lengths, strict=True)]

    def _lost(self, why: str) -> StoreError:
        return StoreError(
            f"what was collected cannot be read back ({why}); nothing was recorded.",
            where=str(self._folder),
            next="Check the disk, and run it again.",
        )

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
