"""Attacks on a log by whoever can write its file and holds its key: what anchors show of them, and what is unseen."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from annexlog.anchors.file import File
from annexlog.anchors.timestamp import Timestamp, certificates
from annexlog.anchors.witness import Witness
from annexlog.evidence_store.anchors import Receipt, Token, Trust, keep
from annexlog.evidence_store.cosignatures import Cosigner
from annexlog.evidence_store.model import iso
from annexlog.evidence_store.verify import Report, verify
from tests.anchored import SIGNER, START, Log, record
from tests.home import DAY, HOUR, Clock, real
from tests.wire.authority import Authority
from tests.wire.http import Server
from tests.wire.witness import TestWitness

CUT = "That the newest records were cut off, together with the checkpoints and tokens of them."
ANEW = "That whoever holds the signing key wrote everything anew, and signed it."
DATED = "That records were dated falsely: only this host's clock says when they were made"
FALSE = "That a record was false when it was written"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tsa"))


@pytest.fixture
def tsa(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Iterator[Timestamp]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Server(authority.answer, threads=1) as server:
        yield Timestamp(url=server.url, tsa_ca_file=str(authority.ca))


@pytest.fixture
def trust(authority: Authority) -> Trust:
    return Trust(certificates(authority.ca))


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    """A log that was begun an hour ago; its clock is right."""
    made = Log(tmp_path / "log", clock=Clock(real() - 3_570_000))
    yield made
    made.store.close()


def another(folder: Path, records: int, *, at: int = START) -> Log:
    """The same key's holder writes another history."""
    made = Log(folder, clock=Clock(at))
    made.grow(records)
    return made


def checked(log: Log, trust: Trust = Trust(), **kept: bytes) -> Report:  # noqa: B008 — frozen
    return verify(log.store, keys=[SIGNER.verifier], checkpoints=kept, trust=trust)


def findings(report: Report) -> list[tuple[str, str]]:
    return [(finding.where, finding.what) for finding in report.findings]


def spots(report: Report) -> list[str]:
    """The first words of each blind spot, as far as the texts above go."""
    return [next((t for t in (CUT, ANEW, DATED, FALSE) if spot.startswith(t)), spot) for spot in report.blind_spots]


def taken(log: Log, other: Log) -> None:
    """Put all tokens of one store into another, as an attacker would."""
    for row in log.store.backend.select("SELECT size, kind, token FROM anchor"):
        keep(other.store.backend, Token(*row))


def without(log: Log, sql: str, *values: object) -> None:
    """Take rows out of a store behind its back; its guard is there again afterwards."""
    with closing(sqlite3.connect(log.folder / "evidence.db", isolation_level=None)) as raw:
        (guard,) = raw.execute("SELECT sql FROM sqlite_master WHERE name = 'anchor_no_delete'").fetchone()
        raw.execute("DROP TRIGGER anchor_no_delete")
        raw.execute(sql, values)
        raw.execute(guard)


# ── truncation, forks, rewriting ──────────────────────────────────────────────────────────


def test_a_truncated_log_is_found_by_the_anchor_file_and_unseen_without(log: Log, tmp_path: Path) -> None:
    log.grow(3)
    log.send(File(path="worm"))
    short = log.folder.with_name("short")
    short.mkdir()
    for file in log.folder.glob("evidence.db*"):
        (short / file.name).write_bytes(file.read_bytes())
    log.grow(2)
    log.send(File(path="worm"))
    worm = (log.folder / "worm").read_bytes()
    cut = Log(short)  # restored to what it was two records ago

    inside, outside = checked(cut), checked(cut, worm=worm)

    cut.store.close()
    assert (inside.ok, spots(inside)) == (True, [CUT, ANEW, DATED, FALSE])
    assert findings(outside) == [
        ("checkpoint given (worm, checkpoint 2)", "signs 5 records: records 4 to 5 are missing"),
        ("run (records 4 to 5)", "are missing, though they were signed"),
    ]


def test_a_fork_is_found_by_a_checkpoint_of_the_other_branch_and_unseen_without(log: Log, tmp_path: Path) -> None:
    log.grow(3)
    fork = log.folder.with_name("fork")
    fork.mkdir()
    for file in log.folder.glob("evidence.db*"):
        (fork / file.name).write_bytes(file.read_bytes())
    shown = log.grow(2).encode()
    branch = Log(fork, clock=Clock(log.clock.at + 7))
    branch.grow(2)

    inside, outside = checked(branch), checked(branch, shown=shown)

    branch.store.close()
    assert (inside.ok, spots(inside)) == (True, [CUT, ANEW, DATED, FALSE])
    assert findings(outside) == [
        ("checkpoint given (shown)", "the first 5 records are not those that it signs"),
    ]


def test_a_log_written_anew_is_found_by_the_anchor_file_and_unseen_without(log: Log, tmp_path: Path) -> None:
    log.grow(2)
    log.send(File(path="worm"))
    log.grow(2)
    log.send(File(path="worm"))
    worm = (log.folder / "worm").read_bytes()
    anew = another(tmp_path / "anew", 6)

    inside, outside = checked(anew), checked(anew, worm=worm)

    anew.store.close()
    assert (inside.ok, spots(inside)) == (True, [CUT, ANEW, DATED, FALSE])
    assert findings(outside) == [
        ("checkpoint given (worm, checkpoint 1)", "the first 2 records are not those that it signs"),
        ("checkpoint given (worm, checkpoint 2)", "the first 4 records are not those that it signs"),
    ]


def test_a_whole_log_against_its_anchor_file_leaves_only_what_nobody_can_see(log: Log) -> None:
    for _ in range(3):
        log.grow()
        log.send(File(path="worm"))

    report = checked(log, worm=(log.folder / "worm").read_bytes())

    assert (report.ok, spots(report)) == (True, [DATED, FALSE])


def test_timestamps_do_not_fit_a_log_that_was_written_anew(
    log: Log, tsa: Timestamp, trust: Trust, tmp_path: Path
) -> None:
    log.grow(2)
    log.send(tsa)
    anew = another(tmp_path / "anew", 2)
    without = checked(anew, trust)
    taken(log, anew)

    with_them = checked(anew, trust)

    anew.store.close()
    assert (without.ok, spots(without)) == (True, [CUT, ANEW, DATED, FALSE])
    assert findings(with_them) == [
        ("anchor (size 2, timestamp:x)", "is not good: the timestamp is of something else"),
    ]


def test_a_timestamp_says_until_when_its_records_could_have_been_written_anew(
    log: Log, tsa: Timestamp, trust: Trust
) -> None:
    log.grow(2)
    log.send(tsa)

    report = checked(log, trust)

    (when,) = [what for what in report.shown if what.startswith("By the word of timestamp:x, records 1 to 2 existed")]
    at = when.partition(" existed at ")[2].partition(" ")[0]
    assert (report.ok, spots(report)[0], spots(report)[2]) == (True, CUT, FALSE)
    assert report.blind_spots[1].startswith(
        f"That whoever holds the signing key wrote records 1 to 2 anew before {at}, when timestamp:x vouched for them"
    )
    assert "No record was first seen from outside more than 59 minutes after" in report.shown[1]


# ── dates ─────────────────────────────────────────────────────────────────────────────────


def test_records_dated_back_behind_a_timestamp_are_found_and_unseen_without(
    tsa: Timestamp, trust: Trust, tmp_path: Path
) -> None:
    back = another(tmp_path / "back", 2)  # today's log, dated months ago
    plain = another(tmp_path / "plain", 3)
    back.send(tsa)
    back.grow()

    unseen, seen = checked(plain, trust), checked(back, trust)

    back.store.close()
    plain.store.close()
    assert (unseen.ok, DATED in spots(unseen)) == (True, True)
    ((where, what),) = findings(seen)
    assert where == "run (record 3)"
    assert what.startswith(f"is back-dated: it says that it was recorded at {iso(START + 180_000)}, but names a timest")


def test_how_long_after_its_date_a_record_was_first_seen_is_said(tsa: Timestamp, trust: Trust, tmp_path: Path) -> None:
    back = Log(tmp_path / "back", clock=Clock(real() - 40 * DAY + HOUR))
    back.grow(2)
    back.send(tsa)

    report = checked(back, trust)

    back.store.close()
    assert report.ok
    assert report.shown[1] == (
        "No record was first seen from outside more than 40 days after the time that it gives itself (record 1), "
        "as far as record 2."
    )


def test_a_record_from_the_future_is_found_by_a_timestamp(tsa: Timestamp, trust: Trust, tmp_path: Path) -> None:
    ahead = Log(tmp_path / "ahead", clock=Clock(real() + DAY))
    ahead.grow(1)
    ahead.send(tsa)

    report = checked(ahead, trust)

    ahead.store.close()
    ((where, what),) = findings(report)
    assert where == "run (record 1)"
    assert "but timestamp:x saw it at" in what


def test_a_cosigned_checkpoint_kept_elsewhere_says_when_too(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    witness = TestWitness(SIGNER.verifier.text, real() // 1000)
    log.grow(2)
    with Server(witness.answer) as server:
        token = Witness(url=server.url, key=witness.public).send(log.job("witness:w"))

    report = checked(log, Trust((), (Cosigner.parse(witness.public),)), mail=token)

    assert (report.ok, spots(report)) == (True, [FALSE])
    assert report.shown[0].startswith("By the word of witness.example/w1, records 1 to 2 existed at ")


# ── tokens ────────────────────────────────────────────────────────────────────────────────


def test_a_timestamp_that_a_record_names_cannot_be_taken_away(log: Log, tsa: Timestamp, trust: Trust) -> None:
    log.grow(2)
    log.send(tsa)
    log.grow()
    without(log, "DELETE FROM anchor")

    report = checked(log, trust)

    assert findings(report) == [("anchor (before record 3)", "the timestamp that the record names is missing")]


@pytest.mark.parametrize(
    ("hidden", "what"),
    [
        ("size > 0", "a timestamp that was known before is named no more"),
        ("size = 3", "an older timestamp than before is named"),
    ],
)
def test_timestamps_that_were_hidden_for_a_while_are_found(
    log: Log, tsa: Timestamp, trust: Trust, hidden: str, what: str
) -> None:
    log.clock.at = real()
    log.grow(2)
    log.send(tsa)
    log.grow()
    log.send(tsa)
    log.grow()  # names the second timestamp
    kept = [Token(*row) for row in log.store.backend.select("SELECT size, kind, token FROM anchor")]
    without(log, f"DELETE FROM anchor WHERE {hidden}")
    log.grow()
    for row in kept:
        keep(log.store.backend, row)

    report = checked(log, trust)

    assert findings(report) == [("anchor (before record 5)", what)]


def test_a_receipt_that_somebody_else_signed_as_well_is_found(log: Log) -> None:
    log.grow()
    token = log.send(File(path="worm"))
    twice = token + token.splitlines(keepends=True)[-1]

    with pytest.raises(ValueError, match="signed by no key that is known"):
        Receipt.check(twice, [SIGNER.verifier])


def test_tokens_that_nobody_vouches_for_are_said_to_be_unchecked(log: Log, tsa: Timestamp) -> None:
    log.grow(2)
    log.send(tsa)

    report = checked(log)

    assert (report.ok, report.shown) == (True, ())
    assert (
        "Whether the token of timestamp:x is genuine: it could not be checked. "
        "To check it: name the authority's certificates as tsa_ca_file, or by --tsa-ca."
    ) in report.blind_spots


def test_without_the_library_tokens_are_said_to_be_unchecked_and_verifying_goes_on(
    log: Log, tsa: Timestamp, trust: Trust, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.grow(2)
    log.send(tsa)
    log.grow()
    monkeypatch.setitem(sys.modules, "rfc3161_client", None)

    report = checked(log, trust)

    assert report.ok
    assert [spot.partition(". ")[2] for spot in report.blind_spots if "genuine" in spot] == [
        'To check it: pip install "annexlog[timestamp]".'
    ]


def test_a_witness_whose_key_is_not_known_is_said_to_be_unchecked(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    witness = TestWitness(SIGNER.verifier.text, real() // 1000)
    log.grow()
    with Server(witness.answer) as server:
        log.send(Witness(url=server.url, key=witness.public))
    known = Trust((), (Cosigner.parse(witness.public),))

    reports = [checked(log), checked(log, known)]

    assert [report.ok for report in reports] == [True, True]
    assert ["genuine" in " ".join(report.blind_spots) for report in reports] == [True, False]
    assert [len(report.shown) for report in reports] == [0, 2]


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ((1, "file:a", b"nothing"), "is not good: a note is a text, an empty line, and signatures"),
        ((9, "file:a", b"nothing"), "there is no checkpoint of this size"),
        ((1, "timestamp:a", b"nothing"), "is not good: "),
        ((1, "witness:a", b"nothing"), "is not good: a note is a text, an empty line, and signatures"),
        ((1, "file:a", Receipt("file:b", 1, bytes(32), 1).encode(SIGNER)), "is not good: it is of another checkpoint"),
    ],
)
def test_a_token_that_is_not_of_its_checkpoint_is_found(log: Log, row: tuple[int, str, bytes], what: str) -> None:
    log.grow()
    keep(log.store.backend, Token(*row))

    ((where, found),) = findings(checked(log))

    assert where == f"anchor (size {row[0]}, {row[1]})"
    assert found.startswith(what)


def test_a_cosigned_token_of_another_log_is_found(log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    witness = TestWitness(SIGNER.verifier.text, real() // 1000)
    other = another(tmp_path / "other", 2)
    with Server(witness.answer) as server:
        other.send(Witness(url=server.url, key=witness.public))
    log.grow(2)
    taken(other, log)
    other.store.close()

    report = checked(log, Trust((), (Cosigner.parse(witness.public),)))

    assert findings(report) == [("anchor (size 2, witness:x)", "is not good: it is of another checkpoint")]


def test_any_one_bit_of_a_receipt_that_is_changed_is_found(log: Log) -> None:
    log.grow()
    token = log.send(File(path="worm"))
    job = log.job("file:x")

    spoilt = []
    for at in range(len(token)):
        changed = token[:at] + bytes([token[at] ^ 1 << at % 8]) + token[at + 1 :]
        try:
            Receipt.check(changed, [SIGNER.verifier])
        except ValueError:
            continue
        spoilt.append(at)

    assert Receipt.check(token, [SIGNER.verifier]).size == job.checkpoint.size
    assert spoilt == []


def test_a_file_that_is_no_checkpoint_among_good_ones_is_a_finding(log: Log) -> None:
    one, two = log.grow().encode(), log.grow().encode()

    report = checked(log, kept=one + b"\n\n" + two + b"and a diary\n")

    assert [where for where, _ in findings(report)] == ["checkpoint given (kept, checkpoint 3)"]
    assert CUT not in spots(report)


def test_a_timestamp_shows_nothing_of_records_that_were_changed_since(
    log: Log, tsa: Timestamp, trust: Trust, tmp_path: Path
) -> None:
    log.grow(2)
    log.send(tsa)
    note, token = next(
        log.store.backend.select("SELECT c.note, a.token FROM checkpoint c JOIN anchor a ON a.size = c.size")
    )
    anew = Log(tmp_path / "anew", clock=Clock(real() - 1_800_000))
    for _ in range(2):
        anew.clock.at += 60_000
        record(anew.store, anew.clock.at)
    with anew.store.backend.lock(), anew.store.backend.writing():
        anew.store.backend.append("checkpoint", [(2, note)])
        anew.store.backend.append("anchor", [(2, "timestamp:x", token)])

    report = checked(anew, trust)

    anew.store.close()
    assert ("checkpoint (size 2)", "the first 2 records are not those that it signs") in findings(report)
    assert report.shown == ()


# ── since a checkpoint ────────────────────────────────────────────────────────────────────


def since(log: Log, trust: Trust, checkpoint: bytes) -> Report:
    return verify(log.store, keys=[SIGNER.verifier], trust=trust, since=checkpoint)


def test_since_a_checkpoint_what_came_after_is_checked_and_a_token_from_before_is_known(
    log: Log, tsa: Timestamp, trust: Trust
) -> None:
    log.clock.at = real()
    log.grow()
    keep(log.store.backend, Token(1, "file:a", b"nothing"))  # taken as checked
    log.grow()
    log.send(tsa)
    known = log.grow().encode()
    log.grow()  # names the token from before
    log.send(tsa)
    good = since(log, trust, known)
    keep(log.store.backend, Token(4, "file:a", b"nothing"))

    bad = since(log, trust, known)

    assert findings(good) == []
    assert good.shown[0].startswith("By the word of timestamp:x, records 1 to 4 existed at ")
    assert [where for where, _ in findings(bad)] == ["anchor (size 4, file:a)"]


def test_since_a_checkpoint_a_token_that_later_records_name_cannot_be_missing(
    log: Log, tsa: Timestamp, trust: Trust
) -> None:
    log.clock.at = real()
    log.grow(2)
    log.send(tsa)
    known = log.grow().encode()
    log.grow()
    without(log, "DELETE FROM anchor")

    report = since(log, trust, known)

    assert findings(report) == [("anchor (before record 4)", "the timestamp that the record names is missing")]
