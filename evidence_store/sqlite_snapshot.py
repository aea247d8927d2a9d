"""One unchanging state of a SQLite store, and what SQLite itself finds wrong with it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, suppress
from functools import cache

from annexlog.evidence_store.backend import Row
from annexlog.evidence_store.model import StoreDamaged
from annexlog.evidence_store.schema import TABLES, VERSION
from annexlog.evidence_store.sqlite import APPLICATION_ID, create

_SCHEMA = "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_stat%' ORDER BY type, name"
_FAULTS = 100
_AHEAD = 200
_SHORT, _WORDS = 32, 1000


class _Lenient(dict[bytes, str]):
    """Text as it is stored: what is not UTF-8 comes as lone surrogates, which nothing in the store ever has.

    The short words that come a million times are kept.
    """

    def __missing__(self, text: bytes) -> str:
        word = text.decode("utf-8", "surrogateescape")
        if len(text) <= _SHORT and len(self) < _WORDS:
            self[text] = word
        return word


@cache
def _new() -> dict[tuple[str, str], Row]:
    """The schema of a new store: (table, statement) by (kind, name)."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as fresh:
        create(fresh)
        return {(row[0], row[1]): row[2:] for row in fresh.execute(_SCHEMA)}


class Snapshot:
    """A `backend.Snapshot` over a connection in whose transaction it lives."""

    def __init__(self, connection: sqlite3.Connection, translated: Callable[[], AbstractContextManager[None]]) -> None:
        self._connection, self._translated = connection, translated
        connection.text_factory = _Lenient().__getitem__
        connection.execute("PRAGMA temp_store = FILE")  # sorting a long history must not fill the memory
        connection.execute("BEGIN")

    def select(self, sql: str, parameters: Sequence[object] = ()) -> Iterator[Row]:
        with self._translated():
            cursor = self._connection.execute(sql, parameters)
            ahead = 1  # most are asked for their first row only
            try:
                while rows := cursor.fetchmany(ahead):
                    yield from rows
                    ahead = _AHEAD
            finally:
                with suppress(sqlite3.ProgrammingError):  # of a connection that was closed before
                    cursor.close()

    def faults(self) -> Iterator[tuple[str, str, str]]:
        """(table, key, what is wrong): damage to the file, and a schema whose guards are not those of a new store."""
        try:
            for (told,) in self.select(f"PRAGMA integrity_check({_FAULTS})"):
                if told != "ok":
                    yield "file", "", f"SQLite's own check says: {told}"
        except StoreDamaged as error:
            yield "file", "", f"SQLite's own check gives up: {error.what}"
            yield from self._unreadable()
        yield from self.guards()

    def guards(self) -> Iterator[tuple[str, str, str]]:
        """The same of the schema alone: the file's pages are not read."""
        for name, wanted in (("application_id", APPLICATION_ID), ("user_version", VERSION)):
            found = next(self.select(f"PRAGMA {name}"))[0]
            if found != wanted:
                yield "file", name, f"is {found}, not {wanted}"
        yield from self._schema_faults()

    def _unreadable(self) -> Iterator[tuple[str, str, str]]:
        """The tables that SQLite cannot check, after it could not check them all at once."""
        for table in TABLES:
            try:
                list(self.select(f"PRAGMA integrity_check({table})"))  # of one table: since SQLite 3.33
            except StoreDamaged as error:
                yield table, "", f"some page of it, or of its index, cannot be read: {error.what}"

    def _schema_faults(self) -> Iterator[tuple[str, str, str]]:
        wanted = _new()
        found = {(row[0], row[1]): row[2:] for row in self.select(_SCHEMA)}
        for kind, name in sorted(wanted.keys() - found.keys()):
            yield wanted[kind, name][0], f"{kind} {name}", "is missing"
        for kind, name in sorted(found.keys() - wanted.keys()):
            yield found[kind, name][0], f"{kind} {name}", "does not belong to a store"
        for kind, name in sorted(wanted.keys() & found.keys()):
            if wanted[kind, name] != found[kind, name]:
                yield wanted[kind, name][0], f"{kind} {name}", "is not what it is in a new store"
