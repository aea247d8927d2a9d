"""The HR register: what of a file is read, what is not believed, and what of it is kept."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from annexlog.collectors import Refused
from annexlog.collectors.clock import HOST
from annexlog.collectors.engine import Ask, Engine
from annexlog.collectors.hr import Options, provider
from annexlog.collectors.hr._adapter import Register
from annexlog.collectors.hr.register import person, stays
from annexlog.collectors.limits import Limits
from annexlog.collectors.rules import redactor
from annexlog.evidence_store.model import ConfigError, Unknown, instant, iso
from tests.collectors.acme import Memory
from tests.providers import look

HEADER = "Staff no,Name,From,To,Boss,Mail,GitHub,Salary\n"
SCOPE = "hr/staff"

Write = Callable[..., Register]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """`write(row, …)`: a register of these rows under HEADER; `raw` instead of both; `age` in days."""

    def writing(*rows: str, raw: bytes | None = None, age: float = 0, **options: object) -> Register:
        file = tmp_path / "staff.csv"
        file.write_bytes(raw if raw is not None else (HEADER + "".join(f"{row}\n" for row in rows)).encode())
        at = HOST.now() / 1000 - age * 86_400
        os.utime(file, (at, at))
        named = {"person": "Staff no", "starts": "From", "ends": "To", "manager": "Boss"}
        keys = {"email": "Mail", "github": "GitHub"}
        return Register(Options(**{"file": str(file), **named, "keys": keys, **options}), "staff")  # type: ignore[arg-type]

    return writing


def commitment(kind: str, text: str) -> Any:
    return redactor(f"key:{kind}", b"k" * 32)(text)


def test_a_person_is_his_contracts_his_manager_and_keys_that_tell_nothing(write: Write) -> None:
    register = write(
        "17,Ann Planted,2020-01-01,2022-06-30,3,ann@Example.com,,90000",
        "17,Ann Planted,2025-01-01,,4, Ann@example.com ; a.planted@example.com,annP,90000",
        "",
        "3,Bob,2019-12-31,9999-12-31,,,,",
    )

    seen = look(register, person)

    keys = sorted(
        [("email", "ann@example.com"), ("email", "a.planted@example.com"), ("github", "annp")],
        key=lambda key: ":".join(key).casefold(),
    )
    found: Any = seen.values("hr.person", scope=SCOPE)
    assert {(k["commitment"]) for k in found["17"].pop("keys")} == {commitment(*key)["commitment"] for key in keys}
    assert found == {
        "17": {
            "person": "17",
            "contracts": [
                {"starts": "2020-01-01T00:00:00Z", "until": "2022-07-01T00:00:00Z"},
                {"starts": "2025-01-01T00:00:00Z", "until": None},
            ],
            "manager": "4",
            "dated_by": "mtime",
        },
        "3": {
            "person": "3",
            "contracts": [{"starts": "2019-12-31T00:00:00Z", "until": None}],
            "manager": None,
            "keys": [],
            "dated_by": "mtime",
        },
    }


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (",Ann,2020-01-01,,,,,", "NoPerson"),
        ("17,Ann,,,,,,", "Dates"),
        ("17,Ann,1.1.2020,,,,,", "Dates"),
        ("17,Ann,2020-01-01,2019-12-30,,,,", "Dates"),
        ("17,Ann,9999-12-31,9999-12-30,,,,", "Dates"),
        ("17,Ann,2020-01-01,,", "Cells"),
        ('17,"Ann,2020-01-01,,,,,', "NotCSV"),
    ],
)
def test_one_row_that_cannot_be_read_makes_all_unknown(write: Write, row: str, code: str) -> None:
    seen = look(write("3,Bob,2019-12-31,,,,,", row), person)

    assert seen.status("hr.person", scope=SCOPE) == ("failed", Unknown("unreadable", "file", "read", code))


def test_a_person_who_works_for_one_day_has_a_contract_of_one_day(write: Write) -> None:
    seen = look(write("17,Ann,2020-02-29,2020-02-29,,,,"), person)

    found: Any
    (found,) = seen.values("hr.person", scope=SCOPE).values()
    assert found["contracts"] == [{"starts": "2020-02-29T00:00:00Z", "until": "2020-03-01T00:00:00Z"}]


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "Columns"),
        (b"Staff no,From,To,Boss,Mail\n17,2020-01-01,,,\n", "Columns"),
        (b"Staff no,From,To,Boss,Mail,GitHub,Mail\n", "Columns"),
        (b"\xff\xfe\x00", "NotText"),
    ],
)
def test_a_file_that_is_no_register_is_not_believed(write: Write, raw: bytes, code: str) -> None:
    seen = look(write(raw=raw), person)

    assert seen.status("hr.person", scope=SCOPE)[1] == Unknown("unreadable", "file", "read", code)


def test_a_file_that_names_nobody_is_no_register(write: Write) -> None:
    seen = look(write(), person)

    assert seen.status("hr.person", scope=SCOPE) == ("failed", Unknown("unreadable", "file", "read", "Nobody"))


def test_a_file_from_the_future_says_nothing_for_it_would_never_grow_old(write: Write) -> None:
    row = "17,Ann,2020-01-01,,,,,"

    near, far = look(write(row, age=-0.9), person), look(write(row, age=-1.1), person)

    assert near.status("hr.person", scope=SCOPE) == ("complete", None)
    assert far.status("hr.person", scope=SCOPE) == ("failed", Unknown("failed", "file", "read", "Old"))


def test_an_old_file_says_nothing(write: Write) -> None:
    row = "17,Ann,2020-01-01,,,,,"

    young = look(write(row, age=6.9), person)
    old = look(write(row, age=7.1), person)

    assert young.status("hr.person", scope=SCOPE) == ("complete", None)
    assert old.status("hr.person", scope=SCOPE) == ("failed", Unknown("failed", "file", "read", "Old"))


DATED = HEADER.replace("Salary", "Made")
"""With a column for the time at which the file was made."""


def days_ago(days: float) -> str:
    return iso(HOST.now() - round(days * 86_400_000))


def test_a_time_inside_of_the_file_counts_whatever_the_file_s_own(write: Write) -> None:
    def dated(*ages: float, age: float) -> tuple[str, Unknown | None, set[str]]:
        rows = "".join(f"{n},Ann,2020-01-01,,,,,{days_ago(one)}\n" for n, one in enumerate(ages))
        seen = look(write(raw=(DATED + rows).encode(), age=age, exported_at="Made"), person)
        found: Any = seen.values("hr.person", scope=SCOPE)
        return *seen.status("hr.person", scope=SCOPE), {one["dated_by"] for one in found.values()}

    old = Unknown("failed", "file", "read", "Old")
    assert dated(1, 2, age=30) == ("complete", None, {"column"})
    assert dated(1, 7.1, age=0) == ("failed", old, set())
    assert dated(1, -1.1, age=0) == ("failed", old, set())


def test_a_column_of_the_usual_name_is_found_by_itself(write: Write) -> None:
    header = HEADER.replace("Salary", "exported_at")
    rows = [f"17,Ann,2020-01-01,,,,,{days_ago(days)[:10]}\n" for days in (1, 9)]

    fresh, stale = (look(write(raw=(header + row).encode()), person).status("hr.person", scope=SCOPE) for row in rows)

    assert (fresh, stale) == (("complete", None), ("failed", Unknown("failed", "file", "read", "Old")))


@pytest.mark.parametrize(("made", "code"), [("", "Dates"), ("yesterday", "Dates")])
def test_a_row_that_does_not_say_when_it_was_made_makes_all_unknown(write: Write, made: str, code: str) -> None:
    raw = f"{DATED}17,Ann,2020-01-01,,,,,{made}\n".encode()

    seen = look(write(raw=raw, exported_at="Made"), person)

    assert seen.status("hr.person", scope=SCOPE)[1] == Unknown("unreadable", "file", "read", code)


@pytest.mark.parametrize("cut", ["18,Bob,2020-01-01,2025-06-3", "18,Bob,2020-01-01,,3,bob@example.com,bob,9"])
def test_a_last_line_without_an_end_was_cut_and_is_named(write: Write, cut: str) -> None:
    register = write(raw=f"{HEADER}17,Ann,2020-01-01,,,,,\n{cut}".encode())

    with pytest.raises(Refused, match="CutShort line 3, the last one"):
        register.persons()


def test_a_row_is_named_by_its_line_in_the_file(write: Write) -> None:
    register = write('17,"Ann\nPlanted",2020-01-01,,,,,', "18,Bob,,,,,,")

    with pytest.raises(Refused, match="Dates line 4 has no first day"):
        register.persons()


def test_a_file_that_lacks_many_who_did_not_leave_is_taken_to_be_cut(write: Write) -> None:
    rows = [f"{n},Ann,2020-01-01,{'2021-01-01' if n < 5 else ''},,,," for n in range(25)]
    before = {str(n) for n in range(25)}
    staying = frozenset(str(n) for n in range(5, 25))

    def told(kept: int, **options: int) -> tuple[str, Unknown | None]:
        register = write(*rows[-kept:], **options)
        scope = register.discover().scopes[0]
        asks = [Ask(person, frozenset(), frozenset(), frozenset(before), staying)]
        engine = Engine(register, clock=HOST, limits=Limits(HOST), redaction_key=b"k" * 32)
        (sweep,) = engine.collect(scope, {scope.name: scope}, asks, Memory())
        return sweep.status, sweep.refusal

    lost = Unknown("incomplete", "file", "read", "Lost")
    assert [told(18), told(17)] == [("complete", None), ("partial", lost)]
    assert [told(19, max_loss=0), told(18, max_loss=0), told(1, max_loss=100)] == [
        ("complete", None), ("partial", lost), ("complete", None),
    ]  # fmt: skip


def test_who_has_left_need_not_be_in_the_next_file() -> None:
    def body(*until: str | None) -> dict[str, Any]:
        return {"contracts": [{"starts": "2020-01-01T00:00:00Z", "until": one} for one in until]}

    now = instant("2026-01-01T00:00:00Z")
    here, gone, back = body(None), body("2026-01-01T00:00:00Z"), body("2025-01-01T00:00:00Z", None)
    assert [stays(one, now) for one in (here, gone, back)] == [True, False, True]


def test_a_file_that_is_not_there_is_told(write: Write) -> None:
    seen = look(write(file="/nowhere/staff.csv"), person)

    assert seen.status("hr.person", scope=SCOPE)[1] == Unknown("failed", "file", "read", "FileNotFoundError")


def test_a_column_cannot_mean_two_things(write: Write) -> None:
    with pytest.raises(ConfigError, match="two of the columns"):
        write(ends="From")


def test_its_policy_is_to_read_one_file() -> None:
    assert provider.policy(person.calls()).startswith("Read access to the file")
