"""A line's chain: what is known of each of its resources after a given record. The statements that read it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from annexlog.evidence_store.backend import Backend, Row, Snapshot
from annexlog.evidence_store.bodies import Bodies, columns, joined

CHUNK = 500
"""Parameters of one statement."""

_DIGESTS = """
SELECT m.rid, b.sha256 FROM member m JOIN blob b ON b.bid = (
    SELECT v.bid FROM version v WHERE v.lid = m.lid AND v.rid = m.rid AND v.run <= ? ORDER BY v.run DESC LIMIT 1)
WHERE m.lid = ?
"""
_BODIES = f"""
SELECT m.rid, r.native_id, {columns("b")} FROM member m JOIN resource r ON r.rid = m.rid JOIN blob b ON b.bid = (
    SELECT v.bid FROM version v WHERE v.lid = m.lid AND v.rid = m.rid AND v.run <= ? ORDER BY v.run DESC LIMIT 1)
{joined("b")} WHERE m.lid = ?
"""  # noqa: S608 — names of ours
_LAST = """
SELECT m.rid, (SELECT v.bid FROM version v WHERE v.lid = m.lid AND v.rid = m.rid AND v.bid IS NOT NULL
    ORDER BY v.run DESC LIMIT 1) FROM member m WHERE m.lid = ? AND m.rid IN ({})
"""
_OUTCOMES = """
SELECT m.rid, o.status, o.reason, coalesce(o.began, o.run) FROM member m CROSS JOIN outcome o
WHERE o.lid = m.lid AND o.rid = m.rid
    AND o.run = (SELECT max(x.run) FROM outcome x WHERE x.lid = m.lid AND x.rid = m.rid AND x.run <= ?)
    AND m.lid = ? AND o.status IS NOT NULL
"""
_KNOWN = """
SELECT m.rid, o.status, coalesce(o.began, o.run) FROM member m CROSS JOIN outcome o
WHERE o.lid = m.lid AND o.rid = m.rid AND o.run = (SELECT max(x.run) FROM outcome x
    WHERE x.lid = m.lid AND x.rid = m.rid AND x.run <= ? AND (x.status IS NULL OR x.status <> 'unknown'))
    AND m.lid = ? AND o.status IS NOT NULL AND m.rid IN ({})
"""
ALL = 1 << 62
"""A record later than any."""


def digests(backend: Backend, lid: int, run: int = ALL) -> Iterator[tuple[int, bytes]]:
    """(rid, sha256) of each resource that the line holds after record `run`, by rid."""
    return ((row[0], row[1]) for row in backend.select(_DIGESTS, (run, lid)))


def bodies(backend: Backend, lid: int, run: int) -> Iterator[tuple[int, str, bytes]]:
    """(rid, id, body) of each resource that the line holds after record `run`."""
    read = Bodies(backend.select).read
    return ((row[0], row[1], read(*row[2:])) for row in backend.select(_BODIES, (run, lid)))


def last(backend: Backend, lid: int, rids: Iterable[int]) -> dict[int, int]:
    """By rid, the bid of the last body that the line ever had of these, of those that it had."""
    return {row[0]: row[1] for row in chunked(backend, _LAST, (lid,), rids) if row[1] is not None}


def outcomes(backend: Backend, lid: int, run: int = ALL) -> Iterator[tuple[int, str, int | None, int]]:
    """(rid, status, bid of the reason, run since which the status stands) of each outcome that stands after `run`."""
    return ((row[0], row[1], row[2], row[3]) for row in backend.select(_OUTCOMES, (run, lid)))


def known(backend: Backend | Snapshot, lid: int, rids: Iterable[int], run: int = ALL) -> dict[int, tuple[str, int]]:
    """By rid, of these: the last status up to `run` that was not unknown, and the run since which it stood."""
    return {row[0]: (row[1], row[2]) for row in chunked(backend, _KNOWN, (run, lid), rids)}


def chunked(backend: Backend | Snapshot, sql: str, before: Sequence[object], values: Iterable[object]) -> Iterator[Row]:
    """The rows of a statement whose last condition is `IN ({})`, asked for some values at a time."""
    rest = list(values)
    for start in range(0, len(rest), CHUNK):
        some = rest[start : start + CHUNK]
        yield from backend.select(sql.format(", ".join("?" * len(some))), (*before, *some))
