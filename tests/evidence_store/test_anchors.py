"""Tokens of anchors in a store of each kind, trees for proofs, and files of many notes."""

import pytest
from making import BUCKETS, collect, look
from tampering import KEYS, SIGNER

from annexlog.anchoring import anchor
from annexlog.config import load
from annexlog.evidence_store.anchors import Receipt, Token, keep, latest_timestamp, newest, notes, sizes, tree
from annexlog.evidence_store.layout import Record, sha256
from annexlog.evidence_store.model import StoreError
from annexlog.evidence_store.store import Store
from annexlog.evidence_store.verify import verify
from tests.home import Clock


def recorded(store, *ends):
    for end in ends:
        collect(store, f"{end}", look(BUCKETS, end, {"a": {"n": end}}))
    return store.checkpoint(SIGNER)


def test_tokens_are_found_by_anchor_and_size(store):
    rows = [Token(3, "file:a", b"1"), Token(5, "file:a", b"2"), Token(4, "file:b", b"3")]
    for row in rows:
        keep(store.backend, row)

    found = [newest(store.backend, "file:a"), newest(store.backend, "file:a", 4), newest(store.backend, "file:c")]

    assert found == [rows[1], rows[0], None]
    assert sizes(store.backend, "file:a") == [3, 5]


def test_the_first_token_of_a_size_stays(store):
    keep(store.backend, Token(3, "file:a", b"1"))

    keep(store.backend, Token(3, "file:a", b"2"))

    assert newest(store.backend, "file:a") == Token(3, "file:a", b"1")


def test_a_record_names_the_newest_timestamp_and_nothing_else(store):
    recorded(store, 10, 20)
    before = latest_timestamp(store.backend)
    for row in (Token(1, "timestamp:a", b"1"), Token(2, "timestamp:b", b"2"), Token(2, "witness:w", b"3")):
        keep(store.backend, row)

    recorded(store, 30)

    record = next(store.backend.select("SELECT record FROM run WHERE seq = 3"))[0]
    assert (before, Record.parse(record).previous_timestamp) == (None, sha256(b"2"))


def test_the_tree_of_any_size_has_the_root_that_was_signed(store):
    signed = [recorded(store, end) for end in range(10, 50, 10)]

    found = [tree(store.backend, checkpoint.size).root() for checkpoint in signed]

    assert found == [checkpoint.root for checkpoint in signed]


def test_anchoring_records_verifies_and_names_what_it_did(store, tmp_path):
    (tmp_path / "annexlog.toml").write_text('[anchors.worm]\nkind = "file"\npath = "worm"\n')
    config = load(tmp_path / "annexlog.toml")
    recorded(store, 10)
    sent = anchor(store, config, SIGNER, Clock(100))

    report = verify(store, keys=KEYS, checkpoints={"worm": (tmp_path / "worm").read_bytes()})

    assert ([(one.name, one.size) for one in sent], report.findings) == ([("worm", 2)], [])
    assert (store.size(), sizes(store.backend, "file:worm")) == (2, [1, 2])


def test_a_store_that_refuses_tokens_says_so(tmp_path):
    Store.open(tmp_path / "store.db", create=True).close()
    with Store.open(tmp_path / "store.db", readonly=True) as store, pytest.raises(StoreError):
        keep(store.backend, Token(1, "file:a", b"1"))


# ── receipts and files ────────────────────────────────────────────────────────────────────


def test_a_receipt_reads_back_and_no_detail_can_break_out_of_its_line():
    receipt = Receipt("s3:a", 7, bytes(32), 5, "one\nsize 9\n\n— x y")

    found = Receipt.check(receipt.encode(SIGNER), KEYS)

    assert (found.size, found.detail) == (7, "one?size 9??— x y")


@pytest.mark.parametrize("text", [b"", b"\n", b"x", b"\xff\xfe", "— a b\n".encode(), b"a\n\nb\n"])
def test_a_file_of_anything_gives_notes_that_are_no_checkpoints(text):
    assert b"".join(notes(text)).strip() == text.strip()
    assert len(notes(text)) == 1


def test_blank_lines_between_notes_mean_nothing(store):
    one, two = recorded(store, 10).encode(), recorded(store, 20).encode()

    assert notes(b"\n\n" + one + b"\n" + two + b"\n\n") == [one, two]
    assert notes(one + two) == [one, two]
