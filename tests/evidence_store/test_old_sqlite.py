"""The suite runs on the SQLite that it is meant to: `.ci/sqlite` runs it on the oldest supported and on the newest."""

import os
import sqlite3
import subprocess
import sys

import pytest

from annexlog.evidence_store.model import StoreError
from annexlog.evidence_store.sqlite import OLDEST
from annexlog.evidence_store.store import Store


def test_sqlite_is_the_one_that_was_asked_for_and_not_too_old():
    asked = os.environ.get("ANNEXLOG_TEST_SQLITE", sqlite3.sqlite_version)

    told = sqlite3.connect(":memory:").execute("SELECT sqlite_version()").fetchone()[0]

    assert (told, sqlite3.sqlite_version) == (asked, asked)
    assert sqlite3.sqlite_version_info >= OLDEST


def test_a_process_of_its_own_has_the_same_sqlite():
    program = "import sqlite3; print(sqlite3.sqlite_version)"

    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout

    assert told == f"{sqlite3.sqlite_version}\n"


def test_an_older_one_is_refused_by_its_number_before_anything_is_made(monkeypatch, tmp_path):
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 33, 0))
    monkeypatch.setattr(sqlite3, "sqlite_version", "3.33.0")

    with pytest.raises(StoreError, match=r"SQLite 3\.33\.0, which is older than 3\.34.*a newer SQLite"):
        Store.open(tmp_path / "store.db", create=True)

    assert (OLDEST, list(tmp_path.iterdir())) == ((3, 34, 0), [])
