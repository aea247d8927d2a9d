"""Verifying in several processes: the same findings in the same order as in one."""

import sys

import pytest
from making import BUCKETS, FAIL, PASS, POLICIES, VERDICTS, collect, judge, look
from tampering import KEYS, SIGNER, fill, unguarded

from annexlog.evidence_store.findings import Findings
from annexlog.evidence_store.store import Store
from annexlog.evidence_store.verify import verify


@pytest.fixture
def path(tmp_path):
    """A store of many lines."""
    path = tmp_path / "store.db"
    fill(path)
    with Store.open(path) as store:
        for scope in (f"aws/{n:03}" for n in range(40)):
            lines = BUCKETS._replace(scope=scope), POLICIES._replace(scope=scope), VERDICTS._replace(scope=scope)
            collect(store, scope, *(look(line, 100, {id: {"of": scope} for id in "abcd"}) for line in lines[:2]))
            judge(store, 101, {"a": PASS, "b": FAIL}, line=lines[2], key=f"judged {scope}")
        store.checkpoint(SIGNER)
    return path


def verified(path, processes, **more):
    with Store.open(path, readonly=True) as store:
        return verify(store, keys=KEYS, processes=processes, **more)


def spoil(path):
    """Damage of many kinds in many lines, more than is told."""
    with unguarded(path) as raw:
        raw.execute("UPDATE outcome SET status = 'odd' WHERE lid % 3 = 0")
        raw.execute("UPDATE tally SET pass = pass + 1 WHERE lid % 5 = 0")
        raw.execute("UPDATE version SET bid = bid + 1 WHERE lid % 7 = 0 AND rid % 2 = 0")
        raw.execute("INSERT INTO version SELECT lid, rid, run + 1, bid FROM version WHERE lid % 4 = 1")
        raw.execute("INSERT INTO line VALUES (9999, 'aws/x', 'aws.s3.bucket', '')")
        raw.execute("UPDATE sweep SET start = 'x' WHERE lid = 11")
        raw.execute("UPDATE line SET facet = CAST(x'80' AS TEXT) WHERE lid = 13")


@pytest.mark.parametrize("processes", [2, 3])
def test_a_store_that_nobody_touched_verifies(path, processes):
    assert (verified(path, processes).findings, verified(path, processes).records) == ([], 91)


def test_findings_are_those_of_one_process_in_the_same_order(path):
    spoil(path)

    one, two = verified(path, 1), verified(path, 2)

    assert (two.findings, two.total) == (one.findings, one.total)
    assert one.total > 50


def test_processes_that_cannot_start_are_done_without(path, monkeypatch):
    spoil(path)
    one = verified(path, 1)
    monkeypatch.setattr(sys, "executable", "/bin/false")

    two = verified(path, 2)

    assert (two.findings, two.total) == (one.findings, one.total)


def test_what_others_found_counts_as_if_it_had_been_found_here():
    told = [("run" if n % 3 else "blob", f"{n}", "is wrong") for n in range(60)]
    here, there, after, whole = Findings(40, 25), Findings(sys.maxsize, 25), Findings(sys.maxsize, 25), Findings(40, 25)

    for n, one in enumerate(told):
        whole.add(*one)
        (here if n < 10 else there if n < 50 else after).add(*one)
    for other in (there, after):
        here.take([(one.table, one.key, one.what) for one in other.kept], other.counted())

    assert (here.kept, here.total, here.counted()) == (whole.kept, 60, {"run": 40, "blob": 20})
