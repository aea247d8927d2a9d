"""Recorded outcomes as known at an instant: what stands, since when, and how it came about."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, partial
from itertools import groupby
from typing import Final, NamedTuple

from annexlog.evidence_store import chains
from annexlog.evidence_store.backend import Backend
from annexlog.evidence_store.layout import outcome_body, sha256
from annexlog.evidence_store.model import Line, Millis, Outcome, Status, StoreDamaged, Unknown, decode
from annexlog.evidence_store.rows import OutcomeRow, Version
from annexlog.evidence_store.sweeps import Look
from annexlog.evidence_store.timeline import Chain, since, versions

PREFIX: Final = "outcome:"
"""Facets of outcome lines: this and the test's id."""
COUNTED: Final = (Status.PASS, Status.FAIL, Status.UNKNOWN, Status.NOT_APPLICABLE)
"""Statuses in the order of their counts."""

_ROWS = (
    "SELECT o.rid, r.native_id, o.run, o.status, o.reason, o.cause FROM outcome o JOIN resource r ON r.rid = o.rid "
    "WHERE o.lid = ?{} AND o.run <= ? ORDER BY o.rid, o.run"
)
_ONE = " AND o.rid = ?"


class _Verdict(NamedTuple):
    """A row of `outcome`: what record `run` wrote."""

    run: int
    status: str
    reason: int | None
    cause: str | None


def is_outcome(line: Line) -> bool:
    return line.facet.startswith(PREFIX)


def outcomes(
    backend: Backend,
    line: Line,
    lid: int,
    looks: Iterable[Look],
    rid: int | None,
    upto: int,
    now: Callable[[int], Millis],
) -> Iterator[OutcomeRow]:
    """Each outcome of a line (of one resource: `rid`) that its newest look shows, by id. `looks` are newest first.

    `now` is that of the assessment in a place of the log.
    """
    newest = next(iter(looks))
    begin = _begin(backend, lid, looks, upto, now)
    reason = cache(partial(_reason, backend))
    for id, chain in sorted(_chains(backend, lid, rid, upto), key=lambda found: found[0]):
        verdict = chain.shown(newest)
        if verdict is not None:
            yield OutcomeRow(
                test=line.facet.removeprefix(PREFIX),
                scope=line.scope,
                type=line.type,
                id=id,
                status=Status(verdict.status),
                reason=None if verdict.reason is None else reason(verdict.reason),
                cause=verdict.cause or "",
                since=begin(tuple(chain.runs), tuple(value and value.status for value in chain.values)),
                at=newest.end,
                seq=verdict.run,
            )


def history(backend: Backend, lid: int, rid: int, looks: Sequence[Look], upto: int) -> Iterator[Version]:
    """Each change of one outcome, oldest first, as are `looks`."""
    for _, chain in _chains(backend, lid, rid, upto):
        said = Chain((run, value and value[1:3]) for run, value in zip(chain.runs, chain.values, strict=True))
        for look, verdict in versions(looks, said):
            outcome, wrote = None, chain.at(look.run)
            if verdict is not None:
                outcome = Outcome(Status(verdict[0]), None if verdict[1] is None else _reason(backend, verdict[1]))
            yield Version(
                start=look.start,
                end=look.end,
                seq=look.seq,
                status=look.coverage,
                shown=outcome is not None,
                value=outcome,
                sha256=sha256(outcome_body(outcome.status, outcome.reason)) if outcome else b"",
                cause=(wrote.cause if wrote else None) or "",
            )


def _chains(backend: Backend, lid: int, rid: int | None, upto: int) -> Iterator[tuple[str, Chain[_Verdict]]]:
    """(id, chain) of each resource that the line ever judged."""
    sql, parameters = _ROWS.format("" if rid is None else _ONE), (lid, upto) if rid is None else (lid, rid, upto)
    for (_, id), rows in groupby(backend.select(sql, parameters), key=lambda row: row[:2]):
        yield id, Chain((row[2], None if row[3] is None else _Verdict(*row[2:])) for row in rows)


def _reason(backend: Backend, bid: int) -> Unknown:
    size, z = next(backend.select("SELECT size, z FROM blob WHERE bid = ?", (bid,)))
    reason = decode(chains.body(size, z))
    if not isinstance(reason, Unknown):
        raise StoreDamaged("the reason of an unknown outcome is not one.", next="Run `annexlog verify`.")
    return reason


_Begin = Callable[[tuple[int, ...], tuple[str | None, ...]], Millis]


def _begin(backend: Backend, lid: int, looks: Iterable[Look], upto: int, now: Callable[[int], Millis]) -> _Begin:
    """When the status of a cell (runs, statuses) that the newest look shows began, as a function; it remembers."""
    sql = "SELECT 1 FROM late WHERE lid = ? AND seq <= ? LIMIT 1"
    if next(backend.select(sql, (lid, upto)), None) is None:  # observed in the order recorded: no need to walk
        newest = next(iter(looks))

        def straight(runs: tuple[int, ...], statuses: tuple[str | None, ...]) -> Millis:
            place = bisect_right(runs, newest.run) - 1
            while place and statuses[place - 1] == statuses[place]:
                place -= 1
            return now(runs[place])

        return straight
    oldest_first = list(looks)[::-1]
    return cache(lambda runs, statuses: since(oldest_first, Chain(zip(runs, statuses, strict=True))).end)
