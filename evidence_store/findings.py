"""What verifying finds: each with the table and key where it is wrong, in plain words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import zstandard

from annexlog.evidence_store.model import Line, StoreError

BROKEN = (
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    RecursionError,
    StoreError,
    TypeError,
    ValueError,
    zstandard.ZstdError,
)
"""What reading a row whose bytes are arbitrary can raise."""


@dataclass(frozen=True, slots=True)
class Finding:
    """`table` is one of the store's, or `file`, or `checkpoint given`; `key` says which row, by names where it can."""

    table: str
    key: str
    what: str

    @property
    def where(self) -> str:
        return f"{self.table} ({self.key})" if self.key else self.table


class Findings:
    """Collects findings. The first `limit` are kept, fewer of each table; all are counted."""

    def __init__(self, limit: int, of_each: int) -> None:
        self.kept: list[Finding] = []
        self.total = 0
        self._limit, self._of_each = limit, of_each
        self._of: Counter[str] = Counter()

    def add(self, table: str, key: str, what: str) -> None:
        self.total += 1
        self._of[table] += 1
        if len(self.kept) < self._limit and self._of[table] <= self._of_each:
            self.kept.append(Finding(table, key, what))

    def counted(self) -> dict[str, int]:
        """How many there are of each table."""
        return dict(self._of)

    def take(self, kept: Iterable[tuple[str, str, str]], counted: Mapping[str, int]) -> None:
        """Add what was found elsewhere, as if it were found here; `kept` holds the first of each table."""
        told: Counter[str] = Counter()
        for table, key, what in kept:
            self.add(table, key, what)
            told[table] += 1
        for table, count in counted.items():
            self.total += count - told[table]
            self._of[table] += count - told[table]

    @contextmanager
    def reading(self, table: str, key: str) -> Iterator[None]:
        """Whatever is so broken that it cannot even be read is a finding, and checking goes on behind it."""
        try:
            yield
        except BROKEN as error:
            self.add(table, key, f"cannot be read: {str(error)[:200] or type(error).__name__}")


def named(line: Line) -> str:
    """A line in words."""
    return f"{line.scope} {line.type} {line.facet or 'listing'}"
