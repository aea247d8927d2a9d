"""What only the owner of the tables may do to a store in PostgreSQL: let guards be lifted, and rewrite tables."""

from __future__ import annotations

from annexlog.evidence_store.model import StoreError
from annexlog.evidence_store.postgres_connection import Connection, Place
from annexlog.evidence_store.schema import TABLES

_OWNER = (
    "SELECT pg_has_role(relowner, 'USAGE'), pg_get_userbyid(relowner)::text FROM pg_class WHERE oid = 'run'::regclass"
)
_SIZE = "SELECT coalesce(sum(pg_total_relation_size(name::text::regclass)), 0)::bigint FROM unnest(%s::text[]) name"


def must_own(connection: Connection, place: Place, what: str) -> None:
    """Raises StoreError if the connection's user does not own the tables; `what` it wanted."""
    with place.translated():
        owns, owner = connection.execute(_OWNER).fetchall()[0]
    if not owns:
        raise StoreError(
            f"only the owner of the tables may {what}; nothing was changed.",
            where=place.name,
            next=f"Let {owner} do it, or a member of that role.",
        )


def rewrite(place: Place, timeout: float) -> tuple[int, int]:
    """Rewrite every table without what was deleted (VACUUM FULL); returns how many bytes they had, and have now.

    Whoever reads or writes a table waits meanwhile. Stopped at any moment, each table is as it was, or done. Raises
    StoreError, StoreBusy: a table is in use for longer than `timeout` seconds.
    """
    connection = place.connect(timeout)
    try:
        must_own(connection, place, "rewrite them")
        with place.translated():
            before = connection.execute(_SIZE, (list(TABLES),)).fetchall()[0][0]
            for table in TABLES:
                connection.execute(f"VACUUM FULL {table}".encode())
            after = connection.execute(_SIZE, (list(TABLES),)).fetchall()[0][0]
    finally:
        connection.close()
    return before, after
