"""Commands that ask the store: status, show, outcomes, history, population, runs, gaps."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from annexlog.cli import render, shapes
from annexlog.cli.anchoring import entry, say_standing
from annexlog.cli.opening import Instant, as_json, configuration, opened, reads
from annexlog.cli.texts import control_entry, counts, moment, outcome, reason_of, short, words
from annexlog.evidence_store.model import (
    ConfigError,
    Line,
    Millis,
    State,
    Status,
    Unknown,
    iso,
)

if TYPE_CHECKING:
    from annexlog.anchoring import Standing
    from annexlog.answers import Answer, Change, ControlAnswer, Reading
    from annexlog.reconciling import Beside

LIMIT = 50
"""So many rows are printed on a terminal; --json and --limit 0 give all."""


# ── status ────────────────────────────────────────────────────────────────────────────────


@click.command()
@click.option("--fail-on", type=click.Choice(["new", "not_met", "never"]), default="new", show_default=True,
              help="Exit with 1 if a control became not met within --since, or is not met at all.")  # fmt: skip
@click.option("--since", type=Instant(), help="What counts as new; the assessment before the latest by default.")
@click.option("--all", "every", is_flag=True, help="Print all 93 controls, those without a test too.")
@reads
def status(reading: Reading, fail_on: str, since: Millis | None, every: bool, json: bool) -> int:
    """Show the state of the 93 Annex A controls."""
    answers = reading.controls()
    stand = _anchors(reading)
    if json:
        retired = [s.name for s in reading.view.scope_states() if s.state == "retired"]
        entries = [control_entry(a) for a in answers]
        at, known = iso(reading.view.at), moment(reading.known_at)
        anchors = [entry(one) for one in stand]
        render.emit(shapes.Status(at=at, known_at=known, controls=entries, retired_scopes=retired, anchors=anchors))
    else:
        print_status(reading, answers, every=every)
        say_standing(stand)
    bad = [a.control.id for a in answers if a.state is State.NOT_MET]
    if fail_on == "not_met" and bad:
        return 1
    if fail_on == "new" and bad and set(bad) - _before(reading, since).not_met():
        return 1
    return 3 if any(a.unexcepted_unknown for a in answers) else 0


def _anchors(reading: Reading) -> list[Standing]:
    from annexlog.anchoring import standing

    config = configuration()
    if not config.anchors:
        return []
    with opened(config) as store:
        return list(standing(store, reading.view, config))


def _before(reading: Reading, since: Millis | None) -> Reading:
    """What was known at `since`, or just before the latest assessment that the reading rests on."""
    from annexlog.answers import Reading as Another

    latest = next(reading.view.runs(kind="assess", limit=1), None)
    at = since if since is not None else (latest.now - 1 if latest and latest.now is not None else reading.view.at)
    return Another(reading.view.earlier(at), reading.known_at)


def print_status(reading: Reading, answers: list[ControlAnswer], *, every: bool) -> None:
    shown = [a for a in answers if every or a.control.primary]
    rows = []
    for a in shown:
        n = a.whole.counts
        rows.append((a.control.id, a.control.title, a.state.value, n[Status.PASS], n[Status.FAIL], n[Status.UNKNOWN],
                     n[Status.NOT_APPLICABLE], a.whole.reason))  # fmt: skip
    columns = ("control", "title", "state", "pass", "fail", "unknown", "n/a", "why")
    render.table(columns, rows, title=f"Annex A as of {iso(reading.view.at)}", right=("pass", "fail", "unknown", "n/a"))
    tally = {s: sum(a.state is s for a in answers) for s in State}
    told = ", ".join(f"{n} {s.value.replace('_', ' ')}" for s, n in tally.items() if n)
    render.say(f"{len(answers)} controls: {told}.")
    if len(shown) < len(answers):
        render.say(f"{len(answers) - len(shown)} have no test that decides them; --all lists them with the reason.")


# ── show ──────────────────────────────────────────────────────────────────────────────────


@click.command()
@click.argument("control")
@click.option("--limit", default=5, show_default=True, help="So many failing resources, with their evidence.")
@reads
def show(reading: Reading, control: str, limit: int, json: bool) -> None:
    """Show one control: its tests, what fails, and the evidence."""
    wanted = control if control.startswith("A.") else f"A.{control}"
    found = next((a for a in reading.controls() if a.control.id == wanted), None)
    if found is None:
        raise ConfigError(f"Annex A has no control {control!r}.", next="Its controls are A.5.1 to A.8.34.")
    failing = [(a, list(reading.evidence(a))) for a in islice(reading.failing(found), limit)]
    page = found.control
    if json:
        render.emit(shapes.Control(
            at=iso(reading.view.at), known_at=moment(reading.known_at), control=control_entry(found), says=page.says,
            can_show=page.can_show, not_shown=page.not_shown, manual=list(page.manual),
            failing=[shapes.Evidence(outcome=outcome(a), facets=[_facet(f, v) for f, v in e]) for a, e in failing],
        ))  # fmt: skip
        return
    render.say(f"{page.id} {page.title}: {found.state.value.replace('_', ' ')}", style="bold")
    for text in (found.whole.reason, page.says, f"Shown: {page.can_show}", f"Not shown: {page.not_shown}"):
        render.say(text)
    if page.manual:
        render.say(f"Evidence that people supply: {', '.join(page.manual)}")
    rows = ((t.test.id, t.strength, t.state.state.value, *_four(t.state.counts), t.state.reason) for t in found.tests)
    columns = ("test", "strength", "state", "pass", "fail", "unknown", "n/a", "why")
    render.table(columns, rows, right=("pass", "fail", "unknown", "n/a"))
    for answer, facets in failing:
        print_evidence(answer, facets)


def _four(of: Any) -> tuple[int, int, int, int]:
    n = counts(of)
    return n.pass_, n.fail, n.unknown, n.not_applicable


def _facet(name: str, value: Any) -> shapes.Facet:
    if isinstance(value, Unknown):
        return shapes.Facet(facet=name, value=None, unknown=reason_of(value))
    return shapes.Facet(facet=name, value=value, unknown=None)


def print_evidence(answer: Answer, facets: list[tuple[str, Any]]) -> None:
    import orjson

    render.say(f"{answer.id}", style="bold red")
    render.say(f"  {answer.test.id} fails in {answer.line.scope} since {short(answer.since)} UTC")
    render.say(f"  asks: {answer.test.asks}")
    for name, value in facets:
        text = str(value) if isinstance(value, Unknown) else orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
        render.say(f"  {name}: {text if len(text) <= _LONG else text[:_LONG] + ' …'}")
    render.say(f"  mend: {' '.join(answer.test.fix.split())}")
    render.say()


_LONG = 600


# ── outcomes, history ─────────────────────────────────────────────────────────────────────


@click.command()
@click.option("--control", help="Only tests of this control.")
@click.option("--test", help="Only this test.")
@click.option("--scope", help="Only this scope.")
@click.option("--resource", help="Only this resource id.")
@click.option("--status", "wanted", type=click.Choice([s.value for s in Status]), help="Only this status.")
@click.option("--limit", default=LIMIT, show_default=True, help="So many rows on a terminal; 0: all.")
@reads
def outcomes(
    reading: Reading, control: str | None, test: str | None, scope: str | None, resource: str | None,
    wanted: str | None, limit: int, json: bool,
) -> None:  # fmt: skip
    """List outcomes, one per test and resource."""
    tests = reading.tests_of(control) if control else None
    if test is not None and test not in reading.mappings.tests:
        raise ConfigError(f"there is no test {test!r} in the definitions of that time.", next="annexlog mappings list")
    found = (
        a for a in reading.answers(test=test, scope=scope, resource=resource)
        if (tests is None or a.test.id in tests) and (wanted is None or a.status.value == wanted)
    )  # fmt: skip
    if json:
        listed = [outcome(a) for a in found]
        render.emit(shapes.Outcomes(at=iso(reading.view.at), known_at=moment(reading.known_at), outcomes=listed))
        return
    shown = list(islice(found, limit or None))
    rows = ((a.status.value, a.test.id, a.id, a.line.scope, short(a.since), words(a.reason)) for a in shown)
    render.table(("status", "test", "resource", "scope", "since (UTC)", "reason"), rows)
    more = sum(1 for _ in found)
    if more:
        render.say(f"{more} more; --limit 0 prints all.")


@click.command()
@click.argument("subject")
@as_json
def history(subject: str, json: bool) -> None:
    """Show how a control, a test or a resource changed."""
    from annexlog.answers import Reading

    with opened(configuration()) as store:
        reading = Reading(store.view())
        changes = [_change(c) for c in reading.changes(subject)]
    if json:
        render.emit(shapes.History(subject=subject, changes=changes))
        return
    if not changes:
        raise ConfigError(f"nothing is recorded of {subject!r}.", next="Give a control, a test or a resource id.")
    rows = ((c.at[:19].replace("T", " "), c.status, c.test, c.resource, c.scope, c.cause) for c in changes)
    render.table(("since (UTC)", "status", "test", "resource", "scope", "cause"), rows, title=f"History of {subject}")


def _change(c: Change) -> shapes.Change:
    return shapes.Change(
        at=iso(c.at),
        test=c.test,
        resource=c.id,
        scope=c.line.scope,
        status=c.outcome.status.value,
        reason=reason_of(c.outcome.reason),
        cause=c.cause,
        run=c.seq,
    )


# ── population, runs, gaps ────────────────────────────────────────────────────────────────


@click.command()
@click.argument("type")
@click.option("--scope", help="Only this scope.")
@click.option("--limit", default=LIMIT, show_default=True, help="So many ids of each on a terminal; 0: all.")
@click.option("--proof", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="Write a proof of it, for annexlog proof check; of one scope.")  # fmt: skip
@reads
def population(reading: Reading, type: str, scope: str | None, limit: int, proof: Path | None, json: bool) -> None:
    """List a population as it was, and how it was seen."""
    from annexlog.reconciling import differences

    lines = reading.view.lines(scope=scope, type=type, facet="")
    if not lines:
        raise ConfigError(f"nothing ever looked for {type!r}.", next="Types: annexlog plugins")
    if proof is not None:
        _prove(reading, lines, proof)
    found = [_population(reading, line) for line in lines]
    if json:
        render.emit(found)
        return
    differing = list(differences(reading.view, lines))
    for one in found:
        many = f"{len(one.resources)} of {one.type}"
        render.say(f"{one.scope}: {many}, {one.coverage} ({one.start} to {one.end}, record {one.run})", style="bold")
        for operation in one.provenance.get("operations", ()):
            render.say(f"  asked: {operation['operation']} ({operation['permission']}), {operation['pages']} pages, "
                       f"{operation['items']} items, {operation['retries']} retries")  # fmt: skip
        if one.refusal:
            render.say(f"  {words(Unknown(**_fields(one.refusal)))}", style="red")
        _second_sources(second for second in differing if second.line.scope == one.scope)
        for id in islice(one.resources, limit or None):
            render.say(f"  {id}")
        if limit and len(one.resources) > limit:
            render.say(f"  {len(one.resources) - limit} more; --limit 0 prints all.")


def _second_sources(differing: Iterable[Beside]) -> None:
    for one in differing:
        render.say(f"  {one.told()}", style="yellow")


def _prove(reading: Reading, lines: list[Line], file: Path) -> None:
    from annexlog.cli.proofs import write

    if len(lines) > 1:
        scopes = ", ".join(line.scope for line in lines[:3]) + (" …" if len(lines) > 3 else "")
        raise ConfigError(f"a proof is of one population; there are {len(lines)}.", next=f"Give --scope: {scopes}")
    write(reading, lines[0], file)


def _fields(reason: shapes.Reason) -> dict[str, str]:
    return {k: getattr(reason, k) for k in ("reason", "operation", "permission", "code")}


def _beside(found: Beside) -> shapes.Beside:
    return shapes.Beside(
        scope=found.line.scope, type=found.line.type, listed=found.listed, source=found.source, said=found.said,
        why=found.why, missing=dict(found.missing or {}), least=found.least,
    )  # fmt: skip


def _population(reading: Reading, line: Line) -> shapes.Population:
    from annexlog.reconciling import beside

    seen = reading.view.seen(line)
    if seen is None:
        return shapes.Population(
            at=iso(reading.view.at), known_at=moment(reading.known_at), scope=line.scope, type=line.type,
            coverage="never", start=None, end=None, run=None, refusal=None, provenance={}, resources=[], beside=[],
        )  # fmt: skip
    row = next(reading.view.population_lines(line, seen.seq), None)
    return shapes.Population(
        at=iso(reading.view.at), known_at=moment(reading.known_at), scope=line.scope, type=line.type,
        coverage=seen.status.value,
        start=iso(seen.start), end=iso(seen.end), run=seen.seq,
        refusal=reason_of(seen.refusal), provenance=dict(row.provenance) if row else {},
        resources=list(reading.view.ids(line.scope, line.type)),
        beside=[_beside(one) for one in beside(reading.view, line)],
    )  # fmt: skip


@click.command()
@click.option("--kind", type=click.Choice(["collect", "assess", "dispose", "key", "moved"]), help="Only this kind.")
@click.option("--limit", default=LIMIT, show_default=True, help="The newest so many; 0: all.")
@as_json
def runs(kind: str | None, limit: int, json: bool) -> None:
    """List recorded runs."""
    with opened(configuration()) as store:
        found = [
            shapes.RunEntry(seq=r.seq, recorded=iso(r.recorded), kind=r.kind, target=r.target, scope=r.scope,
                            caller=r.caller, lines=r.lines, coverage=dict(r.coverage), at=moment(r.now))
            for r in store.view().runs(kind=kind, limit=limit or None)
        ]  # fmt: skip
    if json:
        render.emit(shapes.Runs(runs=found))
        return
    rows = ((r.seq, r.recorded[:19].replace("T", " "), r.kind, r.scope, r.lines, _told(r.coverage)) for r in found)
    render.table(("record", "recorded (UTC)", "kind", "scope", "lines", "seen"), rows, right=("record", "lines"))


def _told(coverage: dict[str, int]) -> str:
    return ", ".join(f"{n} {what}" for what, n in sorted(coverage.items()))


@click.command()
@click.option("--since", type=Instant(), help="From that time on; the last 30 days by default.")
@click.option("--until", type=Instant(), help="Up to that time; now by default.")
@as_json
def gaps(since: Millis | None, until: Millis | None, json: bool) -> int:
    """List the times in which nothing was looked at although it was due, and where second sources differ."""
    from annexlog.collectors.clock import SystemClock
    from annexlog.reconciling import differences
    from annexlog.watching import missed

    config = configuration()
    end = SystemClock().now() if until is None else until
    with opened(config) as store:
        view = store.view(at=end)
        first = next(iter(deque(view.runs(), maxlen=1)), None)
        begin = since if since is not None else max(end - _MONTH, first.recorded if first else end)
        found = [
            shapes.Gap(scope=li.scope, type=li.type, facet=li.facet, start=iso(g.start), end=iso(g.end), reason=g.why)
            for li, g in missed(config, view, begin, end)
        ]
        differing = list(differences(view))
    if json:
        told = [_beside(one) for one in differing]
        render.emit(shapes.Gaps(start=iso(begin), end=iso(end), gaps=found, differences=told))
        return 0
    if differing:
        rows = ((one.line.scope, one.line.type, one.told()) for one in differing)
        render.table(("scope", "type", "second source"), rows)
    if found:
        times = ((g.scope, g.type, g.facet or "listing", g.start[:19], g.end[:19], g.reason) for g in found)
        render.table(("scope", "type", "facet", "from (UTC)", "to (UTC)", "why"), times)
    else:
        render.say(f"No gaps from {iso(begin)} to {iso(end)}.")
    return 0


_MONTH = 30 * 86_400_000
