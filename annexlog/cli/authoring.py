"""Commands for those who write control tests and control pages: mappings check, list, accept."""

from __future__ import annotations

from pathlib import Path

import click

from annexlog.cli import render
from annexlog.cli.opening import configuration, on_disk, opened
from annexlog.evidence_store.model import ConfigError


@click.group()
def mappings() -> None:
    """Check and list control tests and control pages."""


@mappings.command()
@click.argument("folders", nargs=-1, type=click.Path(exists=True, file_okay=False, path_type=Path))
def check(folders: tuple[Path, ...]) -> int:
    """Check definitions: names, types, examples, links; those of the configuration, or of FOLDERS."""
    from annexlog.answers import published_shapes
    from annexlog.mappings.checking import check as problems

    found = problems(published_shapes(), folders=folders or _configured())
    for problem in found:
        render.say(str(problem), style="red")
    many = f"{len(found)} problem{'s' if len(found) > 1 else ''}."
    render.say(many if found else "All definitions hold.", style="bold" if found else "green")
    return 2 if found else 0


@mappings.command(name="list")
@click.option("--control", help="Only tests of this control.")
def list_(control: str | None) -> None:
    """List the control tests that are enabled, with the controls they support."""
    known = on_disk(configuration())
    rows = []
    for test in known.tests.values():
        links = [(c.id, link.strength) for c in known.controls.values() for link in c.tests if link.test == test.id]
        if control is None or control in {c for c, _ in links}:
            told = ", ".join(f"{c}{'' if s == 'primary' else ' (secondary)'}" for c, s in links)
            rows.append((test.id, test.severity, test.definition["every"], told, test.asks))
    render.table(("test", "severity", "every", "controls", "asks"), rows)


@mappings.command()
@click.argument("tests", nargs=-1, metavar="[TEST]...")
@click.option("--all", "every", is_flag=True, help="All tests.")
def accept(tests: tuple[str, ...], every: bool) -> None:
    """Let new and changed tests count: until then they are only observed."""
    from annexlog.cycle import Cycle

    if every == bool(tests):
        raise click.UsageError("name the tests, or give --all.")
    config = configuration()
    with opened(config):
        pass  # says how to begin, where nothing is recorded yet
    accepted = Cycle(config).accept(None if every else tests)
    counting = ", ".join(accepted)
    render.say(f"These count from now on: {counting}." if accepted else "They count already; nothing was changed.")


def _configured() -> tuple[Path, ...]:
    try:
        return configuration().mappings
    except ConfigError:
        return ()  # before init: what is installed
