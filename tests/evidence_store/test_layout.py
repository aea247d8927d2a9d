"""Every hash and text of the byte layout is what the published vectors say, and nothing else parses."""

import json
from dataclasses import fields
from pathlib import Path

import plain_layout
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annexlog.evidence_store import layout
from annexlog.evidence_store.layout import HeadLine, OutcomeLine, PopulationLine, Record
from annexlog.evidence_store.merkle import root
from annexlog.evidence_store.model import Line, Unknown

VECTORS = json.loads(Path(__file__).with_name("vectors.json").read_text())
unhex = bytes.fromhex


def digest(value):
    return None if value is None else unhex(value)


def test_published_vectors_are_what_a_plain_computation_gives():
    made = plain_layout.vectors()

    assert made == VECTORS


def test_cid_matches_its_vectors():
    vectors = VECTORS["cid"]

    made = [layout.cid(unhex(v["salt"]), v["scope"], v["type"], v["native_id"]).hex() for v in vectors]

    assert made == [v["cid"] for v in vectors]


def test_k_and_leaf_match_their_vectors():
    vectors = VECTORS["leaf"]

    made = [
        (
            layout.k(unhex(v["salt"]), v["facet"], unhex(v["sha256"])).hex(),
            layout.leaf(unhex(v["cid"]), unhex(v["salt"]), v["facet"], unhex(v["sha256"])).hex(),
            layout.leaf_of(unhex(v["cid"]), unhex(v["k"]), unhex(v["sha256"])).hex(),
        )
        for v in vectors
    ]

    assert made == [(v["k"], v["leaf"], v["leaf"]) for v in vectors]


def test_outcome_body_matches_its_vectors():
    vectors = VECTORS["outcome_body"]

    made = [layout.outcome_body(v["status"], Unknown(**v["reason"]) if v["reason"] else None) for v in vectors]

    assert [(body.decode(), layout.sha256(body).hex()) for body in made] == [(v["text"], v["sha256"]) for v in vectors]


def test_causes_match_their_vectors():
    vectors = VECTORS["causes_sha256"]

    made = [layout.causes_sha256({unhex(cid): cause for cid, cause in v["causes"].items()}) for v in vectors]

    assert made == [digest(v["sha256"]) for v in vectors]


def test_population_lines_match_their_vectors_and_parse_back():
    rows = [v["parts"] for v in VECTORS["population_line"]]
    lines = [PopulationLine(Line(*p[:3]), *p[3:7], *map(digest, p[7:])) for p in rows]

    texts = [line.encode() for line in lines]

    assert texts == [v["text"].encode() for v in VECTORS["population_line"]]
    assert [PopulationLine.parse(text) for text in texts] == lines


def test_outcome_lines_match_their_vectors_and_parse_back():
    rows = [v["parts"] for v in VECTORS["outcome_line"]]
    lines = [OutcomeLine(Line(*p[:3]), *p[3:8], *map(digest, p[8:])) for p in rows]

    texts = [line.encode() for line in lines]

    assert texts == [v["text"].encode() for v in VECTORS["outcome_line"]]
    assert [OutcomeLine.parse(text) for text in texts] == lines


def test_head_lines_match_their_vectors_and_parse_back():
    lines = [HeadLine(Line(*v["parts"][:3]), *v["parts"][3:]) for v in VECTORS["head_line"]]

    texts = [line.encode() for line in lines]

    assert texts == [v["text"].encode() for v in VECTORS["head_line"]]
    assert [HeadLine.parse(text) for text in texts] == lines


def test_root_of_lines_matches_its_vectors_in_any_order():
    vectors = [([line.encode() for line in v["lines"]], v["root"]) for v in VECTORS["lines_root"]]

    made = [
        (root(layout.line_leaves(lines)).hex(), root(layout.line_leaves(lines[::-1])).hex()) for lines, _ in vectors
    ]

    assert made == [(wanted, wanted) for _, wanted in vectors]


def as_record(values):
    roots = {f.name for f in fields(Record) if f.type == "bytes | None"}
    return Record(**{key: digest(value) if key in roots else value for key, value in values.items()})


def test_records_match_their_vectors_and_parse_back():
    records = [as_record(v["values"]) for v in VECTORS["record"]]

    texts = [record.encode() for record in records]

    assert [(t.decode(), layout.record_leaf(t).hex()) for t in texts] == [
        (v["text"], v["leaf"]) for v in VECTORS["record"]
    ]
    assert [Record.parse(text) for text in texts] == records


def test_roots_match_their_vectors():
    vectors = VECTORS["root"]

    made = [root([unhex(leaf) for leaf in v["leaves"]]).hex() for v in vectors]

    assert made == [v["root"] for v in vectors]


def test_a_record_has_every_key_in_the_fixed_order():
    keys = [row.partition(" ")[0] for row in VECTORS["record"][0]["text"].splitlines()]

    assert keys == ["annexlog/run/1", *(field.name for field in fields(Record))] == [keys[0], *plain_layout.RECORD_KEYS]


texts = st.text(max_size=40)
digests = st.none() | st.binary(min_size=32, max_size=32)
counts = st.integers(0, 2**63 - 1)


@given(texts, texts, texts, texts, counts, counts, st.none() | counts, st.tuples(digests, digests, digests))
def test_any_value_survives_a_population_line_without_forging_a_separator(a, b, c, status, start, end, n, hashes):
    line = PopulationLine(Line(a, b, c), status, start, end, n, *hashes)

    text = line.encode()

    assert (text.count(b"\t"), text.count(b"\n"), PopulationLine.parse(text)) == (9, 0, line)


@given(texts, texts, texts, counts, st.none() | counts, digests)
def test_any_value_survives_a_record_without_forging_a_row(writer, caller, run_key, seq, now, digest):
    record = Record(
        seq=seq, recorded=1, clock=2, writer=writer, run_key=run_key, kind="assess", caller=caller, now=now,
        heads_root=digest,
    )  # fmt: skip

    text = record.encode()

    assert (text.count(b"\n"), Record.parse(text)) == (20, record)


@settings(max_examples=300)
@given(st.integers(0, 1), st.integers(0), st.sampled_from(["set", "insert", "delete"]), st.integers(0, 255))
def test_a_record_with_any_byte_changed_is_refused_or_is_another_record_in_its_one_form(which, at, how, byte):
    original = VECTORS["record"][which]["text"].encode()
    at %= len(original)
    changed = original[:at] + (b"" if how == "delete" else bytes([byte])) + original[at + (how != "insert") :]

    try:
        parsed = Record.parse(changed)
    except ValueError:
        parsed = None

    assert parsed is None or (parsed.encode() == changed and (changed == original or parsed != Record.parse(original)))


GOOD = VECTORS["record"][0]["text"].encode()


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"annexlog/run/1\n",
        GOOD[:-1],
        GOOD + b"\n",
        GOOD + b"extra 1\n",
        GOOD.replace(b"run/1", b"run/2"),
        GOOD.replace(b"seq 1\n", b"seq 01\n"),
        GOOD.replace(b"seq 1\n", b"seq +1\n"),
        GOOD.replace(b"seq 1\n", b"seq  1\n"),
        GOOD.replace(b"seq 1\n", b"seq -\n"),
        GOOD.replace(b"seq 1\n", b"seq 9223372036854775808\n"),
        GOOD.replace(b"seq 1\n", "seq ١\n".encode()),
        GOOD.replace(b"seq 1\n", b"seq 1\nseq 1\n"),
        GOOD.replace(b"kind collect", b"kind other"),
        GOOD.replace(b"target production", b"target produc%74ion"),
        GOOD.replace(b"target production", b"target %ff"),
        GOOD.replace(b"target production", b"target %zz"),
        GOOD.replace(b"target production", b"target %0a"),
        GOOD.replace(b"target production", "target ü".encode()),
        GOOD.replace(b"now -\nupto -\n", b"upto -\nnow -\n"),
        GOOD.replace(b"outcomes_root -", b"outcomes_root " + b"A" * 64),
        GOOD.replace(b"outcomes_root -", b"outcomes_root " + b"a" * 62),
        GOOD.replace(b"outcomes_root -", b"outcomes_root "),
        GOOD.replace(b"target production", b"target " + b"p" * layout.MAX_RECORD),
    ],
)
def test_bytes_that_are_not_exactly_a_record_are_refused(bad):
    with pytest.raises(ValueError):  # noqa: PT011 — each case has its own message
        Record.parse(bad)


@pytest.mark.parametrize(
    "wrong", [{"kind": "other"}, {"seq": -1}, {"recorded": 2**63}, {"heads_root": b"short"}, {"writer": "x" * 70_000}]
)
def test_a_record_that_could_not_be_read_back_is_not_written(wrong):
    values = {"seq": 1, "recorded": 1, "clock": 1, "run_key": "k", "kind": "collect"} | wrong

    with pytest.raises(ValueError):  # noqa: PT011 — each case has its own message
        Record(**values).encode()


@pytest.mark.parametrize(
    ("kind", "bad"),
    [
        (PopulationLine, b"a\tb\tc\tcomplete\t1\t2\t3\t-\t-"),
        (PopulationLine, b"a\tb\tc\tcomplete\t-\t2\t3\t-\t-\t-"),
        (PopulationLine, b"a\tb\tc d\tcomplete\t1\t2\t3\t-\t-\t-"),
        (PopulationLine, b"a\tb\tc\tcomplete\t1\t2\t3\t-\t-\t-\n"),
        (PopulationLine, b"a\tb\tc\tcomplete\t01\t2\t3\t-\t-\t-"),
        (OutcomeLine, b"a\tb\tc\t1\t1\t0\t0\t0\t-\t-\t-"),
        (HeadLine, b"a\tb\tc\t1\t2\t-"),
    ],
)
def test_bytes_that_are_not_exactly_a_line_are_refused(kind, bad):
    with pytest.raises(ValueError):  # noqa: PT011 — each case has its own message
        kind.parse(bad)


@pytest.mark.parametrize("names", [("a\0b", "c"), ("a", "b\0c")])
def test_a_name_with_a_nul_has_no_cid_because_another_name_would_share_it(names):
    with pytest.raises(ValueError, match="NUL"):
        layout.cid(bytes(32), *names, "id")
