"""Reading on behind what cannot be read: a damaged page costs the rows on it, and no others."""

from __future__ import annotations

from collections.abc import Iterator

from annexlog.evidence_store.backend import Row, Snapshot
from annexlog.evidence_store.findings import Findings
from annexlog.evidence_store.model import StoreDamaged

_FIRST = -(1 << 63)
_LAST = 1 << 40
"""No table has as many rows."""


def readable(snapshot: Snapshot, findings: Findings, table: str, sql: str, first: int = _FIRST) -> Iterator[Row]:
    """The rows of `sql`, which asks for those whose number (its first column) is `?` or more, in their order.

    Where the database cannot read some of them, that is a finding, and those behind them follow. `first`: the first
    number that is asked for.
    """
    start = first
    whole = True  # rows are read many at a time, and after a failure one by one up to the row that failed
    while True:
        found = snapshot.select(sql, (start,))
        try:
            for row in found:
                yield row
                start = row[0] + 1
                if not whole:
                    break
            else:
                return
        except StoreDamaged as error:
            if whole:
                whole = False
                continue
            start = max(start, 0)  # numbers begin at 1
            behind = _behind(snapshot, sql, start)
            last = "the last" if behind is None else f"{behind - 1}"
            findings.add(table, f"{start} to {last}", f"cannot be read: {error}")
            if behind is None:
                return
            start, whole = behind, True


def _behind(snapshot: Snapshot, sql: str, start: int) -> int | None:
    """The first number after `start` from which on rows can be read again; None if there is none."""
    bad, step = start, 1
    while True:
        good = start + step
        if good > _LAST:
            return None
        if _reads(snapshot, sql, good):
            break
        bad, step = good, step * 2
    while good - bad > 1:
        middle = (good + bad) // 2
        if _reads(snapshot, sql, middle):
            good = middle
        else:
            bad = middle
    return good


def _reads(snapshot: Snapshot, sql: str, start: int) -> bool:
    try:
        next(snapshot.select(sql, (start,)), None)
    except StoreDamaged:
        return False
    return True
