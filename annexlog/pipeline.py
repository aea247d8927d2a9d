"""Collect → record: the one way evidence comes into a store (`annexlog.assessing` brings the verdicts)."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from annexlog import __version__, reconciling
from annexlog.answers import ACCEPTED, DOCUMENTS, FLOOR
from annexlog.collectors import Adapter, Discovery, ResourceType, Scope, resource_types
from annexlog.collectors.engine import Ask, Engine
from annexlog.collectors.limits import Limits
from annexlog.evidence_store.model import (
    JSON,
    ORG,
    Coverage,
    Line,
    Millis,
    ProviderError,
    Run,
    Sweep,
    Unknown,
    encode,
)
from annexlog.mappings import TARGETS

if TYPE_CHECKING:
    from annexlog.collectors.clock import Clock
    from annexlog.config import Config, Target
    from annexlog.evidence_store.database import Database
    from annexlog.evidence_store.queries import View
    from annexlog.evidence_store.spool import Spool
    from annexlog.evidence_store.store import Store
    from annexlog.mappings import Mappings

Types = Mapping[str, Sequence[tuple[ResourceType, Mapping[str, Millis]]]]
"""Per level of scope, resource types with the facets that are wanted of each, and how often."""

Choose = Callable[["View", str, ResourceType, Mapping[str, Millis]], Collection[str] | None]
"""(view, scope, type, wanted facets) → the facets to poll now (always with the listing); None: nothing is due."""


def everything(view: View, scope: str, kind: ResourceType, facets: Mapping[str, Millis]) -> Collection[str]:  # noqa: ARG001 — a Choose
    """Poll every wanted facet of every scope now."""
    return facets


def unseen_since(instant: Millis) -> Choose:
    """Poll only what was not seen whole since then: what failed, what is older, and what nobody looked at yet."""

    def choose(view: View, scope: str, kind: ResourceType, facets: Mapping[str, Millis]) -> Collection[str] | None:
        def due(facet: str) -> bool:
            seen = view.seen(Line(scope, kind.name, "" if facet == kind.facet else facet))
            return seen is None or seen.start < instant or seen.status not in _ANSWERED

        return [facet for facet in {kind.facet: None, **facets} if due(facet)] or None

    return choose


_ANSWERED = frozenset({Coverage.COMPLETE, Coverage.UNSUPPORTED})


@dataclass(slots=True)
class Collected:
    """What one `collect` did. `unseen`: {(scope, type, facet): why} of everything that could not be seen.

    `unreachable`: {target: what happened and what to do} where there was no connection at all.
    """

    slot: Millis
    runs: int = 0
    skipped_runs: int = 0
    resources: int = 0
    calls: int = 0
    coverage: Counter[Coverage] = field(default_factory=Counter)
    unseen: dict[Line, Unknown] = field(default_factory=dict)
    collapsed: dict[Line, int] = field(default_factory=dict)
    seen_any: bool = False
    unreachable: dict[str, str] = field(default_factory=dict)
    interrupted: bool = False

    def add(self, sweeps: Iterable[Sweep]) -> None:
        for sweep in sweeps:
            self.coverage[sweep.status] += 1
            told = sweep.provenance
            self.calls += sum(int(o.get("calls", 0)) for o in told.get("operations", ()))
            if sweep.line.facet == "" and sweep.line.type != "scope":
                self.resources += int(told.get("items", 0))
            if "collapsed" in told:
                self.collapsed[sweep.line] = int(told["collapsed"])
            refused = sweep.refusal or next(map(_refusal, _unseen(told)), None)
            if refused is not None:
                self.unseen[sweep.line] = refused
            if sweep.status in (Coverage.COMPLETE, Coverage.PARTIAL) and sweep.line.type != "scope":
                self.seen_any = self.seen_any or refused is None or int(told.get("items", 0)) > 0


def _unseen(provenance: Mapping[str, JSON]) -> Iterator[Mapping[str, JSON]]:
    """Refusals but for `vanished`: a resource deleted between two calls is the estate's doing, not a failed look."""
    return (r for r in provenance.get("refusals", ()) if r["reason"] != "vanished")


def _refusal(entry: Mapping[str, JSON]) -> Unknown:
    return Unknown(entry["reason"], entry["operation"], entry["permission"], entry["code"])


@dataclass(frozen=True, slots=True)
class Progress:
    """Callbacks that a terminal may want; each is called from one thread at a time."""

    scopes: Callable[[str, int], None] = lambda target, n: None  # noqa: ARG005 — says nothing
    done: Callable[[str, Sequence[Sweep]], None] = lambda scope, sweeps: None  # noqa: ARG005 — as above


@dataclass(frozen=True, slots=True)
class Collector:
    """Everything a collection needs besides what to look at."""

    config: Config
    store: Store
    mappings: Mappings
    clock: Clock
    stop: threading.Event = field(default_factory=threading.Event)
    progress: Progress = field(default_factory=Progress)
    redaction_key: bytes | None = None
    """Keys the commitments that stand for redacted values; needed by types that redact."""
    sign: Callable[[], object] = lambda: None
    """Signs what is recorded. Called before the first call to a provider too: no store is ever without a signature."""

    def collect(
        self, *, choose: Choose = everything, slot: Millis | None = None, only: Collection[str] = ()
    ) -> Collected:
        """Look at every target, recording one run a scope. A refused read never raises.

        `only`: these targets, and these scopes with what is in them (`aws/123456789012`: its regions too).
        `slot` makes it idempotent: what a collection of the same slot has recorded already is not asked again.
        """
        done = Collected(self.clock.now() if slot is None else slot)
        self._record_documents(done)
        self.sign()
        for name, target in self.config.targets.items():
            within = self._within(name, only)
            if within is not None and not self.stop.is_set():
                self._target(target, choose, done, within)
        if not only:
            self._retire_targets(done)
        done.interrupted = self.stop.is_set()
        return done

    def _within(self, target: str, only: Collection[str]) -> Collection[str] | None:
        """The scopes of a target that are asked for (none: all); None: it is not asked for."""
        if not only or target in only:
            return ()
        known = {state.name for state in self.store.view().scope_states() if state.target == target}
        return [scope for scope in only if scope in known] or None

    def _target(self, target: Target, choose: Choose, done: Collected, within: Collection[str]) -> None:
        start = self.clock.now()
        with ExitStack() as stack:
            adapter: Adapter | None = None
            try:
                adapter = stack.enter_context(closing(target.connect()))
                found = adapter.discover()
            except ProviderError as error:
                refusal = error.refusal or Unknown("failed", "connect")
                found = Discovery(
                    (), status=_blindness(refusal), refusals=[refusal], provenance={"message": error.what}
                )
                done.unreachable[target.name] = f"{error.what} {error.next}".strip()
            before = self._known_scopes(target.name)
            self._record_scopes(target, found, start, done)
            looking = _Looking(self, target, self._wanted(target), choose, done, within)
            jobs = list(looking.blind(found, before))
            if adapter is not None:
                engine = Engine(
                    adapter,
                    clock=self.clock,
                    workers=self.config.collect.workers,
                    limits=Limits(self.clock, ceilings=target.provider.ceilings(target.options)),
                    deadline=self.config.deadline,
                    stop=self.stop,
                    redaction_key=self.redaction_key,
                )
                jobs += [partial(looking.scopes, engine, *group) for group in looking.chosen(together(found))]
            self.progress.scopes(target.name, len(jobs))
            with ThreadPoolExecutor(self.config.collect.scopes, thread_name_prefix="scope") as pool:
                for future in as_completed([pool.submit(job) for job in jobs]):
                    future.result()

    def _known_scopes(self, target: str) -> dict[str, Mapping[str, JSON]]:
        return {n: v for n, v in self.store.view().scopes().items() if v.get("target") == target}

    def _wanted(self, target: Target) -> Types:
        """Per level of scope, the types to look at, each with its wanted facets and how often they are wanted."""
        wanted = reconciling.wanted(self.config, self.mappings)
        by_level: dict[str, list[tuple[ResourceType, Mapping[str, Millis]]]] = {}
        for kind in resource_types().values():
            if kind.name in wanted and kind.provider == target.provider.name:
                by_level.setdefault(kind.per, []).append((kind, kind.closure(wanted[kind.name])))
        return by_level

    def record(self, run: Run, spool: Spool, done: Collected) -> None:
        """Record one run."""
        self.store.record(run, spool, recorded=self.clock.now())
        with _TALLY:
            done.runs += 1

    # ── which scopes there are, and what the organization says ────────────────────────────

    def _record_scopes(self, target: Target, found: Discovery, start: Millis, done: Collected) -> None:
        line = Line(f"target/{target.name}", "scope")
        refusal = next(iter(found.refusals), None)
        sweep = Sweep(line, found.status, start, max(start, self.clock.now()), refusal, found.provenance)
        common = {"provider": target.provider.name, "target": target.name}
        with self.store.spool() as spool:
            for scope in found.scopes:
                why = {"skipped": found.skipped[scope.name]} if scope.name in found.skipped else {}
                attributes = {**scope.values, **common, "name": scope.name, "level": scope.level, **why}
                spool.add(line, scope.name, attributes)
            self.record(_run(target.name, line.scope, [sweep], done.slot), spool, done)
        done.add([sweep])

    def _retire_targets(self, done: Collected) -> None:
        """A target that left the configuration: its scopes are retired from now on."""
        gone = {str(v["target"]) for v in self.store.view().scopes().values()} - set(self.config.targets)
        for name in sorted(gone):
            line, at = Line(f"target/{name}", "scope"), self.clock.now()
            with self.store.spool() as spool:
                nothing = Sweep(line, Coverage.COMPLETE, at, at)
                self.record(_run(name, line.scope, [nothing], done.slot), spool, done)

    def accept(self, tests: Collection[str] | None = None) -> tuple[str, ...]:
        """Record that these tests' present definitions count (None: all); returns those that did not before."""
        counted, known = self._accepted(self.store.view()), self.mappings.tests
        new = {id: known[id].digest for id in sorted(known if tests is None else tests)}
        self._record_documents(Collected(self.clock.now()), {**counted, **new})
        return tuple(id for id, digest in new.items() if counted.get(id) != digest)

    def _record_documents(self, done: Collected, accepted: JSON = None) -> None:
        """Record definitions, registers, settings … as evidence, where they changed since they were last recorded.

        `accepted`: which definitions count from now on; None: those that did.
        """
        now, view = self.clock.now(), self.store.view()
        said = self.mappings.documents()
        documents = {kind: dict(said.get(kind, {})) for kind in DOCUMENTS}
        documents["setting"][FLOOR] = self.config.collect.floor
        documents["setting"][TARGETS] = {name: target.provider.name for name, target in self.config.targets.items()}
        documents["setting"][ACCEPTED] = self._accepted(view) if accepted is None else accepted
        written = {kind: {id: encode(body) for id, body in documents[kind].items()} for kind in DOCUMENTS}
        changed = [k for k in DOCUMENTS if view.seen(Line(ORG, k)) is None or view.written(k) != written[k]]
        if not changed:
            return
        sweeps = [Sweep(Line(ORG, kind), Coverage.COMPLETE, now, now) for kind in changed]
        with self.store.spool() as spool:
            for kind in changed:
                for id, body in documents[kind].items():
                    spool.add(Line(ORG, kind), id, body)
            self.record(_run(ORG, ORG, sweeps, now), spool, done)

    def _accepted(self, view: View) -> dict[str, JSON]:
        """Which definitions count: all of the first recording; later ones once accepted (`mappings accept`)."""
        if view.seen(Line(ORG, "definition")) is None:
            return {id: test.digest for id, test in self.mappings.tests.items()}
        return dict(view.documents("setting").get(ACCEPTED, {}))


@dataclass(frozen=True, slots=True)
class _Looking:
    """One target being collected."""

    collector: Collector
    target: Target
    types: Types
    choose: Choose
    done: Collected
    within: Collection[str]

    def at(self, scope: str) -> bool:
        """Whether the scope is to be looked at, by itself or as part of one."""
        return not self.within or any(f"{scope}/".startswith(f"{one}/") for one in self.within)

    def chosen(self, groups: Iterable[tuple[Scope, Sequence[Scope]]]) -> Iterator[tuple[Scope, Sequence[Scope]]]:
        """Askers, each with those of its scopes that are to be looked at."""
        for asker, scopes in groups:
            wanted = [scope for scope in scopes if self.at(scope.name)]
            if wanted:
                yield asker, wanted

    def scopes(self, engine: Engine, asker: Scope, scopes: Sequence[Scope]) -> None:
        """Look at the scopes that one asker answers for, and record their run."""
        store = self.collector.store
        asks = list(self._asks(scopes))
        lines = [Line(s.name, a.type.name, f) for s in scopes for a in asks for f in ("", *sorted(a.due))]
        key = _key(self.target.name, asker.name, lines, self.done.slot)
        if not asks or store.has_run(key):
            self._tell(asker.name, (), skipped=bool(asks))
            return
        with store.spool() as spool:
            sweeps = engine.collect(asker, {scope.name: scope for scope in scopes}, asks, spool)
            caller = next((str(s.provenance["caller"]) for s in sweeps if s.provenance.get("caller")), "-")
            run = Run(key, "collect", self.target.name, asker.name, tuple(sweeps), caller, COLLECTOR, engine.policy)
            self.collector.record(run, spool, self.done)
        self._tell(asker.name, sweeps)

    def _asks(self, scopes: Sequence[Scope]) -> Iterator[Ask]:
        """What to ask of scopes of one level; what is due in one of them is asked for all, since one answer has all."""
        view = self.collector.store.view()
        for kind, facets in self.types.get(scopes[0].level, ()):
            chosen = [self.choose(view, scope.name, kind, facets) for scope in scopes]
            if all(due is None for due in chosen):
                continue
            looked = [scope.name for scope in scopes if view.seen(Line(scope.name, kind.name)) is not None]
            known = frozenset(id for name in looked for id in view.ids(name, kind.name)) if looked else None
            details = frozenset(facets) - {kind.facet}
            due = details & frozenset[str]().union(*filter(None, chosen))
            yield Ask(kind, due, details, known, frozenset(self._staying(view, kind, looked)))

    def _staying(self, view: View, kind: ResourceType, scopes: Iterable[str]) -> Iterator[str]:
        """The ids of what should be there again, by what was last seen of each."""
        if kind.stays is None:
            return
        now = self.collector.clock.now()
        for scope in scopes:
            for one in view.resources(scope, kind.name, ()):
                body = one.facets[""]
                if isinstance(body, Unknown):  # the last answer lacked it, and was not whole
                    cell = view.cell(Line(scope, kind.name), one.id)
                    body = cell.last if cell else body
                if isinstance(body, Unknown) or kind.stays(body, now):
                    yield one.id

    def blind(self, found: Discovery, before: Mapping[str, Mapping[str, JSON]]) -> Iterator[Callable[[], None]]:
        """One job for each known scope that an incomplete discovery did not show: it could not be looked at."""
        if found.status is Coverage.COMPLETE:
            return
        refusal = next(iter(found.refusals), Unknown("failed", "discover"))
        for name in filter(self.at, before.keys() - {s.name for s in found.scopes}):
            yield partial(self._blind_scope, name, str(before[name]["level"]), refusal)

    def _blind_scope(self, scope: str, level: str, refusal: Unknown) -> None:
        at = self.collector.clock.now()
        status = _blindness(refusal)
        sweeps = [
            Sweep(Line(scope, kind.name, facet), status, at, at, refusal)
            for kind, facets in self.types.get(level, ())
            for facet in ("", *sorted(set(facets) - {kind.facet}))
        ]
        if sweeps:
            with self.collector.store.spool() as spool:
                self.collector.record(_run(self.target.name, scope, sweeps, self.done.slot), spool, self.done)
        self._tell(scope, sweeps)

    def _tell(self, scope: str, sweeps: Sequence[Sweep], *, skipped: bool = False) -> None:
        with _TALLY:
            self.done.skipped_runs += skipped
            self.done.add(sweeps)
            self.collector.progress.done(scope, sweeps)


def together(found: Discovery) -> Iterator[tuple[Scope, list[Scope]]]:
    """The open scopes by who answers for them, and by their level.

    In the order of their names, as the log sorts its lines: a new one costs the hashes to its right.
    """
    named = {scope.name: scope for scope in found.scopes}
    groups: dict[tuple[str, str], list[Scope]] = {}
    for scope in found.scopes:
        if scope.name not in found.skipped:
            groups.setdefault((scope.asker or scope.name, scope.level), []).append(scope)
    for asker, level in sorted(groups):
        yield named[asker], groups[asker, level]


def _blindness(refusal: Unknown) -> Coverage:
    return Coverage.DENIED if refusal.reason in ("denied", "unauthenticated") else Coverage.FAILED


def _run(target: str, scope: str, sweeps: Sequence[Sweep], slot: Millis) -> Run:
    key = _key(target, scope, [s.line for s in sweeps], slot)
    return Run(key, "collect", target, scope, tuple(sweeps), collector=COLLECTOR)


def _key(target: str, scope: str, lines: Iterable[Line], slot: Millis) -> str:
    text = json.dumps([target, scope, sorted(lines), slot], separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


COLLECTOR = f"annexlog/{__version__}"
_TALLY = threading.Lock()


@contextmanager
def resumed(store: Path | Database, now: Millis, window: Millis) -> Iterator[Millis]:
    """The slot of a collection: that of an interrupted one, if it began less than `window` ago, else `now`.

    The slot stands in a small file beside the store while a collection is under way, so that the next one resumes.
    """
    note = store.with_name(store.name + ".collecting")
    started = now
    with suppress(OSError, ValueError):
        before = int(note.read_text())
        started = before if now - window < before <= now else now
    note.unlink(missing_ok=True)
    with os.fdopen(os.open(note, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(str(started))
    yield started
    note.unlink(missing_ok=True)
