"""Bodies come back byte for byte, however they are stored; what they are stored with is checked."""

import random
import sqlite3
from contextlib import closing

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from making import BUCKETS, POLICIES, collect, facets, look, rows
from tampering import KEYS, SIGNER, checked, put, tables, unguarded

from annexlog.evidence_store.bodies import MAX_BODY, Bodies, frame
from annexlog.evidence_store.dictionaries import train
from annexlog.evidence_store.layout import sha256
from annexlog.evidence_store.model import StoreDamaged
from annexlog.evidence_store.pressing import Press
from annexlog.evidence_store.store import Store
from annexlog.evidence_store.verify import verify
from annexlog.evidence_store.verify_bodies import frame_length

KIND = "aws.s3.bucket/policy"


@pytest.fixture
def path(tmp_path):
    """A store that has dictionaries and changes of bodies."""
    path = tmp_path / "store.db"
    with Store.open(path, create=True) as store:
        estate = {f"bucket-{n:03}": policy(n) for n in range(200)}
        collect(store, "1", look(BUCKETS, 10, {id: {} for id in estate}), look(POLICIES, 10, estate))
        collect(store, "2", look(POLICIES, 20, estate | {"bucket-007": policy(7, "s3:PutObject")}))
        store.checkpoint(SIGNER)
    return path


def policy(n, action="s3:GetObject"):
    """Bodies that are much alike, each with something of its own."""
    words = random.Random(n)
    return {
        "Version": "2012-10-17",
        "Id": f"{words.getrandbits(128):032x}",
        "Statement": [
            {"Sid": f"{words.getrandbits(64):016x}", "Effect": "Allow", "Action": [action], "Resource": f"arn:{n}:{i}"}
            for i in range(3)
        ],
    }


def kept(store, *bodies, kind=KIND, previous=None):
    """The bids of these bodies, stored in one transaction."""
    with store.backend.writing():
        return list(Press(store.backend).keep([(sha256(body), body) for body in bodies], kind, previous))


def read(store, bids):
    bodies = Bodies(store.backend.select)
    return [bodies.one(bid) for bid in bids]


def how(store, bid):
    """(with a dictionary, as a change of which body)"""
    return next(store.backend.select("SELECT did IS NOT NULL, base_bid FROM blob WHERE bid = ?", (bid,)))


# ── byte for byte ─────────────────────────────────────────────────────────────────────────

ALIKE = st.builds(
    lambda head, n, tail: head * n + tail,
    st.sampled_from([b'{"Statement":[{"Effect":"Allow"}]}', b"\0", b"\x37\xa4\x30\xec dictionary", b'{"$unknown":']),
    st.integers(0, 60),
    st.binary(max_size=40),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(ALIKE, st.integers(0, 5), st.sampled_from(["", "a/", "b/"])), min_size=1, max_size=60))
def test_whatever_is_kept_in_whatever_order_comes_back(tmp_path_factory, steps):
    with Store.open(tmp_path_factory.mktemp("bodies") / "store.db", create=True) as store:
        learn(store, "a/", [b"%032x" % n * 9 + b"the same for all of them" * 9 for n in range(99)])
        bids = []
        for body, back, kind in steps:
            previous = {sha256(body): bids[-1 - back]} if back < len(bids) else None
            bids += kept(store, body, kind=kind, previous=previous)

        assert read(store, bids) == [body for body, _, _ in steps]
        deepest = "SELECT count(*) FROM blob b JOIN blob x ON x.bid = b.base_bid WHERE x.base_bid IS NOT NULL"
        assert list(store.backend.select(deepest)) == [(0,)]


def learn(store, kind, bodies):
    kept(store, *bodies, kind=kind)


@pytest.mark.parametrize("size", [0, 1, 255, 256, 65_791, 65_792, 131_072, 131_073, 400_000])
def test_a_raw_frame_is_what_zstd_reads(size):
    body = random.Random(size).randbytes(size)

    made = frame(body)

    assert zstandard.decompress(made) == body
    assert frame_length(made) == len(made)


def test_what_zstd_would_take_for_a_dictionary_is_no_base(tmp_path):
    odd = b"\x37\xa4\x30\xec" + random.Random(1).randbytes(999)
    with Store.open(tmp_path / "store.db", create=True) as store:
        (first,) = kept(store, odd)
        (second,) = kept(store, odd + b"more", previous={sha256(odd + b"more"): first})

        assert how(store, second) == (0, None)
        assert read(store, [second]) == [odd + b"more"]


def test_a_long_body_is_kept_as_a_change_of_a_long_body(tmp_path):
    long = random.Random(1).randbytes(300_000)
    with Store.open(tmp_path / "store.db", create=True) as store:
        (first,) = kept(store, long)
        (second,) = kept(store, long + b"more", previous={sha256(long + b"more"): first})

        assert how(store, second) == (0, first)
        assert read(store, [first, second]) == [long, long + b"more"]


def test_a_store_without_dictionaries_reads_as_ever_and_goes_on(tmp_path):
    first, second = (b'{"text":"%s"}' % (word * 90) for word in (b"one ", b"two "))
    with Store.open(tmp_path / "store.db", create=True) as store:
        with store.backend.writing():
            plain = zstandard.ZstdCompressor(level=3, write_content_size=True).compress(first)
            store.backend.append("blob", [(1, sha256(first), None, None, len(first), plain)])
            store.backend.append("blob", [(2, sha256(b"{}"), None, None, 2, b"{}")])

        bids = kept(store, first, b"{}", second, previous={sha256(second): 1})

        assert bids == [1, 2, 3]
        assert read(store, bids) == [first, b"{}", second]


# ── changes ───────────────────────────────────────────────────────────────────────────────


def test_what_changes_is_kept_as_a_change_of_a_body_that_is_whole(path):
    with Store.open(path) as store:
        for n in range(3, 9):
            estate = {f"bucket-{i:03}": policy(i) for i in range(200)}
            collect(store, f"{n}", look(POLICIES, 10 * n, estate | {"bucket-007": policy(7, f"s3:{n}")}))

        bases = list(store.backend.select("SELECT DISTINCT base_bid FROM blob WHERE base_bid IS NOT NULL"))
        whole = list(store.backend.select("SELECT base_bid FROM blob WHERE bid = ?", bases[0]))
        told = [version.value["Statement"][0]["Action"] for version in store.view().history(POLICIES, "bucket-007")]
        assert (len(bases), whole) == (1, [(None,)])
        assert told == [["s3:GetObject"], ["s3:PutObject"], *([f"s3:{n}"] for n in range(3, 9))]


def test_a_body_that_is_nothing_like_the_one_before_is_a_new_start(tmp_path):
    one, other = (random.Random(n).randbytes(2000).hex().encode() for n in (1, 2))
    with Store.open(tmp_path / "store.db", create=True) as store:
        (first,) = kept(store, one)
        (second,) = kept(store, other, previous={sha256(other): first})

        assert how(store, second) == (0, None)


def test_a_resource_that_returns_is_a_change_of_what_it_was(tmp_path):
    with Store.open(tmp_path / "store.db", create=True) as store:
        collect(store, "1", look(BUCKETS, 10, {"a": policy(1)}))
        collect(store, "2", look(BUCKETS, 20))
        collect(store, "3", look(BUCKETS, 30, {"a": policy(1, "s3:PutObject")}))

        assert [row[3] for row in rows(store, "blob")] == [None, 1]
        assert facets(store.view()) == {"a": {"": policy(1, "s3:PutObject")}}


# ── dictionaries ──────────────────────────────────────────────────────────────────────────


def test_many_bodies_of_a_kind_get_a_dictionary_that_is_named_by_its_digest(path):
    with Store.open(path) as store:
        ((did, kind, digest, data),) = rows(store, "dictionary")
        pressed = "SELECT count(*), sum(length(z)) * 2 < sum(size) FROM blob WHERE did = ?"

        assert (did, kind, digest) == (1, "aws.s3.bucket/policy", sha256(data))
        assert list(store.backend.select(pressed, (did,))) == [(200, 1)]
        assert facets(store.view(), "policy")["bucket-003"]["policy"] == policy(3)
        assert verify(store, keys=KEYS).findings == []


def test_dictionaries_and_changes_are_the_same_in_every_database(store):
    estate = {f"bucket-{n:03}": policy(n) for n in range(200)}
    later = estate | {"bucket-007": policy(7, "s3:PutObject")}
    for n, content in enumerate((estate, later), 1):
        collect(store, f"{n}", look(BUCKETS, 10 * n, content))

    used = "SELECT did IS NOT NULL, base_bid IS NOT NULL, count(*) FROM blob GROUP BY 1, 2 ORDER BY 1"
    assert [tuple(map(int, row)) for row in store.backend.select(used)] == [(0, 1, 1), (1, 0, 200)]
    assert {id: values[""] for id, values in facets(store.view()).items()} == later
    assert [f.table for f in verify(store, keys=KEYS).findings] == ["checkpoint"]


def test_a_small_store_stays_without(tmp_path):
    with Store.open(tmp_path / "store.db", create=True) as store:
        collect(store, "1", look(BUCKETS, 10, {f"{n}": policy(n) for n in range(60)}))

        assert rows(store, "dictionary") == []


def test_bodies_that_come_a_few_at_a_time_get_a_dictionary_once_they_are_enough(tmp_path):
    with Store.open(tmp_path / "store.db", create=True) as store:
        for scope in range(12):
            line = BUCKETS._replace(scope=f"aws/{scope}")
            collect(store, f"{scope}", look(line, 10, {f"{n}": policy(100 * scope + n) for n in range(10)}))

        known = [(row[0], row[1]) for row in rows(store, "dictionary")]
        without = list(store.backend.select("SELECT count(*) FROM blob WHERE did IS NULL"))
        assert (known, without) == ([(1, "aws.s3.bucket/")], [(60,)])


def test_a_dictionary_that_no_longer_fits_is_followed_by_another_and_old_bodies_still_read(tmp_path):
    before = [b'{"first":"%032x","kind":"of bodies that were"}' % n * 5 for n in range(200)]
    after = [b"<xml><name>%032x</name><other>format</other></xml>" % n * 5 for n in range(200)]
    with Store.open(tmp_path / "store.db", create=True) as store:
        bids = kept(store, *before) + kept(store, *after)

        used = "SELECT did, count(*) FROM blob GROUP BY did ORDER BY did"
        assert list(store.backend.select(used)) == [(1, 200), (2, 200)]
        assert read(store, bids) == before + after


def test_bodies_like_those_before_them_get_no_further_dictionary(tmp_path):
    with Store.open(tmp_path / "store.db", create=True) as store:
        for start in range(0, 1000, 200):
            kept(store, *(b'{"n":"%032x","same":"in all of them"}' % n * 5 for n in range(start, start + 200)))

        assert len(rows(store, "dictionary")) == 1


def test_there_are_never_more_than_sixteen_dictionaries_of_a_kind(tmp_path):
    with Store.open(tmp_path / "store.db", create=True) as store:
        for turn in range(20):
            words = random.Random(turn).randbytes(60).hex().encode()
            kept(store, *(b"%032x %s %032x" % (n, words, n * turn) for n in range(100)))

        assert len(rows(store, "dictionary")) == 16


def test_noise_teaches_nothing(tmp_path):
    with Store.open(tmp_path / "store.db", create=True) as store:
        kept(store, *(random.Random(n).randbytes(500) for n in range(200)))

        assert rows(store, "dictionary") == []


def test_the_same_bodies_make_the_same_dictionary():
    bodies = [b'{"n":"%032x","same":"in all of them"}' % n * 5 for n in range(300)]

    assert train(bodies) == train(bodies)
    assert train(bodies[:63]) is None


# ── damage ────────────────────────────────────────────────────────────────────────────────


def one_of(path, condition):
    with closing(sqlite3.connect(path)) as raw:
        return raw.execute(f"SELECT * FROM blob WHERE {condition} LIMIT 1").fetchone()


PRESSED, CHANGE, RAW = "did IS NOT NULL", "base_bid IS NOT NULL", "length(z) = size"


@pytest.mark.parametrize(
    ("condition", "column", "value"),
    [
        (PRESSED, "did", None),
        (PRESSED, "did", 2),
        (PRESSED, "did", "text"),
        (PRESSED, "base_bid", 5),
        (PRESSED, "size", 1),
        (PRESSED, "size", MAX_BODY + 1),
        (PRESSED, "z", b"\x28\xb5\x2f\xfd\x20\x00\x01\x00\x00"),
        (CHANGE, "base_bid", None),
        (CHANGE, "base_bid", 1),
        (CHANGE, "base_bid", 9999),
        (CHANGE, "base_bid", "itself"),
        (CHANGE, "did", 1),
        (CHANGE, "size", 1 << 40),
        (RAW, "did", 1),
        (RAW, "base_bid", 5),
    ],
)
def test_no_body_reads_otherwise_than_it_was_stored(path, condition, column, value):
    row = one_of(path, condition)

    with unguarded(path, "blob") as raw:
        put(raw, "blob", row, column, row[0] if value == "itself" else value)

    assert tables(checked(path)) & {"blob"} == {"blob"}


@pytest.mark.parametrize("condition", [PRESSED, CHANGE])
def test_nothing_may_stand_behind_a_body(path, condition):
    row = one_of(path, condition)
    empty = zstandard.ZstdCompressor().compress(b"")

    with unguarded(path, "blob") as raw:
        put(raw, "blob", row, "z", row[5] + empty)

    assert tables(checked(path)) == {"blob"}


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("did", 7),
        ("type", "aws.s3.bucket/"),
        ("type", "other"),
        ("sha256", bytes(32)),
        ("bytes", b""),
        ("bytes", b"\x37\xa4\x30\xec" + bytes(999)),
        ("bytes", b"text"),
    ],
)
def test_a_dictionary_that_was_changed_is_found(path, column, value):
    with closing(sqlite3.connect(path)) as raw:
        row = raw.execute("SELECT * FROM dictionary").fetchone()

    with unguarded(path, "dictionary") as raw:
        put(raw, "dictionary", row, column, value)

    assert "dictionary" in tables(checked(path))


def test_any_bit_of_a_dictionary_counts(path):
    with closing(sqlite3.connect(path)) as raw:
        row = raw.execute("SELECT * FROM dictionary").fetchone()
    dice, missed = random.Random(2022), []
    for _ in range(20):
        place = dice.randrange(8 * len(row[3]))
        flipped = bytearray(row[3])
        flipped[place // 8] ^= 1 << place % 8
        with unguarded(path, "dictionary") as raw:
            put(raw, "dictionary", row, "bytes", bytes(flipped))
        missed += [] if "dictionary" in tables(checked(path)) else [place]

    assert missed == []


def test_a_dictionary_that_no_body_needs_is_found(path):
    data = train([b'{"n":"%032x","same":"in all of them"}' % n * 5 for n in range(300)])

    with unguarded(path, "dictionary") as raw:
        raw.execute("INSERT INTO dictionary VALUES (9, 'aws.s3.bucket/policy', ?, ?)", [sha256(data), data])

    assert [(f.table, f.key, f.what) for f in checked(path).findings] == [
        ("dictionary", "9", "no body was made with it")
    ]


def test_a_chain_of_changes_is_found(path):
    change, whole = one_of(path, CHANGE), one_of(path, PRESSED)

    with unguarded(path, "blob") as raw:
        put(raw, "blob", change, "base_bid", whole[0])
        put(raw, "blob", whole, "base_bid", change[0])

    assert [f.what for f in checked(path).findings if f.key == f"{change[0]}"] == [
        f"cannot be read: body {whole[0]}, of which it is a change, is not there or is a change itself"
    ]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("DELETE FROM dictionary", "dictionary 1 is missing"),
        ("UPDATE blob SET size = size + 1 WHERE did IS NOT NULL", "not as long as it says"),
        ("UPDATE blob SET z = substr(z, 1, 9)", "a body cannot be read"),
        (f"UPDATE blob SET size = {MAX_BODY + 1}", "a body cannot be read"),
        ("UPDATE blob SET did = NULL", "a body cannot be read"),
    ],
)
def test_a_body_that_cannot_be_read_is_a_damaged_store(path, change, says):
    with unguarded(path) as raw:
        raw.execute(change)

    with Store.open(path) as store, pytest.raises(StoreDamaged, match=says):
        facets(store.view(), "policy")


def test_a_body_that_is_not_there_is_a_damaged_store(path):
    with Store.open(path) as store, pytest.raises(StoreDamaged, match="body 9999 is missing"):
        Bodies(store.backend.select).one(9999)
