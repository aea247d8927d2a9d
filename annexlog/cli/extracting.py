"""Commands for other tools: export sqlite, export datasette."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click

from annexlog.cli import render
from annexlog.cli.opening import Instant, configuration, opened
from annexlog.evidence_store.model import ConfigError, Millis

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_DAY: Millis = 86_400_000


class Until(Instant):
    """The end of a period: a date is its last moment."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Millis:
        at = super().convert(value, param, ctx)
        return at + _DAY - 1 if isinstance(value, str) and _DATE.fullmatch(value) else at


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--control", "controls", multiple=True, metavar="CONTROL",
              help="Only this control (A.8.3); may be given again. By default all that are tested.")  # fmt: skip
@click.option("--from", "begin", type=Instant(), required=True, help="The period's begin; a date is its first moment.")
@click.option("--to", "end", type=Until(), required=True, help="Its end; a date is its last moment.")
@click.option("--scope", help="Only outcomes of this scope.")
@click.option("--known-at", type=Instant(), help="Use only what was recorded by then.")
def sqlite(
    file: Path, controls: tuple[str, ...], begin: Millis, end: Millis, scope: str | None, known_at: Millis | None
) -> None:
    """Write an auditor's extract of a period: plain tables in one SQLite file.

    FILE (mode 0600, never written over) holds the controls and tests with their definitions, every outcome and every
    change, the populations, the evidence itself, how it was asked for, and each record's place in the signed log.
    """
    from annexlog.extract import Asked, extract

    with opened(configuration()) as store:
        done = extract(store, Asked(controls, begin, end, scope, known_at), file)
    rows = [(name, many, done.unknown.get(name, "")) for name, many in done.rows.items()]
    render.table(("table", "rows", "of them unknown"), rows, title=str(file), right=("rows", "of them unknown"))


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False)
def datasette(file: Path | None) -> None:
    """Print what Datasette needs to show the store, or an extract (FILE), with descriptions and ready queries."""
    import orjson

    from annexlog.extract.datasette import metadata

    place = file if file is not None else configuration().store
    if not isinstance(place, Path):
        raise ConfigError(
            "Datasette reads SQLite files; this store is a database of its own.",
            where=str(place),
            next="Make an extract: annexlog export sqlite FILE --from DATE --to DATE",
        )
    click.echo(orjson.dumps(metadata(place), option=orjson.OPT_INDENT_2).decode())
