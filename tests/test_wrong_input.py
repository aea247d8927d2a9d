"""Wrong definitions, stores and endpoints: one paragraph that says what, where and what next; never a traceback."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from annexlog.evidence_store.schema import VERSION
from tests.home import TARGET, Home
from tests.test_causes import OWN

CONTROL = """\
control: A.8.3
title: Information access restriction
theme: technological
says: Access to information is restricted.
can_show: That buckets are closed.
not_shown: Everything else.
tests:
  - {test: aws.s3.versioning-on-critcal, strength: primary, because: versions are kept}
"""


@pytest.mark.parametrize(
    ("file", "text", "told"),
    [
        (
            "tests/s3.yaml",
            OWN.format(says="versionin.Status == 'Enabled'", good="Enabled"),
            ["tests/s3.yaml:4:", "versionin"],
        ),
        (
            "tests/s3.yaml",
            OWN.format(says="versioning.Status + 3 > 'x' && 1 + 'a' == 2", good="Enabled"),
            ["tests/s3.yaml:4:", "no matching overload"],
        ),
        ("tests/s3.yaml", "- id: [", ["tests/s3.yaml:2:1: not YAML"]),
        (
            "controls/A.8.3.yaml",
            CONTROL,
            ["controls/A.8.3.yaml:8:", "critcal'. Did you mean aws.s3.versioning-on-critical?"],
        ),
        ("registers/worklod_users.yaml", "[]", ["worklod_users", "worklod_users'. Did you mean workload_users?"]),
        ("settings.yaml", "grace: {critical: soon}", ["settings.yaml:1:", "'soon' is not a duration"]),
    ],
    ids=["a facet", "a type", "YAML", "a test", "a register", "a setting"],
)
def test_a_wrong_definition_is_refused_with_its_place_before_anything_is_asked(
    file: str, text: str, told: list[str], home: Home
) -> None:
    home.write(file, text)
    home.configure('mappings = ["mappings"]\n' + TARGET)

    said = home.annexlog("collect")

    assert (said.code, said.out) == (2, "")
    assert [word for word in told if word not in said.err] == []
    assert len(said.err.strip().split("\n\n")) == 1
    assert "Traceback" not in said.err
    assert home.wire.seen == []


def test_a_corrupt_store_is_said_to_be_one_and_left_as_it_is(collected: Home) -> None:
    data = bytearray(collected.store.read_bytes())
    data[4096:-4096] = b"\xa5" * (len(data) - 8192)
    collected.store.write_bytes(data)

    said = [collected.annexlog(command) for command in ("status", "collect", "verify")]

    assert [s.code for s in said] == [2, 2, 2]
    assert ["Restore a copy" in s.err for s in said] == [True, True, True]
    assert "Traceback" not in "".join(s.err for s in said)
    assert collected.store.read_bytes() == bytes(data)


def test_a_store_of_a_newer_version_is_left_alone(collected: Home) -> None:
    with closing(sqlite3.connect(collected.store)) as connection:
        connection.execute("PRAGMA user_version = 99")
        connection.commit()

    said = [collected.annexlog(command) for command in ("status", "collect")]

    assert [s.code for s in said] == [2, 2]
    newer = f"the store has schema 99; this annexlog knows {VERSION}. Update annexlog.\n"
    assert [s.err.endswith(newer) for s in said] == [True, True]
