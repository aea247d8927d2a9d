"""The anchor with a witness: against one that was written from the specification alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from annexlog.anchors import Refused
from annexlog.anchors.witness import Witness
from annexlog.evidence_store.checkpoint import Checkpoint
from annexlog.evidence_store.cosignatures import Cosigner, cosigned
from annexlog.evidence_store.keys import Signer
from annexlog.evidence_store.model import ConfigError
from tests.anchored import SIGNER, START, Log
from tests.wire import Reply
from tests.wire.http import Server
from tests.wire.witness import TestWitness


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    made = Log(tmp_path / "log")
    yield made
    made.store.close()


@pytest.fixture
def witness() -> TestWitness:
    return TestWitness(SIGNER.verifier.text, START // 1000)


@pytest.fixture
def one(witness: TestWitness, monkeypatch: pytest.MonkeyPatch) -> Iterator[Witness]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Server(witness.answer) as server:
        yield Witness(url=f"{server.url}/", key=witness.public)


def refused(log: Log, one: Witness) -> Refused:
    with pytest.raises(Refused) as caught:
        log.send(one)
    return caught.value


def test_the_published_example_of_a_cosigned_checkpoint_is_read() -> None:
    text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    line = (
        "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0"
        "xUe+mbIUBkBIfZ+qnA==\n"
    )
    note = Checkpoint.parse(f"{text}\n{line}".encode()).note

    (signature,) = note.signatures
    assert (signature.name, len(signature.data)) == ("witness.example.com/w1", 72)
    assert int.from_bytes(signature.data[:8]) == 1679315147


def test_the_cosigned_checkpoint_is_kept_with_both_signatures(log: Log, one: Witness, witness: TestWitness) -> None:
    checkpoint = log.grow(3)

    token = log.send(one)

    kept = Checkpoint.parse(token)
    assert kept.note.text == checkpoint.note.text
    assert kept.signed_by([SIGNER.verifier]) == (SIGNER.verifier,)
    key = Cosigner.parse(witness.public)
    assert list(cosigned(kept.note, [key])) == [(key, START)]
    assert witness.requests == [b"old 0\n\n" + checkpoint.encode()]


@pytest.mark.parametrize("sizes", [(1, 2), (3, 7), (4, 8), (5, 5), (1, 300)])
def test_a_witness_that_knows_the_log_is_shown_that_it_only_grew(
    log: Log, one: Witness, witness: TestWitness, sizes: tuple[int, int]
) -> None:
    first, second = sizes
    log.grow(first)
    log.send(one)
    log.grow(second - first)

    log.send(one)

    assert (witness.size, witness.root) == (second, log.store.checkpoint(SIGNER).root)
    assert witness.requests[1].startswith(f"old {first}\n".encode())
    assert len(witness.requests) == 2


def test_the_size_that_a_witness_names_is_the_one_that_is_proven_from(
    log: Log, one: Witness, witness: TestWitness
) -> None:
    log.grow(3)
    one.send(log.job("witness:x"))  # killed before the token was kept
    log.grow(4)

    log.send(one)

    assert [request.split(b"\n")[0] for request in witness.requests] == [b"old 0", b"old 0", b"old 3"]
    assert witness.size == 7


def test_a_witness_that_has_seen_more_records_gives_the_cut_away(log: Log, one: Witness, tmp_path: Path) -> None:
    longer = Log(tmp_path / "longer")
    longer.grow(5)
    longer.send(one)
    longer.store.close()
    log.grow(3)

    error = refused(log, one)

    assert (error.reason, error.code) == ("conflict", "longer")
    assert error.message == "witness.example/w1 at 127.0.0.1 has seen 5 records of this log; it has 3"


@pytest.mark.parametrize("size", [2, 5])
def test_a_witness_that_has_seen_another_history_gives_the_rewriting_away(
    log: Log, one: Witness, tmp_path: Path, size: int
) -> None:
    other = Log(tmp_path / "other")
    other.clock.at += 1
    other.grow(2)
    other.send(one)
    other.store.close()
    log.grow(size)

    error = refused(log, one)

    assert (error.reason, error.message) == (
        "conflict",
        "witness.example/w1 at 127.0.0.1 has seen another log under this name",
    )


def test_a_witness_that_does_not_know_the_log_or_its_key_refuses(log: Log, one: Witness, witness: TestWitness) -> None:
    log.grow()
    witness.log = Signer("example.com/other", bytes(32)).verifier.text
    unknown_log = refused(log, one)
    witness.log = Signer("example.com/log", bytes(32)).verifier.text
    unknown_key = refused(log, one)

    assert [(e.reason, e.code) for e in (unknown_log, unknown_key)] == [("denied", "404"), ("denied", "403")]


def test_cosignatures_by_other_keys_are_left_out(log: Log, one: Witness, witness: TestWitness) -> None:
    other = TestWitness(witness.log, witness.now, "other.example/w", Ed25519PrivateKey.from_private_bytes(bytes(32)))
    cosign = witness.cosign
    witness.cosign = lambda text: other.cosign(text) + cosign(text)  # type: ignore[method-assign]
    log.grow()

    token = log.send(one)

    assert [s.name for s in Checkpoint.parse(token).note.signatures] == ["example.com/log", "witness.example/w1"]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda line: "",
        lambda line: "nothing of the kind\n",
        lambda line: line.replace("witness.example", "another.example"),
        lambda line: line.replace("A", "B", 3),
        lambda line: line * 150,
    ],
)
def test_an_answer_without_a_good_cosignature_is_refused(log: Log, one: Witness, witness: TestWitness, spoil) -> None:
    cosign = witness.cosign
    witness.cosign = lambda text: spoil(cosign(text))  # type: ignore[method-assign]
    log.grow()

    assert refused(log, one).reason == "unreadable"


def test_a_conflict_that_names_no_size_is_no_reason_to_ask_again(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    came = []
    log.grow()
    with Server(lambda request: came.append(request) or Reply(409, {}, b"9" * 30)) as server:
        error = refused(log, Witness(url=server.url, key=TestWitness("", 1).public))

    assert (error.reason, error.code, len(came)) == ("conflict", "409", 1)


@pytest.mark.parametrize("key", ["", "name", SIGNER.verifier.text, TestWitness("", 1).public[:-4] + "AAA="])
def test_a_key_that_is_no_witness_s_is_refused_when_the_configuration_is_read(log: Log, key: str) -> None:
    with pytest.raises(ConfigError, match="key is not that of a witness"):
        log.config(f'[anchors.w]\nkind = "witness"\nurl = "https://w.example"\nkey = "{key}"\n')
