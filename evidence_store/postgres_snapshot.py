"""One unchanging state of a PostgreSQL store, and what its catalogue says of the guards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

import psycopg

from annexlog.evidence_store.backend import Row
from annexlog.evidence_store.postgres import small, translated, version_of
from annexlog.evidence_store.postgres_connection import Connection, Place
from annexlog.evidence_store.postgres_schema import CLAIMED, REFUSE, SCHEMA, TRIGGERS, sequence, type_of
from annexlog.evidence_store.schema import INDEXES, TABLES, VERSION
from annexlog.evidence_store.views import POSTGRES, views

_AHEAD = 1000
_RELATIONS = """
SELECT c.relname, c.relkind::text FROM pg_class c WHERE c.relnamespace = to_regnamespace(%s) AND c.relkind <> 't'
"""
_COLUMNS = """
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, coalesce(o.collname, '')
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid LEFT JOIN pg_collation o ON o.oid = a.attcollation
WHERE c.relnamespace = to_regnamespace(%s) AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
"""
_CONSTRAINTS = """
SELECT c.relname, pg_get_constraintdef(k.oid) || CASE WHEN k.convalidated THEN '' ELSE ' (not checked)' END
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
WHERE c.relnamespace = to_regnamespace(%s) AND k.contype IN ('p', 'u', 'c', 'f', 'x')
"""
_TRIGGERS = """
SELECT c.relname, t.tgname, t.tgenabled::text, t.tgtype::bigint, p.prosrc, t.tgqual IS NULL
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
WHERE c.relnamespace = to_regnamespace(%s) AND NOT t.tgisinternal
"""
_RULES = """
SELECT tablename, rulename FROM pg_rules WHERE schemaname = %s AND rulename <> '_RETURN'
"""
_TYPE = {"no_change": 1 | 2 | 8 | 16, "no_truncate": 2 | 32}
"""Of a trigger (pg_trigger.h): per row 1, before 2, delete 8, update 16, truncate 32."""


class Snapshot:
    """A `backend.Snapshot` over a connection in whose transaction it lives."""

    def __init__(self, connection: Connection, place: Place) -> None:
        self._connection, self._place = connection, place
        self._number = 0
        with place.translated():
            connection.execute(
                "SET idle_in_transaction_session_timeout = 0; SET cursor_tuple_fraction = 1; "
                "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SAVEPOINT start"
            )

    def select(self, sql: str, parameters: Sequence[object] = ()) -> Iterator[Row]:
        query = translated(sql)
        with self._place.translated(), self._going_on():
            if small(query):
                yield from self._connection.execute(query, tuple(parameters), binary=True).fetchall()
                return
            self._number += 1
            with self._connection.cursor(f"s{self._number}", binary=True) as cursor:  # kept on the server
                cursor.itersize = _AHEAD
                yield from cursor.execute(query, tuple(parameters))

    def guards(self) -> Iterator[tuple[str, str, str]]:
        """The same as `faults`: it never reads the rows."""
        return self.faults()

    @contextmanager
    def _going_on(self) -> Iterator[None]:
        """After an error (a damaged page) the same state can be read on; statements that were being read end."""
        try:
            yield
        except psycopg.Error:
            with suppress(psycopg.Error):
                self._connection.execute("ROLLBACK TO SAVEPOINT start")
            raise

    def faults(self) -> Iterator[tuple[str, str, str]]:
        """(table, key, what is wrong): a schema whose tables and guards are not those of a new store."""
        version = version_of(self._connection)
        if version != VERSION:
            yield "migration", "version", f"is {version}, not {VERSION}"
        for kind, wanted, sql in (
            ("relation", _relations(), _RELATIONS),
            ("column", _columns(), _COLUMNS),
            ("constraint", _constraints(), _CONSTRAINTS),
            ("trigger", _triggers(), _TRIGGERS),
            ("rule", set[Row](), _RULES),
        ):
            found = set(self._connection.execute(sql.encode(), (SCHEMA,), binary=True).fetchall())
            yield from ((row[0], f"{kind} {_told(row)}", "is missing") for row in sorted(wanted - found))
            surplus = sorted(found - wanted)
            yield from ((row[0], f"{kind} {_told(row)}", "is not what it is in a new store") for row in surplus)


def _told(row: Row) -> str:
    return " ".join(map(str, row[1:]))


def _relations() -> set[Row]:
    found = {(name, "r") for name in (*TABLES, "migration")} | {(name, "v") for name in views(POSTGRES)}
    found |= {(sequence(table), "S") for table in CLAIMED} | {(name, "i") for name in (*INDEXES, "migration_pkey")}
    for name, table in TABLES.items():
        found.add((f"{name}_pkey", "i"))
        found |= {(f"{name}_{'_'.join(key)}_key", "i") for key in table.unique}
    return found


def _columns() -> set[Row]:
    found = {
        (name, column.name, type_of(column), not column.null, "C" if column.kind == "text" else "")
        for name, table in TABLES.items()
        for column in table.columns
    }
    return found | {("migration", "version", "bigint", True, "")}


def _constraints() -> set[Row]:
    found = {("migration", "PRIMARY KEY (version)")}
    for name, table in TABLES.items():
        found.add((name, f"PRIMARY KEY ({', '.join(table.key)})"))
        found |= {(name, f"UNIQUE ({', '.join(key)})") for key in table.unique}
        hashes = (column.name for column in table.columns if column.kind == "hash")
        found |= {(name, f"CHECK ((octet_length({column}) = 32))") for column in hashes}
    return found


def _triggers() -> set[Row]:
    return {(name, f"{name}_{suffix}", "A", _TYPE[suffix], REFUSE, True) for name in TABLES for suffix in TRIGGERS}
