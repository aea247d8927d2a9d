"""The root over the heads of lines is that of their sorted texts, whatever came and changed in which order."""

import plain_layout
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annexlog.evidence_store import layout
from annexlog.evidence_store.heads import Head, Heads
from annexlog.evidence_store.model import Line

SCOPES = ["a", "a/1", "a!", "a1", "b", "b\t", "ab", "é"]
KINDS = [("t", ""), ("t", "f"), ("t", "ff"), ("t.u", ""), ("t!", "é"), ("t", "outcome:x"), ("tt", "f\n")]
LINES = st.builds(lambda scope, kind: Line(scope, *kind), st.sampled_from(SCOPES), st.sampled_from(KINDS))
HEADS = st.builds(Head, st.integers(1, 3), st.integers(1, 2), st.integers(0, 2**50), st.integers(1, 2))


def naive(heads):
    texts = sorted(layout.head_line(line, *head[1:]) for line, head in heads.items())
    return plain_layout.tree([plain_layout.sha(b"\0" + text) for text in texts])


@given(st.lists(st.dictionaries(LINES, HEADS, max_size=40), min_size=1, max_size=5))
def test_the_root_is_the_tree_of_the_sorted_texts_whatever_was_set_between_two_of_them(rounds):
    heads, wanted, roots, trees = Heads(), {}, [], []

    for round in rounds:
        for line, head in round.items():
            heads.put(line, head)
        wanted |= round
        roots.append(heads.root())
        trees.append(naive(wanted))

    assert roots == trees
    assert {line: heads.get(line) for line in wanted} == wanted


def test_many_lines_are_hashed_as_few_are():
    lines = [Line(f"s{n % 70:02}", f"t{n:05}") for n in range(9_000)]
    heads, wanted = Heads(), {}
    for n, line in enumerate(lines):
        heads.put(line, Head(n + 1, 1, n, 1))
        wanted[line] = Head(n + 1, 1, n, 1)
    first = heads.root()
    before = naive(wanted)

    for line in (*lines[::700], Line("s33", "t"), Line("", "t")):
        heads.put(line, Head(9_999, 2, 7, 2))
        wanted[line] = Head(9_999, 2, 7, 2)

    assert (first, heads.root()) == (before, naive(wanted))


def test_no_line_has_the_root_of_nothing():
    assert Heads().root() == plain_layout.sha(b"")


@pytest.mark.parametrize("line", [Line("b", "t"), Line("a", "u"), Line("a", "t", "f")])
def test_a_line_that_was_never_set_has_no_head(line):
    heads = Heads()
    heads.put(Line("a", "t"), Head(1, 1, 1, 1))

    found = heads.get(line)

    assert found is None


def test_a_number_that_cannot_be_one_is_refused():
    with pytest.raises(ValueError, match="-1"):
        Heads().put(Line("a", "t"), Head(1, -1, 1, 1))
