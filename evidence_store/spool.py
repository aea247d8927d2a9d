"""Where a collector puts what it sees until the run is recorded: bytes on disk, digests in memory."""

from __future__ import annotations

import os
import tempfile
import threading
from array import array
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Self

from annexlog.evidence_store.model import JSON, Line, StoreError, Unknown, encode
from annexlog.evidence_store.sqlite import full

_BUFFER = 1 << 20


class Seen:
    """What one line's answer holds: per resource its id, the digest of its body, and where the body lies."""

    __slots__ = ("digests", "ids", "lengths", "offsets")

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.digests = bytearray()
        self.offsets = array("Q")
        self.lengths = array("I")

    def __len__(self) -> int:
        return len(self.ids)

    def digest(self, index: int) -> bytes:
        return bytes(self.digests[32 * index : 32 * index + 32])

    def order(self) -> list[int]:
        """Indexes in the order of ids, each id once (of two bodies for one id, that with the greater digest)."""
        order = sorted(range(len(self.ids)), key=self.ids.__getitem__)
        if len(set(self.ids)) == len(order):
            return order
        best: dict[str, int] = {}
        for index in order:
            known = best.setdefault(self.ids[index], index)
            if self.digest(known) < self.digest(index):
                best[self.ids[index]] = index
        return list(best.values())


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
        digest = sha256(body).digest()
        with self._lock:
            seen = self._seen.get(line)
            if seen is None:
                seen = self._seen[line] = Seen()
            seen.ids.append(id)
            seen.digests += digest
            seen.offsets.append(self._written + len(self._pending))
            seen.lengths.append(len(body))
            self._pending += body
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
        return self._seen.get(line) or Seen()

    def body(self, seen: Seen, index: int) -> bytes:
        """The bytes of one body. Raises StoreError if they do not read back as they were added."""
        if self._pending:
            with self._lock:
                self._flush()
        try:
            body = os.pread(self._file.fileno(), seen.lengths[index], seen.offsets[index])
        except OSError as error:
            raise self._lost(str(error.strerror)) from error
        if sha256(body).digest() != seen.digest(index):
            raise self._lost("the bytes are others than were written")
        return body

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
