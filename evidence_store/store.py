"""The evidence store's write path: open a store, record runs and assessments, sign what it holds."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Self

from annexlog.evidence_store import keyring, sweeps
from annexlog.evidence_store.backend import Deadlock
from annexlog.evidence_store.checkpoint import Checkpoint
from annexlog.evidence_store.database import Database, is_url
from annexlog.evidence_store.guarding import guarded
from annexlog.evidence_store.layout import Record, stored
from annexlog.evidence_store.log import Log
from annexlog.evidence_store.manifest import Manifests
from annexlog.evidence_store.model import ORG, Line, Millis, Run, StoreError
from annexlog.evidence_store.outcomes import Assessment, JudgedLine, Outcomes
from annexlog.evidence_store.recording import About, Answers, Known, Recording, by_line, names
from annexlog.evidence_store.spool import Spool
from annexlog.evidence_store.sqlite import SQLite
from annexlog.evidence_store.waiting import Waiting

if TYPE_CHECKING:
    from annexlog.evidence_store.backend import Backend
    from annexlog.evidence_store.keys import Signer
    from annexlog.evidence_store.queries import View

__all__ = ["Assessment", "JudgedLine", "Store"]

DEFINITIONS = Line(ORG, "definition")
_ATTEMPTS = 5
"""How often a record is written that got in the way of another."""


class Store:
    """An append-only evidence store. Any thread may record and read; recordings queue up behind one another."""

    def __init__(self, backend: Backend, folder: Path, writer: str) -> None:
        self.backend = backend
        self.manifests = Manifests(backend)
        self._folder, self.writer = folder, writer
        self._log: Log | None = None
        self._answers = Answers()
        self._turn = threading.Lock()  # of the threads that use the log

    @classmethod
    def open(
        cls,
        path: Path | str | Database,
        *,
        create: bool = False,
        readonly: bool = False,
        timeout: float = 60.0,
        writer: str = "annexlog",
    ) -> Self:
        """Open the store at `path`, or at a URL `postgresql://…`; `create` makes it where it is missing (mode 0600).

        `timeout`: seconds to wait for another process's recording. `writer`: the name that records carry.
        Raises StoreError (missing, not a store), StoreTooNew, StoreDamaged.
        """
        if isinstance(path, str) and is_url(path):
            path = Database(path)
        if isinstance(path, Database):
            return cls(path.open(create=create, readonly=readonly, timeout=timeout), path.parent, writer)
        path = Path(path)
        return cls(SQLite(path, create=create, readonly=readonly, timeout=timeout), path.absolute().parent, writer)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.backend.close()
        self._log = None

    # ── write ─────────────────────────────────────────────────────────────────────────────

    def spool(self) -> Spool:
        """Where a collector puts what it sees until the run is recorded: a temporary file beside the store."""
        return Spool(self._folder)

    def waiting(self) -> Waiting:
        """Where an assessment puts outcomes until it is recorded: a temporary file beside the store."""
        return Waiting(self._folder)

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Be the only writer for a while. Reentrant; raises StoreBusy."""
        with self.backend.lock():
            yield

    def forget(self) -> None:
        """Compare the next answers with what is stored, not with what was: after rows have changed."""
        self._answers.clear()

    def record(self, run: Run, spool: Spool, *, recorded: Millis) -> int:
        """Record one run in one transaction; returns its place in the log (1, 2, …).

        Where `run.run_key` is recorded already, nothing is written and its place is returned. What was spooled for
        a line counts only if its sweep is complete, partial or a supplement. Raises StoreBusy, StoreFull (nothing
        is half recorded), ValueError (two sweeps of a line, a spooled line without a sweep).
        """
        swept = by_line(run.sweeps)
        if strays := set(spool.lines()) - {sweep.line for sweep in swept}:
            raise ValueError(f"{'/'.join(min(strays))} was spooled, but no sweep says how it was seen")
        about = About(run.kind, run.run_key, self.writer, run.target, run.caller, run.collector, run.policy)

        def write(recording: Recording) -> None:
            for sweep in swept:
                recording.sweep(sweep, spool)

        return self.write(about, [sweep.line for sweep in swept], write, recorded)

    def record_assessment(self, assessment: Assessment, *, recorded: Millis) -> int:
        """Record one assessment; as `record`. Raises StoreError if a line carries outcomes that are not there."""
        lines = {judged.line: judged for judged in assessment.lines}
        if len(lines) < len(assessment.lines):
            raise ValueError("an assessment has each outcome line once")
        about = About(
            "assess",
            assessment.run_key,
            self.writer,
            now=assessment.now,
            upto=assessment.upto,
            definitions_root=self._definitions_root(assessment.now, assessment.upto),
        )

        def write(recording: Recording) -> None:
            outcomes = Outcomes(recording, assessment)
            for line in sorted(lines):
                outcomes.judged(lines[line])

        return self.write(about, lines, write, recorded)

    def write(self, about: About, lines: Collection[Line], write: Callable[[Recording], None], recorded: Millis) -> int:
        """Record what `write` adds to a record of these lines; returns its place in the log.

        For `record`, `record_assessment`, and what else is one transaction with its record (`disposal`).
        """
        for left in reversed(range(_ATTEMPTS)):
            try:
                return self._written(about, lines, write, recorded)
            except Deadlock:
                if not left:
                    raise
        raise AssertionError

    def _written(
        self, about: About, lines: Collection[Line], write: Callable[[Recording], None], recorded: Millis
    ) -> int:
        with ExitStack() as committed, self.backend.writing():
            self.backend.hold({f"run\0{about.run_key}", *names(lines)})
            place = self._place(about.run_key)
            if place is not None:
                return place
            with self._logged() as log:  # it has all that was recorded of the lines: nobody else can add to them now
                found = ((line, log.head(line)) for line in lines)
                known = {line: Known(head.lid, head.last) for line, head in found if head is not None}
            recording = Recording(self.backend, known, self.manifests, self._answers)
            write(recording)
            return recording.finish(about, recorded, committed.enter_context(self._logged()))

    @contextmanager
    def _logged(self) -> Iterator[Log]:
        """The log as it stands, for one thread at a time. Where anything fails, it is read anew for the next."""
        with self._turn:
            log, self._log = self._log, None
            if log is None:
                log = Log(self.backend)
            else:
                log.refresh()
            yield log
            self._log = log

    def _place(self, run_key: str) -> int | None:
        """The place in the log of the record of this key."""
        place: int | None = next(self.backend.select("SELECT seq FROM run WHERE run_key = ?", (run_key,)), (None,))[0]
        return place

    def _definitions_root(self, now: Millis, upto: int) -> bytes | None:
        """The root of the definitions as they stood at (`now`, `upto`)."""
        sql = "SELECT lid FROM line WHERE scope = ? AND type = ? AND facet = ?"
        lid = next(self.backend.select(sql, DEFINITIONS), (None,))[0]
        look = None if lid is None else sweeps.latest(self.backend, lid, now, upto)
        return None if look is None else self.manifests.entry(DEFINITIONS, look.seq).root

    def checkpoint(self, *signers: Signer) -> Checkpoint:
        """Sign what the log holds, under its name; what was signed at this size already is returned.

        Raises StoreError: nothing is recorded yet, or these are not the keys that sign this log (see `keyring`).
        """
        with self._logged() as log:
            size, root = log.size, log.root()
        if not size:
            raise StoreError("nothing is recorded yet that could be signed.")
        known = self._note(size)
        if known is None:  # signed outside of any lock: others may record meanwhile
            verifiers = [signer.verifier for signer in signers]
            origin = keyring.origin_for(self.backend, size, self.last_checkpoint(), verifiers)
            made = Checkpoint.sign(origin, size, root, *signers)
            with self.backend.writing():
                self.backend.hold(["checkpoint"])
                known = self._note(size)
                if known is None:
                    self.backend.append("checkpoint", [(size, made.encode())])
                    return made
        return stored(Checkpoint.parse, known, "a checkpoint")

    def _note(self, size: int) -> bytes | None:
        """The checkpoint of a log of this size."""
        note: bytes | None = next(self.backend.select("SELECT note FROM checkpoint WHERE size = ?", (size,)), (None,))[
            0
        ]
        return note

    # ── read ──────────────────────────────────────────────────────────────────────────────

    def last_checkpoint(self) -> Checkpoint | None:
        """The newest checkpoint; None if nothing is signed yet."""
        row = next(self.backend.select("SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1"), None)
        return None if row is None else stored(Checkpoint.parse, row[0], "a checkpoint")

    @guarded
    def size(self) -> int:
        """How many records the log holds."""
        size: int = next(self.backend.select("SELECT coalesce(max(seq), 0) FROM run"))[0]
        return size

    def has_run(self, run_key: str) -> bool:
        """Whether a run or assessment of this key is recorded."""
        return next(self.backend.select("SELECT 1 FROM run WHERE run_key = ?", (run_key,)), None) is not None

    @guarded
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

    @guarded
    def assessment(self, seq: int) -> Assessment | None:
        """Record `seq` if it is an assessment, without its lines; None if it is anything else."""
        row = next(self.backend.select("SELECT record FROM run WHERE seq = ?", (seq,)), None)
        record = None if row is None else stored(Record.parse, row[0], "a record")
        if record is None or record.now is None or record.upto is None:
            return None
        return Assessment(record.run_key, record.now, record.upto, ())

    @guarded
    def last_assessed(self) -> Millis | None:
        """The greatest `now` that was assessed; None if nothing was."""
        sql = (
            "SELECT max((SELECT max(s.at) FROM sweep s WHERE s.lid = l.lid)) FROM line l WHERE l.facet LIKE 'outcome:%'"
        )
        last: Millis | None = next(self.backend.select(sql))[0]
        return last

    @guarded
    def assessed_instants(self, since: Millis) -> list[Millis]:
        """Every `now` ≥ `since` that was assessed, oldest first."""
        sql = (
            "SELECT DISTINCT s.at FROM sweep s JOIN line l ON l.lid = s.lid "
            "WHERE l.facet LIKE 'outcome:%' AND s.at >= ? ORDER BY s.at"
        )
        return [row[0] for row in self.backend.select(sql, (since,))]
