"""The suite runs on the SQLite that it is meant to: `.ci/sqlite` runs it on the oldest supported and on the newest."""

import os
import sqlite3
import subprocess
import sys

OLDEST = (3, 34, 0)


def test_sqlite_is_the_one_that_was_asked_for_and_not_too_old():
    asked = os.environ.get("ANNEXLOG_TEST_SQLITE", sqlite3.sqlite_version)

    told = sqlite3.connect(":memory:").execute("SELECT sqlite_version()").fetchone()[0]

    assert (told, sqlite3.sqlite_version) == (asked, asked)
    assert sqlite3.sqlite_version_info >= OLDEST


def test_a_process_of_its_own_has_the_same_sqlite():
    program = "import sqlite3; print(sqlite3.sqlite_version)"

    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout

    assert told == f"{sqlite3.sqlite_version}\n"
