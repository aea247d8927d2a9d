"""The group `annexlog proof`: proofs for somebody who has neither the store nor any trust in it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from annexlog.cli import render, shapes
from annexlog.cli.opening import as_json, configuration, opened, reads
from annexlog.cli.texts import moment
from annexlog.evidence_store.model import ConfigError, Line, StoreDamaged, iso

if TYPE_CHECKING:
    from annexlog.answers import Reading
    from annexlog.evidence_store.keys import Verifier
    from annexlog.evidence_store.proof import Proven


@click.group()
def proof() -> None:
    """Make and check proofs of populations and outcomes.

    A proof is one JSON file. It is checked with the log's public key alone: no store, no network. It says what one
    look saw, and which look was the newest by what was recorded then.
    """


@proof.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--type", "type", help="Prove the population of this resource type.")
@click.option("--test", help="Prove the outcomes of this test.")
@click.option("--scope", required=True, help="In this scope.")
@click.option("--facet", default="", help="Prove this part of the evidence, not the listing.")
@click.option("--bodies", is_flag=True, help="With the evidence itself, not its digests alone.")
@reads
def make(
    file: Path, reading: Reading, type: str | None, test: str | None, scope: str, facet: str, bodies: bool, json: bool
) -> None:
    """Write the proof of one population, or of one test's outcomes, as it was at --at.

    It opens the names in it: whoever has it can tell whether a name in another proof of this log is the same.
    """
    line = _line(reading, type, test, scope, facet)
    made = write(reading, line, file, bodies=bodies)
    if json:
        render.emit(made)
    else:
        tell(made)


def write(reading: Reading, line: Line, file: Path, *, bodies: bool = False) -> shapes.ProofMade:
    """Write the proof of what the line's latest look saw. Raises ConfigError if there was none, StoreError."""
    import orjson

    from annexlog.evidence_store.placing import placed
    from annexlog.evidence_store.proving import prove_population

    seen = reading.view.seen(line)
    if seen is None:
        raise ConfigError(
            f"nothing looked at {'/'.join(part for part in line if part)} by {iso(reading.view.at)}.",
            next="See which populations there are: annexlog population TYPE",
        )
    with opened(configuration()) as store:
        document = prove_population(store, line, seen.seq, known_at=reading.known_at, bodies=bodies)
    with placed(file) as made:
        made.write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    return shapes.ProofMade(
        file=str(file),
        scope=line.scope,
        type=line.type,
        facet=line.facet,
        run=seen.seq,
        end=iso(seen.end),
        entries=len(document["leaves"]),
    )


def tell(made: shapes.ProofMade) -> None:
    render.say(f"{made.file}: {made.entries} entries, seen {made.end} (record {made.run}).")
    render.say(f"Check it anywhere: annexlog proof check {made.file} --public-key KEY")


def _line(reading: Reading, type: str | None, test: str | None, scope: str, facet: str) -> Line:
    if type is not None and test is None:
        return Line(scope, type, facet)
    if test is None or type is not None:
        raise click.UsageError("give --type, or --test.")
    if test not in reading.mappings.tests:
        raise ConfigError(f"there is no test {test!r} in the definitions of that time.", next="annexlog mappings list")
    return Line(scope, reading.mappings.tests[test].of.name, f"outcome:{test}")


@proof.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--public-key", "texts", multiple=True,
              help="The log's public key; that of the configured signing key by default. May be repeated.")  # fmt: skip
@as_json
def check(file: Path, texts: tuple[str, ...], json: bool) -> int:
    """Check a proof against the log's public key, without the store."""
    from annexlog.evidence_store import keys

    verifiers = [keys.verifier(text) for text in texts] or [keys.public(configuration().key)]
    told = _checked(file, verifiers)
    if json:
        render.emit(shapes.ProofChecked(
            scope=told.line.scope, type=told.line.type, facet=told.line.facet, coverage=told.status,
            start=iso(told.start), end=iso(told.end), run=told.seq, recorded=iso(told.recorded),
            resources={id: digest.hex() for id, digest in told.resources.items()},
            outcomes={id: outcome.status.value for id, outcome in told.outcomes.items()},
            disposed=told.disposed,
            newest=told.newest, known=told.known, known_at=iso(told.known_at), known_until=moment(told.known_until),
            records=told.size,
        ))  # fmt: skip
        return 0
    what = " ".join(part for part in told.line if part)
    render.say(f"{what}: the proof holds.", style="green")
    render.say(f"Record {told.seq} of {told.size}, written {iso(told.recorded)}: a {told.status} look from "
               f"{iso(told.start)} to {iso(told.end)} that saw exactly these {len(told.resources)}:")  # fmt: skip
    for id in told.resources:
        render.say(f"  {id}" + (f"  {told.outcomes[id].status.value}" if id in told.outcomes else ""))
    if told.disposed:
        render.say(f"It saw {told.disposed} more, disposed of since: only that they were there can be shown.")
    until = f" until {iso(told.known_until)}" if told.known_until is not None else ""
    newest = "it was" if told.newest == told.seq else f"record {told.newest}, not this one, was"
    render.say(f"By what was recorded at {iso(told.known_at)}{until}, {newest} the newest look.")
    return 0


def _checked(file: Path, verifiers: list[Verifier]) -> Proven:
    """What the proof proves by one of these keys."""
    from annexlog.evidence_store.proof import check_population

    data = file.read_bytes()
    for verifier in verifiers[:-1]:
        try:
            return check_population(data, verifier)
        except StoreDamaged:
            continue
    return check_population(data, verifiers[-1])
