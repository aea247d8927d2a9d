"""Questions about a past day, at full size: ten million outcome rows, written straight into the tables.

Such a store answers like any other, but does not verify: working out the roots of a year is not what is measured here.
"""

from __future__ import annotations

import random
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from annexlog.evidence_store import manifest
from annexlog.evidence_store.layout import Record, sha256
from annexlog.evidence_store.manifest import Entry
from annexlog.evidence_store.model import Coverage, Line, Millis, Unknown, encode
from annexlog.evidence_store.queries import View
from annexlog.evidence_store.schema import BEGAN, COMPLETE, TABLES
from annexlog.evidence_store.store import Store
from benchmarks.history import DAY, START, TYPE, Size, collect, ident, outcome_line, tests, when
from benchmarks.report import Report, cpu_seconds, main, percentile

_STATUSES = ("pass", "pass", "pass", "fail", "not_applicable", "unknown")
_ROOT = bytes(32)

CONTROL = 4
"""How many tests a control has."""


@dataclass(frozen=True, slots=True)
class Bulk(Size):
    """`changes`: how often each outcome changes after the first assessment, on average."""

    changes: int = 4

    def __str__(self) -> str:
        return (
            f"{self.scopes} scopes of {self.resources:,} resources, {self.tests} tests, judged on {self.days} days, "
            f"each outcome changing {self.changes} times"
        )


def run(*, quick: bool = False) -> Report:
    size = Bulk(2, 20, 4, 10) if quick else Bulk(100, 1000, 20, 365)
    dice = random.Random(2022)
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.db"
        fill(path, size)
        for question, (times, ask) in _questions(size, dice).items():
            days = [dice.randrange(size.days) for _ in range(2 if quick else times)]
            figures[f"{question}_cold_p95_ms"] = percentile([_cold(path, ask, when(day)) for day in days], 95)
        with Store.open(path, readonly=True) as store:
            figures["outcome_rows"] = next(store.backend.select("SELECT count(*) FROM outcome"))[0]
    goals = {f"{question}_cold_p95_ms": 50.0 for question in ("tally", "one_scope", "one_resource")}
    return Report(
        "tenmillion",
        f"CPU of one answer as of a random past day, with a new connection each time; {size}. Tally: counts of a "
        f"control of {CONTROL} tests in all scopes; one_scope: every outcome of one test there; one_resource: every "
        f"outcome of one resource; test: all {size.scopes * size.resources:,} outcomes of one test",
        figures,
        goals | {"test_cold_p95_ms": 250.0},
    )


def _questions(size: Bulk, dice: random.Random) -> dict[str, tuple[int, Callable[[View], object]]]:
    """How often to ask, and what."""

    def test() -> str:
        return dice.choice(tests(size))

    def scope() -> str:
        return dice.choice(size.names())

    return {
        "tally": (40, lambda view: [view.tallies(test()) for _ in range(CONTROL)]),
        "one_scope": (40, lambda view: list(view.outcomes(test=test(), scope=scope()))),
        "one_resource": (40, lambda view: list(view.outcomes(scope=scope(), resource=ident(7)))),
        "test": (20, lambda view: sum(1 for _ in view.outcomes(test=test()))),
    }


def _cold(path: Path, ask: Callable[[View], object], at: Millis) -> float:
    """CPU milliseconds of one answer."""

    def answer() -> None:
        with Store.open(path, readonly=True) as store:
            ask(store.view(at=at))

    return 1000 * cpu_seconds(answer)


def fill(path: Path, size: Bulk) -> None:
    """Make a store at `path`: the resources as ever, the assessments and outcomes by bare INSERTs, in key order."""
    with Store.open(path, create=True) as store:
        target = Line("target/main", "scope")
        scopes = {name: {"provider": "aws", "level": "account", "name": name} for name in size.names()}
        collect(store, "main", {target: scopes}, START - 1000)
        for scope in size.names():
            listed = {ident(n): {"Name": ident(n)} for n in range(size.resources)}
            collect(store, scope, {Line(scope, TYPE): listed}, START)
        first = store.size() + 1
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        raw.execute("PRAGMA synchronous = OFF")
        raw.execute("BEGIN")
        guards = raw.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in guards:
            raw.execute(f"DROP TRIGGER {name}")
        _assess(raw, size, first)
        raw.execute(BEGAN)
        for _, sql in guards:
            raw.execute(sql)
        raw.execute("COMMIT")
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _append(raw: sqlite3.Connection, table: str, rows: Iterable[tuple[object, ...]]) -> None:
    marks = ", ".join("?" * len(TABLES[table].columns))
    raw.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)


def _assess(raw: sqlite3.Connection, size: Bulk, first: int) -> None:
    """An assessment a day of every outcome line, and what they come to."""
    body = encode(Unknown("denied", "get_bucket_policy", "s3:GetBucketPolicy", "AccessDenied"))
    [(lid, bid)] = raw.execute("SELECT (SELECT max(lid) FROM line) + 1, (SELECT max(bid) FROM blob) + 1").fetchall()
    _append(raw, "blob", [(bid, sha256(body), None, None, len(body), body)])
    names = [outcome_line(scope, test) for scope in size.names() for test in tests(size)]
    lines = {line: lid + n for n, line in enumerate(names)}
    rids: dict[str, list[int]] = {name: [] for name in size.names()}
    for scope, rid in raw.execute("SELECT scope, rid FROM resource WHERE type = ? ORDER BY rid", [TYPE]):
        rids[scope].append(rid)
    _append(raw, "line", ((lid, *line) for line, lid in lines.items()))
    days = [(first + day, START + day * DAY + 60_000) for day in range(size.days)]
    _append(raw, "sweep", ((lid, now, seq, seq, now, COMPLETE) for lid in lines.values() for seq, now in days))
    dice = random.Random(2022)
    for line, lid in lines.items():
        known = rids[line.scope]
        _append(raw, "member", ((lid, rid) for rid in known))
        rows = [(lid, rid, first + day, status) for rid in known for day, status in _story(dice, size)]
        reason, causes = {"unknown": bid}, ("estate", "coverage")
        _append(raw, "outcome", ((*row, reason.get(row[3]), causes[row[3] == "unknown"], None) for row in rows))
        _append(raw, "tally", _tallies(rows))
    for seq, now in days:
        _append(raw, "run", [_record(seq, now, sorted(lines))])


def _story(dice: random.Random, size: Bulk) -> list[tuple[int, str]]:
    """(day, status) of each change of one outcome."""
    changed = sorted(dice.sample(range(1, size.days), min(size.changes, size.days - 1)))
    at = dice.randrange(len(_STATUSES))
    return [(day, _STATUSES[(at + step) % len(_STATUSES)]) for step, day in enumerate((0, *changed))]


def _tallies(rows: list[tuple[int, int, int, str]]) -> Iterator[tuple[int, ...]]:
    """The rows of `tally` that these rows of one line come to."""
    of: Counter[str] = Counter()
    stands: dict[int, str] = {}
    before: tuple[int, ...] = ()
    for run, some in groupby(sorted(rows, key=lambda row: row[2]), key=lambda row: row[2]):
        for _, rid, _, status in some:
            of.update({status: 1, stands.get(rid, ""): -1})
            stands[rid] = status
        counts = (of["pass"], of["fail"], of["unknown"], of["not_applicable"])
        if counts != before:
            yield rows[0][0], run, *counts
        before = counts


def _record(seq: int, now: Millis, lines: list[Line]) -> tuple[object, ...]:
    """The row of `run` of one assessment."""
    told = encode({"fingerprint": "00", "inputs_sha256": ""})
    entries = [
        Entry(line, Coverage.COMPLETE, now, now, 0, _ROOT, provenance=told, counts=(0, 0, 0, 0), inputs=b"[]")
        for line in lines
    ]
    record = Record(
        seq=seq,
        recorded=now,
        clock=now,
        writer="benchmarks",
        run_key=f"assess {seq}",
        kind="assess",
        target="-",
        caller="-",
        collector="-",
        policy="-",
        now=now,
        upto=seq - 1,
        definitions_root=None,
        lines=len(entries),
        populations_root=None,
        heads_root=_ROOT,
        outcomes_root=_ROOT,
        previous_checkpoint=None,
        previous_timestamp=None,
    )
    return seq, seq, record.run_key, now, record.encode(), manifest.pack(now, entries)


if __name__ == "__main__":
    main(run)
