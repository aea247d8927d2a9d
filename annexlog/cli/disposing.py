"""Commands that let evidence go, and keep it from going: store dispose, store erase, store hold."""

from __future__ import annotations

import getpass
from collections import Counter
from typing import TYPE_CHECKING

import click

from annexlog.cli import render
from annexlog.cli.opening import Instant, configuration, on_disk, opened
from annexlog.evidence_store.model import ConfigError, Millis, iso

if TYPE_CHECKING:
    from annexlog.evidence_store.disposal import Disposed, Plan, Planned
    from annexlog.evidence_store.store import Store

_yes = click.option("--yes", is_flag=True, help="Do it; without this, only show what would go.")
_reason = click.option("--reason", required=True, help="Why; kept in the log, where others read it.")


@click.command()
@click.option("--reason", default="retention", show_default=True, help="Why; kept in the log.")
@_yes
def dispose(reason: str, yes: bool) -> None:
    """Dispose of evidence that was superseded longer ago than it is to be kept.

    How long that is [retention] in annexlog.toml says: three years if nothing else. What is current stays, however old,
    and so does what a hold covers. Bodies go, and the name and salt of a resource of which nothing is left; all proofs
    still verify. The store is then rewritten: that needs room for twice its size. In PostgreSQL only the owner of the
    tables may do it.
    """
    from annexlog.collectors.clock import SystemClock
    from annexlog.evidence_store.disposal import by_age

    config, now = configuration(), SystemClock().now()
    _run(lambda store: by_age(store, config.retention, now), "age", reason, now, yes=yes)


@click.command()
@click.option("--resource", required=True, metavar="ID", help="Its id, as `annexlog population` lists it.")
@click.option("--scope", help="Only in this scope.")
@click.option("--type", "kind", help="Only if it is of this type.")
@click.option("--before", type=Instant(), help="Only what was superseded by then; its name stays.")
@_reason
@_yes
def erase(resource: str, scope: str | None, kind: str | None, before: Millis | None, reason: str, yes: bool) -> None:
    """Erase what is known of one resource: its name, salt and bodies.

    All proofs still verify. What other resources say of this one (a group that lists it) is theirs and stays, as does
    what runs tell of how they asked. Copies and backups are not reached: erase there as well.
    """
    from annexlog.collectors.clock import SystemClock
    from annexlog.evidence_store.disposal import of_resource

    def planned(store: Store) -> Plan:
        return of_resource(store, resource, scope=scope, type=kind, until=before)

    _run(planned, "erasure", reason, SystemClock().now(), yes=yes, rebuild=True)


def _run(planned: Planned, rule: str, reason: str, now: Millis, *, yes: bool, rebuild: bool = False) -> None:
    from annexlog.cycle import Cycle
    from annexlog.evidence_store.backup import compact
    from annexlog.evidence_store.disposal import Asked, dispose

    config = configuration()
    with opened(config) as store:
        plan = planned(store)
        _show(store, plan)
    if not yes:
        if plan:
            render.say("Nothing was changed. To dispose of it: --yes")
        return

    def work(store: Store) -> Disposed | None:
        done = dispose(store, Asked(rule, reason, getpass.getuser(), now), planned, rebuild=rebuild)
        if done is not None:
            render.say(
                f"Record {done.seq} tells of it. Rewriting the store: if stopped now, run annexlog store compact."
            )
            compact(store)
        return done

    done = Cycle(config).tend(work)
    if done is not None:
        render.say(
            f"Disposed of {done.versions} versions and {done.bodies} bodies; {done.names} resources have no name."
        )


def _show(store: Store, plan: Plan) -> None:
    from annexlog.evidence_store import retention

    types = {lid: line.type for lid, line in retention.lines(store.backend)}
    counts = Counter(types[row.lid] for row in plan.versions)
    if plan:
        render.table(("type", "versions"), sorted((name, str(count)) for name, count in counts.items()))
        render.say(f"{len(plan.versions)} versions would go, and the names of {len(plan.names)} resources.")
    else:
        render.say("There is nothing to dispose of.")
    for name, count in sorted(plan.held.items()):
        render.say(f"{count} versions stay: the hold {name} covers them.")


# ── holds ─────────────────────────────────────────────────────────────────────────────────


@click.group()
def hold() -> None:
    """Legal holds: what must not be disposed of."""


@hold.command()
@click.argument("name")
@click.option("--resource", metavar="ID", help="This resource.")
@click.option("--scope", help="This scope, and those below it.")
@click.option("--type", "kind", help="Resources of this type.")
@click.option("--test", help="What this control test reads.")
@click.option("--all", "every", is_flag=True, help="Everything.")
@_reason
def add(
    name: str, resource: str | None, scope: str | None, kind: str | None, test: str | None, every: bool, reason: str
) -> None:
    """Hold what fits all of the options given, until it is released."""
    from annexlog.collectors.clock import SystemClock
    from annexlog.cycle import Cycle
    from annexlog.evidence_store import holds

    if every == any((resource, scope, kind, test)):
        raise click.UsageError("say what is to be held: --resource, --scope, --type or --test; or --all.")
    if kind and test:
        raise click.UsageError("--type and --test both say which types: give one of them.")
    config, now = configuration(), SystemClock().now()
    types: tuple[str, ...] | None = (kind,) if kind else None
    if test:
        known = on_disk(config).tests
        if test not in known:
            raise ConfigError(f"no test is called {test!r}.", next="List them: annexlog mappings list")
        types = tuple(sorted({name for name, _ in known[test].wanted()}))
    made = holds.Hold(name, reason, getpass.getuser(), iso(now), resource, scope, types, test)
    seq = Cycle(config).tend(lambda store: holds.add(store, made, now=now))
    render.say(f"Record {seq} holds it.")


@hold.command()
@click.argument("name")
@_reason
def release(name: str, reason: str) -> None:
    """End a hold; it stays on record."""
    from annexlog.collectors.clock import SystemClock
    from annexlog.cycle import Cycle
    from annexlog.evidence_store import holds

    config, now = configuration(), SystemClock().now()
    by = getpass.getuser()
    seq = Cycle(config).tend(lambda store: holds.release(store, name, reason=reason, by=by, at=iso(now), now=now))
    render.say(f"Record {seq} releases it.")


@hold.command(name="list")
def list_() -> None:
    """List holds, those that are over too."""
    from annexlog.evidence_store import holds

    with opened(configuration()) as store:
        known = holds.holds(store)
    rows = []
    for one in known:
        parts = {
            "resource": one.resource,
            "scope": one.scope,
            "test": one.test,
            "type": None if one.test else one.types,
        }
        what = ", ".join(f"{k} {v if isinstance(v, str) else ' '.join(v)}" for k, v in parts.items() if v)
        state = f"released {one.released}: {one.released_reason}" if one.released else "in force"
        rows.append((one.name, what or "everything", one.since, one.by, one.reason, state))
    render.table(("name", "what", "since", "by", "reason", "state"), rows)
