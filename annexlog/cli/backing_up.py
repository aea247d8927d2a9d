"""Commands that copy the store and tidy its file: store backup, store compact."""

from __future__ import annotations

from pathlib import Path

import click

from annexlog.cli import render
from annexlog.cli.opening import configuration, opened


@click.command()
@click.argument("target", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--verify", is_flag=True, help="Verify the copy before it gets its name.")
def backup(target: Path, verify: bool) -> None:
    """Copy the store while it is in use, to one file.

    The copy (TARGET, mode 0600) is consistent; others read and record meanwhile. It holds what the store holds, salts
    too: erasing reaches it only if the copy is erased as well. The signing key is not in it.
    """
    from annexlog.evidence_store import backup as copying
    from annexlog.evidence_store import keys

    config = configuration()
    verifiers = [keys.public(config.key)] if verify else None
    with opened(config) as store:
        made = copying.backup(store, target, keys=verifiers)
    told = "; the copy verifies" if made.verified else ""
    render.say(f"{made.target}: {made.records} records, {made.signed} of them signed, {made.size:,} bytes{told}.")


@click.command()
def compact() -> None:
    """Give the space that the store no longer uses back to the disk."""
    from annexlog.evidence_store.backup import compact as rewrite

    with opened(configuration(), readonly=False) as store:
        done = rewrite(store)
    render.say(f"{done.before:,} bytes before, {done.after:,} after.")
