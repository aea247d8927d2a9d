"""Commands for before the first collection: init, doctor, plan, permissions, plugins."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from annexlog.cli import render
from annexlog.cli.opening import as_json, configuration, on_disk, opened
from annexlog.cli.shapes import Check, Doctor
from annexlog.evidence_store.model import AnnexlogError, ConfigError

if TYPE_CHECKING:
    from annexlog.collectors import Adapter, Call, Page, Refused, ResourceType, Scope
    from annexlog.config import Config, Target
    from annexlog.mappings import Mappings

TEMPLATE = """\
# annexlog: what to look at, and where to keep the evidence.
# Paths start at this file's folder. Durations are ISO 8601 (PT6H, P1D).
# Secrets never stand here: they come from the environment, from files or from the host's identity.

store = "evidence.db"     # the evidence store
key = "annexlog.key"      # signs the log; keep a copy elsewhere, and never beside the store's backup
# key_passphrase_file = "/run/credentials/annexlog.service/passphrase"  # of a key that `annexlog key encrypt` encrypted
# mappings = ["mappings"] # folders of your own control tests, registers, settings and exceptions

[collect]
# floor = "PT6H"          # nothing is asked more often than this, whatever a test asks for
# workers = 32            # calls under way at once
# scopes = 8              # scopes collected at once
# deadline = "PT1H"       # what a scope has not shown by then is recorded as not seen

# Checkpoints of the log go out of reach, so that even the key's holder cannot quietly rewrite it: docs/anchors.md
# [anchors.worm]
# kind = "file"           # or webhook, email, timestamp, s3, witness
# path = "/mnt/worm/annexlog.checkpoints"

[retention]
# keep = "P3Y"            # `annexlog store dispose` takes what was superseded longer ago; what is current stays
# "aws.logs.*" = "P1Y"    # for types, or lines as "*/aws.s3.bucket/policy"; the first that fits counts

# A target is one connection. Uncomment, and run: annexlog doctor
# [targets.production]
# provider = "aws"
# profile = "audit"             # of ~/.aws/config; left out, the SDK's usual order of sources
# role_arn = "arn:aws:iam::123456789012:role/annexlog-read"
# external_id_env = "ANNEXLOG_EXTERNAL_ID"
# organization = true           # find all accounts, and assume `member_role` in each
# member_role = "annexlog-read"
# regions = ["eu-central-1"]    # left out, every enabled region
"""


@click.command()
def init() -> None:
    """Write a commented annexlog.toml and a signing key."""
    from annexlog.config import FILE
    from annexlog.evidence_store import keys

    chosen = click.get_current_context().find_root().obj or {}
    folder = Path(chosen.get("folder") or ".")
    file = Path(chosen["config"]) if chosen.get("config") else folder / FILE
    key = file.parent / "annexlog.key"
    for path in (file, key):
        if path.exists():
            raise ConfigError("exists already; nothing was written.", where=str(path), next="Edit it, or move it away.")
    file.parent.mkdir(parents=True, exist_ok=True)
    public = keys.generate(key)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(TEMPLATE)
    render.say(f"Wrote {file} and {key}.")
    render.say(f"Public key, for whoever is to check the log: {public}")
    render.say(f"Next: add a target to {file}, then: annexlog doctor")


# ── doctor ────────────────────────────────────────────────────────────────────────────────


@click.command()
@as_json
def doctor(json: bool) -> int:
    """Say what would work, what is missing, and how to mend it."""
    config = configuration()
    checks = [Check(what="configuration", state="ok", detail=str(config.file), mend=""), *_local(config)]
    checks += _anchors(config)
    for target in config.targets.values():
        checks += _target(target, config)
    if not config.targets:
        mend = f"Add a [targets.<name>] table to {config.file}."
        checks.append(Check(what="targets", state="missing", detail="nothing is configured to be looked at", mend=mend))
    if json:
        render.emit(Doctor(checks=checks))
    else:
        render.table(("", "what", "detail", "mend"), ((c.state, c.what, c.detail, c.mend) for c in checks))
    return 0 if all(c.state != "missing" for c in checks) else 3


def _local(config: Config) -> Iterator[Check]:
    from annexlog.signing import signer

    try:
        signer(config)
        yield Check(what="signing key", state="ok", detail=str(config.key), mend="")
    except AnnexlogError as error:
        yield Check(what="signing key", state="missing", detail=error.what, mend=error.next)
    try:
        tests = len(on_disk(config).tests)
        yield Check(what="mappings", state="ok", detail=f"{tests} control tests", mend="")
    except AnnexlogError as error:
        yield Check(what="mappings", state="missing", detail=f"{error.where}: {error.what}", mend=error.next)
    free = shutil.disk_usage(config.store.parent).free
    enough = free > _ROOM
    yield Check(
        what="disk",
        state="ok" if enough else "warn",
        detail=f"{free / 2**30:.1f} GiB free beside {config.store.name}",
        mend="" if enough else "Make room: a collection spools what it sees beside the store.",
    )
    if not config.store.exists():
        writable = os.access(config.store.parent, os.W_OK)
        mend = "" if writable else f"Make {config.store.parent} writable for this user."
        yield Check(
            what="store", state="ok" if writable else "missing", detail="none yet; collect creates it", mend=mend
        )
        return
    try:
        with opened(config) as store:
            yield Check(what="store", state="ok", detail=f"{store.size()} records", mend="")
    except AnnexlogError as error:
        yield Check(what="store", state="missing", detail=error.what, mend=error.next)


_ROOM = 2**30


def _anchors(config: Config) -> Iterator[Check]:
    """Each anchor: whether what it needs is here, and how it went the last time. Nothing is sent."""
    from annexlog.anchoring import standing
    from annexlog.anchors import Refused
    from annexlog.cli.anchoring import words

    stand = {}
    if config.anchors and config.store.exists():
        with suppress(AnnexlogError), opened(config) as store:
            stand = {one.name: one for one in standing(store, store.view(), config)}
    for name, one in config.anchors.items():
        what, known = f"anchor {name}", stand.get(name)
        try:
            one.ready(config.file.parent)
        except Refused as refused:
            yield Check(what=what, state="missing", detail=refused.message, mend=refused.next)
            continue
        has = f"{known.size} of {known.of} records; {words(known)}" if known else "not used yet"
        failing = known is not None and known.refusal is not None
        mend = f"Try it: annexlog anchor now {name}" if failing else ""
        detail = f"{one.kind}, {one.place()}: {has}"
        yield Check(what=what, state="warn" if failing else "ok", detail=detail, mend=mend)
    if not config.anchors:
        mend = "Add [anchors.NAME]: see docs/anchors.md."
        yield Check(what="anchors", state="warn", detail="checkpoints do not leave this host", mend=mend)


def _target(target: Target, config: Config) -> Iterator[Check]:
    from annexlog.collectors import Refused
    from annexlog.collectors.clock import SystemClock

    what = f"target {target.name}"
    try:
        adapter = target.connect()
        found = adapter.discover()
        identity = adapter.caller(found.scopes[0]).identity if found.scopes else "-"
    except (AnnexlogError, Refused) as error:
        detail = error.what if isinstance(error, AnnexlogError) else str(error)
        mend = error.next if isinstance(error, AnnexlogError) else "Check the credentials."
        yield Check(what=what, state="missing", detail=detail, mend=mend)
        return
    looked = [s for s in found.scopes if s.name not in found.skipped]
    yield Check(
        what=what, state="ok", detail=f"{identity}: {len(looked)} scopes, {len(found.skipped)} skipped", mend=""
    )
    for refusal in found.refusals:
        mend = f"Grant {refusal.permission}." if refusal.permission else "Check the credentials."
        yield Check(what=what, state="warn", detail=f"scopes not all known: {refusal}", mend=mend)
    yield from _probes(adapter, looked, target, config, SystemClock().now())
    adapter.close()


def _probes(adapter: Adapter, scopes: Iterable[Scope], target: Target, config: Config, now: int) -> Iterator[Check]:
    """Ask every listing that is one call and needs nothing else, in one scope of its level, for its first page."""
    from annexlog.collectors import Refused, resource_types

    what = f"target {target.name}"
    first: dict[str, Scope] = {}
    for scope in scopes:
        first.setdefault(scope.level, scope)
    wanted = on_disk(config).wanted()
    asked, refused, skew = 0, [], 0
    for kind in resource_types().values():
        if kind.name not in wanted or kind.provider != target.provider.name or kind.per not in first:
            continue
        if kind.listed is None or kind.under or kind.listed.fn:
            continue
        asked += 1
        try:
            page = _first_page(adapter, kind.listed, first[kind.per])
        except Refused as error:
            refused.append((kind, error))
            continue
        if page is not None and page.date is not None:
            skew = max(skew, abs(page.date - now), key=abs)
    yield Check(what=f"{what}: listings", state="ok", detail=f"{asked - len(refused)} of {asked} answered", mend="")
    yield from (_refused(kind, error, what) for kind, error in refused)
    if skew > _SKEW:
        mend = "Set this host's clock (NTP): times are corrected by the provider's, but say so in every record."
        yield Check(what=f"{what}: clock", state="warn", detail=f"{skew / 1000:.0f} s from the provider's", mend=mend)


_SKEW = 120_000


def _first_page(adapter: Adapter, call: Call, scope: Scope) -> Page | None:
    from annexlog.collectors.templates import Params

    return next(iter(adapter.pages(call, Params(call.params).fill({}, scope.values), scope)), None)


def _refused(kind: ResourceType, error: Refused, what: str) -> Check:
    assert kind.listed is not None  # noqa: S101 — only listed types are probed
    mends = {"denied": f"Grant {kind.listed.permission}.", "unauthenticated": "Renew the credentials."}
    mend = mends.get(error.reason, "Not a matter of permissions; try again later.")
    return Check(what=f"{what}: {kind.name}", state="missing", detail=str(error), mend=mend)


# ── plan, permissions, plugins ────────────────────────────────────────────────────────────

ASSUMED = {"organization": 1, "account": 1, "region": 17}
"""Scopes by level where nothing has been collected yet; 1 of each other level."""
ASSUMED_EACH = 100
"""Resources of each type where nothing has been collected yet."""


def _numbers(ctx: click.Context, param: click.Parameter, given: tuple[str, ...]) -> dict[str, int]:  # noqa: ARG001 — click's signature
    found: dict[str, int] = {}
    for text in given:
        name, equals, number = text.partition("=")
        if not equals or not number.isdigit():
            raise click.BadParameter(f"{text!r} is not NAME=NUMBER.")
        found[name] = int(number)
    return found


@click.command()
@click.option("--scopes", multiple=True, callback=_numbers, metavar="LEVEL=N", help="So many accounts, regions …")
@click.option("--resources", multiple=True, callback=_numbers, metavar="TYPE=N", help="So many resources of a type.")
def plan(scopes: dict[str, int], resources: dict[str, int]) -> None:
    """Show how many calls a day it will make, before any call."""
    from annexlog import reconciling
    from annexlog.collectors import resource_types
    from annexlog.collectors.planning import Sizes, totals
    from annexlog.collectors.planning import plan as planned

    config = configuration()
    types = resource_types()
    providers = {target.provider.name for target in config.targets.values()} or {t.provider for t in types.values()}
    asked = reconciling.wanted(config, on_disk(config))
    wanted = {n: f for n, f in asked.items() if types[n].provider in providers}
    levels, numbers, basis = _sizes(config, {n: t for n, t in types.items() if t.provider in providers})
    rows = planned(types, wanted, Sizes(levels | scopes, numbers | resources), floor=config.floor)
    columns = ("type", "facet", "call", "every", "calls each time", "calls a day")
    told = ((r.type, r.facet or "listing", r.operation, _hours(r.every), r.each, f"{r.daily:,.0f}") for r in rows)
    render.table(columns, told, right=("every", "calls each time", "calls a day"))
    for service, calls in totals(rows).items():
        render.say(f"{service}: {calls:,.0f} calls a day")
    render.say(f"In all {sum(r.daily for r in rows):,.0f} calls a day. {basis}")


def _sizes(config: Config, types: Mapping[str, ResourceType]) -> tuple[dict[str, int], dict[str, int], str]:
    """Scopes by level, resources by type, and what these numbers rest on."""
    if not config.store.exists():
        used = {type.per for type in types.values()}
        levels = {level: ASSUMED.get(level, 1) for level in (*ASSUMED, *sorted(used - set(ASSUMED))) if level in used}
        told = ", ".join(f"{n} {level}{'s' if n > 1 else ''}" for level, n in levels.items())
        each = dict.fromkeys(types, ASSUMED_EACH)
        return (
            levels,
            each,
            f"Assumed: {told}, {ASSUMED_EACH} resources of each type; --scopes, --resources say better.",
        )
    with opened(config) as store:
        view = store.view()
        seen = Counter(str(attributes.get("level")) for attributes in view.scopes().values())
        numbers = {name: sum(1 for scope in view.scopes() for _ in view.ids(scope, name)) for name in types}
    return dict(seen), numbers, "As large as the estate was when it was last seen."


def _hours(every: int) -> str:
    return f"{every / 3_600_000:g} h"


@click.command()
@click.argument("provider")
@click.option("--tests", is_flag=True, help="Say instead which tests each permission buys.")
@click.option("--target", metavar="NAME", help="For this target alone: its options may ask for more.")
def permissions(provider: str, tests: bool, target: str | None) -> None:
    """Print the least-privilege policy, and what each permission buys."""
    from annexlog import reconciling
    from annexlog.answers import shapes
    from annexlog.collectors import providers, resource_types
    from annexlog.mappings import load

    known = providers()
    if provider not in known:
        raise ConfigError(f"unknown provider {provider!r}; known are {', '.join(known)}.")
    options: list[object] = []
    asked: Mapping[str, Collection[str]] = {}
    try:
        config = configuration()
        mappings = on_disk(config)
        asked = reconciling.wanted(config, mappings)
        own = {name: one.options for name, one in config.targets.items() if one.provider.name == provider}
        options = [one for name, one in own.items() if target in (None, name)]
    except ConfigError:
        mappings = load(shapes())  # before init: everything that is installed
    if target is not None and not options:
        raise ConfigError(f"no target of {provider} is called {target!r}.", next="annexlog.toml names them.")
    kinds = {k.name: k for k in resource_types().values() if k.provider == provider}
    if tests:
        second = [kinds[name] for name in asked if name in kinds and name not in mappings.wanted()]
        buys = _bought(mappings, kinds, second)
        render.table(("permission", "tests"), ((p, "\n".join(sorted(t))) for p, t in sorted(buys.items())))
        return
    wanted = asked or mappings.wanted()
    calls = [c for n, k in kinds.items() if n in wanted for c in k.calls(k.needs(wanted[n]))]
    fitted = known[provider].fitted
    click.echo((fitted(calls, options) if fitted else known[provider].policy(calls)).rstrip())


def _bought(
    mappings: Mappings, kinds: Mapping[str, ResourceType], second: Iterable[ResourceType]
) -> dict[str, set[str]]:
    """{permission: the tests that need it, and what it is a second source for}."""
    buys: dict[str, set[str]] = {}
    for test in mappings.tests.values():
        for name, facet in test.wanted():
            for call in kinds[name].calls(kinds[name].needs({facet})) if name in kinds else ():
                for permission in (call.permission, *call.also):
                    buys.setdefault(permission, set()).add(test.id)
    for kind in second:
        for call in kind.calls(()):
            buys.setdefault(call.permission, set()).add(f"(second source: {kind.name})")
    return buys


@click.command()
def plugins() -> None:
    """List providers and resource types."""
    from annexlog.collectors import providers, resource_types

    render.say(f"Providers: {', '.join(providers())}")
    rows = ((t.name, t.per, ", ".join(t.facets)) for _, t in sorted(resource_types().items()))
    render.table(("resource type", "asked per", "facets"), rows)
