"""Several writers on one PostgreSQL store: who waits for whom and how long, and what a reader may ever see."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from contextlib import closing, contextmanager
from pathlib import Path
from random import Random

import psycopg
import pytest
from making import BUCKETS, FAIL, PASS, UNKNOWN, VERDICTS, collect, facets, judge, look, rows
from pg_worker import line

from annexlog.evidence_store import postgres
from annexlog.evidence_store.backup import compact
from annexlog.evidence_store.database import Database
from annexlog.evidence_store.disposal import Asked, dispose, of_resource
from annexlog.evidence_store.keys import Signer
from annexlog.evidence_store.model import Run, StoreBusy, StoreError, StoreTooNew
from annexlog.evidence_store.postgres_connection import Place
from annexlog.evidence_store.recording import names
from annexlog.evidence_store.schema import TABLES, VERSION
from annexlog.evidence_store.spool import Spool
from annexlog.evidence_store.store import Store
from annexlog.evidence_store.verify import verify

SIGNER = Signer("example.com/log", bytes(range(32)))
WORKER = Path(__file__).with_name("pg_worker.py")


@pytest.fixture
def store(database):
    with Store.open(database, create=True, timeout=20) as store:
        yield store


@contextmanager
def worker(url, *what):
    with subprocess.Popen([sys.executable, WORKER, url, *what], stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def timed(do):
    begun = time.monotonic()
    done = do()
    return done, time.monotonic() - begun


def verified(store):
    store.checkpoint(SIGNER)
    report = verify(store, keys=[SIGNER.verifier])
    return report.findings, report.signed


# ── who waits for whom ────────────────────────────────────────────────────────────────────


def test_a_worker_that_is_stopped_at_the_logs_end_delays_others_no_longer_than_their_lock_timeout(store, database):
    with worker(database, "hold", "end") as process, Store.open(database, timeout=1) as other:
        process.stdout.readline()
        process.send_signal(signal.SIGSTOP)

        with pytest.raises(StoreBusy) as caught:
            collect(other, "one", look(BUCKETS, 10, {"a": 1}))

    assert "another program is writing to the store" in str(caught.value)
    assert (store.size(), rows(store, "version")) == (0, [])


def test_a_worker_that_is_stopped_in_its_lines_holds_up_nobody_else(store, database):
    with worker(database, "hold", "lines") as process, Store.open(database, timeout=1) as other:
        process.stdout.readline()
        process.send_signal(signal.SIGSTOP)

        place = collect(other, "one", look(line("mine"), 10, {"a": 1}))
        with pytest.raises(StoreBusy):
            collect(other, "two", look(line("shared"), 11, {"a": 1}))

    assert (place, store.size()) == (1, 1)


def test_the_server_gives_up_a_worker_that_is_stopped_for_half_its_own_lock_timeout(store, database):
    with Store.open(database, timeout=0.6) as stopped, Store.open(database, timeout=20) as other:
        with pytest.raises(StoreError, match=r"stopped for too long|lost"), stopped.backend.writing():  # noqa: PT012
            stopped.backend.follow()
            place, waited = timed(lambda: collect(other, "one", look(BUCKETS, 10, {"a": 1})))
            stopped.size()

        again = collect(stopped, "two", look(BUCKETS, 20, {"a": 2}))

    assert (place, again, waited < 10) == (1, 2, True)


def test_the_locks_of_a_worker_that_is_killed_go_with_it(store, database):
    with worker(database, "hold", "end") as process:
        process.stdout.readline()
        process.kill()
        process.wait()

        place = collect(store, "one", look(line("shared"), 10, {"a": 1}))

    assert place == 1


class Slow(Spool):
    """Lets a recording go on only once it is told to: it has its lines then, and has not looked what is known."""

    def __init__(self, folder):
        super().__init__(folder)
        self.reached, self.go = threading.Event(), threading.Event()

    def seen(self, line):
        self.reached.set()
        self.go.wait(20)
        return super().seen(line)


def test_two_workers_on_one_line_compare_with_one_another_never_with_what_was_before_both(store, database, tmp_path):
    collect(store, "before", look(BUCKETS, 5, {"a": 10}))
    sweep, _ = look(BUCKETS, 20)
    with Store.open(database, timeout=20) as quick, Slow(tmp_path) as spool:
        spool.add(BUCKETS, "a", 11)
        run = Run("change", "collect", "main", "aws/1", (sweep,))
        first = threading.Thread(target=lambda: store.record(run, spool, recorded=20))
        then = threading.Thread(target=lambda: collect(quick, "back", look(BUCKETS, 30, {"a": 10})))
        first.start()
        spool.reached.wait(20)
        then.start()
        then.join(0.3)
        waited = then.is_alive()
        spool.go.set()
        first.join()
        then.join()

    told = [(version.end, version.value) for version in store.view().history(BUCKETS, "a")]
    assert (waited, told) == (True, [(5, 10), (20, 11), (30, 10)])
    assert verified(store) == ([], 3)


def test_a_collection_and_an_assessment_of_one_scope_do_not_wait_for_one_another(store, database):
    collect(store, "one", look(BUCKETS, 10, {"a": 1}))
    with Store.open(database, timeout=1) as other, store.backend.writing():
        store.backend.hold([f"{BUCKETS.scope}\0evidence"])

        place = judge(other, 20, {"a": PASS})

    assert place == 2


def test_a_record_of_ten_thousand_scopes_needs_no_more_locks_than_there_are_stripes(store):
    lines = [line(f"{number}") for number in range(10_000)]
    sql = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"

    with store.backend.writing():
        store.backend.hold(names(lines))
        held = next(store.backend.select(sql))[0]

    assert 1000 < held <= postgres.STRIPES + 1


# ── what is ever seen ─────────────────────────────────────────────────────────────────────


def test_a_key_that_another_worker_has_recorded_gives_its_place(store, database):
    collect(store, "one", look(BUCKETS, 10, {"a": 1}))
    with Store.open(database) as other:
        collect(other, "two", look(BUCKETS, 20, {"a": 2}))

        again = [collect(other, "one", look(BUCKETS, 30, {"a": 3})), collect(store, "two", look(BUCKETS, 30, {"a": 3}))]

    assert (again, store.size()) == ([1, 2], 2)


def test_a_transaction_that_is_given_up_leaves_no_gap_in_the_log(store):
    collect(store, "one", look(BUCKETS, 10, {"a": 1}))
    with pytest.raises(ZeroDivisionError), store.backend.writing():  # noqa: PT012
        store.backend.claim("run", 5)
        store.backend.follow()
        raise ZeroDivisionError

    place = collect(store, "two", look(BUCKETS, 20, {"a": 2}))

    numbers = list(store.backend.select("SELECT seq, run FROM run ORDER BY seq"))
    assert (place, [seq for seq, _ in numbers], numbers[1][1] > 6) == (2, [1, 2], True)
    assert verified(store) == ([], 2)


def test_eight_workers_lose_no_run_and_a_reader_never_sees_one_appear_below_another(store, database):
    runs, workers = 12, 8
    with closing(psycopg.connect(database, autocommit=True)) as reader:
        processes = [
            subprocess.Popen(
                [sys.executable, WORKER, database, "record", f"w{n}", f"{runs}"], stdout=subprocess.PIPE, text=True
            )
            for n in range(workers)
        ]
        seen, late, gaps = 0, [], []
        while any(process.poll() is None for process in processes):
            found = [row[0] for row in reader.execute("SELECT seq FROM annexlog.run ORDER BY seq")]
            gaps += [found] if found != list(range(1, len(found) + 1)) else []
            late += [found] if len(found) < seen else []
            seen = len(found)
        told = [re.findall(r"(\d+) (\d+)\n", process.communicate()[0]) for process in processes]

    places = sorted(int(place) for one in told for _, place in one)
    assert (gaps, late, places) == ([], [], list(range(1, runs * workers + 1)))
    assert [process.returncode for process in processes] == [0] * workers
    assert verified(store) == ([], runs * workers)


def test_workers_that_are_killed_anywhere_lose_nothing_that_was_acknowledged(store, database):
    random, told = Random(1), []
    for number in range(5):
        with worker(database, "record", f"killed{number}", "500") as process:
            lines = [process.stdout.readline() for _ in range(random.randint(1, 4))]
            time.sleep(random.random() * 0.03)  # to be anywhere in the next recording
            process.kill()
            told += [int(line.split()[1]) for line in [*lines, *process.stdout]]

    stored = [row[0] for row in store.backend.select("SELECT seq FROM run ORDER BY seq")]
    assert (set(told) <= set(stored), stored) == (True, list(range(1, len(stored) + 1)))
    assert verified(store) == ([], len(stored))


def test_threads_of_one_process_record_side_by_side(store):
    def record(name):
        for number in range(6):
            collect(store, f"{name} {number}", look(line(name), 10 + number, {"a": number}))

    threads = [threading.Thread(target=record, args=(f"t{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (store.size(), verified(store)) == (24, ([], 24))


def test_one_reason_that_two_writers_met_at_once_is_still_one_reason(store, database):
    judge(store, 10, {"a": UNKNOWN})
    blob = next(store.backend.select("SELECT sha256, size, z FROM blob"))
    with store.backend.writing():  # as the other writer's transaction leaves it
        bid = store.backend.claim("blob", 1)[0]
        store.backend.append("blob", [(bid, blob[0], None, None, blob[1], blob[2])])
    with Store.open(database) as other:
        judge(other, 20, {"a": UNKNOWN, "b": FAIL})

        rows = list(other.view().outcomes(test=VERDICTS.facet.removeprefix("outcome:"), resource="a"))

    assert [(row.since, row.seq) for row in rows] == [(10, 1)]


# ── connections and errors ────────────────────────────────────────────────────────────────


def test_after_a_lost_connection_the_next_call_connects_anew(store, server, database):
    collect(store, "one", look(BUCKETS, 10, {"a": 1}))
    end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}'"
    server.run(end.format(database.partition("?")[0].rpartition("/")[2]))

    with pytest.raises(StoreError, match="connection to the server cannot be made, or was lost"):
        store.size()

    assert (store.size(), collect(store, "two", look(BUCKETS, 20, {"a": 2}))) == (1, 2)


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("postgresql://me:s3cret@127.0.0.1:1/none", "cannot be made, or was lost"),
        ("postgresql://me:s3cret@host:port/none", "URL cannot be read"),
        ("postgresql://me:s3cret@[/none", "URL cannot be read"),
        ("postgresql://me@127.0.0.1:1/none?password=s3cret", "cannot be made, or was lost"),
    ],
)
def test_no_password_is_in_any_text(url, what):
    with pytest.raises(StoreError, match=what) as caught:
        Store.open(url)

    told = [str(caught.value), repr(caught.value), repr(Database(url)), repr(caught.value.__cause__)]
    assert [text for text in told if "s3cret" in text] == []


def test_a_password_that_the_server_repeats_is_taken_out():
    place = Place("postgresql://me:s3cret@db.example/evidence")

    told = place.own(psycopg.OperationalError("nobody is called s3cret"))

    assert (told.what, told.where) == (
        "the connection to the server cannot be made, or was lost: nobody is called ***.",
        "postgresql://me@db.example/evidence",
    )


def test_the_printed_place_has_no_password():
    assert (
        str(Database("postgresql://me:s3cret@db.example:5433/evidence")) == "postgresql://me@db.example:5433/evidence"
    )


def test_a_database_without_a_store_says_how_to_make_one(database):
    with pytest.raises(StoreError, match=r"no evidence store here.*annexlog store init"):
        Store.open(database)


def test_a_store_of_a_newer_version_is_not_opened(store, database):
    with psycopg.connect(database) as raw:
        raw.execute(f"INSERT INTO annexlog.migration VALUES ({VERSION + 1})")

    with pytest.raises(StoreTooNew, match=f"schema {VERSION + 1}"):
        Store.open(database)


def test_a_store_of_an_older_version_is_brought_forward_by_its_owner_and_keeps_all(store, database):
    collect(store, "one", look(BUCKETS, 10, {"a": 1}))
    with psycopg.connect(database) as raw:
        raw.execute("SET search_path = annexlog; ALTER TABLE migration DISABLE TRIGGER ALL")
        raw.execute(
            "DELETE FROM migration; INSERT INTO migration VALUES (1); DROP VIEW runs; DROP INDEX run_by_recorded; "
            "DROP VIEW outcomes; ALTER TABLE outcome DROP COLUMN began"
        )

    with pytest.raises(StoreError, match="annexlog store init"):
        Store.open(database)
    with Store.open(database, create=True) as forward:
        assert (facets(forward.view()), verified(forward)) == ({"a": {"": 1}}, ([], 1))


def test_a_snapshot_is_read_on_after_an_error_and_is_still_the_same_state(store):
    collect(store, "one", look(BUCKETS, 10, {"a": 1}))
    with store.backend.snapshot() as snapshot:
        before = list(snapshot.select("SELECT seq FROM run"))
        collect(store, "two", look(BUCKETS, 20, {"a": 2}))
        with pytest.raises(StoreError, match="division by zero"):
            list(snapshot.select("SELECT 1 / (seq - seq) FROM run"))

        after = list(snapshot.select("SELECT seq FROM run"))

    assert (before, after, store.size()) == ([(1,)], [(1,)], 2)


def test_a_store_in_postgresql_is_verified_since_a_checkpoint(store):
    collect(store, "one", look(BUCKETS, 10, {"a": 1}))
    since = store.checkpoint(SIGNER).encode()
    collect(store, "two", look(BUCKETS, 20, {"a": 2}))
    store.checkpoint(SIGNER)

    report = verify(store, keys=[SIGNER.verifier], since=since)

    assert (report.findings, report.signed) == ([], 2)


# ── guards and roles ──────────────────────────────────────────────────────────────────────

WRITES = {
    "update": "UPDATE {0} SET {1} = {1}",
    "delete": "DELETE FROM {0}",
    "truncate": "TRUNCATE {0} CASCADE",
    "upsert": "INSERT INTO {0} SELECT * FROM {0} ON CONFLICT ({2}) DO UPDATE SET {1} = excluded.{1}",
}


@pytest.mark.parametrize("write", WRITES)
def test_not_even_the_owner_may_change_a_row(store, database, write):
    collect(store, "one", look(BUCKETS, 10, {"a": 1}))
    collect(store, "late", look(BUCKETS, 5, {"a": 1}))
    judge(store, 20, {"a": PASS})
    store.checkpoint(SIGNER)
    names = [name for name in TABLES if rows(store, name)]
    refused = []
    with closing(psycopg.connect(database, autocommit=True)) as raw:
        raw.execute("SET search_path = annexlog; SET session_replication_role = replica")  # which skips other triggers
        for name in names:
            try:
                raw.execute(WRITES[write].format(name, TABLES[name].columns[-1].name, ", ".join(TABLES[name].key)))
            except psycopg.errors.RestrictViolation:
                refused.append(name)

    assert (len(names) > 8, refused) == (True, names)


@pytest.mark.parametrize(
    "damage",
    [
        "ALTER TABLE run DISABLE TRIGGER run_no_change",
        "ALTER TABLE run ENABLE TRIGGER run_no_change",
        "DROP TRIGGER run_no_truncate ON run",
        "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "ALTER TABLE opening DROP CONSTRAINT opening_salt_check",
        "ALTER TABLE run DROP CONSTRAINT run_run_key_key",
        "ALTER TABLE sweep ALTER start DROP NOT NULL",
        "DROP INDEX blob_by_digest",
        "DROP VIEW runs",
        "CREATE TABLE more (x int)",
        "CREATE RULE quiet AS ON INSERT TO checkpoint DO INSTEAD NOTHING",
        "ALTER TABLE line ADD COLUMN more int",
    ],
)
def test_a_guard_that_is_not_that_of_a_new_store_is_a_finding(store, database, damage):
    collect(store, "one", look(BUCKETS, 10, {"a": 1}))
    before = verified(store)[0]
    with psycopg.connect(database) as raw:
        raw.execute(f"SET search_path = annexlog; {damage}")

    after = verify(store, keys=[SIGNER.verifier]).findings

    assert (before, bool(after)) == ([], True)


@pytest.fixture
def roles(store, server, database):
    """The URL of a user who is a member of one role, by the role's suffix."""
    prefix = f"t{os.getpid()}_{id(store) % 10_000}"
    names = Database(database).grant(prefix)
    users = {name.removeprefix(f"{prefix}_"): f"{name}_user" for name in names}
    server.run(*(f"CREATE ROLE {user} LOGIN IN ROLE {prefix}_{suffix}" for suffix, user in users.items()))
    yield {suffix: database.replace("//postgres@", f"//{user}@") for suffix, user in users.items()}
    with psycopg.connect(database, autocommit=True) as raw:
        raw.execute(f"DROP OWNED BY {', '.join(names)}")
    server.run(*(f"DROP ROLE {name}" for name in (*users.values(), *names)))


def may(url, statement):
    with closing(psycopg.connect(url)) as connection:
        try:
            connection.execute(f"SET search_path = annexlog; {statement}")
        except psycopg.errors.InsufficientPrivilege:
            return False
        return True


def test_a_writer_records_assesses_signs_and_verifies_but_changes_nothing(store, roles):
    with Store.open(roles["writer"], create=True) as writer:
        places = [
            collect(writer, "one", look(BUCKETS, 10, {f"{n}": n for n in range(40)})),
            judge(writer, 20, {"0": PASS}),
        ]
        findings = verified(writer)

    refused = [may(roles["writer"], sql) for sql in ("DELETE FROM run", "UPDATE run SET seq = seq", "TRUNCATE run",
               "SELECT setval('run_run_seq', 1)", "CREATE TABLE more (x int)", "ALTER TABLE run DISABLE TRIGGER ALL",
               "INSERT INTO migration VALUES (99)")]  # fmt: skip
    assert (places, findings, refused) == ([1, 2], ([], 2), [False] * 7)


def disposed(store):
    return dispose(store, Asked("erasure", "request 12", "ada", 100), lambda within: of_resource(within, "a"))


def test_a_writer_may_not_dispose_of_anything_and_is_told_who_may(store, roles):
    collect(store, "one", look(BUCKETS, 10, {"a": 1, "b": 2}))
    before = {name: rows(store, name) for name in TABLES}
    with Store.open(roles["writer"]) as writer:
        with pytest.raises(StoreError, match=r"owner of the tables may dispose of evidence.*Let postgres do it"):
            disposed(writer)
        with pytest.raises(StoreError, match="only the owner of the tables may rewrite them"):
            compact(writer)

    assert {name: rows(store, name) for name in TABLES} == before
    assert verified(store)[0] == []


def test_the_owner_disposes_beside_a_writer_who_goes_on_and_what_went_is_in_no_page(store, roles, database):
    long = os.urandom(50_000).hex()
    with Store.open(roles["writer"]) as writer:
        collect(writer, "one", look(BUCKETS, 10, {"a": long, "b": 2}))

        done = disposed(store)
        made = compact(store)
        place = collect(writer, "two", look(BUCKETS, 20, {"b": 3}))

    assert (done.versions, done.names, place, made.after < made.before - 50_000) == (1, 1, 3, True)
    assert facets(store.view()) == {"b": {"": 3}}
    assert verified(store)[0] == []


def test_an_inspector_uses_every_reading_command_and_writes_nothing(store, roles):
    collect(store, "one", look(BUCKETS, 10, {"a": 1}))
    store.checkpoint(SIGNER)
    with Store.open(roles["inspector"], readonly=True) as inspector:
        seen = (facets(inspector.view()), verify(inspector, keys=[SIGNER.verifier]).findings)
    with Store.open(roles["inspector"]) as inspector, pytest.raises(StoreError, match="does not let this user"):
        collect(inspector, "two", look(BUCKETS, 20, {"a": 1}))

    assert seen == ({"a": {"": 1}}, [])


def test_a_reader_sees_the_views_and_no_table(store, roles):
    collect(store, "one", look(BUCKETS, 10, {"a": 1}))
    with psycopg.connect(roles["reader"]) as connection:
        found = connection.execute("SELECT seq, kind FROM annexlog.runs").fetchall()

    tables = [name for name in (*TABLES, "migration") if may(roles["reader"], f"SELECT 1 FROM {name}")]
    assert (found, tables) == ([(1, "collect")], [])
