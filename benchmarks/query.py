"""How long a question about a past day takes: tallies, the outcomes of one test, and the evidence as of then."""

from __future__ import annotations

import random
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from annexlog.evidence_store.model import Millis, Status
from annexlog.evidence_store.queries import View
from annexlog.evidence_store.store import Store
from benchmarks.history import FACETS, TYPE, Size, build, outcome_line, tests, when
from benchmarks.report import Report, cpu_seconds, main, percentile

CONTROL = 4
"""How many tests a control has."""


def run(*, quick: bool = False) -> Report:
    size = Size(2, 20, CONTROL, 4) if quick else Size(10, 500, 6, 60, 0.1)
    times = 3 if quick else 40
    dice = random.Random(2022)
    days = [dice.randrange(size.days) for _ in range(times)]
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.db"
        with Store.open(path, create=True) as store:
            build(store, size)
            rows = sum(next(store.backend.select(f"SELECT count(*) FROM {t}"))[0] for t in ("version", "outcome"))
        for question, ask in _questions(size).items():
            figures[f"{question}_cold_p95_ms"] = _p95(days, partial(_cold, path, ask))
            with Store.open(path, readonly=True) as store:
                _ask(store, ask, when(0))
                figures[f"{question}_warm_p95_ms"] = _p95(days, partial(_ask, store, ask))
        with _plain(path, size) as plain:
            baselines = {f"{q}_warm_p95_ms": _p95(days, partial(plain, sql)) for q, sql in _SQL.items()}
    figures |= {"outcomes_of_a_test": size.scopes * size.resources, "rows": rows}
    goals = {name: 50.0 for name in figures if name.startswith(("tally", "test")) and name.endswith("_ms")}
    return Report(
        "query",
        f"CPU of one answer as of a random past day, with a new connection and with one that is open; {size}. "
        f"Tally: of a control of {CONTROL} tests, all scopes; test: every outcome of one test; as_of: the "
        "resources of one scope with their facets; resource: one facet of one resource. Beside SQL over a table that "
        "holds one day only",
        figures,
        goals,
        baselines,
    )


def _questions(size: Size) -> dict[str, Callable[[View], object]]:
    scope, test = size.names()[1], tests(size)[0]
    return {
        "tally": lambda view: _tally(view, size),
        "test": lambda view: list(view.outcomes(test=test)),
        "as_of": lambda view: list(view.resources(scope, TYPE, FACETS[1:])),
        "resource": lambda view: view.cell(
            outcome_line(scope, test)._replace(facet="policy"), "arn:aws:s3:::bucket-000007"
        ),
    }


def _tally(view: View, size: Size) -> Counter[Status]:
    counts: Counter[Status] = Counter()
    for test in tests(size)[:CONTROL]:
        for tally in view.tallies(test).values():
            counts.update(tally)
    return counts


def _ask(store: Store, ask: Callable[[View], object], at: Millis) -> object:
    return ask(store.view(at=at))


def _cold(path: Path, ask: Callable[[View], object], at: Millis) -> object:
    with Store.open(path, readonly=True) as store:
        return _ask(store, ask, at)


def _p95(days: list[int], ask: Callable[[Millis], object]) -> float:
    return 1000 * percentile([cpu_seconds(partial(ask, when(day))) for day in days], 95)


# ── the plain way ─────────────────────────────────────────────────────────────────────────

_SQL = {
    "tally": "SELECT test, status, count(*) FROM outcome WHERE test IN "
    "('aws.s3.test-0', 'aws.s3.test-1', 'aws.s3.test-2', 'aws.s3.test-3') GROUP BY test, status",
    "test": "SELECT test, scope, id, status FROM outcome WHERE test = 'aws.s3.test-0' ORDER BY scope, id",
}


@contextmanager
def _plain(path: Path, size: Size) -> Iterator[Callable[[str, Millis], object]]:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE outcome (test, scope, id, status, PRIMARY KEY (test, scope, id)) WITHOUT ROWID")
    with Store.open(path, readonly=True) as store:
        rows = ((row.test, row.scope, row.id, row.status) for row in store.view(at=when(size.days)).outcomes())
        connection.executemany("INSERT INTO outcome VALUES (?, ?, ?, ?)", rows)
    yield lambda sql, _at: connection.execute(sql).fetchall()
    connection.close()


if __name__ == "__main__":
    main(run)
