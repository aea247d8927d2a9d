"""Manifests come back as they were packed, and cost what changed."""

import random

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from making import BUCKETS, POLICIES, collect, look
from tampering import SIGNER, checked, put, unguarded

from annexlog.evidence_store import packing
from annexlog.evidence_store.model import StoreDamaged
from annexlog.evidence_store.store import Store

TEXT = random.Random(1).randbytes(900).hex().encode()


def table(*stored):
    """A `select` over manifests stored at places 1, 2 …"""
    return lambda _sql, parameters: iter([(stored[parameters[0] - 1],)] if 0 < parameters[0] <= len(stored) else [])


@given(st.lists(st.tuples(st.binary(max_size=60), st.integers(0, 6)), min_size=1, max_size=12))
def test_whatever_is_packed_after_whatever_comes_back(steps):
    stored, texts = [], []
    for more, back in steps:
        at = len(stored) - back
        before = packing.base(table(*stored), at) if at > 0 else None
        texts.append(TEXT + more)
        stored.append(packing.pack(texts[-1], before))

    assert [packing.unpack(one, table(*stored)) for one in stored] == texts


def test_what_changed_little_is_small_and_what_is_new_is_whole():
    whole = packing.pack(TEXT)
    near = packing.pack(TEXT + b"more", (1, TEXT))
    far = packing.pack(random.Random(2).randbytes(900).hex().encode(), (1, TEXT))

    assert [packing.parts(one)[0] for one in (whole, near, far)] == [None, 1, None]
    assert len(near) < len(whole) / 10


def test_the_base_of_a_change_is_what_that_is_a_change_of():
    stored = [packing.pack(TEXT), packing.pack(TEXT + b"more", (1, TEXT))]

    assert [packing.base(table(*stored), seq) for seq in (1, 2, 3)] == [(1, TEXT), (1, TEXT), None]


@pytest.mark.parametrize(
    "stored",
    [
        [packing.pack(TEXT + b"more", (2, TEXT)), packing.pack(TEXT + b"most", (1, TEXT))],
        [packing.pack(TEXT + b"more", (1, TEXT))],
        [packing.pack(TEXT + b"more", (9, TEXT))],
        [packing.pack(TEXT + b"more", (2, TEXT)), packing.pack(TEXT[::-1])],
        [zstandard.ZstdCompressor().compress(bytes(1 << 20)) + b"more"],
        [b""],
        [b"\x01"],
        [b"\x28\xb5\x2f\xfd\xe0" + b"\xff" * 8 + bytes(9)],
    ],
)
def test_what_cannot_be_unpacked_is_an_error(stored):
    with pytest.raises((ValueError, zstandard.ZstdError)):
        packing.unpack(stored[0], table(*stored))


@pytest.mark.parametrize(
    "stored", [packing.pack(TEXT + b"more"), packing.pack(TEXT + b"more", (1, TEXT))], ids=["whole", "change"]
)
def test_no_more_is_unpacked_than_may_be(stored):
    select, size = table(packing.pack(TEXT)), len(TEXT) + 4

    assert packing.unpack(stored, select, limit=size) == TEXT + b"more"
    with pytest.raises(ValueError, match=f"claims to hold {size} bytes"):
        packing.unpack(stored, select, limit=size - 1)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "store.db"
    with Store.open(path, create=True) as store:
        for n in range(1, 7):
            provenance = {"caller": TEXT.decode()[:400], "items": n}
            collect(store, f"{n}", *(look(line, n, {"a": n}, provenance=provenance) for line in (BUCKETS, POLICIES)))
        store.checkpoint(SIGNER)
    return path


def test_a_line_that_is_looked_at_again_and_again_costs_what_changed(path):
    with Store.open(path) as store:
        stored = [row[0] for row in store.backend.select("SELECT manifest FROM run ORDER BY seq")]
        told = [row.provenance["items"] for row in store.view().population_lines(BUCKETS)]

    assert [packing.parts(one)[0] for one in stored] == [None, 1, 1, 1, 1, 1]
    assert max(map(len, stored[1:])) < len(stored[0]) / 2
    assert told == [6, 5, 4, 3, 2, 1]
    assert checked(path).findings == []


@pytest.mark.parametrize("seq", [0, 3, 4, 5, 99, 1 << 63])
def test_a_manifest_that_is_not_a_change_of_what_it_says_is_found(path, seq):
    with unguarded(path, "run") as raw:
        row = raw.execute("SELECT * FROM run WHERE seq = 4").fetchone()
        put(raw, "run", row, "manifest", b"\x01" + seq.to_bytes(8, "big") + row[5][9:])

    assert {finding.table for finding in checked(path).findings} >= {"run"}


def test_nothing_may_stand_behind_a_manifest(path):
    with unguarded(path, "run") as raw:
        row = raw.execute("SELECT * FROM run WHERE seq = 4").fetchone()
        put(raw, "run", row, "manifest", row[5] + zstandard.ZstdCompressor().compress(b""))

    assert "run" in {finding.table for finding in checked(path).findings}


def test_a_manifest_whose_base_is_damaged_is_a_damaged_store(path):
    with unguarded(path, "run") as raw:
        raw.execute("UPDATE run SET manifest = x'00' WHERE seq = 1")

    with Store.open(path) as store, pytest.raises(StoreDamaged, match="manifest cannot be read"):
        list(store.view().population_lines(BUCKETS))
