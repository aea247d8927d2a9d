"""Random damage to a store's file and rows: verifying finds it, or nothing that the store says has changed.

A few in every run of the suite; ten thousand by `ANNEXLOG_MUTATIONS=10000 pytest -n0 -s
tests/evidence_store/test_mutations.py`, which prints what came of them. ARCHITECTURE.md explains those that change
nothing: they are in parts of the file that no row, index or guard lives in.
"""

import os
import random
import sqlite3
from collections import Counter
from contextlib import closing

import zstandard
from tampering import FOUND_TABLES, checked, content, of_key, unguarded

from annexlog.evidence_store.model import StoreError
from annexlog.evidence_store.schema import TABLES

COUNT = int(os.environ.get("ANNEXLOG_MUTATIONS", "120"))
SEED = int(os.environ.get("ANNEXLOG_SEED", "2022"))


# ── damage to the file ────────────────────────────────────────────────────────────────────


def bit(dice, data, size):
    at = dice.randrange(len(data) * 8)
    place = place_of(data, at // 8, size)
    data[at // 8] ^= 1 << at % 8
    return f"a bit of {place}"


def byte(dice, data, size):
    """Of one that is not zero: most of a small file is room."""
    at = dice.choice([i for i, value in enumerate(data) if value])
    place = place_of(data, at, size)
    data[at] ^= dice.randrange(1, 256)
    return f"a byte of {place}"


def place_of(data, at, size):
    """Where a byte is: the file's header, a page's own header and room, or its cells (sqlite.org/fileformat)."""
    if at < 100:
        return f"the file's header, {at}"
    start = at // size * size
    head = start + (100 if start == 0 else 0)
    kind, cells = data[head], int.from_bytes(data[head + 3 : head + 5], "big")
    array = head + (12 if kind in (2, 5) else 8)
    content = int.from_bytes(data[head + 5 : head + 7], "big") or 65536
    if kind not in (2, 5, 10, 13):
        return "a page that is no tree's: free, or what overflows"
    if at < array:
        return f"the header of a page, {at - head}"
    if array + 2 * cells <= at < start + content:
        return "the room in a page"
    return "the cells of a page"


def page_zeroed(dice, data, size):
    page = dice.randrange(len(data) // size)
    data[page * size : (page + 1) * size] = bytes(size)
    return "a page zeroed"


def pages_swapped(dice, data, size):
    one, two = dice.sample(range(len(data) // size), 2)
    first, second = data[one * size : (one + 1) * size], data[two * size : (two + 1) * size]
    data[one * size : (one + 1) * size], data[two * size : (two + 1) * size] = second, first
    return "two pages swapped"


def page_copied(dice, data, size):
    one, two = dice.sample(range(len(data) // size), 2)
    data[two * size : (two + 1) * size] = data[one * size : (one + 1) * size]
    return "a page copied over another"


def cut(dice, data, size):
    pages = dice.randrange(1, len(data) // size)
    del data[pages * size :]
    return "the file cut off"


# ── damage to rows ────────────────────────────────────────────────────────────────────────


def any_row(dice, raw, table):
    rows = raw.execute(f"SELECT * FROM {table}").fetchall()
    return dice.choice(rows) if rows else None


def deleted(dice, raw, table):
    row = any_row(dice, raw, table)
    if row is not None:
        where, key = of_key(table, row)
        raw.execute(f"DELETE FROM {table} WHERE {where}", key)
    return f"{table}: a row deleted"


def doubled(dice, raw, table):
    """The same row again, under a key of its own."""
    row = any_row(dice, raw, table)
    if row is not None:
        names = [column.name for column in TABLES[table].columns]
        at = names.index(dice.choice(TABLES[table].key))
        shift = dice.choice([-1, 1, 2, 7])
        again = [v + shift if i == at and isinstance(v, int) else v for i, v in enumerate(row)]
        raw.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", again)
    return f"{table}: a row doubled"


def exchanged(dice, raw, table):
    """A value of one row in another."""
    one, two = any_row(dice, raw, table), any_row(dice, raw, table)
    if one is not None:
        at = dice.randrange(len(one))
        where, key = of_key(table, two)
        raw.execute(f"UPDATE {table} SET {TABLES[table].columns[at].name} = ? WHERE {where}", [one[at], *key])
    return f"{table}: a value put into another row"


def nudged(dice, raw, table):
    """A number one higher or lower, one character or byte more or less, or nothing at all."""
    row = any_row(dice, raw, table)
    if row is not None:
        at = dice.randrange(len(row))
        value = row[at]
        near = (
            [value + 1, value - 1, None]
            if isinstance(value, int)
            else [value and value[:-1], value and value * 2, None]
        )
        where, key = of_key(table, row)
        raw.execute(f"UPDATE {table} SET {TABLES[table].columns[at].name} = ? WHERE {where}", [dice.choice(near), *key])
    return f"{table}: a value changed a little"


OF_FILES = (bit, bit, byte, byte, byte, page_zeroed, pages_swapped, page_copied, cut)
OF_ROWS = (deleted, doubled, exchanged, nudged)


def mutated(dice, original, whole, path):
    """Write a store to `path` with one mutation; what it is. `whole`: what it says before."""
    path.write_bytes(original)
    if dice.random() < 0.5:
        size = int.from_bytes(original[16:18], "big")
        data = bytearray(original)
        told = dice.choice(OF_FILES)(dice, data, size)
        path.write_bytes(data)
        return told
    while True:
        table = dice.choice(FOUND_TABLES)
        with unguarded(path, table) as raw:
            try:
                told = dice.choice(OF_ROWS)(dice, raw, table)
            except sqlite3.IntegrityError:
                continue
        if said(path) != whole:  # a value that was put where it was already is no mutation
            return told


# ── what came of it ───────────────────────────────────────────────────────────────────────


def found(path, signed):
    """How verifying tells of it, if it does. `signed`: how many records were signed."""
    try:
        report = checked(path)
    except StoreError:
        return "found: it cannot be opened"
    if not report.ok:
        return "found"
    return "told: records that nothing signs any more" if report.signed < signed else None


def said(path):
    """All that the store says: its rows, with what is compressed unpacked, and its schema."""
    rows = {table: [tuple(unpacked(value) for value in row) for row in rows] for table, rows in content(path).items()}
    with closing(sqlite3.connect(path)) as raw:
        return rows, raw.execute("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY 1, 2").fetchall()


def unpacked(value):
    """A frame of zstd has bits that mean nothing: it counts as the bytes it holds."""
    if isinstance(value, bytes) and value[:4] == zstandard.FRAME_HEADER:
        try:
            return b"unpacked", zstandard.decompress(value)
        except zstandard.ZstdError:
            return value
    return value


def test_random_damage_is_found_or_changes_nothing_that_the_store_says(originals, tmp_path):
    dice = random.Random(SEED)
    came_of: Counter[str] = Counter()
    undetected, silent = [], Counter()
    stores = [(originals / name, (originals / name).read_bytes()) for name in ("short.db", "short.db", "long.db")]
    signed = {original: checked(original).signed for original, _ in stores}
    whole = {original: said(original) for original, _ in stores}
    for number in range(COUNT):
        path = tmp_path / f"{number}.db"  # of its own: SQLite may still look at the one before
        original, data = dice.choice(stores[:2] if COUNT < 1000 else stores)
        what = mutated(dice, data, whole[original], path)
        if told := found(path, signed[original]):
            came_of[told] += 1
        elif said(path) == whole[original]:
            came_of["nothing changed"] += 1
            silent[what] += 1
        else:
            undetected.append(f"{number}: {what}")
        for leftover in tmp_path.glob(f"{number}.db*"):
            leftover.unlink()

    print(f"\n{COUNT} mutations: {dict(came_of)}, not found: {undetected}\nnothing changed by: {dict(silent)}")
    assert (undetected, came_of["found"] > COUNT // 2) == ([], True)
