"""Verifying finds every edit of the database and says where; what it cannot see from inside, it says too."""

import random
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest
import zstandard
from histories import histories
from hypothesis import given, settings
from making import BUCKETS, VERDICTS, collect, look
from tampering import SIGNER, content, fill, fill_long, forge, of_key, put, unguarded
from test_as_of import played

from annexlog.evidence_store import layout
from annexlog.evidence_store.checkpoint import Checkpoint
from annexlog.evidence_store.keys import Signer
from annexlog.evidence_store.model import Line, StoreDamaged, StoreError
from annexlog.evidence_store.schema import TABLES
from annexlog.evidence_store.sqlite import create
from annexlog.evidence_store.store import Store
from annexlog.evidence_store.verify import verify

KEYS = [SIGNER.verifier]

# Tables that a store of this version never has rows in: nothing in them can be edited, and any row is a finding.
EMPTY = {"dictionary", "anchor", "erased"}

with closing(sqlite3.connect(":memory:", isolation_level=None)) as fresh:
    create(fresh)
    SCHEMA = fresh.execute(
        "SELECT type, name, tbl_name FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name"
    ).fetchall()
    FOUND_TABLES = [name for kind, name, _ in SCHEMA if kind == "table"]
    COLUMNS = [(table, row[1]) for table in FOUND_TABLES for row in fresh.execute(f"PRAGMA table_info({table})")]
COLUMNS = [(table, column) for table, column in COLUMNS if table not in EMPTY]
"""Read from the database itself, so that a new column cannot be forgotten."""


@pytest.fixture(scope="module")
def originals(tmp_path_factory):
    folder = tmp_path_factory.mktemp("originals")
    fill(folder / "short.db")
    fill_long(folder / "long.db")
    return folder


@pytest.fixture
def copy(originals, tmp_path):
    """A function that gives a fresh copy of the store that has rows in a table."""

    def made(table="run"):
        path = tmp_path / "store.db"
        shutil.copy(originals / ("long.db" if table == "tile" else "short.db"), path)
        return path

    return made


def checked(path, **more):
    with Store.open(path, readonly=True) as store:
        return verify(store, **{"keys": KEYS, **more})


def tables(report):
    return {finding.table for finding in report.findings}


def rows_of(path, table):
    """Of a table: the first row, one of the middle, and the last."""
    with closing(sqlite3.connect(path)) as raw:
        found = raw.execute(f"SELECT * FROM {table}").fetchall()
    return [found[i] for i in sorted({0, len(found) // 2, len(found) - 1})] if found else []


def others(value):
    """Values that are not this one: a neighbour, far away, of another kind, none."""
    if isinstance(value, bytes):
        flipped = bytes([value[0] ^ 1]) + value[1:] if value else b"x"
        return [flipped, value[:-1], value + b"\0", b"", "text", None]
    if isinstance(value, str):
        return [value + "x", value[:-1], b"bytes", 7, None]
    if value is None:
        return [1, 1 << 40, "text"]
    return [value + 1, value + 1000, -1, 1 << 62, "text", None]


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


# ── every table, every column, every row ──────────────────────────────────────────────────


def test_the_tables_are_all_looked_at():
    assert sorted(TABLES) == FOUND_TABLES


def survived(copy, table, changes, named=None):
    """Those of these changes (what, function of a raw connection) after which verifying does not name the table."""
    missed = []
    for what, change in changes:
        path = copy(table)
        with unguarded(path, table) as raw:
            try:
                change(raw)
            except sqlite3.IntegrityError:  # the key or the type of a rowid does not let it happen
                continue
        if (named or table) not in tables(checked(path)):
            missed.append(what)
    return missed


@pytest.mark.parametrize(("table", "column"), COLUMNS)
def test_an_edit_of_any_column_is_reported_in_its_table(copy, table, column):
    names = [c.name for c in TABLES[table].columns]
    rows = rows_of(copy(table), table)
    edits = [
        ((row, value), lambda raw, row=row, value=value: put(raw, table, row, column, value))
        for row in rows
        for value in others(row[names.index(column)])
        if value != row[names.index(column)]
    ]

    missed = survived(copy, table, edits)

    assert (bool(edits), missed) == (True, [])


WITHOUT_A_TRACE = {
    # Nothing that is recorded later refers to the newest checkpoint: without it, the records behind the one before
    # are not signed, which the report says, but the store is as it was before it was signed.
    ("checkpoint", 11),
}


@pytest.mark.parametrize("table", [table for table in FOUND_TABLES if table not in EMPTY])
def test_a_deleted_row_is_reported_in_its_table(copy, table):
    rows = [row for row in rows_of(copy(table), table) if (table, row[0]) not in WITHOUT_A_TRACE]

    def delete(raw, row):
        where, key = of_key(table, row)
        raw.execute(f"DELETE FROM {table} WHERE {where}", key)

    missed = survived(copy, table, [(row, lambda raw, row=row: delete(raw, row)) for row in rows])

    assert (bool(rows), missed) == (True, [])


def test_without_the_newest_checkpoint_the_report_says_what_is_not_signed(copy):
    path = copy()
    with unguarded(path) as raw:
        raw.execute("DELETE FROM checkpoint WHERE size = 11")

    report = checked(path)

    assert (report.ok, report.signed) == (True, 7)
    assert "A change to records 8 to 11: no checkpoint signs them yet." in report.blind_spots[0]


REFERRED_TO = {"blob": "version", "line": "sweep"}
"""Rows that are whole in themselves: where they changed places, what refers to them is not what it was."""
NOTHING_BUT_KEY = {"member", "late"}
"""Rows that are nothing but their key: two of them that change places are the same two rows."""


@pytest.mark.parametrize("table", [t for t in FOUND_TABLES if t not in EMPTY | NOTHING_BUT_KEY | {"tile"}])
def test_two_rows_that_changed_places_are_reported_in_their_table(copy, table):
    names = [c.name for c in TABLES[table].columns]
    free = [name for name in names if name not in TABLES[table].key]
    rows = rows_of(copy(table), table)
    pairs = [
        (one, two)
        for i, one in enumerate(rows)
        for two in rows[:i]
        if of_free(one, names, free) != of_free(two, names, free)
    ]

    def swap(raw, one, two):
        for names_, row, other in ((free, one, None), (free, two, one), (free, one, two)):
            for name in names_:
                value = placeholder(name) if other is None else other[names.index(name)]
                put(raw, table, row, name, value)

    swaps = [(pair, lambda raw, pair=pair: swap(raw, *pair)) for pair in pairs]
    missed = survived(copy, table, swaps, REFERRED_TO.get(table, table))

    assert (bool(pairs), missed) == (True, [])


def of_free(row, names, free):
    return [row[names.index(name)] for name in free]


def placeholder(name):
    """Out of the way of unique keys while two rows change places."""
    return f"placeholder {name}"


def inserted(path, table):
    """Rows that could be slipped in: like each that is there, under keys that are not; and one where there is none."""
    columns, key = TABLES[table].columns, TABLES[table].key
    kinds = {"integer": 1, "text": "text", "blob": b"blob", "hash": layout.sha256(b"")}
    like = rows_of(path, table) or [tuple(kinds[column.kind] for column in columns)]
    return [
        tuple(v + step if c.name == changed else v for c, v in zip(columns, row, strict=True))
        for row in like
        for changed in key
        for step in (1, 1000)
        if isinstance(row[[c.name for c in columns].index(changed)], int)
    ]


@pytest.mark.parametrize("table", FOUND_TABLES)
def test_an_inserted_row_is_reported_in_its_table(copy, table):
    rows = inserted(copy(table), table)

    def insert(raw, row):
        uniques = [i for i, c in enumerate(TABLES[table].columns) if any(c.name in u for u in TABLES[table].unique)]
        fresh = [v if not isinstance(v, str) or i not in uniques else f"{v} new" for i, v in enumerate(row)]
        raw.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", fresh)

    missed = survived(copy, table, [(row, lambda raw, row=row: insert(raw, row)) for row in rows])

    assert (bool(rows), missed) == (True, [])


JUDGED = "aws/1 aws.s3.bucket outcome:aws.s3.private"

# ── rows that hang together ───────────────────────────────────────────────────────────────


def test_a_resource_that_no_answer_showed_is_reported_though_its_opening_fits(copy):
    path = copy()
    with unguarded(path) as raw:
        salt = bytes(32)
        cid = layout.cid(salt, BUCKETS.scope, BUCKETS.type, "invented")
        raw.execute("INSERT INTO resource VALUES (900, ?, ?, 'invented', ?)", [*BUCKETS[:2], cid])
        raw.execute("INSERT INTO opening VALUES (900, ?)", [salt])

    report = checked(path)

    assert [(f.where, f.what) for f in report.findings] == [("resource (900)", "no line ever showed it")]


def test_a_renamed_resource_is_reported_by_its_new_name(copy):
    path = copy()
    with unguarded(path) as raw:
        raw.execute("UPDATE resource SET native_id = 'other' WHERE native_id = 'b' AND type = ?", [BUCKETS.type])

    report = checked(path)

    assert [f.what for f in report.findings] == [
        "its cid is not that of this name and salt",
        "or the salt is not that of this name and cid",
    ]
    assert all("aws/1 aws.s3.bucket other" in f.key for f in report.findings)


def test_a_body_that_was_replaced_together_with_its_digest_is_reported_where_it_was_seen(copy):
    path = copy()
    with unguarded(path) as raw:
        body = b'{"n":9}'
        [bid] = raw.execute("SELECT bid FROM blob WHERE z = ?", [b'{"n":2}']).fetchone()
        raw.execute("UPDATE blob SET z = ?, sha256 = ? WHERE bid = ?", [body, layout.sha256(body), bid])

    report = checked(path)

    assert {f.where for f in report.findings} == {
        "version (aws/1 aws.s3.bucket listing, record 2)",
        "version (aws/1 aws.s3.bucket listing, record 4)",
    }


def test_an_outcome_that_was_turned_to_pass_with_its_counts_is_reported_with_line_and_record(copy):
    path = copy()
    with unguarded(path) as raw:
        raw.execute("UPDATE outcome SET status = 'pass', reason = NULL WHERE status = 'fail' AND run = 3")
        raw.execute("UPDATE tally SET pass = 1, fail = 0 WHERE run = 3")

    report = checked(path)

    assert "outcome (aws/1 aws.s3.bucket outcome:aws.s3.private, record 3)" in {f.where for f in report.findings}


def test_a_line_cut_out_with_all_of_its_rows_is_reported(copy):
    path = copy()
    with unguarded(path) as raw:
        [lid] = raw.execute("SELECT lid FROM line WHERE facet = ?", [VERDICTS.facet]).fetchone()
        for table in ("line", "sweep", "outcome", "tally", "member", "late"):
            raw.execute(f"DELETE FROM {table} WHERE lid = ?", [lid])

    report = checked(path)

    assert ("line (aws/1 aws.s3.bucket outcome:aws.s3.private)", "is missing") in {
        (f.where, f.what) for f in report.findings
    }


def test_a_record_rewritten_with_its_columns_is_reported_against_the_checkpoint_that_signed_it(copy):
    path = copy()
    with unguarded(path) as raw:
        [record] = raw.execute("SELECT record FROM run WHERE seq = 5").fetchone()
        forged = record.replace(b"target main\n", b"target other\n")
        raw.execute("UPDATE run SET record = ? WHERE seq = 5", [forged])

    report = checked(path)

    assert forged != record
    assert [(f.where, f.what) for f in report.findings] == [
        ("checkpoint (size 7)", "the first 7 records are not those that it signs"),
        ("run (records 4 to 7)", "are not those signed"),
        ("checkpoint (size 11)", "the first 11 records are not those that it signs"),
    ]


LISTING, POLICY, OUTCOME = 2, 3, 4
"""The lids of these lines in the store that is tampered with: resource 2 is a, 3 is b, 4 is c."""
OTHERS, NOTHING = "has rows that cannot be of such a line", "has a row that changes nothing"
IN_LISTING, IN_POLICY = "aws/1 aws.s3.bucket listing", "aws/1 aws.s3.bucket policy"


@pytest.mark.parametrize(
    ("table", "row", "key", "what"),
    [
        ("version", (POLICY, 3, 6, 1), f"{IN_POLICY}, record 6", "a sweep that was denied has versions"),
        ("version", (POLICY, 4, 10, 8), f"{IN_POLICY}, record 10", "resource 4 says again what it said before"),
        ("version", (LISTING, 4, 2, None), f"{IN_LISTING}, record 2", "resource 4 ends that was not there"),
        ("version", (POLICY, 2, 4, None), f"{IN_POLICY}, record 4", "resource 2 ends that was not there"),
        ("version", (LISTING, 3, 9, 1), f"{IN_LISTING}, record 9", "has rows, but no sweep of the line"),
        ("version", (OUTCOME, 3, 7, 1), f"{JUDGED}, record 7", OTHERS),
        ("outcome", (OUTCOME, 4, 8, "pass", None, None), f"{JUDGED}, record 8", "resource 4 " + NOTHING),
        ("outcome", (OUTCOME, 2, 8, None, None, None), f"{JUDGED}, record 8", "resource 2 " + NOTHING),
        ("outcome", (LISTING, 3, 6, "pass", None, None), f"{IN_LISTING}, record 6", OTHERS),
        ("tally", (LISTING, 6, 1, 0, 0, 0), f"{IN_LISTING}, record 6", OTHERS),
        ("tally", (OUTCOME, 8, 1, 0, 1, 0), f"{JUDGED}, record 8", "(1, 0, 1, 0) is not what the other tables come to"),
        ("late", (LISTING, 6), f"{IN_LISTING}, record 6", "it is not what the other tables come to"),
        ("sweep", (LISTING, 55, 10, 10, 54, 0), f"{IN_LISTING}, record 10", "the record does not speak of it"),
        ("sweep", (LISTING, 55, 10, 10, 54, 6), f"{IN_LISTING}, record 10", "(10, 55, 54, 6) is no sweep"),
    ],
)
def test_a_row_that_no_history_could_have_is_reported_though_it_changes_no_answer(copy, table, row, key, what):
    path = copy()
    with unguarded(path, table) as raw:
        raw.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)

    report = checked(path)

    assert (table, key, what) in {(f.table, f.key, f.what) for f in report.findings}


def test_a_line_that_no_record_speaks_of_is_reported_though_it_has_sweeps(copy):
    path = copy()
    with unguarded(path) as raw:
        raw.execute("INSERT INTO line VALUES (90, 'aws/1', 'aws.s3.bucket', 'invented')")
        raw.execute("INSERT INTO sweep VALUES (90, 20, 4, 4, 19, 2)")

    report = checked(path)

    assert [(f.where, f.what) for f in report.findings] == [
        ("line (90: aws/1 aws.s3.bucket invented)", "no record has looked at it")
    ]


def test_of_many_lines_that_differ_each_is_named(tmp_path):
    path = tmp_path / "store.db"
    with Store.open(path, create=True) as store:
        lines = [Line("aws/1", "aws.s3.bucket", f"{i:02}") for i in range(30)]
        collect(store, "1", *(look(line, 10, {"a": 1}) for line in lines))
        store.checkpoint(SIGNER)
    with unguarded(path, "sweep") as raw:
        raw.execute("UPDATE sweep SET start = 8")

    report = checked(path)

    assert [f.key.partition(",")[0] for f in report.findings] == [f"aws/1 aws.s3.bucket {i:02}" for i in range(30)]
    assert {f.what for f in report.findings} == {
        "is complete 8–10; the record says complete 9–10",
        "what the tables hold of it is not what the log says of it",
    }


ZERO = bytes(32)
OUT_OF_KIND = "what it says of when it was judged, and from how much, is not of its kind"


@pytest.mark.parametrize(
    ("seq", "fields", "where", "what"),
    [
        (9, {"heads_root": ZERO}, "run (record 9)", "the newest sweeps of all lines do not come to its heads_root"),
        (
            11,
            {"definitions_root": ZERO},
            "run (record 11)",
            "the definitions of its day do not come to its definitions_root",
        ),
        (
            9,
            {"definitions_root": ZERO},
            "run (record 9)",
            "the definitions of its day do not come to its definitions_root",
        ),
        (9, {"now": 5}, "run (record 9)", OUT_OF_KIND),
        (9, {"upto": 5}, "run (record 9)", OUT_OF_KIND),
        (11, {"now": None}, "run (record 11)", OUT_OF_KIND),
        (11, {"upto": 11}, "run (record 11)", OUT_OF_KIND),
        (9, {"recorded": 39}, "run (record 9)", "was not recorded at the later of its clock and the record before it"),
        (9, {"clock": 41}, "run (record 9)", "was not recorded at the later of its clock and the record before it"),
        (
            9,
            {"seq": 90},
            "run (record 9)",
            "run, run_key and recorded are (9, '4', 40); the record itself says otherwise",
        ),
        (9, {"lines": 2}, "run (manifest of record 9)", "has 1 lines; the record says 2"),
        (
            9,
            {"populations_root": ZERO},
            "run (manifest of record 9)",
            "its lines do not come to the root that the record commits to",
        ),
        (
            9,
            {"outcomes_root": ZERO},
            "run (manifest of record 9)",
            "its lines do not come to the root that the record commits to",
        ),
        (9, {"kind": "assess"}, "run (manifest of record 9)", "aws/1 aws.s3.bucket policy is not of the record's kind"),
        (11, {"now": 52}, "run (manifest of record 11)", f"{JUDGED} was not judged when the record says"),
        (9, {"previous_timestamp": ZERO}, "anchor (before record 9)", "the timestamp that the record names is missing"),
        (
            9,
            {"previous_checkpoint": None},
            "checkpoint (before record 9)",
            "the newest one is not that which the record names",
        ),
    ],
)
def test_a_record_that_makes_no_sense_is_reported_though_it_is_signed(copy, seq, fields, where, what):
    path = copy()
    forge(path, seq, of_record=fields)

    report = checked(path)

    assert (where, what) in {(f.where, f.what) for f in report.findings}
    assert tables(report) == {where.partition(" ")[0]}


def with_first(**fields):
    """A manifest whose first line says something else."""
    return lambda newest, entries: (newest, [replace(entries[0], **fields), *entries[1:]])


@pytest.mark.parametrize(
    ("seq", "change", "where", "what"),
    [
        (
            9,
            lambda newest, entries: (newest + 1, entries),
            "run (manifest of record 9)",
            "names another time as that of the newest sweep",
        ),
        (
            9,
            with_first(changed=1),
            "run (manifest of record 9)",
            "does not say of aws/1 aws.s3.bucket policy what its changes come to",
        ),
        (
            11,
            with_first(inputs=b"[]"),
            "run (manifest of record 11)",
            f"{JUDGED} names other inputs than it was judged from",
        ),
        (
            11,
            with_first(causes=ZERO),
            f"outcome ({JUDGED}, record 11)",
            "the causes of its changes are not those that the record commits to",
        ),
        (
            11,
            with_first(n=3),
            f"outcome ({JUDGED}, record 11)",
            "the 2 that it holds are not the 3 that the record commits to",
        ),
        (
            9,
            with_first(root=ZERO),
            "version (aws/1 aws.s3.bucket policy, record 9)",
            "the 2 that it holds are not the 2 that the record commits to",
        ),
        (
            9,
            with_first(start=38),
            "sweep (aws/1 aws.s3.bucket policy, record 9)",
            "is complete 39–40; the record says complete 38–40",
        ),
        (
            9,
            with_first(line=Line("aws/1", "aws.s3.bucket", "invented")),
            "line (aws/1 aws.s3.bucket invented)",
            "is missing",
        ),
        (
            9,
            with_first(line=Line("aws/1", "aws.s3.bucket", "invented")),
            "sweep (aws/1 aws.s3.bucket policy, record 9)",
            "the record does not speak of it",
        ),
    ],
)
def test_a_manifest_that_the_tables_do_not_come_to_is_reported_though_it_is_signed(copy, seq, change, where, what):
    path = copy()
    forge(path, seq, of_manifest=change)

    report = checked(path)

    assert (where, what) in {(f.where, f.what) for f in report.findings}


def test_records_that_are_missing_are_reported_by_number_and_those_behind_are_checked(copy):
    path = copy()
    with unguarded(path) as raw:
        raw.execute("DELETE FROM run WHERE seq IN (4, 5)")

    report = checked(path)

    assert [(f.where, f.what) for f in report.findings if f.table == "run"] == [
        ("run (records 4 to 5)", "are missing"),
        ("run (records 4 to 7)", "are not those signed"),
    ]


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

    assert [(f.where, f.what) for f in report.findings] == [("file (user_version)", "is 0, not 1")]


def test_a_table_without_its_checks_is_reported(copy):
    path = copy()
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        raw.execute("PRAGMA writable_schema = ON")
        raw.execute(
            "UPDATE sqlite_master SET sql = replace(sql, 'CHECK (typeof(lid) = ''integer'')', '') WHERE name = 'late'"
        )

    report = checked(path)

    assert [(f.where, f.what) for f in report.findings] == [("late (table late)", "is not what it is in a new store")]


# ── bits ──────────────────────────────────────────────────────────────────────────────────


def flipped(value, at):
    """The value with one bit of its stored form turned over."""
    if isinstance(value, int):
        return value ^ (1 << at % 62)
    data = bytearray(value.encode() if isinstance(value, str) else value)
    data[at // 8 % len(data)] ^= 1 << at % 8
    return bytes(data)


def same_when_unpacked(column, one, two):
    """Whether two compressed forms are of the same bytes: a frame of zstd has bits that mean nothing."""
    try:
        return column in ("z", "manifest") and zstandard.decompress(one) == zstandard.decompress(two)
    except zstandard.ZstdError:
        return False


def test_a_flipped_bit_of_any_value_is_reported_in_its_table(copy):
    dice = random.Random(20261125)
    missed, tried = [], 0
    while tried < 200:
        table, column = dice.choice([c for c in COLUMNS if c[0] != "tile"])
        at = [c.name for c in TABLES[table].columns].index(column)
        path = copy(table)
        with closing(sqlite3.connect(path)) as raw:
            row = dice.choice(raw.execute(f"SELECT * FROM {table}").fetchall())
        if row[at] in (None, "", b""):
            continue
        value = flipped(row[at], dice.randrange(1 << 20))
        with unguarded(path, table) as raw:
            where, key = of_key(table, row)
            form = "CAST(? AS TEXT)" if isinstance(row[at], str) else "?"
            try:
                raw.execute(f"UPDATE {table} SET {column} = {form} WHERE {where}", [value, *key])
            except sqlite3.IntegrityError:
                continue
        tried += 1
        if table not in tables(checked(path)) and not same_when_unpacked(column, row[at], value):
            missed.append((table, column, row, value))

    assert missed == []


def test_a_flipped_bit_anywhere_in_the_file_is_reported_or_changes_no_row(originals, tmp_path):
    dice = random.Random(7)
    original = (originals / "short.db").read_bytes()
    used = [i for i, byte in enumerate(original) if byte]  # most of a small file is room
    wanted = content(originals / "short.db")
    path = tmp_path / "store.db"
    missed, told = [], 0
    for _ in range(200):
        at = dice.choice(used) * 8 + dice.randrange(8)
        damaged = bytearray(original)
        damaged[at // 8] ^= 1 << at % 8
        path.write_bytes(damaged)
        try:
            ok = checked(path).ok
        except StoreError:  # not even opened, and the error says so
            ok = False
        told += not ok
        if ok and content(path) != wanted:
            missed.append(at)

    assert (missed, told > 50) == ([], True)


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
        (f"checkpoint (size {size})", "is signed by no key that is known, but by example.com/log")
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

    assert [len(found) for found in spots] == [3, 3, 1]
    assert ["after record 7" in spot for spot in spots[1]] == [True, True, False]


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
        ("checkpoint given", "is signed by no key that is known, but by example.com/log")
    ]
    assert len(report.blind_spots) == 3


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
