"""Bring a SQLite store of an older schema forward: one transaction, so that it is done or was never begun."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping

from annexlog.evidence_store.schema import BEGAN, VERSION
from annexlog.evidence_store.sqlite_schema import schema

STEPS: Mapping[int, tuple[str, ...]] = {
    2: (
        "DROP TRIGGER outcome_no_update",
        "ALTER TABLE outcome ADD COLUMN began INTEGER CHECK (began IS NULL OR typeof(began) = 'integer')",
        BEGAN,
    )
}
"""What adding alone cannot do: the statements that lead from a version to the next."""

_KNOWN = "SELECT type, name, sql FROM sqlite_master WHERE type IN ('table', 'index', 'trigger', 'view')"


def migrate(connection: sqlite3.Connection) -> None:
    """Add the tables, columns, indexes and guards that are new, and make the views anew.

    Only what differs is touched; of rows, only what is derived of others. Raises sqlite3.Error; then nothing was done.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        for statement in _statements(connection):
            connection.execute(statement)
        connection.execute("COMMIT")
    except sqlite3.Error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _statements(connection: sqlite3.Connection) -> Iterator[str]:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    for step in range(version, VERSION):
        yield from STEPS.get(step, ())
    known = {(kind, name): sql for kind, name, sql in connection.execute(_KNOWN).fetchall()}
    wanted = {(part.kind, part.name): part.sql for part in schema()}
    for (kind, name), sql in known.items():
        if kind in ("trigger", "view") and sql != wanted.get((kind, name)):
            yield f"DROP {kind.upper()} {name}"
    for (kind, name), sql in wanted.items():
        if (kind, name) not in known or (kind in ("trigger", "view") and known[kind, name] != sql):
            yield sql
    yield f"PRAGMA user_version = {VERSION}"
