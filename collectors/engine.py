"""The one place that acts on declarations: asks an adapter for resources and their facets, and tells how it went."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from annexlog.collectors import Adapter, ResourceType, Scope, resource_types
from annexlog.collectors.asking import Asking, Retry
from annexlog.collectors.clock import Clock
from annexlog.collectors.collecting import Collection, Drive
from annexlog.collectors.compiled import Kind, compile_type
from annexlog.collectors.limits import Limits
from annexlog.collectors.pool import Pool
from annexlog.collectors.population import Part, Population
from annexlog.collectors.provenance import Trace
from annexlog.collectors.rules import policy
from annexlog.evidence_store.model import JSON, DeclarationError, Millis, Sink, Sweep, Unknown

__all__ = ["Ask", "Engine"]

_TRUSTED = 2_000
"""Milliseconds by which our clock may differ from the provider's before times are corrected."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What to ask of one type.

    `due`: the details to poll of every resource now. `wanted`: all details that anyone reads; a new resource gets all
    of them at once. `known`: the ids of the last complete population; None: nothing is known, everything is new, and
    then `wanted` is polled whole. `staying`: those of them that should be there again (ResourceType.stays). `due` and
    `wanted` are closed over what their details need themselves; the type's own facet may stand in them and means
    nothing: the listing is always asked.
    """

    type: ResourceType
    due: frozenset[str]
    wanted: frozenset[str]
    known: frozenset[str] | None
    staying: frozenset[str] = frozenset()


class Engine:
    """Collects from one connected target. Several threads may `collect` at once; they share its threads and limits.

    `workers`: threads in all. `window`: resources of one population that may wait for their details. `deadline`: how
    long one collection may take. `stop`: set it, and collections end soon, telling what they did not see.
    `redaction_key`: keys the commitments of types that redact. `types`: where parents of asked types are found that
    are not asked themselves; None: among all registered types.
    """

    def __init__(
        self,
        adapter: Adapter,
        *,
        clock: Clock,
        limits: Limits,
        workers: int = 32,
        window: int = 256,
        deadline: Millis | None = None,
        stop: threading.Event | None = None,
        retry: Retry = Retry(),  # noqa: B008 — frozen
        redaction_key: bytes | None = None,
        types: Mapping[str, ResourceType] | None = None,
    ) -> None:
        self._adapter, self._clock, self._limits = adapter, clock, limits
        self._window, self._deadline, self._stop, self._retry = window, deadline, stop, retry
        self._redaction_key, self._types = redaction_key, types
        self._pool = Pool(workers)
        self._kinds: dict[str, Kind] = {}
        self.policy = policy()

    def collect(self, asker: Scope, roster: Mapping[str, Scope], asks: Sequence[Ask], sink: Sink) -> list[Sweep]:
        """Ask in the name of `asker` for the scopes in `roster`, putting what is seen into `sink` as it comes.

        A sweep's provenance is {caller, endpoint, items, skew_ms, operations: [{operation, permission, params, calls,
        pages, items, retries, first_request, last_request, first_version?, last_version?}], refusals: [{reason,
        operation, permission, code, count, message, traceback?}]}. A listing's has `elsewhere` as well, and `total`,
        `collapsed` (how many were known) where they apply; `observed` is the provider's own time of the answer,
        `clock` {start, end, correction_ms} our own times before correction, `caller_refused` why the caller could not
        be told.

        Returns a sweep for each scope, ask and line: the listing, each due detail, and as a supplement each other
        wanted detail that new resources got; and for the listing of a parent type that had to be asked for its
        children's sake. A refused read never raises. Raises DeclarationError, and whatever the sink raises.
        """
        if not roster:
            return []
        asking = Asking(
            self._adapter,
            asker,
            clock=self._clock,
            limits=self._limits,
            retry=self._retry,
            deadline=self._deadline,
            stop=self._stop,
        )
        populations = self._populations(asker, roster, asks)
        base = self._caller(asking, asker)
        collection = Collection(asking, asker.values, sink)
        self._pool.run([self._drive(collection, asker, root) for root in populations if root.parent is None])
        for population in populations:
            population.settle()
        correction = _correction(trace for population in populations for trace in population.traces())
        sweeps = [s for population in populations for s in population.sweeps(asking.timeline, base, correction)]
        for population in populations:
            population.children.clear()  # parents and children know each other: whoever is done with is freed at once
        return sweeps

    def _drive(self, collection: Collection, asker: Scope, root: Population) -> Drive:
        kind = root.kind.type
        call = kind.listed or next((step.read.call for step in root.steps), None)
        lane = collection.asking.bounded(None, Trace(), lambda: self._adapter.lane(call, asker)) if call else ""
        return Drive(collection, root, self._window, partial(self._limits.crowded, str(lane)))

    def _caller(self, asking: Asking, asker: Scope) -> dict[str, JSON]:
        trace = Trace()
        caller = asking.bounded(None, trace, lambda: self._adapter.caller(asker))
        if isinstance(caller, Unknown):
            return {"caller": "", "caller_refused": caller.as_json(), "endpoint": ""}
        return {"caller": caller.identity, "endpoint": caller.endpoint}

    # ── populations ───────────────────────────────────────────────────────────────────────

    def _populations(self, asker: Scope, roster: Mapping[str, Scope], asks: Sequence[Ask]) -> list[Population]:
        """A population for each ask, parents before their children. Raises DeclarationError."""
        found: dict[str, Population] = {}
        asked = {ask.type.name: ask for ask in asks}
        for ask in asks:
            self._populate(ask, asker, roster, asked, found)
        return list(found.values())

    def _populate(
        self,
        ask: Ask,
        asker: Scope,
        roster: Mapping[str, Scope],
        asked: Mapping[str, Ask],
        found: dict[str, Population],
    ) -> Population:
        type = ask.type
        if type.name in found:
            return found[type.name]
        parent: Population | None = None
        if type.under:
            above = asked.get(type.under) or Ask(self._type(type.under, type), frozenset(), frozenset(), None)
            parent = self._populate(above, asker, roster, asked, found)
            if type.facet in parent.lineage:
                raise DeclarationError(f"{type.name} and a type above it both call their facet {type.facet}")
        elif len(roster) > 1 and type.listed and not type.scope:
            raise DeclarationError(f"{type.name} is asked for {len(roster)} scopes at once, and has no scope=")
        due, wanted = type.needs(ask.due), type.needs(ask.wanted | ask.due)
        parts = {
            name: Part(self._kind(type), scope, {**asker.values, **scope.values}) for name, scope in roster.items()
        }
        population = found[type.name] = Population(self._kind(type), due, wanted, ask.known, parts, parent, ask.staying)
        return population

    def _kind(self, type: ResourceType) -> Kind:
        kind = self._kinds.get(type.name)
        if kind is None or kind.type is not type:
            kind = self._kinds[type.name] = compile_type(type, self._redaction_key)
        return kind

    def _type(self, name: str, child: ResourceType) -> ResourceType:
        types = resource_types() if self._types is None else self._types
        if name not in types:
            raise DeclarationError(f"{child.name} is under {name}, which is no known type")
        return types[name]


def _correction(traces: Iterable[Trace]) -> Millis:
    """What is to be added to our times: 0 unless every answer of the provider says that our clock is wrong.

    Then the least that any of them says: the others were longer on their way.
    """
    skews = [skew for trace in traces for skew in trace.skews]
    if not skews or min(map(abs, skews)) <= _TRUSTED or min(skews) * max(skews) < 0:
        return 0
    return min(skews, key=abs)
