"""Where a collector puts what it sees until the run is recorded: bytes on disk, digests in memory."""

from __future__ import annotations

import os
import tempfile
import threading
from array import array
from collections.abc import Iterator, Sequence
from hashlib import sha256
from itertools import accumulate
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


class Seen:
    """What one line's answer holds: per resource its id, the digest of its body, and where the body lies."""

    __slots__ = ("digests", "ids", "lengths", "offsets", "pending")

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.digests = bytearray()
        self.offsets = array("Q")
        self.lengths = array("I")
        self.pending: list[tuple[str, bytes]] = []
        """(id, body) of those that came last."""

    def __len__(self) -> int:
        return len(self.ids)

    def digest(self, index: int) -> bytes:
        return bytes(self.digests[32 * index : 32 * index + 32])

    def order(self) -> Sequence[int]:
        """Indexes in the order of ids, each id once (of two bodies for one id, that with the greater digest)."""
        if all(map(lt, self.ids, self.ids[1:])):
            return range(len(self.ids))
        order = sorted(range(len(self.ids)), key=self.ids.__getitem__)
        if len(set(self.ids)) == len(order):
            return order
        best: dict[str, int] = {}
        for index in order:
            known = best.setdefault(self.ids[index], index)
            if self.digest(known) < self.digest(index):
                best[self.ids[index]] = index
        return list(best.values())

    def print(self, order: Sequence[int]) -> bytes:
        """A digest of ids and bodies: equal for equal answers, in whatever order they came."""
        if isinstance(order, range):
            return sha256(orjson.dumps(self.ids) + self.digests).digest()
        ids, told = self.ids, bytes(self.digests)
        digests = b"".join([told[32 * i : 32 * i + 32] for i in order])
        return sha256(orjson.dumps([ids[i] for i in order]) + digests).digest()


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
            bodies = [body for _, body in came]
            lengths = list(map(len, bodies))
            seen.ids += [id for id, _ in came]
            seen.digests += b"".join([sha256(body).digest() for body in bodies])
            seen.offsets.extend(list(accumulate(lengths, initial=self._written + len(self._pending)))[:-1])
            seen.lengths.extend(lengths)
            self._pending += b"".join(bodies)
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

    def body(self, seen: Seen, index: int) -> bytes:
        """The bytes of one body. Raises StoreError if they do not read back as they were added."""
        return self.bodies(seen, [index])[0][1]

    def bodies(self, seen: Seen, indexes: Sequence[int]) -> list[tuple[bytes, bytes]]:
        """(digest, bytes) of some bodies. Raises StoreError if they do not read back as they were added."""
        if self._pending:
            with self._lock:
                self._flush()
        offsets, lengths = [seen.offsets[i] for i in indexes], [seen.lengths[i] for i in indexes]
        try:
            found = self._read(offsets, lengths)
        except OSError as error:
            raise self._lost(str(error.strerror)) from error
        told = [(sha256(body).digest(), body) for body in found]
        if any(digest != seen.digest(index) for (digest, _), index in zip(told, indexes, strict=True)):
            raise self._lost("the bytes are others than were written")
        return told

    def _read(self, offsets: Sequence[int], lengths: Sequence[int]) -> list[bytes]:
        """The bytes at these places: in one piece where they lie close together."""
        file = self._file.fileno()
        start = min(offsets, default=0)
        span = max(map(add, offsets, lengths), default=0) - start
        if span > _SPREAD * sum(lengths):
            return [os.pread(file, length, offset) for offset, length in zip(offsets, lengths, strict=True)]
        piece = os.pread(file, span, start)
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
