"""Verifying a store: what it says of one that is whole, of guards and checkpoints, and of what it cannot see."""

import sqlite3
from contextlib import closing

import pytest
import zstandard
from histories import histories
from hypothesis import given, settings
from making import BUCKETS, collect, look
from tampering import KEYS, SCHEMA, SIGNER, checked, fill, unguarded
from test_as_of import played

from annexlog.evidence_store.checkpoint import Checkpoint
from annexlog.evidence_store.keys import Signer
from annexlog.evidence_store.model import StoreDamaged
from annexlog.evidence_store.schema import VERSION
from annexlog.evidence_store.store import Store
from annexlog.evidence_store.verify import verify

# ── nothing is wrong ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("name", "records"), [("short.db", 11), ("long.db", 259)])
def test_a_store_that_nobody_touched_is_as_its_log_says(originals, name, records):
    report = checked(originals / name)

    assert (report.ok, report.findings, report.total) == (True, [], 0)
    assert (report.records, report.signed) == (records, records)


@given(histories)
@settings(max_examples=60, deadline=None)
def test_whatever_was_recorded_in_whatever_order_verifies(steps):
    with played(steps) as player:
        player.store.checkpoint(SIGNER)

        report = verify(player.store, keys=KEYS)

    assert (report.findings, report.records, report.signed) == ([], player.played, player.played)


def test_an_empty_store_verifies(tmp_path):
    Store.open(tmp_path / "store.db", create=True).close()

    report = checked(tmp_path / "store.db")

    assert (report.ok, report.records, report.checkpoints) == (True, 0, 0)


def test_what_is_written_meanwhile_is_not_looked_at(tmp_path):
    fill(tmp_path / "store.db")

    with Store.open(tmp_path / "store.db") as store, store.backend.snapshot() as snapshot:
        before = list(snapshot.select("SELECT count(*) FROM run"))
        collect(store, "meanwhile", look(BUCKETS, 60, {"d": 1}))
        after, now = list(snapshot.select("SELECT count(*) FROM run")), store.size()

    assert (before, after, now) == ([(11,)], [(11,)], 12)


# ── guards ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("kind", "name", "table"), [row for row in SCHEMA if row[0] != "table"])
def test_a_guard_index_or_view_that_is_gone_is_reported(copy, kind, name, table):
    path = copy()
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        raw.execute(f"DROP {kind} {name}")

    report = checked(path)

    assert [(f.table, f.key, f.what) for f in report.findings] == [(table, f"{kind} {name}", "is missing")]


def test_a_guard_that_was_weakened_and_one_that_does_not_belong_are_reported(copy):
    path = copy()
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        raw.execute("DROP TRIGGER run_no_update")
        raw.execute("CREATE TRIGGER run_no_update BEFORE UPDATE ON run BEGIN SELECT 1; END")
        raw.execute("CREATE TRIGGER quiet AFTER INSERT ON run BEGIN DELETE FROM late; END")

    report = checked(path)

    assert [(f.where, f.what) for f in report.findings] == [
        ("run (trigger quiet)", "does not belong to a store"),
        ("run (trigger run_no_update)", "is not what it is in a new store"),
    ]


def test_an_index_that_leads_astray_is_reported(copy):
    path = copy()
    with closing(sqlite3.connect(path)) as raw:
        [digest] = raw.execute("SELECT sha256 FROM blob WHERE bid = 3").fetchone()
        [page] = raw.execute("SELECT rootpage FROM sqlite_master WHERE name = 'blob_by_digest'").fetchone()
        [size] = raw.execute("PRAGMA page_size").fetchone()
    data = bytearray(path.read_bytes())
    data[data.index(digest[:6], (page - 1) * size)] ^= 1
    path.write_bytes(data)

    report = checked(path)

    assert {f.table for f in report.findings} == {"file"}
    assert "SQLite's own check says: row 3 missing from index blob_by_digest" in {f.what for f in report.findings}


def test_a_store_that_says_to_be_of_another_version_is_reported(copy):
    path = copy()
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        raw.execute("PRAGMA user_version = 0")

    report = checked(path)

    assert [(f.where, f.what) for f in report.findings] == [("file (user_version)", f"is 0, not {VERSION}")]


def test_a_table_without_its_checks_is_reported(copy):
    path = copy()
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        raw.execute("PRAGMA writable_schema = ON")
        raw.execute(
            "UPDATE sqlite_master SET sql = replace(sql, 'CHECK (typeof(lid) = ''integer'')', '') WHERE name = 'late'"
        )

    report = checked(path)

    assert [(f.where, f.what) for f in report.findings] == [("late (table late)", "is not what it is in a new store")]


# ── reporting ─────────────────────────────────────────────────────────────────────────────


def test_many_findings_are_all_counted_and_the_first_of_each_table_told(tmp_path):
    path = tmp_path / "store.db"
    with Store.open(path, create=True) as store:
        collect(store, "1", look(BUCKETS, 10, {f"{i}": i for i in range(600)}))
        store.checkpoint(SIGNER)
    with unguarded(path) as raw:
        raw.execute("UPDATE blob SET size = 0")
        raw.execute("UPDATE resource SET native_id = native_id || 'x'")

    report = checked(path)

    assert report.total == 3 * 600
    assert [sum(f.table == table for f in report.findings) for table in ("blob", "resource", "opening")] == [200] * 3


@pytest.mark.parametrize("size", [1 << 62, -1, "many"])
def test_a_body_that_claims_to_be_huge_is_reported_without_being_unpacked(copy, size):
    path = copy()
    with unguarded(path) as raw:
        raw.execute("UPDATE blob SET size = ? WHERE bid = 1", [size])

    report = checked(path)

    assert ("blob (1)", "cannot be read: it is not the size and the bytes of a body") in {
        (f.where, f.what) for f in report.findings
    }


def test_a_manifest_that_claims_to_be_huge_is_reported_without_being_unpacked(copy):
    path = copy()
    with unguarded(path) as raw:
        params = zstandard.ZstdCompressionParameters(write_content_size=True)
        bomb = zstandard.ZstdCompressor(compression_params=params).compress(bytes(1 << 20))
        raw.execute("UPDATE run SET manifest = ? WHERE seq = 4", [bomb[:4] + b"\xe0" + b"\xff" * 8 + bomb[9:]])

    report = checked(path)

    assert "run (manifest of record 4)" in {f.where for f in report.findings}


# ── checkpoints ───────────────────────────────────────────────────────────────────────────


def test_checkpoints_by_a_key_that_is_not_known_are_reported(copy):
    other = Signer("example.com/other", bytes(32))

    report = checked(copy(), keys=[other.verifier])

    assert [(f.where, f.what) for f in report.findings] == [
        (f"checkpoint (size {size})", "is signed by no key that is known, but by example.com/log (d455c521)")
        for size in (3, 7, 11)
    ]
    assert report.signed == 0


def test_a_log_that_was_never_signed_is_reported(tmp_path):
    path = tmp_path / "store.db"
    with Store.open(path, create=True) as store:
        collect(store, "1", look(BUCKETS, 10, {"a": 1}))

    report = checked(path)

    assert [(f.where, f.what) for f in report.findings] == [
        ("checkpoint", "there is none: nothing that is recorded is signed")
    ]


def test_a_checkpoint_of_another_log_is_reported_though_the_key_is_known(copy):
    path = copy()
    with unguarded(path) as raw:
        [note] = raw.execute("SELECT note FROM checkpoint WHERE size = 11").fetchone()
        signed = Checkpoint.parse(note)
        forged = Checkpoint.sign("example.com/other", 11, signed.root, SIGNER)
        raw.execute("UPDATE checkpoint SET note = ? WHERE size = 11", [forged.encode()])

    report = checked(path)

    assert [(f.where, f.what) for f in report.findings] == [
        ("checkpoint (size 11)", "is of another log, example.com/other")
    ]


def truncated(path, size):
    """Cut the log back to `size` records, as if nothing had ever been recorded behind them."""
    with unguarded(path) as raw:
        for table, column in (
            *(("version", "run"), ("outcome", "run"), ("tally", "run"), ("sweep", "seq"), ("late", "seq")),
            *(("run", "seq"), ("checkpoint", "size")),
        ):
            raw.execute(f"DELETE FROM {table} WHERE {column} > ?", [size])
        shown = "SELECT lid, rid FROM version UNION SELECT lid, rid FROM outcome"
        raw.execute(f"DELETE FROM member WHERE (lid, rid) NOT IN ({shown})")
        raw.execute("DELETE FROM resource WHERE rid NOT IN (SELECT rid FROM member)")
        raw.execute("DELETE FROM opening WHERE rid NOT IN (SELECT rid FROM member)")
        raw.execute("DELETE FROM line WHERE lid NOT IN (SELECT lid FROM sweep)")
        used = "SELECT bid FROM version WHERE bid IS NOT NULL UNION SELECT reason FROM outcome WHERE reason IS NOT NULL"
        raw.execute(f"DELETE FROM blob WHERE bid NOT IN ({used})")


def newest(path):
    with closing(sqlite3.connect(path)) as raw:
        return raw.execute("SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1").fetchone()[0]


def test_a_log_cut_off_with_its_checkpoints_is_seen_only_against_one_kept_elsewhere(copy):
    path = copy()
    kept = newest(path)
    truncated(path, 7)

    inside, outside = checked(path), checked(path, checkpoint=kept)

    assert (inside.ok, inside.records) == (True, 7)
    assert "newest records were cut off, together with" in inside.blind_spots[0]
    assert [(f.where, f.what) for f in outside.findings] == [
        ("checkpoint given", "signs 11 records: records 8 to 11 are missing"),
        ("run (records 8 to 11)", "are missing, though they were signed"),
    ]


def test_a_log_that_the_key_s_holder_wrote_anew_is_seen_only_against_a_checkpoint_kept_elsewhere(copy, tmp_path):
    kept = newest(copy())
    path = tmp_path / "anew.db"
    with Store.open(path, create=True) as store:
        for at in range(1, 13):
            collect(store, f"{at}", look(BUCKETS, at, {"a": {"n": at}}))
        store.checkpoint(SIGNER)

    inside, outside = checked(path), checked(path, checkpoint=kept)

    assert inside.ok
    assert "whoever holds the signing key" in inside.blind_spots[1]
    assert [(f.where, f.what) for f in outside.findings] == [
        ("checkpoint given", "the first 11 records are not those that it signs"),
    ]


def test_a_checkpoint_kept_elsewhere_narrows_what_would_not_be_seen(copy):
    path = copy()
    with closing(sqlite3.connect(path)) as raw:
        [older] = raw.execute("SELECT note FROM checkpoint WHERE size = 7").fetchone()

    spots = [checked(path, checkpoint=kept).blind_spots for kept in (None, older, newest(path))]

    assert [len(found) for found in spots] == [4, 4, 2]
    assert ["after record 7" in spot for spot in spots[1]] == [True, True, False, False]


@pytest.mark.parametrize("given", [b"", b"garbage", b"\xff" * 100, b"x" * 100_000])
def test_a_file_that_is_no_checkpoint_is_a_finding(copy, given):
    report = checked(copy(), checkpoint=given)

    assert [f.where for f in report.findings] == ["checkpoint given"]


def test_a_checkpoint_kept_elsewhere_that_an_unknown_key_signed_is_a_finding(copy):
    path = copy()
    signed = Checkpoint.parse(newest(path))
    forged = Checkpoint.sign("example.com/log", 11, signed.root, Signer("example.com/log", bytes(32)))

    report = checked(path, checkpoint=forged.encode())

    assert [(f.where, f.what) for f in report.findings] == [
        ("checkpoint given", "is signed by no key that is known, but by example.com/log (1dde4531)")
    ]
    assert len(report.blind_spots) == 4


# ── reading what is damaged ───────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("damage", "what"),
    [
        ("CAST(substr(z, 1, length(z) - 1) || x'00' AS BLOB)", "a body cannot be read"),
        ("CAST(substr(z, 1, 4) || x'e0ffffffffffffff00' || substr(z, 14) AS BLOB)", "a body cannot be read"),
        ("CAST('not JSON' || substr(z, 9) AS BLOB)", "a body cannot be read"),
        ("CAST(replace(z, '{', '(') AS BLOB)", "a body is not JSON"),
    ],
)
def test_a_body_that_cannot_be_read_sends_its_reader_to_verify(copy, damage, what):
    path = copy()
    pressed = "<>" if what == "a body cannot be read" else "="
    with unguarded(path, "blob") as raw:
        raw.execute(f"UPDATE blob SET z = {damage} WHERE length(z) {pressed} size")

    with Store.open(path, readonly=True) as store, pytest.raises(StoreDamaged, match=what) as caught:
        list(store.view().resources(*BUCKETS[:2], ["policy"]))

    assert caught.value.next == "Run `annexlog verify`."


@pytest.mark.parametrize("record", ["CAST('x' AS BLOB)", "'text'", "7", "x'ff'"])
def test_a_record_that_cannot_be_read_sends_its_reader_to_verify(copy, record):
    path = copy()
    with unguarded(path, "run") as raw:
        raw.execute(f"UPDATE run SET record = {record}")

    with (
        Store.open(path, readonly=True) as store,
        pytest.raises(StoreDamaged, match="a record cannot be read") as caught,
    ):
        list(store.view().runs())

    assert caught.value.next == "Run `annexlog verify`."


def test_a_checkpoint_that_cannot_be_read_sends_its_reader_to_verify(copy):
    path = copy()
    with unguarded(path, "checkpoint") as raw:
        raw.execute("UPDATE checkpoint SET note = x'00'")

    with Store.open(path) as store, pytest.raises(StoreDamaged, match="a checkpoint cannot be read"):
        store.checkpoint(SIGNER)
