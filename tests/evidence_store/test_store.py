"""What recording keeps, what it commits to, and that nothing recorded is ever changed."""

import os
import sqlite3
import stat
import threading

import orjson
import pytest
from making import (
    BUCKETS,
    COMPLETE,
    DENIED,
    FAIL,
    PARTIAL,
    PASS,
    POLICIES,
    SUPPLEMENT,
    UNKNOWN,
    VERDICTS,
    collect,
    facets,
    judge,
    look,
    rows,
)

from annexlog.evidence_store import keys, layout, merkle
from annexlog.evidence_store.checkpoint import Checkpoint
from annexlog.evidence_store.layout import Record
from annexlog.evidence_store.model import Coverage, Line, Outcome, Run, Seen, Status, StoreError, Sweep, Unknown, encode
from annexlog.evidence_store.schema import TABLES
from annexlog.evidence_store.sqlite import SQLite
from annexlog.evidence_store.store import Assessment, JudgedLine, Store

UNOBSERVED = Unknown("unobserved")


def record_of(store, seq):
    return Record.parse(next(store.backend.select("SELECT record FROM run WHERE seq = ?", (seq,)))[0])


# ── recording ─────────────────────────────────────────────────────────────────────────────


def test_the_same_estate_twice_adds_a_run_and_its_sweeps_and_no_versions(store):
    estate = {"a": {"Name": "a"}, "b": {"Name": "b"}}
    collect(store, "one", look(BUCKETS, 10, estate), look(POLICIES, 11, {"a": None, "b": {"v": 1}}))
    before = {name: len(rows(store, name)) for name in TABLES}

    collect(store, "two", look(BUCKETS, 20, estate), look(POLICIES, 21, {"a": None, "b": {"v": 1}}))

    grown = {name: len(rows(store, name)) - count for name, count in before.items()}
    assert {name: count for name, count in grown.items() if count} == {"run": 1, "sweep": 2}


def test_a_name_that_no_database_keeps_is_refused_whole_and_a_body_keeps_any_character(store):
    with pytest.raises(StoreError, match=r"a name has a NUL .*nothing was recorded"):
        collect(store, "one", look(BUCKETS, 10, {"a": 1, "b\0": 2}))
    place = collect(store, "one", look(BUCKETS, 10, {"a": "\0"}))

    assert (place, facets(store.view())) == (1, {"a": {"": "\0"}})


def test_rows_that_nobody_reads_to_the_end_outlive_neither_the_transaction_nor_the_store(tmp_path):
    store = Store.open(tmp_path / "store.db", create=True)
    collect(store, "one", look(BUCKETS, 10, {f"{n}": n for n in range(40)}))
    with store.backend.writing():
        left = store.backend.select("SELECT * FROM resource")
        first = next(left)
    store.close()

    left.close()  # as a collector of garbage does, whenever it likes

    assert (first[0], list(left)) == (1, [])


def test_an_unchanged_line_commits_to_the_root_it_had(store):
    collect(store, "one", look(BUCKETS, 10, {"a": 1}))
    collect(store, "two", look(BUCKETS, 20, {"a": 1}))

    first, second = (store.manifests.entry(BUCKETS, seq) for seq in (1, 2))

    assert (second.n, second.root) == (first.n, first.root)


def test_the_same_key_again_writes_nothing_and_gives_the_place_it_has(store):
    places = [collect(store, "one", look(BUCKETS, 10, {"a": 1})), collect(store, "two", look(BUCKETS, 20, {"a": 2}))]
    before = {name: rows(store, name) for name in TABLES}

    again = collect(store, "one", look(BUCKETS, 30, {"a": 3}))

    assert (places, again, store.has_run("one"), store.has_run("three")) == ([1, 2], 1, True, False)
    assert {name: rows(store, name) for name in TABLES} == before


def test_a_refused_look_writes_no_versions_whatever_was_spooled(store):
    collect(store, "one", look(BUCKETS, 10, {"a": 1}))

    collect(store, "two", look(BUCKETS, 20, {"b": 2}, Coverage.DENIED, refusal=DENIED))

    entry = store.manifests.entry(BUCKETS, 2)
    assert (len(rows(store, "version")), entry.n, entry.root, entry.refusal()) == (1, None, None, DENIED)


def test_a_supplement_writes_a_version_of_all_it_carries_and_of_nothing_else(store):
    collect(store, "one", look(POLICIES, 10, {"a": 1, "b": 1, "c": 1}))

    collect(store, "two", look(POLICIES, 20, {"a": 1, "b": 2}, SUPPLEMENT))

    written = list(store.backend.select("SELECT rid, bid FROM version WHERE run = 2"))
    bids = dict(store.backend.select("SELECT rid, bid FROM version WHERE run = 1"))
    assert (len(written), written[0], written[1][1] != bids[2]) == (2, (1, bids[1]), True)
    assert store.manifests.entry(POLICIES, 2).n == 2


def test_a_supplement_that_says_nothing_new_still_counts_as_the_last_to_write(store):
    collect(store, "one", look(POLICIES, 10, {"a": 1, "b": 1}))
    collect(store, "two", look(POLICIES, 20, {"a": 1}, SUPPLEMENT))
    collect(store, "three", look(POLICIES, 30, {"a": 1, "b": 1}))

    entries = [store.manifests.entry(POLICIES, seq) for seq in (1, 2, 3)]

    assert ([entry.changed for entry in entries], entries[2].root == entries[0].root) == ([1, 2, 2], True)


def test_a_root_after_a_supplement_covers_all_that_the_next_look_saw(store, tmp_path):
    collect(store, "one", look(POLICIES, 10, {"a": 1, "b": 1}))
    collect(store, "two", look(POLICIES, 20, {"b": 2}, SUPPLEMENT))
    collect(store, "three", look(POLICIES, 30, {"a": 1, "b": 2}))
    collect(store, "four", look(POLICIES, 40, {"a": 1, "b": 2}))
    with Store.open(tmp_path / "other.db", create=True) as other:
        collect(other, "one", look(POLICIES, 30, {"a": 1, "b": 2}))
        counts = [other.manifests.entry(POLICIES, 1).n]

    entries = [store.manifests.entry(POLICIES, seq) for seq in (1, 3, 4)]

    assert ([entry.n for entry in entries[1:]], counts) == ([2, 2], [2])
    assert (entries[1].root, entries[1].root != entries[0].root) == (entries[2].root, True)


def test_a_run_has_one_sweep_of_each_line(store):
    with pytest.raises(ValueError, match="one sweep of each line"):
        collect(store, "one", look(BUCKETS, 10), look(BUCKETS, 11))


def test_what_is_spooled_without_a_sweep_is_an_error(store):
    with store.spool() as spool:
        spool.add(BUCKETS, "a", 1)

        with pytest.raises(ValueError, match=r"aws/1/aws\.s3\.bucket/ was spooled"):
            store.record(Run("one", "collect", "main", "aws/1", ()), spool, recorded=10)


def test_a_failed_recording_leaves_nothing_and_the_next_one_succeeds(store):
    backwards = Sweep(POLICIES, COMPLETE, -5, -1)
    collect(store, "one", look(BUCKETS, 10, {"a": 1}))
    before = {name: rows(store, name) for name in TABLES}

    with pytest.raises(ValueError, match="not a number"):
        collect(store, "two", look(BUCKETS, 20, {"b": 1}), (backwards, {}), recorded=20)

    assert {name: rows(store, name) for name in TABLES} == before
    assert collect(store, "three", look(BUCKETS, 30, {"b": 1})) == 2


def test_recorded_never_goes_back_and_the_clock_is_kept_beside_it(store):
    collect(store, "one", look(BUCKETS, 10), recorded=100)
    collect(store, "two", look(BUCKETS, 20), recorded=50)
    collect(store, "three", look(BUCKETS, 30), recorded=120)

    times = [(record_of(store, seq).recorded, record_of(store, seq).clock) for seq in (1, 2, 3)]

    assert times == [(100, 100), (100, 50), (120, 120)]


def test_a_record_says_who_asked_whom_and_how(store):
    run = Run("one", "collect", "main", "aws/1", (), caller="arn:aws:iam::1:role/r", collector="annexlog/1", policy="p")
    with store.spool() as spool:
        store.record(run, spool, recorded=10)

    record = record_of(store, 1)

    said = (record.writer, record.kind, record.target, record.caller, record.collector, record.policy, record.lines)
    assert said == (
        "annexlog", "collect", "main", "arn:aws:iam::1:role/r", "annexlog/1", "p", 0,
    )  # fmt: skip


def test_provenance_rules_and_refusals_are_read_as_they_were_recorded_and_committed_to(store):
    told = {"caller": "arn", "operations": [{"operation": "list_buckets", "pages": 3}]}
    rules = {"ignore": ["bucket.LastModified"]}
    collect(store, "one", look(BUCKETS, 10, {}, PARTIAL, refusal=DENIED, provenance=told, rules=rules))

    row = next(store.view().population_lines(BUCKETS))

    assert (row.seen, row.rules) == (Seen(PARTIAL, 9, 10, 1, DENIED), rules)
    assert row.provenance == {**told, "refusal": DENIED.as_json()}
    line = layout.PopulationLine.parse(store.manifests.entry(BUCKETS, 1).text())
    assert line.provenance_sha256 == layout.sha256(orjson.dumps(row.provenance, option=orjson.OPT_SORT_KEYS))
    assert record_of(store, 1).populations_root == merkle.root([layout.line_leaf(line.encode())])


def test_two_bodies_for_one_id_are_settled_alike_in_any_order(store):
    with store.spool() as spool, store.spool() as reverse:
        for value in ({"v": 1}, {"v": 2}, {"v": 3}):
            spool.add(BUCKETS, "a", value)
        for value in ({"v": 3}, {"v": 2}, {"v": 1}):
            reverse.add(BUCKETS, "a", value)
        sweeps = (Sweep(BUCKETS, COMPLETE, 9, 10),)
        store.record(Run("one", "collect", "main", "aws/1", sweeps), spool, recorded=10)
        store.record(Run("two", "collect", "main", "aws/1", sweeps), reverse, recorded=10)

    roots = {row.root for row in store.view().population_lines(BUCKETS)}
    assert (len(roots), len(rows(store, "version"))) == (1, 1)


def test_many_threads_fill_one_spool(store):
    with store.spool() as spool:
        threads = [
            threading.Thread(target=lambda n=n: [spool.add(BUCKETS, f"{n}-{i}", {"n": n, "i": i}) for i in range(300)])
            for n in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        store.record(Run("one", "collect", "main", "aws/1", (Sweep(BUCKETS, COMPLETE, 9, 10),)), spool, recorded=10)

    found = facets(store.view())

    assert found == {f"{n}-{i}": {"": {"n": n, "i": i}} for n in range(8) for i in range(300)}


def test_large_and_small_bodies_come_back_as_they_were(store):
    bodies = {"small": "x", "large": {"text": "so much of it " * 500}, "dense": [hex(n * 7919) for n in range(400)]}

    collect(store, "one", look(BUCKETS, 10, bodies))

    stored = dict(store.backend.select("SELECT size, length(z) FROM blob"))
    assert {id: value[""] for id, value in facets(store.view()).items()} == bodies
    assert (stored[3], [size > kept for size, kept in stored.items() if size > 128]) == (3, [True, True])


def test_equal_bodies_are_kept_once(store):
    collect(store, "one", look(BUCKETS, 10, {id: {"v": 1} for id in "abc"}), look(POLICIES, 11, {"a": {"v": 1}}))

    assert (len(rows(store, "blob")), len(rows(store, "version"))) == (1, 4)


# ── assessments ───────────────────────────────────────────────────────────────────────────


def test_an_assessment_keeps_what_changed_and_counts_all(store):
    judge(store, 10, {"a": PASS, "b": FAIL, "*": UNKNOWN}, causes={"a": "estate", "b": "estate"})
    judge(store, 20, {"a": FAIL, "b": FAIL, "*": UNKNOWN}, causes={"a": "register", "b": "clock"})

    view = store.view()

    assert len(rows(store, "outcome")) == 4
    assert [(r.id, r.status, r.reason, r.cause, r.since, r.at, r.seq) for r in view.outcomes()] == [
        ("*", "unknown", DENIED, "", 10, 20, 1),
        ("a", "fail", None, "register", 20, 20, 2),
        ("b", "fail", None, "estate", 10, 20, 1),
    ]
    assert view.tally(VERDICTS) == {
        Status.PASS: 0, Status.FAIL: 2, Status.UNKNOWN: 1, Status.NOT_APPLICABLE: 0,
    }  # fmt: skip


def test_an_outcome_lasts_while_only_its_reason_changes(store):
    judge(store, 10, {"a": PASS})
    judge(store, 20, {"a": UNKNOWN})
    judge(store, 30, {"a": Outcome(Status.UNKNOWN, Unknown("throttled"))})

    found = [(r.reason.reason, r.since, r.at, r.seq) for r in store.view().outcomes()]

    assert found == [("throttled", 20, 30, 3)]


def test_outcomes_carried_forward_write_nothing_but_the_look(store):
    judge(store, 10, {"a": PASS, "b": UNKNOWN})
    before = {name: len(rows(store, name)) for name in TABLES}

    judge(store, 20, None)

    grown = {name: len(rows(store, name)) - count for name, count in before.items()}
    lines = [layout.OutcomeLine.parse(store.manifests.entry(VERDICTS, seq).text()) for seq in (1, 2)]
    assert {name: count for name, count in grown.items() if count} == {"run": 1, "sweep": 1}
    assert (lines[0].root, lines[0][1:6]) == (lines[1].root, lines[1][1:6])


def test_a_restatement_that_carries_outcomes_carries_those_of_its_own_day(store):
    judge(store, 10, {"a": PASS})
    judge(store, 30, {"a": FAIL})

    judge(store, 20, None)

    statuses = {at: [r.status for r in store.view(at=at).outcomes()] for at in (10, 20, 30)}
    assert statuses == {10: ["pass"], 20: ["pass"], 30: ["fail"]}


def test_outcomes_that_are_not_there_cannot_be_carried(store):
    with pytest.raises(StoreError, match="no outcomes of aws/1"):
        judge(store, 10, None)

    assert store.size() == 0


def test_an_assessment_says_what_it_read(store):
    definitions = Line("org", "definition")
    collect(store, "one", look(definitions, 5, {"aws.s3.private": {"expect": "true"}}))
    judge(store, 10, {"a": PASS})

    assessed, record = store.view().assessed(VERDICTS), record_of(store, 2)

    assert (assessed.now, assessed.upto, assessed.seq, assessed.fingerprint) == (10, 1, 2, b"print")
    assert assessed.inputs == {BUCKETS, POLICIES}
    assert (record.kind, record.now, record.upto, record.populations_root) == ("assess", 10, 1, None)
    assert record.definitions_root == store.manifests.entry(definitions, 1).root
    assert record.outcomes_root == merkle.root([layout.line_leaf(store.manifests.entry(VERDICTS, 2).text())])
    assert store.assessment(2) == Assessment("assess 10 1", 10, 1, ())
    assert (store.assessment(1), store.assessment(3)) == (None, None)


def test_causes_are_committed_to(store):
    judge(store, 10, {"a": PASS, "b": PASS}, causes={"a": "estate", "b": "definition"})

    line = layout.OutcomeLine.parse(store.manifests.entry(VERDICTS, 1).text())

    cids = dict(store.backend.select("SELECT native_id, cid FROM resource"))
    assert line.causes_sha256 == layout.causes_sha256({cids["a"]: "estate", cids["b"]: "definition"})


def test_an_assessment_has_each_line_once(store):
    twice = [JudgedLine(VERDICTS, {"a": PASS}), JudgedLine(VERDICTS, {"a": FAIL})]

    with pytest.raises(ValueError, match="each outcome line once"):
        store.record_assessment(Assessment("one", 10, 0, twice), recorded=10)


def test_the_instants_that_were_assessed_are_known(store):
    for now in (30, 10, 20):
        judge(store, now, {"a": PASS})

    assert store.assessed_instants(since=20) == [20, 30]


# ── reading ───────────────────────────────────────────────────────────────────────────────


def test_a_resource_that_the_latest_look_did_not_show_is_unknown_at_once(store):
    collect(store, "one", look(BUCKETS, 10, {"a": 1, "b": 1}), look(POLICIES, 11, {"a": 2, "b": 2}))
    collect(store, "two", look(BUCKETS, 20, {"a": 1}, PARTIAL, refusal=DENIED))

    view = store.view()

    assert facets(view, "policy") == {"a": {"": 1, "policy": 2}, "b": {"": DENIED, "policy": DENIED}}
    assert (view.cell(BUCKETS, "b").value, view.cell(BUCKETS, "b").last, view.cell(BUCKETS, "b").seen.seq) == (
        DENIED,
        1,
        1,
    )
    assert facets(store.view(at=19), "policy")["b"] == {"": 1, "policy": 2}


def test_a_resource_that_came_back_under_its_old_name_has_no_facet_of_before(store):
    collect(store, "one", look(BUCKETS, 10, {"a": 1}), look(POLICIES, 11, {"a": "mine"}))
    collect(store, "two", look(BUCKETS, 20, {}))
    collect(store, "three", look(BUCKETS, 30, {"a": 1}))
    collect(store, "four", look(POLICIES, 31, {"a": "yours"}, SUPPLEMENT))

    found = [facets(store.view(at=at), "policy") for at in (11, 20, 30, 31)]

    assert found == [
        {"a": {"": 1, "policy": "mine"}}, {}, {"a": {"": 1, "policy": UNOBSERVED}}, {"a": {"": 1, "policy": "yours"}},
    ]  # fmt: skip


def test_a_resource_made_anew_between_two_looks_is_told_by_its_incarnation(store):
    rules = {"incarnation": "bucket.Created"}
    collect(store, "one", look(BUCKETS, 10, {"a": {"Created": 1}}, rules=rules), look(POLICIES, 11, {"a": "mine"}))
    collect(store, "two", look(BUCKETS, 20, {"a": {"Created": 2}}, rules=rules))
    collect(store, "three", look(BUCKETS, 30, {"a": {"Created": 2}}, rules=rules), look(POLICIES, 31, {"a": "yours"}))

    found = [facets(store.view(at=at), "policy")["a"]["policy"] for at in (19, 30, 31)]

    assert found == ["mine", UNOBSERVED, "yours"]


def test_a_facet_of_the_very_look_that_saw_the_new_incarnation_counts(store):
    rules = {"incarnation": "bucket.Created"}
    collect(store, "one", look(BUCKETS, 10, {"a": {"Created": 1}}, rules=rules))
    collect(store, "two", look(BUCKETS, 20, {"a": {"Created": 2}}, rules=rules), look(POLICIES, 20, {"a": "yours"}))

    assert facets(store.view(), "policy")["a"]["policy"] == "yours"


def test_a_facet_of_the_very_look_that_lacked_the_resource_does_not_count(store):
    collect(store, "one", look(BUCKETS, 10, {}), look(POLICIES, 10, {"a": "mine"}))
    collect(store, "two", look(BUCKETS, 20, {"a": 1}))

    assert facets(store.view(), "policy")["a"]["policy"] == UNOBSERVED


def test_a_view_does_not_see_what_is_recorded_after_it(store):
    collect(store, "one", look(BUCKETS, 10, {"a": 1}))
    view = store.view()
    resources = view.resources("aws/1", "aws.s3.bucket", ())

    collect(store, "two", look(BUCKETS, 9, {"b": 1}), look(POLICIES, 10, {"a": 1}))

    assert ([r.id for r in resources], facets(view, "policy")) == (["a"], {"a": {"": 1, "policy": UNOBSERVED}})


def test_nothing_given_a_view_shows_everything_even_of_clocks_that_are_ahead(store):
    collect(store, "one", look(BUCKETS, 90, {"a": 1}), recorded=50)
    collect(store, "two", look(POLICIES, 40, {"a": 2}), recorded=45)

    view = store.view()

    assert (view.at, view.upto, facets(view, "policy")) == (90, 2, {"a": {"": 1, "policy": 2}})


def test_the_fingerprint_of_an_unchanged_estate_is_the_same(store):
    looks = (look(BUCKETS, 10, {"a": 1}), look(POLICIES, 11, {"a": 2}))
    later = (look(BUCKETS, 20, {"a": 1}), look(POLICIES, 21, {"a": 2}))
    changed = (look(BUCKETS, 30, {"a": 1}), look(POLICIES, 31, {"a": 3}))
    prints = []

    for key, seen in (("one", looks), ("two", later), ("three", changed)):
        collect(store, key, *seen)
        prints.append(store.view().fingerprint([BUCKETS, POLICIES]))

    assert (prints[0] == prints[1], prints[1] == prints[2]) == (True, False)


def test_a_resource_that_came_back_unchanged_has_another_fingerprint_until_its_facet_is_read_again(store):
    collect(store, "one", look(BUCKETS, 10, {"a": 1}), look(POLICIES, 11, {"a": 2}))
    collect(store, "two", look(BUCKETS, 20, {}))
    collect(store, "three", look(BUCKETS, 30, {"a": 1}))
    collect(store, "four", look(BUCKETS, 40, {"a": 1}), look(POLICIES, 41, {"a": 2}))

    prints = [store.view(at=at).fingerprint([POLICIES]) for at in (11, 30, 41)]

    assert (prints[0] != prints[1], prints[0] == prints[2]) == (True, True)


def test_runs_are_listed_newest_first(store):
    collect(store, "one", look(BUCKETS, 10, {"a": 1}), look(POLICIES, 11, {}, Coverage.DENIED, refusal=DENIED))
    judge(store, 20, {"a": PASS})
    collect(store, "two", look(Line("org", "register"), 30, {}))

    found = [(r.seq, r.kind, r.scope, r.lines, r.coverage, r.now) for r in store.view().runs()]

    assert found == [
        (3, "collect", "org", 1, {"complete": 1}, None),
        (2, "assess", "aws/1", 1, {"complete": 1}, 20),
        (1, "collect", "aws/1", 2, {"complete": 1, "denied": 1}, None),
    ]
    assert [r.seq for r in store.view().runs(kind="collect", limit=1)] == [3]
    assert [r.seq for r in store.view(upto=2).runs(target="main")] == [1]


def test_lines_are_listed_by_scope_type_and_facet(store):
    collect(store, "one", look(BUCKETS, 10), look(POLICIES, 11))
    judge(store, 20, {"a": PASS})
    view = store.view()

    assert view.lines() == [BUCKETS, VERDICTS, POLICIES]
    assert (view.lines(facet="outcome:*"), view.lines(scope="aws/2")) == ([VERDICTS], [])
    assert store.view(upto=1).lines() == [BUCKETS, POLICIES]


DENIED_SWEEP = Coverage.DENIED


def moment(at):
    """A time of this suite, as views tell it."""
    return f"1970-01-01T00:00:00.{at:03d}Z"


def table(store, name):
    """A view as (columns, rows)."""
    if isinstance(store.backend, SQLite):
        columns = [row[1] for row in store.backend.select(f"PRAGMA table_info({name})")]
    else:
        sql = "SELECT column_name FROM information_schema.columns WHERE table_name = ? ORDER BY ordinal_position"
        columns = [row[0] for row in store.backend.select(sql, (name,))]
    return columns, sorted(rows(store, name), key=repr)


def test_views_with_friendly_names_show_what_is_known_now_to_any_sql_tool(store):
    collect(store, "one", look(BUCKETS, 10, {"a": {"v": 1}, "b": None}), look(POLICIES, 11, {"a": DENIED}))
    collect(store, "two", look(BUCKETS, 20, {"a": {"v": 2}}))
    collect(store, "three", look(BUCKETS, 30, {}, DENIED_SWEEP, refusal=DENIED))
    judge(store, 40, {"a": PASS}, causes={"a": "estate"})
    judge(store, 50, {"a": UNKNOWN}, causes={"a": "coverage"})

    names = ("populations", "resources", "coverage", "outcomes", "tallies", "tests")
    found = {name: table(store, name) for name in names}

    said = "denied: list_buckets (AccessDenied); needs s3:ListAllMyBuckets"
    bucket, test = ("aws/1", "aws.s3.bucket"), ("aws.s3.private", "aws/1", "aws.s3.bucket")
    assert found == {
        "populations": (
            ["scope", "type", "resources", "coverage", "seen", "seq"],
            [(*bucket, 1, "denied", moment(20), 2)],
        ),
        "resources": (
            ["scope", "type", "id", "coverage", "seen", "seq", "body"],
            [(*bucket, "a", "denied", moment(20), 2, '{"v":2}')],
        ),
        "coverage": (
            ["scope", "type", "facet", "seq", "status", "started", "ended"],
            [(*bucket, "", 3, "denied", moment(29), moment(30)), (*POLICIES, 1, "complete", moment(10), moment(11))],
        ),
        "outcomes": (
            ["test", "scope", "type", "id", "status", "reason", "cause", "changed_at", "since", "judged_at", "seq"],
            [(*test, "a", "unknown", said, "coverage", moment(50), moment(50), moment(50), 5)],
        ),
        "tallies": (
            ["test", "scope", "type", "pass", "fail", "unknown", "not_applicable", "judged_at", "seq"],
            [(*test, 0, 0, 1, 0, moment(50), 5)],
        ),
        "tests": (
            ["test", "scopes", "pass", "fail", "unknown", "not_applicable", "judged_at"],
            [("aws.s3.private", 1, 0, 0, 1, 0, moment(50))],
        ),
    }


def test_views_with_friendly_names_show_all_that_was(store):
    collect(store, "one", look(BUCKETS, 10, {"a": {"v": 1}}), look(POLICIES, 11, {"a": DENIED}))
    collect(store, "two", look(BUCKETS, 20, {}))
    judge(store, 40, {"a": PASS}, causes={"a": "estate"})
    judge(store, 50, {})

    found = {name: table(store, name)[1] for name in ("sweeps", "versions", "evidence", "outcome_history", "outcomes")}

    denied = encode(DENIED).decode()
    test = ("aws.s3.private", "aws/1", "aws.s3.bucket", "a")
    assert found == {
        "sweeps": [
            (*BUCKETS, 1, "complete", moment(9), moment(10)),
            (*BUCKETS, 2, "complete", moment(19), moment(20)),
            (*VERDICTS, 3, "complete", moment(40), moment(40)),
            (*VERDICTS, 4, "complete", moment(50), moment(50)),
            (*POLICIES, 1, "complete", moment(10), moment(11)),
        ],
        "versions": [
            (*BUCKETS, "a", 1, moment(11), '{"v":1}'),
            (*BUCKETS, "a", 2, moment(20), None),
            (*POLICIES, "a", 1, moment(11), denied),
        ],
        "evidence": [(*POLICIES, "a", "complete", moment(11), 1, denied)],
        "outcome_history": [
            (*test, "pass", None, "estate", moment(40), 3),
            (*test, None, None, None, moment(50), 4),
        ],
        "outcomes": [],
    }


def test_the_view_of_runs_shows_each_record_field_by_field(store):
    collect(store, "one", look(BUCKETS, 10, {"a": 1}))
    judge(store, 20, {})

    columns, found = table(store, "runs")

    told = [dict(zip(columns, row, strict=True)) for row in found]
    records = [row[0].decode() for row in store.backend.select("SELECT record FROM run ORDER BY seq")]
    blank = {"target": None, "caller": None, "collector": None}
    assert told == [
        {**blank, "seq": 1, "recorded": moment(10), "kind": "collect", "target": "main", "lines": "1",
         "run_key": "one", "judged_at": None, "record": records[0]},
        {**blank, "seq": 2, "recorded": moment(20), "kind": "assess", "lines": "1",
         "run_key": "assess%2020%201", "judged_at": moment(20), "record": records[1]},
    ]  # fmt: skip


# ── checkpoints ───────────────────────────────────────────────────────────────────────────


def test_a_checkpoint_signs_the_root_of_all_records(store):
    signer = keys.Signer("annexlog.example", b"s" * 32)
    for number in range(3):
        collect(store, f"run {number}", look(BUCKETS, 10 + number, {"a": number}))

    made = store.checkpoint(signer)

    leaves = [layout.record_leaf(row[0]) for row in store.backend.select("SELECT record FROM run ORDER BY seq")]
    assert (made.origin, made.size, made.root) == ("annexlog.example", 3, merkle.root(leaves))
    assert (made.signed_by([signer.verifier]), store.checkpoint(signer)) == ((signer.verifier,), made)
    assert rows(store, "checkpoint") == [(3, made.encode())]


def test_the_next_record_names_the_checkpoint_before_it(store):
    signer = keys.Signer("annexlog.example", b"s" * 32)
    collect(store, "one", look(BUCKETS, 10))
    note = store.checkpoint(signer).encode()

    collect(store, "two", look(BUCKETS, 20))

    assert [record_of(store, seq).previous_checkpoint for seq in (1, 2)] == [None, layout.sha256(note)]


def test_an_empty_log_is_not_signed(store):
    with pytest.raises(StoreError, match="nothing is recorded yet"):
        store.checkpoint(keys.Signer("annexlog.example", b"s" * 32))


def test_a_log_longer_than_a_tile_is_signed_right_by_whoever_opens_it(store, place):
    for number in range(260):
        collect(store, f"run {number}")
    leaves = [layout.record_leaf(row[0]) for row in store.backend.select("SELECT record FROM run ORDER BY seq")]

    with Store.open(place) as again:
        made = again.checkpoint(keys.Signer("annexlog.example", b"s" * 32))

    assert (made.size, made.root) == (260, merkle.root(leaves))
    assert rows(store, "tile") == [(0, 0, b"".join(leaves[:256]))]
    assert Checkpoint.parse(made.encode()) == made


# ── nothing is ever changed ───────────────────────────────────────────────────────────────

WRITES = {
    "update": "UPDATE {0} SET {1} = {1}",
    "delete": "DELETE FROM {0}",
    "insert or replace": "INSERT OR REPLACE INTO {0} SELECT * FROM {0}",
    "replace": "REPLACE INTO {0} SELECT * FROM {0}",
    "upsert": "INSERT INTO {0} SELECT * FROM {0} WHERE true ON CONFLICT ({2}) DO UPDATE SET {1} = {1}",
}


@pytest.fixture
def file_store(tmp_path):
    with Store.open(tmp_path / "store.db", create=True) as store:
        yield store


@pytest.fixture
def filled(file_store):
    """A store in a file with a row in every table, and a connection of somebody else's to it."""
    store = file_store
    collect(store, "one", look(BUCKETS, 10, {"a": 1}), recorded=10)
    collect(store, "two", look(BUCKETS, 5, {"a": 1}))
    judge(store, 20, {"a": PASS})
    store.checkpoint(keys.Signer("annexlog.example", b"s" * 32))
    connection = sqlite3.connect(store.backend.path, isolation_level=None)
    connection.execute("INSERT INTO dictionary VALUES (1, 'aws.s3.bucket', zeroblob(32), x'00')")
    connection.execute("INSERT INTO erased VALUES (1, 1, 1, zeroblob(32))")
    connection.execute("INSERT INTO anchor VALUES (1, 'file', x'00')")
    connection.execute("INSERT INTO tile VALUES (0, 0, x'00')")
    yield connection
    connection.close()


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("write", WRITES)
def test_no_table_lets_a_row_be_changed(filled, table, write):
    before = filled.execute(f"SELECT * FROM {table}").fetchall()

    with pytest.raises(sqlite3.IntegrityError, match=f"{table} is append-only"):
        filled.execute(WRITES[write].format(table, TABLES[table].columns[-1].name, ", ".join(TABLES[table].key)))

    assert (filled.execute(f"SELECT * FROM {table}").fetchall(), before != []) == (before, True)


@pytest.mark.parametrize(
    ("table", "row"),
    [
        ("line", "99, scope, type, facet"),
        ("resource", "99, scope, type, native_id, cid"),
        ("run", "99, run, 'other', recorded, record, manifest"),
        ("run", "99, 99, run_key, recorded, record, manifest"),
    ],
)
def test_a_row_is_not_replaced_through_another_of_its_keys_either(filled, table, row):
    with pytest.raises(sqlite3.IntegrityError, match=f"{table} is append-only"):
        filled.execute(f"INSERT OR REPLACE INTO {table} SELECT {row} FROM {table} LIMIT 1")


@pytest.mark.parametrize(
    ("table", "values"),
    [
        ("version", "'one', 1, 9, 1"),
        ("version", "1, 1, 9, x'00'"),
        ("sweep", "1, 1, 1, 1, NULL, 0"),
        ("opening", "99, x'00'"),
        ("blob", "99, 'text', NULL, NULL, 1, x'00'"),
        ("outcome", "1, 1, 9, x'00', NULL, NULL, NULL"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused(filled, table, values):
    with pytest.raises(sqlite3.IntegrityError, match=r"CHECK|NOT NULL"):
        filled.execute(f"INSERT INTO {table} VALUES ({values})")


# ── the file ──────────────────────────────────────────────────────────────────────────────


def test_nobody_else_may_read_the_store_or_what_is_spooled_for_it(file_store, tmp_path):
    store = file_store
    with store.spool() as spool:
        spool.add(BUCKETS, "a", 1)
        mode = stat.S_IMODE(os.fstat(spool._file.fileno()).st_mode)
    collect(store, "one", look(BUCKETS, 10, {"a": 1}))

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}

    assert (mode, set(modes.values()), "store.db" in modes) == (0o600, {0o600}, True)


def test_a_store_opened_for_reading_reads_and_does_not_write(store, place):
    collect(store, "one", look(BUCKETS, 10, {"a": 1}))

    with Store.open(place, readonly=True) as reader:
        assert facets(reader.view()) == {"a": {"": 1}}
        with pytest.raises(StoreError, match="for reading only"):
            collect(reader, "two", look(BUCKETS, 20))
