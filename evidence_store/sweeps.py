"""Which sweeps of a line count at an instant: those observed by then, newest first, as far as they were recorded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from annexlog.evidence_store.backend import Backend
from annexlog.evidence_store.model import Coverage, Millis
from annexlog.evidence_store.schema import COMPLETE, PARTIAL, STATUSES, SUPPLEMENT


class Look(NamedTuple):
    """One sweep of a line. `end` and `seq` first: this is the order of observation, equal times by seq."""

    end: Millis
    seq: int
    run: int
    start: Millis
    status: int

    @property
    def shows(self) -> bool:
        """Whether it says of every resource of the line whether it saw it."""
        return self.status in (COMPLETE, PARTIAL)

    @property
    def coverage(self) -> Coverage:
        return Coverage(STATUSES[self.status])


_WALK = (
    "SELECT at, seq, run, start, status FROM sweep WHERE lid = ? AND at <= ? AND seq <= ? "
    "ORDER BY lid DESC, at DESC, seq DESC"
)
_LATEST = (
    "SELECT at, seq, run, start, status FROM sweep WHERE lid = ? AND at <= ? AND seq <= ? AND status <> ? "
    "ORDER BY lid DESC, at DESC, seq DESC LIMIT 1"
)


class Looks:
    """Every sweep of a line known at (`at`, `upto`), newest first, supplements too; read no further than asked."""

    def __init__(self, backend: Backend, lid: int, at: Millis, upto: int) -> None:
        self._rows = backend.select(_WALK, (lid, at, upto))
        self._read: list[Look] = []

    def __iter__(self) -> Iterator[Look]:
        place = 0
        while True:
            if place == len(self._read):
                row = next(self._rows, None)
                if row is None:
                    return
                self._read.append(Look(*row))
            yield self._read[place]
            place += 1


def latest(backend: Backend, lid: int, at: Millis, upto: int) -> Look | None:
    """The newest, supplements left out."""
    row = next(backend.select(_LATEST, (lid, at, upto, SUPPLEMENT)), None)
    return None if row is None else Look(*row)
