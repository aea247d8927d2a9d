"""What may go because it is old: versions that have not been current for longer than they are to be kept."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from itertools import pairwise
from typing import NamedTuple

from annexlog.evidence_store.backend import Backend
from annexlog.evidence_store.model import ORG, Line, Millis, duration
from annexlog.evidence_store.schema import COMPLETE, PARTIAL
from annexlog.evidence_store.verdicts import is_outcome

KEEP = "P3Y"
"""How long evidence is kept where nothing else is said."""

_CALENDAR = re.compile(r"P(?:(\d{1,3})Y)?(?:(\d{1,4})M)?")
_LOOKS = "SELECT run, at, seq, status FROM sweep WHERE lid = ? ORDER BY run"
_VERSIONS = "SELECT rid, run, bid FROM version WHERE lid = ? ORDER BY rid, run"
_KNOWN = "SELECT coalesce(max(seq), 0) FROM run WHERE recorded < ?"


class Row(NamedTuple):
    """The key of a version or of an outcome."""

    lid: int
    rid: int
    run: int


def before(now: Millis, keep: str) -> Millis:
    """The instant so long before `now`: `P3Y`, `P18M` (of the calendar), or a duration as `P90D`. Raises ValueError."""
    match = _CALENDAR.fullmatch(keep)
    if not match or not any(match.groups()):
        return now - duration(keep)
    moment = datetime.fromtimestamp(now // 1000, UTC)
    months = moment.year * 12 + moment.month - 1 - 12 * int(match[1] or 0) - int(match[2] or 0)
    if months < 12 * 1970:
        return 0
    day = moment.day
    while True:  # 29 February, 31 June: the last day that the month has
        try:
            there = moment.replace(year=months // 12, month=months % 12 + 1, day=day)
        except ValueError:
            day -= 1
        else:
            return round(there.timestamp() * 1000) + now % 1000


def evidence(line: Line) -> bool:
    """Whether a line may be disposed of: what the estate shows. What the organization says of itself, which scopes
    there are, and what this store did is what everything else is read by: it stays.
    """
    return line.scope != ORG and "/" in line.scope and not line.scope.startswith(("target/", "anchor/"))


def class_of(line: Line, classes: Mapping[str, str]) -> str:
    """How long a line is kept: by the first pattern that fits its type, or, where it has a slash, the whole line."""
    for pattern, keep in classes.items():
        if fnmatchcase("/".join(line) if "/" in pattern else line.type, pattern):
            return keep
    return KEEP


class _Look(NamedTuple):
    run: int
    at: Millis
    seq: int
    shows: bool


def superseded(backend: Backend, lid: int, rid: int | None, until: Millis, gone: int) -> Iterator[Row]:
    """Versions of a line (of one resource: `rid`) that no look has shown since `until`, by what was recorded by then.

    A version counts as superseded at the first look that has the next one and is observed later than every look that
    still has this one, in whatever order they were recorded. `gone`: the bid of what takes the place of bodies.
    """
    rows = backend.select(_LOOKS, (lid,))
    looks = [_Look(run, at, seq, status in (COMPLETE, PARTIAL)) for run, at, seq, status in rows]
    known: int = next(backend.select(_KNOWN, (until,)))[0]
    found: dict[tuple[int, int], bool] = {}
    for (one, run, bid), (other, following, _) in pairwise(backend.select(_VERSIONS, (lid,))):
        if one != other or bid is None or bid == gone or rid not in (None, one):
            continue
        if (run, following) not in found:
            found[run, following] = _ended(looks, run, following, until, known)
        if found[run, following]:
            yield Row(lid, one, run)


def _ended(looks: Sequence[_Look], run: int, following: int, until: Millis, known: int) -> bool:
    start, end = (bisect_left(looks, which, key=lambda look: look.run) for which in (run, following))
    last = max((look.at for look in looks[start:end]), default=-1)
    return any(look.shows and last < look.at < until and look.seq <= known for look in looks[end:])


def lines(backend: Backend) -> Iterator[tuple[int, Line]]:
    """Each line of evidence that may be disposed of."""
    for lid, *names in backend.select("SELECT lid, scope, type, facet FROM line ORDER BY lid"):
        line = Line(*names)
        if evidence(line) and not is_outcome(line):
            yield lid, line
