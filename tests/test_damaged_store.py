"""Reading commands on a store that somebody tampered with: one line that says so and what to do, never a traceback."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any

import pytest
import zstandard

from annexlog.evidence_store.model import encode
from tests.home import Home

_DOCUMENTS = (
    "SELECT v.bid FROM version v JOIN line l ON l.lid = v.lid "
    "WHERE l.scope = 'org' AND l.type = ? AND v.bid IS NOT NULL"
)


def tamper(home: Home, statement: str, *parameters: object) -> None:
    """Change rows behind the store's back: guards are taken away first, as whoever holds the file can."""
    with closing(sqlite3.connect(home.store)) as raw:
        for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            raw.execute(f"DROP TRIGGER {name}")
        raw.execute(statement, parameters)
        raw.commit()


def rewritten(home: Home, type: str, body: Any) -> None:
    """Let every document of a type say something else."""
    plain = encode(body)
    statement = f"UPDATE blob SET z = ?, did = NULL, base_bid = NULL, size = ? WHERE bid IN ({_DOCUMENTS})"
    tamper(home, statement, zstandard.compress(plain), len(plain), type)


def told(home: Home, *command: str) -> tuple[int, bool, bool]:
    """(exit code, whether one paragraph says that the store is damaged, whether it says what to do)."""
    answer = home.annexlog(*command)
    return answer.code, answer.err.startswith("annexlog: "), "annexlog verify" in answer.err


READING = [("status",), ("outcomes",), ("show", "A.8.24"), ("history", "A.8.24")]


@pytest.mark.parametrize(
    ("type", "body"),
    [
        ("definition", {}),
        ("definition", {"id": 1, "if": ["x"]}),
        ("definition", []),
        ("control", {"tests": 7}),
    ],
)
def test_tampered_definitions_are_told_as_damage_by_every_command_that_reads_them(
    collected: Home, type: str, body: Any
) -> None:
    rewritten(collected, type, body)

    answers = {command: told(collected, *command) for command in READING}

    assert answers == dict.fromkeys(READING, (2, True, True))


def test_a_tampered_setting_is_told_as_damage_by_every_command_that_reads_it(collected: Home) -> None:
    rewritten(collected, "setting", [1])

    answers = [told(collected, command) for command in ("status", "outcomes")]

    assert answers == [(2, True, True)] * 2


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE run SET manifest = x'00'",
        "UPDATE run SET record = x'00'",
        "UPDATE blob SET z = x'00'",
        "UPDATE sweep SET at = -at",
        "DELETE FROM resource WHERE scope = 'org'",
    ],
)
def test_tampered_rows_are_told_as_damage_or_lead_to_other_answers_but_never_end_in_a_traceback(
    collected: Home, statement: str
) -> None:
    tamper(collected, statement)

    answers = {command: collected.annexlog(*command) for command in READING}
    verified = collected.annexlog("verify").code

    odd = [
        name for name, answer in answers.items() if "internal error" in answer.err or answer.code not in (0, 1, 2, 3)
    ]
    assert (odd, verified) == ([], 1)
