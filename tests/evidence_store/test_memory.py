"""What a store keeps in memory of each line between records, and that it is still told apart."""

import gc
import tracemalloc
import weakref

from making import BUCKETS, collect, look

from annexlog.evidence_store.model import Line
from annexlog.evidence_store.recording import Answers
from annexlog.evidence_store.store import Store

SCOPES, TYPES = 40, 50


def record_all(store, at):
    """A record of each scope, all of its lines empty."""
    for scope in range(SCOPES):
        lines = [Line(f"aws/{scope:012}/eu-west-1", f"aws.service{n}.thing") for n in range(TYPES)]
        collect(store, f"{scope} {at}", *(look(line, at) for line in lines))


def test_a_line_takes_a_quarter_of_a_kilobyte_of_memory_between_records(tmp_path):
    with Store.open(tmp_path / "store.db", create=True) as store:
        collect(store, "first", look(BUCKETS, 5))
        gc.collect()
        tracemalloc.start()
        try:
            record_all(store, 10)
            record_all(store, 20)
            gc.collect()
            held = tracemalloc.get_traced_memory()[0]
        finally:
            tracemalloc.stop()

    assert held / (SCOPES * TYPES) < 256


def test_answers_are_known_by_line_root_and_print_whatever_the_order_of_their_lines():
    answers = Answers()
    told = [
        (700, b"r" * 32, b"a" * 32),
        (3, b"s" * 32, b"b" * 32),
        (2, b"t" * 32, b"c" * 32),
        (3, b"u" * 32, b"d" * 32),
    ]
    for said in told:
        answers.keep(*said)

    asked = [*told, (700, b"r" * 32, b"c" * 32), (700, b"s" * 32, b"a" * 32), (1, b"", b""), (9_000_000, b"", b"")]

    assert [answers.has(*said) for said in asked] == [True, False, True, True, False, False, False, False]


def test_nothing_is_known_of_answers_that_were_cleared():
    answers = Answers()
    answers.keep(7, b"r" * 32, b"a" * 32)

    answers.clear()

    assert not answers.has(7, b"r" * 32, b"a" * 32)


def test_a_manifest_that_was_recorded_on_is_not_kept_unless_it_is_large(tmp_path):
    large = [look(Line("aws/2", f"aws.service{n}.thing"), 10) for n in range(1_001)]
    with Store.open(tmp_path / "store.db", create=True) as store:
        collect(store, "small", look(BUCKETS, 10))
        collect(store, "large", *large)
        passed = [store.manifests.passing(seq) for seq in (1, 2)]

        again = [store.manifests[seq] for seq in (1, 2)]

    assert [len(manifest) for manifest in passed] == [1, 1_001]
    assert [was is now for was, now in zip(passed, again, strict=True)] == [False, True]


def test_a_closed_store_is_forgotten_at_once(tmp_path):
    with Store.open(tmp_path / "store.db", create=True) as store:
        collect(store, "first", look(BUCKETS, 5))
        assert store._log is not None
        log = weakref.ref(store._log)
        gc.disable()
    try:
        assert log() is None
    finally:
        gc.enable()
