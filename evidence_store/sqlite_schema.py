"""The statements that make a store's schema in SQLite, valid from 3.34 on (no STRICT, no RETURNING)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from annexlog.evidence_store.schema import INDEXES, TABLES, VIEWS, Column, Table


class Part(NamedTuple):
    """`kind`: table, trigger, index or view. `sql` is as `sqlite_master` keeps it."""

    kind: str
    name: str
    sql: str


def schema() -> Iterator[Part]:
    """All parts in an order in which they can be made."""
    for name, table in TABLES.items():
        yield from _table(name, table)
    for name, on in INDEXES.items():
        yield Part("index", name, f"CREATE INDEX {name} ON {on}")
    for name, query in VIEWS.items():
        yield Part("view", name, f"CREATE VIEW {name} AS {query}")


def _column(column: Column) -> str:
    size = f" AND length({column.name}) = 32" if column.kind == "hash" else ""
    kind = "blob" if column.kind == "hash" else column.kind
    fits = f"typeof({column.name}) = '{kind}'{size}"
    null = f"{column.name} IS NULL OR " if column.null else ""
    return f"{column.name} {kind.upper()}{'' if column.null else ' NOT NULL'} CHECK ({null}{fits})"


def _table(name: str, table: Table) -> Iterator[Part]:
    columns = [_column(column) for column in table.columns]
    columns += [f"PRIMARY KEY ({', '.join(table.key)})", *(f"UNIQUE ({', '.join(key)})" for key in table.unique)]
    yield Part("table", name, f"CREATE TABLE {name} ({', '.join(columns)}){'' if table.rowid else ' WITHOUT ROWID'}")
    refuse = f"BEGIN SELECT RAISE(ABORT, '{name} is append-only'); END"
    for verb in ("update", "delete"):
        guard = f"{name}_no_{verb}"
        yield Part("trigger", guard, f"CREATE TRIGGER {guard} BEFORE {verb.upper()} ON {name} {refuse}")
    for number, key in enumerate((table.key, *table.unique)):  # INSERT OR REPLACE fires no delete trigger
        same = " AND ".join(f"{part} = NEW.{part}" for part in key)
        taken = f"EXISTS (SELECT 1 FROM {name} WHERE {same})"  # noqa: S608 — names of our own tables
        guard = f"{name}_no_replace{number or ''}"
        yield Part("trigger", guard, f"CREATE TRIGGER {guard} BEFORE INSERT ON {name} WHEN {taken} {refuse}")
