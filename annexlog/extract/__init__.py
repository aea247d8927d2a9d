"""An auditor's extract: everything of one control, or of all, and one period, as a SQLite file of plain tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from annexlog.evidence_store.model import ConfigError, Millis, iso
from annexlog.evidence_store.placing import placed
from annexlog.evidence_store.sqlite import translated
from annexlog.extract.reading import Asked, Extract
from annexlog.extract.tables import TABLES

if TYPE_CHECKING:
    from sqlite_utils import Database

    from annexlog.evidence_store.store import Store

__all__ = ["APPLICATION_ID", "Asked", "Extracted", "extract"]

APPLICATION_ID = 0x616E7865
"""`PRAGMA application_id` of an extract: "anxe"."""

_UNSEEN: Mapping[str, str] = {
    "outcome": "status = 'unknown'",
    "reading": "status = 'unknown'",
    "population": "status <> 'complete'",
    "evidence": "reason IS NOT NULL",
    "sweep": "status NOT IN ('complete', 'supplement')",
    "run": "checkpoint IS NULL",
    "control": "'unknown' IN (state_at_begin, state_at_end)",
}
"""Which rows say that something is not known."""


@dataclass(frozen=True, slots=True)
class Extracted:
    """`rows`: how many each table has; `unknown`: how many of them say that something is not known."""

    target: Path
    rows: Mapping[str, int]
    unknown: Mapping[str, int]


def extract(store: Store, asked: Asked, target: Path) -> Extracted:
    """Write the extract to a new file (mode 0600). The same store and question give the same rows.

    Raises ConfigError (no such control or scope, a period that ends before it begins, nothing known by then),
    StoreError (the target exists), StoreFull, StoreDamaged.
    """
    from sqlite_utils import Database  # noqa: PLC0415 — 80 ms that only this needs

    _must_be_a_period(asked.begin, asked.end)
    found = Extract(store, asked)
    with placed(target) as made, translated(target):
        database = Database(made, recursive_triggers=False)
        with closing(database.conn):
            database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            for name in TABLES:
                _make(database, name)
            for name, rows in found.tables():
                _fill(database, name, rows)
            _fill(database, "description", _descriptions())
            done = _count(database, target)
            _finish(database)
    return done


def _must_be_a_period(begin: Millis, end: Millis) -> None:
    if end < begin:
        raise ConfigError(
            f"the period ends ({iso(end)}) before it begins ({iso(begin)}).", next="Swap --from and --to."
        )


def _make(database: Database, name: str) -> None:
    table = TABLES[name]
    key = (table.key,) if isinstance(table.key, str) else table.key
    parts = [f"{column} {'INTEGER' if kind is int else 'TEXT'}" for column, (kind, _) in table.columns.items()]
    parts.append(f"PRIMARY KEY ({', '.join(key)})")
    parts += [
        f"FOREIGN KEY ({column}) REFERENCES {other} ({TABLES[other].key})" for column, other in table.links.items()
    ]
    database.execute(f"CREATE TABLE {name} ({', '.join(parts)})")  # plain: a link may lead to a table made later


def _fill(database: Database, name: str, rows: Iterable[Mapping[str, Any]]) -> None:
    database.table(name).insert_all((dict(row) for row in rows), batch_size=1000)


def _descriptions() -> Iterator[Mapping[str, Any]]:
    for name, table in TABLES.items():
        for column, (_, says) in table.columns.items():
            yield {"table_name": name, "column_name": column, "says": says}


def _count(database: Database, target: Path) -> Extracted:
    rows = {name: database.table(name).count for name in TABLES if name != "contents"}
    unknown = {name: database.table(name).count_where(where) for name, where in _UNSEEN.items()}
    listed = [
        {"table_name": name, "rows": rows[name], "unknown": unknown.get(name, 0), "says": TABLES[name].says}
        for name in rows
    ]
    _fill(database, "contents", listed)
    return Extracted(target, rows, unknown)


def _finish(database: Database) -> None:
    for name, table in TABLES.items():
        for columns in chain(table.indexes, ((column,) for column in table.links)):
            database.table(name).create_index(columns, if_not_exists=True)
        if table.search:
            database.table(name).enable_fts(table.search)
