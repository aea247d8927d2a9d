"""Killed, crowded, out of room, damaged: nothing recorded is lost or half recorded, and errors say what to do."""

import os
import random
import resource
import signal
import sqlite3
import threading
import time

import pytest
from making import BUCKETS, POLICIES, collect, facets, judge, look, rows
from rounds import acknowledged, keys, killed, started

from annexlog.evidence_store.model import (
    StoreBusy,
    StoreDamaged,
    StoreError,
    StoreFull,
    StoreTooNew,
)
from annexlog.evidence_store.schema import TABLES, VERSION
from annexlog.evidence_store.store import Store
from annexlog.evidence_store.verify import verify


def whole(store):
    """Whether the store verifies, but for its missing signature."""
    return [finding for finding in verify(store, keys=[]).findings if finding.table != "checkpoint"] == []


# ── killed ────────────────────────────────────────────────────────────────────────────────


def test_a_writer_killed_at_any_moment_loses_no_record_it_acknowledged(tmp_path):
    chance = random.Random(7)

    rounds = [killed(tmp_path / "store.db", chance) for _ in range(15)]

    assert [(one.lost, one.wrong, one.goes_on) for one in rounds] == [([], [], True)] * 15
    assert {one.unacknowledged for one in rounds} <= {0, 1}


def test_a_writer_killed_while_it_makes_the_store_leaves_none_that_is_half_made(tmp_path):
    chance = random.Random(3)
    for number in range(5):
        path = tmp_path / f"{number}.db"
        process = started("worker.py", path, 1)
        time.sleep(0.25 + chance.random() * 0.2)
        process.send_signal(signal.SIGKILL)
        process.communicate()

    sizes = []
    for number in range(5):
        with Store.open(tmp_path / f"{number}.db", create=True) as store:
            sizes.append(store.size() in (0, 1, 2) and whole(store))

    assert sizes == [True] * 5


def test_a_spool_leaves_nothing_behind_when_its_process_is_killed(tmp_path):
    process = started("worker.py", tmp_path / "store.db", 10_000)
    process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    process.communicate()
    Store.open(tmp_path / "store.db").close()

    assert {path.name for path in tmp_path.iterdir()} <= {"store.db", "store.db.lock", "store.db-wal", "store.db-shm"}


# ── crowded ───────────────────────────────────────────────────────────────────────────────


def test_two_processes_record_at_once_and_neither_loses_a_run(tmp_path):
    path = tmp_path / "store.db"
    Store.open(path, create=True).close()
    writers = [started("worker.py", path, 25, name) for name in ("left", "right")]

    told = [acknowledged(writer.communicate()[0].splitlines(keepends=True)) for writer in writers]

    with Store.open(path) as store:
        assert (told[0] | told[1], whole(store)) == (keys(store), True)
    assert [sum(" judged" not in key for key in one.values()) for one in told] == [25, 25]


def test_threads_of_one_process_record_in_turn(tmp_path):
    with Store.open(tmp_path / "store.db", create=True) as store:
        done = []
        threads = [
            threading.Thread(
                target=lambda n=n: [
                    done.append(collect(store, f"{n} {i}", look(BUCKETS, 10, {f"{n}": i}))) for i in range(10)
                ]
            )
            for n in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert (sorted(done), whole(store)) == (list(range(1, 41)), True)


def test_a_second_writer_waits_and_then_says_that_the_store_is_busy(tmp_path):
    path = tmp_path / "store.db"
    with Store.open(path, create=True) as first, Store.open(path, timeout=0.05) as second:
        with first.exclusive(), pytest.raises(StoreBusy) as caught:
            collect(second, "one", look(BUCKETS, 10))

        assert collect(second, "one", look(BUCKETS, 10)) == 1
    assert str(caught.value) == (
        f"{path}: another annexlog has been writing to the store for 0.05 s. Wait for it to end, and run it again."
    )


def test_a_writer_that_does_not_know_of_the_lock_is_waited_for_too(tmp_path):
    path = tmp_path / "store.db"
    with Store.open(path, create=True, timeout=0.05) as store:
        stranger = sqlite3.connect(path, isolation_level=None)
        stranger.execute("BEGIN IMMEDIATE")

        with pytest.raises(StoreBusy, match="another program is writing"):
            collect(store, "one", look(BUCKETS, 10))

        stranger.close()
        assert collect(store, "one", look(BUCKETS, 10)) == 1


def test_a_reader_goes_on_reading_while_runs_are_recorded(tmp_path):
    path = tmp_path / "store.db"
    with Store.open(path, create=True) as store, Store.open(path, readonly=True) as reader:
        collect(store, "one", look(BUCKETS, 10, {f"{n:04}": n for n in range(2000)}))
        reading = reader.view().resources("aws/1", "aws.s3.bucket", ())
        first = [next(reading).id for _ in range(10)]

        collect(store, "two", look(BUCKETS, 20, {}))

        assert (first + [r.id for r in reading], facets(reader.view())) == ([f"{n:04}" for n in range(2000)], {})


# ── out of room ───────────────────────────────────────────────────────────────────────────


def test_a_full_disk_is_said_plainly_and_nothing_is_half_recorded(tmp_path):
    with Store.open(tmp_path / "store.db", create=True) as store:
        collect(store, "one", look(BUCKETS, 10, {"a": 1}))
        before = {name: rows(store, name) for name in TABLES}
        pages = next(store.backend.select("PRAGMA page_count"))[0]
        store.backend._writer.execute(f"PRAGMA max_page_count = {pages + 3}")  # SQLITE_FULL, as of a full disk
        big = {f"{n}": os.urandom(300).hex() for n in range(500)}

        with pytest.raises(StoreFull, match="refused a write") as caught:
            collect(store, "two", look(BUCKETS, 20, big))

        assert {name: rows(store, name) for name in TABLES} == before
        assert (caught.value.exit_code, caught.value.next) == (2, "Make room, and run it again.")
        store.backend._writer.execute("PRAGMA max_page_count = 1000000")
        assert (collect(store, "two", look(BUCKETS, 20, big)), whole(store)) == (2, True)


@pytest.fixture
def small_files():
    """No file of this process may grow beyond 2 MB meanwhile."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, ignored)


def test_a_file_that_may_not_grow_is_a_full_disk(tmp_path, small_files):
    with Store.open(tmp_path / "store.db", create=True) as store:
        collect(store, "one", look(BUCKETS, 10, {"a": 1}))
        big = {f"{n}": n for n in range(16_000)}

        with pytest.raises(StoreFull, match="refused a write"):
            collect(store, "two", look(BUCKETS, 20, big))

        assert (store.size(), whole(store), facets(store.view())) == (1, True, {"a": {"": 1}})


def test_a_spool_that_finds_no_room_says_so(tmp_path, small_files):
    with Store.open(tmp_path / "store.db", create=True) as store, store.spool() as spool:
        spool.add(BUCKETS, "a", "x" * 1_900_000)

        with pytest.raises(StoreFull, match="refused a write"):
            spool.add(BUCKETS, "b", "x" * 1_100_000)

        assert store.size() == 0


# ── not a store, or not any more ──────────────────────────────────────────────────────────


def test_a_store_that_is_not_there_is_not_made_by_reading(tmp_path):
    with pytest.raises(StoreError, match="there is no evidence store here") as caught:
        Store.open(tmp_path / "store.db")

    assert (caught.value.next, list(tmp_path.iterdir())) == ("Make one: annexlog init", [])


def test_a_store_of_a_newer_version_is_not_touched(tmp_path):
    path = tmp_path / "store.db"
    Store.open(path, create=True).close()
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    connection.close()

    with pytest.raises(StoreTooNew, match=f"has schema {VERSION + 1}; this annexlog knows {VERSION}") as caught:
        Store.open(path)

    assert caught.value.next == "Update annexlog."


@pytest.mark.parametrize("content", [b"", b"not a database at all" * 300, b"SQLite format 3\0" + b"\xff" * 8000])
def test_a_file_that_is_no_database_is_said_to_be_damaged(tmp_path, content):
    path = tmp_path / "store.db"
    path.write_bytes(content)

    with pytest.raises(StoreDamaged) as caught:
        Store.open(path, create=True)

    assert (caught.value.where, bool(caught.value.next), path.read_bytes()) == (str(path), True, content)


def test_a_database_of_something_else_is_not_taken_for_a_store(tmp_path):
    path = tmp_path / "store.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE t (a)")
    connection.close()

    with pytest.raises(StoreDamaged, match="a database, but not an evidence store"):
        Store.open(path)


def test_a_damaged_page_is_an_error_of_the_store(tmp_path):
    path = tmp_path / "store.db"
    with Store.open(path, create=True) as store:
        collect(store, "one", look(BUCKETS, 10, {f"{n}": os.urandom(200).hex() for n in range(300)}))
    data = bytearray(path.read_bytes())
    data[-4096 * 10 :] = b"\xff" * 4096 * 10
    path.write_bytes(data)

    with Store.open(path) as store, pytest.raises(StoreDamaged, match="cannot be read"):
        facets(store.view())


def test_a_damaged_manifest_is_an_error_of_the_store(tmp_path):
    path = tmp_path / "store.db"
    with Store.open(path, create=True) as store:
        collect(store, "one", look(BUCKETS, 10, {"a": 1}))
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TRIGGER run_no_update")
        connection.execute("UPDATE run SET manifest = substr(manifest, 1, 20)")
    connection.close()

    with Store.open(path) as store, pytest.raises(StoreDamaged, match="manifest cannot be read"):
        next(store.view().runs())


def test_a_folder_that_is_missing_is_an_error_of_the_store(tmp_path):
    with pytest.raises(StoreError, match="there is no such folder"):
        Store.open(tmp_path / "nowhere" / "store.db", create=True)

    assert list(tmp_path.iterdir()) == []


def test_a_closed_store_can_be_opened_again_at_once(tmp_path):
    path = tmp_path / "store.db"
    for number in range(3):
        with Store.open(path, create=True) as store:
            collect(store, f"run {number}", look(BUCKETS, 10, {"a": number}), look(POLICIES, 11, {"a": None}))
            judge(store, 20, {})

    with Store.open(path) as store:
        assert (store.size(), [r.kind for r in store.view().runs()]) == (6, ["assess", "collect"] * 3)
