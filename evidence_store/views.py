"""Read-only views with friendly names, for whoever opens the store with a SQL tool: names, readable times, words."""

# ruff: noqa: S608 — statements are made of the names below, never of what users say

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from annexlog.evidence_store.model import Coverage


class Dialect(NamedTuple):
    """What databases say differently. Each gives the expression for: `time` (a number of milliseconds, as RFC 3339),
    `text` (bytes that are UTF-8), `member` (a JSON text, the name of a text in its `$unknown`), `field` (a record's
    text, the name of one of its fields).
    """

    time: Callable[[str], str]
    text: Callable[[str], str]
    member: Callable[[str, str], str]
    field: Callable[[str, str], str]


def _sqlite_field(record: str, name: str) -> str:
    rest = f"substr({record}, instr({record}, char(10) || '{name} ') + {len(name) + 2})"
    return f"nullif(substr({rest}, 1, instr({rest}, char(10)) - 1), '-')"


SQLITE = Dialect(
    time=lambda number: f"strftime('%Y-%m-%dT%H:%M:%fZ', {number} / 1000.0, 'unixepoch')",
    text=lambda data: f"CAST({data} AS TEXT)",
    member=lambda text, name: f"""json_extract({text}, '$."$unknown".{name}')""",
    field=_sqlite_field,
)
POSTGRES = Dialect(
    time=lambda number: (
        f"""to_char(to_timestamp({number} / 1000.0) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')"""
    ),
    text=lambda data: f"convert_from({data}, 'UTF8')",
    member=lambda text, name: f"(({text})::json -> '$unknown' ->> '{name}')",
    field=lambda record, name: f"nullif(substring({record} from E'\\n{name} ([^\\n]*)'), '-')",
)

_STATUSES = " ".join(f"WHEN {number} THEN '{status.value}'" for number, status in enumerate(Coverage))
_STATUS = f"CASE s.status {_STATUSES} END"
_COVERAGE = (
    f"(SELECT CASE n.status {_STATUSES} END FROM sweep n WHERE n.lid = l.lid AND n.status <> {{}} "
    "ORDER BY n.at DESC, n.seq DESC LIMIT 1)"
)
"""How the newest look saw a line, whatever the newest that saw something says."""
_NAMES = "l.scope, l.type, l.facet"
_TEST = "substr(l.facet, 9)"
_IS_OUTCOME = "l.facet LIKE 'outcome:%'"
_SUPPLEMENT = list(Coverage).index(Coverage.SUPPLEMENT)
_SHOWS = f"({list(Coverage).index(Coverage.COMPLETE)}, {list(Coverage).index(Coverage.PARTIAL)})"
_NEWEST = (
    "(s.at, s.seq) = (SELECT n.at, n.seq FROM sweep n WHERE n.lid = l.lid AND {0} "
    "ORDER BY n.at DESC, n.seq DESC LIMIT 1)"
)
_LATEST = _NEWEST.format(f"n.status <> {_SUPPLEMENT}")
_LATEST_SHOWN = _NEWEST.format(f"n.status IN {_SHOWS}")
_LAST_BEFORE = "(SELECT max(x.run) FROM {0} x WHERE x.lid = {1}.lid AND x.rid = {1}.rid AND x.run <= s.run)"
_FIELDS = ("kind", "target", "caller", "collector", "lines", "run_key")


def views(sql: Dialect) -> dict[str, str]:
    """The query of each view. They are remade whenever the schema's version rises: nothing rests on them.

    Bodies that are stored compressed read `(compressed)`: only annexlog can open them (`annexlog export sqlite`).
    """
    raw = "length(b.z) = b.size AND b.did IS NULL AND b.base_bid IS NULL"
    text = sql.text("b.z")
    body = f"CASE WHEN b.bid IS NULL THEN NULL WHEN {raw} THEN {text} ELSE '(compressed)' END"
    operation, code, needs = (f"nullif({sql.member(text, part)}, '')" for part in ("operation", "code", "permission"))
    said = (
        f"{sql.member(text, 'reason')} || coalesce(': ' || {operation}, '') || coalesce(' (' || {code} || ')', '') "
        f"|| coalesce('; needs ' || {needs}, '')"
    )
    reason = f"CASE WHEN b.bid IS NULL THEN NULL WHEN {raw} THEN {said} ELSE '(compressed)' END"
    record = sql.text("r.record")
    now = f"CAST({sql.field(record, 'now')} AS BIGINT)"
    started, ended = sql.time("s.start"), sql.time("s.at")
    latest = f"FROM line l JOIN sweep s ON s.lid = l.lid AND {_LATEST}"
    shown = f"FROM line l JOIN sweep s ON s.lid = l.lid AND {_LATEST_SHOWN}"
    coverage = _COVERAGE.format(_SUPPLEMENT)
    members = f"{shown} JOIN member m ON m.lid = l.lid JOIN resource r ON r.rid = m.rid"
    cell = f"version v ON v.lid = m.lid AND v.rid = m.rid AND v.run = {_LAST_BEFORE.format('version', 'm')}"
    judged_at, since = (
        sql.time(f"CAST({sql.field(sql.text(f'{run}.record'), 'now')} AS BIGINT)") for run in ("w", "f")
    )
    outcome = f"{_TEST} AS test, l.scope, l.type, r.native_id AS id, o.status, {reason} AS reason, o.cause, {judged_at}"
    return {
        "runs": f"SELECT r.seq, {sql.time('r.recorded')} AS recorded, "
        + ", ".join(f"{sql.field(record, name)} AS {name}" for name in _FIELDS)
        + f", {sql.time(now)} AS judged_at, {record} AS record FROM run r",
        "sweeps": f"SELECT {_NAMES}, s.seq, {_STATUS} AS status, {started} AS started, {ended} AS ended "
        "FROM sweep s JOIN line l ON l.lid = s.lid",
        "coverage": f"SELECT {_NAMES}, s.seq, {_STATUS} AS status, {started} AS started, {ended} AS ended {latest} "
        f"WHERE NOT {_IS_OUTCOME}",
        "populations": f"SELECT l.scope, l.type, count(v.bid) AS resources, {coverage} AS coverage, "
        f"{ended} AS seen, s.seq {shown} LEFT JOIN member m ON m.lid = l.lid LEFT JOIN {cell} "
        f"WHERE l.facet = '' GROUP BY l.lid, l.scope, l.type, s.at, s.seq",
        "resources": f"SELECT l.scope, l.type, r.native_id AS id, {coverage} AS coverage, {ended} AS seen, s.seq, "
        f"{body} AS body {members} "
        f"JOIN {cell} JOIN blob b ON b.bid = v.bid WHERE l.facet = ''",
        "evidence": f"SELECT {_NAMES}, r.native_id AS id, {coverage} AS coverage, {ended} AS seen, "
        f"w.seq AS changed_seq, {body} AS body "
        f"{members} JOIN {cell} JOIN run w ON w.run = v.run JOIN blob b ON b.bid = v.bid",
        "versions": f"SELECT {_NAMES}, r.native_id AS id, w.seq, {sql.time('w.recorded')} AS recorded, {body} AS body "
        "FROM version v JOIN line l ON l.lid = v.lid JOIN resource r ON r.rid = v.rid JOIN run w ON w.run = v.run "
        "LEFT JOIN blob b ON b.bid = v.bid",
        "outcomes": f"SELECT {outcome} AS changed_at, {since} AS since, {ended} AS judged_at, w.seq "
        f"{latest} JOIN member m ON m.lid = l.lid JOIN resource r ON r.rid = m.rid "
        f"JOIN outcome o ON o.lid = m.lid AND o.rid = m.rid AND o.run = {_LAST_BEFORE.format('outcome', 'm')} "
        "JOIN run w ON w.run = o.run JOIN run f ON f.run = coalesce(o.began, o.run) "
        f"LEFT JOIN blob b ON b.bid = o.reason WHERE {_IS_OUTCOME} AND o.status IS NOT NULL",
        "outcome_history": f"SELECT {outcome} AS judged_at, w.seq FROM outcome o JOIN line l ON l.lid = o.lid "
        "JOIN resource r ON r.rid = o.rid JOIN run w ON w.run = o.run LEFT JOIN blob b ON b.bid = o.reason",
        "tallies": f"SELECT {_TEST} AS test, l.scope, l.type, t.pass, t.fail, t.unknown, t.na AS not_applicable, "
        f"{ended} AS judged_at, s.seq {latest} "
        "JOIN tally t ON t.lid = l.lid AND t.run = (SELECT max(x.run) FROM tally x WHERE x.lid = l.lid "
        f"AND x.run <= s.run) WHERE {_IS_OUTCOME}",
        "tests": f"SELECT {_TEST} AS test, count(DISTINCT l.scope) AS scopes, sum(t.pass) AS pass, "
        "sum(t.fail) AS fail, sum(t.unknown) AS unknown, sum(t.na) AS not_applicable, "
        f"{sql.time('min(s.at)')} AS judged_at {latest} "
        "JOIN tally t ON t.lid = l.lid AND t.run = (SELECT max(x.run) FROM tally x WHERE x.lid = l.lid "
        f"AND x.run <= s.run) WHERE {_IS_OUTCOME} GROUP BY {_TEST}",
    }
