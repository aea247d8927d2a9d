"""Which lines there are, by their names and as of an instant: asked of the database, so that none is read in vain."""

# ruff: noqa: S608 — statements are made of the words below, never of what users say

from __future__ import annotations

from collections.abc import Iterator

from annexlog.evidence_store.backend import Backend, Row
from annexlog.evidence_store.model import Line, Millis

_LID = "SELECT lid FROM line WHERE scope = ? AND type = ? AND facet = ?"
_SWEPT = "EXISTS (SELECT 1 FROM sweep s WHERE s.lid = l.lid AND s.at <= ? AND s.seq <= ?)"
_TALLIES = (
    "SELECT l.scope, l.type, l.facet, t.pass, t.fail, t.unknown, t.na FROM line l JOIN tally t ON t.lid = l.lid "
    "AND t.run = (SELECT max(x.run) FROM tally x WHERE x.lid = l.lid AND x.run <= (SELECT s.run FROM sweep s "
    "WHERE s.lid = l.lid AND s.at <= ? AND s.seq <= ? ORDER BY s.lid DESC, s.at DESC, s.seq DESC LIMIT 1)) WHERE {}"
)


def lid(backend: Backend, line: Line) -> int | None:
    """The line's own number; None if nothing was ever recorded of it."""
    found: int | None = next(backend.select(_LID, line), (None,))[0]
    return found


def swept(
    backend: Backend, at: Millis, upto: int, scope: str | None, type: str | None, facet: str | None
) -> list[Line]:
    """Every line of these names that was swept by `at`, within the first `upto` records, sorted."""
    named, values = _named(scope=scope, type=type, facet=facet)
    sql = f"SELECT l.scope, l.type, l.facet FROM line l WHERE {named} AND {_SWEPT}"
    return sorted(Line(*row) for row in backend.select(sql, (*values, at, upto)))


def tallies(backend: Backend, at: Millis, upto: int, scope: str | None, facet: str) -> Iterator[Row]:
    """(scope, type, facet, pass, fail, unknown, not_applicable) as the latest assessment left each outcome line."""
    named, values = _named(scope=scope, facet=facet)
    return backend.select(_TALLIES.format(named), (at, upto, *values))


def _named(**names: str | None) -> tuple[str, list[object]]:
    """The condition that a line has these names, and its parameters. A facet may end in `*`."""
    conditions, values = ["1 = 1"], list[object]()
    for name, value in names.items():
        if value is not None and name == "facet" and value.endswith("*"):
            conditions.append("substr(l.facet, 1, ?) = ?")
            values += [len(value) - 1, value[:-1]]
        elif value is not None:
            conditions.append(f"l.{name} = ?")
            values.append(value)
    return " AND ".join(conditions), values
