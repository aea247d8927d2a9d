"""Copy a store in SQLite while others use it, and give the space that it no longer uses back to the disk."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from annexlog.evidence_store.model import StoreDamaged, StoreError
from annexlog.evidence_store.placing import placed
from annexlog.evidence_store.sqlite import SQLite, translated
from annexlog.evidence_store.store import Store
from annexlog.evidence_store.verify import verify

if TYPE_CHECKING:
    from annexlog.evidence_store.keys import Verifier


@dataclass(frozen=True, slots=True)
class Copied:
    """A backup that was made: how many records it holds, how many of them are signed, its length in bytes."""

    target: Path
    records: int
    signed: int
    size: int
    verified: bool


@dataclass(frozen=True, slots=True)
class Compacted:
    """The file's length in bytes before and after."""

    before: int
    after: int


def backup(store: Store, target: Path, *, keys: Sequence[Verifier] | None = None) -> Copied:
    """Copy the store as of now to a new file (mode 0600) that needs no other file beside it.

    Others read and record meanwhile. `keys`: verify the copy against these before it gets its name. Raises
    StoreError (not in SQLite, the target exists), StoreFull, StoreDamaged (the copy does not verify); then there is
    no target.
    """
    source = _file(store)
    how = "ro&immutable=1" if store.backend.immutable else "ro"  # type: ignore[attr-defined]  # _file has said so
    with placed(target) as made:
        # VACUUM INTO, not the backup API: that starts anew whenever a writer commits between two of its steps, or
        # copies free pages (with what was disposed of in them) and the need of a -wal file. A writer notices neither.
        with _connected(source, how) as connection, translated(target):
            connection.execute("VACUUM INTO ?", (str(made),))
        with Store.open(made, readonly=True) as copy:
            records = copy.size()
            signed: int = next(copy.backend.select("SELECT coalesce(max(size), 0) FROM checkpoint"))[0]
            if keys is not None:
                _must_verify(copy, keys, target)
        size = made.stat().st_size
    return Copied(target, records, signed, size, keys is not None)


def compact(store: Store) -> Compacted:
    """Rewrite the store without the space it no longer uses. Writers wait, in PostgreSQL readers too.

    Needs room for twice the store meanwhile. Stopped at any moment, all is as it was, or done. Raises StoreError
    (opened for reading only; in PostgreSQL, the user does not own the tables), StoreBusy, StoreFull.
    """
    with store.exclusive():
        return Compacted(*store.backend.compact())


def _file(store: Store) -> Path:
    if not isinstance(store.backend, SQLite):
        raise StoreError(
            "only a store in SQLite is one file.",
            next="Use pg_dump, or copy it to a file: annexlog store copy.",
        )
    return store.backend.path


@contextmanager
def _connected(path: Path, mode: str) -> Iterator[sqlite3.Connection]:
    """A connection whose temporary files are on the disk: VACUUM writes the whole store there."""
    with translated(path):
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None)
    with closing(connection):
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA temp_store = FILE")
        yield connection


def _must_verify(copy: Store, keys: Sequence[Verifier], target: Path) -> None:
    report = verify(copy, keys=keys)
    if not report.ok:
        first = report.findings[0]
        raise StoreDamaged(
            f"the copy does not verify ({report.total} findings; first {first.where}: {first.what}); it was not kept.",
            where=str(target),
            next="Run `annexlog verify` on the store. A copy of a damaged store is made without --verify.",
        )
