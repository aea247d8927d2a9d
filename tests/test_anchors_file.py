"""The anchor in an append-only file: what it appends, and what it refuses to append to."""

from __future__ import annotations

import errno
import os
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from annexlog.anchors import Refused
from annexlog.anchors.file import File
from annexlog.evidence_store.anchors import Receipt, notes
from annexlog.evidence_store.checkpoint import Checkpoint
from annexlog.evidence_store.layout import sha256
from tests.anchored import SIGNER, Log


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    made = Log(tmp_path)
    yield made
    made.store.close()


@pytest.fixture
def worm(tmp_path: Path) -> Path:
    return tmp_path / "worm"


def refused(log: Log, one: File) -> tuple[str, str, str]:
    with pytest.raises(Refused) as caught:
        log.send(one)
    return caught.value.reason, caught.value.code, caught.value.message


def test_each_checkpoint_is_appended_to_a_file_of_ones_own(log: Log, worm: Path) -> None:
    first = log.grow()
    log.send(File(path="worm"))
    second = log.grow(3)

    log.send(File(path="worm"))

    assert worm.read_bytes() == first.encode() + second.encode()
    assert worm.stat().st_mode & 0o777 == 0o600


def test_the_receipt_says_what_went_where(log: Log) -> None:
    checkpoint = log.grow()

    token = log.send(File(path="worm"))

    size = len(checkpoint.encode())
    receipt = Receipt("file:x", 1, sha256(checkpoint.encode()), log.clock.at, f"bytes {size} of worm")
    assert Receipt.check(token, [SIGNER.verifier]) == receipt


def test_a_checkpoint_that_is_there_already_is_not_appended_again(log: Log, worm: Path) -> None:
    checkpoint = log.grow()
    job = log.job("file:x")
    File(path="worm").send(job)  # killed before the token was kept

    log.send(File(path="worm"))

    assert worm.read_bytes() == checkpoint.encode()


def test_a_file_that_was_cut_off_is_refused(log: Log, worm: Path) -> None:
    log.grow()
    log.send(File(path="worm"))
    kept = worm.read_bytes()
    log.grow()
    log.send(File(path="worm"))
    worm.write_bytes(kept)
    log.grow()

    reason, code, message = refused(log, File(path="worm"))

    assert (reason, code) == ("conflict", "shrank")
    assert message == f"worm has {len(kept)} bytes and had {2 * len(kept)}: it was cut off"
    assert worm.read_bytes() == kept


def test_a_file_that_is_gone_is_refused_until_another_one_is_named(log: Log, worm: Path) -> None:
    log.grow()
    log.send(File(path="worm"))
    worm.unlink()
    log.grow()

    reason, code, _ = refused(log, File(path="worm"))
    log.send(File(path="another"))

    assert (reason, code) == ("conflict", "shrank")
    assert len(notes((worm.parent / "another").read_bytes())) == 1


def test_a_file_whose_last_checkpoint_is_of_another_history_is_refused(log: Log, worm: Path, tmp_path: Path) -> None:
    other = Log(tmp_path / "other")
    other.clock.at += 1
    other.grow(2)
    File(path=str(worm)).send(other.job("file:x"))
    other.store.close()
    log.grow(3)

    reason, code, message = refused(log, File(path="worm"))

    assert (reason, code) == ("conflict", "fork")
    assert message == "the last checkpoint in worm (2 records) is not the beginning of this log"


def test_a_file_that_knows_a_longer_log_is_refused(log: Log, worm: Path, tmp_path: Path) -> None:
    other = Log(tmp_path / "other")
    other.grow(5)
    File(path=str(worm)).send(other.job("file:x"))
    other.store.close()
    log.grow(3)

    reason, code, message = refused(log, File(path="worm"))

    assert (reason, code) == ("conflict", "longer")
    assert message == "worm has a checkpoint of 5 records; the log has 3"


def test_a_file_that_ends_in_something_else_is_refused(log: Log, worm: Path) -> None:
    worm.write_bytes(b"a diary\n")
    log.grow()

    reason, code, _ = refused(log, File(path="worm"))

    assert (reason, code) == ("conflict", "unreadable")
    assert worm.read_bytes() == b"a diary\n"


def test_a_full_disk_is_a_refusal(log: Log) -> None:
    log.grow()

    assert refused(log, File(path="/dev/full")) == ("failed", "OSError", "/dev/full: No space left on device")


def test_what_could_be_written_only_in_part_is_taken_back(log: Log, worm: Path) -> None:
    log.grow()
    log.send(File(path="worm"))
    kept = worm.read_bytes()
    log.grow()
    job = log.job("file:x")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(kept) + 10, before[1]))
    try:
        with pytest.raises(Refused, match="File too large"):
            File(path="worm").send(job)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    short = worm.read_bytes()

    File(path="worm").send(job)

    assert short == kept
    assert worm.read_bytes() == kept + job.note


def test_a_link_is_not_followed(log: Log, worm: Path, tmp_path: Path) -> None:
    worm.symlink_to(tmp_path / "elsewhere")
    log.grow()

    reason, code, message = refused(log, File(path="worm"))

    assert (reason, code) == ("failed", "OSError")
    assert message == f"worm: {os.strerror(errno.ELOOP)}"


def test_a_folder_that_is_not_there_is_refused_with_the_reason(log: Log) -> None:
    log.grow()

    assert refused(log, File(path="nowhere/worm")) == (
        "failed",
        "FileNotFoundError",
        "nowhere/worm: No such file or directory",
    )


def test_of_a_long_file_the_last_checkpoint_is_found(log: Log, worm: Path) -> None:
    first = log.grow()
    worm.write_bytes(first.encode() * 1000)  # longer than a note may be
    second = log.grow()

    log.send(File(path="worm"))

    assert [Checkpoint.parse(note) for note in notes(worm.read_bytes())] == [first] * 1000 + [second]
