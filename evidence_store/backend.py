"""What a database must be able to do to hold the store: append, select, and one writer's transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from annexlog.evidence_store.model import StoreBusy

Row = tuple[Any, ...]
Change = Callable[[str, Iterable[Row]], None]
"""Executes a statement once for each row of parameters."""


class Deadlock(StoreBusy):
    """Two transactions waited for one another, and this one was given up."""


class Snapshot(Protocol):
    """One state of the database, unchanged by what others write meanwhile. Methods raise StoreDamaged or StoreError."""

    def select(self, sql: str, parameters: Sequence[object] = ()) -> Iterator[Row]:
        """The rows, one by one. Text that is not UTF-8 comes with lone surrogates."""

    def faults(self) -> Iterator[tuple[str, str, str]]:
        """(table, key, what is wrong), as far as the database itself can tell: its files, its schema, its guards."""

    def guards(self) -> Iterator[tuple[str, str, str]]:
        """The same of its schema and guards alone, without reading every page."""


class Backend(Protocol):
    """A database of `schema.TABLES`. Statements are standard SQL with `?` for each parameter.

    Any thread may read at any time. Every method raises StoreBusy, StoreFull, StoreDamaged or StoreError, never the
    database's own errors.
    """

    def select(self, sql: str, parameters: Sequence[object] = ()) -> Iterator[Row]:
        """The rows, one by one, as committed when it was asked (inside `writing`: with what it wrote)."""

    def append(self, table: str, rows: Iterable[Row]) -> None:
        """Add rows, whole and in the order of the table's columns. Only inside `writing`."""

    def claim(self, table: str, count: int) -> Sequence[int]:
        """Numbers for `count` new rows of a table, which must be appended before the next claim. Only in `writing`.

        Of the table `run` it is the column `run` that they are for.
        """

    def hold(self, names: Iterable[str]) -> bool:
        """Let nobody else hold any of these until the transaction ends; others wait, or raise StoreBusy.

        Returns whether somebody else may have written since the transaction began. Only in `writing`.
        """

    def follow(self) -> None:
        """Be the one who takes the next places in the log, until the transaction ends. Only in `writing`."""

    def disposing(self) -> AbstractContextManager[Change]:
        """Let rows be changed and deleted, and keep nothing of what they held. Only in `writing`."""

    def compact(self) -> tuple[int, int]:
        """Rewrite the store without what was deleted; the bytes it took before and takes now. Outside of `writing`."""

    def lock(self) -> AbstractContextManager[None]:
        """Be the only one who writes or does what must not be done twice. Reentrant. Raises StoreBusy."""

    def writing(self) -> AbstractContextManager[None]:
        """One transaction: all of it is there at the end, or after an exception nothing.

        Raises Deadlock where it got in the way of another one: it can be tried again at once.
        """

    def snapshot(self) -> AbstractContextManager[Snapshot]:
        """The state of now, for as long as it is looked at."""

    def close(self) -> None: ...
