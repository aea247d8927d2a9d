"""Commands that look and judge: collect, assess, watch."""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

import click

from annexlog.cli import render, shapes
from annexlog.cli.anchoring import say_refused
from annexlog.cli.opening import Instant, as_json, configuration, opened
from annexlog.cli.texts import reason_of, words
from annexlog.evidence_store.model import Millis, iso

if TYPE_CHECKING:
    from annexlog.config import Config
    from annexlog.cycle import Turn
    from annexlog.evidence_store.model import Sweep
    from annexlog.pipeline import Progress

SHOWN = 20
"""So many refusals are printed; --json has all."""


@click.command()
@click.option("--due", is_flag=True, help="Look only at what is due by its tests' intervals (for cron).")
@click.option(
    "--only",
    metavar="NAME",
    multiple=True,
    help="Only this target, or this scope and what is in it (aws/123456789012); may be repeated.",
)
@click.option("--since", type=Instant(), help="Only what was not seen whole since that time (UTC).")
@click.option("--no-assess", is_flag=True, help="Record only; judge later with annexlog assess.")
@as_json
def collect(due: bool, only: tuple[str, ...], since: Millis | None, no_assess: bool, json: bool) -> int:
    """Look at everything that is configured, record it and judge it."""
    from annexlog.cycle import Cycle
    from annexlog.pipeline import everything, unseen_since
    from annexlog.watching import Watch

    config = configuration()
    _known(only, config)
    if due and (only or since is not None):
        raise click.UsageError("--due decides itself what to look at; leave out --only and --since.")
    choose = everything if since is None else unseen_since(since)
    with stopping() as stop, showing(quiet=json) as progress:
        cycle = Cycle(config, stop=stop, progress=progress)
        turn = Watch(cycle).due_now() if due else cycle.turn(choose=choose, only=only, judge=not no_assess)
    if turn is None:
        render.say("Nothing is due.")
        return 0
    code = _report(turn, json=json)
    if not config.targets and not json:
        render.say(f"Nothing was looked at: {config.file} has no target. Add one, then: annexlog doctor")
    return code


def _known(only: Sequence[str], config: Config) -> None:
    """Raises UsageError on a name that is neither a target nor a scope that was ever found."""
    scopes = set(only) - set(config.targets)
    if scopes and config.store.exists():
        with opened(config) as store:
            scopes -= {state.name for state in store.view().scope_states()}
    if scopes:
        targets = ", ".join(config.targets) or "none"
        raise click.UsageError(
            f"there is no target or known scope {min(scopes)!r}; the configured targets are {targets}."
        )


@click.command()
@click.option("--at", type=Instant(), help="Judge as of that time instead of now.")
@click.option("--fail-on", type=click.Choice(["new", "not_met", "never"]), default="new", show_default=True,
              help="Exit with 1 if a control became not met by this, or is not met at all.")  # fmt: skip
def assess(at: Millis | None, fail_on: str) -> int:
    """Judge what is recorded, again."""
    from annexlog.answers import Reading
    from annexlog.cycle import Cycle
    from annexlog.evidence_store.model import State

    config = configuration()
    turn = Cycle(config).judge(now=at)
    assert turn.assessed is not None  # noqa: S101 — judge() always assesses
    _say_assessed(turn)
    say_refused(turn.anchored)
    with opened(config) as store:
        controls = Reading(store.view()).controls()
    if (fail_on == "new" and turn.newly_not_met) or (
        fail_on == "not_met" and any(c.state is State.NOT_MET for c in controls)
    ):
        return 1
    return 3 if any(c.unexcepted_unknown for c in controls) else 0


@click.command()
def watch() -> None:
    """Keep collecting on schedule until stopped."""
    from annexlog.cycle import Cycle
    from annexlog.pipeline import Progress
    from annexlog.watching import Watch

    config = configuration()
    with stopping() as stop:
        told = Progress(done=lambda scope, sweeps: click.echo(f"{scope}: {_seen(sweeps)}", err=True))
        click.echo(f"annexlog: looking after {config.store}; stop with Ctrl-C.", err=True)
        Watch(Cycle(config, stop=stop, progress=told)).keep(lambda error: click.echo(f"annexlog: {error}", err=True))


def _seen(sweeps: Sequence[Sweep]) -> str:
    """`12 complete, 1 denied`, or that it was recorded before."""
    counts = Counter(sweep.status.value for sweep in sweeps)
    return ", ".join(f"{n} {status}" for status, n in sorted(counts.items())) or "nothing to do"


# ── what is shown while it works, and after ───────────────────────────────────────────────


@contextmanager
def stopping() -> Iterator[threading.Event]:
    """An event that SIGINT and SIGTERM set: what is in hand is recorded. A second signal ends at once."""
    stop = threading.Event()

    def asked(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 — the signal's own signature
        for each in before:  # the next one ends the process itself: an exception would wait for every thread first
            signal.signal(each, signal.SIG_DFL)
        stop.set()
        # Not click.echo(): what was interrupted may be printing, and would not be entered twice.
        os.write(2, b"annexlog: stopping; recording what was seen. Once more to stop at once.\n")

    before = {s: signal.signal(s, asked) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def showing(*, quiet: bool, label: str = "") -> Iterator[Progress]:
    """A progress bar on stderr, if that is a terminal."""
    from annexlog.pipeline import Progress

    screen = render.console(stderr=True)
    if quiet or not screen.is_terminal:
        yield Progress()
        return
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Bar(*columns, console=screen, transient=True) as bar:
        task = bar.add_task(label or "finding scopes", total=None)

        def scopes(target: str, n: int) -> None:
            bar.update(task, description=f"{label}{target}: scopes", total=n, completed=0)

        def done(scope: str, sweeps: Sequence[Sweep]) -> None:  # noqa: ARG001 — the callback's signature
            bar.advance(task)

        yield Progress(scopes, done)


def _report(turn: Turn, *, json: bool) -> int:
    done = turn.collected
    code = 3 if done.unseen or done.interrupted else 0
    if json:
        render.emit(_collected(turn, code))
        return code
    if done.skipped_runs:
        render.say(
            f"{done.skipped_runs} scopes were recorded before the last collection was interrupted; not asked again."
        )
    render.say(f"{done.resources:,} resources seen with {done.calls:,} calls; {done.runs} runs recorded.")
    for line, before in done.collapsed.items():
        render.say(f"{line.scope}: {line.type} is empty, read twice; it held {before} before.", style="yellow")
    for name, why in done.unreachable.items():
        render.say(f"{name}: {why}", style="red")
    if done.unseen and not done.seen_any:
        render.say("Nothing could be seen.", style="bold red")
    elif done.unseen:
        render.say(f"{len(done.unseen)} things could not be seen; what they would show is unknown:", style="magenta")
    if done.unseen:
        rows = [(li.scope, li.type, li.facet or "listing", words(u)) for li, u in sorted(done.unseen.items())]
        render.table(("scope", "type", "facet", "reason"), rows[:SHOWN])
        if len(rows) > SHOWN:
            render.say(f"{len(rows) - SHOWN} more; --json lists them.")
    _say_assessed(turn)
    say_refused(turn.anchored)
    return code


def _collected(turn: Turn, code: int) -> shapes.Collected:
    done = turn.collected
    unseen = [(line, reason_of(why)) for line, why in sorted(done.unseen.items())]
    return shapes.Collected(
        slot=iso(done.slot),
        runs=done.runs,
        resources=done.resources,
        calls=done.calls,
        unreachable=done.unreachable,
        unseen=[shapes.Unseen(scope=li.scope, type=li.type, facet=li.facet, reason=r) for li, r in unseen if r],
        collapsed=[{"scope": li.scope, "type": li.type, "before": n} for li, n in sorted(done.collapsed.items())],
        changed={s.value: n for s, n in turn.assessed.changed.items()} if turn.assessed else {},
        newly_not_met=list(turn.newly_not_met),
        not_anchored={s.name: s.refused.message for s in turn.anchored if s.refused},
        interrupted=done.interrupted,
        exit_code=code,
    )


def _say_assessed(turn: Turn) -> None:
    done = turn.assessed
    if done is None:
        return
    if turn.restated:
        render.say(f"Evidence came late; judged again as of its day: {turn.restated} earlier assessments.")
    changed = ", ".join(f"{n} {s.value.replace('_', ' ')}" for s, n in sorted(done.changed.items())) or "none"
    render.say(f"Judged {done.judged} populations, {done.carried} unchanged; outcomes that changed: {changed}.")
    if turn.newly_not_met:
        render.say(f"Newly not met: {', '.join(turn.newly_not_met)}.", style="bold red")
