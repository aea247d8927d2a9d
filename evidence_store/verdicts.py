"""Recorded outcomes as known at an instant: what stands, since when, and how it came about."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from itertools import groupby
from typing import Final, NamedTuple

from annexlog.evidence_store.backend import Backend, Row
from annexlog.evidence_store.bodies import Bodies
from annexlog.evidence_store.layout import outcome_body, sha256
from annexlog.evidence_store.model import Line, Millis, Outcome, Status, StoreDamaged, Unknown, decode
from annexlog.evidence_store.rows import OutcomeRow, Version
from annexlog.evidence_store.sweeps import Look
from annexlog.evidence_store.timeline import Chain, since, versions

PREFIX: Final = "outcome:"
"""Facets of outcome lines: this and the test's id."""
COUNTED: Final = (Status.PASS, Status.FAIL, Status.UNKNOWN, Status.NOT_APPLICABLE)
"""Statuses in the order of their counts."""

_STATUSES = {status.value: status for status in Status}
_ROWS = (
    "SELECT o.rid, r.native_id, o.run, o.status, o.reason, o.cause FROM outcome o JOIN resource r ON r.rid = o.rid "
    "WHERE o.lid = ?{} AND o.run <= ? ORDER BY o.rid, o.run"
)
_ONE = " AND o.rid = ?"

# The last row of each resource up to a run.
_LAST = (
    "SELECT r.native_id, o.status, o.reason, o.cause, o.run, coalesce(o.began, o.run) FROM member m "
    "CROSS JOIN outcome o CROSS JOIN resource r WHERE o.lid = m.lid AND o.rid = m.rid AND o.run = "
    "(SELECT x.run FROM outcome x WHERE x.lid = m.lid AND x.rid = m.rid AND x.run <= ? ORDER BY x.run DESC LIMIT 1) "
    "AND r.rid = m.rid AND m.lid = ?{} AND o.status IS NOT NULL"
)


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
    places: Mapping[int, tuple[int, Millis]],
) -> Iterator[OutcomeRow]:
    """Each outcome of a line (of one resource: `rid`) that its newest look shows, by id. `looks` are newest first.

    `places` gives, of the `run` of an assessment, its place in the log and its `now`.
    """
    newest = next(iter(looks))
    reason = cache(partial(_reason, backend))
    late = next(backend.select("SELECT 1 FROM late WHERE lid = ? AND seq <= ? LIMIT 1", (lid, upto)), None)
    standing = _walked(backend, lid, rid, looks) if late else _standing(backend, lid, rid, newest.run)
    test, (scope, type, _), at, statuses = line.facet.removeprefix(PREFIX), line, newest.end, _STATUSES
    new: Callable[..., OutcomeRow] = partial(tuple.__new__, OutcomeRow)  # half the time of calling it
    for id, status, why, cause, run, began in sorted(standing):
        known = None if why is None else reason(why)
        since, seq = places[began][1], places[run][0]
        yield new((test, scope, type, id, statuses[status], known, cause or "", since, at, seq))


def _standing(backend: Backend, lid: int, rid: int | None, run: int) -> Iterator[Row]:
    """What stands after `run` of a line that was observed in the order recorded.

    (id, status, bid of the reason, cause, run of the assessment that said so, that since when its status is so).
    """
    return backend.select(_LAST.format("" if rid is None else _ONE), (run, lid) if rid is None else (run, lid, rid))


def _walked(backend: Backend, lid: int, rid: int | None, looks: Iterable[Look]) -> Iterator[Row]:
    """The same of a line whose looks were not all recorded in the order observed; `looks` are newest first."""
    oldest_first = list(looks)[::-1]

    @cache
    def begin(runs: tuple[int, ...], statuses: tuple[str | None, ...]) -> int:
        return since(oldest_first, Chain(zip(runs, statuses, strict=True)), str(Status.UNKNOWN)).run

    for id, cell in _chains(backend, lid, rid, max(look.run for look in oldest_first)):
        verdict = cell.shown(oldest_first[-1])
        if verdict is not None:
            began = begin(tuple(cell.runs), tuple(value and value.status for value in cell.values))
            yield id, verdict.status, verdict.reason, verdict.cause, verdict.run, began


def history(backend: Backend, lid: int, rid: int, looks: Sequence[Look]) -> Iterator[Version]:
    """Each change of one outcome, oldest first, as are `looks`."""
    for _, cell in _chains(backend, lid, rid, max((look.run for look in looks), default=0)):
        said = Chain((run, value and value[1:3]) for run, value in zip(cell.runs, cell.values, strict=True))
        for look, verdict in versions(looks, said):
            outcome, wrote = None, cell.at(look.run)
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


def _chains(backend: Backend, lid: int, rid: int | None, run: int) -> Iterator[tuple[str, Chain[_Verdict]]]:
    """(id, chain) of each resource that the line ever judged."""
    for (_, id), rows in groupby(_rows(backend, lid, rid, run), key=lambda row: row[:2]):
        yield id, Chain((row[2], None if row[3] is None else _Verdict(*row[2:])) for row in rows)


def _rows(backend: Backend, lid: int, rid: int | None, run: int) -> Iterator[Row]:
    """(rid, id, record, status, reason, cause) of a line's resources, or of one, in the order recorded, up to `run`."""
    return backend.select(_ROWS.format("" if rid is None else _ONE), (lid, run) if rid is None else (lid, rid, run))


def _reason(backend: Backend, bid: int) -> Unknown:
    reason = decode(Bodies(backend.select).one(bid))
    if not isinstance(reason, Unknown):
        raise StoreDamaged("the reason of an unknown outcome is not one.", next="Run `annexlog verify`.")
    return reason
