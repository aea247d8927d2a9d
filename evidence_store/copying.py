"""Copy a store from one kind of database to another, table by table: its log, its proofs and its numbers stay."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from annexlog.evidence_store.backend import Row, Snapshot
from annexlog.evidence_store.database import Database, is_url
from annexlog.evidence_store.model import StoreDamaged
from annexlog.evidence_store.placing import placed
from annexlog.evidence_store.schema import TABLES
from annexlog.evidence_store.sqlite import translated
from annexlog.evidence_store.store import Store
from annexlog.evidence_store.verify import verify

if TYPE_CHECKING:
    from annexlog.evidence_store.keys import Verifier

Place = Path | Database


@dataclass(frozen=True, slots=True)
class Copied:
    """A store that was copied: its records, how many of them are signed, and its rows by table."""

    records: int
    signed: int
    rows: Mapping[str, int]


def place(text: str) -> Place:
    """The place that a path or a URL names."""
    return Database(text) if is_url(text) else Path(text)


def copy(source: Place, target: Place, keys: Sequence[Verifier], *, timeout: float = 60.0) -> Copied:
    """Copy the store as of now; others may read and record in the source meanwhile. The copy is verified.

    `target`: a file that is not there yet, or a database without a store or with an empty one. Stopped at any moment,
    there is no store at the target, or the whole one. Raises StoreError (the target is not empty), StoreDamaged (the
    copy does not verify, and is not made into a file; in a database it is left to be looked at).
    """
    with Store.open(source, readonly=True, timeout=timeout) as store, store.backend.snapshot() as snapshot:
        if isinstance(target, Database):
            rows = _into_database(snapshot, target, timeout)
            return _checked(target, target, snapshot, keys, rows)
        with placed(target) as made:
            rows = _into_file(snapshot, made, target)
            return _checked(made, target, snapshot, keys, rows)


def _tables(snapshot: Snapshot) -> Iterator[tuple[str, Iterator[Row]]]:
    """(table, its rows by key) of each table."""
    for name, table in TABLES.items():
        columns = ", ".join(column.name for column in table.columns)
        yield name, snapshot.select(f"SELECT {columns} FROM {name} ORDER BY {', '.join(table.key)}")  # noqa: S608 — names of ours


def _into_database(snapshot: Snapshot, target: Database, timeout: float) -> dict[str, int]:
    with target.filling(timeout) as fill:
        return {name: fill(name, rows) for name, rows in _tables(snapshot)}


def _into_file(snapshot: Snapshot, made: Path, target: Path) -> dict[str, int]:
    """Fill a file that nobody knows of yet; at the end it needs no other file beside it."""
    made.unlink()
    counts = dict.fromkeys(TABLES, 0)

    def counted(name: str, rows: Iterator[Row]) -> Iterator[Row]:
        for row in rows:
            counts[name] += 1
            yield row

    with Store.open(made, create=True) as store, store.backend.writing():
        for name, rows in _tables(snapshot):
            store.backend.append(name, counted(name, rows))
    with translated(target), closing(sqlite3.connect(made)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    Path(f"{made}.lock").unlink(missing_ok=True)
    return counts


def _checked(
    made: Place, target: Place, snapshot: Snapshot, keys: Sequence[Verifier], rows: Mapping[str, int]
) -> Copied:
    """Compare the copy with its source, and verify it."""
    with Store.open(made, readonly=True) as store:
        report = verify(store, keys=keys)
        if not report.ok:
            first = report.findings[0]
            raise StoreDamaged(
                f"the copy does not verify: {first.where} {first.what}.",
                where=str(target),
                next="Verify the source: annexlog verify",
            )
        sql = "SELECT size, note FROM checkpoint ORDER BY size DESC LIMIT 1"
        if list(store.backend.select(sql)) != list(snapshot.select(sql)):
            raise StoreDamaged("the copy's newest checkpoint is not that of its source.", where=str(target))
    return Copied(report.records, report.signed, rows)
