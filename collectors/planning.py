"""How many calls a configuration costs, said before any is made. Pure: from declarations, intervals and sizes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import ceil

from annexlog.collectors import Call, Detail, ResourceType
from annexlog.evidence_store.model import DeclarationError, Millis, duration

_DAY = duration("P1D")


@dataclass(frozen=True, slots=True)
class Planned:
    """The calls that one facet of a type costs; `facet` "" is the listing, "sight" its proof.

    `service`: what stands before the colon of the permission, else the provider. `every`: how often it is polled.
    `each`: calls of one poll, over all scopes. `daily`: calls a day.
    """

    type: str
    facet: str
    service: str
    operation: str
    permission: str
    every: Millis
    each: int

    @property
    def daily(self) -> float:
        return self.each * _DAY / self.every


@dataclass(frozen=True, slots=True)
class Sizes:
    """How large the estate is, or is thought to be: scopes by level, resources by type over all scopes.

    `page`: how many items a page of a listing is taken to hold.
    """

    scopes: Mapping[str, int]
    resources: Mapping[str, int]
    page: int = 100

    def pages(self, type: ResourceType, listings: int) -> int:
        """Pages of so many listings of a type, each of which has at least one."""
        return listings * max(1, ceil(self.resources.get(type.name, 0) / max(1, listings) / self.page))


def plan(
    types: Mapping[str, ResourceType],
    wanted: Mapping[str, Mapping[str, Millis]],
    sizes: Sizes,
    *,
    floor: Millis = 0,
) -> list[Planned]:
    """The calls for the facets of each type that are wanted, each as often as said, but never oftener than `floor`.

    What wanted facets need themselves is counted too; so is the listing of a parent type. An upper bound where `only`
    spares calls; a call with a function of its own counts as one for each permission that it names; new resources,
    retries and second looks are not counted. Raises DeclarationError on a type that is not among `types`.
    """
    intervals = {name: {f: max(every, floor) for f, every in facets.items()} for name, facets in wanted.items()}
    unknown = sorted(set(intervals) - set(types))
    if unknown:
        raise DeclarationError(f"{', '.join(unknown)}: no such resource type")
    for name in sorted(intervals):
        _want_parents(types, types[name], intervals)
    shared: dict[int, Millis] = {}
    return [
        planned
        for name in sorted(intervals)
        if intervals[name]
        for planned in _of(types, types[name], types[name].closure(intervals[name]), sizes, shared)
    ]


def totals(planned: Iterable[Planned]) -> dict[str, float]:
    """Calls a day by service, the most first."""
    found: dict[str, float] = {}
    for one in planned:
        found[one.service] = found.get(one.service, 0.0) + one.daily
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def _want_parents(types: Mapping[str, ResourceType], type: ResourceType, wanted: dict[str, dict[str, Millis]]) -> None:
    """A type under another has it listed as often as itself."""
    while type.under and wanted[type.name]:
        if type.under not in types:
            raise DeclarationError(f"{type.name} is under {type.under}, which is no known type")
        parent, every = types[type.under], min(wanted[type.name].values())
        facets = wanted.setdefault(parent.name, {})
        facets[parent.facet] = min(every, facets.get(parent.facet, every))
        type = parent


def _of(
    types: Mapping[str, ResourceType],
    type: ResourceType,
    intervals: Mapping[str, Millis],
    sizes: Sizes,
    shared: dict[int, Millis],
) -> Iterator[Planned]:
    scopes = sizes.scopes.get(type.per, 0)
    if type.scope:
        scopes = min(scopes, 1)  # one answer speaks for many
    often = min(intervals.values())
    if type.listed:
        listings = sizes.resources.get(types[type.under].name, 0) if type.under else scopes
        yield _planned(type, "", type.listed, often, sizes.pages(type, listings))
    if type.sight:
        yield _planned(type, "sight", type.sight, often, scopes)
    for detail in type.details:
        if detail.facet not in intervals:
            continue
        every = intervals[detail.facet]
        if detail.key and not detail.batch:
            # Types that share a bulk source share its answer: it is counted once, where it comes first.
            if shared.get(id(detail.call), every + 1) <= every:
                continue
            shared[id(detail.call)] = every
        yield _planned(type, detail.facet, detail.call, every, _each(type, detail, sizes, scopes))


def _each(type: ResourceType, detail: Detail, sizes: Sizes, scopes: int) -> int:
    resources = sizes.resources.get(type.name, 0) if type.listed else scopes
    if detail.batch:
        return ceil(resources / detail.batch[1])
    if detail.key:
        return sizes.pages(type, scopes)
    return resources


def _planned(type: ResourceType, facet: str, call: Call, every: Millis, calls: int) -> Planned:
    service, colon, _ = call.permission.partition(":")
    each = calls * (1 + len(call.also)) if call.fn else calls
    return Planned(type.name, facet, service if colon else type.provider, call.operation, call.permission, every, each)
