"""The evidence store's write path: open a store, record runs and assessments, sign what it holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from annexlog.evidence_store.model import Line, Millis, Outcome, Run

if TYPE_CHECKING:
    from annexlog.evidence_store.queries import View
    from annexlog.evidence_store.spool import Spool


@dataclass(frozen=True, slots=True)
class JudgedLine:
    """The outcomes of one test in one scope, to be recorded.

    `line.facet` is `outcome:<test id>`. `outcomes`: all of them, by resource id; None: those of the line's latest
    assessment as known at (`now`, `upto`) stand. `inputs`: the lines that were read; `fingerprint`: of what they
    said. `causes`: why an outcome changed (estate, definition, register, exception, coverage, clock), by id; only
    those of changed outcomes are kept.
    """

    line: Line
    outcomes: Mapping[str, Outcome] | None
    inputs: frozenset[Line] = frozenset()
    fingerprint: bytes = b""
    causes: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Assessment:
    """One judging of evidence as observed at `now` and recorded up to log size `upto`."""

    run_key: str
    now: Millis
    upto: int
    lines: Sequence[JudgedLine]


class Store:
    """An append-only evidence store. Any thread may record and read; recordings queue up behind one another."""

    @classmethod
    def open(
        cls, path: Path | str, *, create: bool = False, readonly: bool = False, timeout: float = 60.0, writer: str = ""
    ) -> Self:
        """Open the store at `path`; `create` makes it where it is missing (file mode 0600).

        `timeout`: seconds to wait for another process's recording. `writer`: the name records carry.
        Raises StoreError (missing, not a store), StoreTooNew, StoreDamaged.
        """
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        raise NotImplementedError

    # ── write ─────────────────────────────────────────────────────────────────────────────

    def spool(self) -> Spool:
        """Where a collector puts what it sees until the run is recorded: a temporary file beside the store."""
        raise NotImplementedError

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Be the only writer for a while. Raises StoreBusy."""
        raise NotImplementedError

    def record(self, run: Run, spool: Spool, *, recorded: Millis) -> int:
        """Record one run in one transaction; returns its place in the log (1, 2, …).

        Where `run.run_key` is recorded already, nothing is written and its place is returned. Raises StoreBusy,
        StoreFull (nothing is half recorded), ValueError (two sweeps of a line, a spooled line without a sweep).
        """
        raise NotImplementedError

    def record_assessment(self, assessment: Assessment, *, recorded: Millis) -> int:
        """Record one assessment; as `record`."""
        raise NotImplementedError

    # ── read ──────────────────────────────────────────────────────────────────────────────

    def size(self) -> int:
        """How many records the log holds."""
        raise NotImplementedError

    def has_run(self, run_key: str) -> bool:
        """Whether a run or assessment of this key is recorded."""
        raise NotImplementedError

    def view(self, at: Millis | None = None, known_at: Millis | None = None, upto: int | None = None) -> View:
        """What was observed by `at`, of what was recorded by `known_at` and within the first `upto` records.

        Not given, each is everything there is: `at` is then the greatest instant that the store knows of.
        """
        raise NotImplementedError

    def assessment(self, seq: int) -> Assessment | None:
        """Record `seq` if it is an assessment, without its lines; None if it is anything else."""
        raise NotImplementedError

    def assessed_instants(self, since: Millis) -> list[Millis]:
        """Every `now` ≥ `since` that was assessed, oldest first."""
        raise NotImplementedError
