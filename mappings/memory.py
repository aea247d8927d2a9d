"""Evidence held in memory: what examples, tests and experiments are judged over."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from annexlog.evidence_store.model import JSON, Coverage, Line, Millis, Resource, Seen, Unknown, encode

__all__ = ["MemoryEvidence", "Population"]


@dataclass(slots=True)
class Population:
    """All resources of a type in a scope: {id: {facet: value}}, the listing's body under ""."""

    resources: dict[str, dict[str, JSON | Unknown]] = field(default_factory=dict)
    status: Coverage = Coverage.COMPLETE
    refusal: Unknown | None = None


@dataclass(slots=True)
class MemoryEvidence:
    """An Evidence. A population that is not there was never looked at; one facet not there is Unknown(unobserved).

    The target of every scope counts as completely known, unless `targets` says otherwise.
    """

    at: Millis
    open: Mapping[str, Mapping[str, JSON]]
    populations: dict[tuple[str, str], Population] = field(default_factory=dict)
    organization: Mapping[str, Mapping[str, JSON]] = field(default_factory=dict)
    targets: dict[str, Unknown] = field(default_factory=dict)
    upto: int = 0

    def scopes(self) -> Mapping[str, Mapping[str, JSON]]:
        return dict(sorted(self.open.items()))

    def seen(self, line: Line) -> Seen | None:
        if line.type == "scope":
            refusal = self.targets.get(line.scope.removeprefix("target/"))
            return Seen(Coverage.PARTIAL if refusal else Coverage.COMPLETE, self.at, self.at, 0, refusal)
        population = self.populations.get((line.scope, line.type))
        return Seen(population.status, self.at, self.at, 0, population.refusal) if population else None

    def resources(self, scope: str, type: str, facets: Collection[str]) -> Iterator[Resource]:
        population = self.populations.get((scope, type), Population())
        for id, known in sorted(population.resources.items()):
            given = {facet: known.get(facet, Unknown("unobserved")) for facet in ("", *facets)}
            yield Resource(scope, type, id, given)

    def documents(self, type: str) -> Mapping[str, JSON]:
        return self.organization.get(type, {})

    def fingerprint(self, lines: Iterable[Line]) -> bytes:
        total = hashlib.sha256()
        for line in sorted(lines):
            total.update(encode([*line, self._said(line)]))
        return total.digest()

    def _said(self, line: Line) -> JSON:
        if line.scope == "org":
            return self.documents(line.type)
        population = self.populations.get((line.scope, line.type))
        if population is None:
            return None
        bodies = {id: encode(known.get(line.facet)).hex() for id, known in population.resources.items()}
        return [population.status, str(population.refusal), bodies]
