"""Packs are read once, and again when anything of them changed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from annexlog.evidence_store.model import TypeShape
from annexlog.mappings.shipped import shipped

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
