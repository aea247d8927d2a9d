"""What is spooled is recorded as it came; an answer that was recorded already is known again, and only that."""

import os
import threading
from hashlib import sha256

import pytest
from making import BUCKETS, COMPLETE, PARTIAL, POLICIES, SUPPLEMENT, collect, facets, look, rows

from annexlog.evidence_store.model import StoreError, encode
from annexlog.evidence_store.spool import Spool
from annexlog.evidence_store.store import Store


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path / "store.db", create=True) as store:
        yield store


def spooled(tmp_path, *pairs):
    with Spool(tmp_path) as spool:
        for id, value in pairs:
            spool.add(BUCKETS, id, value)
        seen = spool.seen(BUCKETS)
        return seen, [spool.body(seen, index) for index in range(len(seen))]


# ── the spool ─────────────────────────────────────────────────────────────────────────────


def test_small_and_large_bodies_come_back_in_the_order_they_came(tmp_path):
    pairs = [(f"{n}", "x" * (n % 7 * 3000)) for n in range(500)]

    seen, bodies = spooled(tmp_path, *pairs)

    assert list(zip(seen.ids, bodies, strict=True)) == [(id, b'"%s"' % text.encode()) for id, text in pairs]


def test_bodies_that_lie_far_apart_are_read_one_by_one(tmp_path):
    with Spool(tmp_path) as spool:
        for n in range(300):
            spool.add(BUCKETS, f"{n}", {"n": n})
        seen = spool.seen(BUCKETS)

        far, near = spool.bodies(seen, [299, 0]), spool.bodies(seen, [2, 1])

    assert [body for _, body in far + near] == [b'{"n":299}', b'{"n":0}', b'{"n":2}', b'{"n":1}']
    assert [digest for digest, _ in far] == [sha256(body).digest() for _, body in far]


def test_what_comes_after_looking_is_there_at_the_next_look(tmp_path):
    with Spool(tmp_path) as spool:
        spool.add(BUCKETS, "a", 1)
        first = list(spool.seen(BUCKETS).ids)
        spool.add(BUCKETS, "b", 2)

        assert (first, spool.seen(BUCKETS).ids) == (["a"], ["a", "b"])
        assert len(spool.seen(POLICIES)) == 0


def test_threads_that_add_to_one_line_lose_nothing(tmp_path):
    with Spool(tmp_path) as spool:

        def fill(name):
            for n in range(2000):
                spool.add(BUCKETS, f"{name} {n}", {"name": name, "n": n})

        threads = [threading.Thread(target=fill, args=(name,)) for name in "abcd"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seen = spool.seen(BUCKETS)
        found = {seen.ids[i]: spool.body(seen, i) for i in range(len(seen))}

    assert found == {
        f"{name} {n}": b'{"n":%d,"name":"%s"}' % (n, name.encode()) for name in "abcd" for n in range(2000)
    }


def test_two_answers_print_alike_just_where_they_say_the_same(tmp_path):
    pairs = [(f"{n}", n) for n in range(9)]

    def printed(*pairs):
        with Spool(tmp_path) as spool:
            for id, value in pairs:
                spool.add(BUCKETS, id, value)
            seen = spool.seen(BUCKETS)
            return spool.print(seen, spool.order(seen))

    ordered = {printed(*pairs), printed(*pairs)}
    shuffled = {printed(*pairs[::-1]), printed(*pairs[4:], *pairs[:4]), printed(*pairs, pairs[3])}
    others = [printed(*pairs[1:]), printed(*pairs[:-1], ("8", 9)), printed(*pairs[:-1], ("9", 8)), printed()]
    moved = [printed(*pairs[::-1][:-1], ("0", 9)), printed(*pairs[::-1][1:])]
    split = [printed(("a", 1), ("b", 23)), printed(("a", 12), ("b", 3))]
    assert (len(ordered), len(shuffled)) == (1, 1)
    assert len({*ordered, *shuffled, *others, *moved, *split}) == 10


def test_each_body_has_its_own_digest_however_the_ids_came(tmp_path):
    def digests(ids):
        with Spool(tmp_path) as spool:
            for id in ids:
                spool.add(BUCKETS, id, id)
            return bytes(spool.digests(spool.seen(BUCKETS)))

    ordered = [f"{n:04}" for n in range(1500)]
    late = [*ordered[:700], "0", *ordered[700:]]

    found = [digests(ids) for ids in (ordered, ordered[::-1], late)]

    assert found == [b"".join(sha256(encode(id)).digest() for id in ids) for ids in (ordered, ordered[::-1], late)]


@pytest.mark.parametrize("ids", [["a", "b"], ["b", "a"]])
def test_bytes_that_changed_on_the_disk_meanwhile_are_not_recorded(tmp_path, ids):
    with Spool(tmp_path) as spool:
        for id in ids:
            spool.add(BUCKETS, id, "x" * 9000)
        seen = spool.seen(BUCKETS)
        spool.body(seen, 0) if ids == ["b", "a"] else spool.order(seen)
        spool._flush()
        os.pwrite(spool._file.fileno(), b"y", 100)

        with pytest.raises(StoreError, match="others than were written"):
            spool.bodies(seen, [0, 1])


# ── an answer that is known ───────────────────────────────────────────────────────────────

ONE, TWO = {"a": {"n": 1}, "b": {"n": 2}}, {"a": {"n": 1}, "b": {"n": 3}}


def shown(store):
    return {id: values[""] for id, values in facets(store.view()).items()}


def changes(store):
    """(record, id, whether it is there) of every version."""
    sql = "SELECT v.run, r.native_id, v.bid IS NOT NULL FROM version v JOIN resource r ON r.rid = v.rid ORDER BY 1, 2"
    return list(store.backend.select(sql))


def test_the_same_answer_again_commits_to_the_same_and_writes_nothing(store):
    for n in (1, 2, 3):
        collect(store, f"{n}", look(BUCKETS, 10 * n, ONE))

    told = [(row.n, row.root) for row in store.view().population_lines(BUCKETS)]
    assert (len(told), len(set(told))) == (3, 1)
    assert changes(store) == [(1, "a", 1), (1, "b", 1)]
    assert shown(store) == ONE


def test_an_answer_that_was_another_meanwhile_is_a_change_again(store):
    for n, content in enumerate((ONE, TWO, ONE, ONE, TWO), 1):
        collect(store, f"{n}", look(BUCKETS, 10 * n, content))

    assert [row[:2] for row in changes(store)] == [(1, "a"), (1, "b"), (2, "b"), (3, "b"), (5, "b")]
    assert shown(store) == TWO


def test_what_somebody_else_recorded_in_between_counts(store, tmp_path):
    with Store.open(tmp_path / "store.db") as other:
        collect(store, "1", look(BUCKETS, 10, ONE))
        collect(other, "2", look(BUCKETS, 20, TWO))
        collect(store, "3", look(BUCKETS, 30, ONE))
        collect(other, "4", look(BUCKETS, 40, TWO))
        collect(other, "5", look(BUCKETS, 50, TWO))

        assert [row[:2] for row in changes(store)] == [(1, "a"), (1, "b"), (2, "b"), (3, "b"), (4, "b")]
        assert shown(other) == TWO


def test_a_supplement_in_between_counts(store):
    collect(store, "1", look(BUCKETS, 10, ONE))
    collect(store, "2", look(BUCKETS, 20, {"c": {"n": 9}}, SUPPLEMENT))
    collect(store, "3", look(BUCKETS, 30, ONE))

    assert changes(store) == [(1, "a", 1), (1, "b", 1), (2, "c", 1), (3, "c", 0)]
    assert shown(store) == ONE


def test_a_supplement_that_says_what_is_known_is_recorded_as_one(store):
    collect(store, "1", look(BUCKETS, 10, ONE))
    collect(store, "2", look(BUCKETS, 20, ONE, SUPPLEMENT))

    assert changes(store) == [(1, "a", 1), (1, "b", 1), (2, "a", 1), (2, "b", 1)]


def test_nothing_is_an_answer_too(store):
    for n, content in enumerate(({}, {}, ONE, {}, {}, ONE), 1):
        collect(store, f"{n}", look(BUCKETS, 10 * n, content, COMPLETE if n < 5 else PARTIAL))

    assert changes(store) == [
        *((3, "a", 1), (3, "b", 1), (4, "a", 0), (4, "b", 0)),
        *((6, "a", 1), (6, "b", 1)),
    ]


def test_a_record_that_failed_leaves_nothing_that_is_known(store):
    collect(store, "1", look(BUCKETS, 10, ONE))
    half = BUCKETS._replace(facet="half")
    with pytest.raises(ValueError, match="NUL"):
        collect(store, "2", look(BUCKETS, 20, TWO), look(half._replace(scope="zz\0", type="t"), 20, {"c": 1}))

    collect(store, "3", look(BUCKETS, 30, TWO))

    assert [row[1] for row in changes(store)] == ["a", "b", "b"]
    assert len(rows(store, "run")) == 2
