"""One collection under way: listings become resources, resources get their facets, everything goes to the sink."""

from __future__ import annotations

import contextvars
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final

import orjson

from annexlog.collectors import Refused
from annexlog.collectors.asking import Absent, Asking
from annexlog.collectors.bodies import unreadable
from annexlog.collectors.bulk import Bulk, Rows
from annexlog.collectors.compiled import Codes, Read, Step
from annexlog.collectors.pool import Task
from annexlog.collectors.population import Item, Part, Population
from annexlog.collectors.provenance import Trace
from annexlog.collectors.templates import Facets, NoMember, Values
from annexlog.evidence_store.model import JSON, Sink, Unknown

_END: Final = object()
_Bodies = Sequence[tuple[Part | None, JSON]]


class Collection:
    """What all populations of one collection share, and what is done with a resource. Threads may use it at once."""

    def __init__(self, asking: Asking, values: Values, sink: Sink) -> None:
        self.asking = asking
        self.values, self._sink = values, sink
        self._bulk = Bulk(asking, values)

    # ── listings ──────────────────────────────────────────────────────────────────────────

    def prove(self, population: Population) -> None:
        """Ask for the proof that all of each scope can be seen, where the type says that this is in doubt."""
        sight, start = population.kind.sight, self.asking.clock.monotonic()
        if sight is None:
            return
        for part in population.parts.values():
            proof = self.asking.bounded(sight, part.traces[""], partial(self._proof, sight, part))
            if isinstance(proof, Unknown):
                part.blocked = proof
            elif not proof:
                part.blocked = Unknown("denied", sight.call.operation, sight.call.permission, "no proof of sight")
                part.traces[""].refused(part.blocked)
        population.listing.covers(start, self.asking.clock.monotonic())

    def _proof(self, sight: Read, part: Part) -> JSON:
        return self.asking.value(sight, sight.params.fill({}, part.values), part.traces[""])

    def pages(self, population: Population, facets: Facets, values: Values) -> Iterator[_Bodies]:
        """The pages of a listing: bodies, each with the part it belongs to if that is known already. Raises Refused."""
        read = population.kind.listed
        if read is None:
            yield [(part, dict(part.scope.values)) for part in population.parts.values()]
            return
        if all(part.blocked for part in population.parts.values()):
            return
        trace, count = population.listing, 0
        try:
            for page in self.asking.pages(read, read.params.fill(facets, values), trace):
                rows = read.reading.rows(page.body)
                trace.dated(read.reading.observed(page.body))
                if read.call.fn is None or not trace.held(read.call):  # else what it is made of was counted
                    trace.holds(read.call, len(rows))
                population.paged(page.total)
                count += 1
                yield [(None, row) for row in rows]
                if page.mixed:
                    raise Refused("mixed", page.mixed)
        except Absent:
            population.paged(None)
            return
        if not count:
            raise unreadable("no answer")

    def next_page(self, population: Population, pages: Iterator[_Bodies], gone: Codes | None = None) -> _Bodies | None:
        """The next page of a listing; None when it has ended, well or not."""
        start = self.asking.clock.monotonic()
        page = self.asking.bounded(population.kind.listed, population.listing, lambda: next(pages, _END), gone)
        population.listing.covers(start, self.asking.clock.monotonic())
        return None if page is _END or isinstance(page, Unknown) else page  # type: ignore[return-value]

    def admit(
        self, population: Population, body: JSON, lineage: Facets, part: Part | None, *, silent: bool
    ) -> Item | None:
        """A listed resource, its listing stored; None if it is another scope's, seen already, or unreadable.

        `silent`: only its children are wanted.
        """
        kind = population.kind
        item = self.asking.bounded(
            kind.listed, population.listing, lambda: self._identified(population, body, lineage, part, silent=silent)
        )
        if item is None or isinstance(item, Unknown):
            return None
        if not silent:
            self._store(item, "", kind.type.facet, body, population, kind.listed)
        return item

    def _identified(
        self, population: Population, body: JSON, lineage: Facets, part: Part | None, *, silent: bool
    ) -> Item | None:
        kind = population.kind
        facets = {**lineage, kind.type.facet: body}
        if part is None or kind.scope:
            name = kind.scope.fill(facets, self.values) if kind.scope else next(iter(population.parts))
            part = population.parts.get(name)
        if part is None or (kind.home and kind.home.fill(facets, part.values) not in part.homes):
            if not silent:
                population.passed_by()
            return None
        id = kind.id.fill(facets, part.values)
        id = id.lower() if kind.type.fold else id
        if "\0" in id:  # databases do not keep it in text
            raise unreadable("BadId", "an id has a NUL")
        if silent:
            return Item(id, part, facets, ())
        item = population.admit(part, id, facets)
        return None if part.blocked else item

    # ── details ───────────────────────────────────────────────────────────────────────────

    def details(self, population: Population, chunk: Sequence[Item]) -> None:
        """Ask for the details of some resources, facet by facet in the declared order, and store them."""
        for step in population.steps:
            items = [item for item in chunk if step in item.steps]
            if not items:
                continue
            start = self.asking.clock.monotonic()
            if step.batch:
                values = self._batches(population, step, step.batch, items)
            else:
                values = [self._detail(population, step, item) for item in items]
            for item, value in zip(items, values, strict=True):
                item.facets[step.facet] = value
                value = self._store(item, step.facet, step.facet, value, population, step.read)  # noqa: PLW2901
                item.part.traces[step.facet].counted(value, start, self.asking.clock.monotonic())

    def _detail(self, population: Population, step: Step, item: Item) -> JSON | Unknown:
        trace = item.part.traces[step.facet]
        blind = _blind(step, item)
        if blind is not None:
            trace.refused(blind)
            return blind
        return self.asking.bounded(
            step.read, trace, lambda: self._answer(population, step, item, trace), population.kind.gone
        )

    def _answer(self, population: Population, step: Step, item: Item, trace: Trace) -> JSON | Unknown:
        facets, values = item.facets, item.part.values
        if step.only and not step.only.holds(facets, values):
            return None
        if step.match is not None:
            rows, told = self._bulk.rows(step, fold=population.kind.type.fold)
            population.bulk[step.facet] = told
            return rows if isinstance(rows, Unknown) else rows.find(step.match.fill(facets, values))
        region = _region(step, facets, values)
        return self.asking.value(step.read, step.read.params.fill(facets, values), trace, region)

    def _batches(
        self, population: Population, step: Step, batch: tuple[str, int], items: Sequence[Item]
    ) -> list[JSON | Unknown]:
        """The values of a detail that is asked for many resources at once."""
        found: dict[int, JSON | Unknown] = {}
        asked: list[tuple[int, str]] = []
        for index, item in enumerate(items):
            key = self._batch_key(step, item)
            if isinstance(key, str):
                asked.append((index, key))
            else:
                found[index] = key
        name, size = batch
        for at in range(0, len(asked), size):
            part = asked[at : at + size]
            values = self._batch(population, step, name, [key for _, key in part], items[part[0][0]])
            for (index, _), value in zip(part, values, strict=True):
                found[index] = value
        return [found[index] for index in range(len(items))]

    def _batch_key(self, step: Step, item: Item) -> str | Unknown | None:
        """What names the resource in the batch; an Unknown or null where there is nothing to ask."""
        trace, blind = item.part.traces[step.facet], _blind(step, item)
        if blind is not None:
            trace.refused(blind)
            return blind
        facets, values = item.facets, item.part.values

        def key() -> str | None:
            if step.match is None or (step.only and not step.only.holds(facets, values)):
                return None
            return step.match.fill(facets, values)

        return self.asking.bounded(step.read, trace, key)

    def _batch(
        self, population: Population, step: Step, name: str, keys: Sequence[str], first: Item
    ) -> list[JSON | Unknown]:
        read, trace = step.read, first.part.traces[step.facet]
        parents = population.parent.lineage if population.parent else ()
        shared = {facet: first.facets[facet] for facet in parents}  # a chunk is of one parent

        def ask() -> Rows:
            params = {**read.params.fill(shared, first.part.values), name: list(keys)}
            return Rows(step, self.asking.value(read, params, trace) or (), fold=population.kind.type.fold)

        rows = self.asking.bounded(read, trace, ask, population.kind.gone)
        if isinstance(rows, Unknown) and rows.reason == "vanished" and len(keys) > 1:
            # One that is gone fails them all: ask one by one which.
            return [value for key in keys for value in self._batch(population, step, name, [key], first)]
        if isinstance(rows, Unknown):
            return [rows] * len(keys)
        return [self.asking.bounded(read, trace, partial(rows.find, key)) for key in keys]

    # ── the sink ──────────────────────────────────────────────────────────────────────────

    def _store(
        self, item: Item, line: str, facet: str, value: JSON | Unknown, population: Population, read: Read | None
    ) -> JSON | Unknown:
        """Put a value into the sink, its rules applied, and return what was put. Outside the boundary: a store that
        cannot take evidence ends the run.
        """
        rules, trace = population.kind.rules[facet], item.part.traces[line]
        if rules and not isinstance(value, Unknown):
            value = self.asking.bounded(read, trace, lambda: rules.apply(value))
        try:
            self._sink.add(item.part.lines[line], item.id, value)
        except orjson.JSONEncodeError as error:  # half a character, or a number beyond 64 bits: JSON, but not ours
            operation, permission = (read.call.operation, read.call.permission) if read else ("", "")
            value = Unknown("unreadable", operation, permission, "Unencodable")
            trace.refused(value, str(error))
            self._sink.add(item.part.lines[line], item.id, value)
        return value


def _region(step: Step, facets: Facets, values: Values) -> str | None:
    """The region to ask; None: the scope's own, as for a resource that does not say where it is."""
    try:
        return step.region.fill(facets, values) if step.region else None
    except NoMember:
        return None


def _blind(step: Step, item: Item) -> Unknown | None:
    """The Unknown among the facets that a detail reads: then it is that itself."""
    for facet in step.needs:
        found = item.facets.get(facet)
        if isinstance(found, Unknown):
            return found
    return None


class Drive:
    """Works through one population and those under it, as a Source of tasks: list the next page, or detail a chunk.

    A page is only listed while fewer than `window` resources wait: nothing holds the estate.
    """

    def __init__(self, collection: Collection, root: Population, window: int, crowded: Callable[[], bool]) -> None:
        self._collection, self._root, self._window = collection, root, window
        self.crowded = crowded
        self._queue: deque[list[Item]] = deque()
        self._chunk: list[Item] = []
        self._proved = self._again = False
        self._begin(frozenset(root.family()))

    def _begin(self, targets: frozenset[Population]) -> None:
        """List from the start, for the sake of some populations; others are passed through silently."""
        self._targets = targets
        self._path = targets.union(*(population.ancestors() for population in targets))
        # An adapter may keep whom it asks for in context variables: a listing goes on in its own context, whichever
        # thread asks for its next page.
        self._context = contextvars.copy_context()
        self._pages = self._collection.pages(self._root, {}, self._collection.values)
        self._listing = self._ended = False

    # ── Source ────────────────────────────────────────────────────────────────────────────

    def pending(self) -> bool:
        return bool(self._queue) or not (self._listing or self._ended)

    def take(self) -> Task | None:
        waiting = len(self._queue) * self._root.kind.chunk
        if not self._listing and not self._ended and waiting < self._window:
            self._listing = True
            return self._list
        return partial(self._resources, self._root, self._queue.popleft()) if self._queue else None

    def exhausted(self) -> bool:
        if self._listing or self._queue or not self._ended:
            return False
        if not self._again:
            # A listing that shows nothing where something was looks like the truth and may be a fault: look again.
            self._again = True
            emptied = frozenset(population for population in self._targets if population.emptied())
            if emptied:
                for population in emptied:
                    population.elsewhere = 0
                self._begin(emptied)
                return False
            return True
        for population in self._targets:
            population.collapsed = len(population.known or ()) if population.emptied() else None
        return True

    # ── tasks ─────────────────────────────────────────────────────────────────────────────

    def _list(self) -> None:
        if not self._proved:
            self._proved = True
            for population in self._root.family():
                self._collection.prove(population)
        page = self._context.run(self._collection.next_page, self._root, self._pages)
        if page is None:
            self._enqueue(self._chunk)
            self._chunk = []
            self._ended = True
        for part, body in page or ():
            item = self._collection.admit(self._root, body, {}, part, silent=self._root not in self._targets)
            if item and (item.steps or self._path.intersection(self._root.children)):
                self._chunk.append(item)
            if len(self._chunk) >= self._root.kind.chunk:
                self._enqueue(self._chunk)
                self._chunk = []
        self._listing = False

    def _enqueue(self, chunk: list[Item]) -> None:
        if chunk:
            self._queue.append(chunk)

    def _resources(self, population: Population, chunk: Sequence[Item]) -> None:
        self._collection.details(population, chunk)
        for child in population.children:
            if child in self._path:
                for item in chunk:
                    self._children(population, child, item)

    def _children(self, parent: Population, child: Population, item: Item) -> None:
        """List what is under one resource, and detail it, in this thread: waiting for others could wait for ever."""
        lineage = {facet: item.facets[facet] for facet in parent.lineage}
        part = child.parts[item.part.scope.name]
        pages = self._collection.pages(child, lineage, part.values)
        chunk: list[Item] = []
        while (page := self._collection.next_page(child, pages, parent.kind.gone)) is not None:
            for _, body in page:
                found = self._collection.admit(child, body, lineage, part, silent=child not in self._targets)
                chunk += [found] if found else []
                if len(chunk) >= child.kind.chunk:
                    self._resources(child, chunk)
                    chunk = []
        self._resources(child, chunk)
