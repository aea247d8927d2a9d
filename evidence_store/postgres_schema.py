"""The statements that make a store in PostgreSQL: the tables of `schema` with their guards, and who may do what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from annexlog.evidence_store.schema import BEGAN, INDEXES, TABLES, VERSION, Column, Table
from annexlog.evidence_store.views import POSTGRES, views

SCHEMA: Final = "annexlog"
"""The schema that holds everything; a connection of ours looks nowhere else."""
GUARD: Final = "no_change"
"""Suffix of the name of the trigger that refuses to change a row."""
TRIGGERS: Final = {GUARD: ("UPDATE OR DELETE", "ROW"), "no_truncate": ("TRUNCATE", "STATEMENT")}
"""Of each table: suffix of the name, what it refuses, per what."""
REFUSE: Final = "BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END"
CLAIMED: Final = {"line": "lid", "resource": "rid", "blob": "bid", "dictionary": "did", "run": "run"}
"""The columns whose numbers come from a sequence."""
STEPS: Final[Mapping[int, tuple[str, ...]]] = {
    2: (
        "ALTER TABLE outcome ADD COLUMN began bigint",
        f"ALTER TABLE outcome DISABLE TRIGGER outcome_{GUARD}",
        BEGAN,
        f"ALTER TABLE outcome ENABLE ALWAYS TRIGGER outcome_{GUARD}",
    )
}
"""What adding alone cannot do: the statements that lead from a version to the next."""

_TYPES = {"integer": "bigint", "text": "text", "blob": "bytea", "hash": "bytea"}


class Role(NamedTuple):
    """`suffix`: of the role's name. `tables`, `views`, `sequences`: what it may do with each of them."""

    suffix: str
    tables: str
    views: str
    sequences: str


ROLES: Final = (
    Role("writer", "SELECT, INSERT", "SELECT", "USAGE"),
    Role("inspector", "SELECT", "SELECT", ""),
    Role("reader", "", "SELECT", ""),
)
"""Who records; who uses annexlog's commands that only read, `verify` among them; who looks with a SQL tool."""


def sequence(table: str) -> str:
    return f"{table}_{CLAIMED[table]}_seq"


def type_of(column: Column) -> str:
    """As PostgreSQL calls it."""
    return _TYPES[column.kind]


def tables() -> Iterator[tuple[str, str]]:
    """(name, statement) of each table with its guards, in an order in which they can be made."""
    for name, table in TABLES.items():
        yield name, "; ".join(_table(name, table))


def _table(name: str, table: Table) -> Iterator[str]:
    parts = [_column(column) for column in table.columns]
    parts += [f"PRIMARY KEY ({', '.join(table.key)})", *(f"UNIQUE ({', '.join(key)})" for key in table.unique)]
    yield f"CREATE TABLE {name} ({', '.join(parts)})"
    yield from (f"ALTER TABLE {name} ALTER {column.name} SET STORAGE EXTERNAL" for column in _pressed(table))
    for suffix, (what, each) in TRIGGERS.items():
        trigger = f"{name}_{suffix}"
        yield f"CREATE TRIGGER {trigger} BEFORE {what} ON {name} FOR EACH {each} EXECUTE FUNCTION refuse()"
        yield f"ALTER TABLE {name} ENABLE ALWAYS TRIGGER {trigger}"
    if name in CLAIMED:
        yield f"CREATE SEQUENCE {sequence(name)} OWNED BY {name}.{CLAIMED[name]}"


def _column(column: Column) -> str:
    size = f" CHECK (octet_length({column.name}) = 32)" if column.kind == "hash" else ""
    order = ' COLLATE "C"' if column.kind == "text" else ""
    return f"{column.name} {type_of(column)}{order}{'' if column.null else ' NOT NULL'}{size}"


def _pressed(table: Table) -> Iterator[Column]:
    """Columns of bytes that are compressed already."""
    return (column for column in table.columns if column.name in ("z", "manifest", "bytes"))


def foundation() -> Iterator[str]:
    """What comes before the tables: the schema, the version's table, the function that refuses."""
    yield f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"
    yield "CREATE TABLE migration (version bigint PRIMARY KEY)"
    yield f"CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $refuse${REFUSE}$refuse$"
    yield "REVOKE ALL ON FUNCTION refuse() FROM PUBLIC"


def forward(version: int, there: set[str]) -> Iterator[str]:
    """The statements that bring a store of this version (0: none yet) to that of now; `there`: relations it has."""
    if not version:
        yield from foundation()
    for step in range(version or VERSION, VERSION):
        yield from STEPS.get(step, ())
    yield from (sql for name, sql in tables() if name not in there)
    yield from (f"CREATE INDEX {name} ON {on}" for name, on in INDEXES.items() if name not in there)
    made = views(POSTGRES)
    for name in reversed(made):
        yield f"DROP VIEW IF EXISTS {name}"
    yield from (f"CREATE VIEW {name} AS {query}" for name, query in made.items())
    if version < VERSION:
        yield f"INSERT INTO migration VALUES ({VERSION})"  # noqa: S608 — a number of ours


def grants(role: Role, name: str) -> Iterator[str]:
    """The statements that let a role do what it is for, and nothing else. `name` is quoted already."""
    yield f"REVOKE ALL ON ALL TABLES IN SCHEMA {SCHEMA} FROM {name}"
    yield f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA {SCHEMA} FROM {name}"
    yield f"GRANT USAGE ON SCHEMA {SCHEMA} TO {name}"
    yield f"GRANT {role.views} ON {', '.join(views(POSTGRES))} TO {name}"
    if role.tables:
        yield f"GRANT {role.tables} ON {', '.join(TABLES)} TO {name}"
        yield f"GRANT SELECT ON migration TO {name}"
    if role.sequences:
        yield f"GRANT {role.sequences} ON {', '.join(map(sequence, CLAIMED))} TO {name}"
