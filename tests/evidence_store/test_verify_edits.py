"""Verifying finds any edit of any table, column, row and bit, and names the table."""

import random
import sqlite3
from contextlib import closing

import pytest
import zstandard
from tampering import (
    COLUMNS,
    EMPTY,
    FOUND_TABLES,
    checked,
    content,
    of_key,
    put,
    rows_of,
    tables,
    unguarded,
)

from annexlog.evidence_store import layout
from annexlog.evidence_store.model import StoreError
from annexlog.evidence_store.schema import TABLES


def others(value):
    """Values that are not this one: a neighbour, far away, of another kind, none."""
    if isinstance(value, bytes):
        flipped = bytes([value[0] ^ 1]) + value[1:] if value else b"x"
        return [flipped, value[:-1], value + b"\0", b"", "text", None]
    if isinstance(value, str):
        return [value + "x", value[:-1], b"bytes", 7, None]
    if value is None:
        return [1, 1 << 40, "text"]
    return [value + 1, value + 1000, -1, 1 << 62, "text", None]


# ── every table, every column, every row ──────────────────────────────────────────────────


def test_the_tables_are_all_looked_at():
    assert sorted(TABLES) == FOUND_TABLES


def survived(copy, table, changes, named=None):
    """Those of these changes (what, function of a raw connection) after which verifying does not name the table."""
    missed = []
    for what, change in changes:
        path = copy(table)
        with unguarded(path, table) as raw:
            try:
                change(raw)
            except sqlite3.IntegrityError:  # the key or the type of a rowid does not let it happen
                continue
        if (named or table) not in tables(checked(path)):
            missed.append(what)
    return missed


@pytest.mark.parametrize(("table", "column"), COLUMNS)
def test_an_edit_of_any_column_is_reported_in_its_table(copy, table, column):
    names = [c.name for c in TABLES[table].columns]
    rows = rows_of(copy(table), table)
    edits = [
        ((row, value), lambda raw, row=row, value=value: put(raw, table, row, column, value))
        for row in rows
        for value in others(row[names.index(column)])
        if value != row[names.index(column)]
    ]

    missed = survived(copy, table, edits)

    assert (bool(edits), missed) == (True, [])


WITHOUT_A_TRACE = {
    # Nothing that is recorded later refers to the newest checkpoint: without it, the records behind the one before
    # are not signed, which the report says, but the store is as it was before it was signed.
    ("checkpoint", 11),
}


@pytest.mark.parametrize("table", [table for table in FOUND_TABLES if table not in EMPTY])
def test_a_deleted_row_is_reported_in_its_table(copy, table):
    rows = [row for row in rows_of(copy(table), table) if (table, row[0]) not in WITHOUT_A_TRACE]

    def delete(raw, row):
        where, key = of_key(table, row)
        raw.execute(f"DELETE FROM {table} WHERE {where}", key)

    missed = survived(copy, table, [(row, lambda raw, row=row: delete(raw, row)) for row in rows])

    assert (bool(rows), missed) == (True, [])


def test_without_the_newest_checkpoint_the_report_says_what_is_not_signed(copy):
    path = copy()
    with unguarded(path) as raw:
        raw.execute("DELETE FROM checkpoint WHERE size = 11")

    report = checked(path)

    assert (report.ok, report.signed) == (True, 7)
    assert "A change to records 8 to 11: no checkpoint signs them yet." in report.blind_spots[0]


REFERRED_TO = {"blob": "version", "line": "sweep"}
"""Rows that are whole in themselves: where they changed places, what refers to them is not what it was."""
NOTHING_BUT_KEY = {"member", "late"}
"""Rows that are nothing but their key: two of them that change places are the same two rows."""


@pytest.mark.parametrize("table", [t for t in FOUND_TABLES if t not in EMPTY | NOTHING_BUT_KEY | {"tile"}])
def test_two_rows_that_changed_places_are_reported_in_their_table(copy, table):
    names = [c.name for c in TABLES[table].columns]
    free = [name for name in names if name not in TABLES[table].key]
    rows = rows_of(copy(table), table)
    pairs = [
        (one, two)
        for i, one in enumerate(rows)
        for two in rows[:i]
        if of_free(one, names, free) != of_free(two, names, free)
    ]

    def swap(raw, one, two):
        for names_, row, other in ((free, one, None), (free, two, one), (free, one, two)):
            for name in names_:
                value = placeholder(name) if other is None else other[names.index(name)]
                put(raw, table, row, name, value)

    swaps = [(pair, lambda raw, pair=pair: swap(raw, *pair)) for pair in pairs]
    missed = survived(copy, table, swaps, REFERRED_TO.get(table, table))

    assert (bool(pairs), missed) == (True, [])


def of_free(row, names, free):
    return [row[names.index(name)] for name in free]


def placeholder(name):
    """Out of the way of unique keys while two rows change places."""
    return f"placeholder {name}"


def inserted(path, table):
    """Rows that could be slipped in: like each that is there, under keys that are not; and one where there is none."""
    columns, key = TABLES[table].columns, TABLES[table].key
    kinds = {"integer": 1, "text": "text", "blob": b"blob", "hash": layout.sha256(b"")}
    like = rows_of(path, table) or [tuple(kinds[column.kind] for column in columns)]
    return [
        tuple(v + step if c.name == changed else v for c, v in zip(columns, row, strict=True))
        for row in like
        for changed in key
        for step in (1, 1000)
        if isinstance(row[[c.name for c in columns].index(changed)], int)
    ]


@pytest.mark.parametrize("table", FOUND_TABLES)
def test_an_inserted_row_is_reported_in_its_table(copy, table):
    rows = inserted(copy(table), table)

    def insert(raw, row):
        uniques = [i for i, c in enumerate(TABLES[table].columns) if any(c.name in u for u in TABLES[table].unique)]
        fresh = [v if not isinstance(v, str) or i not in uniques else f"{v} new" for i, v in enumerate(row)]
        raw.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", fresh)

    missed = survived(copy, table, [(row, lambda raw, row=row: insert(raw, row)) for row in rows])

    assert (bool(rows), missed) == (True, [])


# ── bits ──────────────────────────────────────────────────────────────────────────────────


def flipped(value, at):
    """The value with one bit of its stored form turned over."""
    if isinstance(value, int):
        return value ^ (1 << at % 62)
    data = bytearray(value.encode() if isinstance(value, str) else value)
    data[at // 8 % len(data)] ^= 1 << at % 8
    return bytes(data)


def same_when_unpacked(column, one, two):
    """Whether two compressed forms are of the same bytes: a frame of zstd has bits that mean nothing."""
    try:
        return column in ("z", "manifest") and zstandard.decompress(one) == zstandard.decompress(two)
    except zstandard.ZstdError:
        return False


def test_a_flipped_bit_of_any_value_is_reported_in_its_table(copy):
    dice = random.Random(20261125)
    missed, tried = [], 0
    while tried < 200:
        table, column = dice.choice([c for c in COLUMNS if c[0] != "tile"])
        at = [c.name for c in TABLES[table].columns].index(column)
        path = copy(table)
        with closing(sqlite3.connect(path)) as raw:
            row = dice.choice(raw.execute(f"SELECT * FROM {table}").fetchall())
        if row[at] in (None, "", b""):
            continue
        value = flipped(row[at], dice.randrange(1 << 20))
        with unguarded(path, table) as raw:
            where, key = of_key(table, row)
            form = "CAST(? AS TEXT)" if isinstance(row[at], str) else "?"
            try:
                raw.execute(f"UPDATE {table} SET {column} = {form} WHERE {where}", [value, *key])
            except sqlite3.IntegrityError:
                continue
        tried += 1
        if table not in tables(checked(path)) and not same_when_unpacked(column, row[at], value):
            missed.append((table, column, row, value))

    assert missed == []


def test_a_flipped_bit_anywhere_in_the_file_is_reported_or_changes_no_row(originals, tmp_path):
    dice = random.Random(7)
    original = (originals / "short.db").read_bytes()
    used = [i for i, byte in enumerate(original) if byte]  # most of a small file is room
    wanted = content(originals / "short.db")
    path = tmp_path / "store.db"
    missed, told = [], 0
    for _ in range(200):
        at = dice.choice(used) * 8 + dice.randrange(8)
        damaged = bytearray(original)
        damaged[at // 8] ^= 1 << at % 8
        path.write_bytes(damaged)
        try:
            ok = checked(path).ok
        except StoreError:  # not even opened, and the error says so
            ok = False
        told += not ok
        if ok and content(path) != wanted:
            missed.append(at)

    assert (missed, told > 50) == ([], True)
