"""A store that is copied from one kind of database to the other keeps its log, its proofs and its numbers."""

import psycopg
import pytest
from making import BUCKETS, collect, judge, look
from tampering import KEYS, SIGNER, fill, unguarded

from annexlog.evidence_store.copying import Copied, copy, place
from annexlog.evidence_store.database import Database
from annexlog.evidence_store.model import StoreDamaged, StoreError
from annexlog.evidence_store.schema import TABLES
from annexlog.evidence_store.store import Store
from annexlog.evidence_store.verify import verify


@pytest.fixture
def source(tmp_path):
    fill(tmp_path / "source.db")
    return tmp_path / "source.db"


def content(where):
    """Every row of every table."""
    with Store.open(where, readonly=True) as store:
        return {name: sorted(map(repr, store.backend.select(f"SELECT * FROM {name}"))) for name in TABLES}


def test_a_store_goes_to_postgresql_and_back_and_every_row_is_the_same(source, database, tmp_path):
    there = copy(source, place(database), KEYS)

    back = copy(place(database), tmp_path / "back.db", KEYS)

    before = content(source)
    assert (content(database), content(tmp_path / "back.db")) == (before, before)
    assert there == back == Copied(11, 11, {name: len(rows) for name, rows in before.items()})


@pytest.mark.parametrize("kind", ["database", "file"])
def test_a_copy_goes_on_where_its_source_was(source, database, tmp_path, kind):
    copy(source, place(database), KEYS)
    copy(place(database), tmp_path / "back.db", KEYS)
    target = database if kind == "database" else tmp_path / "back.db"

    with Store.open(target) as store:
        places = [
            collect(store, "more", look(BUCKETS, 60, {"new": {"n": 9}, "b": {"n": 5}})),
            judge(store, 61, {}),
        ]
        store.checkpoint(SIGNER)
        report = verify(store, keys=KEYS)

    assert (places, report.findings, report.signed) == ([12, 13], [], 13)


def test_a_file_copied_from_postgresql_stands_alone(source, database, tmp_path):
    copy(source, place(database), KEYS)
    target = tmp_path / "copies" / "store.db"
    target.parent.mkdir()

    copy(place(database), target, KEYS)

    assert [path.name for path in target.parent.iterdir()] == ["store.db"]


def test_a_store_whose_runs_have_gaps_in_their_numbers_goes_on_in_a_file(database, tmp_path):
    with Store.open(database, create=True) as store:
        for number in range(3):
            list(store.backend.select("SELECT nextval('run_run_seq')"))  # as a recording that was given up
            collect(store, f"{number}", look(BUCKETS, 5 + number, {"a": number}))
        store.checkpoint(SIGNER)
    copy(place(database), tmp_path / "store.db", KEYS)

    with Store.open(tmp_path / "store.db") as store:
        collect(store, "more", look(BUCKETS, 9, {"a": 9}))
        numbers = list(store.backend.select("SELECT seq, run FROM run ORDER BY seq"))
        store.checkpoint(SIGNER)
        report = verify(store, keys=KEYS)

    assert (numbers, report.findings) == ([(1, 2), (2, 4), (3, 6), (4, 7)], [])


def test_a_target_that_is_not_empty_is_left_alone(source, database, tmp_path):
    fill(database)
    before = content(database)

    with pytest.raises(StoreError, match="a store that is not empty"):
        copy(source, place(database), KEYS)
    with pytest.raises(StoreError, match="such a file already"):
        copy(place(database), source, KEYS)

    assert content(database) == before


def test_an_empty_store_made_by_init_may_be_filled(source, database):
    Store.open(database, create=True).close()

    copied = copy(source, place(database), KEYS)

    assert (copied.records, content(database)) == (11, content(source))


def test_a_copy_that_fails_halfway_leaves_no_store(source, database, tmp_path):
    with unguarded(source, "anchor") as raw:
        raw.execute("INSERT INTO anchor VALUES (3, 'a' || char(0), x'00')")  # no text in PostgreSQL

    with pytest.raises(StoreError, match="refused"):
        copy(source, place(database), KEYS)

    assert Database(database).exists() is False
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM pg_namespace WHERE nspname = 'annexlog'").fetchone() == (0,)


def test_a_file_whose_content_does_not_verify_gets_no_name(source, database, tmp_path):
    with unguarded(source, "blob") as raw:
        raw.execute("UPDATE blob SET z = x'31', size = 1 WHERE bid = 1")

    with pytest.raises(StoreDamaged, match="the copy does not verify"):
        copy(source, tmp_path / "target.db", KEYS)

    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith((".target", "target"))) == []
