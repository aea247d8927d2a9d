"""Verifying since a checkpoint: what came after is checked on top of what stood, and the report says what was not."""

import shutil

import pytest
from histories import histories
from hypothesis import given, settings
from making import BUCKETS, FAIL, PASS, POLICIES, UNKNOWN, collect, judge, look
from tampering import KEYS, SIGNER, checked, fill, forge, unguarded
from test_as_of import played

from annexlog.evidence_store.checkpoint import Checkpoint
from annexlog.evidence_store.keys import Signer
from annexlog.evidence_store.model import Coverage
from annexlog.evidence_store.store import Store
from annexlog.evidence_store.verify import verify

OTHER = BUCKETS._replace(scope="aws/2")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A store, and its checkpoint after ten days; then a day on which something changed in all lines but one."""
    path = tmp_path_factory.mktemp("since") / "store.db"
    with Store.open(path, create=True) as store:
        collect(store, "other", look(OTHER, 5, {"x": 1}))
        for at in range(10, 110, 10):
            collect(store, f"{at}", look(BUCKETS, at, {"a": at // 50, "b": 2}), look(POLICIES, at, {"a": "p"}))
            judge(store, at + 1, {"a": FAIL, "b": UNKNOWN if at % 20 else PASS})
        kept = store.checkpoint(SIGNER).encode()
        collect(store, "new", look(BUCKETS, 200, {"a": 9, "b": 2, "c": 3}), look(POLICIES, 200, {"a": "q"}))
        collect(store, "denied", look(POLICIES, 201, status=Coverage.DENIED))
        judge(store, 202, {"a": PASS, "b": PASS, "c": FAIL}, causes={"a": "estate"})
        judge(store, 203, None)
        collect(store, "late", look(BUCKETS, 150, {"a": 9, "b": 2}))
        store.checkpoint(SIGNER)
    return path, kept


@pytest.fixture
def path(made, tmp_path):
    return shutil.copy(made[0], tmp_path / "store.db")


def since(path, made, **more):
    return checked(path, since=made[1], **more)


def edit(path, table, sql):
    with unguarded(path, table) as raw:
        raw.execute(sql)


def test_what_nobody_touched_verifies_and_says_what_was_not_looked_at(path, made):
    report = since(path, made)

    assert (report.findings, report.records, report.signed, report.checkpoints) == ([], 26, 26, 2)
    assert report.blind_spots[0].startswith("A change to what records 1 to 21 say, beyond what still stood in lines")


AFTER = {
    "a version": ("version", "UPDATE version SET bid = 1 WHERE run = 22 AND bid = (SELECT max(bid) FROM version)"),
    "a body": ("blob", "UPDATE blob SET z = CAST('8' AS BLOB) WHERE z = CAST('9' AS BLOB)"),
    "an outcome": ("outcome", "UPDATE outcome SET status = 'pass' WHERE status = 'fail' AND run = 24"),
    "a cause": ("outcome", "UPDATE outcome SET cause = 'clock' WHERE cause = 'estate'"),
    "a sweep": ("sweep", "UPDATE sweep SET start = start - 1 WHERE seq = 23"),
    "a tally": ("tally", "UPDATE tally SET pass = 7 WHERE run = 24"),
    "a record": ("run", "UPDATE run SET record = CAST(record || ' ' AS BLOB) WHERE seq = 25"),
    "a manifest": ("run", "UPDATE run SET manifest = (SELECT manifest FROM run WHERE seq = 1) WHERE seq = 25"),
    "that a look was late": ("late", "DELETE FROM late WHERE seq = 26"),
    "the name of what is new": ("resource", "UPDATE resource SET native_id = 'd' WHERE native_id = 'c'"),
    "the last records": ("run", "DELETE FROM run WHERE seq = 26"),
}


@pytest.mark.parametrize("what", AFTER)
def test_a_change_after_it_is_found(path, made, what):
    edit(path, *AFTER[what])

    report = since(path, made)

    assert AFTER[what][0] in {finding.table for finding in report.findings}


BEFORE = {
    "what still stood of evidence": ("version", "UPDATE version SET bid = 1 WHERE rid = 3 AND run = 2"),
    "what stood of outcomes": ("outcome", "UPDATE outcome SET status = 'pass' WHERE rid = 2 AND run = 3"),
    "the counts that stood": ("tally", "UPDATE tally SET fail = 5 WHERE run = 21"),
    "the newest look at a line": ("sweep", "UPDATE sweep SET at = at + 1 WHERE seq = 1"),
    "a record": ("run", "UPDATE run SET record = CAST(record || ' ' AS BLOB) WHERE seq = 5"),
    "that a record is there": ("run", "DELETE FROM run WHERE seq = 7"),
    "the manifest of what stood": (
        "run",
        "UPDATE run SET manifest = (SELECT manifest FROM run WHERE seq = 4) WHERE seq = 20",
    ),
}


@pytest.mark.parametrize("what", BEFORE)
def test_a_change_before_it_of_what_later_changes_rest_on_is_found(path, made, what):
    edit(path, *BEFORE[what])

    assert not since(path, made).ok


UNSEEN = {
    "a line that did not change since": ("version", "UPDATE version SET bid = 2 WHERE run = 1"),
    "what was replaced by then": ("outcome", "UPDATE outcome SET cause = 'clock' WHERE run = 3"),
}


@pytest.mark.parametrize("what", UNSEEN)
def test_a_change_of_what_nothing_rests_on_is_seen_by_the_whole_check_only(path, made, what):
    edit(path, *UNSEEN[what])

    assert (since(path, made).ok, checked(path).ok) == (True, False)


def test_history_written_anew_by_the_keys_holder_is_found(path, made):
    forge(path, 5, of_record={"caller": "somebody else"})

    report = since(path, made)

    assert ("checkpoint since", "the first 21 records are not those that it signs") in {
        (f.table, f.what) for f in report.findings
    }


@pytest.mark.parametrize("note", [b"nonsense", "strange"])
def test_a_checkpoint_that_is_not_good_is_a_finding_and_everything_is_checked(path, made, note):
    if note == "strange":
        other = Signer(SIGNER.name, bytes(reversed(range(32))))
        note = Checkpoint.sign(SIGNER.name, 21, Checkpoint.parse(made[1]).root, other).encode()
    edit(path, "version", "UPDATE version SET bid = 2 WHERE run = 1")

    report = checked(path, since=note)

    assert report.findings[0].table == "checkpoint since"
    assert "version" in {finding.table for finding in report.findings}


def test_nothing_new_is_told(path, made):
    with Store.open(path) as store:
        kept = store.checkpoint(SIGNER).encode()

    report = checked(path, since=kept)

    assert (report.ok, report.blind_spots[1]) == (True, "Anything new: nothing was recorded since.")


@given(histories, histories)
@settings(max_examples=25, deadline=None)
def test_whatever_was_recorded_before_and_after_verifies(before, after):
    with played(before) as player:
        kept = player.store.checkpoint(SIGNER).encode()
        player.play(after)
        player.store.checkpoint(SIGNER)

        report = verify(player.store, keys=KEYS, since=kept)

    assert (report.findings, report.records) == ([], len(before) + len(after))


def test_a_store_with_a_row_of_every_kind_verifies_from_each_of_its_checkpoints(tmp_path):
    fill(tmp_path / "store.db")
    with Store.open(tmp_path / "store.db", readonly=True) as store:
        notes = [row[0] for row in store.backend.select("SELECT note FROM checkpoint ORDER BY size")]

    found = [checked(tmp_path / "store.db", since=note).findings for note in notes]

    assert found == [[], [], []]
