"""How much room an estate takes as it changes: in a store, where every poll is kept whole, and in a git repository."""

from __future__ import annotations

import sqlite3
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from annexlog.evidence_store.model import Millis, encode
from annexlog.evidence_store.store import Store
from benchmarks.estate import Estate
from benchmarks.recorded import assess, poll

HOUR: Millis = 3_600_000
START: Millis = 1_767_323_045_000
RESOURCES, HOURS, SHARE = 100_000, 8_760, 0.01
"""The year that is projected: resources, polls, and the share of resources that change from one poll to the next."""

_OF_CHANGES = {"blob", "blob_by_digest", "version", "member", "outcome", "resource", "opening", "dictionary"}
"""Tables and indexes that grow with what changes; the others grow with each look at a line."""


@dataclass(frozen=True, slots=True)
class Growth:
    """Bytes: `first` of each resource, `change` of each change with the outcomes it moves, `poll` of a poll of all
    lines and an assessment of all tests; `body` of what `change` takes for bodies alone.
    """

    first: float
    change: float
    body: float
    poll: float

    @property
    def year(self) -> float:
        return RESOURCES * self.first + HOURS * (self.poll + RESOURCES * SHARE * self.change)


def of_store(resources: int, scopes: int, polls: int, share: float) -> Growth:
    """Of a store, by its pages. Few resources in as many scopes as there would be: a line costs what it costs."""
    estate = Estate(resources, scopes)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.db"
        with Store.open(path, create=True) as store:
            poll(store, estate, START)
            assess(store, estate, START + HOUR // 2)
        first, moved = _pages(path), 0
        with Store.open(path) as store:
            for n in range(1, polls + 1):
                moved += estate.move(share)
                poll(store, estate, START + n * HOUR)
                assess(store, estate, START + n * HOUR + HOUR // 2)
        grown = {name: size - first.get(name, 0) for name, size in _pages(path).items()}
    of_changes = {name: size for name, size in grown.items() if name in _OF_CHANGES or "resource" in name}
    changed = sum(of_changes.values())
    return Growth(
        first=sum(first.values()) / resources,
        change=changed / moved,
        body=(grown["blob"] + grown["blob_by_digest"]) / moved,
        poll=(sum(grown.values()) - changed) / polls,
    )


def _pages(path: Path) -> Mapping[str, int]:
    """The bytes of each table and index."""
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return dict(raw.execute("SELECT name, sum(pgsize) FROM dbstat GROUP BY name"))


def of_every_poll(resources: int) -> float:
    """Bytes a year, where every body of every poll is a row of JSON."""
    estate = Estate(resources, 1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plain.db"
        with closing(sqlite3.connect(path)) as raw, raw:
            raw.execute(
                "CREATE TABLE seen (scope, type, facet, id, at, body, PRIMARY KEY (scope, type, facet, id, at))"
            )
            for scope in estate.scopes:
                for line, kind in estate.lines(scope):
                    rows = ((*line, id, START, encode(body)) for id, body in estate.look(scope, kind, line.facet))
                    raw.executemany("INSERT INTO seen VALUES (?, ?, ?, ?, ?, ?)", rows)
        return path.stat().st_size / resources * RESOURCES * HOURS


def of_git(resources: int, polls: int) -> float:
    """Bytes a year of a repository in which each poll is a commit, a file for each line, packed at the end."""
    estate = Estate(resources, 1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _git(folder, "init", "--quiet")
        _commit(folder, estate, 0)
        _git(folder, "gc", "--quiet")
        first = _size(folder / ".git")
        for n in range(1, polls + 1):
            estate.move(SHARE)
            _commit(folder, estate, n)
        _git(folder, "gc", "--quiet")
        grown = (_size(folder / ".git") - first) / polls
    return (first + HOURS * grown) / resources * RESOURCES


def _commit(folder: Path, estate: Estate, n: int) -> None:
    for scope in estate.scopes:
        for line, kind in estate.lines(scope):
            file = folder / scope / line.type / f"{line.facet or 'listing'}.json"
            file.parent.mkdir(parents=True, exist_ok=True)
            bodies = dict(estate.look(scope, kind, line.facet))
            file.write_bytes(encode(bodies).replace(b'},"', b'},\n"'))
    _git(folder, "add", "--all")
    who = ("-c", "user.name=benchmark", "-c", "user.email=benchmark@example.com")
    _git(folder, *who, "commit", "--quiet", "--allow-empty", "--message", f"poll {n}")


def _git(folder: Path, *arguments: str) -> None:
    subprocess.run(("git", "-C", str(folder), "-c", "gc.auto=0", *arguments), check=True, capture_output=True)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
