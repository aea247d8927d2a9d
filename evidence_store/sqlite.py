"""The store in one SQLite file: tables that refuse every change, one writer, errors a user can act on."""

from __future__ import annotations

import errno
import os
import sqlite3
import tempfile
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from filelock import FileLock, Timeout

from annexlog.evidence_store.backend import Change, Row
from annexlog.evidence_store.model import StoreBusy, StoreDamaged, StoreError, StoreFull, StoreTooNew
from annexlog.evidence_store.schema import TABLES, VERSION
from annexlog.evidence_store.sqlite_schema import schema

if TYPE_CHECKING:
    from annexlog.evidence_store.backend import Snapshot

OLDEST = (3, 34, 0)
"""Older versions of SQLite are refused."""

APPLICATION_ID = 0x616E786C
"""`PRAGMA application_id` of a store: "anxl"."""

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_SELECT_AHEAD = 256
_REFUSED = "the disk refused a write ({}); nothing is half recorded."  # whole it may be: what failed may be the flush
_MAKE_ROOM = "Make room, and run it again."
_CHECK_DISK = "See that the disk has room and is sound, and run it again."
_BACKUP = "annexlog store backup FILE."
_VERIFY = "Run `annexlog verify`."
_CHECK = "Check the path, its owner and its mode."


# ── tables ────────────────────────────────────────────────────────────────────────────────


def create(connection: sqlite3.Connection) -> None:
    """Make an empty store."""
    connection.execute("BEGIN IMMEDIATE")
    for part in schema():
        connection.execute(part.sql)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {VERSION}")
    connection.execute("COMMIT")
    connection.execute("PRAGMA journal_mode = WAL")  # last: closing does not say if it could not empty the log


_INSERT = {
    name: f"INSERT INTO {name} VALUES ({', '.join('?' * len(table.columns))})"  # noqa: S608 — names of our own tables
    for name, table in TABLES.items()
}


# ── errors ────────────────────────────────────────────────────────────────────────────────


def _raise(error: sqlite3.Error, path: Path) -> NoReturn:
    """Raise the store's own error for SQLite's."""
    code = getattr(error, "sqlite_errorcode", 0)
    name, where = getattr(error, "sqlite_errorname", ""), str(path)
    primary = code & 0xFF
    if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        raise StoreBusy("another program is writing to the store.", where=where, next="Try again.") from error
    if primary == sqlite3.SQLITE_FULL or (primary == sqlite3.SQLITE_IOERR and "READ" not in name):
        mend = _MAKE_ROOM if primary == sqlite3.SQLITE_FULL else _CHECK_DISK
        raise StoreFull(_REFUSED.format(error), where=where, next=mend) from error
    if primary in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_IOERR):
        raise StoreDamaged(
            f"the file cannot be read as an evidence store ({error}).",
            where=where,
            next="Restore a copy, and run `annexlog verify` on it.",
        ) from error
    if primary == sqlite3.SQLITE_READONLY:
        raise StoreError("the store cannot be written to.", where=where, next=_CHECK) from error
    if primary == sqlite3.SQLITE_CANTOPEN:
        raise StoreError("the store cannot be opened.", where=where, next=_CHECK) from error
    if str(error).startswith("Could not decode"):  # Python's own words, without a code
        raise StoreDamaged(f"text is not UTF-8 ({error}).", where=where, next=_VERIFY) from error
    raise StoreError(f"the store refused: {error}.", where=where) from error


def full(error: OSError, path: Path) -> StoreError:
    """The store's own error for one of the operating system's, met while writing at `path`."""
    if error.errno in _FULL:
        return StoreFull(_REFUSED.format(error.strerror), where=str(path), next=_MAKE_ROOM)
    if error.errno == errno.EIO:
        return StoreFull(_REFUSED.format(error.strerror), where=str(path), next=_CHECK_DISK)
    return StoreError(f"{error.strerror or error}.", where=str(path), next=_CHECK)


def sync(path: Path) -> None:
    """Have the disk keep a file's bytes, or a folder's names."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Within, SQLite's errors about the store at `path` are raised as the store's own."""
    try:
        yield
    except sqlite3.Error as error:
        _raise(error, path)
    except UnicodeDecodeError as error:  # of names or messages made of damaged bytes
        raise StoreDamaged(
            "the file cannot be read as an evidence store (text that is not UTF-8).",
            where=str(path),
            next="Restore a copy, and run `annexlog verify` on it.",
        ) from error


def _may_write(folder: Path) -> bool:
    return os.access(folder, os.W_OK, effective_ids=os.access in os.supports_effective_ids)


def _is_wal(path: Path) -> bool:
    """Whether the file's header says so (https://sqlite.org/fileformat2.html, 1.3.3)."""
    with path.open("rb") as file:
        return file.read(20)[18:] == b"\2\2"


# ── the backend ───────────────────────────────────────────────────────────────────────────


class SQLite:
    """A `backend.Backend`: one connection writes, others are borrowed for as long as a select is read."""

    def __init__(self, path: Path, *, create: bool, readonly: bool, timeout: float) -> None:
        if sqlite3.sqlite_version_info < OLDEST:
            raise StoreError(
                f"this Python has SQLite {sqlite3.sqlite_version}, which is older than 3.34, the oldest that works.",
                where=str(path),
                next="Run annexlog with a Python that has a newer SQLite.",
            )
        self.path, self.readonly, self._timeout = path, readonly, timeout
        self._idle: list[sqlite3.Connection] = []
        self._turn = threading.RLock()  # writers of this process queue here; those of others meet at the file lock
        self._file = FileLock(f"{path}.lock", timeout=timeout, mode=0o600, thread_local=False)
        self._writer: sqlite3.Connection | None = None
        self._closed = False
        self._owner = 0  # the thread whose transaction is open
        if create and not readonly and not path.exists():
            if not path.parent.is_dir():
                raise StoreError(
                    "there is no such folder.", where=str(path.parent), next="Make it, or correct the path."
                )
            with self.lock(), self._translated():
                self._create()
        if not path.exists():
            raise StoreError("there is no evidence store here.", where=str(path), next="Make one: annexlog init")
        self.immutable = False  # read as it is: nobody can write
        with self._translated():
            if readonly:
                self._settle_for_reading()
            self._check()
            if not readonly:
                self._settle_for_writing()

    def _create(self) -> None:
        """Make the whole file under another name first: a store that exists is complete."""
        if self.path.exists():
            return
        try:
            handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}.")  # mode 0600
            os.close(handle)
        except OSError as error:
            raise full(error, self.path.parent) from error
        try:
            with closing(sqlite3.connect(name, isolation_level=None)) as connection:
                create(connection)
            Path(name).rename(self.path)
            sync(self.path.parent)
        except OSError as error:
            raise full(error, self.path) from error
        finally:
            for leftover in (name, f"{name}-wal", f"{name}-shm", f"{name}-journal"):
                Path(leftover).unlink(missing_ok=True)

    def _check(self) -> None:
        if self.path.stat().st_size == 0:
            raise StoreDamaged("the file is empty.", where=str(self.path), next="Restore a copy of the store.")
        application = next(self.select("PRAGMA application_id"))[0]
        version = next(self.select("PRAGMA user_version"))[0]
        if application != APPLICATION_ID:
            raise StoreDamaged(
                "this is a database, but not an evidence store.",
                where=str(self.path),
                next="Check `store` in annexlog.toml.",
            )
        if version > VERSION:
            raise StoreTooNew(
                f"the store has schema {version}; this annexlog knows {VERSION}.",
                where=str(self.path),
                next="Update annexlog.",
            )
        if 0 < version < VERSION and self.readonly:
            raise StoreError(
                f"the store has schema {version}; this annexlog needs {VERSION}.",
                where=str(self.path),
                next="Bring it forward, or a copy of the file where you may not write: annexlog store init",
            )

    def _settle_for_reading(self) -> None:
        """In WAL mode SQLite needs files beside the store. Where it cannot make them, nobody can write either: the
        file does not change, and is read as it is.
        """
        wal, shm = (Path(f"{self.path}{ending}") for ending in ("-wal", "-shm"))
        if _may_write(self.path.parent) or shm.exists() or not _is_wal(self.path):
            return
        if wal.exists() and wal.stat().st_size:
            raise StoreError(
                f"the newest records are still in {wal.name}, and nothing can be written beside the store.",
                where=str(self.path),
                next=f"Copy both files to a folder of your own and read there, or make a copy: {_BACKUP}",
            )
        self.immutable = True

    def _settle_for_writing(self) -> None:
        """Bring an older schema forward; and a copy that was put back is to be read while it is written."""
        older = next(self.select("PRAGMA user_version"))[0] < VERSION
        if not older and next(self.select("PRAGMA journal_mode"))[0] == "wal":
            return
        with self.lock(), closing(self._connect()) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            if older:
                from annexlog.evidence_store.migrating import migrate  # noqa: PLC0415 — hardly ever

                migrate(connection)

    def _connect(self) -> sqlite3.Connection:
        mode = "ro" if self.readonly else "rw"
        connection = sqlite3.connect(
            f"{self.path.absolute().as_uri()}?mode={mode}{'&immutable=1' if self.immutable else ''}",
            uri=True,
            isolation_level=None,
            check_same_thread=False,  # each is used by one thread at a time: `_idle` hands it on
            timeout=self._timeout,
        )
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA cache_size = -8000")
        connection.execute("PRAGMA temp_store = MEMORY")
        return connection

    def _translated(self) -> AbstractContextManager[None]:
        return translated(self.path)

    def _borrow(self) -> sqlite3.Connection:
        """The connection to read with: inside a transaction its own, else one that is idle, or a new one."""
        if self._writer is not None and self._owner == threading.get_ident():
            return self._writer
        try:
            return self._idle.pop()
        except IndexError:
            return self._connect()

    def _give_back(self, connection: sqlite3.Connection) -> None:
        if self._closed:
            connection.close()
        elif connection is not self._writer:
            self._idle.append(connection)

    # ── Backend ───────────────────────────────────────────────────────────────────────────

    def select(self, sql: str, parameters: Sequence[object] = ()) -> Iterator[Row]:
        cursor = None
        with self._translated():
            connection = self._borrow()
        try:  # plain, not with: a recording asks thousands of small questions
            cursor = connection.execute(sql, parameters)
            ahead = 8  # most are asked for their first rows only
            while rows := cursor.fetchmany(ahead):
                yield from rows
                ahead = _SELECT_AHEAD
        except sqlite3.Error as error:
            _raise(error, self.path)
        finally:
            if cursor is not None:
                try:  # noqa: SIM105 — as above
                    cursor.close()
                except sqlite3.ProgrammingError:  # the store was closed before whoever asked read to the end
                    pass
            self._give_back(connection)

    def append(self, table: str, rows: Iterable[Row]) -> None:
        if self._writer is None or self._owner != threading.get_ident():
            raise StoreError("rows are appended inside a transaction only.", where=str(self.path))
        try:
            self._writer.executemany(_INSERT[table], rows)
        except sqlite3.Error as error:
            _raise(error, self.path)

    def claim(self, table: str, count: int) -> range:
        key = "run" if table == "run" else TABLES[table].key[0]  # a store that was copied may have passed over numbers
        first = next(self.select(f"SELECT coalesce(max({key}), 0) + 1 FROM {table}"))[0]  # noqa: S608 — our own names
        return range(first, first + count)

    def hold(self, names: Iterable[str]) -> bool:  # noqa: ARG002 — held by whoever is the writer
        """There is only one writer."""
        return False

    def follow(self) -> None:
        """There is only one writer."""

    @contextmanager
    def disposing(self) -> Iterator[Change]:
        writer = self._writer
        if writer is None or self._owner != threading.get_ident():
            raise StoreError("rows are disposed of inside a transaction only.", where=str(self.path))
        guards = list(self.select("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY rowid"))
        writer.execute("PRAGMA secure_delete = ON")  # what is freed is overwritten
        try:
            for name, _ in guards:
                writer.execute(f"DROP TRIGGER {name}")
            yield lambda sql, rows: self._change(writer, sql, rows)
            for _, sql in guards:
                writer.execute(sql)
        finally:
            writer.execute("PRAGMA secure_delete = OFF")

    def _change(self, writer: sqlite3.Connection, sql: str, rows: Iterable[Row]) -> None:
        with self._translated():
            writer.executemany(sql, rows)

    def compact(self) -> tuple[int, int]:
        if self.readonly:
            raise StoreError("the store was opened for reading only.", where=str(self.path))
        before = self.path.stat().st_size
        with self.lock(), self._translated(), closing(self._connect()) as connection:
            connection.execute("PRAGMA temp_store = FILE")  # VACUUM writes the whole store there
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return before, self.path.stat().st_size

    @contextmanager
    def lock(self) -> Iterator[None]:
        with self._turn:
            try:
                self._file.acquire()
            except Timeout as error:
                raise StoreBusy(
                    f"another annexlog has been writing to the store for {self._timeout:g} s.",
                    where=str(self.path),
                    next="Wait for it to end, and run it again.",
                ) from error
            except OSError as error:
                raise full(error, self.path) from error
            try:
                yield
            finally:
                self._file.release()

    @contextmanager
    def writing(self) -> Iterator[None]:
        if self.readonly:
            raise StoreError("the store was opened for reading only.", where=str(self.path))
        with self.lock(), self._translated():
            if self._writer is None:
                self._writer = self._connect()
            self._writer.execute("BEGIN IMMEDIATE")
            self._owner = threading.get_ident()
            try:
                yield
                self._writer.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):  # a full disk has rolled it back already
                    self._writer.execute("ROLLBACK")
                raise
            finally:
                self._owner = 0

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        from annexlog.evidence_store.sqlite_snapshot import Snapshot  # noqa: PLC0415 — only verifying needs it

        with self._translated(), closing(self._connect()) as connection:
            yield Snapshot(connection, self._translated)

    def close(self) -> None:
        self._closed = True
        while self._idle:
            self._idle.pop().close()
        if self._writer is not None:
            self._writer.close()
            self._writer = None
