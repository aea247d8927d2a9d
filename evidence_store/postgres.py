"""The store in a PostgreSQL database: many writers, each behind the locks of its lines, and one order of records."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from hashlib import blake2b
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Final, LiteralString

import psycopg

from annexlog.evidence_store.backend import Change, Row
from annexlog.evidence_store.model import StoreError, StoreTooNew
from annexlog.evidence_store.postgres_connection import Connection, Place
from annexlog.evidence_store.postgres_owning import must_own, rewrite
from annexlog.evidence_store.postgres_schema import SCHEMA, forward, sequence, type_of
from annexlog.evidence_store.schema import TABLES, VERSION

if TYPE_CHECKING:
    from annexlog.evidence_store.backend import Snapshot

LOCKS: Final = 0x616E786C
"""The first number of every advisory lock of ours: "anxl"."""
END, ALONE, MAKING = 0, 1, 2
"""Second numbers: of the log's end, of whoever wants to be alone, of making a store. From `_FIRST` on: stripes."""
_FIRST: Final = 16
STRIPES: Final = 1024
"""Names are held by a hash of so many values: a record of any number of lines needs no more locks than this."""
_STOPPED: Final = 10_000
"""Milliseconds after which the server gives up whoever stopped while everybody waits for the log's end."""

_FEW: Final = 16
"""Rows that are inserted one by one; more are copied."""
_AHEAD: Final = 256
_DRAIN: Final = 1000
"""Rows that are read to the end where nobody wants them: cheaper than to cancel the statement."""
_IDLE: Final = 8
_WAIT: Final = 60.0
"""Seconds."""


@lru_cache(maxsize=4096)
def translated(sql: str) -> bytes:
    """A statement with PostgreSQL's placeholders."""
    return sql.replace("%", "%%").replace("?", "%s").encode()


@lru_cache(maxsize=4096)
def small(query: bytes) -> bool:
    """Whether a statement says itself that it gives few rows."""
    return b"LIMIT " in query or b" IN (%s" in query


class Postgres:
    """A `backend.Backend`: each thread's transaction has a connection of its own, each select borrows one."""

    def __init__(self, url: str, *, create: bool, readonly: bool, timeout: float) -> None:
        self.place = Place(url)
        self.readonly, self._timeout = readonly, timeout
        self._idle: list[Connection] = []
        self._mine = threading.local()  # .writer: the connection of the thread's transaction; .alone: of its lock
        self._closed = False
        try:
            version = self._version()
            if version < VERSION and create and not readonly:
                make(self.place, timeout)
                version = self._version()
            self._check(version)
        except StoreError:
            self.close()
            raise

    @property
    def where(self) -> str:
        """Which database it is, without a password."""
        return self.place.name

    def _version(self) -> int:
        """0: there is no store."""
        with self._borrowed() as connection:
            return version_of(connection)

    def _check(self, version: int) -> None:
        if not version:
            raise StoreError("there is no evidence store here.", where=self.where, next="Make one: annexlog store init")
        if version > VERSION:
            raise StoreTooNew(
                f"the store has schema {version}; this annexlog knows {VERSION}.",
                where=self.where,
                next="Update annexlog.",
            )
        if version < VERSION:
            raise StoreError(
                f"the store has schema {version}; this annexlog needs {VERSION}.",
                where=self.where,
                next="Let its owner bring it forward: annexlog store init",
            )

    # ── connections ───────────────────────────────────────────────────────────────────────

    def _take(self) -> Connection:
        while True:
            try:
                connection = self._idle.pop()
            except IndexError:
                return self.place.connect(self._timeout)
            if not connection.closed:
                return connection

    def _give_back(self, connection: Connection) -> None:
        if connection.closed or connection.broken:  # a server that went takes all connections with it
            connection.close()
            self._close_idle()
        elif self._closed or len(self._idle) >= _IDLE:
            connection.close()
        else:
            self._idle.append(connection)

    @contextmanager
    def _borrowed(self) -> Iterator[Connection]:
        connection = self._take()
        try:
            with self.place.translated():
                yield connection
        finally:
            self._give_back(connection)

    def _close_idle(self) -> None:
        while self._idle:
            self._idle.pop().close()

    @property
    def _writer(self) -> Connection | None:
        """The connection of this thread's transaction."""
        return getattr(self._mine, "writer", None)

    def _own(self) -> Connection:
        writer = self._writer
        if writer is None:
            raise StoreError("rows are appended inside a transaction only.", where=self.where)
        return writer

    # ── Backend ───────────────────────────────────────────────────────────────────────────

    def select(self, sql: str, parameters: Sequence[object] = ()) -> Iterator[Row]:
        query = translated(sql)
        writer = self._writer
        if writer is not None:  # what a recording asks for it holds in memory anyway
            yield from self._rows(writer, query, parameters)
            return
        connection = self._take()
        try:
            read = self._rows if small(query) else _streamed
            yield from read(connection, query, parameters)
        except psycopg.Error as error:
            raise self.place.own(error) from None
        finally:
            self._give_back(connection)

    def _rows(self, connection: Connection, query: bytes | LiteralString, parameters: Sequence[object]) -> list[Row]:
        if self._pending and connection is self._writer:
            self._flush(connection)
        with self.place.translated():
            return connection.execute(query, tuple(parameters), binary=True).fetchall()

    def append(self, table: str, rows: Iterable[Row]) -> None:
        connection = self._own()
        left = iter(rows)
        first = list(islice(left, _FEW + 1))
        if len(first) <= _FEW:
            if first:
                self._pending.append((table, first))
            return
        self._flush(connection)
        with self.place.translated():
            copy_rows(connection, table, chain(first, left))

    @property
    def _pending(self) -> list[tuple[str, list[Row]]]:
        """Few rows of this thread's transaction that are not with the server yet: they go there before its next
        statement, or with the end of the transaction, so that whoever waits for the log's end waits less.
        """
        if not hasattr(self._mine, "pending"):
            self._mine.pending = []
        pending: list[tuple[str, list[Row]]] = self._mine.pending
        return pending

    def _flush(self, connection: Connection, last: LiteralString | None = None) -> None:
        """Send what is pending, and a last statement, in one go."""
        pending, self._mine.pending = self._pending, []
        with self.place.translated(), connection.pipeline():
            for table, rows in pending:
                with connection.cursor() as cursor:
                    cursor.executemany(_insert(table), rows)
            if last is not None:
                connection.execute(last)

    def claim(self, table: str, count: int) -> Sequence[int]:
        sql = "SELECT nextval(%s::text::regclass) FROM generate_series(1, %s::bigint)"
        return [row[0] for row in self._rows(self._own(), sql, (f"{SCHEMA}.{sequence(table)}", count))]

    def hold(self, names: Iterable[str]) -> bool:
        stripes = sorted({_stripe(name) for name in names})
        self._rows(self._own(), "SELECT pg_advisory_xact_lock(%s::int, k) FROM unnest(%s::int[]) k", (LOCKS, stripes))
        return True

    def follow(self) -> None:
        sql = (
            "SELECT set_config('idle_in_transaction_session_timeout', least(%s::bigint, setting::bigint)::text, true), "
            "pg_advisory_xact_lock(%s::int, %s::int) "
            "FROM pg_settings WHERE name = 'idle_in_transaction_session_timeout'"
        )
        self._rows(self._own(), sql, (_STOPPED, LOCKS, END))

    @contextmanager
    def disposing(self) -> Iterator[Change]:
        """Only whoever owns the tables may: no role that `init` makes can."""
        connection = self._own()
        must_own(connection, self.place, "dispose of evidence")
        self._flush(connection)
        with self.place.translated():
            for table in TABLES:
                connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER {table}_no_change".encode())
        yield lambda sql, rows: self._change(connection, sql, rows)
        with self.place.translated():
            for table in TABLES:
                connection.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_no_change".encode())

    def _change(self, connection: Connection, sql: str, rows: Iterable[Row]) -> None:
        self._flush(connection)
        with self.place.translated(), connection.cursor() as cursor:
            cursor.executemany(translated(sql), rows)

    def compact(self) -> tuple[int, int]:
        """Rewrite all tables; the bytes they had, and have now. See `postgres_owning`."""
        if self.readonly:
            raise StoreError("the store was opened for reading only.", where=self.where)
        return rewrite(self.place, self._timeout)

    @contextmanager
    def lock(self) -> Iterator[None]:
        if getattr(self._mine, "alone", False):
            yield
            return
        connection = self.place.connect(self._timeout)
        try:
            self._rows(connection, "SELECT pg_advisory_lock(%s::int, %s::int)", (LOCKS, ALONE))
            self._mine.alone = True
            yield
        finally:
            self._mine.alone = False
            connection.close()  # the server lets go of the lock

    @contextmanager
    def writing(self) -> Iterator[None]:
        if self.readonly:
            raise StoreError("the store was opened for reading only.", where=self.where)
        if self._writer is not None:
            raise StoreError("a transaction is open already.", where=self.where)
        connection = self._take()
        try:
            with self.place.translated():
                connection.execute("BEGIN")
                if not getattr(self._mine, "alone", False):
                    connection.execute(f"SELECT pg_advisory_xact_lock_shared({LOCKS}, {ALONE})".encode())
            self._mine.writer, self._mine.pending = connection, []
            yield
            self._flush(connection, "COMMIT")
        except BaseException:
            with suppress(psycopg.Error):  # a connection that is lost has rolled it back already
                connection.execute("ROLLBACK")
            raise
        finally:
            self._mine.writer = None
            self._give_back(connection)

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        from annexlog.evidence_store.postgres_snapshot import Snapshot  # noqa: PLC0415 — only verifying needs it

        connection = self.place.connect(self._timeout)
        try:
            yield Snapshot(connection, self.place)
        finally:
            connection.close()

    def close(self) -> None:
        self._closed = True
        self._close_idle()


def look(place: Place) -> int:
    """The version of the store at a place; 0 if there is none. Raises StoreError if the server cannot be asked."""
    connection = place.connect(_WAIT)
    try:
        with place.translated():
            return version_of(connection)
    finally:
        connection.close()


def version_of(connection: Connection) -> int:
    """The schema's version of the store that a connection leads to; 0 if there is none."""
    if connection.execute(f"SELECT to_regclass('{SCHEMA}.migration')").fetchall()[0][0] is None:
        return 0
    version: int = connection.execute("SELECT coalesce(max(version), 0) FROM migration").fetchall()[0][0]
    return version


def make(place: Place, timeout: float) -> int:
    """Make an empty store, or bring one forward; returns the version it had (0: none).

    One transaction: it is done whole or was never begun. Raises StoreError: the user may not, or it is too new.
    """
    connection = place.connect(timeout)
    try:
        with place.translated(), connection.transaction():
            return build(connection)
    finally:
        connection.close()


def build(connection: Connection) -> int:
    """The same inside the connection's transaction."""
    connection.execute(f"SELECT pg_advisory_xact_lock({LOCKS}, {MAKING})".encode())
    version = version_of(connection)
    sql = "SELECT relname FROM pg_class WHERE relnamespace = to_regnamespace(%s)"
    there = connection.execute(sql, (SCHEMA,))
    for statement in forward(version, {row[0] for row in there.fetchall()}) if version <= VERSION else ():
        connection.execute(statement.encode())
    return version


def _stripe(name: str) -> int:
    return _FIRST + int.from_bytes(blake2b(name.encode(), digest_size=4).digest(), "big") % STRIPES


@lru_cache
def _insert(table: str) -> bytes:
    columns = TABLES[table].columns
    return f"INSERT INTO {table} VALUES ({', '.join(['%s'] * len(columns))})".encode()  # noqa: S608 — names of our own tables


def copy_rows(connection: Connection, table: str, rows: Iterable[Sequence[Any]]) -> int:
    """Add rows, however many; returns how many there were. Raises psycopg.Error."""
    count = 0
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN (FORMAT BINARY)".encode()) as copy:
        copy.set_types([type_of(column) for column in TABLES[table].columns])
        for row in rows:
            copy.write_row(row)
            count += 1
    return count


def _streamed(connection: Connection, query: bytes, parameters: Sequence[object]) -> Iterator[Row]:
    """The rows of a statement, of which there may be any number, some at a time."""
    with connection.cursor() as cursor:
        rows = cursor.stream(query, tuple(parameters), binary=True, size=_AHEAD)
        try:
            yield from rows
        finally:
            for _ in islice(rows, _DRAIN):
                pass
            rows.close()  # type: ignore[attr-defined]  # it is a generator
