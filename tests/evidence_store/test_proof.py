"""A population is proven to who has only the proof and the public key, and a proof of anything else does not hold."""

import copy
import json
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from making import BUCKETS, PASS, POLICIES, UNKNOWN, VERDICTS, collect, look
from tampering import LONG, SIGNER, fill, fill_long

from annexlog.evidence_store import layout
from annexlog.evidence_store.checkpoint import Checkpoint
from annexlog.evidence_store.keys import Signer
from annexlog.evidence_store.layout import sha256
from annexlog.evidence_store.merkle import root
from annexlog.evidence_store.model import Line, StoreDamaged, StoreError, encode
from annexlog.evidence_store.proof import Proven, check_population
from annexlog.evidence_store.proving import prove_population
from annexlog.evidence_store.store import Store

KEY = SIGNER.verifier


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    path = tmp_path_factory.mktemp("proof") / "store.db"
    fill(path)
    with Store.open(path, readonly=True) as opened:
        yield opened


def digests(resources):
    return {id: sha256(encode(value)) for id, value in resources.items()}


def test_a_population_is_proven_as_the_newest_of_the_signed_log(store):
    proof = prove_population(store, BUCKETS, 6)

    assert check_population(json.dumps(proof), KEY) == Proven(
        line=BUCKETS, status="complete", start=29, end=30, seq=6, recorded=30,
        resources=digests({"b": {"n": 4}, "c": {"n": 3}}),
        newest=6, known=11, known_at=51, known_until=None, size=11,
    )  # fmt: skip


def test_an_older_population_is_proven_to_have_been_the_newest_at_its_time(store):
    proof = prove_population(store, BUCKETS, 4, known_at=21)

    assert check_population(proof, KEY) == Proven(
        line=BUCKETS, status="complete", start=19, end=20, seq=4, recorded=20,
        resources=digests({"b": {"n": 2}, "c": {"n": 3}}),
        newest=4, known=5, known_at=20, known_until=30, size=11,
    )  # fmt: skip


def test_a_population_that_came_late_is_proven_with_the_one_that_was_newer(store):
    proven = check_population(prove_population(store, BUCKETS, 5, known_at=20), KEY)

    assert (proven.status, proven.resources, proven.newest) == ("partial", digests({"a": {"n": 1}}), 4)


def test_a_denied_sweep_is_proven_to_have_seen_nothing(store):
    proven = check_population(prove_population(store, POLICIES, 6), KEY)

    assert (proven.status, proven.resources, proven.newest) == ("denied", {}, 10)


def test_a_supplement_is_proven_to_have_seen_what_it_carried(store):
    proven = check_population(prove_population(store, POLICIES, 4), KEY)

    assert (proven.status, proven.resources) == ("supplement", digests({"c": 1}))


def test_bodies_are_proven_with_their_population(store):
    proof = prove_population(store, POLICIES, 9, bodies=True)

    proven = check_population(proof, KEY)

    assert proven.resources == digests({"b": LONG, "c": 1})
    assert {leaf["id"]: json.loads(leaf["body"]) for leaf in proof["leaves"]} == {"b": LONG, "c": 1}


def test_a_proof_in_a_log_of_tiles_holds(tmp_path):
    fill_long(tmp_path / "store.db")
    with Store.open(tmp_path / "store.db") as store:
        collect(store, "last", look(BUCKETS, 400, {"a": 1}))
        store.checkpoint(SIGNER)

        proven = [check_population(prove_population(store, BUCKETS, seq), KEY) for seq in (3, 260)]

    assert [(p.seq, p.newest, p.size, p.resources) for p in proven] == [
        (3, 260, 260, {}),
        (260, 260, 260, digests({"a": 1})),
    ]


@pytest.mark.parametrize(
    ("line", "seq", "known_at", "what"),
    [
        (BUCKETS, 9, None, "record 9 did not look at this line"),
        (Line("no", "such", "line"), 6, None, "record 6 did not look at this line"),
        (BUCKETS, 12, None, "no checkpoint signs record 12 yet"),
        (BUCKETS, 0, None, "there is no record 0"),
        (BUCKETS, 6, 20, "record 6 was not known yet by then"),
    ],
)
def test_what_cannot_be_proven_is_an_error_that_says_why(store, line, seq, known_at, what):
    with pytest.raises(StoreError, match=what):
        prove_population(store, line, seq, known_at=known_at)


def test_a_record_that_is_not_signed_yet_cannot_be_proven(tmp_path):
    with Store.open(tmp_path / "store.db", create=True) as store:
        collect(store, "1", look(BUCKETS, 10, {"a": 1}))

        with pytest.raises(StoreError, match="no checkpoint signs record 1 yet"):
            prove_population(store, BUCKETS, 1)


def test_the_outcomes_of_one_test_are_proven_with_their_reasons(store):
    proof = prove_population(store, VERDICTS, 7)

    proven = check_population(json.dumps(proof), KEY)

    said = {id: sha256(layout.outcome_body(o.status, o.reason)) for id, o in {"b": UNKNOWN, "c": PASS}.items()}
    assert proven == Proven(
        line=VERDICTS, status="complete", start=31, end=31, seq=7, recorded=31, resources=said,
        newest=11, known=11, known_at=51, known_until=None, size=11, outcomes={"b": UNKNOWN, "c": PASS},
    )  # fmt: skip


def test_outcomes_that_were_carried_forward_are_proven_too(store):
    proven = check_population(prove_population(store, VERDICTS, 8), KEY)

    assert (proven.seq, proven.end, proven.outcomes) == (8, 32, {"b": UNKNOWN, "c": PASS})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda leaves: leaves[0].update(status="not_applicable", reason=None), "as many of each status"),
        (lambda leaves: [leaf.update(status="fail", reason=None) for leaf in leaves], "as many of each status"),
        (lambda leaves: leaves[0].update(id="d"), "not those that were seen"),
        (lambda leaves: leaves.pop(), "as many of each status"),
        (lambda leaves: leaves[0].update(status="fine"), "fine"),
        (lambda leaves: [leaf["reason"].update(code="Other") for leaf in leaves if leaf["reason"]], "not those that"),
    ],
)
def test_a_proof_of_other_outcomes_does_not_hold(store, change, said):
    proof = prove_population(store, VERDICTS, 7)
    change(proof["leaves"])

    with pytest.raises(StoreDamaged, match=said):
        check_population(proof, KEY)


def test_a_proof_of_outcomes_is_no_proof_of_a_population(store):
    proof = prove_population(store, VERDICTS, 7) | {"format": "annexlog/population/1"}

    with pytest.raises(StoreDamaged, match="is not in the record"):
        check_population(proof, KEY)


# ── what does not hold ────────────────────────────────────────────────────────────────────


def set_at(document, path, value):
    """A copy with one part replaced; a function makes it of what was there."""
    changed = copy.deepcopy(document)
    part = changed
    for step in path[:-1]:
        part = part[step]
    part[path[-1]] = value(part[path[-1]]) if callable(value) else value
    return changed


ZERO = "00" * 32


@pytest.mark.parametrize(
    ("path", "value", "what"),
    [
        (["format"], "annexlog/population/2", "not of the format"),
        (["checkpoint"], "", "a note is"),
        (["checkpoint"], lambda note: note.replace("\n11\n", "\n12\n"), "signature"),
        (
            ["record", "text"],
            lambda text: text.replace("target main", "target other"),
            "its record is not in the signed log",
        ),
        (["record", "path", 0], ZERO, "its record is not in the signed log"),
        (["record", "path"], [], "its record is not in the signed log"),
        (["line", "text"], lambda text: text.replace("\tcomplete\t", "\tpartial\t"), "its line is not in the record"),
        (["line", "index"], lambda index: 1 - index, "its line is not in the record"),
        (["known", "text"], lambda text: text[:-1] + "5", "the line's head is not in the record"),
        (["leaves"], lambda leaves: leaves[1:], "lists 1 resources; the record commits to 2"),
        (["leaves"], lambda leaves: leaves + leaves[:1], "lists 3 resources; the record commits to 2"),
        (["leaves"], lambda leaves: leaves[:1] * 2, "not those that were seen"),
        (["leaves", 0, "id"], "invented", "not those that were seen"),
        (["leaves", 0, "salt"], ZERO, "not those that were seen"),
        (["leaves", 0, "sha256"], ZERO, "the body of . is not that of its digest"),
        (["leaves", 0, "body"], "{}", "the body of . is not that of its digest"),
        (["leaves", 0, "salt"], str.upper, "lower hex"),
        (["leaves", 0, "salt"], None, "does not hold"),
        (["leaves"], {"a": 1}, "does not hold"),
        (["next"], lambda _: None, None),
    ],
)
def test_a_proof_with_any_part_changed_does_not_hold(store, path, value, what):
    proof = prove_population(store, BUCKETS, 6, known_at=31, bodies=True)
    changed = set_at(proof, path, value)

    if what is None:  # without its next record it proves less, and that is all
        assert check_population(changed, KEY).known_until is None
        return
    with pytest.raises(StoreDamaged, match=what):
        check_population(changed, KEY)


def test_parts_of_other_proofs_do_not_make_a_proof(store):
    proof, other = prove_population(store, BUCKETS, 6), prove_population(store, POLICIES, 6)
    older = prove_population(store, BUCKETS, 4, known_at=21)

    mixed = [
        ({**other, "leaves": proof["leaves"]}, "lists resources of a sweep that saw none"),
        ({**proof, "known": other["known"]}, "the head is of another line"),
        ({**proof, "known": older["known"]}, "older than the sweep"),
        ({**proof, "next": older["next"]}, "does not follow"),
        ({**proof, "leaves": older["leaves"]}, "not those that were seen"),
        ({**older, "record": proof["record"]}, "its line is not in the record"),
    ]

    failures = []
    for document, what in mixed:
        with pytest.raises(StoreDamaged, match=what) as caught:
            check_population(document, KEY)
        failures.append(caught.value.next)
    assert failures == ["Ask for it anew; trust nothing in it."] * 6


def test_a_proof_does_not_hold_for_another_key(store):
    proof = prove_population(store, BUCKETS, 6)

    with pytest.raises(StoreDamaged, match="not signed by example"):
        check_population(proof, Signer("example.com/log", bytes(32)).verifier)


def test_a_proof_does_not_hold_for_another_log_of_the_same_key(store):
    proof = prove_population(store, BUCKETS, 6)
    signed = Checkpoint.parse(proof["checkpoint"].encode())
    other = Checkpoint.sign("example.com/other", signed.size, signed.root, SIGNER)

    with pytest.raises(StoreDamaged, match="of another log"):
        check_population({**proof, "checkpoint": other.encode().decode()}, KEY)


def test_a_population_that_was_recorded_with_one_resource_twice_does_not_hold():
    """No store writes that; whoever holds the key could."""
    leaves = [
        {"id": "twice", "salt": salt.hex(), "sha256": sha256(b"1").hex()} for salt in (bytes(32), bytes([1] * 32))
    ]
    cids = [layout.cid(bytes.fromhex(leaf["salt"]), *BUCKETS[:2], "twice") for leaf in leaves]
    made = sorted(
        (cid, layout.leaf(cid, bytes.fromhex(f["salt"]), "", sha256(b"1"))) for cid, f in zip(cids, leaves, strict=True)
    )
    line = layout.population_line(BUCKETS, "complete", 1, 2, 2, root([leaf for _, leaf in made]), None, None)
    head = layout.head_line(BUCKETS, 1, 2, 1)
    tops = {"populations_root": layout.line_leaf(line), "heads_root": layout.line_leaf(head)}
    record = layout.Record(seq=1, recorded=2, clock=2, run_key="1", kind="collect", lines=1, **tops).encode()
    only = {"index": 0, "of": 1, "path": []}
    proof = {
        "format": "annexlog/population/1",
        "checkpoint": Checkpoint.sign(KEY.name, 1, layout.record_leaf(record), SIGNER).encode().decode(),
        "record": {"text": record.decode(), "path": []},
        "line": {"text": line.decode(), **only},
        "known": {"record": {"text": record.decode(), "path": []}, "text": head.decode(), **only},
        "next": None,
        "leaves": leaves,
    }

    with pytest.raises(StoreDamaged, match="lists a resource twice"):
        check_population(proof, KEY)


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", "1", '"text"', "{", "[" * 5000, b"\xff"])
def test_a_document_that_is_no_proof_is_an_error_without_traceback(text):
    with pytest.raises(StoreDamaged, match="does not hold"):
        check_population(text, KEY)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_proof_with_any_byte_changed_holds_for_nothing_else(store, data):
    proof = prove_population(store, BUCKETS, 6, known_at=31, bodies=True)
    proven = check_population(proof, KEY)
    text = bytearray(json.dumps(proof).encode())
    at = data.draw(st.integers(0, len(text) - 1))
    text[at] = data.draw(st.integers(0, 255))

    try:
        found = check_population(bytes(text), KEY)
    except StoreDamaged:
        found = proven

    assert found == proven


def test_checking_needs_neither_the_store_nor_its_database():
    script = (
        "import sys; from annexlog.evidence_store.proof import check_population; "
        "print(sorted({'sqlite3', 'zstandard', 'annexlog.evidence_store.store'} & set(sys.modules)))"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"
