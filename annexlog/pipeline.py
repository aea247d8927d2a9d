"""Collect → record: the one way evidence comes into a store (`annexlog.assessing` brings the verdicts)."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from annexlog import __version__
from annexlog.collectors import Adapter, Discovery, Refused, ResourceType, Scope, resource_types
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
)

if TYPE_CHECKING:
    from annexlog.collectors.clock import Clock
    from annexlog.config import Config, Target
    from annexlog.evidence_store.spool import Spool
    from annexlog.evidence_store.queries import View
    from annexlog.evidence_store.store import Store
    from annexlog.mappings import Mappings

Wanted = Mapping[str, Mapping[str, Millis]]
"""Per resource type, each facet that enabled tests read and how often they want it."""

Choose = Callable[[str, ResourceType, Mapping[str, Millis]], Collection[str] | None]
"""(scope, type, wanted facets) → the facets to poll now ("" the listing, always polled with them); None: nothing is due."""

DOCUMENTS = ("definition", "control", "register", "setting", "exception", "label", "owner", "soa")
"""What the organization itself says, each a type of the scope `org`."""


def everything(scope: str, kind: ResourceType, facets: Mapping[str, Millis]) -> Collection[str]:  # noqa: ARG001
    """Poll every wanted facet of every scope now."""
    return facets


@dataclass(slots=True)
class Collected:
    """What one `collect` did. `unseen`: {(scope, type, facet): why} of everything that could not be seen."""

    slot: Millis
    runs: int = 0
    skipped_runs: int = 0
    resources: int = 0
    calls: int = 0
    coverage: Counter[Coverage] = field(default_factory=Counter)
    unseen: dict[Line, Unknown] = field(default_factory=dict)
    collapsed: dict[Line, int] = field(default_factory=dict)
    seen_any: bool = False
    late: list[Millis] = field(default_factory=list)
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

    scopes: Callable[[str, int], None] = lambda target, n: None  # noqa: ARG005
    done: Callable[[str, Sequence[Sweep]], None] = lambda scope, sweeps: None  # noqa: ARG005


@dataclass(frozen=True, slots=True)
class Collector:
    """Everything a collection needs besides what to look at."""

    config: Config
    store: Store
    mappings: Mappings
    clock: Clock
    stop: threading.Event = field(default_factory=threading.Event)
    progress: Progress = field(default_factory=Progress)

    def collect(
        self, *, choose: Choose = everything, slot: Millis | None = None, only: Collection[str] = ()
    ) -> Collected:
        """Look at every target (or those in `only`), recording one run a scope. A refused read never raises.

        `slot` makes it idempotent: what a collection of the same slot has recorded already is not asked again.
        """
        done = Collected(self.clock.now() if slot is None else slot)
        self._record_documents(done)
        for name, target in self.config.targets.items():
            if not only or name in only:
                self._target(target, done, choose)
        if not only:
            self._retire_targets(done)
        done.interrupted = self.stop.is_set()
        return done

    # ── one target ────────────────────────────────────────────────────────────────────────

    def _target(self, target: Target, done: Collected, choose: Choose) -> None:
        start = self.clock.now()
        adapter: Adapter | None = None
        try:
            adapter = target.connect()
            found = adapter.discover()
        except ProviderError as error:
            found = Discovery((), status=Coverage.FAILED, refusals=[Unknown("failed", "connect", "", error.what[:200])])
        except Refused as refused:
            found = Discovery(
                (), status=Coverage.FAILED, refusals=[Unknown(refused.reason, "discover", "", refused.code)]
            )
        before = self._known_scopes(target.name)
        self._record_scopes(target, found, start, done)
        hidden = (
            {}
            if found.status is Coverage.COMPLETE
            else {n: v for n, v in before.items() if n not in self._names(found)}
        )
        refusal = next(iter(found.refusals), Unknown("failed", "discover"))
        wanted = self._wanted(target)
        jobs: list[Callable[[], Sequence[Sweep]]] = []
        if adapter is not None:
            engine = Engine(
                adapter, clock=self.clock, workers=self.config.collect.workers, limits=Limits(clock=self.clock),
                deadline=self.config.deadline, stop=self.stop,
            )  # fmt: skip
            jobs += [partial(self._scope, target, adapter, engine, s, wanted, choose, done) for s in found.scopes]
        jobs += [
            partial(self._blind, target, name, str(v["level"]), wanted, refusal, done) for name, v in hidden.items()
        ]
        self.progress.scopes(target.name, len(jobs))
        try:
            with ThreadPoolExecutor(self.config.collect.scopes, thread_name_prefix="scope") as pool:
                for future in as_completed([pool.submit(job) for job in jobs]):
                    future.result()
        finally:
            if adapter is not None:
                adapter.close()

    def _names(self, found: Discovery) -> set[str]:
        return {s.name for s in found.scopes} | set(found.skipped)

    def _known_scopes(self, target: str) -> dict[str, Mapping[str, JSON]]:
        return {n: v for n, v in self.store.view().scopes().items() if v.get("target") == target}

    def _wanted(self, target: Target) -> dict[str, list[tuple[ResourceType, Mapping[str, Millis]]]]:
        """Per level of scope, the types to look at, each with its wanted facets and how often they are wanted."""
        wanted = self.mappings.wanted()
        by_level: dict[str, list[tuple[ResourceType, Mapping[str, Millis]]]] = {}
        for kind in resource_types().values():
            if kind.name in wanted and kind.provider == target.provider.name:
                by_level.setdefault(kind.per, []).append((kind, kind.closure(wanted[kind.name])))
        return by_level

    # ── one scope ─────────────────────────────────────────────────────────────────────────

    def _scope(
        self,
        target: Target,
        adapter: Adapter,
        engine: Engine,
        scope: Scope,
        wanted: Mapping[str, list[tuple[ResourceType, Mapping[str, Millis]]]],
        choose: Choose,
        done: Collected,
    ) -> Sequence[Sweep]:
        view = self.store.view()
        asks = list(self._asks(view, scope.name, wanted.get(scope.level, ()), choose))
        lines = [Line(scope.name, a.type.name, f) for a in asks for f in ("", *sorted(a.due))]
        key = self._key(target.name, scope.name, lines, done.slot)
        if not asks or self.store.has_run(key):
            return self._done(scope.name, (), done, skipped=bool(asks))
        with self.store.spool() as spool:
            sweeps = engine.collect(scope, {scope.name: scope}, asks, spool)
            caller = next((str(s.provenance["caller"]) for s in sweeps if s.provenance.get("caller")), "-")
            self._record(
                Run(key, "collect", target.name, scope.name, tuple(sweeps), caller, COLLECTOR, engine.policy),
                spool,
                done,
            )
        return self._done(scope.name, sweeps, done)

    def _asks(
        self, view: View, scope: str, types: Iterable[tuple[ResourceType, Mapping[str, Millis]]], choose: Choose
    ) -> Iterator[Ask]:
        for kind, facets in types:
            details = frozenset(facets) - {kind.facet, ""}
            due = choose(scope, kind, facets)
            if due is None:
                continue
            known = (
                frozenset(r.id for r in view.resources(scope, kind.name, ()))
                if view.seen(Line(scope, kind.name))
                else None
            )
            yield Ask(kind, details & frozenset(due), details, known)

    def _blind(
        self,
        target: Target,
        scope: str,
        level: str,
        wanted: Mapping[str, list[tuple[ResourceType, Mapping[str, Millis]]]],
        refusal: Unknown,
        done: Collected,
    ) -> Sequence[Sweep]:
        """Record that a known scope could not be looked at, without a call: its target could not be reached."""
        at = self.clock.now()
        status = Coverage.DENIED if refusal.reason in ("denied", "unauthenticated") else Coverage.FAILED
        lines = [
            Line(scope, k.name, f)
            for k, facets in wanted.get(level, ())
            for f in ("", *sorted(set(facets) - {k.facet, ""}))
        ]
        sweeps = tuple(Sweep(line, status, at, at, refusal) for line in lines)
        if sweeps:
            with self.store.spool() as spool:
                self._record(
                    Run(self._key(target.name, scope, lines, done.slot), "collect", target.name, scope, sweeps),
                    spool,
                    done,
                )
        return self._done(scope, sweeps, done)

    def _done(self, scope: str, sweeps: Sequence[Sweep], done: Collected, *, skipped: bool = False) -> Sequence[Sweep]:
        with _TALLY:
            done.skipped_runs += skipped
            done.add(sweeps)
            self.progress.done(scope, sweeps)
        return sweeps

    def _record(self, run: Run, spool: Spool, done: Collected) -> None:
        self.store.record(run, spool, recorded=self.clock.now())
        with _TALLY:
            done.runs += 1

    def _key(self, target: str, scope: str, lines: Iterable[Line], slot: Millis) -> str:
        text = json.dumps([target, scope, sorted(lines), slot], separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    # ── what the organization says, and which scopes there are ────────────────────────────

    def _record_scopes(self, target: Target, found: Discovery, start: Millis, done: Collected) -> None:
        line = Line(f"target/{target.name}", "scope")
        refusal = next(iter(found.refusals), None)
        sweep = Sweep(line, found.status, start, max(start, self.clock.now()), refusal, found.provenance)
        with self.store.spool() as spool:
            for scope in found.scopes:
                attributes = {
                    **scope.values,
                    "name": scope.name,
                    "provider": target.provider.name,
                    "target": target.name,
                    "level": scope.level,
                }
                spool.add(
                    line,
                    scope.name,
                    attributes | ({"skipped": found.skipped[scope.name]} if scope.name in found.skipped else {}),
                )
            run = Run(
                self._key(target.name, line.scope, [line], done.slot),
                "collect",
                target.name,
                line.scope,
                (sweep,),
                collector=COLLECTOR,
            )
            self._record(run, spool, done)
        done.add([sweep])

    def _retire_targets(self, done: Collected) -> None:
        """A target that left the configuration: its scopes are retired from now on."""
        gone = {str(v["target"]) for v in self.store.view().scopes().values()} - set(self.config.targets)
        for name in sorted(gone):
            line, at = Line(f"target/{name}", "scope"), self.clock.now()
            with self.store.spool() as spool:
                key = self._key(name, line.scope, [line], done.slot)
                self._record(
                    Run(key, "collect", name, line.scope, (Sweep(line, Coverage.COMPLETE, at, at),)), spool, done
                )

    def _record_documents(self, done: Collected) -> None:
        """Record definitions, registers, settings … as evidence, where they changed since they were last recorded."""
        now, view = self.clock.now(), self.store.view()
        documents = {kind: dict(self.mappings.documents().get(kind, {})) for kind in DOCUMENTS}
        documents["setting"]["annexlog.floor"] = self.config.collect.floor
        changed = [k for k in DOCUMENTS if view.seen(Line(ORG, k)) is None or dict(view.documents(k)) != documents[k]]
        if not changed:
            return
        lines = [Line(ORG, kind) for kind in changed]
        with self.store.spool() as spool:
            for line in lines:
                for id, body in documents[line.type].items():
                    spool.add(line, id, body)
            sweeps = tuple(Sweep(line, Coverage.COMPLETE, now, now) for line in lines)
            self._record(
                Run(self._key(ORG, ORG, lines, now), "collect", ORG, ORG, sweeps, collector=COLLECTOR), spool, done
            )


COLLECTOR = f"annexlog/{__version__}"
_TALLY = threading.Lock()


@contextmanager
def slot(store: Path, now: Millis, window: Millis) -> Iterator[Millis]:
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
