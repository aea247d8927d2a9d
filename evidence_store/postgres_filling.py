"""Fill an empty PostgreSQL store with another store's rows, and give roles their rights: what only its owner may."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from psycopg import sql

from annexlog.evidence_store.backend import Row
from annexlog.evidence_store.model import StoreError
from annexlog.evidence_store.postgres import build, copy_rows
from annexlog.evidence_store.postgres_connection import Connection, Place
from annexlog.evidence_store.postgres_schema import CLAIMED, ROLES, SCHEMA, grants, sequence
from annexlog.evidence_store.schema import TABLES, VERSION

Fill = Callable[[str, Iterable[Row]], int]
"""Takes a table and all its rows; returns how many there were."""


@contextmanager
def filling(place: Place, timeout: float) -> Iterator[Fill]:
    """One transaction that makes the store, if there is none, and all that is in it.

    Raises StoreError: there is a store that is not empty, or of another version.
    """
    connection = place.connect(timeout)
    try:
        with place.translated(), connection.transaction():
            connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")  # the source may be slow
            if build(connection) not in (0, VERSION):
                raise StoreError("there is a store of another version.", where=place.name)
            _must_be_empty(connection, place)
            yield lambda table, rows: copy_rows(connection, table, rows)
            for table, column in CLAIMED.items():
                number = f"SELECT max({column}) AS number FROM {table}"  # noqa: S608 — names of our own tables
                to = f"SELECT setval('{SCHEMA}.{sequence(table)}', number) FROM ({number}) WHERE number > 0"  # noqa: S608
                connection.execute(to.encode())
    finally:
        connection.close()


def _must_be_empty(connection: Connection, place: Place) -> None:
    connection.execute(f"LOCK TABLE {', '.join(TABLES)} IN EXCLUSIVE MODE".encode())
    for table in TABLES:
        if connection.execute(f"SELECT 1 FROM {table} LIMIT 1".encode()).fetchall():  # noqa: S608 — names of our own tables
            raise StoreError(
                "there is a store that is not empty.", where=place.name, next="Give a database without one."
            )


def grant(place: Place, prefix: str, timeout: float) -> list[str]:
    """Make the roles `<prefix>_writer`, `_inspector` and `_reader` where they are missing, and give them their rights.

    They have no password and cannot log in: whoever is to use one is made its member (GRANT). Returns their names.
    Raises StoreError: the user may not make roles, or does not own the store.
    """
    connection = place.connect(timeout)
    names = [f"{prefix}_{role.suffix}" for role in ROLES]
    try:
        with place.translated(), connection.transaction():
            for role, name in zip(ROLES, names, strict=True):
                quoted = sql.Identifier(name)
                known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (name,)).fetchall()
                if not known:
                    connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(quoted))
                for statement in grants(role, quoted.as_string(connection)):
                    connection.execute(statement.encode())
    finally:
        connection.close()
    return names
