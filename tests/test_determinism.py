"""One estate, looked at in any order by any number of workers, gives the same outcomes from the same bytes."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.home import TARGET, Home

_NAMED = "JOIN line l USING (lid) JOIN resource r USING (rid)"
_OUTCOMES = f"SELECT l.scope, l.facet, r.native_id, o.status, o.cause FROM outcome o {_NAMED} ORDER BY 1, 2, 3"
_BODIES = (
    f"SELECT l.scope, l.type, l.facet, r.native_id, hex(b.sha256) FROM version v {_NAMED} JOIN blob b USING (bid) "
    "WHERE l.scope LIKE 'aws/%' AND l.facet NOT IN ('credential_report', 'root_credentials') ORDER BY 1, 2, 3, 4"
)
"""But for the organization's own settings, of which one is the floor, and the report that is dated anew each time."""


def rows(store: Path, sql: str) -> list[tuple[str, ...]]:
    with closing(sqlite3.connect(store)) as connection:
        return connection.execute(sql).fetchall()


@pytest.mark.parametrize(("seed", "workers", "scopes"), [("1", 1, 1), ("12345", 64, 16)])
def test_hash_seed_workers_and_scopes_change_no_outcome_and_no_body(
    seed: str, workers: int, scopes: int, collected: Home
) -> None:
    other = Home(collected.folder.with_name("other"), collected.wire, collected.capsys)
    other.folder.mkdir()
    shutil.copy(collected.folder / "annexlog.key", other.folder)
    other.configure(f"[collect]\nworkers = {workers}\nscopes = {scopes}\n{TARGET}")

    process = other.start("collect", PYTHONHASHSEED=seed)
    _, err = process.communicate(timeout=120)

    assert (process.returncode, err) == (0, "")
    assert rows(other.store, _OUTCOMES) == rows(collected.store, _OUTCOMES)
    assert rows(other.store, _BODIES) == rows(collected.store, _BODIES)
    assert len(rows(other.store, _BODIES)) > 100
