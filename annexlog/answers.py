"""What is known, as of an instant: outcomes as they read then, and the states of tests and controls."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from annexlog.collectors import providers, resource_types
from annexlog.evidence_store.model import (
    ORG,
    POPULATION,
    Coverage,
    Line,
    Millis,
    Status,
    TypeShape,
    Unknown,
    duration,
)
from annexlog.mappings import Mappings, Test, from_documents

if TYPE_CHECKING:
    from annexlog.evidence_store.queries import AssessedLine, OutcomeRow, View

PREFIX = "outcome:"
"""Outcome lines are facets of this prefix and a test's id."""

DOCUMENTS = ("definition", "control", "register", "setting", "exception", "label", "owner", "soa")
"""What the organization itself says, each a type of the scope `org`."""

FLOOR = "annexlog.floor"
"""The setting that records how often facets are polled at most: it decides when evidence is stale."""


def shapes() -> Mapping[str, TypeShape]:
    """What mappings may know of every declared resource type."""
    return {name: kind.shape() for name, kind in resource_types().items()}


def published_shapes() -> Mapping[str, TypeShape]:
    """The same with the field names that the providers publish (slower: it reads their models)."""
    known = providers()
    return {name: kind.shape(known[kind.provider].members(kind)) for name, kind in resource_types().items()}


def definitions(view: View) -> Mappings:
    """The definitions as they stood in a view."""
    return from_documents({kind: view.documents(kind) for kind in DOCUMENTS}, shapes())


def outcome_lines(view: View, mappings: Mappings) -> Iterator[tuple[Test, Line]]:
    """Every test with each outcome line it has in a view: the open scopes of the level its resource type has."""
    for test in mappings.tests.values():
        shape = test.of
        for scope, attributes in view.scopes().items():
            if attributes.get("level") == shape.level and attributes.get("provider") == shape.provider:
                yield test, Line(scope, shape.name, PREFIX + test.id)


@dataclass(frozen=True, slots=True)
class Answer:
    """One outcome as it reads at an instant: what was recorded, the coverage of all it read, and its freshness.

    `observed`: start of the oldest look that it rests on. `since`: when its recorded status last changed.
    `run`: the assessment's place in the log. `exception`: the id of the exception that covers it.
    """

    test: Test
    line: Line
    id: str
    status: Status
    reason: Unknown | None
    cause: str
    observed: Millis | None
    since: Millis | None
    run: int | None
    exception: str | None = None


class Reading:
    """Answers from one view, by the definitions of its day."""

    def __init__(self, view: View, known_at: Millis | None = None) -> None:
        self.view, self.known_at = view, known_at

    @cached_property
    def mappings(self) -> Mappings:
        return definitions(self.view)

    @cached_property
    def floor(self) -> Millis:
        return duration(self.view.documents("setting").get(FLOOR, "PT0S"))

    def every(self, test: Test) -> Millis:
        """How often what the test reads is really polled."""
        return max(test.every, self.floor)

    def answers(
        self, *, test: str | None = None, scope: str | None = None, resource: str | None = None
    ) -> Iterator[Answer]:
        """Outcomes as they read at this instant, in the order of tests and scopes; then those of retired scopes.

        A test that has not been judged in a scope gives one answer for its whole population: unknown.
        """
        for judged, line in outcome_lines(self.view, self.mappings):
            if (test is None or judged.id == test) and (scope is None or line.scope == scope):
                yield from self._line(judged, line, resource)
        for known in self.view.scope_states():
            if known.state == "retired" and (scope is None or known.name == scope):
                yield from self._retired(known.name, test, resource)

    def _line(self, test: Test, line: Line, resource: str | None) -> Iterator[Answer]:
        assessed = self.view.assessed(line)
        if assessed is None:
            yield Answer(test, line, POPULATION, Status.UNKNOWN, Unknown("not_assessed"), "coverage", None, None, None)
            return
        blind, observed = self._blind(test, assessed)
        for row in self.view.outcomes(test=test.id, scope=line.scope, resource=resource):
            yield self._answer(test, line, row, blind, observed)

    def _retired(self, scope: str, test: str | None, resource: str | None) -> Iterator[Answer]:
        for row in self.view.outcomes(test=test, scope=scope, resource=resource):
            known = self.mappings.tests.get(row.test)
            if known is not None:
                yield self._answer(
                    known, Line(scope, row.type, PREFIX + row.test), row, Unknown("retired", scope), None
                )

    def _answer(
        self, test: Test, line: Line, row: OutcomeRow, blind: Unknown | None, observed: Millis | None
    ) -> Answer:
        status, reason, cause = row.status, row.reason, row.cause
        if blind is not None and status is not Status.UNKNOWN:
            status, reason, cause = Status.UNKNOWN, blind, "clock" if blind.reason == "stale" else "coverage"
        covering = self.mappings.exception_for(test.id, line.scope, row.id, self.view.at)
        return Answer(test, line, row.id, status, reason, cause, observed, row.since, row.seq, covering and covering.id)

    def _blind(self, test: Test, assessed: AssessedLine) -> tuple[Unknown | None, Millis | None]:
        """Why what the assessment read says nothing at this instant, if so; and the oldest look that it read."""
        oldest: Millis | None = None
        blind: Unknown | None = None
        for line in sorted(assessed.inputs):
            if line.scope == ORG:
                continue
            seen = self.view.seen(line)
            if seen is None:
                blind = blind or Unknown("unobserved", line.type)
                continue
            oldest = seen.start if oldest is None else min(oldest, seen.start)
            if seen.status is not Coverage.COMPLETE and seen.seq > assessed.upto:
                blind = blind or seen.refusal or Unknown("incomplete", line.type)
        if blind is None and oldest is not None and self.view.at - oldest > 2 * self.every(test):
            blind = Unknown("stale", test.of.name)
        return blind, oldest

    def counts(self, test: str | None = None) -> Counter[Status]:
        """How many answers of each status, exceptions included, retired scopes left out."""
        return Counter(a.status for a in self.answers(test=test) if a.reason is None or a.reason.reason != "retired")
