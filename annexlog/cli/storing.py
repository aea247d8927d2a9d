"""The group `annexlog store`: commands that keep the store itself."""

from __future__ import annotations

import click

from annexlog.cli.lazy import Lazy

STORE: dict[str, tuple[str, str]] = {
    "init": ("annexlog.cli.databases", "Make an empty store, or bring one forward to this version."),
    "copy": ("annexlog.cli.databases", "Copy a store from SQLite to PostgreSQL, or back, and verify it."),
    "backup": ("annexlog.cli.backing_up", "Copy the store while it is in use, to one file."),
    "compact": ("annexlog.cli.backing_up", "Give the space that the store no longer uses back to the disk."),
}
"""Each command's module, and its help line (a test compares it with the command's own)."""


@click.group(cls=Lazy, families=STORE)
def store() -> None:
    """Keep the store: copies, space, retention."""
