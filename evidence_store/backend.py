"""What a database must be able to do to hold the store: append, select, and one writer's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

Row = tuple[Any, ...]


class Snapshot(Protocol):
    """One state of the database, unchanged by what others write meanwhile. Methods raise StoreDamaged or StoreError."""

    def select(self, sql: str, parameters: Sequence[object] = ()) -> Iterator[Row]:
        """The rows, one by one. Text that is not UTF-8 comes with lone surrogates."""

    def faults(self) -> Iterator[tuple[str, str, str]]:
        """(table, key, what is wrong), as far as the database itself can tell: its files, its schema, its guards."""


class Backend(Protocol):
    """A database of `schema.TABLES`. Statements are standard SQL with `?` for each parameter.

    Any thread may read at any time. Every method raises StoreBusy, StoreFull, StoreDamaged or StoreError, never the
    database's own errors.
    """

    def select(self, sql: str, parameters: Sequence[object] = ()) -> Iterator[Row]:
        """The rows, one by one, as committed when it was asked (inside `writing`: with what it wrote)."""

    def append(self, table: str, rows: Iterable[Row]) -> None:
        """Add rows, whole and in the order of the table's columns. Only inside `writing`."""

    def claim(self, table: str, count: int) -> range:
        """Numbers for `count` new rows of a table, which must be appended before the next claim. Only in `writing`."""

    def lock(self) -> AbstractContextManager[None]:
        """Be the only writer. Reentrant. Raises StoreBusy if another process stays the writer too long."""

    def writing(self) -> AbstractContextManager[None]:
        """One transaction of the only writer: all of it is there at the end, or after an exception nothing."""

    def snapshot(self) -> AbstractContextManager[Snapshot]:
        """The state of now, for as long as it is looked at."""

    def close(self) -> None: ...
