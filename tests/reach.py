"""How far a fault of an operation reaches, and which operations may fail at once: none hides another's fault."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from annexlog.collectors import Call, ResourceType
from annexlog.evidence_store.model import Line
from annexlog.mappings import Mappings

Cell = tuple[str, str]
"""A type and one of its facets; the listing is the facet ""."""


@dataclass(frozen=True, slots=True)
class Reach:
    """The evidence that is not seen if an operation fails, and the tests that read any of it."""

    cells: frozenset[Cell]
    tests: frozenset[str]

    def meets(self, other: Reach) -> bool:
        return not (self.cells.isdisjoint(other.cells) and self.tests.isdisjoint(other.tests))

    def shows(self, unseen: Iterable[Line]) -> bool:
        """Whether any of these lines is one that the fault reaches."""
        return any((line.type, line.facet) in self.cells for line in unseen)


def joined(reaches: Iterable[Reach]) -> Reach:
    """How far faults of several operations reach."""
    known = list(reaches)
    return Reach(frozenset().union(*(one.cells for one in known)), frozenset().union(*(one.tests for one in known)))


def reaches(
    types: Mapping[str, ResourceType], mappings: Mappings, asked_by: Callable[[Call], Iterable[str]]
) -> dict[str, Reach]:
    """{operation: how far its fault reaches}. `asked_by`: the operations that a call asks."""
    cells: dict[str, set[Cell]] = {}
    for kind in types.values():
        for call in filter(None, (kind.listed, kind.sight)):
            for name in asked_by(call):
                cells.setdefault(name, set()).update(_all(kind, types))
        below = set[Cell]().union(*(_all(child, types) for child in _children(kind, types)))
        for detail in kind.details:
            needing = {
                (kind.name, facet) for facet in kind.facets[1:] if detail.facet in {facet, *kind.needs((facet,))}
            }
            for name in asked_by(detail.call):
                cells.setdefault(name, set()).update(needing | below)
    read = {
        id: {_cell(types, *pair) for pair in test.wanted() if pair[0] in types} for id, test in mappings.tests.items()
    }
    return {
        name: Reach(frozenset(own), frozenset(id for id, theirs in read.items() if not theirs.isdisjoint(own)))
        for name, own in cells.items()
    }


def _children(kind: ResourceType, types: Mapping[str, ResourceType]) -> list[ResourceType]:
    return [child for child in types.values() if child.under == kind.name]


def _all(kind: ResourceType, types: Mapping[str, ResourceType]) -> set[Cell]:
    """Everything of a type, and of what is asked resource by resource under it."""
    own = {(kind.name, facet) for facet in ("", *kind.facets[1:])}
    return own.union(*(_all(child, types) for child in _children(kind, types)))


def _cell(types: Mapping[str, ResourceType], name: str, facet: str) -> Cell:
    return name, "" if facet == types[name].facet else facet


def turns(operations: Collection[str], reach: Mapping[str, Reach], alone: Collection[str]) -> list[list[str]]:
    """Every operation once, in few turns: those of one turn have no evidence and no test in common.

    `alone`: those that everything depends on.
    """
    found = [[name] for name in sorted(operations) if name in alone]
    shared: list[list[str]] = []
    for name in sorted(set(operations) - set(alone), key=lambda name: (-len(reach[name].tests), name)):
        for turn in shared:
            if not any(reach[name].meets(reach[other]) for other in turn):
                turn.append(name)
                break
        else:
            shared.append([name])
    return found + shared
