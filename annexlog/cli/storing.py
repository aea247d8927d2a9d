"""The group `annexlog store`: commands that keep the store itself."""

from __future__ import annotations

import click

from annexlog.cli.lazy import Lazy

STORE: dict[str, tuple[str, str]] = {
    "init": ("annexlog.cli.databases", "Make an empty store, or bring one forward to this version."),
    "copy": ("annexlog.cli.databases", "Copy a store from SQLite to PostgreSQL, or back, and verify it."),
    "backup": ("annexlog.cli.backing_up", "Copy the store while it is in use, to one file."),
    "compact": ("annexlog.cli.backing_up", "Give the space that the store no longer uses back to the disk."),
    "dispose": ("annexlog.cli.disposing", "Dispose of evidence that was superseded longer ago than it is to be kept."),
    "erase": ("annexlog.cli.disposing", "Erase what is known of one resource: its name, salt and bodies."),
    "hold": ("annexlog.cli.disposing", "Legal holds: what must not be disposed of."),
}
"""Each command's module, and its help line (a test compares it with the command's own)."""


@click.group(cls=Lazy, families=STORE)
def store() -> None:
    """Keep the store: copies, space, retention."""
