"""What the scheduler needs to know of a store, and what it sets in motion: `watch`, `collect --due`, `gaps`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from annexlog import reconciling
from annexlog.answers import shapes
from annexlog.collectors import resource_types
from annexlog.cycle import Cycle, Turn
from annexlog.evidence_store.model import AnnexlogError, Line, Millis
from annexlog.evidence_store.store import Store
from annexlog.mappings import Mappings, load
from annexlog.scheduler import ANSWERED, RETRY, Due, Gap, Look, Memory, Schedule, alone, due, gaps

if TYPE_CHECKING:
    from annexlog.collectors import ResourceType
    from annexlog.config import Config
    from annexlog.evidence_store.queries import PopulationRow, View


def demand(config: Config, mappings: Mappings, view: View | None) -> dict[Line, Millis]:
    """Every line that enabled tests want looked at in the open scopes, and how often; and each target's scopes."""
    found = {Line(f"target/{name}", "scope"): config.floor for name in config.targets}
    wanted = reconciling.wanted(config, mappings)
    closed = {name: kind.closure(wanted[name]) for name, kind in resource_types().items() if name in wanted}
    for scope, attributes in (view.scopes() if view else {}).items():
        if attributes.get("target") not in config.targets:
            continue
        for name, facets in closed.items():
            kind = resource_types()[name]
            if kind.per == attributes.get("level") and kind.provider == attributes.get("provider"):
                for facet, every in facets.items():
                    found[Line(scope, name, "" if facet == kind.facet else facet)] = every
    return found


def looks(view: View, lines: Iterable[Line]) -> Iterator[Look]:
    """The recorded looks at these lines that decide when to look again, in the order of the log."""
    found: list[Look] = []
    for line in lines:
        for row in view.population_lines(line):
            found.append(look := _look(row))
            if look.status in ANSWERED:
                break
    return iter(sorted(found, key=lambda look: look.run))


def _look(row: PopulationRow) -> Look:
    seen = row.seen
    return Look(row.line, seen.seq, seen.start, seen.end, seen.status, seen.refusal.reason if seen.refusal else "")


@dataclass(frozen=True, slots=True)
class Watch:
    """A configured store, looked after."""

    cycle: Cycle

    def due_now(self) -> Turn | None:
        """Do what is due by the tests' intervals, once (for cron). None if nothing is."""
        mappings, now = load(shapes(), folders=self._config.mappings), self.cycle.clock.now()
        memory, wanted = Memory(), demand(self._config, mappings, None)
        if self._config.store.exists():
            with Store.open(self._config.store, readonly=True) as store:
                wanted = demand(self._config, mappings, view := store.view())
                memory.note(looks(view, wanted), now)
        plan = due(memory.watched(wanted), now, floor=self._config.floor, spread=False)
        return self._collect(plan) if plan.lines else None

    def keep(self, trouble: Callable[[AnnexlogError], None]) -> None:
        """Look at what is due, again and again, until the cycle's stop is set.

        Raises StoreBusy if another watch runs.
        """
        with alone(self._config.store.with_name(self._config.store.name + ".watch.lock")):
            Schedule(
                demand=self._demand,
                looks=self._looks,
                collect=self._collect,
                clock=self.cycle.clock,
                floor=self._config.floor,
                stop=self.cycle.stop,
                trouble=trouble,
                tend=self._tend,
            ).run()

    def _tend(self) -> None:
        """What an anchor did not take, or is to get on a schedule of its own."""
        if self._config.store.exists() and not self.cycle.stop.is_set():
            self.cycle.anchor()

    @property
    def _config(self) -> Config:
        return self.cycle.config

    def _demand(self) -> Mapping[Line, Millis]:
        mappings = load(shapes(), folders=self._config.mappings)  # read anew: the files may have changed
        if not self._config.store.exists():
            return demand(self._config, mappings, None)
        with Store.open(self._config.store, readonly=True) as store:
            return demand(self._config, mappings, store.view())

    def _looks(self, after: int) -> list[Look]:
        if not self._config.store.exists():
            return []
        with Store.open(self._config.store, readonly=True) as store:
            view = store.view()
            if after == 0:
                return list(looks(view, view.lines()))
            return [_look(row) for seq in range(after + 1, store.size() + 1) for row in view.population_lines(seq=seq)]

    def _collect(self, plan: Due) -> Turn:
        def choose(view: View, scope: str, kind: ResourceType, facets: Mapping[str, Millis]) -> frozenset[str] | None:  # noqa: ARG001 — a Choose
            return plan.choose(scope, kind.name, ("" if f == kind.facet else f for f in facets))

        of = self._scope_targets()
        named = {of.get(line.scope, line.scope.removeprefix("target/")) for line in plan.lines}
        return self.cycle.turn(choose=choose, only=named & set(self._config.targets), slot=plan.slot)

    def _scope_targets(self) -> Mapping[str, str]:
        if not self._config.store.exists():
            return {}
        with Store.open(self._config.store, readonly=True) as store:
            return {name: str(v.get("target")) for name, v in store.view().scopes().items()}


def missed(config: Config, view: View, start: Millis, end: Millis) -> Iterator[tuple[Line, Gap]]:
    """The gaps of every line within [start, end), since its scope was known: when it was due and nothing was seen."""
    mappings = load(shapes(), folders=config.mappings)
    known = {scope.name: scope.since for scope in view.scope_states()}
    busy = [(run.recorded - RETRY, run.recorded) for run in view.runs(kind="collect")]
    for line, every in sorted(demand(config, mappings, view).items()):
        recorded = [_look(row) for row in view.population_lines(line)]
        begin = max(start, known.get(line.scope, start))
        for gap in gaps(recorded, every, begin, end, floor=config.floor, busy=busy):
            yield line, gap
