"""What Datasette is told of a store or an extract: titles, meanings of tables and columns, ready queries."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from annexlog.evidence_store.model import StoreError
from annexlog.evidence_store.sqlite import APPLICATION_ID as STORE
from annexlog.evidence_store.sqlite import translated
from annexlog.extract import APPLICATION_ID as EXTRACT
from annexlog.extract.tables import TABLES


def metadata(file: Path) -> dict[str, Any]:
    """The document for `datasette -m`, about the database that this file is. Raises StoreError."""
    kind = _kind(file)
    said = yaml.load(
        files("annexlog.extract").joinpath("store.yaml" if kind == STORE else "extract.yaml").read_bytes(),
        Loader=yaml.CSafeLoader,
    )
    tables = said.get("tables", {}) if kind == STORE else _tables()
    tables |= {name: {"hidden": True} for name in said.get("hidden", ())}
    title, description = said["title"], said["description"]
    about = {"title": title, "description": description, "tables": tables, "queries": said["queries"]}
    return {"title": title, "description": description, "databases": {file.stem: about}}


def _kind(file: Path) -> int:
    """The application id in the file's header (https://sqlite.org/fileformat2.html, 1.3.16)."""
    with translated(file), closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        found: int = connection.execute("PRAGMA application_id").fetchone()[0]
    if found not in (STORE, EXTRACT):
        raise StoreError(
            "this is neither a store in SQLite nor an extract.",
            where=str(file),
            next="Make an extract: annexlog export sqlite FILE --from DATE --to DATE",
        )
    return found


def _tables() -> dict[str, Any]:
    return {
        name: {"description": table.says, "columns": {column: says for column, (_, says) in table.columns.items()}}
        for name, table in TABLES.items()
    }
