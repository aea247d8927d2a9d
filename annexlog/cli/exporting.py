"""The group `annexlog export`: evidence for others, in files that other tools read."""

from __future__ import annotations

import click

from annexlog.cli.lazy import Lazy

EXPORT: dict[str, tuple[str, str]] = {
    "sqlite": (
        "annexlog.cli.extracting",
        "Write an auditor's extract of a period: plain tables in one SQLite file.",
    ),
    "datasette": (
        "annexlog.cli.extracting",
        "Print what Datasette needs to show the store, or an extract (FILE), with descriptions and ready queries.",
    ),
}
"""Each command's module, and its help line (a test compares it with the command's own)."""


@click.group(cls=Lazy, families=EXPORT)
def export() -> None:
    """Write evidence for others, in files that other tools read."""
