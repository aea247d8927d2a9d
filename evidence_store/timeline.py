"""The looks at one line in the order observed, and what its chain said at each: the as-of rules, cell by cell."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import Generic, NamedTuple, TypeVar

from annexlog.evidence_store.model import Status
from annexlog.evidence_store.schema import COMPLETE, SUPPLEMENT
from annexlog.evidence_store.sweeps import Look

T = TypeVar("T")


class Chain(Generic[T]):
    """One cell's versions in the order recorded: (record, value), value None where it was not in an answer."""

    __slots__ = ("runs", "values")

    def __init__(self, versions: Iterable[tuple[int, T | None]]) -> None:
        pairs = sorted(versions, key=lambda pair: pair[0])
        self.runs = [run for run, _ in pairs]
        self.values = [value for _, value in pairs]

    def at(self, run: int) -> T | None:
        """What the chain says after record `run`."""
        index = bisect_right(self.runs, run)
        return self.values[index - 1] if index else None

    def shown(self, look: Look) -> T | None:
        """What a look showed of the cell; None if it did not show it."""
        if look.status == SUPPLEMENT:
            index = bisect_right(self.runs, look.run)
            return self.values[index - 1] if index and self.runs[index - 1] == look.run else None
        return self.at(look.run) if look.shows else None


def versions(looks: Sequence[Look], chain: Chain[T]) -> Iterator[tuple[Look, T | None]]:
    """Each change of a cell in the order observed: the look that first showed it so, and its value; None: gone.

    `looks` are oldest first. Only a complete look says that a cell is gone; a partial one, or a supplement, may
    simply not show it.
    """
    before: T | None = None
    for look in looks:
        now = chain.shown(look)
        if now is None and look.status != COMPLETE:
            continue
        if now != before:
            yield look, now
        before = now


def since(looks: Sequence[Look], chain: Chain[T], through: T) -> Look:
    """The first of the looks that agree with the newest on the cell's value; `looks` oldest first.

    Those that say `through` are looked through: they neither begin the value nor end it, unless it is `through` itself.
    """
    value = chain.shown(looks[-1])
    first = looks[-1]
    for look in reversed(looks):
        now = chain.shown(look)
        if now == value:
            first = look
        elif now is None or now != through:
            break
    return first


class Standing(NamedTuple):
    """An outcome's status with the run since which it stands, and the same of the last that was not unknown.

    The same as `since`, row by row in the order recorded: unknown is looked through, and nothing else is.
    """

    status: str
    began: int
    known: tuple[str, int] | None


def stands(before: Standing | None, status: str | None, run: int) -> Standing | None:
    """What stands after a row that says `status` (None: no outcome any more) behind one that left `before`."""
    if status is None:
        return None
    if status == Status.UNKNOWN:
        unknown = before is not None and before.status == status
        return Standing(status, before.began if before and unknown else run, before and before.known)
    known = before and before.known
    began = known[1] if known and known[0] == status else run
    return Standing(status, began, (status, began))
