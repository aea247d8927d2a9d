"""The evidence store's read path: everything known at one instant, exactly as it was known."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from annexlog.evidence_store.model import JSON, Coverage, Line, Millis, Outcome, Resource, Seen, Status, Unknown


@dataclass(frozen=True, slots=True)
class ScopeState:
    """A scope of a target. `state`: open, skipped (`why`) or retired; `since`: when that was first seen."""

    name: str
    target: str
    state: str
    since: Millis
    attributes: Mapping[str, JSON]
    why: str = ""


@dataclass(frozen=True, slots=True)
class OutcomeRow:
    """A recorded outcome. `since`: `now` of the first of the assessments that agree on its status without a break.

    `seq`: the assessment that recorded status and reason as they are; `at`: `now` of the latest one that holds it.
    """

    test: str
    scope: str
    type: str
    id: str
    status: Status
    reason: Unknown | None
    cause: str
    since: Millis
    at: Millis
    seq: int


@dataclass(frozen=True, slots=True)
class AssessedLine:
    """The latest assessment of an outcome line."""

    line: Line
    now: Millis
    upto: int
    seq: int
    inputs: frozenset[Line]
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class Version:
    """One value of one cell, from the sweep that first showed it on.

    `shown` False: a complete sweep did not have it (gone). `value` is JSON, Unknown, or an Outcome of an outcome line.
    """

    start: Millis
    end: Millis
    seq: int
    status: Coverage
    shown: bool
    value: JSON | Unknown | Outcome
    sha256: bytes
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """One facet of one resource: what `resources` says of it (`value`), and what was last seen, for display only.

    `seen`: the sweep that `last` is from, None if it was never seen (or is gone).
    """

    value: JSON | Unknown
    last: JSON | Unknown
    seen: Seen | None


@dataclass(frozen=True, slots=True)
class RunRow:
    """One record of the log. `coverage`: how many lines it saw how; `now`, `upto` of an assessment."""

    seq: int
    kind: str
    target: str
    scope: str
    recorded: Millis
    clock: Millis
    run_key: str
    caller: str
    collector: str
    writer: str
    lines: int
    coverage: Mapping[str, int]
    now: Millis | None
    upto: int | None


@dataclass(frozen=True, slots=True)
class PopulationRow:
    """One sweep of one line, with what the log commits to."""

    line: Line
    seen: Seen
    n: int | None
    root: bytes | None
    rules: Mapping[str, JSON]
    provenance: Mapping[str, JSON]


class View:
    """Everything known at one instant (model.Evidence), and what was made of it. Any thread may read."""

    at: Millis
    upto: int

    # ── model.Evidence ────────────────────────────────────────────────────────────────────

    def scopes(self) -> Mapping[str, Mapping[str, JSON]]:
        """Open scopes by name, with their attributes, sorted by name."""
        raise NotImplementedError

    def seen(self, line: Line) -> Seen | None:
        """The line's latest sweep, supplements left out; None if nothing ever looked."""
        raise NotImplementedError

    def resources(self, scope: str, type: str, facets: Collection[str]) -> Iterator[Resource]:
        """Each resource of the population, by id, with the facets asked for (and always "")."""
        raise NotImplementedError

    def documents(self, type: str) -> Mapping[str, JSON]:
        """The organization's own documents of a type by id."""
        raise NotImplementedError

    def fingerprint(self, lines: Iterable[Line]) -> bytes:
        """A digest of all that `seen` and `resources` would say of these lines, but for times."""
        raise NotImplementedError

    # ── beyond judging ────────────────────────────────────────────────────────────────────

    def scope_states(self) -> list[ScopeState]:
        """Every scope that was ever known, open or not, by name."""
        raise NotImplementedError

    def lines(self, scope: str | None = None, type: str | None = None, facet: str | None = None) -> list[Line]:
        """Every line that was swept, sorted. `facet` may end in `*`."""
        raise NotImplementedError

    def ids(self, scope: str, type: str) -> Iterator[str]:
        """The ids that `resources` gives, without their bodies."""
        raise NotImplementedError

    def cell(self, line: Line, id: str) -> Cell | None:
        """One facet of one resource; None if it was never seen."""
        raise NotImplementedError

    def history(self, line: Line, id: str) -> list[Version]:
        """Every version of one cell, in the order observed, oldest first."""
        raise NotImplementedError

    def outcomes(
        self, test: str | None = None, scope: str | None = None, resource: str | None = None
    ) -> Iterator[OutcomeRow]:
        """Recorded outcomes as the latest assessments left them, by test, scope and id: raw, without staleness."""
        raise NotImplementedError

    def assessed(self, line: Line) -> AssessedLine | None:
        """The latest assessment of an outcome line; None if there is none."""
        raise NotImplementedError

    def tally(self, line: Line) -> Mapping[Status, int]:
        """How many outcomes of each status the latest assessment of an outcome line left."""
        raise NotImplementedError

    def runs(self, kind: str | None = None, target: str | None = None, limit: int | None = None) -> Iterator[RunRow]:
        """The records of the log, newest first."""
        raise NotImplementedError

    def population_lines(self, line: Line | None = None, seq: int | None = None) -> Iterator[PopulationRow]:
        """The sweeps of a line, newest first, or those of one record, by line; supplements too."""
        raise NotImplementedError
