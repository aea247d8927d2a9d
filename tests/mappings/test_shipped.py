"""Packs are read once, and again when anything of them changed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from annexlog.answers import published_shapes
from annexlog.evidence_store.model import TypeShape
from annexlog.mappings import load
from annexlog.mappings.loading import read
from annexlog.mappings.packs import Contents, Reading, read_tests
from annexlog.mappings.shipped import shipped
from tests.mappings.making import SHAPES as SHAPES_OF_TESTS
from tests.mappings.making import page

SHAPES = {"acme.thing": TypeShape("acme.thing", "thing", ("thing",), "account", "acme")}
REGISTER = "- name: ann\n"


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    (tmp_path / "registers").mkdir()
    (tmp_path / "registers/people.yaml").write_text(REGISTER)
    return tmp_path


def test_a_pack_in_which_nothing_changed_is_not_read_again(pack: Path) -> None:
    assert shipped(SHAPES, [pack]) is shipped(dict(SHAPES), [pack])


def test_a_file_that_is_as_long_and_newer_is_read(pack: Path) -> None:
    first = shipped(SHAPES, [pack])
    file = pack / "registers/people.yaml"
    file.write_text(REGISTER.replace("ann", "bob"))
    os.utime(file, ns=(1, 1))

    again = shipped(SHAPES, [pack])

    assert (first.contents.registers, again.contents.registers) == (
        {"people": [{"name": "ann"}]},
        {"people": [{"name": "bob"}]},
    )


def test_a_new_file_and_another_set_of_types_are_reasons_to_read(pack: Path) -> None:
    first = shipped(SHAPES, [pack])
    other = shipped({}, [pack])
    (pack / "settings.yaml").write_text("size: 1\n")

    assert first is not other
    assert dict(shipped(SHAPES, [pack]).contents.settings) == {"size": 1}


def test_what_is_added_to_a_copy_is_not_in_what_was_read(pack: Path) -> None:
    read = shipped(SHAPES, [pack])
    reading, found = read.copy()

    reading.refuse("not this", "here")
    found.settings["size"] = 2

    assert (read.reading.problems, read.contents.settings) == ([], {})


# ── without examples ──────────────────────────────────────────────────────────────────────


def test_what_is_read_without_examples_is_what_is_read_with_them() -> None:
    whole, problems = read(published_shapes())
    lean = load(published_shapes())

    assert problems == []
    assert {id: (t.digest, t.where) for id, t in lean.tests.items()} == {
        id: (t.digest, t.where) for id, t in whole.tests.items()
    }
    assert {len(test.examples) for test in lean.tests.values()} == {0}
    assert 0 not in {len(test.examples) for test in whole.tests.values()}


FLOW = "  examples: {pass: [{policy: null}], fail: [], unknown: []}\n"
BLOCK = "  examples:\n    pass:\n      - {policy: null}\n"
COMMENTED = """\
  examples: # of each kind
    pass:

      # one
# and
      - policy: |
          a

          b
    fail: []
"""


@pytest.mark.parametrize(
    "examples",
    [
        FLOW,
        BLOCK,
        COMMENTED,
        "  examples:\n    pass: [{policy: null},\n      {policy: null}]\n",
    ],
    ids=["in one line", "as a block", "with comments and empty lines", "over two lines"],
)
@pytest.mark.parametrize("place", ["  asks:", "  source:", ""], ids=["first", "in the middle", "last"])
def test_examples_are_left_out_whole_and_alone(examples: str, place: str, tmp_path: Path) -> None:
    one = page(examples=None)
    text = one.replace(place, f"{examples}{place}", 1) if place else f"{one}{examples.rstrip()}"
    file = tmp_path / "acme.yaml"
    file.write_text(f"{text}\n# The next.\n{page(id='acme.next')}")

    def found(*, examples: bool) -> tuple[list[tuple[str, str, str]], list[str]]:
        reading, tests = Reading(SHAPES_OF_TESTS, examples=examples), Contents()
        read_tests(reading, file, tests)
        told = [(test.id, test.digest, test.where) for test in tests.tests.values()]
        return told, [str(problem) for problem in reading.problems]

    assert found(examples=False) == found(examples=True)
    assert [id for id, *_ in found(examples=False)[0]] == ["acme.test", "acme.next"]
