"""Verifying finds edits that hang together, rows that no history could have, and nonsense that is signed."""

from dataclasses import replace

import pytest
from making import BUCKETS, VERDICTS, collect, look
from tampering import SIGNER, checked, forge, tables, unguarded

from annexlog.evidence_store import layout
from annexlog.evidence_store.model import Line
from annexlog.evidence_store.store import Store

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
        ("version", (POLICY, 4, 10, 7), f"{IN_POLICY}, record 10", "resource 4 says again what it said before"),
        ("version", (LISTING, 4, 2, None), f"{IN_LISTING}, record 2", "resource 4 ends that was not there"),
        ("version", (POLICY, 2, 4, None), f"{IN_POLICY}, record 4", "resource 2 ends that was not there"),
        ("version", (LISTING, 3, 9, 1), f"{IN_LISTING}, record 9", "has rows, but no sweep of the line"),
        ("version", (OUTCOME, 3, 7, 1), f"{JUDGED}, record 7", OTHERS),
        ("outcome", (OUTCOME, 4, 8, "pass", None, None, None), f"{JUDGED}, record 8", "resource 4 " + NOTHING),
        ("outcome", (OUTCOME, 2, 8, None, None, None, None), f"{JUDGED}, record 8", "resource 2 " + NOTHING),
        ("outcome", (LISTING, 3, 6, "pass", None, None, None), f"{IN_LISTING}, record 6", OTHERS),
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
            "run_key and recorded are ('4', 40); the record itself says otherwise",
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
            "the one that the record names is not there",
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
