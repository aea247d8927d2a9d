"""Ways to change a store behind its back, as who can write to its file could; its guards are put back afterwards."""

import sqlite3
from contextlib import closing, contextmanager, suppress
from dataclasses import replace

import zstandard
from making import (
    BUCKETS,
    COMPLETE,
    DENIED,
    FAIL,
    PARTIAL,
    PASS,
    POLICIES,
    SUPPLEMENT,
    UNKNOWN,
    collect,
    judge,
    look,
)

from annexlog.evidence_store import layout, manifest
from annexlog.evidence_store.checkpoint import Checkpoint
from annexlog.evidence_store.keys import Signer
from annexlog.evidence_store.layout import Record
from annexlog.evidence_store.merkle import root
from annexlog.evidence_store.model import ORG, Coverage, Line
from annexlog.evidence_store.schema import TABLES
from annexlog.evidence_store.sqlite import create
from annexlog.evidence_store.store import Store
from annexlog.evidence_store.verify import verify

SIGNER = Signer("example.com/log", bytes(range(32)))
KEYS = [SIGNER.verifier]

# Tables that these stores have no rows in: nothing in them can be edited (of anchors, see test_verify_anchors).
EMPTY = {"dictionary", "anchor", "erased"}

with closing(sqlite3.connect(":memory:", isolation_level=None)) as fresh:
    create(fresh)
    SCHEMA = fresh.execute(
        "SELECT type, name, tbl_name FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name"
    ).fetchall()
    FOUND_TABLES = [name for kind, name, _ in SCHEMA if kind == "table"]
    COLUMNS = [(table, row[1]) for table in FOUND_TABLES for row in fresh.execute(f"PRAGMA table_info({table})")]
COLUMNS = [(table, column) for table, column in COLUMNS if table not in EMPTY]
"""Read from the database itself, so that a new column cannot be forgotten."""

DEFINITIONS = Line(ORG, "definition")
LONG = {"Statement": ["the same words over and over, so that it is worth compressing"] * 9}


def fill(path):
    """A store that has a row of every kind there is: changed, gone, late, denied, supplemented, judged, carried on."""
    with Store.open(path, create=True) as store:
        collect(store, "definitions", look(DEFINITIONS, 5, {"aws.s3.private": {"expect": "policy == null"}}))
        collect(
            store, "1", look(BUCKETS, 10, {"a": {"n": 1}, "b": {"n": 2}}), look(POLICIES, 10, {"a": LONG, "b": None})
        )
        judge(store, 11, {"a": FAIL, "b": PASS}, causes={"a": "estate", "b": "estate"})
        store.checkpoint(SIGNER)
        collect(store, "2", look(BUCKETS, 20, {"b": {"n": 2}, "c": {"n": 3}}), look(POLICIES, 20, {"c": 1}, SUPPLEMENT))
        collect(store, "late", look(BUCKETS, 15, {"a": {"n": 1}}, PARTIAL))
        denied = look(POLICIES, 30, status=Coverage.DENIED, refusal=DENIED)
        collect(store, "3", look(BUCKETS, 30, {"b": {"n": 4}, "c": {"n": 3}}), denied)
        judge(store, 31, {"b": UNKNOWN, "c": PASS}, causes={"c": "definition"})
        store.checkpoint(SIGNER)
        judge(store, 32, None)
        collect(store, "4", look(POLICIES, 40, {"b": LONG, "c": 1}, COMPLETE, rules={"ignore": ["x"]}))
        collect(store, "5", look(POLICIES, 50, {"b": LONG, "c": 1}))
        judge(store, 51, {"b": PASS, "c": FAIL}, causes={"b": "estate", "c": "estate"})
        store.checkpoint(SIGNER)


def fill_long(path):
    """A store whose log is long enough for a tile."""
    with Store.open(path, create=True) as store:
        for at in range(1, 260):
            collect(store, f"{at}", look(BUCKETS, at, status=Coverage.DENIED, refusal=DENIED))
        store.checkpoint(SIGNER)


_GUARDS = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name LIKE ?"


@contextmanager
def unguarded(path, table="%"):
    """A raw connection that may do anything (to one table); its triggers are there again when it is closed."""
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        raw.execute("PRAGMA ignore_check_constraints = ON")
        raw.execute("PRAGMA synchronous = OFF")
        raw.execute("BEGIN")
        guards = raw.execute(_GUARDS, [table]).fetchall()
        for name, _ in guards:
            raw.execute(f"DROP TRIGGER {name}")
        yield raw
        for _, sql in guards:
            raw.execute(sql)
        raw.execute("COMMIT")


def forge(path, seq, of_record=None, of_manifest=None):
    """Rewrite a record behind the last but one checkpoint and sign the log anew, as only the key's holder could.

    `of_manifest(newest, entries)` gives both anew; the record's root of its lines is made to fit. `of_record`: fields.
    """
    with unguarded(path, "run") as raw:
        record, packed = raw.execute("SELECT record, manifest FROM run WHERE seq = ?", [seq]).fetchone()
        made = Record.parse(record)
        if of_manifest:
            found = manifest.unpack(packed, raw.execute)
            newest, entries = of_manifest(found.newest, found.entries())
            packed = manifest.pack(newest, entries)
            top = root(layout.line_leaves(entry.text() for entry in entries))
            made = replace(made, **{"outcomes_root" if made.outcomes_root else "populations_root": top})
        made = replace(made, **of_record or {})
        changed = [made.recorded, made.encode(), packed, seq]
        raw.execute("UPDATE run SET recorded = ?, record = ?, manifest = ? WHERE seq = ?", changed)
        records = raw.execute("SELECT record FROM run ORDER BY seq").fetchall()
    signed = Checkpoint.sign(SIGNER.name, len(records), root([layout.record_leaf(r) for (r,) in records]), SIGNER)
    with unguarded(path, "checkpoint") as raw:
        raw.execute("UPDATE checkpoint SET note = ? WHERE size = ?", [signed.encode(), len(records)])


def of_key(table, row):
    """The WHERE clause of a row and its parameters."""
    names = [column.name for column in TABLES[table].columns]
    key = TABLES[table].key
    return " AND ".join(f"{name} IS ?" for name in key), [row[names.index(name)] for name in key]


def put(raw, table, row, column, value):
    where, key = of_key(table, row)
    raw.execute(f"UPDATE {table} SET {column} = ? WHERE {where}", [value, *key])


def content(path):
    """Every row of every table, as it is stored; compressed bytes unpacked, as a frame has idle bits."""
    with closing(sqlite3.connect(path)) as raw:
        raw.text_factory = bytes
        return {
            table: [tuple(map(_unpacked, row)) for row in raw.execute(f"SELECT * FROM {table}")] for table in TABLES
        }


def _unpacked(value):
    if isinstance(value, bytes) and value.startswith(zstandard.FRAME_HEADER):
        with suppress(zstandard.ZstdError):
            return zstandard.decompress(value)
    return value


# ── what verifying says ──────────────────────────────────────────────────────────────────


def checked(path, checkpoint=None, **more):
    """`checkpoint`: the bytes of what was kept elsewhere."""
    kept = {} if checkpoint is None else {"": checkpoint}
    with Store.open(path, readonly=True) as store:
        return verify(store, **{"keys": KEYS, "checkpoints": kept, **more})


def tables(report):
    return {finding.table for finding in report.findings}


def rows_of(path, table):
    """Of a table: the first row, one of the middle, and the last."""
    with closing(sqlite3.connect(path)) as raw:
        found = raw.execute(f"SELECT * FROM {table}").fetchall()
    return [found[i] for i in sorted({0, len(found) // 2, len(found) - 1})] if found else []
