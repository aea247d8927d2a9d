"""Whichever call to the disk fails, and however: a plain error, nothing half recorded, and the next try succeeds.

Every write, truncation and flush of a recording is failed in turn, in a process whose libc has been given such a disk.
Rarer and longer combinations: `python -m benchmarks.soak faults`.
"""

import json
import os
import re
import subprocess

import failing
import pytest
from making import BUCKETS, collect, facets, look

from annexlog.evidence_store.model import Run, StoreError, StoreFull
from annexlog.evidence_store.spool import Spool
from annexlog.evidence_store.store import Store

pytestmark = pytest.mark.skipif(not failing.COMPILER, reason="needs Linux and a C compiler (cc) for a disk that fails")

FULL = "the disk refused a write (*); nothing is half recorded. Make room, and run it again."
BROKEN = (
    "the disk refused a write (*); nothing is half recorded. See that the disk has room and is sound, and run it again."
)


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return failing.built(tmp_path_factory.mktemp("disk"))


def came_of(cases, *keys):
    """The different ends that cases came to."""
    return {json.dumps([case[key] for key in keys]) for case in cases}


# Of a recording that failed once: its error, the log after it, told when tried again, the log at last.
NOT_THERE = '["StoreFull", 2, 3, 3]'
LOSES_NOTHING = "[null, 3, 3, 3]"  # what failed came after the commit
THERE_ALL_THE_SAME = '["StoreFull", 3, 3, 3]'  # the last flush failed, and so did undoing it: it is there, and whole


def texts(cases):
    """What the errors said, without where and SQLite's own words."""
    said = [case["text"].partition(": ")[2] for case in cases if case["text"]]
    return {re.sub(r"\([^)]*\)", "(*)", text, count=1) for text in said}


@pytest.mark.parametrize("how", failing.WRITES)
def test_a_recording_whose_disk_fails_is_not_there_or_whole_and_the_next_try_records_it(library, tmp_path, how):
    cases = failing.cases(library, tmp_path, "record", how, every=1 if how == "error" else 5)

    ends = came_of(cases, "error", "after", "again", "finally")

    assert ends == {
        '["StoreFull", 2, 3, 3]',
        "[null, 3, 3, 3]",
    }  # the latter: what fails after the commit loses nothing
    assert texts(cases) <= {FULL, BROKEN}
    assert len(cases) > 5


@pytest.mark.parametrize("how", ["error", "full from then on"])
def test_a_recording_too_large_for_memory_is_not_there_or_whole_wherever_its_disk_fails(library, tmp_path, how):
    cases = failing.cases(library, tmp_path, "spill", how, every=4)

    counted = [{**case, **{key: case[key] - 1 for key in ("after", "again", "finally")}} for case in cases]
    ends = came_of(counted, "error", "after", "again", "finally")  # as if one run less had been there

    assert {NOT_THERE, LOSES_NOTHING} <= ends <= {NOT_THERE, LOSES_NOTHING, THERE_ALL_THE_SAME}
    assert texts(cases) <= {FULL, BROKEN}


@pytest.mark.parametrize("how", ["error, but written", "full from then on"])
def test_a_store_that_stays_open_goes_on_recording_after_its_disk_failed(library, tmp_path, how):
    cases = failing.cases(library, tmp_path, "recover", how)

    failed = [case for case in cases if case["error"]]
    ignored = [case for case in cases if not case["error"]]  # SQLite does not mind if a folder is not flushed

    assert came_of(failed, "error", "after", "again", "finally") == {'["StoreFull", 2, [3, 4, 4], 4]'}
    assert came_of(failed, "crashed") == {"[2]", "[3]"}  # after a crash the record may be back, but only whole
    assert came_of(ignored, "crashed", "after", "again", "finally") <= {"[3, 3, [3, 4, 4], 4]"}
    assert {case["failed"] for case in ignored} <= {"fsync ", "fdatasync "}
    assert len(failed) > 15


@pytest.mark.parametrize("how", ["error", "full from then on"])
def test_a_signature_whose_disk_fails_is_made_by_the_next_try(library, tmp_path, how):
    cases = failing.cases(library, tmp_path, "sign", how)

    assert came_of(cases, "error", "after", "again", "finally") == {'["StoreFull", 2, 2, 2]', "[null, 2, 2, 2]"}
    assert texts(cases) <= {FULL, BROKEN}


@pytest.mark.parametrize("how", failing.WRITES)
def test_a_store_that_cannot_be_made_leaves_none_behind_or_one_that_is_whole(library, tmp_path, how):
    cases = failing.cases(library, tmp_path, "make", how, every=5)

    ends = came_of(cases, "error", "after", "finally")

    assert {'["StoreFull", null, 0]'} <= ends <= {'["StoreFull", null, 0]', '["StoreFull", 0, 0]', "[null, 0, 0]"}
    assert came_of(cases, "left") <= {"[[]]", '[["store.db-shm", "store.db-wal"]]'}
    assert texts(cases) <= {FULL, BROKEN}


@pytest.mark.parametrize("how", failing.KILLS)
def test_a_process_that_dies_at_any_write_loses_nothing_it_acknowledged(library, tmp_path, how):
    cases = failing.cases(library, tmp_path, "kill", how, every=3)

    kept = {case["crashed"] - case["acknowledged"] for case in cases}
    ends = came_of(cases, "signal", "again", "finally")

    assert kept <= {0, 1}  # one more may have been recorded and not yet acknowledged
    assert [case["after"] for case in cases] == [case["crashed"] for case in cases]
    assert ends == {'["SIGKILL", [3, 4], 4]'}
    assert {case["acknowledged"] for case in cases} == {2, 3, 4}


def test_a_power_cut_takes_nothing_that_was_acknowledged(library, tmp_path):
    """All that is left is what was flushed: no record was acknowledged before it was."""
    cases = failing.cases(library, tmp_path, "power", "error")

    lefts = [(case["told"], case["left"]) for case in cases]

    assert lefts == [(n, n) for n in range(3, 11)]
    assert [case["signed"] for case in cases] == [*[None] * 7, 10]  # the last one was signed as well


@pytest.mark.parametrize("how", failing.WRITES)
def test_a_key_that_cannot_be_written_leaves_none_that_is_cut_short(library, tmp_path, how):
    cases = failing.cases(library, tmp_path, "key", how)

    assert came_of(cases, "error", "left", "finally") == {'["ConfigError", [], "log.example"]'}
    assert texts(cases) == {f"the key cannot be written: {said}. Check the folder." for said in said_of(how)}
    assert len(cases) >= 4


def said_of(how):
    return {"Input/output error"} if how.startswith("error") else {"No space left on device"}


@pytest.mark.parametrize("how", failing.WRITES)
def test_a_spool_whose_disk_fails_for_a_while_keeps_every_body_at_its_place(library, tmp_path, how):
    cases = failing.cases(library, tmp_path, "spool", how)

    assert came_of(cases, "told", "shown", "whole") == {"[3, true, []]"}
    assert {error for case in cases for error in case["errors"]} == {"StoreFull"}


def test_bodies_that_do_not_read_back_as_they_were_spooled_are_an_error_and_not_recorded(tmp_path):
    with Store.open(tmp_path / "store.db", create=True) as store, store.spool() as spool:
        spool.add(BUCKETS, "a", {"n": 1})
        sweep, _ = look(BUCKETS, 10)
        spool.body(spool.seen(BUCKETS), 0)
        os.pwrite(spool._file.fileno(), b"X", 2)

        with pytest.raises(StoreError) as caught:
            store.record(Run("one", "collect", "main", "aws/1", (sweep,)), spool, recorded=10)

        assert store.size() == 0
    assert str(caught.value) == (
        f"{tmp_path}: what was collected cannot be read back (the bytes are others than were written); nothing was "
        "recorded. Check the disk, and run it again."
    )


# ── a real small disk ─────────────────────────────────────────────────────────────────────


def privileged(*command):
    """Whether a command of the system's succeeded."""
    plain = os.environ | {"LD_PRELOAD": ""}  # where the tests run on another SQLite, only Python can
    return subprocess.run(command, env=plain, capture_output=True).returncode == 0


@pytest.fixture
def small_disk(tmp_path):
    """A file system of its own, of 1 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if not privileged("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder):
        pytest.skip("needs leave to mount a file system")
    yield folder
    assert privileged("umount", folder)


def test_a_disk_that_is_full_for_real_loses_nothing_and_takes_the_run_once_there_is_room(small_disk):
    big = {f"bucket-{n}": {"text": os.urandom(150).hex()} for n in range(1500)}
    filler = small_disk / "filler"
    with Store.open(small_disk / "store.db", create=True) as store:
        collect(store, "one", look(BUCKETS, 10, {"a": 1}))

        filler.write_bytes(bytes(300_000))
        with pytest.raises(StoreFull):
            collect(store, "two", look(BUCKETS, 20, big))
        before = (store.size(), facets(store.view()))
        filler.unlink()
        assert privileged("mount", "-o", "remount,size=16m", small_disk)

        assert (before, collect(store, "two", look(BUCKETS, 20, big))) == ((1, {"a": {"": 1}}), 2)
        assert facets(store.view()) == {id: {"": value} for id, value in big.items()}


def test_a_spool_that_a_full_disk_refuses_is_said_plainly(small_disk):
    with Spool(small_disk) as spool, pytest.raises(StoreFull) as caught:
        spool.add(BUCKETS, "a", "x" * 4_000_000)

    assert str(caught.value) == f"{small_disk}: {FULL.replace('*', 'No space left on device')}"
