"""The anchor with a timestamp authority: against `openssl ts`, which also checks what was kept."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from annexlog.anchors import Refused
from annexlog.anchors.timestamp import Timestamp, certificates
from annexlog.evidence_store.layout import Record, sha256
from annexlog.evidence_store.timestamps import stamped_at
from tests.anchored import SIGNER, Log, record
from tests.home import real
from tests.wire import Reply, Request
from tests.wire.authority import Authority
from tests.wire.http import Server


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tsa"))


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("other"), "Another Authority")


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    made = Log(tmp_path)
    made.grow(2)
    yield made
    made.store.close()


class Counterpart:
    """Asks the authority, and lets a test change what it says."""

    def __init__(self, authority: Authority) -> None:
        self.authority, self.came = authority, list[Request]()
        self.change = authority.answer

    def answer(self, request: Request) -> Reply:
        self.came.append(request)
        reply: Reply = self.change(request)
        return reply


@pytest.fixture
def tsa(authority: Authority) -> Counterpart:
    return Counterpart(authority)


@pytest.fixture
def one(tsa: Counterpart, monkeypatch: pytest.MonkeyPatch) -> Iterator[Timestamp]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Server(tsa.answer, threads=1) as server:
        yield Timestamp(url=server.url, tsa_ca_file=str(tsa.authority.ca))


def refused(log: Log, one: Timestamp) -> Refused:
    with pytest.raises(Refused) as caught:
        log.send(one)
    return caught.value


def test_the_token_is_of_the_note_and_of_now(log: Log, one: Timestamp, authority: Authority) -> None:
    note = log.store.checkpoint(SIGNER).encode()
    before = real()

    token = log.send(one)

    at = stamped_at(token, note, certificates(authority.ca))
    assert before - 1000 <= at <= real() + 1000  # its time is in whole seconds
    assert authority.requests[-1].headers["content-type"] == "application/timestamp-query"


def test_openssl_verifies_the_token_too(log: Log, one: Timestamp, authority: Authority, tmp_path: Path) -> None:
    (tmp_path / "note").write_bytes(log.store.checkpoint(SIGNER).encode())
    (tmp_path / "token.tsr").write_bytes(log.send(one))

    told = subprocess.run(
        ["openssl", "ts", "-verify", "-in", "token.tsr", "-data", "note", "-CAfile", authority.ca],
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip

    assert (told.returncode, told.stdout) == (0, "Verification: OK\n")


def test_the_next_record_names_the_newest_token(log: Log, one: Timestamp) -> None:
    token = log.send(one)

    seq = record(log.store, log.clock.at + 60_000)

    (row,) = log.store.backend.select("SELECT record FROM run WHERE seq = ?", (seq,))
    assert Record.parse(row[0]).previous_timestamp == sha256(token)


def test_an_authority_that_nobody_vouches_for_is_refused(log: Log, one: Timestamp, other: Authority) -> None:
    error = refused(log, Timestamp(url=one.url, tsa_ca_file=str(other.ca)))

    assert (error.reason, error.code) == ("unreadable", "token")
    assert "the timestamp is not by a known authority" in error.message


def test_an_answer_to_another_request_is_refused(log: Log, one: Timestamp, tsa: Counterpart) -> None:
    log.send(one)
    first = tsa.came[0]
    log.grow()
    tsa.change = lambda request: Reply(200, {}, tsa.authority.reply(first.body))

    assert "the timestamp is of something else" in refused(log, one).message


def test_an_older_answer_of_the_same_note_is_refused_by_its_nonce(log: Log, one: Timestamp, tsa: Counterpart) -> None:
    job = log.job("timestamp:x")
    first = one.send(job)
    tsa.change = lambda request: Reply(200, {}, first)

    with pytest.raises(Refused, match="answers another request") as caught:
        one.send(job)

    assert caught.value.reason == "unreadable"


@pytest.mark.parametrize("answer", [b"", b"<html>busy</html>", bytes.fromhex("30030a0102"), b"\x30" * 65_000])
def test_an_answer_that_is_no_timestamp_is_refused(log: Log, one: Timestamp, tsa: Counterpart, answer: bytes) -> None:
    tsa.change = lambda request: Reply(200, {}, answer)

    assert refused(log, one).reason == "unreadable"


def test_a_token_of_which_any_one_byte_of_its_signature_differs_is_refused(
    log: Log, one: Timestamp, authority: Authority
) -> None:
    note = log.store.checkpoint(SIGNER).encode()
    token = log.send(one)
    spoilt = [token[:-at] + bytes([token[-at] ^ 1]) + token[len(token) - at + 1 :] for at in range(1, 257, 15)]

    found = []
    for changed in spoilt:
        try:
            found.append(stamped_at(changed, note, certificates(authority.ca)))
        except ValueError:
            found.append(None)

    assert found == [None] * len(spoilt)


def test_what_the_authority_refuses_is_a_refusal(log: Log, one: Timestamp, tsa: Counterpart) -> None:
    query = b"not a query"
    tsa.change = lambda request: Reply(200, {}, tsa.authority.reply(query))

    error = refused(log, one)

    assert error.reason == "unreadable"
    assert "the authority refused (status 2" in error.message


@pytest.mark.parametrize(("status", "reason"), [(403, "denied"), (429, "throttled"), (503, "failed")])
def test_a_status_that_is_no_success_is_a_refusal(
    log: Log, one: Timestamp, tsa: Counterpart, status: int, reason: str
) -> None:
    tsa.change = lambda request: Reply(status)

    assert refused(log, one).reason == reason


def test_certificates_without_a_root_are_named(log: Log, one: Timestamp, authority: Authority) -> None:
    error = refused(log, Timestamp(url=one.url, tsa_ca_file=str(authority.folder / "tsa.pem")))

    assert error.message.endswith("tsa.pem holds no self-signed (root) certificate")
