"""The evidence store's write path: open a store, record runs and assessments, sign what it holds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Self

from annexlog.evidence_store import sweeps
from annexlog.evidence_store.checkpoint import Checkpoint
from annexlog.evidence_store.layout import Record, stored
from annexlog.evidence_store.log import Log
from annexlog.evidence_store.manifest import Manifests
from annexlog.evidence_store.model import ORG, Line, Millis, Run, StoreError
from annexlog.evidence_store.outcomes import Assessment, JudgedLine, Outcomes
from annexlog.evidence_store.recording import About, Recording, by_line
from annexlog.evidence_store.spool import Spool
from annexlog.evidence_store.sqlite import SQLite

if TYPE_CHECKING:
    from annexlog.evidence_store.backend import Backend
    from annexlog.evidence_store.keys import Signer
    from annexlog.evidence_store.queries import View

__all__ = ["Assessment", "JudgedLine", "Store"]

DEFINITIONS = Line(ORG, "definition")


class Store:
    """An append-only evidence store. Any thread may record and read; recordings queue up behind one another."""

    def __init__(self, backend: Backend, folder: Path, writer: str) -> None:
        self.backend = backend
        self.manifests = Manifests(backend)
        self._folder, self._writer = folder, writer
        self._log: Log | None = None

    @classmethod
    def open(
        cls,
        path: Path | str,
        *,
        create: bool = False,
        readonly: bool = False,
        timeout: float = 60.0,
        writer: str = "annexlog",
    ) -> Self:
        """Open the store at `path`; `create` makes it where it is missing (file mode 0600).

        `timeout`: seconds to wait for another process's recording. `writer`: the name that records carry.
        Raises StoreError (missing, not a store), StoreTooNew, StoreDamaged.
        """
        path = Path(path)
        return cls(SQLite(path, create=create, readonly=readonly, timeout=timeout), path.absolute().parent, writer)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.backend.close()

    # ── write ─────────────────────────────────────────────────────────────────────────────

    def spool(self) -> Spool:
        """Where a collector puts what it sees until the run is recorded: a temporary file beside the store."""
        return Spool(self._folder)

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Be the only writer for a while. Reentrant; raises StoreBusy."""
        with self.backend.lock():
            yield

    def record(self, run: Run, spool: Spool, *, recorded: Millis) -> int:
        """Record one run in one transaction; returns its place in the log (1, 2, …).

        Where `run.run_key` is recorded already, nothing is written and its place is returned. What was spooled for
        a line counts only if its sweep is complete, partial or a supplement. Raises StoreBusy, StoreFull (nothing
        is half recorded), ValueError (two sweeps of a line, a spooled line without a sweep).
        """
        swept = by_line(run.sweeps)
        if strays := set(spool.lines()) - {sweep.line for sweep in swept}:
            raise ValueError(f"{'/'.join(min(strays))} was spooled, but no sweep says how it was seen")
        about = About(run.kind, run.run_key, self._writer, run.target, run.caller, run.collector, run.policy)
        with self._recording(run.run_key) as (recording, known):
            if known is not None:
                return known
            for sweep in swept:
                recording.sweep(sweep, spool)
            return recording.finish(about, recorded)

    def record_assessment(self, assessment: Assessment, *, recorded: Millis) -> int:
        """Record one assessment; as `record`. Raises StoreError if a line carries outcomes that are not there."""
        lines = {judged.line: judged for judged in assessment.lines}
        if len(lines) < len(assessment.lines):
            raise ValueError("an assessment has each outcome line once")
        with self._recording(assessment.run_key) as (recording, known):
            if known is not None:
                return known
            about = About(
                "assess",
                assessment.run_key,
                self._writer,
                now=assessment.now,
                upto=assessment.upto,
                definitions_root=self._definitions_root(assessment.now, assessment.upto),
            )
            outcomes = Outcomes(recording, assessment)
            for line in sorted(lines):
                outcomes.judged(lines[line])
            return recording.finish(about, recorded)

    @contextmanager
    def _recording(self, run_key: str) -> Iterator[tuple[Recording, int | None]]:
        """The next record, and the place of the one that has this key already."""
        with self._appending() as log:
            known = next(self.backend.select("SELECT seq FROM run WHERE run_key = ?", (run_key,)), (None,))[0]
            yield Recording(self.backend, log, self.manifests), known

    @contextmanager
    def _appending(self) -> Iterator[Log]:
        """A transaction, with the log as it stands. Only a log whose record was stored is kept for the next."""
        with self.backend.lock():
            log, self._log = self._log, None
            with self.backend.writing():
                if log is None or log.size != self.size():
                    log = Log(self.backend)
                yield log
            self._log = log

    def _definitions_root(self, now: Millis, upto: int) -> bytes | None:
        """The root of the definitions as they stood at (`now`, `upto`)."""
        sql = "SELECT lid FROM line WHERE scope = ? AND type = ? AND facet = ?"
        lid = next(self.backend.select(sql, DEFINITIONS), (None,))[0]
        look = None if lid is None else sweeps.latest(self.backend, lid, now, upto)
        return None if look is None else self.manifests.entry(DEFINITIONS, look.seq).root

    def checkpoint(self, signer: Signer) -> Checkpoint:
        """Sign what the log holds, under the signer's name; what was signed at this size already is returned.

        Raises StoreError if nothing is recorded yet.
        """
        with self._appending() as log:
            if not log.size:
                raise StoreError("nothing is recorded yet that could be signed.")
            known = next(self.backend.select("SELECT note FROM checkpoint WHERE size = ?", (log.size,)), None)
            if known is None:
                made = Checkpoint.sign(signer.name, log.size, log.root(), signer)
                self.backend.append("checkpoint", [(log.size, made.encode())])
                return made
        return stored(Checkpoint.parse, known[0], "a checkpoint")

    # ── read ──────────────────────────────────────────────────────────────────────────────

    def size(self) -> int:
        """How many records the log holds."""
        size: int = next(self.backend.select("SELECT coalesce(max(seq), 0) FROM run"))[0]
        return size

    def has_run(self, run_key: str) -> bool:
        """Whether a run or assessment of this key is recorded."""
        return next(self.backend.select("SELECT 1 FROM run WHERE run_key = ?", (run_key,)), None) is not None

    def view(self, at: Millis | None = None, known_at: Millis | None = None, upto: int | None = None) -> View:
        """What was observed by `at`, of what was recorded by `known_at` and within the first `upto` records.

        Not given, each is everything there is: `at` is then the greatest instant that the store knows of.
        """
        from annexlog.evidence_store.queries import View  # noqa: PLC0415 — queries knows of the store's parts, not of it

        size = self.size() if upto is None else min(upto, self.size())
        if known_at is not None:
            sql = "SELECT coalesce(max(seq), 0) FROM run WHERE recorded <= ?"
            size = min(size, next(self.backend.select(sql, (known_at,)))[0])
        if at is None:
            sql = "SELECT recorded FROM run WHERE seq = ?"
            recorded: Millis = next(self.backend.select(sql, (size,)), (0,))[0]
            at = max(recorded, self.manifests[size].newest) if size else 0
        return View(self.backend, self.manifests, at, size)

    def assessment(self, seq: int) -> Assessment | None:
        """Record `seq` if it is an assessment, without its lines; None if it is anything else."""
        row = next(self.backend.select("SELECT record FROM run WHERE seq = ?", (seq,)), None)
        record = None if row is None else stored(Record.parse, row[0], "a record")
        if record is None or record.now is None or record.upto is None:
            return None
        return Assessment(record.run_key, record.now, record.upto, ())

    def last_assessed(self) -> Millis | None:
        """The greatest `now` that was assessed; None if nothing was."""
        sql = (
            "SELECT max((SELECT max(s.at) FROM sweep s WHERE s.lid = l.lid)) FROM line l WHERE l.facet LIKE 'outcome:%'"
        )
        last: Millis | None = next(self.backend.select(sql))[0]
        return last

    def assessed_instants(self, since: Millis) -> list[Millis]:
        """Every `now` ≥ `since` that was assessed, oldest first."""
        sql = (
            "SELECT DISTINCT s.at FROM sweep s JOIN line l ON l.lid = s.lid "
            "WHERE l.facet LIKE 'outcome:%' AND s.at >= ? ORDER BY s.at"
        )
        return [row[0] for row in self.backend.select(sql, (since,))]
