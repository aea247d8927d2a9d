"""A copy made while others write is whole and can be put in the store's place; so is a store that was being tidied."""

import os
import random
import resource
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

import pytest
from making import BUCKETS, collect, facets, look
from tampering import KEYS, SIGNER, checked, fill, unguarded

from annexlog.evidence_store.backup import Compacted, Copied, backup, compact
from annexlog.evidence_store.model import StoreDamaged, StoreError, StoreFull
from annexlog.evidence_store.schema import VERSION, VIEWS
from annexlog.evidence_store.store import Store
from annexlog.evidence_store.verify import verify

WORKER = Path(__file__).with_name("worker.py")
ROOT = Path(__file__).parents[2]


def start(program, *arguments):
    """A process in which a program runs once it has said that it begins."""
    command = [sys.executable, "-c", f"print('begin', flush=True)\n{program}", *map(str, arguments)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    process.stdout.readline()
    return process


def whole(path):
    """Whether a store verifies, but for its missing signature."""
    with Store.open(path, readonly=True) as store:
        return [f for f in verify(store, keys=KEYS).findings if f.table != "checkpoint"] == []


@pytest.fixture
def store(tmp_path):
    fill(tmp_path / "store.db")
    with Store.open(tmp_path / "store.db") as opened:
        yield opened


# ── copies ────────────────────────────────────────────────────────────────────────────────


def test_a_copy_is_the_owners_alone_verifies_and_holds_what_the_store_holds(store, tmp_path):
    made = backup(store, tmp_path / "copy.db", keys=KEYS)

    size = (tmp_path / "copy.db").stat().st_size
    assert made == Copied(tmp_path / "copy.db", records=11, signed=11, size=size, verified=True)
    assert stat.S_IMODE((tmp_path / "copy.db").stat().st_mode) == 0o600
    assert (checked(tmp_path / "copy.db").ok, {p.name for p in tmp_path.iterdir()}) == (
        True,
        {"store.db", "store.db-wal", "store.db-shm", "store.db.lock", "copy.db"} & {p.name for p in tmp_path.iterdir()},
    )


def test_a_copy_is_never_made_over_a_file(store, tmp_path):
    (tmp_path / "copy.db").write_text("precious")

    with pytest.raises(StoreError, match="there is such a file already"):
        backup(store, tmp_path / "copy.db")

    assert (tmp_path / "copy.db").read_text() == "precious"


def test_a_copy_into_a_folder_that_is_missing_says_so(store, tmp_path):
    with pytest.raises(StoreError, match="there is no such folder"):
        backup(store, tmp_path / "nowhere" / "copy.db")


def test_a_copy_for_which_there_is_no_room_leaves_nothing_behind(tmp_path):
    with Store.open(tmp_path / "store.db", create=True) as store:
        collect(store, "one", look(BUCKETS, 10, {f"{n}": os.urandom(300).hex() for n in range(2000)}))
        (tmp_path / "copies").mkdir()
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, before[1]))
        try:
            with pytest.raises(StoreFull, match="refused a write") as caught:
                backup(store, tmp_path / "copies" / "copy.db")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
            signal.signal(signal.SIGXFSZ, ignored)

    assert (caught.value.where, list((tmp_path / "copies").iterdir())) == (str(tmp_path / "copies" / "copy.db"), [])


def test_a_copy_that_does_not_verify_is_not_kept(tmp_path, copy):
    path = copy()
    with unguarded(path, "run") as raw:
        raw.execute("UPDATE run SET recorded = recorded + 1 WHERE seq = 2")

    with Store.open(path, readonly=True) as store, pytest.raises(StoreDamaged, match="the copy does not verify"):
        backup(store, tmp_path / "copy.db", keys=KEYS)

    assert not (tmp_path / "copy.db").exists()


def test_copies_made_while_runs_are_recorded_are_whole_and_stop_no_writer(tmp_path):
    path = tmp_path / "store.db"
    writer = subprocess.Popen([sys.executable, str(WORKER), str(path), "60"], stdout=subprocess.PIPE, text=True)
    first = writer.stdout.readline()

    with Store.open(path, readonly=True) as store:
        sizes = [backup(store, tmp_path / f"{number}.db").records for number in range(6)]
    told = [int(line.split()[0]) for line in (first + writer.communicate()[0]).splitlines()]

    assert (told, sizes) == (list(range(1, len(told) + 1)), sorted(sizes))
    assert len(told) >= 60
    assert [whole(tmp_path / f"{number}.db") for number in range(6)] == [True] * 6


# ── recovery ──────────────────────────────────────────────────────────────────────────────


def test_a_copy_put_in_the_place_of_a_lost_store_verifies_and_its_log_goes_on(tmp_path):
    path, kept = tmp_path / "store.db", tmp_path / "kept.db"
    fill(path)
    with Store.open(path) as store:
        held = store.checkpoint(SIGNER).encode()
        backup(store, kept)
    for file in tmp_path.glob("store.db*"):
        file.unlink()

    shutil.copy(kept, path)
    with Store.open(path) as store:
        seq = collect(store, "after the loss", look(BUCKETS, 900, {"b": 1}))
        store.checkpoint(SIGNER)
        told = facets(store.view())

    with closing(sqlite3.connect(path)) as raw:
        mode = raw.execute("PRAGMA journal_mode").fetchone()[0]
    assert (seq, mode, told, checked(path, held).findings) == (12, "wal", {"b": {"": 1}}, [])


def test_going_on_from_an_old_copy_is_a_fork_that_a_checkpoint_kept_elsewhere_shows(tmp_path):
    path, old = tmp_path / "store.db", tmp_path / "old.db"
    fill(path)
    with Store.open(path) as store:
        backup(store, old)
        collect(store, "what really came next", look(BUCKETS, 900, {"b": 1}))
        held = store.checkpoint(SIGNER).encode()
    with Store.open(old) as store:
        collect(store, "what came after the old copy was put back", look(BUCKETS, 901, {"b": 2}))
        store.checkpoint(SIGNER)
    alone, against = checked(old), checked(old, held)

    assert (alone.findings, [(f.table, f.what) for f in against.findings]) == (
        [],
        [("checkpoint given", "the first 12 records are not those that it signs")],
    )


# ── stopped in the middle ─────────────────────────────────────────────────────────────────

_COMPACT = (
    "import sys; from annexlog.evidence_store.backup import compact; from annexlog.evidence_store.store import Store\n"
    "with Store.open(sys.argv[1]) as store:\n    print('now', flush=True)\n    while True: compact(store)"
)


def test_a_store_is_made_smaller_and_says_the_same(tmp_path):
    path = tmp_path / "store.db"
    fill(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:  # as after a disposal: pages that are free
        raw.execute("CREATE TABLE gone (x)")
        raw.executemany("INSERT INTO gone VALUES (?)", [(b"x" * 4000,)] * 200)
        raw.execute("DROP TABLE gone")

    with Store.open(path) as store:
        done = compact(store)

    assert (isinstance(done, Compacted), done.before - done.after > 700_000, path.stat().st_size) == (
        True, True, done.after,
    )  # fmt: skip
    assert checked(path).ok


def test_a_store_opened_for_reading_is_not_compacted(store):
    with Store.open(store.backend.path, readonly=True) as reader, pytest.raises(StoreError, match="for reading only"):
        compact(reader)


def test_a_compaction_killed_at_any_moment_leaves_a_store_that_verifies(tmp_path):
    path, chance = tmp_path / "store.db", random.Random(11)
    with Store.open(path, create=True) as store:
        collect(store, "one", look(BUCKETS, 10, {f"{n}": os.urandom(300).hex() for n in range(3000)}))

    found = []
    for _ in range(5):
        process = start(_COMPACT, path)
        process.stdout.readline()
        time.sleep(chance.random() * 0.1)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        with Store.open(path) as store:
            found.append((store.size(), collect(store, "one", look(BUCKETS, 10)), whole(path)))

    assert found == [(1, 1, True)] * 5


_BEGAN = ", began INTEGER CHECK (began IS NULL OR typeof(began) = 'integer')"
_OLDER = "PRAGMA user_version = 1"
_MIGRATE = (
    "import sqlite3, sys, os, signal; from annexlog.evidence_store import migrating\n"
    "count = 0\n"
    "class Killed(sqlite3.Connection):\n"
    "    def execute(self, sql, *a):\n"
    "        global count\n"
    "        count += 1\n"
    "        if count == int(sys.argv[2]): os.kill(os.getpid(), signal.SIGKILL)\n"
    "        return super().execute(sql, *a)\n"
    "connection = sqlite3.connect(sys.argv[1], isolation_level=None, factory=Killed)\n"
    "migrating.migrate(connection)"
)


def older(path):
    """Make a store what one of the first schema was: with other views, without a guard and a column that came later."""
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        for name in VIEWS:
            raw.execute(f"DROP VIEW {name}")
        raw.execute("CREATE VIEW runs AS SELECT seq FROM run")
        raw.execute("CREATE VIEW of_old AS SELECT seq FROM run")
        raw.execute("DROP TRIGGER late_no_replace")
        [(table,)] = raw.execute("SELECT sql FROM sqlite_master WHERE name = 'outcome'").fetchall()
        guards = raw.execute("SELECT sql FROM sqlite_master WHERE tbl_name = 'outcome' AND type = 'trigger'").fetchall()
        raw.execute("ALTER TABLE outcome RENAME TO of_now")
        raw.execute(table.replace(_BEGAN, ""))
        raw.execute("INSERT INTO outcome SELECT lid, rid, run, status, reason, cause FROM of_now")
        raw.execute("DROP TABLE of_now")
        for (guard,) in guards:
            raw.execute(guard)
        raw.execute("DROP INDEX run_by_recorded")
        raw.execute(_OLDER)


def test_an_older_store_is_brought_forward_when_it_is_opened_for_writing(tmp_path):
    path = tmp_path / "store.db"
    fill(path)
    older(path)

    with pytest.raises(StoreError, match=f"has schema 1; this annexlog needs {VERSION}.*annexlog store init"):
        Store.open(path, readonly=True)
    with closing(sqlite3.connect(path)) as raw:
        before = raw.execute("PRAGMA user_version").fetchone()[0]
    Store.open(path).close()

    with closing(sqlite3.connect(path)) as raw:
        after = raw.execute("PRAGMA user_version").fetchone()[0]
    assert (before, after, checked(path).findings) == (1, VERSION, [])


@pytest.mark.parametrize("moment", [2, 3, 4, 6, 9, 14, 18])
def test_a_migration_killed_at_any_statement_was_never_begun(tmp_path, moment):
    path = tmp_path / "store.db"
    fill(path)
    older(path)
    with closing(sqlite3.connect(path)) as raw:
        before = sorted(raw.execute("SELECT name, sql FROM sqlite_master WHERE sql NOTNULL").fetchall())

    process = start(_MIGRATE, path, moment)
    process.communicate()

    with closing(sqlite3.connect(path)) as raw:
        found = sorted(raw.execute("SELECT name, sql FROM sqlite_master WHERE sql NOTNULL").fetchall())
    assert (process.returncode, found) == (-signal.SIGKILL, before)
    Store.open(path).close()
    assert checked(path).findings == []


# ── where nothing can be written ──────────────────────────────────────────────────────────

_READ = (
    "import os, sys, tempfile, pathlib; from annexlog.evidence_store import backup, queries, sqlite_snapshot\n"
    "from annexlog.evidence_store.store import Store; from annexlog.evidence_store.model import StoreError\n"
    "if not os.geteuid(): os.setegid(65534); os.seteuid(65534)\n"
    "try:\n"
    "    with Store.open(sys.argv[1], readonly=True) as store, tempfile.TemporaryDirectory() as folder:\n"
    "        made = backup.backup(store, pathlib.Path(folder) / 'copy.db')\n"
    "        print(store.size(), len(list(store.view().runs())), made.records)\n"
    "except StoreError as error: print(error)"
)


@pytest.fixture
def elsewhere():
    """A folder that anybody may enter."""
    folder = Path(tempfile.mkdtemp(prefix="annexlog-"))
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


def read_where_nothing_can_be_written(path):
    """What a reader prints who may not write into the store's folder."""
    for file in path.parent.iterdir():
        file.chmod(0o644)
    path.parent.chmod(0o555)
    return subprocess.check_output([sys.executable, "-c", _READ, str(path)], cwd=ROOT, text=True).strip()


def test_a_store_in_a_folder_that_cannot_be_written_to_is_read_as_it_is(elsewhere):
    fill(elsewhere / "store.db")
    for ending in ("-wal", "-shm", ".lock"):
        Path(f"{elsewhere / 'store.db'}{ending}").unlink(missing_ok=True)

    assert read_where_nothing_can_be_written(elsewhere / "store.db") == "11 11 11"


def test_records_that_only_a_writer_could_take_in_are_not_left_out_silently(elsewhere):
    fill(elsewhere / "made.db")
    with Store.open(elsewhere / "made.db") as store:
        collect(store, "in the -wal file only", look(BUCKETS, 900, {"b": 1}))
        for ending in ("", "-wal"):
            shutil.copy(f"{elsewhere / 'made.db'}{ending}", f"{elsewhere / 'store.db'}{ending}")

    said = read_where_nothing_can_be_written(elsewhere / "store.db")

    assert said == (
        f"{elsewhere / 'store.db'}: the newest records are still in store.db-wal, and nothing can be written beside "
        "the store. Copy both files to a folder of your own and read there, or make a copy: annexlog store backup FILE."
    )
