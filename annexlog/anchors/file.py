"""Anchor in an append-only file, such as one on another mount (`chattr +a`, WORM storage, a log shipper's folder)."""

from __future__ import annotations

import fcntl
import os
import re
from contextlib import suppress
from typing import ClassVar

from annexlog.anchors import Anchor, Job, Refused
from annexlog.evidence_store.anchors import Receipt, notes
from annexlog.evidence_store.checkpoint import MAX_NOTE, Checkpoint

_DETAIL = re.compile(r"bytes (\d+) of (.*)")
_ASIDE = "Find out who changed it, keep it, and name another path in the configuration."


class File(Anchor, frozen=True, kw_only=True):
    """Appends the checkpoint's note to `path`. The file can be given to `annexlog verify --checkpoint` as it is."""

    kind: ClassVar[str] = "file"
    path: str

    def place(self) -> str:
        return self.path

    def send(self, job: Job) -> bytes:
        path = job.folder / self.path
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            handle = os.open(path, flags, 0o600)
        except OSError as error:
            raise _refused(error, self.path) from None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            size = os.fstat(handle).st_size
            self._check(handle, size, job)
            if self._last(handle, size) != job.note:
                size = _append(handle, size, job.note)
        except OSError as error:
            raise _refused(error, self.path) from None
        finally:
            os.close(handle)
        return job.receipt(f"bytes {size} of {self.path}")

    def _check(self, handle: int, size: int, job: Job) -> None:
        """Raises Refused unless the file holds all that was appended to it, and its last checkpoint is of this log."""
        known = _known(job, self.path)
        if size < known:
            raise Refused(
                "conflict", f"{self.path} has {size} bytes and had {known}: it was cut off", code="shrank", next=_ASIDE
            )
        if not size:
            return
        try:
            last = Checkpoint.parse(self._last(handle, size))
        except ValueError as error:
            what = f"the end of {self.path} is no checkpoint ({error})"
            raise Refused("conflict", what, code="unreadable", next=_ASIDE) from None
        if last.size > job.checkpoint.size:
            what = f"{self.path} has a checkpoint of {last.size} records; the log has {job.checkpoint.size}"
            raise Refused("conflict", what, code="longer", next="Find out where the records went: annexlog verify")
        if not job.extends(last):
            what = f"the last checkpoint in {self.path} ({last.size} records) is not the beginning of this log"
            raise Refused("conflict", what, code="fork", next="Run annexlog verify --checkpoint with that file.")

    @staticmethod
    def _last(handle: int, size: int) -> bytes:
        """The last note in the file. A note's length is bounded, so its end is enough."""
        start = max(0, size - 2 * MAX_NOTE)
        return notes(os.pread(handle, size - start, start))[-1]


def _append(handle: int, size: int, note: bytes) -> int:
    """Returns the new size. What was written in part is taken back, where the file lets it."""
    written = 0
    try:
        while written < len(note):
            written += os.write(handle, note[written:])
        os.fsync(handle)
    except OSError:
        with suppress(OSError):  # one that only grows keeps the piece, and is refused from then on
            os.ftruncate(handle, size)
        raise
    return size + written


def _known(job: Job, path: str) -> int:
    """How many bytes the file had, by the last receipt for it."""
    if job.before is None:
        return 0
    try:
        found = _DETAIL.fullmatch(Receipt.parse(job.before.token)[0].detail)
    except ValueError:
        return 0  # which verifying reports
    return int(found[1]) if found and found[2] == path else 0


def _refused(error: OSError, path: str) -> Refused:
    reason = "denied" if isinstance(error, PermissionError) else "failed"
    return Refused(reason, f"{path}: {error.strerror}", code=type(error).__name__, next="Check the path and its mode.")
