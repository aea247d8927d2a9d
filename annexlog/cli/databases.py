"""Commands that make a store where it is to be, and take it elsewhere: store init, store copy."""

from __future__ import annotations

import click

from annexlog.cli import render
from annexlog.cli.opening import configuration


@click.command()
@click.argument("place", required=False)
@click.option("--roles", default="annexlog", show_default=True, help="What the names of the roles begin with.")
@click.option("--no-roles", is_flag=True, help="Make no roles.")
def init(place: str | None, roles: str, no_roles: bool) -> None:
    """Make an empty store, or bring one forward to this version.

    PLACE: a path, or a URL postgresql://…; the configured store, if it is not given. In PostgreSQL its owner runs
    this, and three roles are made that nobody can log in as; make your users members of them: …_writer records,
    …_inspector reads for annexlog's own commands, …_reader sees the views alone, with any SQL tool.
    """
    from annexlog.evidence_store import copying
    from annexlog.evidence_store.database import Database
    from annexlog.evidence_store.store import Store

    store = configuration().store if place is None else copying.place(place)
    there = store.exists()
    Store.open(store, create=True).close()
    render.say(f"{store}: {'was there already, and is of this version' if there else 'an empty store'}.")
    if isinstance(store, Database) and not no_roles:
        render.say(f"Roles: {', '.join(store.grant(roles))}.")


@click.command()
@click.argument("source")
@click.argument("target")
def copy(source: str, target: str) -> None:
    """Copy a store from SQLite to PostgreSQL, or back, and verify it.

    Its log, its proofs and its checkpoints stay what they are. SOURCE and TARGET are paths or
    URLs postgresql://…; at the target there must be nothing yet, or an empty store.
    The copy is checked against the configured key.
    """
    from annexlog.evidence_store import copying, keys

    config = configuration()
    verifiers = [keys.public(config.key)]
    done = copying.copy(copying.place(source), copying.place(target), verifiers)
    many = sum(done.rows.values())
    render.say(
        f"{copying.place(target)}: {done.records} records, {done.signed} of them signed, {many:,} rows; it verifies."
    )
